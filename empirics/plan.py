"""A plan: everything that decides the numbers of a run, checked before any work, and how the work is cut into shards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import torch

from empirics.batches import SAMPLINGS, finite_support
from empirics.data_sets import DataSet
from empirics.engines.autograd import Autograd
from empirics.engines.base import ESTIMATORS, Engine, Setting
from empirics.engines.networks import Networks
from empirics.engines.two_linear import TwoLinear
from empirics.population import population
from empirics.sample_moments import has_sample_moments
from theory.exact import as_index
from theory.inputs import Independent, Rademacher, Uniform
from theory.problem import TeacherStudent

ENGINES: dict[str, type[Engine]] = {engine.name: engine for engine in (TwoLinear, Networks, Autograd)}
DTYPES = {"float32": torch.float32, "float64": torch.float64}
#: Of statistics: large enough for ||E g||^2, whose U-statistic has the noise of 1/(B-1) of a replica's; small blocks stay in the cache.
BLOCK = 4
#: Flops of a shard, small steps counted at what they cost anyway: some seconds of one core, minutes of work lost to a kill at most.
SHARD_WORK = {"cpu": 1e12, "cuda": 4e13}
MOST_REPLICAS = 1 << 16
LEAST_STEP = 3e4  # flops of a replica's step that overheads amount to
#: Bytes of weights and buffers in lockstep: about a core's own cache, or a share of a GPU's memory.
LOCKSTEP_BYTES = {"cpu": 3 << 20, "cuda": 4 << 30}
LOCKSTEP_REPLICAS = {"cpu": 2048, "cuda": 1 << 16}


@dataclass(frozen=True)
class Shard:
    """One piece of work: `replicas` runs at one batch size, from the streams of (seed, batch_size, index)."""

    batch_size: int
    index: int
    replicas: int


@dataclass(frozen=True, eq=False)
class Plan:
    """A checked request; see `empirics.simulate` for the arguments."""

    problem: TeacherStudent
    batch_sizes: tuple[int, ...]
    steps: int
    replicas: int
    seed: int
    device: str
    dtype: str
    sampling: str
    estimator: str
    engine: str
    every: int
    shard_replicas: int | None

    @cached_property
    def rates(self) -> np.ndarray:
        """alpha_0, ..., alpha_{steps-1}; the last moves weights that nobody looks at, and is 0."""
        return np.array([float(self.problem.learning_rate(t)) for t in range(self.steps - 1)] + [0.0])

    @property
    def recorded(self) -> range:
        """The steps that are looked at."""
        return range(0, self.steps, self.every)

    def shards(self) -> list[Shard]:
        """All the work. The last shard of a batch size takes the remainder, so that none has fewer than two replicas."""
        return [shard for b in self.batch_sizes for shard in self._shards_of(b)]

    def _shards_of(self, batch_size: int) -> list[Shard]:
        full = self.shard_replicas or self._usual_shard(batch_size)
        count = max(1, self.replicas // full)
        return [Shard(batch_size, i, full if i < count - 1 else self.replicas - full * i) for i in range(count)]

    def _usual_shard(self, batch_size: int) -> int:
        """A power of 2, about SHARD_WORK; it knows of one batch size only, so that the draws at one do not depend on the others."""
        work = step_flops(self.problem, self.engine, self.estimator, batch_size) * self.steps
        share = SHARD_WORK[torch.device(self.device).type] / work
        return 2 ** int(np.log2(min(max(share, BLOCK), MOST_REPLICAS)))

    def groups(self, shard: Shard) -> list[tuple[int, int]]:
        """(blocks, block_size) to run in lockstep, one after the other; block sizes differ by at most one."""
        blocks = max(1, shard.replicas // BLOCK)
        larger = shard.replicas % blocks
        small = shard.replicas // blocks
        groups = []
        for size, count in ((small, blocks - larger), (small + 1, larger)):
            width = max(1, self.lockstep(shard.batch_size) // size)
            groups += [(min(width, count - i), size) for i in range(0, count, width)]
        return groups

    def lockstep(self, batch_size: int) -> int:
        """Replicas that fit the cache together, with room for a block at least."""
        kind = torch.device(self.device).type
        room = LOCKSTEP_BYTES[kind] // self.replica_bytes(batch_size)
        return int(min(max(room, BLOCK), LOCKSTEP_REPLICAS[kind]))

    def setting(self, batch_size: int, blocks: int, block_size: int) -> Setting:
        return Setting(
            self.problem, batch_size, blocks, block_size, torch.device(self.device), DTYPES[self.dtype], self.estimator, self.sampling
        )

    def replica_bytes(self, batch_size: int) -> int:
        """Weights and buffers of one replica."""
        return _numbers(self.problem, self.engine, batch_size) * (4 if self.dtype == "float32" else 8)

    def identity(self) -> dict[str, Any]:
        """All that decides the numbers of a shard, as JSON; batch sizes and the number of replicas only add shards."""
        law = self.problem.inputs
        return {
            "problem": problem_digest(self.problem, self.steps),
            "sizes": list(self.problem.sizes),
            "inputs": law.digest if isinstance(law, DataSet) else repr(law),
            "activation": str(self.problem.activation) if not self.problem.is_polynomial else [str(c) for c in self.problem.polynomial],
            "steps": self.steps,
            "every": self.every,
            "seed": self.seed,
            "device": torch.device(self.device).type,
            "dtype": self.dtype,
            "sampling": self.sampling,
            "estimator": self.estimator,
            "engine": self.engine,
            "shard_replicas": self.shard_replicas,
        }

    def request(self) -> dict[str, Any]:
        """The arguments of `make_plan` that give this plan again."""
        names = ("steps", "replicas", "seed", "dtype", "sampling", "estimator", "engine", "every", "shard_replicas")
        return {"batch_sizes": list(self.batch_sizes), "device": self.device} | {name: getattr(self, name) for name in names}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the identity."""
        return hashlib.sha256(json.dumps(self.identity(), sort_keys=True).encode()).hexdigest()


