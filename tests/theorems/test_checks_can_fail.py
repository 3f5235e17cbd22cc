"""The checks of the claims on general activations can come out either way: what they compare decides, not what is expected."""

from dataclasses import fields, replace
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb

from tests.instances import SMOOTH
from theory import Rademacher, TeacherStudent
from theory.approximation.gap_bounds import Gaps
from theory.claims import general_networks, leaky_relu, theorem_3_6, theorem_a9, theorem_a10
from theory.claims.general_networks import closeness
from theory.references import ball_runs

LITTLE = 1e-3  # of a bound: some bounds are only twice what happened


def test_a_distance_is_above_its_bound_or_not():
    width = arb(0, ball_runs.TOLERANCE / 4)
    assert ball_runs.compare([(arb(1), 2.0), (arb(3), 3.0)]) == (True, 0)
    assert not ball_runs.compare([(arb(1), 2.0), (arb(3), 2.5)])[0]
    holds, excess = ball_runs.compare([(arb(1) + width, 1.0)])  # undecided, within the tolerance
    assert holds and 0 < excess <= ball_runs.TOLERANCE
    assert not ball_runs.compare([(arb(1) + 8 * width, 1.0)])[0]  # undecided, beyond it


@pytest.mark.parametrize("kind", [f.name for f in fields(Gaps)])
def test_every_kind_of_gap_is_compared(monkeypatch, kind):
    instance, honest = theorem_a9.sigmoid_two_layers(), theorem_a9.gradient_gap_bound
    assert theorem_a9.check(instance).holds

    def with_a_small_one(*arguments):
        bounds = honest(*arguments)
        return replace(bounds, **{kind: LITTLE * getattr(bounds, kind)})

    monkeypatch.setattr(theorem_a9, "gradient_gap_bound", with_a_small_one)
    assert theorem_a9.check(instance).holds is False


def test_polynomials_close_to_the_teacher_s_use_too_do_follow():
    inside = TeacherStudent([[[1]], [[1]]], [[[F(-1, 2)]], [[1]]], Rademacher(1), 1, "sigmoid")
    assert theorem_a9.check_printed_proof(replace(theorem_a9.teacher_outside(), problem=inside)).holds is True
    assert theorem_a9.check_printed_proof(replace(theorem_a9.close_in_value(), orders=(1, 2, 3))).holds is True


def test_products_above_their_bound_fail(monkeypatch):
    honest = theorem_a10.product_gap_bound
    monkeypatch.setattr(theorem_a10, "product_gap_bound", lambda *a: LITTLE * honest(*a))
    assert theorem_a10.check(theorem_a10.squared_norm()).holds is False


@pytest.mark.parametrize("make", [theorem_a10.scaled, theorem_a10.a_power])
def test_products_that_stay_close_do_not_refute(make):
    instance = make()
    plain = next(iter(instance.form.letters))
    harmless = replace(instance, form=theorem_a10.tr(theorem_a10.g(plain.step, plain.layer)))
    assert theorem_a10.check_printed(harmless).holds is True


def test_a_tolerance_that_is_not_kept_fails(monkeypatch):
    """The promise is by the bound, and what happened by the paths: either of them above epsilon is a failure."""
    instance = theorem_3_6.single_tanh()
    coarse = theorem_3_6.approximate("tanh", 2.5, 5)
    monkeypatch.setattr(theorem_3_6, "polynomial_within", lambda *a: coarse)
    assert theorem_3_6.check(instance).holds is False
    monkeypatch.undo()
    honest = theorem_3_6.every_path_bound
    monkeypatch.setattr(theorem_3_6, "every_path_bound", lambda *a, **k: replace(b := honest(*a, **k), gradient=1e6 * b.gradient))
    assert theorem_3_6.check(instance).holds is False


def test_a_gap_that_no_sample_shows_does_not_refute(monkeypatch):
    assert theorem_3_6.check_printed(replace(theorem_3_6.gaussian_inputs(), tolerance=F(10**60))).holds is True
    monkeypatch.setattr(theorem_3_6, "fourth_moment", lambda p: (F(1), 2.0))
    assert theorem_3_6.check_printed(theorem_3_6.gaussian_inputs()).holds is None


def test_a_mean_that_does_not_fall_fails(monkeypatch):
    assert leaky_relu.check(replace(leaky_relu.relu(), degrees=(32, 40))).holds is False
    monkeypatch.setattr(leaky_relu, "mean_square_by_quadrature", lambda *a: 1.0)
    assert leaky_relu.check(replace(leaky_relu.relu(), degrees=(8, 32))).holds is False


def test_values_that_are_not_followed_fail(monkeypatch):
    assert leaky_relu.check(leaky_relu.itself()).holds
    assert leaky_relu.check(replace(leaky_relu.itself(), degrees=(16, 20))).holds is False  # hardly a fall
    honest = leaky_relu.approximate
    monkeypatch.setattr(leaky_relu, "approximate", lambda *a: replace(p := honest(*a), value_error=1.01 * p.value_error))
    assert leaky_relu.check(leaky_relu.itself()).holds is False
    monkeypatch.setattr(leaky_relu, "approximate", lambda *a: replace(honest(*a), lower_derivative_error=0.49))
    assert leaky_relu.check(leaky_relu.itself()).holds is False


def test_one_polynomial_that_follows_is_enough_for_the_print(monkeypatch):
    gaps = iter([F(1), F(1), F(0), F(0)])  # two degrees, two points each
    monkeypatch.setattr(leaky_relu, "_gap", lambda *a: next(gaps))
    monkeypatch.setattr(leaky_relu, "gap_in_doubles", lambda instance, degree, beside: float(degree == 8))
    assert leaky_relu.check_printed(replace(leaky_relu.relu(), degrees=(8, 32))).holds is True


def test_variances_outside_the_interval_or_out_of_order_fail(monkeypatch):
    problem = SMOOTH["scalar"]
    instance = general_networks.Close("small", problem, 1, 1, F(3), 21, 4)
    assert general_networks.check(instance).holds
    honest = closeness.certified_decreasing_range
    narrow = replace(found := honest(problem, theorem_3_6.approximate("tanh", 3, 21), 1, 1, largest=4), upper=found.lower)
    monkeypatch.setattr(closeness, "certified_decreasing_range", lambda *a, **k: narrow)
    assert general_networks.check(instance).holds is False
    wide = replace(found, lower=(0.0,) * 4, upper=(9.0,) * 4)
    monkeypatch.setattr(closeness, "certified_decreasing_range", lambda *a, **k: wide)
    assert general_networks.check(instance).holds
    monkeypatch.setattr(closeness.enumeration, "variance_ball", lambda p, t, k, *, batch_size: arb(batch_size))
    assert general_networks.check(instance).holds is False


def test_the_student_s_reach_is_that_of_its_hidden_layers():
    problem = TeacherStudent([[[3]], [[5]]], [[[0]], [[0]]], Rademacher(1), 1, "sigmoid")
    assert abs(float(theorem_a9._reach(problem, -np.ones((1, 1, 1)))) - 3) < 1e-12
