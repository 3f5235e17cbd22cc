"""What belongs to the process or the thread is as it was found, however runs overlap; and what the caller has set decides no bits."""

from __future__ import annotations

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction as F
from importlib import import_module

import dask
import pytest
import torch
from threadpoolctl import threadpool_info

from empirics import load, simulate
from empirics.runs import process_state
from empirics.runs.process_state import arithmetic, quiet
from tests.instances import network
from tests.stored_run import PROBLEM, REQUEST, shards, start
from theory import Gaussian

AUTOGRAD = network((2, 2, 1), Gaussian(2), F(1, 20), "tanh")
CASES = {
    "fused": (PROBLEM, REQUEST), "naive": (PROBLEM, REQUEST | {"estimator": "naive", "dtype": "float32"}),
    "elu": (network((2, 3, 1), Gaussian(2), F(1, 20), "elu"), REQUEST),
    "leaky": (network((2, 3, 1), Gaussian(2), 0.1, "leaky_relu"), REQUEST),
    "autograd": (AUTOGRAD, REQUEST | {"engine": "autograd", "replicas": 9}),
}  # fmt: skip


def found():
    """All of it, as this thread sees it."""
    pools = tuple((pool["filepath"], pool["num_threads"]) for pool in threadpool_info())
    levels = tuple(logging.getLogger(name).level for name in ("distributed", "distributed.client", "distributed.core"))
    handlers = tuple(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype(), torch.get_float32_matmul_precision()
    return torch.get_num_threads(), pools, dask.config.get("scheduler", None), levels, handlers, modes


@pytest.fixture
def three_threads():
    """A number that nothing here would set, in torch; scikit-learn's OpenMP is another, which keeps its own."""
    import_module("sklearn.utils._openmp_helpers")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_eight_threads_give_what_one_gives(tmp_path, three_threads, finished):
    """Runs of their own, runs on one new store and one that is there, and loading, all at once."""
    before, store = found(), finished[0]
    serial = {name: simulate(problem, **request) for name, (problem, request) in CASES.items()}
    more = REQUEST | {"replicas": 130}
    expected = simulate(PROBLEM, **more)
    assert found() == before
    barrier = threading.Barrier(8)

    def work(index):
        mine = found()
        barrier.wait()
        problem, request = CASES[list(CASES)[index % len(CASES)]]
        same = [simulate(problem, **request).identical(serial[list(CASES)[index % len(CASES)]])]
        same.append(simulate(PROBLEM, **more, store=tmp_path / "new").identical(expected))
        same.append(load(store, PROBLEM).identical(finished[1]))
        same.append(load(tmp_path / "new", PROBLEM).identical(expected))
        return same, found()[1:] == mine[1:], found()[0]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
        again = list(pool.map(lambda _: torch.get_num_threads(), range(8)))
    assert all(all(same) for same, _, _ in results)
    assert found() == before
    assert {count for _, _, count in results} | set(again) == {3}
    assert len(shards(tmp_path / "new")) == 16 and not list((tmp_path / "new").glob(".*"))


@pytest.mark.parametrize("order", ["nested", "first out first", "last out first"])
def test_uses_that_overlap_in_any_order(order, three_threads):
    before, steps = found(), threading.Barrier(2, timeout=30)
    seen = []

    def other():
        with arithmetic(), quiet("distributed"):
            seen.append(torch.get_num_threads())
            steps.wait()
            if order == "last out first":
                return
            steps.wait()
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=other)
    with arithmetic(), quiet("distributed"):
        if order == "nested":
            with arithmetic():
                assert torch.get_num_threads() == 1
            assert torch.get_num_threads() == 1
        thread.start()
        steps.wait()
        if order == "last out first":
            thread.join()
        assert torch.get_num_threads() == 1 and {pool["num_threads"] for pool in threadpool_info()} == {1}
    if order != "last out first":
        assert torch.get_num_threads() == 3
        steps.wait()
        thread.join()
        assert seen == [1, 3]
    assert found() == before


def test_an_error_leaves_all_as_it_was(three_threads):
    before = found()

    def stop(progress):
        if progress.done:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        simulate(PROBLEM, **REQUEST, progress=stop)
    assert found() == before and process_state._one_thread.holders == 0


MODES = {
    "inference": torch.inference_mode, "no gradients": torch.no_grad, "gradients": torch.enable_grad,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16), "another device": lambda: torch.device("meta"),
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", CASES)
def test_modes_of_the_caller_decide_no_bits(mode, case):
    problem, request = CASES[case]
    expected = simulate(problem, **request)
    with MODES[mode]():
        before = found()
        assert simulate(problem, **request).identical(expected)
        assert found() == before


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("case", CASES)
def test_nor_does_the_default_type_of_numbers(dtype, case):
    problem, request = CASES[case]
    expected, before = simulate(problem, **request), torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        assert simulate(problem, **request).identical(expected) and torch.get_default_dtype() == dtype
    finally:
        torch.set_default_dtype(before)


SCRIPT = """
from empirics import simulate
from tests.stored_run import PROBLEM, REQUEST
print("ready", flush=True)
input()
result = simulate(PROBLEM, **REQUEST | {{"steps": 40}}, store={store!r})
print(float(result.loss.sum()).hex())
"""


def test_two_processes_on_one_new_store(tmp_path):
    processes = [start(SCRIPT.format(store=str(tmp_path / "run"))) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120) for process in processes]
    expected = float(simulate(PROBLEM, **REQUEST | {"steps": 40}).loss.sum()).hex()
    assert [out.strip() for out, _ in told] == [expected] * 2, told
    assert len(shards(tmp_path / "run")) == 8 and not list((tmp_path / "run").glob(".*"))


FORKED = """
import os, threading, torch
from threadpoolctl import threadpool_info
from empirics import simulate
from empirics.runs.process_state import arithmetic
from tests.stored_run import PROBLEM, REQUEST
torch.set_num_threads(3)
expected = simulate(PROBLEM, **REQUEST)
before = [pool["num_threads"] for pool in threadpool_info()]
inside, done = threading.Event(), threading.Event()
def other():
    with arithmetic():
        inside.set()
        done.wait()
thread = threading.Thread(target=other)
thread.start()
inside.wait()
child = os.fork()
if child == 0:
    found = [pool["num_threads"] for pool in threadpool_info()]
    same = simulate(PROBLEM, **REQUEST).identical(expected)
    os._exit(0 if same and found == before and [pool["num_threads"] for pool in threadpool_info()] == before else 1)
print(os.waitpid(child, 0)[1])
done.set()
thread.join()
print([pool["num_threads"] for pool in threadpool_info()] == before)
"""


def test_a_process_that_is_forked_meanwhile():
    """The thread that is inside is not there in the child, which runs with what the parent had."""
    told, complaint = start(FORKED).communicate(timeout=120)
    assert told.split() == ["0", "True"], complaint


WORKERS_OF_A_THREAD = """
import threading
from empirics import simulate
from tests.stored_run import PROBLEM, REQUEST
seen = []
thread = threading.Thread(target=lambda: seen.append(simulate(PROBLEM, **REQUEST, workers=2)))
thread.start()
thread.join()
print(seen[0].identical(simulate(PROBLEM, **REQUEST)))
"""


def test_worker_processes_of_a_run_in_a_thread():
    told, complaint = start(WORKERS_OF_A_THREAD).communicate(timeout=120)
    assert told.split() == ["True"], complaint
