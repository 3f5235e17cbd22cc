"""Gaussian inputs with covariance v I: the closed form of either layer is exact at step 0."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from theory import Gaussian, TeacherStudent, variance_poly

simulate = pytest.importorskip("empirics").simulate


@pytest.mark.parametrize("cov", [[[F(1, 2)]], [[3, 0], [0, 3]], [[2, 1], [1, 2]]])
@pytest.mark.parametrize("layer", [1, 2])
def test_closed_forms_at_step_0(cov: list, layer: int) -> None:
    p = len(cov)
    problem = TeacherStudent([[[1, 2][:p]], [[3]]], [[[1, -1][:p]], [[2]]], Gaussian(cov=cov), learning_rates=F(1, 10))
    found = simulate(problem, batch_sizes=[4], steps=1, replicas=8, estimator="rao_blackwell")
    exact = float(variance_poly.variance_polynomial(problem, 0, layer)(4))
    assert float(found.var_gradient.sel(step=0, batch_size=4, layer=layer)) == pytest.approx(exact, rel=1e-12)
