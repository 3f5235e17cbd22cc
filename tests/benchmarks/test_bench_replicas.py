"""The replica engine beside a plain autograd loop, torch.func.vmap(grad) and JAX, per step of one replica, on one core, in one run.

    pytest tests/benchmarks/test_bench_replicas.py --benchmark-enable --benchmark-only

Each engine is timed in turn with its rival, so that a machine whose speed drifts does not favour either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch

from empirics import simulate, synthetic
from empirics.engines.two_linear import TwoLinear
from empirics.runs.request import make_plan
from empirics.runs.work import run_shard
from empirics.sampling.batches import Draws, make_source
from empirics.sampling.streams import streams
from tests.benchmarks import plain_loops
from theory.inputs import Gaussian
from theory.problem import TeacherStudent

SIZES = (4, 16, 32, 64, 128, 512)
STEPS, REPLICAS, ROUNDS = 64, 32, 5
TARGETS = {4: 6, 16: 6, 32: 6, 64: 6, 128: 6, 512: 12}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def problem() -> TeacherStudent:
    return TeacherStudent(plain_loops.weights(0), plain_loops.weights(1), Gaussian(64), lambda t: Fraction(1, 10 * (t + 1)))


def engine_run(b: int, estimator: str, steps: int = STEPS, every: int = 1) -> Callable[[], Any]:
    plan = make_plan(problem(), batch_sizes=[b], steps=steps, replicas=REPLICAS, dtype="float32", estimator=estimator, every=every)
    return lambda: run_shard(plan, plan.shards()[0])


def side_by_side(one: Callable[[], Any], other: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Median seconds of both, A B A B ..."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for function, kept in zip((one, other), times, strict=True):
            start = time.perf_counter()
            function()
            kept.append(time.perf_counter() - start)
    return median(times[0]), median(times[1])


def told(benchmark: Any, mine: Callable[[], Any], rival: Callable[[], Any], rival_steps: int, name: str, target: str) -> None:
    """Benchmark `mine`, and keep how many times faster than the rival it is for a step of one replica."""
    rounds = ROUNDS if benchmark.enabled else 1
    ours, theirs = side_by_side(mine, rival, rounds)
    benchmark.pedantic(mine, rounds=rounds)
    scale = 1e6 / (STEPS * REPLICAS)
    benchmark.extra_info["target"] = target
    benchmark.extra_info[f"microseconds for a step of one replica (ours, {name})"] = f"{ours * scale:.1f}, {theirs * 1e6 / rival_steps:.1f}"
    benchmark.extra_info[f"times faster than {name}"] = round(theirs / rival_steps * STEPS * REPLICAS / ours, 2)


@pytest.mark.parametrize("estimator", ["rao_blackwell", "naive", "controlled"])
@pytest.mark.parametrize("b", SIZES)
@pytest.mark.benchmark(group="statistics at every step, float32, beside a plain autograd loop")
def test_statistics(benchmark: Any, b: int, estimator: str) -> None:
    loop = partial(plain_loops.autograd_loop, b, STEPS, 2)
    told(benchmark, engine_run(b, estimator), loop, 2 * STEPS, "an autograd loop", f"{TARGETS[b]}x")


@pytest.mark.parametrize("b", SIZES)
@pytest.mark.benchmark(group="dynamics only, float32, beside a plain autograd loop")
def test_dynamics(benchmark: Any, b: int) -> None:
    """Beside the loop of `test_statistics`, to which the target belongs, and beside one that keeps no statistics either.

    Of the latter it is 10 times as fast at b = 4, 16 and 512. Between, a tenth of its time is less than the arithmetic takes: a step at
    b = 64 has 10.9 Mflop here and 9.5 with Gram matrices as the state, at the core's peak as long as a tenth of the loop's time.
    """
    loops = [partial(plain_loops.autograd_loop, b, STEPS, 2, statistics=kept) for kept in (True, False)]
    run = engine_run(b, "rao_blackwell", every=STEPS)
    ours, bare = side_by_side(run, loops[1], ROUNDS if benchmark.enabled else 1)
    told(benchmark, run, loops[0], 2 * STEPS, "an autograd loop", "10x")
    benchmark.extra_info["times faster than a loop without statistics"] = round(bare / ours * REPLICAS / 2, 2)


@pytest.mark.parametrize("b", [4, 64, 512])
@pytest.mark.benchmark(group="statistics at every step, float32, beside torch.func.vmap(grad)")
def test_beside_vmap(benchmark: Any, b: int) -> None:
    best = min((8, 32), key=lambda r: side_by_side(lambda: plain_loops.vmapped_gradients(b, 8, r), lambda: None, 2)[0] / r)
    told(
        benchmark, engine_run(b, "rao_blackwell"), lambda: plain_loops.vmapped_gradients(b, STEPS, best), STEPS * best,
        "torch.func.vmap(grad)", "2x",
    )  # fmt: skip


@pytest.mark.parametrize("b", [4, 64, 512])
@pytest.mark.benchmark(group="statistics at every step, float32, beside JAX (jit, vmap, scan)")
def test_beside_jax(benchmark: Any, b: int) -> None:
    pytest.importorskip("jax", reason="jax is only installed for `make benchmark`")
    runs = {r: plain_loops.jax_scan(b, STEPS, r) for r in (4, 16)}
    for run in runs.values():
        run()  # compiles
    best = min(runs, key=lambda r: side_by_side(runs[r], lambda: None, 2)[0] / r)
    told(benchmark, engine_run(b, "rao_blackwell"), runs[best], STEPS * best, "JAX", "1.3x")


@pytest.mark.parametrize("b", [64, 256, 1024, 65536])
@pytest.mark.benchmark(group="cost over b for b >= p, and the share of the core's peak")
def test_flat_in_b(benchmark: Any, b: int) -> None:
    peak = plain_loops.gemm_peak(seconds=0.5 if benchmark.enabled else 0.01)
    benchmark.pedantic(engine_run(b, "rao_blackwell"), rounds=ROUNDS if benchmark.enabled else 1)
    benchmark.extra_info["target"] = "flat in b; 55% of the peak"
    if benchmark.enabled:
        flops = TwoLinear.flops(problem(), "rao_blackwell", b) + 2 * plain_loops.P**3  # and S itself
        rate = flops * STEPS * REPLICAS / benchmark.stats.stats.median
        benchmark.extra_info["share of the peak of a large float32 product"] = f"{rate / peak:.0%} of {peak / 1e9:.0f} Gflop/s"


@pytest.mark.parametrize("b", [4, 32, 256])
@pytest.mark.benchmark(group="replicas for the same standard error of var(g)")
def test_replicas_saved(benchmark: Any, b: int) -> None:
    replicas, steps = (512, 32) if benchmark.enabled else (192, 4)

    def ratio() -> np.ndarray:
        naive, controlled = (
            simulate(synthetic(), batch_sizes=[b], steps=steps, replicas=replicas, dtype="float32", estimator=e, workers=1)
            for e in ("naive", "controlled")
        )
        return ((naive.var_gradient_se / controlled.var_gradient_se) ** 2).values[1:, 0]

    saved = benchmark.pedantic(ratio, rounds=1)
    assert (saved > 1).all()
    benchmark.extra_info["target"] = "20x fewer for b >= 32"
    benchmark.extra_info["times fewer (median, least over steps; layers 1, 2)"] = str([np.median(saved, 0).round(1), saved.min(0).round(1)])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.benchmark(group="figure 1 in full on a GPU")
def test_figure_1_on_a_gpu(benchmark: Any) -> None:
    sizes = [4, 16, 64, 256, 1024]
    steps, replicas = (1000, 1000) if benchmark.enabled else (3, 64)
    result = benchmark.pedantic(
        lambda: simulate(synthetic(), batch_sizes=sizes, steps=steps, replicas=replicas, dtype="float32", device="cuda"), rounds=1
    )
    assert float(result.diverged.max()) == 0
    flops = sum(TwoLinear.flops(problem(), "controlled", b) for b in sizes) * steps * replicas
    a, c = (torch.randn(8192, 8192, device="cuda") for _ in range(2))
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(10):
        torch.mm(a, c)
    torch.cuda.synchronize()
    peak = 20 * 8192**3 / (time.perf_counter() - start)
    benchmark.extra_info["target"] = "10 s on an H200"
    if benchmark.enabled:
        rate = flops / benchmark.stats.stats.median
        benchmark.extra_info["share of a large float32 product's rate"] = f"{rate / peak:.0%} of {peak / 1e12:.1f} Tflop/s"


def test_the_alternatives_compute_the_same() -> None:
    """Second moments of the first steps: the plain loop on the engine's own batches, to rounding; the others within their noise."""
    plan = make_plan(problem(), batch_sizes=[4], steps=3, replicas=4, dtype="float32", estimator="naive")
    source = make_source(Gaussian(64), 4, Draws(4, streams(0, (4, 0), torch.device("cpu")), torch.device("cpu"), torch.float32))
    batches = [source.draw().clone() for _ in range(3)]
    result = run_shard(plan, plan.shards()[0])
    ours = result.moments.mean[:, result.moments.count > 0, 4:6][:, 0]
    assert np.allclose(ours, plain_loops.autograd_loop(4, 3, 4, batches=batches), rtol=1e-4)
    rivals = [plain_loops.vmapped_gradients(64, 3, 16), plain_loops.autograd_loop(64, 3, 16)]
    if find_spec("jax") is not None:
        rivals.append(plain_loops.jax_scan(64, 3, 16)())
    for rival in rivals:
        reference = simulate(problem(), batch_sizes=[64], steps=3, replicas=64, dtype="float32").second_moment.values[:, 0]
        assert np.allclose(rival, reference, rtol=0.1)
