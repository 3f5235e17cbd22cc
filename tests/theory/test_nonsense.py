"""Nonsense in the place of every argument of every public function of theory is a ValueError or TypeError that names the argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from theory import (
    SGD,
    Discrete,
    Gaussian,
    Independent,
    Rademacher,
    TeacherStudent,
    Uniform,
    approximation,
    chebyshev,
    enumeration,
    large_batch,
    variance_poly,
)
from theory import gaussian_moments as gm
from theory import kronecker as kr
from theory import recursion as rec
from theory import trace_forms as tf
from theory.activations import activation, custom, leaky_relu
from theory.inverse_batch import InverseBatchPolynomial
from theory.references import quadrature

LINEAR = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2]), F(1, 10))
NORMAL = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Gaussian(1), F(1, 10))
SMOOTH = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2]), F(1, 10), "tanh")
TANH = chebyshev.approximate("tanh", 4, 5)
FORM = tf.tr(tf.g(0, 1).T @ tf.g(0, 1))
LETTERS = rec.KroneckerForm.trace(tf.g(0, 1).T, tf.g(0, 1)) if hasattr(rec.KroneckerForm, "trace") else FORM
GAPS = approximation.every_path_bound(SMOOTH, TANH, 1, input_radius=2)
ONE = [[1]]
LAW2 = kr.StackedSamples(("y", "z"), (Gaussian(1), Rademacher(1)))
TABLE: dict[Callable[..., Any], dict[str, Any]] = {
    variance_poly.variance_polynomial: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None, "budget": None},
    variance_poly.second_moment_polynomial: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None, "budget": None},
    variance_poly.mean_gradient: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None, "budget": None},
    variance_poly.loss_polynomial: {"problem": LINEAR, "step": 1, "engine": None, "budget": None},
    variance_poly.expectation: {"problem": LINEAR, "expression": FORM, "engine": None, "budget": None},
    variance_poly.predicted_cost: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None, "budget": None},
    chebyshev.approximate: {"activation": "tanh", "radius": 2, "degree": 3, "method": "interpolate", "certify": True},
    chebyshev.convergence_rate: {"activation": "tanh", "radius": 2},
    chebyshev.degree_for: {"activation": "tanh", "radius": 2, "tolerance": 0.1, "method": "interpolate"},
    chebyshev.power_basis: {"chebyshev": [0, 1], "radius": 2},
    chebyshev.sup_norms: {"activation": "tanh", "radius": 2},
    approximation.certified_decreasing_range: {
        "problem": SMOOTH,
        "polynomial": TANH,
        "step": 0,
        "layer": 1,
        "largest": 2,
        "max_paths": 10**4,
    },
    approximation.every_path_bound: {"problem": SMOOTH, "polynomial": TANH, "steps": 1, "input_radius": 2},
    approximation.gradient_gap_bound: {
        "problem": SMOOTH,
        "polynomial": TANH,
        "batches": np.ones((1, 1, 1)),
        "envelope": "run",
        "budget": None,
        "input_radius": None,
    },
    approximation.polynomial_within: {"problem": SMOOTH, "steps": 1, "tolerance": 0.5, "input_radius": 2},
    approximation.product_gap_bound: {"form": FORM, "problem": SMOOTH, "bounds": GAPS},
    approximation.telescoped: {"norms": [1.0], "gaps": [0.1]},
    approximation.variance_gap: {"problem": SMOOTH, "polynomial": TANH, "step": 0, "layer": 1, "input_radius": 2},
    enumeration.cost: {"problem": LINEAR, "step": 0, "batch_size": 1, "literal": False},
    enumeration.moments: {"problem": LINEAR, "step": 0, "layer": 1, "batch_size": 1, "literal": False, "max_paths": 100},
    enumeration.variance: {"problem": LINEAR, "step": 0, "layer": 1, "batch_size": 1, "literal": False, "max_paths": 100},
    enumeration.variance_ball: {"problem": SMOOTH, "step": 0, "layer": 1, "batch_size": 1, "literal": False, "max_paths": 100, "bits": 64},
    enumeration.mean_gradient: {"problem": LINEAR, "step": 0, "layer": 1, "batch_size": 1, "literal": False, "max_paths": 100},
    enumeration.loss: {"problem": LINEAR, "step": 0, "batch_size": 1, "literal": False, "max_paths": 100},
    enumeration.expectation: {"problem": LINEAR, "function": FORM, "step": 0, "batch_size": 1, "literal": False, "max_paths": 100},
    enumeration.interpolated_polynomial: {
        "problem": LINEAR,
        "step": 0,
        "layer": 1,
        "degree": 1,
        "kind": "variance",
        "extra": 1,
        "max_paths": 100,
    },
    gm.isserlis: {"indices": [0, 0], "cov": ONE},
    gm.quadratic_forms_moment: {"matrices": [ONE], "cov": ONE},
    gm.wishart_moment: {"words": [[gm.Wishart()]], "cov": ONE, "arithmetic": "auto"},
    gm.Wishart: {"batch": 0},
    kr.kronecker_product: {"matrices": [np.array(ONE)]},
    kr.kronecker_of_rows: {"rows": [[ONE]]},
    kr.product_of_columns: {"rows": [[ONE]]},
    kr.padded: {"rows": [[ONE]]},
    kr.StackedSamples: {"names": ("y",), "laws": (Gaussian(1),)},
    kr.moment_matrices: {"law": LAW2, "y_count": 1, "y_dimension": 1, "z_count": 1, "z_dimension": 1},
    kr.expected_quadratic_product: {"law": LAW2, "a": [ONE], "d": [ONE, ONE], "y_dimension": 1},
    kr.direct_quadratic_product: {"law": LAW2, "a": [ONE], "d": [ONE, ONE], "y_dimension": 1},
    tf.W: {"step": 0, "layer": 1},
    tf.g: {"step": 0, "layer": 1, "sample": None},
    tf.teacher: {"layer": 1},
    tf.constant: {"name": "A", "matrix": ONE},
    tf.identity: {"size": 1},
    tf.tr: {"form": tf.W(0, 1)},
    rec.expectation: {"form": FORM, "problem": LINEAR, "method": None, "budget": None},
    rec.literal_expectation: {"form": FORM, "problem": LINEAR, "budget": None},
    rec.predicted_cost: {"form": FORM, "problem": LINEAR, "method": None},
    rec.degree_bound: {"form": FORM, "depth": 2, "activation_degree": 1},
    rec.printed_degree_bound: {"form": FORM},
    rec.initial_values: {"problem": LINEAR},
    InverseBatchPolynomial: {"coefficients": [0, 1], "radii": None, "degree_bound": None},
    Gaussian: {"dimension": 1},
    Discrete: {"atoms": [1, 2], "probabilities": None},
    Independent: {"dimension": 1, "moments": [1, 0, 1]},
    Rademacher: {"dimension": 1},
    Uniform: {"dimension": 1, "low": 0, "high": 1},
    TeacherStudent: {
        "student": [ONE],
        "teacher": [ONE],
        "inputs": Gaussian(1),
        "learning_rates": 1,
        "activation": (0, 1),
        "optimizer": SGD(),
    },
    SGD: {"momentum": 1, "dampening": 0, "nesterov": True, "weight_decay": 0},
    activation: {"spec": "tanh"},
    leaky_relu: {"slope": F(1, 5)},
    custom: {"value": np.sin, "derivative": np.cos, "lipschitz": 1, "derivative_lipschitz": 1, "name": "sine"},
    large_batch.leading_coefficient: {"problem": LINEAR, "step": 0, "layer": 1, "budget": None},
    large_batch.predicted_cost: {"problem": LINEAR, "step": 0},
    quadrature.variance: {"problem": NORMAL, "step": 0, "layer": 1, "batch_size": 2, "bits": 64, "budget": None},
    quadrature.loss: {"problem": NORMAL, "step": 0, "batch_size": 2, "bits": 64, "budget": None},
    quadrature.predicted_cost: {"problem": NORMAL, "step": 0, "kind": "variance"},
}
#: Methods, as functions of the arguments after the object.
TABLE |= {
    LINEAR.check_step: {"step": 0},
    LINEAR.check_layer: {"layer": 1},
    LINEAR.inputs.moment: {"exponents": [1]},
    FORM.degree: {"letters": tf.g(0, 1)},
    FORM.shape: {"problem": LINEAR},
}
NONSENSE: list[Any] = [
    None,
    5,
    -1,
    2.5,
    "x",
    [],
    [[]],
    {},
    {"a": 1},
    {1, 2},
    object(),
    lambda: None,
    True,
    float("nan"),
    10**400,
    b"x",
    int,
    Ellipsis,
]
#: What a message may say in the place of an argument's own name.
ALSO = {
    "spec": "activation",
    "function": "form|function|problem",
    "form": "form|problem",
    "bounds": "bounds|form",
    "names": "names|laws",
    "d": "d|law",
    "a": "a|law",
    "y_dimension": "y_dimension|law",
    "matrix": "A|matrix",
    "name": "name",
    "slope": "slope",
    "chebyshev": "chebyshev",
    "problem": "problem|activation|inputs",
    "batch_size": "batch_size|max_paths|budget|problem",
    "step": "step|budget|learning_rates|max_paths|problem",
    "inputs": "inputs",
    "input_radius": "input_radius|polynomial",
    "steps": "steps|budget",
    "degree": "degree|max_paths|budget",
    "largest": "largest|max_paths|budget",
    "max_paths": "max_paths|budget|paths",
    "extra": "extra|max_paths|budget",
    "y_count": "y_count|law|C_uv",
    "z_count": "z_count|law|C_uv",
    "z_dimension": "z_dimension|law|C_uv",
    "radius": "radius",
    "polynomial": "polynomial",
    "law": "law|inputs",
    "radii": "radii|coefficients",
    "expression": "expression|form|problem",
}
CASES = [(f, given, name) for f, given in TABLE.items() for name in given]


@pytest.mark.parametrize(
    ("function", "given", "name"), CASES, ids=[f"{getattr(f, '__qualname__', type(f).__name__)}-{n}" for f, _, n in CASES]
)
def test_nonsense_is_refused_by_name(function: Callable[..., Any], given: dict[str, Any], name: str) -> None:
    for value in NONSENSE:
        if name == "function" and callable(value):
            continue  # a user's function raises what it likes
        if name == "step" and value == 5:
            continue  # a good step, and a long computation
        words = refusal(function, {**given, name: value})
        if words is not None:
            assert any(word in words for word in ALSO.get(name, name).split("|")), f"{value!r}: {words}"
            assert len(words) < 900


def refusal(function: Callable[..., Any], arguments: dict[str, Any]) -> str | None:
    """The words in which a call is refused; None for one that is answered."""
    try:
        function(**arguments)
    except (ValueError, TypeError) as error:
        return str(error)
    return None


def test_every_argument_of_a_function_is_tried() -> None:
    for function, given in TABLE.items():
        parameters = set(inspect.signature(function).parameters)
        if function not in (Gaussian,):
            assert parameters == set(given), function


@pytest.mark.parametrize("function", list(TABLE), ids=lambda f: getattr(f, "__qualname__", type(f).__name__))
def test_the_call_that_nonsense_is_put_into_is_a_good_one(function: Callable[..., Any]) -> None:
    function(**TABLE[function])
