"""What every engine takes and gives.

R replicas run in lockstep: `blocks` blocks of `block_size`. They share w_0 and the learning rates, and differ by their mini-batches. With
g_i the stochastic gradient of replica i at step t, and f_i = grad L(w_i) the gradient of the expected loss there, an engine reports, for
every layer, inner products only: gradients are never stored.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from empirics.sampling.population import population
from theory.exact import to_float
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

#: Of a core, for `Engine.seconds`: flops per second; a replica's step; an entry of a layer, passes and activation.
FLOPS_PER_SECOND = {"float64": 1.2e10, "float32": 2.4e10}
STEP, ENTRY, SMOOTH_ENTRY = 0.6e-6, 25e-9, 60e-9


@dataclass(frozen=True)
class Setting:
    """A problem as arrays, and how one engine is to run it."""

    problem: TeacherStudent
    batch_size: int
    blocks: int
    block_size: int
    device: torch.device
    dtype: torch.dtype
    estimator: str = "naive"
    sampling: str = "independent"
    chunk: int = 64  # slots: steps that are looked at before their inner products are digested

    @property
    def replicas(self) -> int:
        return self.blocks * self.block_size

    @property
    def law(self) -> InputLaw:
        return self.problem.inputs

    @property
    def needs_gradients(self) -> bool:
        """Whether the stochastic gradients themselves enter the estimator, and not only the full ones."""
        return self.estimator != "rao_blackwell"

    @property
    def noise_factor(self) -> float:
        """c_b in var(g | w) = c_b ( E||grad l||^2 - ||grad L||^2 ): 1/b, and (N-b) / (b (N-1)) without replacement."""
        b = self.batch_size
        if self.sampling == "without_replacement" and self.law.population is not None:
            n = len(self.law.population)
            return (n - b) / (b * (n - 1)) if n > 1 else 0.0
        return 1 / b

    @property
    def teacher(self) -> list[np.ndarray] | None:
        """float64 arrays of W*_1, ..., W*_H; None where labels are learned."""
        return None if self.problem.teacher is None else self.weights(self.problem.teacher)

    def weights(self, matrices: Sequence[np.ndarray]) -> list[np.ndarray]:
        """float64 arrays of the layers."""
        return [to_float(w) for w in matrices]

    def empty(self, *shape: int) -> torch.Tensor:
        return torch.empty(shape, device=self.device, dtype=self.dtype)

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.tensor(array, device=self.device, dtype=self.dtype)


@dataclass
class Observed:
    """Inner products at n steps, float64: (n, blocks, block_size, H) per replica and layer, (n, blocks, H) per block and layer.

    full_squares   ||f_i||^2, or an unbiased estimate of it given w_i          full_pairs   mean of <f_i, f_j> over i != j in the block
    squares        ||g_i||^2                                                 pairs        mean of <g_i, g_j> over i != j
    products       <f_i, g_i>                                                conditional  E[ ||g_i - f_i||^2 | w_i ], in closed form
    loss           (n, blocks, block_size): L(w_i), or the loss of the mini-batch at w_i, whose expectation it is
    ties           (n, blocks, block_size): whether rounding has decided a slope of replica i by then (ties.py); None without kinks
    """

    full_squares: np.ndarray
    full_pairs: np.ndarray
    loss: np.ndarray
    squares: np.ndarray | None = None
    pairs: np.ndarray | None = None
    products: np.ndarray | None = None
    conditional: np.ndarray | None = None
    ties: np.ndarray | None = None


class Engine(ABC):
    """Replicas in lockstep. `restart`, then `step` once a step; `digest` before more than `chunk` steps have been observed.

    Engines move their weights in place (`updates.Update`), some without forming g_k: W_k -= alpha g_k is plain SGD, and nothing else. What
    an engine takes beyond the paper's setting stands in its record (empirics/engine_records.py).
    """

    #: Rows that its batches must have: None when any rows with the right second moment will do.
    samples: int | None

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    # -- what one step of one replica takes, with statistics -------------------------------------------------------------
    # By default that of passes over the batch and the population. Runs are cut by these counts (empirics/runs/cuts.py), and cuts decide
    # the draws: of an engine that has been used they never change.

    @staticmethod
    def flops(problem: TeacherStudent, estimator: str, batch_size: int) -> float:
        """Floating-point operations."""
        return 6.0 * _count_weights(problem) * (max(batch_size, 2) + count_points(problem))

    @staticmethod
    def numbers(problem: TeacherStudent, estimator: str, batch_size: int) -> int:
        """Floating-point numbers of weights and buffers, inner products aside."""
        samples = max(batch_size, 2, count_points(problem))
        copies = 3 if problem.optimizer.is_plain else 5  # directions and buffers
        return copies * _count_weights(problem) + 3 * samples * sum(problem.sizes)

    @classmethod
    def seconds(cls, problem: TeacherStudent, estimator: str, batch_size: int, dtype: str, drawing: float) -> float:
        """Of a core, roughly. `drawing`: of those, for the batch's random order."""
        return STEP + drawing + cls.pass_seconds(problem, estimator, batch_size, dtype)

    @classmethod
    def pass_seconds(cls, problem: TeacherStudent, estimator: str, batch_size: int, dtype: str) -> float:
        """Of the passes alone."""
        is_cheap = problem.is_linear or (not problem.is_polynomial and "relu" in str(problem.activation))
        entries = (max(batch_size, 2) + count_points(problem)) * sum(problem.sizes)
        return entries * (ENTRY if is_cheap else SMOOTH_ENTRY) + Engine.flops(problem, estimator, batch_size) / FLOPS_PER_SECOND[dtype]

    # -- running ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def restart(self) -> None:
        """Every replica back to w_0."""

    @abstractmethod
    def step(self, rows: torch.Tensor, rate: float, slot: int | None) -> None:
        """One step of SGD on `rows`; with a slot, in 0..chunk-1, the inner products at the weights before it are kept there."""

    @abstractmethod
    def digest(self, count: int) -> Observed:
        """What the slots 0..count-1 hold."""

    @property
    @abstractmethod
    def current_weights(self) -> list[torch.Tensor]:
        """W_1, ..., W_H of every replica: (R, p_k, p_{k-1})."""


