"""Orders, lengths, steps and nesting beyond the depth of Python's stack: a right answer, or a refusal by name."""

from __future__ import annotations

import math
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest
from flint import fmpq

from theory import Discrete, Gaussian, Independent, Rademacher, TeacherStudent, Uniform, enumeration, variance_poly
from theory.engines.frequencies.factorial_moments import _monomial_moments
from theory.engines.wishart.batch_moments import _of_degree
from theory.gaussian_moments import Wishart, isserlis, quadratic_forms_moment, wishart_moment
from theory.inputs.stein import double_factorial
from theory.kronecker import StackedSamples
from theory.recursion.partitions import bell, stirling_first, stirling_second
from theory.trace_forms import W, g, tr

DEEP = 2000


def odd_product(n: int) -> int:
    return math.prod(range(1, n, 2))


def test_gaussian_moments_of_high_order() -> None:
    # x = 3 z; and y = x + z' has variance 10
    assert isserlis([0] * DEEP, [[9]]) == 3**DEEP * odd_product(DEEP) == Gaussian(cov=[[9]]).moment([DEEP])
    assert Gaussian(1).moment([DEEP]) == odd_product(DEEP) == double_factorial(DEEP)
    assert isserlis([1] * 1200, [[9, 9], [9, 10]]) == 10**600 * odd_product(1200)
    assert isserlis([0] * (DEEP + 1), [[9]]) == 0
    # of independent coordinates, a product; of equal ones, one moment
    assert isserlis([0, 1] * 200, [[2, 0], [0, 3]]) == 6**100 * odd_product(200) ** 2
    assert isserlis([0, 1] * 200, [[2, 2], [2, 2]]) == 2**200 * odd_product(400)


@pytest.mark.parametrize("indices", [[0] * 10**6, [0, 1, 2] * 300, list(range(3)) * 10**4], ids=len)
def test_gaussian_moments_of_too_high_order_are_refused(indices: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^the moment of these indices would cost .*states of the recursion"):
        isserlis(indices, [[2, 1, 0], [1, 2, 1], [0, 1, 2]])
    with pytest.raises(ValueError, match=r"^exponents must "):
        Gaussian(cov=[[2, 1, 0], [1, 2, 1], [0, 1, 2]]).moment([indices.count(i) for i in range(3)])


LAWS = [Gaussian(1), Gaussian(cov=[[2]]), Rademacher(1), Uniform(1), Uniform(1, 0, 1), Discrete([1, F(1, 3)])]


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_every_law_has_high_moments_and_refuses_higher_ones(law: Any) -> None:
    assert law.moment([DEEP]) > 0
    for order in (10**9, 10**400):
        with pytest.raises(ValueError, match=r"^exponents must be of order 10,000 together at most"):
            law.moment([order])


def test_many_quadratic_forms_and_long_words() -> None:
    # E (x^2)^k = (2k - 1)!!
    assert quadratic_forms_moment([[[1]]] * 150, [[1]]) == odd_product(300)
    with pytest.raises(ValueError, match=r"^matrices must be at most 200 forms"):
        quadratic_forms_moment([[[1]]] * DEEP, [[1]])
    with pytest.raises(ValueError, match=r"^words\[0\] must have at most 100 factors"):
        wishart_moment([[Wishart(k) for k in range(DEEP)]], [[1]])
    with pytest.raises(ValueError, match=r"^words\[1\] must have at most 100 factors"):
        wishart_moment([[[[1]]], [[[2]]] * DEEP], [[1]])
    assert wishart_moment([[[[2]]]] * DEEP, [[1]]).coefficients == (2**DEEP,)


def test_many_atoms_and_many_steps() -> None:
    assert len(_monomial_moments((F(1, DEEP),) * 1000, 1)) == 1001
    assert next(_of_degree(DEEP, 2)) == (2, *[0] * (DEEP - 1))
    assert list(_of_degree(3, 2)) == [(2, 0, 0), (1, 1, 0), (1, 0, 1), (0, 2, 0), (0, 1, 1), (0, 0, 2)]
    atoms = Discrete(list(range(DEEP)))
    problem = TeacherStudent([[[1]]], [[[0]]], atoms, 0)
    squares = [F(n * n) for n in range(DEEP)]
    mean = sum(squares) / DEEP
    assert variance_poly.variance_polynomial(problem, 0, 1).coefficients == (0, sum((q - mean) ** 2 for q in squares) / DEEP)
    assert enumeration.variance(problem, batch_size=1, step=0, layer=1) == sum((q - mean) ** 2 for q in squares) / DEEP


def test_paths_of_many_steps() -> None:
    # with x = 1 always, w_t = 2^-t for the rate 1/2, and the gradient is w_t
    problem = TeacherStudent([[[1]]], [[[0]]], Discrete([1]), F(1, 2))
    assert enumeration.expectation(problem, lambda path: path.gradients[-1][0][0, 0], batch_size=1, step=1500) == F(1, 2**1500)
    assert enumeration.loss(problem, batch_size=3, step=1500) == F(1, 2 * 4**1500)


def test_long_forms() -> None:
    problem = TeacherStudent([[[F(1, 2)]]], [[[0]]], Discrete([1]), 0)
    word = W(0, 1)
    for _ in range(DEEP - 1):
        word = word @ W(0, 1)
    value = word.evaluate(lambda letter: np.array([[fmpq(1, 2)]], dtype=object))
    assert value.item() == fmpq(1, 2**DEEP)
    assert enumeration.expectation(problem, tr(word), batch_size=1, step=0) == F(1, 2**DEEP)
    deep: Any = g(0, 1)
    for _ in range(DEEP):
        deep = [deep]
    with pytest.raises(TypeError, match=r"^letters must be letters such as"):
        tr(word).degree(deep)
    deep.append(deep)
    with pytest.raises((TypeError, ValueError)):
        tr(word).degree(deep)


def test_partitions_of_many() -> None:
    assert stirling_second(1100, 2) == 2**1099 - 1 and stirling_first(1100, 1099) == -1100 * 1099 // 2
    assert [bell(n) for n in range(8)] == [1, 1, 2, 5, 15, 52, 203, 877] and bell(1100) > 0
    assert [stirling_first(4, j) for j in range(-1, 6)] == [0, 0, -6, 11, -6, 1, 0]
    assert [stirling_second(4, j) for j in range(-1, 6)] == [0, 0, 1, 7, 6, 1, 0]


def test_laws_of_many_parts() -> None:
    law = Gaussian(1)
    assert StackedSamples(tuple(range(DEEP)), (law,) * DEEP).moment([2] * DEEP) == 1
    assert Independent(DEEP, [1, 0, 2]).moment([2] * DEEP) == 2**DEEP
