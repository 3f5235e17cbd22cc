"""Small teacher-student problems for the replica engine, and the exact truth about them by following every sequence of batches."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.backpropagation import batch_gradient, exact_sigma, forward
from theory.exact import to_fmpq, to_fmpq_array
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

F = Fraction
#: A path of SGD: its probability, and the batch of every step as indices of atoms.
Path = tuple[Fraction, Sequence[Sequence[int]]]


def network(
    sizes: Sequence[int], inputs: InputLaw, rates: Any = Fraction(1, 10), activation: Any = (0, 1), seed: int = 0
) -> TeacherStudent:
    """Weights and teacher in quarters between -1 and 1, from a seed."""
    generator = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    student, teacher = ([[[F(int(x), 4) for x in row] for row in generator.integers(-4, 5, shape)] for shape in shapes] for _ in range(2))
    return TeacherStudent(student, teacher, inputs, rates, activation)


def independent_paths(probabilities: Sequence[Fraction], b: int, steps: int) -> list[Path]:
    """Every sequence of ordered batches of independent draws."""
    batches = [(math.prod((probabilities[i] for i in batch), start=F(1)), batch) for batch in product(range(len(probabilities)), repeat=b)]
    paths = product(batches, repeat=steps)
    return [(math.prod((chance for chance, _ in path), start=F(1)), [batch for _, batch in path]) for path in paths]


def exact_statistics(problem: TeacherStudent, paths: Iterable[Path], step: int) -> dict[str, np.ndarray]:
    """What `empirics.simulate` estimates, at one step, in rationals: SGD as it is written, along every path.

    `DataSet`s and laws with atoms; the population is the law itself, however the batches were drawn.
    """
    support = problem.inputs.support()
    assert support is not None
    atoms, probabilities = support
    rows = [np.array([[to_fmpq(x) for x in atom]], dtype=object) for atom in atoms]
    student, teacher = (tuple(map(to_fmpq_array, side)) for side in (problem.student, problem.teacher))
    sigma = exact_sigma(problem.activation)
    layers = range(problem.depth)
    sums: dict[str, Any] = {name: [0] * problem.depth for name in ("g", "gg", "f", "ff")} | {"loss": 0}

    def mean(gradients: list, weights: Iterable[Fraction], layer: int) -> np.ndarray:
        return sum((g[layer] * to_fmpq(q) for g, q in zip(gradients, weights, strict=True)), student[layer] * 0)

    for chance, batches in paths:
        w, p = student, to_fmpq(F(chance))
        for t in range(step + 1):
            at_atoms = [batch_gradient(w, teacher, sigma, x) for x in rows]
            counts = [F(list(batches[t]).count(i), len(batches[t])) for i in range(len(atoms))]
            g = tuple(mean(at_atoms, counts, k) for k in layers)
            if t == step:
                break
            w = tuple(x - y * to_fmpq(problem.learning_rate(t)) for x, y in zip(w, g, strict=True))
        for k in layers:
            f = mean(at_atoms, probabilities, k)
            for name, value in (("g", g[k]), ("gg", (g[k] * g[k]).sum()), ("f", f), ("ff", (f * f).sum())):
                sums[name][k] = sums[name][k] + value * p
        for x, q in zip(rows, probabilities, strict=True):
            error = forward(w, sigma, x)[1][-1] - forward(teacher, sigma, x)[1][-1]
            sums["loss"] += p * to_fmpq(q) * (error * error).sum() / 2

    def squares(name: str) -> np.ndarray:
        return np.array([float(F(str((m * m).sum()))) for m in sums[name]])

    second, full = (np.array([float(F(str(x))) for x in sums[name]]) for name in ("gg", "ff"))
    return {
        "second_moment": second,
        "mean_norm_squared": squares("g"),
        "var_gradient": second - squares("g"),
        "var_full_gradient": full - squares("f"),
        "loss": np.array(float(F(str(sums["loss"])))),
    }