def count_points(problem: TeacherStudent) -> int:
    """Of the population that full gradients are computed by; 0 without one."""
    stand_in = population(problem)
    return 0 if stand_in is None else len(stand_in.points)


def _count_weights(problem: TeacherStudent) -> int:
    return sum(w.size for w in problem.student)


class Grams:
    """Inner products <u_i, v_j> between the replicas of a block, slot by slot and layer by layer.

    One product of a (B, n) with an (n, B) matrix for each block: a single pass over the gradients gives ||u_i||^2 and <u_i, u_j> alike.
    """

    def __init__(self, setting: Setting) -> None:
        self.blocks, self.size = setting.blocks, setting.block_size
        self.values = setting.empty(setting.problem.depth, setting.chunk, self.blocks, self.size, self.size)

    def of(self, layer: int, slot: int, u: torch.Tensor, v: torch.Tensor | None = None) -> None:
        """`u`, `v`: (R, ...); v = u by default."""
        u = u.view(self.blocks, self.size, -1)
        v = u if v is None else v.view(self.blocks, self.size, -1)
        torch.bmm(u, v.mT, out=self.values[layer, slot])

    def per_replica(self, count: int) -> np.ndarray:
        """<u_i, v_i>: (count, blocks, B, H)."""
        return np.moveaxis(np.diagonal(to_numpy(self.values[:, :count]), axis1=-2, axis2=-1), 0, -1)

    def mean_of_pairs(self, count: int) -> np.ndarray:
        """The mean over i != j, (count, blocks, H); summed without the diagonal, so that nothing cancels."""
        off = np.where(np.eye(self.size, dtype=bool), 0.0, to_numpy(self.values[:, :count])).sum(axis=(-2, -1))
        return np.moveaxis(off / (self.size * (self.size - 1)), 0, -1)


def to_numpy(values: torch.Tensor) -> np.ndarray:
    return values.to("cpu", torch.float64).numpy()
