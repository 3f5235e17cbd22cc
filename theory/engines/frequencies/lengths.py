"""How long the integers of the tree get: followed along one path, through a network of one unit in each layer.

Denominators do not depend on the sizes, so that the weights, the atoms and the teacher are replaced by one number each over the common
denominator of all, as large as they are on average, and the engine's own arithmetic tells the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

import numpy as np
from flint import fmpq, fmpz

from theory.backpropagation import Polynomial, backpropagate, forward
from theory.degrees import gradient_degree
from theory.engines.frequencies.stacks import Stack
from theory.exact import Number, to_fmpq
from theory.inputs.lengths import SAMPLE
from theory.optimizers import State
from theory.problem import Rows, TeacherStudent

#: Bits up to which integers are followed; longer ones grow by the degree of a gradient at every step.
FOLLOWED = 50_000
#: Weights whose denominators are looked at, so that large networks are priced at once.
LOOKED_AT = 20_000


@dataclass(frozen=True)
class Lengths:
    """Bits of the numerators of w_s, of its gradients and of its errors f(w_s; x) - f(w*; x), for s = 0, 1, ..."""

    weights: list[float]
    gradients: list[float]
    errors: list[float]


def path_lengths(
    problem: TeacherStudent, atoms: Rows, rates: Sequence[Number], nodes: Sequence[int], steps: int, labels: Rows | None = None
) -> Lengths:
    """Along a path of so many steps; after batch s the weights are mixed with integers of the size of nodes[s], if there was a rate."""
    m = gradient_degree(problem.depth, activation_degree=problem.activation_degree)
    sigma = Polynomial(tuple(to_fmpq(c) for c in problem.polynomial))
    x = _typical(chain.from_iterable(atoms), len(atoms[0]))
    state = State(tuple(_typical(w.ravel().tolist(), w.shape[1]) for w in problem.student))
    if labels is None:
        target = forward([_typical(w.ravel().tolist(), w.shape[1]) for w in problem.teacher_weights], sigma, x)[1][-1]
    else:
        target = _typical(chain.from_iterable(labels), len(labels[0]))
    opposite = Stack(-abs(target.numerators), target.denominator)  # so that nothing cancels
    found = Lengths([], [], [])
    for s in range(steps + 1):
        found.weights.append(_length(state.weights))
        if m * found.weights[-1] > FOLLOWED:
            return _extrapolated(found, m, steps)
        passes = backpropagate(state.weights, sigma, x, opposite)
        found.gradients.append(_length(passes.gradients))
        found.errors.append(_length(passes.backward[-1:]))
        if s < min(len(rates), steps):
            moved = problem.optimizer.advance(state, passes.gradients, rates[s], _without_sign)
            state = moved.map(lambda x, s=s: Stack(x.numerators * max(1, nodes[s]), x.denominator))  # type: ignore[misc]
    return found


def _extrapolated(found: Lengths, m: int, steps: int) -> Lengths:
    """The rest, every step multiplying by m."""
    last = len(found.weights) - 1
    weights = [*found.weights, *(found.weights[-1] * float(m) ** k for k in range(1, steps + 1 - last))]
    gradients = [*found.gradients, *(m * w for w in weights[last:])]
    return Lengths(weights, gradients, [*found.errors, *gradients[last:]])


def _without_sign(factor: Fraction) -> fmpq:
    """So that nothing cancels."""
    return to_fmpq(abs(factor))


def _length(stacks: Iterable[Stack]) -> float:
    """The most bits of a numerator."""
    return float(max(int(abs(s.numerators[0, 0, 0])).bit_length() or 1 for s in stacks))


def _typical(numbers: Iterable[Number], terms: int) -> Stack:
    """One number, of the average size of a sum of so many terms, over the common denominator of all."""
    given = list(numbers)
    ratios = [x.as_integer_ratio() for x in given[:: 1 + len(given) // LOOKED_AT]]
    common = 1
    for q in {q for _, q in ratios}:
        common = math.lcm(common, q)
        if common.bit_length() > FOLLOWED:
            break
    some = ratios[:: 1 + len(ratios) // SAMPLE]
    size = sum(abs(p) * common // q for p, q in some) * terms // len(some)
    return Stack(np.array([[[fmpz(max(1, size))]]], dtype=object), common)
