"""The Wishart generator against the table of a batch's moments: a differential operator against Stein's identity."""

from __future__ import annotations

from flint import Ordering, fmpq_mpoly_ctx, fmpq_poly
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import gaussians
from theory.engines.wishart import generator as wishart_generator
from theory.engines.wishart.batch_moments import batch_moments, entries
from theory.exact import to_fmpq


@given(st.integers(1, 3).flatmap(gaussians))
def test_every_monomial(law):
    pairs = entries(law.dimension)
    degree = 4 if law.dimension < 3 else 3
    context = fmpq_mpoly_ctx.get(["eps", *(f"s{i}{j}" for i, j in pairs)], Ordering.lex)
    sigma = [[to_fmpq(x) for x in row] for row in law.second_moment.tolist()]
    table = batch_moments(law, degree)
    for a in table.numerators:
        value = wishart_generator.expectation(context.from_dict({(0, *a): 1}), range(1, len(pairs) + 1), 0, sigma)
        coefficients = {int(m[0]): c for m, c in value.to_dict().items()}
        assert fmpq_poly([coefficients.get(k, 0) for k in range(degree + 1)]) == table[a]


def test_linear_in_whatever_else_there_is():
    context = fmpq_mpoly_ctx.get(["w", "eps", "s"], Ordering.lex)
    w, eps, s = context.gens()
    found = wishart_generator.expectation(w**3 * s**2 + 5 * w * s + 7, [2], 1, [[w]])
    assert found == w**3 * w**2 * (1 + 2 * eps) + 5 * w * w + 7  # a covariance that is a variable itself
