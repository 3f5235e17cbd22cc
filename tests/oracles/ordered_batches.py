"""Every ordered batch of a law with finitely many atoms, one after the other, in lists of Fractions; one or two linear layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction as F
from itertools import product
from typing import Any

import numpy as np

from tests.oracles.base import Oracle, is_linear_and_shallow
from theory import TeacherStudent
from theory.engines.base import Quantity
from theory.inputs import InputLaw

Matrix = list[list[F]]


class OrderedBatches(Oracle):
    kinds = (*Oracle.kinds, "loss_variance")

    def covers(self, problem: TeacherStudent) -> bool:
        return is_linear_and_shallow(problem) and problem.inputs.support() is not None

    def value(self, problem: TeacherStudent, quantity: Quantity, batch_size: int) -> Any:
        step, layer = quantity.step, (quantity.layer or 1) - 1

        def expected(function: Callable[[list[Matrix], list[Matrix]], F]) -> F:
            return expectation(problem, step, batch_size, function)

        if quantity.kind == "loss":
            return expected(lambda weights, _: mean_loss(problem, weights))
        if quantity.kind == "loss_variance":
            second, first = (expected(lambda weights, _, n=n: mean_loss(problem, weights) ** n) for n in (2, 1))  # type: ignore[misc]
            return second - first**2
        if quantity.kind == "second_moment":
            return expected(lambda _, g: square(g[layer]))
        mean = np.empty(problem.student[layer].shape, dtype=object)
        for i, j in np.ndindex(*mean.shape):
            mean[i, j] = expected(lambda _, g, i=i, j=j: g[layer][i][j])  # type: ignore[misc]
        if quantity.kind == "mean":
            return mean
        return expected(lambda _, g: square(g[layer])) - sum(x * x for x in mean.ravel())


def matmul(a: Matrix, b: Matrix) -> Matrix:
    return [[sum((x * y for x, y in zip(row, column, strict=True)), F(0)) for column in zip(*b, strict=True)] for row in a]


def transposed(a: Matrix) -> Matrix:
    return [list(column) for column in zip(*a, strict=True)]


def minus(a: Matrix, b: Matrix, scale: F | int = 1) -> Matrix:
    return [[x - y * scale for x, y in zip(r, s, strict=True)] for r, s in zip(a, b, strict=True)]


def square(a: Matrix) -> F:
    return sum((x * x for row in a for x in row), F(0))


def rows(array: np.ndarray) -> Matrix:
    return [[F(x) for x in row] for row in array.tolist()]


def gradients(weights: list[Matrix], teacher: list[Matrix], s: Matrix) -> list[Matrix]:
    """One or two linear layers, from the definition: dl/dW_k averaged over the batch is a function of S."""
    if len(weights) == 1:
        return [matmul(minus(weights[0], teacher[0]), s)]
    d_s = matmul(minus(matmul(weights[1], weights[0]), matmul(teacher[1], teacher[0])), s)
    return [matmul(transposed(weights[1]), d_s), matmul(d_s, transposed(weights[0]))]


def batches(law: InputLaw, b: int) -> Iterator[tuple[Matrix, F]]:
    """(S, probability) of every ordered batch."""
    support = law.support()
    assert support is not None
    atoms, chances = support
    for picks in product(range(len(atoms)), repeat=b):
        chance = F(1)
        for n in picks:
            chance *= chances[n]
        p = len(atoms[0])
        yield [[sum((atoms[n][i] * atoms[n][j] for n in picks), F(0)) / b for j in range(p)] for i in range(p)], chance


def expectation(problem: TeacherStudent, step: int, b: int, function: Callable[[list[Matrix], list[Matrix]], F]) -> F:
    """E function(weights at `step`, gradients at `step`) over all batches 0..step."""
    teacher = [rows(w) for w in problem.teacher_weights]
    law = list(batches(problem.inputs, b))

    def follow(weights: list[Matrix], s: int) -> F:
        total = F(0)
        for matrix, chance in law:
            g = gradients(weights, teacher, matrix)
            if s == step:
                total += chance * function(weights, g)
            else:
                alpha = F(problem.learning_rate(s))
                total += chance * follow([minus(w, x, alpha) for w, x in zip(weights, g, strict=True)], s + 1)
        return total

    return follow([rows(w) for w in problem.student], 0)


def mean_loss(problem: TeacherStudent, weights: list[Matrix]) -> F:
    """1/2 E||f(w; x) - f(w*; x)||^2 over a fresh x."""
    support = problem.inputs.support()
    assert support is not None
    total = F(0)
    for atom, chance in zip(*support, strict=True):
        outputs = []
        for layers in (weights, [rows(w) for w in problem.teacher_weights]):
            h = [[x] for x in atom]
            for w in layers:
                h = matmul(w, h)
            outputs.append(h)
        total += chance * square(minus(*outputs)) / 2
    return total


ORDERED_BATCHES = OrderedBatches()
