"""Arrays with bounds on their errors: against rationals, where sums cancel, where products underflow, and where doubles end."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from theory.arithmetic.bounded_arrays import Bounded, ExactArray, RoundedArray, contracted, total
from theory.budget import RangeError

RNG = np.random.default_rng(np.random.SeedSequence(14))


def as_fractions(array):
    return np.vectorize(F, otypes=[object])(array)


def computed(kind, a, b, c):
    """A chain with all the operations, whose last sum cancels."""
    x, y, z = kind.of(a), kind.of(b), kind.of(c)
    product = (x @ y) * (x @ y) + z @ kind.of(as_fractions(np.eye(len(c))) / 3)
    back = product @ product.map(np.transpose) + z
    return back + back * kind.of(np.array(F(-1)))  # 0, up to rounding


@pytest.mark.parametrize("scale", [1.0, 1e-40, 1e30, 2.0**-260])
def test_errors_are_within_their_bounds(scale):
    for _ in range(20):
        a, b, c = (RNG.normal(size=shape) * scale for shape in ((4, 7), (7, 4), (4, 4)))
        exact, rounded = (computed(kind, a, b, c).entries() for kind in (ExactArray, RoundedArray))
        for x, y in zip(exact.ravel(), rounded.ravel(), strict=True):
            assert x == Bounded(F(0)) and abs(y.value) <= y.radius
        products = [(kind.of(a) @ kind.of(b)).entries() for kind in (ExactArray, RoundedArray)]
        for x, y in zip(*(p.ravel() for p in products), strict=True):
            assert abs(x.value - y.value) <= y.radius <= F(1e-14) * F(np.abs(a).max()) * F(np.abs(b).max()) + F(2.0**-950)


def test_what_underflows_is_in_the_bound():
    small = RoundedArray.of(np.full((1, 3), 1e-200))
    for product in (small * small, small @ small.map(np.transpose)):
        found = product.entries().ravel()[0]
        assert found.value == 0 and found.radius >= 3 * F(1e-200) ** 2
    again = (RoundedArray.of(np.full((1, 1), 1e-310)) @ RoundedArray.of(np.full((1, 1), 0.1))) @ RoundedArray.of(np.full((1, 1), 1e300))
    found = again.entries()[0, 0]
    assert abs(found.value - F(1e-310) * F(0.1) * F(1e300)) <= found.radius


def test_numbers_that_are_doubles_have_no_error_and_others_do():
    assert RoundedArray.of(np.array([F(1, 4), F(-3)], dtype=object)).radius is None
    third = RoundedArray.of(np.array([F(1, 3)], dtype=object)).entries()[0]
    assert 0 < abs(third.value - F(1, 3)) <= third.radius < F(1e-16)


def test_a_sum_beyond_doubles_is_told():
    with np.errstate(over="ignore"), pytest.raises(RangeError, match="left the range of double precision"):
        total(RoundedArray.of(np.array([1e200])) * RoundedArray.of(np.array([1e200])))


@pytest.mark.parametrize("kind", [ExactArray, RoundedArray])
@pytest.mark.parametrize(
    ("first", "second", "kept"), [("ab", "bc", "ac"), ("nik", "njk", "jni"), ("xa", "xa", ""), ("n", "nab", "anb"), ("ab", "cd", "dbca")]
)
def test_contractions_are_those_of_einsum(kind, first, second, kept):
    sizes = dict(zip("abcdnijkx", (2, 3, 4, 5, 3, 2, 4, 3, 6), strict=True))
    x, y = (RNG.integers(-5, 6, size=[sizes[i] for i in letters]).astype(float) for letters in (first, second))
    found = contracted((first, kind.of(x)), (second, kind.of(y)), kept).entries()
    expected = np.einsum(f"{first},{second}->{kept}", x, y)
    assert found.shape == expected.shape and all(b.value == F(float(e)) for b, e in zip(found.ravel(), expected.ravel(), strict=True))
