"""Theorem A.9's bounds beside the runs that they are about, and what is built on them."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from tests.instances import SMOOTH
from theory import Gaussian, Rademacher, TeacherStudent
from theory.approximation import certified_decreasing_range, every_path_bound, gradient_gap_bound, polynomial_within
from theory.approximation.run_bounds import observed_gaps, polynomial_run, smooth_run
from theory.chebyshev import approximate

DEPTH, WIDTH, STEPS, BATCH, RATE = 3, 64, 10, 32, 0.01
GROUP = f"{DEPTH} layers of width {WIDTH}, {STEPS} batches of {BATCH}, tanh, degree 60"


def wide():
    """(problem, polynomial, batches); weights uniform on +-1 / sqrt(fan_in)."""
    generator = np.random.default_rng(0)
    draw = [[generator.uniform(-1, 1, (WIDTH, WIDTH)) / WIDTH**0.5 for _ in range(DEPTH)] for _ in range(2)]
    problem = TeacherStudent(*draw, Gaussian(WIDTH), RATE, "tanh")
    return problem, approximate("tanh", 4, 60), generator.standard_normal((STEPS, BATCH, WIDTH))


@pytest.mark.benchmark(group=GROUP)
def test_the_two_runs_alone(benchmark):
    problem, polynomial, x = wide()
    rates = [RATE] * STEPS

    def both():
        return smooth_run(problem, polynomial, rates, x), polynomial_run(problem, polynomial, rates, x)

    runs = benchmark(both)
    assert np.isfinite(observed_gaps(*runs).gradient).all()


@pytest.mark.benchmark(group=GROUP)
def test_the_bounds_along_a_run(benchmark):
    benchmark.extra_info["target"] = "0.2 s beside the run itself"
    problem, polynomial, x = wide()
    bounds = benchmark(gradient_gap_bound, problem, polynomial, x)
    benchmark.extra_info["largest bound and gap"] = f"{bounds.gradient.max():.2g}, {bounds.observed.gradient.max():.2g}"
    assert (bounds.observed.gradient <= bounds.gradient).all()
    assert bounds.is_certified


@pytest.mark.benchmark(group="every path")
def test_every_path_alone(benchmark):
    """The same network on samples of norm at most 1, for the domain to hold: two singular value decompositions for each layer, once."""
    problem, polynomial, _ = wide()
    bounds = benchmark(every_path_bound, problem, polynomial, STEPS, input_radius=1)
    assert bounds.observed is None and np.isfinite(bounds.gradient).all()


@pytest.mark.benchmark(group="every path")
def test_a_polynomial_within_a_tolerance(benchmark):
    """Sizes 2-2-1, two steps: some polynomials are made and certified on the way."""
    student, teacher = ([[F(1, 2), F(-1, 3)], [F(1, 4), 1]], [[F(1, 2), -1]]), ([[1, 0], [0, 1]], [[F(1, 2), F(1, 2)]])
    problem = TeacherStudent(student, teacher, Rademacher(2), F(1, 10), "tanh")
    polynomial = benchmark(polynomial_within, problem, 2, F(1, 10**6))
    benchmark.extra_info["degree"] = polynomial.degree
    assert every_path_bound(problem, polynomial, 2).gradient.max() <= 1e-6


@pytest.mark.benchmark(group="variances")
def test_a_decreasing_range(benchmark):
    """Sizes 1-1-1, two atoms, degree 21, b = 1..16 by enumeration of all mini-batches."""
    problem = SMOOTH["scalar"]
    polynomial = approximate("tanh", 3, 21)
    found = benchmark.pedantic(certified_decreasing_range, args=(problem, polynomial, 1, 1), kwargs={"largest": 16}, rounds=3)
    assert found.interval == (1, 14)
