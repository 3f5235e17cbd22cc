"""The path of full-gradient descent with its derivatives in the directions of the noise: one sweep over the steps for all directions.

SGD with the batch moments mu + a z + b z', z and z' centred, moves the weights by w_{t+1} = w_t - alpha_t (G(w_t) + noise_t(w_t)), or as
the optimizer says. On jets in a and b this is gradient descent with its derivatives, and what enters at a step is the noise of that step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from theory.exact import to_fmpq
from theory.large_batch.jets import ONE, Jet, Ring
from theory.large_batch.populations import Population
from theory.optimizers import State
from theory.problem import TeacherStudent

#: From the step, the weights and their mean gradient to the gradient with its noise, by layers.
WithNoise = Callable[[int, Sequence[Jet], Sequence[Jet]], list[Jet]]


@dataclass(frozen=True)
class Moment:
    """A step of a sweep: w_t, G(w_t) and the gradient with its noise, by layers."""

    step: int
    weights: tuple[Jet, ...]
    mean: list[Jet]
    noisy: list[Jet]


def sweep(
    problem: TeacherStudent, start: Sequence[np.ndarray], population: Population, ring: Ring, last: int, with_noise: WithNoise
) -> Iterator[Moment]:
    """Steps 0, ..., last from the weights `start`, in rationals or in doubles as these are."""
    number = to_fmpq if start[0].dtype == object else float
    state = State(tuple(Jet(ring, {ONE: w}) for w in start))
    for t in range(last + 1):
        mean = population.gradients(state.weights)
        noisy = with_noise(t, state.weights, mean)
        yield Moment(t, state.weights, mean, noisy)
        if t < last:
            state = problem.optimizer.advance(state, noisy, problem.learning_rate(t), number)
