"""The network at many weights at once, in integers over common denominators: rank-one gradients, means, mean squares.

h_k = W_k z_{k-1},  z_k = sigma(h_k),  z_0 = x;    delta_H = h_H - f(w*; x),  delta_k = sigma'(h_k) o (W_{k+1}^T delta_{k+1})
grad_k l(w; x) = delta_k z_{k-1}^T,                || grad_k ||_F^2 = |delta_k|^2 |z_{k-1}|^2
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from flint import fmpq

from theory.engines.frequencies.stacks import Stack
from theory.exact import shown, to_fmpq
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

#: W_1, ..., W_H (or their gradients) at R points: stacks of R matrices each.
Layers = tuple[Stack, ...]
Atoms = tuple[tuple[Fraction, ...], ...]


def distinguishable_atoms(problem: TeacherStudent) -> tuple[Atoms, tuple[Fraction, ...]]:
    """The support and its probabilities, x and -x merged where no gradient tells them apart: an odd activation.

    The network is then odd in x, so that delta_k and z_{k-1} change sign together. An atom 0 comes last.
    """
    return _merged(problem.inputs, not any(problem.polynomial[::2]))


@lru_cache(maxsize=8)
def _merged(inputs: InputLaw, odd: bool) -> tuple[Atoms, tuple[Fraction, ...]]:
    law = inputs.support()
    if law is None:
        raise ValueError(f"inputs must have finite support, but were {shown(inputs)}")
    merged: dict[tuple[Fraction, ...], Fraction] = {}
    for atom, p in zip(*law, strict=True):
        first = next((x for x in atom if x), Fraction(0))
        key = tuple(-x for x in atom) if odd and first < 0 else atom
        merged[key] = merged.get(key, Fraction(0)) + p
    ordered = sorted(merged.items(), key=lambda item: not any(item[0]))
    return tuple(atom for atom, _ in ordered), tuple(p for _, p in ordered)


@dataclass(frozen=True)
class Network:
    """Activation, teacher and atoms; weights are arguments. `shares` / `total` are the probabilities."""

    sigma: tuple[fmpq, ...]
    atoms: tuple[Stack, ...]
    targets: tuple[Stack, ...]
    shares: tuple[fmpq, ...]
    total: int
    probabilities: tuple[Fraction, ...]

    @classmethod
    def of(cls, problem: TeacherStudent) -> Network:
        """The network of a problem with finite support."""
        points, probabilities = distinguishable_atoms(problem)
        columns = Stack.of([np.array([[x] for x in atom], dtype=object) for atom in points])
        sigma = tuple(to_fmpq(c) for c in problem.polynomial)
        total = math.lcm(*(p.denominator for p in probabilities))
        shares = tuple(fmpq(int(p * total)) for p in probabilities)
        atoms = tuple(columns[n : n + 1] for n in range(columns.count))
        outputs = _forward(sigma, layers(problem.teacher), columns)[0][-1]
        targets = tuple(outputs[n : n + 1] for n in range(columns.count))
        return cls(sigma, atoms, targets, shares, total, probabilities)

    def gradients(self, weights: Layers, n: int) -> Layers:
        """grad_1, ..., grad_H at atom n."""
        return tuple(delta @ z.T for delta, z in zip(*self._factors(weights, n), strict=True))

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
        errors = (_forward(self.sigma, weights, x)[0][-1] - y for x, y in zip(self.atoms, self.targets, strict=True))
        return self._averaged([e.norm2() * share for e, share in zip(errors, self.shares, strict=True)]) * fmpq(1, 2)

    def _averaged(self, terms: list[Stack]) -> Stack:
        result = terms[0]
        for term in terms[1:]:
            result = result + term
        return Stack(result.numerators, result.denominator * self.total)

    def _mean(self, factors: list[tuple[Stack, Stack]]) -> Stack:
        return self._averaged([(d * share) @ z.T for (d, z), share in zip(factors, self.shares, strict=True)])

    def _factor(self, weights: Layers, n: int, layer: int) -> tuple[Stack, Stack]:
        """(delta_layer, z_{layer-1}) at atom n."""
        deltas, inputs = self._factors(weights, n, layer)
        return deltas[0], inputs[layer - 1]

    def _factors(self, weights: Layers, n: int, lowest: int = 1) -> tuple[list[Stack], list[Stack]]:
        """(delta_lowest, ..., delta_H) and (z_0, ..., z_{H-1}) at atom n."""
        hidden, inputs = _forward(self.sigma, weights, self.atoms[n])
        deltas = [hidden[-1] - self.targets[n]]
        slope = tuple(i * c for i, c in enumerate(self.sigma))[1:]
        for k in range(len(weights) - 1, lowest - 1, -1):
            back = weights[k].T @ deltas[0]
            deltas.insert(0, back if len(slope) == 1 and slope[0] == 1 else _polynomial(slope, hidden[k - 1]) * back)
        return deltas, inputs


def layers(matrices: Sequence[np.ndarray]) -> Layers:
    """One point of weight space as stacks of one matrix each."""
    return tuple(Stack.of([w]) for w in matrices)


def _forward(sigma: tuple[fmpq, ...], weights: Layers, x: Stack) -> tuple[list[Stack], list[Stack]]:
    """(h_1, ..., h_H) and (z_0, ..., z_{H-1})."""
    inputs, hidden = [x], [weights[0] @ x]
    for w in weights[1:]:
        inputs.append(hidden[-1] if list(sigma) == [0, 1] else _polynomial(sigma, hidden[-1]))
        hidden.append(w @ inputs[-1])
    return hidden, inputs


def _polynomial(coefficients: tuple[fmpq, ...], h: Stack) -> Stack:
    """c_0 + c_1 h + c_2 h^2 + ..., entrywise, by Horner's rule."""
    value = h * fmpq(0) + coefficients[-1]
    for c in reversed(coefficients[:-1]):
        value = value * h + c
    return value
