"""Coefficients from values at integer points: any integer polynomial comes back."""

from __future__ import annotations

import math

from flint import fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from theory.engines.wishart.integer_lattice import IntegerLattice

integers = st.integers(-(10**20), 10**20)


@given(st.integers(1, 4), st.integers(0, 5), st.data())
def test_round_trip(variables, degree, data):
    lattice = IntegerLattice(variables, degree)
    size = math.comb(variables + degree, variables)
    assert len(set(lattice.points)) == len(lattice.exponents) == size
    coefficients = [fmpz_poly(data.draw(st.lists(integers, max_size=3))) for _ in lattice.exponents]
    values = []
    for point in lattice.points:
        value = fmpz_poly([])
        for c, a in zip(coefficients, lattice.exponents, strict=True):
            value += c * math.prod(x**k for x, k in zip(point, a, strict=True))
        values.append(value)
    assert lattice.coefficients(values) == coefficients
    assert lattice.coefficients(values) == coefficients  # the values are left as they were


def test_points_surround_the_origin():
    points = IntegerLattice(1, 162).points
    assert points[0] == (-81,) and points[-1] == (81,)
    assert (0, 0, 0) in IntegerLattice(3, 18).points
