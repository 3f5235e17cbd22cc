"""Comparisons: z-scores, Holm's correction, NaN is no agreement, and a p-value for a whole set."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from empirics import compare, compare_dataset, simulate
from empirics.estimation.comparison import holm
from tests.instances import network
from theory import Gaussian


def stepwise(p, count):
    """Holm's procedure as he gives it: the smallest a at which hypothesis i is rejected, by walking down the sorted p-values."""
    order, adjusted, running = sorted(range(len(p)), key=lambda i: p[i]), [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        running = max(running, (count - rank) * p[i])
        adjusted[i] = min(1.0, running)
    return adjusted


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 5))
def test_holm_is_the_stepwise_procedure(p, more):
    assert holm(np.array(p), len(p) + more).tolist() == stepwise(p, len(p) + more)


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=8), st.sampled_from([0.01, 0.05, 0.3]))
def test_holm_rejects_what_walking_down_rejects(p, level):
    ordered = sorted(p)
    passed = next((i for i, x in enumerate(ordered) if x * (len(p) - i) > level), len(p))
    assert sorted(holm(np.array(p)) <= level).count(True) == passed


def test_z_and_p():
    found = compare([[1.0, 3.0], [2.0, 0.0]], [[0.5, 0.5], [1.0, 2.0]], [[2.0, 2.0], [2.0, -1.0]], rounding=0)
    assert found.z.tolist() == [[-2.0, 2.0], [0.0, 0.5]] and found.count == 4
    assert found.p == pytest.approx(2 * stats.norm.sf(np.abs(found.z)))


def test_far_tails_keep_their_digits():
    assert compare(30.0, 1.0, 0.0).p == pytest.approx(2 * stats.norm.sf(30), rel=1e-10)


def test_broadcasting():
    assert compare(np.ones((3, 2)), 0.1, [1.0, 1.1]).z.shape == (3, 2)


def test_without_sampling_error_only_rounding_is_forgiven():
    assert compare(1 + 1e-10, 0.0, 1.0).agrees() and not compare(1 + 1e-8, 0.0, 1.0).agrees()
    assert compare(0.0, 0.0, 0.0).z == 0 and compare(1e-30, 0.0, 0.0).z == np.inf and compare(-1.0, 0.0, 0.0).z == -np.inf


def test_correction_for_comparisons_made_elsewhere():
    assert not compare(3.5, 1.0, 0.0).agrees() and compare(3.5, 1.0, 0.0, comparisons=100).agrees()
    assert compare(3.5, 1.0, 0.0, comparisons=100).adjusted == pytest.approx(100 * compare(3.5, 1.0, 0.0).p)


@pytest.mark.parametrize(("arguments", "message"), [
    ((np.nan, 1.0, 1.0), "estimate must be finite, but 1 of its 1"), (([1.0, np.inf], 1.0, 1.0), "estimate must be finite, but 1 of its 2"),
    ((1.0, np.nan, 1.0), "standard_error must be finite"), ((1.0, np.inf, 1.0), "standard_error must be finite"),
    ((1.0, 1.0, np.nan), "exact must be finite"), ((1.0, -1.0, 1.0), "standard_error must not be negative"),
])  # fmt: skip
def test_what_is_no_number_is_no_agreement(arguments, message):
    with pytest.raises(ValueError, match=message):
        compare(*arguments)


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="comparisons must be at least the 2 made here, but was 1"):
        compare([1.0, 2.0], 1.0, 1.0, comparisons=1)
    for bad in (-1.0, np.nan):
        with pytest.raises(ValueError, match="rounding must"):
            compare(1.0, 1.0, 1.0, rounding=bad)


def test_the_set_p_value_is_uniform_for_true_comparisons():
    generator = np.random.default_rng(0)
    p = [compare(generator.standard_normal(40), 1.0, 0.0).set_p_value for _ in range(400)]
    assert stats.kstest(p, "uniform").pvalue > 1e-4


@pytest.mark.parametrize(("scale", "shift"), [(2.0, 0.0), (0.4, 0.0), (1.0, 1.0)], ids=["errors too small", "errors too large", "bias"])
def test_the_set_p_value_is_tiny_for_wrong_ones(scale, shift):
    generator = np.random.default_rng(1)
    assert compare(scale * generator.standard_normal(300) + shift, 1.0, 0.0).set_p_value < 1e-8