def make_plan(
    problem: Any,
    *,
    batch_sizes: Any,
    steps: Any,
    replicas: Any,
    seed: Any = 0,
    device: str = "auto",
    dtype: str = "float64",
    sampling: str = "independent",
    estimator: str = "auto",
    engine: str = "auto",
    every: Any = 1,
    shard_replicas: Any = None,
) -> Plan:
    """Check everything; ValueError or TypeError naming the argument, what it was and what it must be."""
    if not isinstance(problem, TeacherStudent):
        raise TypeError(f"problem must be a TeacherStudent, but was {type(problem).__name__}")
    sizes = _batch_sizes(batch_sizes)
    steps, replicas = as_index(steps, "steps", minimum=1), as_index(replicas, "replicas", minimum=2)
    problem.check_step(steps - 1)
    if isinstance(problem.inputs, Independent) and not isinstance(problem.inputs, Rademacher | Uniform):
        problem.inputs.sample(np.random.default_rng(0), 1)  # a table of moments says why it has no samples
    _one_of(dtype, "dtype", tuple(DTYPES))
    _check_sampling(sampling, problem, sizes)
    where = _device(device)
    engine = _engine(engine, problem)
    every = as_index(every, "every", minimum=1)
    estimator = _estimator(estimator, problem, sampling, engine, every)
    chosen = None if shard_replicas is None else as_index(shard_replicas, "shard_replicas", minimum=2)
    return Plan(problem, sizes, steps, replicas, as_index(seed, "seed"), where, dtype, sampling, estimator, engine, every, chosen)


def step_flops(problem: TeacherStudent, engine: str, estimator: str, batch_size: int) -> float:
    """Flops of one replica's step with statistics, small ones counted at LEAST_STEP."""
    weights = sum(w.size for w in problem.student)
    if engine == "two_linear":
        p, h, q = problem.sizes
        h, m = min(h, p + q), min(batch_size, p)
        gradients = min(2 * (p * p * (h + q) + q * h * p), 2 * m * (2 * q * p + 2 * h * p + q * h))
        return max(LEAST_STEP, 3 * 2 * q * h * p + gradients)
    stand_in = population(problem)
    points = 0 if stand_in is None else len(stand_in.points)
    return max(LEAST_STEP, 6.0 * weights * (max(batch_size, 2) + points))


