"""At the ends of the range: what cannot be held is refused by name, what overflows diverges, what underflows claims no precision."""

from __future__ import annotations

import warnings
from fractions import Fraction as F

import numpy as np
import pytest

from empirics import DataSet, make_plan, simulate
from empirics.runs.rounding import uncancelled
from tests.instances import network
from theory import SGD, Discrete, Gaussian, Rademacher, TeacherStudent, Uniform, variance_poly

ONE, NONE = [[[1]], [[1]]], [[[0]], [[0]]]
LAYERED = ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared")
#: Doubles hold these; squares, or squares of squares, of what comes of them they do not.
DIVERGES = {
    "weights": (TeacherStudent([[[1e155]], [[1]]], ONE, Gaussian(1), 0.1), 0),
    "both layers": (TeacherStudent([[[1e200]], [[-1e200]]], ONE, Rademacher(1), 0.1), 0),
    "largest double": (TeacherStudent([[[1.7e308, 1.7e308]], [[1]]], [[[1, 1]], [[1]]], Gaussian(2), 0.1), 0),
    "a fraction": (TeacherStudent([[[F(10**301, 3)]], [[1]]], ONE, Discrete([1, 2]), F(1, 10)), 0),
    "teacher": (TeacherStudent(ONE, [[[1e180]], [[1e180]]], Uniform(1), 0.1), 0),
    "covariance": (TeacherStudent(ONE, NONE, Gaussian(cov=[[10**300]]), 0.1), 0),
    "points": (TeacherStudent(ONE, NONE, DataSet([1e150, 3.0]), 0.1), 0),
    "rate": (TeacherStudent(ONE, NONE, Gaussian(1), 1e300), 1),
    "later rate": (TeacherStudent(ONE, NONE, Gaussian(1), [F(1, 10), F(10**300)]), 2),
    "relu": (TeacherStudent([[[1e200]], [[1e200]]], ONE, Gaussian(1), 0.1, "relu"), 0),
    "tanh": (TeacherStudent([[[1]], [[1e200]]], ONE, Gaussian(1), 0.1, "tanh"), 0),
    "activation": (TeacherStudent(ONE, NONE, Discrete([1, 2]), 0.1, (0, 1, F(10**200))), 0),
}


@pytest.mark.parametrize("engine", ["auto", "networks", "autograd"])
@pytest.mark.parametrize("name", DIVERGES)
def test_what_overflows_has_diverged(name, engine):
    problem, first = DIVERGES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = simulate(problem, batch_sizes=[1, 3], steps=3, replicas=60, engine=engine)
    lost = result.diverged.values
    assert (lost[:first] == 0).all() and (lost[first:] > 0).all()
    for variable in (*LAYERED, "loss"):
        for suffix in ("", "_se"):
            assert np.isnan(result[variable + suffix].values[lost > 0]).all()
        assert np.isfinite(result[variable].values[lost == 0]).all()


@pytest.mark.parametrize(("problem", "name"), [
    (lambda: TeacherStudent([[[1, 10**400]], [[1]]], [[[1, 1]], [[1]]], Gaussian(2), 0.1), r"student\[0\]\[0, 1\]"),
    (lambda: TeacherStudent(ONE, [[[1]], [[F(-(10**310), 3)]]], Gaussian(1), 0.1), r"teacher\[1\]\[0, 0\]"),
    (lambda: TeacherStudent(ONE, ONE, Discrete([1, -(10**5000)]), 0.1), "atoms"),
    (lambda: TeacherStudent(ONE, ONE, Gaussian(1), [F(1), F(10**400)]), "learning_rates"),
    (lambda: TeacherStudent(ONE, ONE, Gaussian(1), lambda t: F(10**400)), "learning_rates"),
    (lambda: TeacherStudent(ONE, ONE, Gaussian(cov=[[10**400]]), 0.1), r"inputs|covariance"),
    (lambda: TeacherStudent(ONE, ONE, Discrete([1, 2]), 0.1, (0, 10**400)), "activation"),
])  # fmt: skip
def test_what_no_double_holds_is_refused_by_name(problem, name):
    with pytest.raises(ValueError, match=name):
        simulate(problem(), batch_sizes=[1], steps=3, replicas=60)


