"""The network at many weights at once, in integers over common denominators: rank-one gradients, means, mean squares.

With h, z and delta of `backpropagation`,  grad_k l(w; x) = delta_k z_{k-1}^T  and  || grad_k ||_F^2 = |delta_k|^2 |z_{k-1}|^2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from flint import fmpq

from theory.backpropagation import Polynomial, backpropagate, forward
from theory.engines.frequencies.stacks import Stack
from theory.exact import shown, to_fmpq
from theory.inputs import InputLaw
from theory.inputs.law import LabelledSupport, Support
from theory.problem import Rows, TeacherStudent

#: W_1, ..., W_H (or their gradients) at R points: stacks of R matrices each.
Layers = tuple[Stack, ...]


def distinguishable_atoms(problem: TeacherStudent) -> tuple[Rows, Rows | None, tuple[Fraction, ...]]:
    """The atoms, their labels where there are any, and the probabilities, x and -x merged where no gradient tells them apart.

    So it is for an odd activation, and labels that are opposite too: the network is then odd in x, so that delta_k and z_{k-1} change sign
    together. An atom 0 comes last.
    """
    return _merged(problem.inputs, problem.teacher is None, not any(problem.polynomial[::2]))


@lru_cache(maxsize=8)
def _merged(inputs: InputLaw, labelled: bool, odd: bool) -> tuple[Rows, Rows | None, tuple[Fraction, ...]]:
    law = inputs.labelled_support() if labelled else _without_labels(inputs.support())
    if law is None:
        raise ValueError(f"inputs must have finite support, but were {shown(inputs)}")
    merged: dict[tuple[tuple[Fraction, ...], tuple[Fraction, ...]], Fraction] = {}
    for atom, label, p in zip(*law, strict=True):
        first = next((x for x in (*atom, *label) if x), Fraction(0))
        sign = -1 if odd and first < 0 else 1
        key = tuple(sign * x for x in atom), tuple(sign * y for y in label)
        merged[key] = merged.get(key, Fraction(0)) + p
    ordered = sorted(merged.items(), key=lambda item: not any(item[0][0]))
    rows, labels = (tuple(pair[side] for pair, _ in ordered) for side in (0, 1))
    return rows, labels if labelled else None, tuple(p for _, p in ordered)


@dataclass(frozen=True)
class Network:
    """Activation, teacher's outputs and atoms, as rows; weights are arguments. `shares` / `total` are the probabilities."""

    sigma: Polynomial
    atoms: tuple[Stack, ...]
    targets: tuple[Stack, ...]
    shares: tuple[fmpq, ...]
    total: int
    probabilities: tuple[Fraction, ...]

    @classmethod
    def of(cls, problem: TeacherStudent) -> Network:
        """The network of a problem with finite support."""
        points, labels, probabilities = distinguishable_atoms(problem)
        rows = _rows(points)
        sigma = Polynomial(tuple(to_fmpq(c) for c in problem.polynomial))
        total = math.lcm(*(p.denominator for p in probabilities))
        shares = tuple(fmpq(int(p * total)) for p in probabilities)
        atoms = tuple(rows[n : n + 1] for n in range(rows.count))
        outputs = forward(layers(problem.teacher_weights), sigma, rows)[1][-1] if labels is None else _rows(labels)
        targets = tuple(outputs[n : n + 1] for n in range(rows.count))
        return cls(sigma, atoms, targets, shares, total, probabilities)

    def gradients(self, weights: Layers, n: int) -> Layers:
        """grad_1, ..., grad_H at atom n."""
        return backpropagate(weights, self.sigma, self.atoms[n], self.targets[n]).gradients

    def mean_gradient(self, weights: Layers, layer: int) -> Stack:
        """sum_n p_n grad_layer(x_n)."""
        return self._mean([self._factor(weights, n, layer) for n in range(len(self.atoms))])

    def second_moments(self, weights: Layers, layer: int) -> tuple[Stack, Stack]:
        """|| sum_n p_n grad_layer(x_n) ||_F^2 and sum_n p_n || grad_layer(x_n) ||_F^2."""
        factors = [self._factor(weights, n, layer) for n in range(len(self.atoms))]
        squares = [d.norm2() * (z.norm2() * share) for (d, z), share in zip(factors, self.shares, strict=True)]
        return self._mean(factors).norm2(), self._averaged(squares)

    def loss(self, weights: Layers) -> Stack:
        """1/2 sum_n p_n || f(w; x_n) - f(w*; x_n) ||^2."""
        errors = (forward(weights, self.sigma, x)[1][-1] - y for x, y in zip(self.atoms, self.targets, strict=True))
        return self._averaged([e.norm2() * share for e, share in zip(errors, self.shares, strict=True)]) * fmpq(1, 2)

    def _averaged(self, terms: list[Stack]) -> Stack:
        result = terms[0]
        for term in terms[1:]:
            result = result + term
        return Stack(result.numerators, result.denominator * self.total)

    def _mean(self, factors: list[tuple[Stack, Stack]]) -> Stack:
        return self._averaged([(d * share).T @ z for (d, z), share in zip(factors, self.shares, strict=True)])

    def _factor(self, weights: Layers, n: int, layer: int) -> tuple[Stack, Stack]:
        """(delta_layer, z_{layer-1}) at atom n."""
        passes = backpropagate(weights, self.sigma, self.atoms[n], self.targets[n], lowest=layer)
        return passes.backward[0], passes.inputs[layer - 1]


def _without_labels(law: Support | None) -> LabelledSupport | None:
    return None if law is None else (law[0], ((),) * len(law[0]), law[1])


def _rows(points: Rows) -> Stack:
    return Stack.of([np.array([point], dtype=object) for point in points])


def layers(matrices: Sequence[np.ndarray]) -> Layers:
    """One point of weight space as stacks of one matrix each."""
    return tuple(Stack.of([w]) for w in matrices)
