"""Every sequence of batches, SGD as it is written along each, by backpropagation in rationals; a law with atoms and any network.

It shares backpropagation with `theory.enumeration`, which counts batches, and nothing with the engines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction as F
from itertools import product
from typing import Any

import numpy as np

from tests.oracles.base import Oracle
from theory import TeacherStudent
from theory.activations import Activation
from theory.backpropagation import batch_gradient, exact_sigma, forward
from theory.engines.base import Quantity
from theory.exact import to_fmpq, to_fmpq_array, to_fraction, to_fraction_array

#: A path of SGD: its probability, and the batch of every step as indices of atoms.
Path = tuple[F, Sequence[Sequence[int]]]


class Sequences(Oracle):
    def covers(self, problem: TeacherStudent) -> bool:
        sigma = problem.activation
        return problem.inputs.support() is not None and (not isinstance(sigma, Activation) or sigma.is_piecewise_linear)

    def value(self, problem: TeacherStudent, quantity: Quantity, batch_size: int) -> Any:
        support = problem.inputs.support()
        assert support is not None
        sums = _sums(problem, independent_paths(support[1], batch_size, quantity.step + 1), quantity.step)
        if quantity.kind == "loss":
            return to_fraction(sums["loss"])
        k = (quantity.layer or 1) - 1
        mean = to_fraction_array(sums["g"][k])
        if quantity.kind == "mean":
            return mean
        second = to_fraction(sums["gg"][k])
        return second if quantity.kind == "second_moment" else second - sum(x * x for x in mean.ravel())


def independent_paths(probabilities: Sequence[F], b: int, steps: int) -> list[Path]:
    """Every sequence of ordered batches of independent draws."""
    batches = [(math.prod((probabilities[i] for i in batch), start=F(1)), batch) for batch in product(range(len(probabilities)), repeat=b)]
    paths = product(batches, repeat=steps)
    return [(math.prod((chance for chance, _ in path), start=F(1)), [batch for _, batch in path]) for path in paths]


def _sums(problem: TeacherStudent, paths: Iterable[Path], step: int) -> dict[str, Any]:
    """E g_k, E||g_k||^2, E f_k, E||f_k||^2 (f the full gradient) for every layer and E loss, at one step, over the paths."""
    support = problem.inputs.support()
    assert support is not None
    atoms, probabilities = support
    rows = [np.array([[to_fmpq(x) for x in atom]], dtype=object) for atom in atoms]
    student, teacher = (tuple(map(to_fmpq_array, side)) for side in (problem.student, problem.teacher))
    sigma = exact_sigma(problem.activation)
    layers = range(problem.depth)
    sums: dict[str, Any] = {name: [0] * problem.depth for name in ("g", "gg", "f", "ff")} | {"loss": 0}

    def mean(gradients: list, weights: Iterable[F], layer: int) -> np.ndarray:
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
    return sums


def exact_statistics(problem: TeacherStudent, paths: Iterable[Path], step: int) -> dict[str, np.ndarray]:
    """What `empirics.simulate` estimates, at one step, in doubles; the population is the law itself, however the batches were drawn."""
    sums = _sums(problem, paths, step)

    def squares(name: str) -> np.ndarray:
        return np.array([float(to_fraction((m * m).sum())) for m in sums[name]])

    second, full = (np.array([float(to_fraction(x)) for x in sums[name]]) for name in ("gg", "ff"))
    return {
        "second_moment": second,
        "mean_norm_squared": squares("g"),
        "var_gradient": second - squares("g"),
        "var_full_gradient": full - squares("f"),
        "loss": np.array(float(to_fraction(sums["loss"]))),
    }


SEQUENCES = Sequences()
