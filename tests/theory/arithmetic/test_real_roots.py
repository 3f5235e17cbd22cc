"""Isolated roots against polynomials built from known roots."""

from fractions import Fraction as F
from functools import reduce

import pytest
from flint import fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from theory.arithmetic import real_roots
from theory.arithmetic.real_roots import floors_of_sign_changes, integer_polynomial, largest_positive_root, largest_sign_change
from theory.budget import RangeError

roots = st.lists(st.tuples(st.builds(F, st.integers(-20, 20), st.integers(1, 7)), st.integers(1, 3)), max_size=4)
quadratics = st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 5)), max_size=2)  # (x - a)^2 + c, no real root


def build(real, complex_pairs):
    factors = [fmpz_poly([-r.numerator, r.denominator]) ** k for r, k in real]
    factors += [fmpz_poly([a * a + c, -2 * a, 1]) for a, c in complex_pairs]
    return reduce(lambda product, factor: product * factor, factors, fmpz_poly([-3]))


def multiplicities(real):
    total = {}
    for r, k in real:
        total[r] = total.get(r, 0) + k
    return total


@given(roots, quadratics)
def test_the_largest_sign_change_is_the_largest_root_of_odd_multiplicity(real, pairs):
    odd = [r for r, k in multiplicities(real).items() if k % 2 and r > 0]
    low, high = largest_sign_change(build(real, pairs), 50)
    assert low <= max(odd, default=F(0)) <= high and high - low <= max(F(1), high) / 2**50


@given(roots, quadratics)
def test_the_largest_positive_root_of_any_multiplicity(real, pairs):
    low, high = largest_positive_root(build(real, pairs), 50)
    assert low <= max([r for r, _ in real if r > 0], default=F(0)) <= high and high - low <= max(F(1), high) / 2**50


def test_close_roots_are_told_apart():
    r = F(10**9 + 1, 10**9)
    polynomial = build([(F(1), 1), (r, 1), (r + F(1, 10**12), 2)], [])
    low, high = largest_sign_change(polynomial, 80)
    assert low <= r <= high
    assert largest_positive_root(polynomial, 80)[0] > r


def test_integer_polynomial_clears_denominators():
    assert integer_polynomial([F(1, 2), F(-2, 3)]) == fmpz_poly([3, -4])


@pytest.mark.parametrize(("degree", "a"), [(3, 10**9), (9, 10**40), (20, 3)])
def test_roots_that_nearly_meet_are_told_apart(degree, a):
    """Mignotte's x^n - 2 (a x - 1)^2 has two roots that are some a^{-n/2 - 1} apart, around 1/a; with a factor for roots near integers."""
    close = fmpz_poly([0] * degree + [1]) - 2 * fmpz_poly([-1, a]) ** 2
    beside = fmpz_poly([-(7 * a**3 + 1), a**3])  # 7 + a^-3
    floors = sorted(floors_of_sign_changes(close * beside))
    assert floors[:2] == [0, 0] and 7 in floors
    low, high = largest_sign_change(fmpz_poly([-(a**8) + 1, a**8]), 10)
    assert low <= 1 - F(1, a**8) <= high


def test_bits_are_not_doubled_without_end(monkeypatch):
    """Whatever is wrong with the balls: beyond the distance of roots it is not their width."""
    polynomial = build([(F(1, 3), 1), (F(7, 2), 3)], [])
    monkeypatch.setattr(real_roots, "_floor", lambda ball, squarefree: None)
    with pytest.raises(RangeError, match="not told apart in"):
        floors_of_sign_changes(polynomial)
