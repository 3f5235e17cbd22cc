"""Exact variance polynomials for finite support: the cubature engine beside polynomials in the frequencies, written out."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from tests.theory.engines.frequencies import plain_frequencies
from theory import Discrete, TeacherStudent
from theory.degrees import variance_degree
from theory.engines.base import Quantity
from theory.engines.frequencies import Frequencies
from theory.engines.frequencies.factorial_moments import cubature

TARGET = "both layers, degree 76: 1.5 s (4 s: polynomials written out, last batch in closed form)"


def two_atoms():
    return TeacherStudent(
        [[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]],
        [[[0, 1], [1, 0]], [[1, 1]]],
        Discrete([(1, 2), (2, -1)], [F(1, 3), F(2, 3)]),
        [F(1, 5), F(1, 3), F(1, 4)],
    )


def by_engine(problem, step):
    cubature.cache_clear()
    return [Frequencies().compute(problem, Quantity("variance", step, k)) for k in range(1, problem.depth + 1)]


def written_out(problem, step):
    plain_frequencies._moment.cache_clear()
    return [plain_frequencies.variance(problem, step, k) for k in range(1, problem.depth + 1)]


@pytest.mark.parametrize("method", [by_engine, written_out], ids=["engine", "plain"])
@pytest.mark.benchmark(group="two atoms, sizes 2-2-1, t = 3, both layers")
def test_degree_76(benchmark, method):
    benchmark.extra_info["target"] = TARGET
    benchmark.extra_info["predicted"] = str(Frequencies().cost(two_atoms(), Quantity("variance", 3, 1))) + " a layer"
    found = benchmark.pedantic(method, args=(two_atoms(), 3), rounds=1 if method is written_out else 3)
    assert [v.degree for v in found] == [variance_degree(3)] * 2
    assert found[0](2) == by_engine(two_atoms(), 3)[0](2)


def deep_quadratic():
    layers = [[[[1]], [[F(1, 2)]], [[-1]]], [[[F(1, 2)]], [[1]], [[1]]]]
    return TeacherStudent(*layers, Discrete([1, -2], [F(1, 3), F(2, 3)]), F(1, 5), (F(1, 2), 1, 1))


@pytest.mark.parametrize("method", [by_engine, written_out], ids=["engine", "plain"])
@pytest.mark.benchmark(group="three layers, quadratic activation, t = 1, every layer: degree 26")
def test_deep_quadratic(benchmark, method):
    found = benchmark.pedantic(method, args=(deep_quadratic(), 1), rounds=1 if method is written_out else 3)
    assert [v.degree for v in found] == [26] * 3


@pytest.mark.parametrize("method", [by_engine, written_out], ids=["engine", "plain"])
@pytest.mark.benchmark(group="four atoms in the plane, sizes 2-2-1, t = 1, both layers")
def test_four_atoms(benchmark, method):
    law = Discrete([(1, 0), (1, 2), (0, -1), (3, 1)], [F(1, 2), F(1, 4), F(1, 8), F(1, 8)])
    problem = TeacherStudent(two_atoms().student, two_atoms().teacher, law, F(1, 5))
    found = benchmark.pedantic(method, args=(problem, 1), rounds=1 if method is written_out else 3)
    assert [v.degree for v in found] == [6, 6]
