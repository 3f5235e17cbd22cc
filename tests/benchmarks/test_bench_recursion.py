"""E||g_1||^2 by the recursion: the residual kept as a letter; words against graphs against the literal theorems."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from theory import Discrete, Gaussian, TeacherStudent
from theory.recursion import expectation, literal_expectation
from theory.recursion.closed import gaussian_sum, graph_sum
from theory.recursion.codes import Alphabet
from theory.trace_forms import g, tr


def _problem(law) -> TeacherStudent:
    p = law.dimension
    return TeacherStudent(
        student=[[[F(1, 2)] * p, [F(-1, 3)] * p], [[1, 2]]],
        teacher=[[[1] * p, [0] * p], [[F(1, 2), 1]]],
        inputs=law,
        learning_rates=F(1, 4),
    )


NORM = tr(g(1, 1).T @ g(1, 1))


@pytest.mark.benchmark(group="E||g_1||^2, symbolic, Gaussian")
def test_residual_kept(benchmark):
    problem = _problem(Gaussian(2))
    terms = benchmark(lambda: gaussian_sum(NORM, Alphabet(problem)))
    alphabet = Alphabet(problem)
    residual = alphabet.code(("D", 0))
    residuals = [sum(code in (residual, residual ^ 1) for word in key.traces for code in word) for key in gaussian_sum(NORM, alphabet)]
    benchmark.extra_info.update(products_of_traces=len(terms), target="1,713 in 0.34 s")
    benchmark.extra_info.update(if_every_residual_were_written_out=sum(2**n for n in residuals))
    assert len(terms) == 1713


@pytest.mark.benchmark(group="E||g_1||^2, symbolic, any law")
def test_graphs(benchmark):
    problem = _problem(Discrete([(1, 0), (F(1, 2), -1)]))
    terms = benchmark(lambda: graph_sum(NORM, Alphabet(problem)))
    benchmark.extra_info.update(graphs=len(terms), target="873 in 0.11 s")
    assert len(terms) == 873


@pytest.mark.benchmark(group="E||g_1||^2, value, p = 2")
@pytest.mark.parametrize("method", ["words", "graphs"])
def test_values(benchmark, method):
    problem = _problem(Gaussian(2))
    v = benchmark(lambda: expectation(NORM, problem, method=method))
    assert v.degree == 6


@pytest.mark.benchmark(group="E||g_1||^2, value, scalar network")
@pytest.mark.parametrize("compute", [expectation, literal_expectation], ids=["closed", "literal"])
def test_scalar(benchmark, compute):
    problem = TeacherStudent([[[1]], [[2]]], [[[1]], [[F(1, 2)]]], Discrete([1, 2], [F(1, 3), F(2, 3)]), learning_rates=F(1, 4))
    v = benchmark.pedantic(lambda: compute(NORM, problem), rounds=1)
    assert v.degree == 6