@pytest.mark.parametrize(("problem", "name"), [
    (TeacherStudent([[[1, 1e39]], [[1]]], [[[1, 1]], [[1]]], Gaussian(2), 0.1), r"student\[0\]\[0, 1\]"),
    (TeacherStudent(ONE, [[[1]], [[-(10**39)]]], Gaussian(1), 0.1), r"teacher\[1\]\[0, 0\]"),
    (TeacherStudent(ONE, ONE, Discrete([(1,), (F(10**40, 7),)]), 0.1), r"atoms\[1, 0\]"),
    (TeacherStudent(ONE, ONE, DataSet([1.0, -1e60]), 0.1), r"points\[1, 0\]"),
    (TeacherStudent(ONE, None, DataSet([1.0, 2.0], targets=[1.0, 1e39]), 0.1), r"targets\[1, 0\]"),
    (TeacherStudent(ONE, ONE, Gaussian(1), 0.1, optimizer=SGD(weight_decay=1e39)), "optimizer.weight_decay"),
    (TeacherStudent(ONE, ONE, Uniform(1, 0, 10**39), 0.1), "high"),
    (TeacherStudent(ONE, ONE, Gaussian(1), [0.1, 1e39]), r"learning_rates\[1\]"),
    (TeacherStudent(ONE, ONE, Gaussian(1), 1e39), "learning_rates"),
    (TeacherStudent(ONE, ONE, Discrete([1, 2]), 0.1, (0, 1, 1e39)), r"activation\[2\]"),
])  # fmt: skip
def test_what_single_precision_does_not_hold_is_refused_by_name(problem, name):
    simulate(problem, batch_sizes=[1], steps=1, replicas=4)
    with pytest.raises(ValueError, match=name + " must be within the range of single precision"):
        simulate(problem, batch_sizes=[1], steps=1, replicas=4, dtype="float32")


@pytest.mark.parametrize("engine", ["auto", "networks"])
def test_single_precision_diverges_where_it_ends(engine):
    """||g||^2 = 1e40 and more; a rate that only a function knows of."""
    large = TeacherStudent([[[1e10]], [[1e10]]], ONE, Rademacher(1), 1e-30)
    assert (simulate(large, batch_sizes=[1], steps=2, replicas=60, dtype="float32", engine=engine).diverged == 1).all()
    assert (simulate(large, batch_sizes=[1], steps=2, replicas=60, engine=engine).diverged == 0).all()
    rates = TeacherStudent(ONE, NONE, Gaussian(1), lambda t: 1e39 if t else 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lost = simulate(rates, batch_sizes=[1], steps=4, replicas=60, dtype="float32", engine=engine).diverged.values[:, 0]
    assert lost[0] == lost[1] == 0 and (lost[2:] == 1).all()


@pytest.mark.parametrize(("scale", "dtype"), [
    (1e-5, "float32"), (1e-12, "float32"), (1e-41, "float64"), (1e-60, "float64"), (1e-120, "float64"),
])  # fmt: skip
def test_what_underflows_claims_no_precision(scale, dtype):
    generator = np.random.default_rng(0)
    student, teacher = ([scale * generator.normal(size=(3, 2)), scale * generator.normal(size=(2, 3))] for _ in range(2))
    problem = TeacherStudent(student, teacher, Gaussian(2), 0.1)
    for estimator in ("naive", "rao_blackwell"):
        at = simulate(problem, batch_sizes=[4], steps=1, replicas=400, dtype=dtype, estimator=estimator).sel(step=0, batch_size=4)
        exact = np.array([float(variance_poly.variance_polynomial(problem, 0, k)(4)) for k in (1, 2)])
        assert np.isfinite(at.var_gradient_se).all() and (np.abs(at.var_gradient - exact) <= 5 * at.var_gradient_se).all()


def test_sizes_beyond_doubles_are_infinite():
    gradients, loss = uncancelled(make_plan(DIVERGES["both layers"][0], batch_sizes=[1, 2], steps=1, replicas=2))
    assert np.isposinf(gradients).all() and np.isposinf(loss)
    gradients, loss = uncancelled(make_plan(network((2, 3, 1), Gaussian(2), seed=3), batch_sizes=[1, 2], steps=1, replicas=2))
    assert np.isfinite(gradients).all() and np.isfinite(loss)
