"""The full gradient at the weights that SGD reaches, and the noise of one sample there: every batch before is listed, in rationals.

grad L(w) = sum_n p_n grad l(w; x_n),        V(w) = sum_n p_n || grad l(w; x_n) ||^2 - || grad L(w) ||^2
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from flint import fmpq

from theory import enumeration
from theory.backpropagation import Matrices, batch_gradient, exact_sigma
from theory.budget import CannotError
from theory.exact import to_fmpq, to_fmpq_array, to_fraction, to_fraction_array
from theory.problem import TeacherStudent


@dataclass(frozen=True)
class AtWeights:
    """grad_k L(w), and V_k(w), the scalar variance of one sample's gradient of layer k."""

    gradient: np.ndarray
    noise: fmpq


def at_weights(problem: TeacherStudent, weights: Matrices, layer: int) -> AtWeights:
    """Both at these weights, atom by atom. CannotError without a list of atoms."""
    law = problem.inputs.support()
    if law is None:
        raise CannotError(f"inputs must have finitely many atoms, but were {problem.inputs!r}")
    teacher, sigma = tuple(map(to_fmpq_array, problem.teacher_weights)), exact_sigma(problem.activation)
    chances = [to_fmpq(p) for p in law[1]]
    single = [batch_gradient(weights, teacher, sigma, to_fmpq_array(np.array([atom], dtype=object)))[layer - 1] for atom in law[0]]
    mean = reduce(add, (g * p for g, p in zip(single, chances, strict=True)))
    square = sum(((g * g).sum() * p for g, p in zip(single, chances, strict=True)), fmpq(0))
    return AtWeights(mean, square - (mean * mean).sum())


@dataclass(frozen=True)
class Split:
    """var( grad L(w_t) ), E|| grad L(w_t) ||^2, E grad L(w_t) and E V(w_t), given w_0, at one batch size."""

    variance: Fraction
    square: Fraction
    mean: np.ndarray
    noise: Fraction


def split(problem: TeacherStudent, step: int, layer: int, *, batch_size: int) -> Split:
    """Over all batches before `step`; the batch of the step itself does not enter."""
    start = tuple(map(to_fmpq_array, problem.student))
    shape = start[layer - 1].shape

    def numbers(weights: Matrices) -> np.ndarray:
        at = at_weights(problem, weights, layer)
        return np.array([at.noise, (at.gradient * at.gradient).sum(), *at.gradient.ravel()], dtype=object)

    def after(path: enumeration.Path) -> np.ndarray:
        rate = to_fmpq(problem.learning_rate(step - 1))
        return numbers(problem.optimizer.step(path.weights[-1], path.gradients[-1], rate))

    averages: Any = enumeration.expectation(problem, after, step - 1, batch_size=batch_size) if step else to_fraction_array(numbers(start))
    noise, square, *mean = averages
    return Split(square - sum((x * x for x in mean), Fraction(0)), square, np.array(mean, dtype=object).reshape(shape), noise)


def descent_gradient(problem: TeacherStudent, step: int, layer: int) -> np.ndarray:
    """grad_k L(w_step), w_step reached by full-gradient descent; Fractions."""
    weights = tuple(map(to_fmpq_array, problem.student))
    for s in range(step):
        full = [at_weights(problem, weights, k).gradient for k in range(1, problem.depth + 1)]
        weights = problem.optimizer.step(weights, full, to_fmpq(problem.learning_rate(s)))
    return np.vectorize(to_fraction, otypes=[object])(at_weights(problem, weights, layer).gradient)
