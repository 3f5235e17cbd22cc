"""The ring that two symbolic layers are written in: their letters, eps = 1/b and the entries of the first batch's S, over the rationals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from theory.arithmetic.rows import RowMatrix as Matrix
from theory.exact import to_fmpq
from theory.inputs import InputLaw
from theory.inverse_batch import InverseBatchPolynomial


class Ring:
    """Polynomials, and the matrices of a network in them.

    Attributes:
        dimension, law: p, and the law of the inputs; None for N(0, sigma).
        w1, w2, target, sigma, alpha: W_1, W_2, W*_2 W*_1, Sigma and alpha_0.
        eps, batch: indices of eps and of the entries S_ij, i <= j, among the variables.
    """

    w1: Matrix
    w2: Matrix
    target: Matrix
    sigma: Matrix
    alpha: fmpq_mpoly

    def __init__(self, dimension: int, letters: Sequence[str], law: InputLaw | None) -> None:
        names = [*letters, "eps", *(f"S_{i}{j}" for i, j in entries(dimension))]
        self.dimension, self.law = dimension, law
        self.context = fmpq_mpoly_ctx.get(names, Ordering.lex)
        self.variable = dict(zip(names, self.context.gens(), strict=True))
        self.eps = names.index("eps")
        self.batch = [names.index(f"S_{i}{j}") for i, j in entries(dimension)]
        self.s = self.symmetric("S")

    def coefficients(self, polynomial: fmpq_mpoly) -> list[fmpq_mpoly]:
        """The coefficients of eps^0, eps^1, ..., polynomials in the weights and rates."""
        parts: dict[int, dict[tuple[int, ...], fmpq]] = defaultdict(dict)
        for monomial, c in polynomial.to_dict().items():
            rest = list(map(int, monomial))
            power, rest[self.eps] = rest[self.eps], 0
            parts[power][tuple(rest)] = c
        return [self.context.from_dict(parts[s]) for s in range(max(parts, default=0) + 1)]

    def in_inverse_batch_size(self, polynomial: fmpq_mpoly) -> InverseBatchPolynomial:
        """A polynomial in eps alone as one in 1/b; a ValueError when it has other variables."""
        coefficients = self.coefficients(polynomial)
        if not all(c.is_constant() for c in coefficients):
            raise ValueError("polynomial must have no variable but eps")
        return InverseBatchPolynomial([c.coeffs()[0] if c else 0 for c in coefficients])

    def numbers(self, array: np.ndarray) -> Matrix:
        """A matrix of constants."""
        return Matrix([[self.context.constant(to_fmpq(x)) for x in row] for row in array.tolist()])

    def symmetric(self, letter: str) -> Matrix:
        """The matrix of the variables letter_ij, i <= j."""
        p = self.dimension
        return Matrix([[self.variable[f"{letter}_{min(i, j)}{max(i, j)}"] for j in range(p)] for i in range(p)])


def entries(p: int) -> list[tuple[int, int]]:
    """The entries on and above the diagonal of S, row by row."""
    return [(i, j) for i in range(p) for j in range(i, p)]