def test_a_dataset_beside_functions_of_b():
    values = np.arange(12.0).reshape(2, 3, 2)
    dims = ("step", "batch_size", "layer")
    data = xr.Dataset(
        {"x": (dims, values), "x_se": (dims, np.full((2, 3, 2), 2.0))}, {"step": [0, 5], "batch_size": [1, 2, 4], "layer": [1, 2]}
    )
    found = compare_dataset(data, {(5, 1): lambda b: 4 + b, (0, 2): lambda b: 0}, "x", rounding=0, comparisons=9)
    assert found.z.tolist() == [[0.5, 1.0, 1.0], [0.5, 1.5, 2.5]] and found.count == 9
    data["x_df"] = (dims, values + 3)
    few = compare_dataset(data, {(5, 1): lambda b: 4 + b, (0, 2): lambda b: 0}, "x", rounding=0)
    assert few.degrees_of_freedom.tolist() == [[9, 11, 13], [4, 6, 8]]
    assert few.p == pytest.approx(2 * stats.t.sf(few.z, few.degrees_of_freedom))
    with pytest.raises(ValueError, match="polynomials must be"):
        compare_dataset(data, {(1, 1): lambda b: 0}, "x")


@pytest.mark.parametrize(("arguments", "options", "message"), [
    (([], [], []), {}, "estimate must have one entry at least"), (([1.0], [1.0], [1.0]), {"comparisons": "x"}, "comparisons must be"),
    (([1.0], [1.0], [1.0]), {"rounding": "x"}, "rounding must be"), (([1.0], [1.0], [1.0]), {"rounding": float("nan")}, "rounding must be"),
], ids=str)  # fmt: skip
def test_what_cannot_be_compared_is_named(arguments, options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        compare(*arguments, **options)


def test_any_number_of_comparisons():
    """Beyond the doubles too: then nothing but a p-value of 0 stands out."""
    few, many = (compare([1.0, 2.0], [0.1, 0.2], [1.1, 50.0], comparisons=n, rounding=0) for n in (10**5, 10**5000))
    assert few.adjusted[0] == many.adjusted[0] == 1 and few.p[1] == 0 == few.adjusted[1] == many.adjusted[1]
    assert few.count == 10**5 and many.count == 10**5000
    assert holm(np.array([1e-200]), 10**190) == pytest.approx(1e-10)


def test_what_a_dataset_does_not_have_is_named():
    run = simulate(network((2, 3, 1), Gaussian(2)), batch_sizes=[4], steps=2, replicas=16)
    for polynomials, variable, message in (
        ({}, "var_gradient", "estimate must have one entry"), ({(0, 1): float}, "variance", "variable must be one of"),
        ({(0, 1): float}, "diverged", "variable must be one of"), ({(2, 1): float}, "loss", r"polynomials .* but had \(2, 1\)"),
        ({(0, 3): float}, "var_gradient", r"polynomials .* but had \(0, 3\)"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            compare_dataset(run, polynomials, variable)


@pytest.mark.parametrize(
    "wrong",
    [
        *(7, None, [(0, 1)], {(0, 1): 3}, {(0, 1): len}, {(0, 1): str}, {5: float}, {"x": float}, {(0, 1, 2): float}),
        *({(memoryview(b"ab"), 2): float}, {(0, True): float}, {(0.0, 1): float}, {(0, 10**400): float}),
    ],
)
def test_polynomials_of_another_kind_are_named(wrong):
    run = simulate(network((2, 3, 1), Gaussian(2)), batch_sizes=[4], steps=1, replicas=64)
    with pytest.raises((TypeError, ValueError), match="polynomials"):
        compare_dataset(run, wrong)


def test_a_part_of_a_dataset_and_what_is_none_are_named():
    run = simulate(network((2, 3, 1), Gaussian(2)), batch_sizes=[4], steps=2, replicas=64)
    with pytest.raises(ValueError, match="lacks step"):
        compare_dataset(run.isel(step=0), {(0, 1): float})
    with pytest.raises(ValueError, match="for every layer"):
        compare_dataset(run, {(1, 1): float}, "loss")
    with pytest.raises(TypeError, match="dataset must be"):
        compare_dataset(run.var_gradient, {(0, 1): float})
    with pytest.raises(ValueError, match="did you mean 'var_gradient'"):
        compare_dataset(run, {(0, 1): float}, "var_gradeint")
    with pytest.raises(ValueError, match=r"polynomials\[\(0, 1\)\]\(4\) must be within the range of doubles"):
        compare_dataset(run, {(0, 1): lambda b: 10**400})


MASKED = np.ma.masked_equal([1.0, -9999.0], -9999)


@pytest.mark.parametrize("wrong", ["x", [None], [[1.0], [1.0, 2.0]], 10**400, [True], [1j], [MASKED, MASKED]])
def test_what_is_no_array_of_numbers_is_named(wrong):
    with pytest.raises((TypeError, ValueError), match="exact"):
        compare([1.0], [0.1], wrong)


def test_exact_values_are_rounded_once():
    assert compare([1 / 3], [0.1], [Fraction(1, 3)]).z[0] == 0


def test_deep_nesting_is_refused_by_name():
    nested: list = [1.0]
    for _ in range(5000):
        nested = [nested]
    with pytest.raises((ValueError, TypeError), match="exact must"):
        compare([1.0], [0.1], nested)
