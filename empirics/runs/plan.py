"""A plan: everything that decides the numbers of a run, and how the work is cut into shards."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from empirics.arguments import Request
from empirics.engine_records import ENGINES, is_users_function
from empirics.engines.base import Engine, Setting
from empirics.runs.cuts import BLOCK, CHUNK, RULE, lockstep, replica_bytes, shard_size, step_flops, step_seconds
from empirics.runs.sharded import Shard, Sharded
from theory.exact import as_double, to_float, written
from theory.problem import TeacherStudent

DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True, eq=False)
class Plan(Request, Sharded):
    """A checked request with the device that it got; see `empirics.simulate` for the arguments."""

    rule: int = RULE  # by which it is cut: cuts.py

    @cached_property
    def rates(self) -> np.ndarray:
        """alpha_0, ..., alpha_{steps-1}; the last moves weights that nobody looks at, and is 0."""
        return np.array([as_double(self.problem.learning_rate(t), f"learning_rates({t})") for t in range(self.steps - 1)] + [0.0])

    @property
    def eps(self) -> float:
        """The unit in the last place of the arithmetic."""
        return float(np.finfo(self.dtype).eps)

    def cut(self, batch_size: int) -> tuple[int, int, int]:
        """How many shards, of how many replicas, and how many are left for the last one."""
        full = self.shard_replicas or shard_size(self, batch_size, self.rule)
        count = max(1, self.replicas // full)
        return count, full, self.replicas - full * (count - 1)

    @property
    def flops(self) -> float:
        """Of the whole run."""
        return sum(step_flops(self, b) for b in self.batch_sizes) * self.replicas * self.steps

    @cached_property
    def step_seconds(self) -> dict[int, float]:
        """Of one replica's step on the CPU, at every batch size, by counting."""
        return {b: step_seconds(self, b) for b in self.batch_sizes}

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
        return lockstep(self, batch_size)

    def make_engine(self, batch_size: int, blocks: int, block_size: int) -> Engine:
        """The engine for replicas in lockstep, with its buffers."""
        device, dtype = torch.device(self.device), DTYPES[self.dtype]
        setting = Setting(self.problem, batch_size, blocks, block_size, device, dtype, self.estimator, self.sampling, CHUNK)
        engine: Engine = ENGINES[self.engine].load()(setting)
        return engine

    def replica_bytes(self, batch_size: int) -> int:
        """Weights and buffers of one replica."""
        return replica_bytes(self, batch_size)

    def identity(self, rates: Sequence[float] | None = None) -> dict[str, Any]:
        """All that decides the numbers of a shard, as JSON; batch sizes and the number of replicas only add shards.

        `rates`: alpha_0, alpha_1, ... of the same run with another number of steps.
        """
        known: Sequence[float] = self.rates[:-1].tolist() if rates is None else rates
        rule = {} if self.rule == 1 else {"rule": self.rule}
        return rule | {
            "sizes": list(self.problem.sizes),
            "inputs": self.problem.inputs.identity,
            "activation": str(self.problem.activation) if not self.problem.is_polynomial else [written(c) for c in self.problem.polynomial],
            "steps": len(known) + 1,
            "every": self.every,
            "seed": self.seed,
            "device": torch.device(self.device).type,
            "dtype": self.dtype,
            "sampling": self.sampling,
            "estimator": self.estimator,
            "engine": self.engine,
            "shard_replicas": self.shard_replicas,
            "problem": problem_digest(self.problem, known),
        }

    def request(self) -> dict[str, Any]:
        """The arguments of `make_plan` that give this plan again."""
        names = ("steps", "replicas", "seed", "dtype", "sampling", "estimator", "engine", "every", "shard_replicas")
        return {"batch_sizes": list(self.batch_sizes), "device": self.device} | {name: getattr(self, name) for name in names}

    def arrays(self) -> dict[str, np.ndarray]:
        """Weights of student and teacher, and the points of a data set, with their targets."""
        problem = self.problem
        found = {f"{name}_{k}": w for name in ("student", "teacher") for k, w in enumerate(getattr(problem, name) or (), 1)}
        if problem.inputs.population is not None:
            found["points"] = problem.inputs.population
        if problem.inputs.targets is not None:
            found["targets"] = problem.inputs.targets
        return {name: to_float(w) for name, w in found.items()}


def problem_digest(problem: TeacherStudent, rates: Sequence[float]) -> str:
    """SHA-256 over the doubles that runs use of weights, teacher, learning rates and activation, and the input law."""
    digest = hashlib.sha256()

    def add(value: object) -> None:
        digest.update((value.tobytes() if isinstance(value, np.ndarray) else str(value).encode()) + b"\n")

    for matrix in problem.networks:
        add(matrix.shape)
        add(to_float(matrix) + 0.0)  # one zero
    add(np.asarray(rates, dtype=np.float64))
    add(problem.inputs.identity)
    if not problem.optimizer.is_plain:
        add([float(x) for x in problem.optimizer.numbers] + [problem.optimizer.nesterov])
    if problem.is_polynomial:
        add([float(c) for c in problem.polynomial])
    else:
        add(problem.activation)
        if is_users_function(problem):
            for radius in (8.0, 64.0, 1024.0):
                add(_sampled(problem, radius))
    return digest.hexdigest()


def _sampled(problem: TeacherStudent, radius: float) -> str:
    """A user's function, of which no more is known than its values, constants, and where it fails."""
    sigma, points = problem.activation_function, np.linspace(-radius, radius, 513)
    try:
        values = np.stack([sigma.value(points), sigma.derivative(points)])
    except ValueError:
        return f"not finite on [{-radius}, {radius}]"
    return hashlib.sha256(values.tobytes()).hexdigest() + repr((sigma.lipschitz, sigma.derivative_lipschitz))
