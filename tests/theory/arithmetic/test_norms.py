"""Norm bounds beside exact ones: X^T X <= t^2 I in rationals, sums of squares in rationals."""

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from theory.arithmetic.definiteness import is_positive_semidefinite
from theory.arithmetic.norms import UNIT, frobenius, gamma, spectral, up, vector_norms

TIGHT = F(1, 10**12)  # relative excess of `spectral`: hundreds of units for matrices of this size
NEAR = F(1, 10**14)  # of sums of squares: tens of units
TINY = F(1, 2**1050)  # what `up` adds to a zero

entries = st.floats(-8, 8, width=32)
matrices = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=entries)


def is_bounded_by(matrix, bound):
    """||X||_2 <= bound, decided exactly: bound^2 I - X^T X has no negative eigenvalue."""
    x = np.array([[F(e) for e in row] for row in matrix.tolist()], dtype=object)
    return is_positive_semidefinite(np.array(np.eye(x.shape[1], dtype=int) * (bound * bound) - x.T @ x, dtype=object))


@given(matrices, st.integers(-400, 400))
def test_spectral_is_above_the_norm_and_close_to_it(matrix, k):
    scaled = matrix * 2.0**k
    bound = F(spectral(scaled))
    assert is_bounded_by(scaled, bound)
    if matrix.any():
        assert not is_bounded_by(scaled, bound * (1 - TIGHT))
    else:
        assert bound < TINY


@given(matrices, matrices)
def test_spectral_of_a_matrix_of_low_rank(left, right):
    product = left[:, :1] @ right[:1]
    assert is_bounded_by(product, F(spectral(product)))


@pytest.mark.parametrize(
    ("matrix", "norm"),
    [
        (np.ones((3, 12)), 6),
        (np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) * 0.25, F(1, 2)),
        (np.diag([3.0, -5.0, 0.0]), 5),
        (np.array([[3.0], [4.0]]), 5),
        (np.array([[0.0, 2.0**-600], [2.0**-700, 0.0]]), F(1, 2**600)),
        (np.eye(40) * 1e200, F(1e200)),
    ],
    ids=str,
)
def test_known_norms(matrix, norm):
    assert norm <= F(spectral(matrix)) <= norm * (1 + TIGHT)


@pytest.mark.parametrize("factors", [(1.1, 1 / 1.1, 1.0), (1.0, 1 / 1.1, 1.1), (1.0, 0.9, 1.0)], ids=["U", "V", "s"])
def test_spectral_bounds_the_norm_whatever_the_factors(monkeypatch, factors):
    # U and V that are not orthogonal, or a product that is not X
    svd = np.linalg.svd
    monkeypatch.setattr(np.linalg, "svd", lambda x, **how: tuple(c * f for c, f in zip(factors, svd(x, **how), strict=True)))
    matrix = np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 0.5]])
    assert is_bounded_by(matrix, F(spectral(matrix)))


def test_graded_rows():
    matrix = np.array([[1e150, 2e150], [1e-150, 3.0]])
    assert is_bounded_by(matrix, F(spectral(matrix))) and not is_bounded_by(matrix, F(spectral(matrix)) * (1 - TIGHT))


def is_just_above(bound, row):
    squares = sum((F(e) ** 2 for e in row), F(0))
    return squares <= F(bound) ** 2 <= squares * (1 + NEAR) or (squares == 0 and F(bound) < TINY)


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=3, max_side=4), elements=st.floats(-1e150, 1e150)))
def test_vector_norms_of_entries_of_any_size(rows):
    # subnormal entries included: TINY stands for those
    norms = vector_norms(rows)
    assert norms.shape == rows.shape[:-1]
    for bound, row in zip(norms.ravel().tolist(), rows.reshape(-1, rows.shape[-1]).tolist(), strict=True):
        squares = sum(F(e) ** 2 for e in row)
        assert squares <= F(bound) ** 2 and (F(bound) - TINY) ** 2 <= squares * (1 + NEAR) + TINY**2


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_squares_that_would_under_or_overflow(scale):
    row = np.array([3.0, 4.0, 12.0, 84.0]) * scale
    assert is_just_above(vector_norms(row[None])[0], row.tolist())
    assert is_just_above(frobenius(row.reshape(2, 2)), row.tolist())


@given(matrices)
def test_frobenius_is_just_above_and_is_no_less_than_spectral(matrix):
    assert is_just_above(frobenius(matrix), matrix.ravel().tolist())
    assert F(spectral(matrix)) <= F(frobenius(matrix)) * (1 + TIGHT) + TINY


@given(st.lists(st.floats(0, 1e100), min_size=16, max_size=16))
def test_up_is_above_what_a_short_sum_stands_for(terms):
    assert sum(map(F, terms)) <= F(float(up(float(np.cumsum(terms)[-1]))))


@given(st.floats(0, 1e300), st.floats(0, 1e300))
def test_up_grows_and_keeps_the_order(x, y):
    low, high = sorted((x, y))
    assert low < up(low) <= up(high) and up(np.array([low, high])).tolist() == [up(low), up(high)]
    assert F(float(up(x))) <= F(x) * (1 + 20 * F(UNIT)) + TINY


@given(st.integers(1, 10**9))
def test_gamma_is_above_its_definition(n):
    u = F(UNIT)
    assert n * u / (1 - n * u) <= F(gamma(n)) <= n * u * (1 + 4 * n * u)
