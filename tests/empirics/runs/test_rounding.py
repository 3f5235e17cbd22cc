"""The floor under standard errors: what nothing more precise than the arithmetic can tell."""

from __future__ import annotations

import numpy as np
import pytest

from empirics import DataSet, make_plan, simulate
from empirics.runs.rounding import UNITS, rounding_errors, uncancelled
from theory import Gaussian, Rademacher, TeacherStudent, variance_poly


def plan_of(student, teacher, law=None, **change):
    problem = TeacherStudent(student, teacher, law or Gaussian(cov=[[4]]), learning_rates=0.1)
    return make_plan(problem, **{"batch_sizes": [1, 2], "steps": 2, "replicas": 8} | change)


def test_sizes_without_cancellation():
    """Layers 3 and 5, teacher 2 and 8, sigma^2 = 4: ||g_1|| is at most 5 (15 + 16) 4 (1 + 1/b)^(1/2)."""
    gradients, loss = uncancelled(plan_of([[[3]], [[5]]], [[[2]], [[8]]]))
    others, terms = np.array([5, 4]), 4 * 5 + 16  # what the layers would come to is 4 = 16^(1/2)
    noise = np.array([4 + 4 / 1, 4 + 4 / 2])
    assert gradients == pytest.approx(noise[:, None] * 4 * (others * terms) ** 2)
    assert loss == pytest.approx(4 * terms**2)


def test_errors_of_all_statistics():
    plan = plan_of([[[3]], [[5]]], [[[2]], [[8]]], dtype="float32")
    values = np.arange(1.0, 37.0).reshape(2, 2, 9)
    found = rounding_errors(plan, values)
    gradients, loss = uncancelled(plan)
    u = UNITS * 2.0**-23
    for t, b, k in np.ndindex(2, 2, 2):
        second = values[t, b, 4 + k]
        assert found[t, b, k:8:2] == pytest.approx(u * (second + np.sqrt(second * gradients[b, k])) + u * u * gradients[b, k])
    assert found[..., 8] == pytest.approx(u * (values[..., 8] + np.sqrt(values[..., 8] * loss)) + u * u * loss)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("engine", ["two_linear", "networks"])
def test_what_cancels_within_a_product(engine, dtype):
    """W_2 W_1 = 0 to rounding, though W_2 is large."""
    generator = np.random.default_rng(0)
    w1 = generator.normal(size=(8, 2))
    u, _ = np.linalg.qr(w1)
    w2 = generator.normal(size=(2, 8)) * 1e6
    w2 -= (w2 @ u) @ u.T
    problem = TeacherStudent([w1, w2], [np.zeros((8, 2)), np.zeros((2, 8))], Rademacher(2), learning_rates=1e-9)
    at = simulate(problem, batch_sizes=[4], steps=1, replicas=400, dtype=dtype, engine=engine).squeeze()
    exact = [float(variance_poly.variance_polynomial(problem, 0, k)(4)) for k in (1, 2)]
    assert (np.abs(at.var_gradient - exact) <= 4 * at.var_gradient_se).all()


@pytest.mark.parametrize("scale", [1e-3, 1e-2, 1.0])
def test_small_weights_that_grow(scale):
    """Single precision beside double precision, while the student learns a teacher that is much larger."""
    generator = np.random.default_rng(1)
    data = DataSet(generator.normal(size=(6, 2)))
    teacher = [generator.normal(size=(3, 2)), generator.normal(size=(2, 3))]
    student = [scale * generator.normal(size=(3, 2)), scale * generator.normal(size=(2, 3))]
    problem = TeacherStudent(student, teacher, data, learning_rates=0.08)
    single, double = (
        simulate(problem, batch_sizes=[3], steps=1500, replicas=100, estimator="rao_blackwell", every=50, dtype=dtype)
        for dtype in ("float32", "float64")
    )
    for name in ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared", "loss"):
        z = (single[name] - double[name]) / np.hypot(single[f"{name}_se"], double[f"{name}_se"])
        assert float(np.abs(z).max()) < 5, name
