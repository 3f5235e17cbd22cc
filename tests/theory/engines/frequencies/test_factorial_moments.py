"""Moments of frequencies against the multinomial law written out, and the cubature rule against the moments."""

from __future__ import annotations

from fractions import Fraction as F
from math import comb, factorial, prod

import numpy as np
from flint import fmpz_poly
from hypothesis import given
from hypothesis import strategies as st

from theory.engines.frequencies.factorial_moments import cubature
from theory.inverse_batch import InverseBatchPolynomial


@st.composite
def probabilities(draw, largest=3):
    weights = draw(st.lists(st.integers(1, 4), min_size=1, max_size=largest))
    return tuple(F(w, sum(weights) + draw(st.integers(0, 2))) for w in weights)


def moment_at(p, exponents, b):
    """E prod q_n^{k_n} at one b: the sum over all counts, the rest of the law lumped into one more atom."""
    total, rest = F(0), 1 - sum(p)
    for counts in np.ndindex(*[b + 1] * len(p)):
        left = b - sum(counts)
        if left >= 0:
            orders = factorial(b) // prod(map(factorial, (*counts, left)))
            chance = orders * prod((x**c for x, c in zip(p, counts, strict=True)), start=F(1)) * rest**left
            total += chance * prod((F(c, b) ** k for c, k in zip(counts, exponents, strict=True)), start=F(1))
    return total


@given(probabilities(), st.integers(0, 5), st.data(), st.integers(1, 5))
def test_the_rule_is_exact_up_to_its_degree(p, degree, data, b):
    exponents = data.draw(st.tuples(*[st.integers(0, degree)] * len(p)).filter(lambda k: sum(k) <= degree))
    rule = cubature(p, degree)
    assert len(rule.nodes) == comb(degree + len(p), len(p))
    polynomial = integrated(rule, exponents)
    assert polynomial(b) == moment_at(p, exponents, b)
    assert polynomial.degree <= max(sum(exponents) - 1, 0)


def test_the_rule_is_not_exact_beyond_its_degree():
    rule = cubature((F(1, 3),), 4)
    assert integrated(rule, (5,))(2) != moment_at([F(1, 3)], (5,), 2)


def test_no_variables_and_degree_zero():
    assert cubature((), 7).nodes == ((),)
    assert integrated(cubature((), 7), ()).coefficients == (1,)
    assert cubature((F(1, 2), F(1, 4)), 0).nodes == ((0, 0),)


def integrated(rule, exponents):
    total = sum(
        prod((j**k for j, k in zip(node, exponents, strict=True))) * weight for node, weight in zip(rule.nodes, rule.weights, strict=True)
    )
    return InverseBatchPolynomial([F(int(c), int(rule.denominator)) for c in total.coeffs()])


def test_one_atom_needs_one_node_whatever_the_degree():
    """At once: no table of binomial coefficients, which would have ten thousand digits each."""
    rule = cubature((), 30_000)
    assert rule.nodes == ((),) and rule.weights == (fmpz_poly([1]),) and rule.denominator == 1
