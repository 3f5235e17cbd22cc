"""numpy's treatment of floating-point errors is the caller's: where it raises, results are what they are where it does not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from empirics import DataSet
from theory import Discrete, Gaussian, TeacherStudent, Uniform, enumeration
from theory.approximation import every_path_bound, gradient_gap_bound, variance_gap
from theory.chebyshev import approximate
from theory.variance_poly import variance_polynomial

SMALL, LARGE = 5e-324, np.finfo(float).max
STUDENT, TEACHER = [[[0.1, 0.2], [0.3, 0.25]], [[0.5, -0.25]]], [[[0, 0.3], [0.1, -0.1]], [[0.7, 0.1]]]
TANH = TeacherStudent(STUDENT, TEACHER, Discrete([[0.1, 0.5], [-0.25, 0.3]]), 0.1, activation="tanh")

CALLS: dict[str, Callable[[], Any]] = {
    "a data set's second moment": lambda: DataSet([[SMALL, 1.0], [1e300, 2.0], [3.5, 1e-310]]).second_moment.tolist(),
    "a data set's moments": lambda: DataSet([[SMALL, LARGE], [LARGE, 0.1]]).moment((3, 2)),
    "a data set's norm bound": lambda: (DataSet([[LARGE, LARGE]]).norm_bound, DataSet([[SMALL, SMALL]]).norm_bound),
    "a covariance": lambda: Gaussian(cov=np.array([[1e-320, 0.0], [0.0, 1e300]])).second_moment.tolist(),
    "norm bounds": lambda: (Discrete([[SMALL, 0.1]]).norm_bound, Uniform(2, SMALL, 1e300).norm_bound),
    "an approximant": lambda: approximate("gelu", 8, 9).coefficients,
    "a run's gaps": lambda: gradient_gap_bound(
        TANH, approximate("tanh", 4, 21), TANH.inputs.sample(np.random.default_rng(0), (2, 3))
    ).gradient.tolist(),
    "every path's gaps": lambda: every_path_bound(TANH, approximate("tanh", 4, 21), 2).gradient.tolist(),
    "a variance's gap": lambda: str(variance_gap(TANH, approximate("tanh", 4, 21), 1, 1)),
    "a polynomial": lambda: variance_polynomial(TeacherStudent([[[1e-300]]], [[[F(1, 3)]]], DataSet([SMALL, 1e300]), 0.1), 0, 1),
    "an enumeration": lambda: str(enumeration.variance_ball(TANH, 0, 1, batch_size=2).mid()),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_do_not_depend_on_what_numpy_raises(name: str) -> None:
    with np.errstate(all="ignore"):
        expected = CALLS[name]()
    with np.errstate(all="raise"):
        assert CALLS[name]() == expected
