"""Certified approximants: fit and certificate, the fit alone, and a certificate by plain balls beside the one by Taylor expansions."""

from __future__ import annotations

import heapq
from fractions import Fraction as F

import pytest
from flint import arb, arb_poly, ctx, fmpq_poly

from theory.activations import activation
from theory.chebyshev import approximate
from theory.chebyshev.remez import best_uniform
from theory.chebyshev.sup_bounds import certified_sup
from theory.exact import to_fmpq

BITS = 128  # of the plain route
WITHIN = 0.01  # of each other: the upper and the lower bound

on_a_small_case = pytest.mark.benchmark(group="sup |sigmoid - P| on [-2, 2] within 1%, degree 5: the certificate alone")


@pytest.mark.parametrize(("degree", "target"), [(20, "0.05 s"), (41, "0.3 s")])
@pytest.mark.benchmark(group="sigmoid on [-8, 8]: fit and certificate")
def test_sigmoid(benchmark, degree, target):
    benchmark.extra_info["target"] = target
    p = benchmark.pedantic(approximate, args=("sigmoid", 8, degree), rounds=5)
    benchmark.extra_info["errors"] = f"{p.value_error:.2g} of the value, {p.derivative_error:.2g} of the derivative"
    assert p.is_certified and p.derivative_error <= (1 + WITHIN) * p.lower_derivative_error


@pytest.mark.parametrize("degree", [20, 41])
@pytest.mark.benchmark(group="sigmoid on [-8, 8]: Remez' exchange for the derivative")
def test_remez(benchmark, degree):
    benchmark.extra_info["target"] = "0.05 s"
    p = benchmark.pedantic(best_uniform, args=(activation("sigmoid").derivative, degree - 1, 8.0), rounds=5)
    assert p.degree() <= degree - 1


def fitted():
    """sigma, R and P, of degree 5."""
    p = approximate("sigmoid", 2, 5)
    return p.activation, p.radius, fmpq_poly([to_fmpq(c) for c in p.coefficients])


@on_a_small_case
def test_by_taylor_expansions(benchmark):
    benchmark.extra_info["target"] = "0.005 s"
    ((lower, upper),) = benchmark.pedantic(certified_sup, args=(*fitted(), (0,)), rounds=5)
    assert lower <= upper <= (1 + WITHIN) * lower


@on_a_small_case
def test_by_plain_balls(benchmark):
    lower, upper, cells = benchmark.pedantic(certified_by_plain_balls, args=fitted(), rounds=1)
    benchmark.extra_info["cells"] = f"{cells}; the value alone, at a low degree: on [-8, 8] with degree 20 it would not end"
    ((low, high),) = certified_sup(*fitted(), (0,))
    assert max(low, lower) <= min(high, upper) and upper <= (1 + WITHIN) * lower


def certified_by_plain_balls(sigma, radius, polynomial):
    """Bounds on sup |sigma - P| and the number of cells: the cell of the largest bound is halved until it is within 1% of a value met."""

    def cell(centre, r):
        middle = arb(to_fmpq(centre))
        at, over = (abs(sigma.taylor(x, 1)[0] - polynomial(x)) for x in (middle, middle + arb(0, arb(to_fmpq(r)).upper())))
        return float(at.abs_lower()), (-float(over.abs_upper()), centre, r)

    with ctx.workprec(BITS):
        polynomial = arb_poly(polynomial)
        lower, first = cell(F(0), radius)
        cells, count = [first], 1
        while -cells[0][0] > (1 + WITHIN) * lower:
            _, centre, r = heapq.heappop(cells)
            for side in (centre - r / 2, centre + r / 2):
                low, new = cell(side, r / 2)
                lower, count = max(lower, low), count + 1
                heapq.heappush(cells, new)
    return lower, -cells[0][0], count
