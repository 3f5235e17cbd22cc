"""A polynomial with integer coefficients, from its values at the integer points of a simplex.

A polynomial of degree <= d in n variables is determined by its values at the points c = (a_1 - o, ..., a_n - o), a_i >= 0,
|a| <= d (o a fixed integer that keeps the points near the origin). Axis by axis, divided differences lead to Newton's basis
prod_i (x_i + o)(x_i + o - 1) ..., in which the coefficients are integers again, and one Horner step per node from there to
monomials. So a batch can be integrated out by setting S to small integers, matrices that S itself need never equal: the
identity is one between polynomials.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import factorial

from flint import fmpz_poly

from theory.engines.wishart.batch_moments import Exponents, exponents_up_to


class IntegerLattice:
    """The points of degree d in n variables: C(n + d, n) of them.

    Attributes:
        exponents: the a with |a| <= degree; monomials, in the order of `coefficients`.
        points: the points c = a - offset, in the same order.

    Examples:
        >>> lattice = IntegerLattice(1, 2)
        >>> [c for (c,) in lattice.points]
        [-1, 0, 1]
        >>> lattice.coefficients([fmpz_poly([c * c + 5]) for (c,) in lattice.points])
        [5, 0, 1]
    """

    def __init__(self, variables: int, degree: int) -> None:
        self.exponents: tuple[Exponents, ...] = tuple(exponents_up_to(variables, degree))
        self._offset = degree // (variables + 1)
        self.points = tuple(tuple(k - self._offset for k in a) for a in self.exponents)
        index = {a: n for n, a in enumerate(self.exponents)}
        self._lines: list[list[list[int]]] = []
        for axis in range(variables):
            lines: dict[Exponents, list[int]] = defaultdict(list)
            for a in self.exponents:  # lowest degree first, hence in order along every line
                lines[a[:axis] + a[axis + 1 :]].append(index[a])
            self._lines.append(list(lines.values()))
        self._factorials = [factorial(k) for k in range(degree + 1)]

    def coefficients(self, values: Sequence[fmpz_poly]) -> list[fmpz_poly]:
        """The coefficients of the monomials x^a; values and coefficients are polynomials themselves, in another variable.

        Cost: about variables * degree / (variables + 1) operations per point.
        """
        v = list(values)
        for lines in self._lines:
            for line in lines:
                last = len(line) - 1
                for j in range(1, last + 1):
                    for k in range(last, j - 1, -1):
                        v[line[k]] = v[line[k]] - v[line[k - 1]]
                for k in range(2, last + 1):
                    v[line[k]] //= self._factorials[k]  # exact
        for lines in self._lines:  # only now: along one line f need not have the line's degree, but in Newton's basis it has
            for line in lines:
                last = len(line) - 1
                for j in range(last - 1, -1, -1):
                    node = j - self._offset
                    if node:
                        for k in range(j, last):
                            v[line[k]] = v[line[k]] - v[line[k + 1]] * node
        return v
