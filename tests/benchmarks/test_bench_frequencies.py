"""Exact variance polynomials for finite support: the cubature engine beside polynomials in the frequencies, written out."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest

from tests.instances import PINNED
from tests.oracles import FREQUENCIES, frequencies
from theory import Discrete
from theory.degrees import variance_degree
from theory.engines.base import Quantity
from theory.engines.frequencies import Frequencies
from theory.engines.frequencies.factorial_moments import cubature

TWO_ATOMS = PINNED["plane of two atoms"]
TARGET = "both layers, degree 76: 1.5 s (4 s: polynomials written out, last batch in closed form)"


def by_engine(problem, step):
    cubature.cache_clear()
    return [Frequencies().compute(problem, Quantity("variance", step, k)) for k in range(1, problem.depth + 1)]


def written_out(problem, step):
    frequencies._moment.cache_clear()
    return [FREQUENCIES.polynomial(problem, Quantity("variance", step, k)) for k in range(1, problem.depth + 1)]


@pytest.mark.parametrize("method", [by_engine, written_out], ids=["engine", "plain"])
@pytest.mark.benchmark(group="two atoms, sizes 2-2-1, t = 3, both layers")
def test_degree_76(benchmark, method):
    benchmark.extra_info["target"] = TARGET
    benchmark.extra_info["predicted"] = str(Frequencies().cost(TWO_ATOMS, Quantity("variance", 3, 1))) + " a layer"
    found = benchmark.pedantic(method, args=(TWO_ATOMS, 3), rounds=1 if method is written_out else 3)
    assert [v.degree for v in found] == [variance_degree(3)] * 2
    assert found[0](2) == by_engine(TWO_ATOMS, 3)[0](2)


@pytest.mark.parametrize("method", [by_engine, written_out], ids=["engine", "plain"])
@pytest.mark.benchmark(group="three layers, quadratic activation, t = 1, every layer: degree 26")
def test_deep_quadratic(benchmark, method):
    found = benchmark.pedantic(method, args=(PINNED["deep quadratic"], 1), rounds=1 if method is written_out else 3)
    assert [v.degree for v in found] == [26] * 3


@pytest.mark.parametrize("method", [by_engine, written_out], ids=["engine", "plain"])
@pytest.mark.benchmark(group="four atoms in the plane, sizes 2-2-1, t = 1, both layers")
def test_four_atoms(benchmark, method):
    law = Discrete([(1, 0), (1, 2), (0, -1), (3, 1)], [F(1, 2), F(1, 4), F(1, 8), F(1, 8)])
    problem = replace(TWO_ATOMS, inputs=law, learning_rates=F(1, 5))
    found = benchmark.pedantic(method, args=(problem, 1), rounds=1 if method is written_out else 3)
    assert [v.degree for v in found] == [6, 6]
