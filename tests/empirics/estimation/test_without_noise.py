"""Runs that are all alike: what varies is rounding, and nothing may be made of it."""

from __future__ import annotations

import numpy as np
import pytest

from empirics import DataSet, simulate
from theory import Discrete, Gaussian, Rademacher, TeacherStudent

ONE = TeacherStudent([[[0.3], [0.2]], [[0.3, 1.1]]], [[[1], [0.1]], [[1, 1]]], Rademacher(1), learning_rates=0.1)


def of(law, activation=(0, 1)):
    student = [[[0.3, 0.7], [0.2, -1.1]], [[0.3, 1.1]]]
    return TeacherStudent(student, [[[1, 0], [0, 1]], [[1, 1]]], law, learning_rates=0.1, activation=activation)


PROBLEMS = {
    "signs of one coordinate": ONE,
    "one atom": of(Discrete([(1, 0.3)])),
    "one point": of(DataSet([[1, 0.3]])),
    "a point twice": of(DataSet([[1, 0.3], [1, 0.3]])),
    "a point twice, quadratic": of(DataSet([[1, 0.3], [1, 0.3]]), (0, 1, 0.5)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_controls_of_rounding_alone_are_left_out(name, dtype):
    runs = {
        e: simulate(PROBLEMS[name], batch_sizes=[1, 4], steps=8, replicas=400, estimator=e, dtype=dtype)
        for e in ("naive", "rao_blackwell", "controlled")
    }
    plain = runs["naive"]
    for name in ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared", "loss"):
        for other in ("rao_blackwell", "controlled"):
            off = np.abs(runs[other][name] - plain[name])
            assert (off <= 4 * (plain[f"{name}_se"] + runs[other][f"{name}_se"])).all(), (name, other)
    assert (np.abs(runs["controlled"].var_gradient) <= 4 * runs["controlled"].var_gradient_se).all()  # exactly 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [3, 8])
def test_a_student_that_is_its_teacher_has_variance_zero_within_its_error(dtype, hidden):
    """Nothing but the rounding of W_2 W_1 - W*_2 W*_1 is left, of which ||g||^2 itself tells nothing."""
    generator = np.random.default_rng(hidden)
    layers = [generator.standard_normal((hidden, 3)), generator.standard_normal((2, hidden))]
    problem = TeacherStudent(layers, layers, Gaussian(3), learning_rates=0.01)
    result = simulate(problem, batch_sizes=[1, 8], steps=5, replicas=100, dtype=dtype)
    for name in ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared", "loss"):
        assert (np.abs(result[name]) <= 4 * result[f"{name}_se"]).all()
        assert (result[f"{name}_se"] < 1e-6).all()


def test_shards_of_one_block_fill_both_halves():
    """With controls, so that their coefficients can be fitted crosswise."""
    result = simulate(of(Rademacher(2)), batch_sizes=[2], steps=3, replicas=300, shard_replicas=4)
    assert "too few blocks" not in result.var_gradient.attrs["estimator"]
