"""A good call of every public function and of some methods of theory, as data: for tests that change one argument of each."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np

from tests import instances
from theory import (
    SGD,
    DataSet,
    Discrete,
    Gaussian,
    Independent,
    Rademacher,
    TeacherStudent,
    Uniform,
    approximation,
    chebyshev,
    degrees,
    enumeration,
    large_batch,
    variance_poly,
)
from theory import gaussian_moments as gm
from theory import kronecker as kr
from theory import polynomial_networks as pn
from theory import recursion as rec
from theory import trace_forms as tf
from theory.activations import activation, custom, leaky_relu
from theory.inverse_batch import InverseBatchPolynomial
from theory.linear_regression import LinearRegression
from theory.references import quadrature

LINEAR, NORMAL, SMOOTH = instances.PINNED["two atoms"], instances.PINNED["scalar"], instances.SMOOTH["scalar"]
TANH = chebyshev.approximate("tanh", 4, 5)
FORM = tf.tr(tf.g(0, 1).T @ tf.g(0, 1))
LETTERS = rec.KroneckerForm.trace(tf.g(0, 1).T, tf.g(0, 1)) if hasattr(rec.KroneckerForm, "trace") else FORM
RELU = activation("relu")
FALLING = InverseBatchPolynomial([0, 1, -2, 3])
GAPS = approximation.every_path_bound(SMOOTH, TANH, 1, input_radius=2)
ONE = [[1]]
LAW2 = kr.StackedSamples(("y", "z"), (Gaussian(1), Rademacher(1)))
GOOD_CALLS: dict[Callable[..., Any], dict[str, Any]] = {
    variance_poly.variance_polynomial: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None},
    variance_poly.second_moment_polynomial: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None},
    variance_poly.mean_gradient: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None},
    variance_poly.loss_polynomial: {"problem": LINEAR, "step": 1, "engine": None},
    variance_poly.loss_variance_polynomial: {"problem": LINEAR, "step": 1, "engine": None},
    variance_poly.expectation: {"problem": LINEAR, "expression": FORM, "engine": None},
    variance_poly.predicted_cost: {"problem": LINEAR, "step": 1, "layer": 1, "engine": None},
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
    enumeration.loss_variance: {"problem": LINEAR, "step": 0, "batch_size": 1, "literal": False, "max_paths": 100},
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
    rec.expectation: {"form": FORM, "problem": LINEAR, "method": None},
    rec.literal_expectation: {"form": FORM, "problem": LINEAR},
    rec.predicted_cost: {"form": FORM, "problem": LINEAR, "method": None},
    rec.degree_bound: {"form": FORM, "depth": 2, "activation_degree": 1},
    rec.printed_degree_bound: {"form": FORM},
    rec.initial_values: {"problem": LINEAR},
    InverseBatchPolynomial: {"coefficients": [0, 1], "radii": None, "degree_bound": None, "largest_batch": None},
    Gaussian: {"dimension": 1},
    Discrete: {"atoms": [1, 2], "probabilities": None},
    DataSet: {"points": [1, 2], "targets": None},
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
        "sampling": "independent",
    },
    SGD: {"momentum": 0.5, "dampening": 0, "nesterov": True, "weight_decay": 0},
    activation: {"spec": "tanh"},
    leaky_relu: {"slope": F(1, 5)},
    custom: {"value": np.sin, "derivative": np.cos, "lipschitz": 1, "derivative_lipschitz": 1, "name": "sine"},
    LinearRegression: {"X": [[1], [2]], "y": [1, 2], "w0": [0], "learning_rates": 1, "replacement": True, "optimizer": SGD()},
    LinearRegression.population: {"law": Gaussian(1), "w_star": [1], "w0": [0], "learning_rates": 1, "noise": 1, "optimizer": SGD()},
    large_batch.leading_coefficient: {"problem": LINEAR, "step": 0, "layer": 1},
    large_batch.large_batch_law: {
        "problem": LINEAR,
        "steps": [0, 1],
        "layer": 1,
        "order": 1,
        "method": "probes",
        "relative_error": 0.5,
        "probes": 64,
        "seed": 0,
    },
    large_batch.large_batch_loss: {
        "problem": LINEAR,
        "steps": 1,
        "order": 1,
        "method": None,
        "relative_error": 0.5,
        "probes": None,
        "seed": 0,
    },
    large_batch.noise_scale: {"problem": LINEAR, "steps": 1, "layer": 1},
    large_batch.critical_batch_size: {"source": FALLING, "tolerance": F(1, 10)},
    large_batch.predicted_cost: {"problem": LINEAR, "step": 0, "method": None, "order": 1},
    quadrature.variance: {"problem": NORMAL, "step": 0, "layer": 1, "batch_size": 2, "bits": 64},
    quadrature.loss: {"problem": NORMAL, "step": 0, "batch_size": 2, "bits": 64},
    quadrature.loss_variance: {"problem": NORMAL, "step": 0, "batch_size": 2, "bits": 64},
    quadrature.predicted_cost: {"problem": NORMAL, "step": 0, "kind": "variance"},
}
GOOD_CALLS |= {
    f: {"step": 2, "depth": 2, "activation_degree": 3}
    for f in (degrees.variance_degree, degrees.mean_gradient_degree, degrees.loss_degree, degrees.loss_variance_degree)
}
GOOD_CALLS |= {
    degrees.printed_variance_degree_a7: {"step": 2},
    degrees.printed_variance_degrees_3_4: {"step": 2, "activation_degree": 2},
}
GOOD_CALLS |= {
    pn.gradient_products: {"sizes": (1, 2, 1), "activation": (0, 1, 1), "layer": 1, "fused": True},
    pn.count_products: {"sizes": (1, 2, 1), "activation": (0, 1, 1), "layer": 1, "fused": True},
    pn.printed_counts: {"sizes": (1, 2, 1), "degree": 2},
    pn.fewest_products: {"depth": 3, "degree": 2, "layer": 1},
    pn.fewest_products_of_wide_layers: {"depth": 3, "degree": 3, "width": 8},
    pn.evaluate: {"products": list(pn.gradient_products((1, 1), (0, 1), 1)), "weights": [[[1]]], "teacher": [[[2]]], "x": [3]},
}
#: Methods, as functions of the arguments after the object.
GOOD_CALLS |= {
    LINEAR.check_step: {"step": 0},
    LINEAR.check_layer: {"layer": 1},
    LINEAR.inputs.moment: {"exponents": [1]},
    FORM.degree: {"letters": tf.g(0, 1)},
    FORM.shape: {"problem": LINEAR},
    FALLING.threshold_interval: {"bits": 20},
    FALLING.latex: {"letter": "b", "digits": 3},
    RELU.piece_at: {"x": 2},
    RELU.exactly: {"x": 2},
    RELU.taylor: {"x": 2, "order": 2, "piece": 1},
}
for function, arguments in GOOD_CALLS.items():
    if "budget" in inspect.signature(function).parameters:
        arguments["budget"] = None