def problem_digest(problem: TeacherStudent, steps: int) -> str:
    """SHA-256 over weights, teacher, input law, learning rates and activation."""
    digest = hashlib.sha256()

    def add(value: Any) -> None:
        digest.update(str(value).encode() + b"\n")

    for matrix in (*problem.student, *problem.teacher):
        add(matrix.shape)
        for x in matrix.ravel().tolist():
            add(Fraction(x))
    for t in range(steps - 1):
        add(Fraction(problem.learning_rate(t)))
    law = problem.inputs
    add(law.digest if isinstance(law, DataSet) else repr(law))
    if problem.is_polynomial:
        add(problem.polynomial)
    else:
        add(problem.activation)
        if not problem.activation.is_certified:  # a user's function is known by its values alone
            add(problem.activation.value(np.linspace(-8, 8, 65)).tolist())
    return digest.hexdigest()


def _batch_sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"batch_sizes must be a sequence of integers, but was {value!r}")
    sizes = tuple(as_index(b, f"batch_sizes[{i}]", minimum=1) for i, b in enumerate(value))
    if not sizes:
        raise ValueError("batch_sizes must have at least one batch size")
    if len(set(sizes)) < len(sizes):
        raise ValueError(f"batch_sizes must be different from each other, but were {sizes}")
    return sizes


def _one_of(value: Any, name: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, but was {value!r}")


def _check_sampling(sampling: str, problem: TeacherStudent, sizes: tuple[int, ...]) -> None:
    _one_of(sampling, "sampling", SAMPLINGS)
    if sampling == "independent":
        return
    law = problem.inputs
    if not isinstance(law, DataSet):
        raise ValueError(f"sampling must be 'independent' unless inputs are an empirics.DataSet, but was {sampling!r} with {law!r}")
    for i, b in enumerate(sizes):
        if b > len(law):
            raise ValueError(f"batch_sizes[{i}] must be at most {len(law)}, the number of points, for sampling {sampling!r}, but was {b}")


def _device(device: Any) -> str:
    if not isinstance(device, str):
        raise TypeError(f"device must be 'auto', 'cpu' or 'cuda', but was {device!r}")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        parsed = torch.device(device)
    except RuntimeError:
        raise ValueError(f"device must be 'auto', 'cpu', 'cuda' or 'cuda:N', but was {device!r}") from None
    if parsed.type not in ("cpu", "cuda"):
        raise ValueError(f"device must be 'auto', 'cpu' or 'cuda', but was {device!r}")
    if parsed.type == "cuda" and (parsed.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device must be present, but was {device!r}, and torch finds {torch.cuda.device_count()} CUDA devices here")
    return device


def _engine(engine: str, problem: TeacherStudent) -> str:
    _one_of(engine, "engine", ("auto", *ENGINES))
    fits = problem.is_linear and problem.depth == 2
    if engine == "two_linear" and not fits:
        raise ValueError("engine must be 'auto' or 'networks' for what is not two linear layers, but was 'two_linear'")
    return engine if engine != "auto" else "two_linear" if fits else "networks"


def _estimator(estimator: str, problem: TeacherStudent, sampling: str, engine: str, every: int) -> str:
    """The most precise one that the law, the way of drawing and the engine allow."""
    _one_of(estimator, "estimator", ("auto", *ESTIMATORS))
    if engine == "autograd":
        reason = "the autograd engine knows no closed form"
    elif sampling == "epochs":
        reason = "in epochs a batch is not independent of the weights"
    elif engine == "two_linear" and not has_sample_moments(problem.inputs):
        reason = f"there is no closed form for {problem.inputs!r}"
    elif engine == "networks" and finite_support(problem.inputs) is None:
        reason = "of such a network, closed forms exist for inputs with finitely many atoms only"
    else:
        reason = ""
    if estimator == "auto":
        return "naive" if reason else "rao_blackwell" if every > 1 else "controlled"
    if estimator != "naive" and reason:
        raise ValueError(f"estimator must be 'naive' (or 'auto') here, but was {estimator!r}: {reason}")
    if estimator == "controlled" and every > 1:
        raise ValueError(f"every must be 1 for estimator 'controlled', whose controls are sums over all steps, but was {every}")
    return estimator


def _numbers(problem: TeacherStudent, engine: str, batch_size: int) -> int:
    """Floating-point numbers that one replica needs."""
    weights = sum(w.size for w in problem.student)
    if engine == "two_linear":
        p, h, q = problem.sizes
        h, m = min(h, p + q), min(batch_size, p)
        return 3 * h * p + 3 * q * h + 5 * q * p + 2 * p * p + m * (p + q + 2 * h)
    stand_in = population(problem)
    samples = max(batch_size, 2, 0 if stand_in is None else len(stand_in.points))
    return 3 * weights + 3 * samples * sum(problem.sizes)
