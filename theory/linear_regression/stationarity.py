"""The limit of infinite time at a constant learning rate, and which rates have one: exact, by one linear system each.

Without its constant the state's second moment obeys X' = T(X) = A X A^T + c Q N(X) Q^T, a map of positive semidefinite matrices to such. Of
such a map the spectral radius is below 1 if and only if X = (I - T)^{-1}(identity) exists and is positive definite: if it is, X - T(X) > 0,
so that T(X) <= q X with q < 1 and T^k -> 0; and if T^k -> 0, X is the sum of T^k(identity), which is at least the identity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat

from theory.arithmetic.definiteness import is_positive_definite
from theory.exact import to_float, to_fraction, to_fraction_array
from theory.linear_regression.moments import pairs
from theory.linear_regression.operators import Operators, Quadratic, outer

#: Relative, of one half of the interval around the largest stable rate.
WIDTH = Fraction(1, 2**40)


def is_stable(operators: Operators, rate: fmpq, c: fmpq) -> bool:
    """Whether the second moment of w_t stays bounded and forgets w_0."""
    n = operators.size - 1
    try:
        found = _without(operators, rate, c).solve(fmpq_mat([[fmpq(int(i == j))] for i, j in pairs(n)]))
    except ZeroDivisionError:
        return False
    matrix = np.empty((n, n), dtype=object)
    for (i, j), value in zip(pairs(n), found.entries(), strict=True):
        matrix[i, j] = matrix[j, i] = to_fraction(value)
    return is_positive_definite(matrix)


def largest_stable_rate(operators: Operators, c: fmpq, before_halving: Callable[[], None]) -> tuple[Fraction, Fraction]:
    """A rate that is stable and a larger one that is not, both exactly, close to each other; of plain SGD, E[x x^T] positive definite.

    There T(X) = X - alpha L(X) + alpha^2 B(X), L(X) = Sigma X + X Sigma and B positive, so that X - T(X) > 0 if and only if
    L(X) - alpha B(X) > 0: what is stable at alpha is so at every smaller rate, up to 1 / spectral radius of L^{-1} B. This is sought in
    doubles, and the rates on both sides of it are decided exactly; where doubles miss it, as for columns that are nearly dependent, by
    stepping out of them and halving: some 50 decisions in the place of two, announced by `before_halving`.
    """
    near, width = _sought(operators, c), WIDTH
    low, high = near * (1 - width), near * (1 + width)
    if is_stable(operators, _flint(low), c) and not is_stable(operators, _flint(high), c):
        return low, high
    before_halving()
    while not is_stable(operators, _flint(low), c):
        width = min(16 * width, Fraction(1, 2))
        low, high = low * (1 - width), low
    while is_stable(operators, _flint(high), c):
        width = min(16 * width, Fraction(1))
        low, high = high, high * (1 + width)
    while high > low * (1 + 3 * WIDTH):
        middle = (low + high) / 2
        low, high = (middle, high) if is_stable(operators, _flint(middle), c) else (low, middle)
    return low, high


def _sought(operators: Operators, c: fmpq) -> Fraction:
    """1 / spectral radius of L^{-1} B in doubles, tr Sigma being the unit of size; 1 / tr Sigma where they do not give a number."""
    sigma = operators.moments.inputs
    unit = sum((sigma[i, i] for i in range(sigma.nrows())), fmpq(0))
    _, linear, square = _inner(operators, c).terms
    try:
        ratio = np.linalg.solve(_doubles(linear * (-1 / unit)), _doubles(square * (1 / unit**2)))
        rate = 1 / float(np.abs(np.linalg.eigvals(ratio)).max())
    except (np.linalg.LinAlgError, ZeroDivisionError):
        rate = math.nan
    return (Fraction(rate) if 0 < rate < math.inf else 1) / to_fraction(unit)


def limit(operators: Operators, rate: fmpq, c: fmpq) -> tuple[fmpq_mat, fmpq_mat]:
    """m m^T and D of the whole state as t -> infinity, for a stable rate."""
    n = operators.size - 1
    drift = operators.drift(rate, is_first=False)
    still = fmpq_mat(n, n, [fmpq(int(i == j)) - drift[i, j] for i in range(n) for j in range(n)])
    mean = still.solve(fmpq_mat([[drift[i, n]] for i in range(n)]))
    whole = outer(fmpq_mat([*mean.tolist(), [fmpq(1)]]))
    noise = operators.noise(is_first=False)(rate) * whole * c
    inside = _inside(n)
    found = _without(operators, rate, c).solve(fmpq_mat([[noise[a, 0]] for a in inside]))
    spread = fmpq_mat(noise.nrows(), 1)
    for a, value in zip(inside, found.entries(), strict=True):
        spread[a, 0] = value
    return whole, spread


def _inner(operators: Operators, c: fmpq) -> Quadratic:
    """T, for every rate."""
    kept, noise, inside = operators.kept(is_first=False), operators.noise(is_first=False), _inside(operators.size - 1)
    whole = (a + b * c for a, b in zip(kept.terms, noise.terms, strict=True))
    first, second, third = (fmpq_mat([[term[a, b] for b in inside] for a in inside]) for term in whole)
    return Quadratic((first, second, third))


def _without(operators: Operators, rate: fmpq, c: fmpq) -> fmpq_mat:
    """I - T."""
    inner = _inner(operators, c)(rate)
    size = range(inner.nrows())
    return fmpq_mat([[fmpq(int(a == b)) - inner[a, b] for b in size] for a in size])


def _inside(n: int) -> list[int]:
    """The places of pairs below n among those of n + 1 numbers: what does not touch the constant."""
    return [a for a, (_, j) in enumerate(pairs(n + 1)) if j < n]


def _doubles(matrix: fmpq_mat) -> np.ndarray:
    return to_float(to_fraction_array(np.array(matrix.tolist(), dtype=object)))


def _flint(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)
