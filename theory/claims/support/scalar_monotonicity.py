r"""A certificate: for scalar Gaussian inputs and one step of training, var(g_1) decreases in b for every b >= 1.

In a linear network with p = 1 each entry of g_{1,k} is M(s_0) s_1, s_i = (1/b) chi^2_b, where M is a polynomial of degree at most
m = 2H - 1 with coefficients c. With m_k(eps) = E[s^k] = prod_{j<k} (1 + 2 j eps), eps = 1/b,

    var = sum over entries c^T Q(eps) c,      Q_ij = (1 + 2 eps) m_{i+j} - m_i m_j.

If all leading minors of dQ/deps have non-negative coefficients in eps and are not zero, dQ/deps is positive definite for every eps > 0
(Sylvester), whatever c: var increases in eps, so it decreases in b, for every network at once.
"""

from __future__ import annotations

from functools import cache

from flint import fmpz_poly

from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, refuse_large, saturated
from theory.budget.unit_costs import UNITS
from theory.exact import as_index

Matrix = list[list[fmpz_poly]]


@cache
def chi_square_moment(k: int) -> fmpz_poly:
    """m_k = E[s^k] = prod_{j<k} (1 + 2 j eps)."""
    n = saturated(as_index(k, "k"))
    refuse_large("k", "the moment", Cost(1e-9 * n**3, n**2, f"a polynomial of degree {as_count(k)}"), "a smaller k")
    product = fmpz_poly([1])
    for j in range(k):
        product *= fmpz_poly([1, 2 * j])
    return product


def quadratic_form(degree: int, *, budget: Budget | None = None) -> Matrix:
    """Q(eps), of size degree + 1. UnaffordableError for a degree whose minors would exceed the budget, a minute by default."""
    n = saturated(as_index(degree, "degree"))
    cost = Cost(UNITS["minors.entry"] * n**8, 10 * n**4, f"a matrix of order {as_count(degree + 1)}")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, "the minors of this degree", ("a lower degree",))
    size = range(degree + 1)
    last = fmpz_poly([1, 2])
    return [[last * chi_square_moment(i + j) - chi_square_moment(i) * chi_square_moment(j) for j in size] for i in size]


def leading_minors(matrix: Matrix) -> list[fmpz_poly]:
    """det of the upper left k x k blocks, k = 1, 2, ...: Bareiss elimination, exact in Z[eps].

    Stops after the first minor that is zero as a polynomial.
    """
    rows = [list(row) for row in matrix]
    n = len(rows)
    previous = fmpz_poly([1])
    minors = []
    for k in range(n):
        pivot = rows[k][k]
        minors.append(pivot)
        if pivot.is_zero():
            break
        for i in range(k + 1, n):
            for j in range(k + 1, n):
                rows[i][j] = (rows[i][j] * pivot - rows[i][k] * rows[k][j]) / previous
        previous = pivot
    return minors


def minors_of_derivative(degree: int, *, budget: Budget | None = None) -> list[fmpz_poly]:
    """Leading minors of dQ/deps for entries M of this degree."""
    return leading_minors([[entry.derivative() for entry in row] for row in quadratic_form(degree, budget=budget)])


def is_certified(degree: int, *, budget: Budget | None = None) -> bool:
    """Whether every leading minor of dQ/deps has only non-negative coefficients and is not zero: true for every degree <= 7.

    Examples:
        >>> [is_certified(degree) for degree in (1, 3, 5, 7, 8)]
        [True, True, True, True, False]
    """
    return all(not minor.is_zero() and all(c >= 0 for c in minor.coeffs()) for minor in minors_of_derivative(degree, budget=budget))
