"""The path of full-gradient descent, and the noise of one sample's gradient along it: tr Cov(grad l(w_t; x)) beside ||grad L(w_t)||^2.

Their ratio is the gradient noise scale of McCandlish, Kaplan, Amodei et al. (2018, "An empirical model of large-batch training"), there
B_simple, which is otherwise estimated from gradients at two batch sizes: at b = B_simple the noise of a batch is as large as its mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.budget import Budget
from theory.large_batch.cost import Counts, described
from theory.large_batch.jets import ONE
from theory.large_batch.noise_traces import NoiseTraces
from theory.large_batch.requests import as_steps, in_numbers, last_step, rational_step
from theory.large_batch.setting import Setting
from theory.large_batch.sweeps import sweep
from theory.problem import TeacherStudent
from theory.routes import LARGE_BATCH


@dataclass(frozen=True)
class OnPath:
    """A step of gradient descent: by layers tr Cov(grad_k l) and ||G_k||^2, and the loss."""

    traces: list[Any]
    squares: list[Any]
    loss: Any


@dataclass(frozen=True)
class NoiseScale:
    """Along gradient descent, by steps: arrays of Fractions for an exact problem where that is affordable, else of doubles.

    Attributes:
        steps: as they were asked for.
        covariance_trace: tr Cov(grad l(w_t; x)), b times the variance of a batch's gradient at w_t.
        squared_gradient: ||grad L(w_t)||^2.
    """

    steps: tuple[int, ...]
    covariance_trace: np.ndarray
    squared_gradient: np.ndarray

    @property
    def noise_scale(self) -> np.ndarray:
        """The ratio; infinite where the gradient is 0 and the noise is not, and 0 where neither is there."""
        pairs = zip(self.covariance_trace, self.squared_gradient, strict=True)
        ratios = [trace / square if square else (math.inf if trace else trace) for trace, square in pairs]
        return np.array(ratios, dtype=object if any(isinstance(x, Fraction) for x in ratios) else float)


def noise_scale(
    problem: TeacherStudent, steps: int | Iterable[int], layer: int | None = None, *, budget: Budget | None = None
) -> NoiseScale:
    """The gradient noise scale tr Cov(grad l(w_t; x)) / ||grad L(w_t)||^2 along full-gradient descent, of one layer or of all together.

    Args:
        problem: a linear or polynomial network, any law with moments up to the order 4 D^(H-1), labels or a teacher, any SGD.
        steps: t, several of them, or a number T for 0, ..., T.
        layer: k in 1..H; all by default.
        budget: seconds and bytes that may be spent.

    Raises CannotError where the moments are missing, UnaffordableError over budget. Cost: a gradient and a trace for every step.

    Examples:
        >>> from theory import Gaussian, TeacherStudent
        >>> problem = TeacherStudent([[[2]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=Fraction(1, 100))
        >>> noise_scale(problem, [0], layer=1).noise_scale          # p + 1 for layer 1, x ~ N(0, I)
        array([Fraction(2, 1)], dtype=object)
    """
    t = as_steps(problem, steps)
    layers = range(problem.depth) if layer is None else [problem.check_layer(layer) - 1]
    LARGE_BATCH.require_applicable(problem)
    last, limit = last_step(t), Budget.of(budget)
    for exact in (True, False):
        counts = Counts(Setting(problem, exact))
        cost = counts.cost(counts.path(last), last, described(last + 1, "steps of gradient descent"))
        if exact and not (limit.allows(cost) and rational_step(problem, last)):
            continue
        limit.require(cost, f"the noise scale up to t = {last}", ["a smaller step"])
        if not exact:
            problem.check_doubles()
        with np.errstate(all="ignore"):  # what leaves the doubles is told at the end
            path = path_of(counts.setting, t)
        break
    traces, squares = ([sum(getattr(path[s], name)[k] for k in layers) for s in t] for name in ("traces", "squares"))
    return NoiseScale(tuple(t), *(in_numbers(x, t, counts.setting.exact) for x in (traces, squares)))


def path_of(setting: Setting, steps: Sequence[int]) -> dict[int, OnPath]:
    """Gradient descent at these steps."""
    traces, asked = NoiseTraces(setting), set(steps)
    found = {}
    for moment in sweep(setting.problem, setting.start, setting.population, frozenset({ONE}), max(steps), lambda _, __, mean: list(mean)):
        if moment.step in asked:
            weights = [w.value for w in moment.weights]
            squares = [(g.value * g.value).sum() for g in moment.mean]
            found[moment.step] = OnPath(traces(weights), squares, setting.loss(weights))
    return found
