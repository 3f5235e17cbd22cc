"""Momentum, weight decay and labels: both coefficients against the exact polynomials, in rationals, in doubles and by probes."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from tests.theory.large_batch.test_large_batch import QUADRATIC, coefficient, network
from theory import SGD, Discrete, Gaussian, TeacherStudent
from theory.budget import CannotError
from theory.inputs import DataSet
from theory.large_batch import large_batch_law, large_batch_loss, noise_scale
from theory.variance_poly import loss_polynomial, variance_polynomial

OPTIMIZERS = [
    SGD(momentum=F(1, 2)),
    SGD(momentum=F(2, 3), nesterov=True, weight_decay=F(1, 10)),
    SGD(momentum=F(1, 2), dampening=F(1, 3)),
    SGD(weight_decay=F(1, 5)),
]
LABELLED = DataSet([[0, 1], [1, 1], [2, 1], [-1, 1], [2, 1]], targets=[1, 0, 2, 1, 2])


def labelled(activation=(0, 1), **options):
    """Biases in the first layer by the constant coordinate, labels that no network gives."""
    return TeacherStudent([[[1, F(1, 2)], [0, 1]], [[F(1, 2), -1]]], None, LABELLED, F(1, 10), activation, **options)


def check(problem, step):
    loss, polynomial = large_batch_loss(problem, [step], order=2), loss_polynomial(problem, step)
    assert (loss.limit[0], loss.beta1[0], loss.beta2[0]) == tuple(coefficient(polynomial, power) for power in range(3))
    for layer in range(1, problem.depth + 1):
        v = variance_polynomial(problem, step, layer)
        law = large_batch_law(problem, [step], layer, order=2, method="rationals")
        assert (law.beta1[0], law.beta2[0]) == (coefficient(v, 1), coefficient(v, 2))
        doubles = large_batch_law(problem, [step], layer, order=2, method="directions")
        found, expected = np.array([doubles.beta1[0], doubles.beta2[0]]), np.array([law.beta1[0], law.beta2[0]], dtype=float)
        assert np.allclose(found, expected, rtol=1e-11, atol=1e-12 * float(sum(map(abs, v.coefficients))))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
def test_optimizers_with_a_state(optimizer):
    check(network((1, 1, 1), Discrete([0, 1, -2]), optimizer=optimizer), 2)


@pytest.mark.parametrize("activation", [(0, 1), QUADRATIC], ids=str)
@pytest.mark.parametrize("optimizer", [SGD(), OPTIMIZERS[1]], ids=str)
def test_labels(activation, optimizer):
    check(labelled(activation, optimizer=optimizer), 1)


def test_labels_by_probes():
    problem = labelled(optimizer=OPTIMIZERS[0])
    exact, law = (large_batch_law(problem, 3, 1, order=2, method=m, probes=n) for m, n in (("directions", None), ("probes", 20_000)))
    assert (np.abs(law.beta1 - exact.beta1)[1:] < 5 * law.standard_error[1:]).all() and (law.standard_error < 0.03 * exact.beta1).all()
    assert (np.abs(law.beta2 - exact.beta2)[1:] < 5 * law.beta2_standard_error[1:]).all()
    loss = large_batch_loss(problem, 3, method="probes", probes=20_000)
    assert (np.abs(loss.beta1 - large_batch_loss(problem, 3).beta1.astype(float))[1:] < 5 * loss.standard_error[1:]).all()


def test_the_noise_scale_of_labelled_points():
    found = noise_scale(labelled(), [0], 2)
    assert found.covariance_trace[0] == variance_polynomial(labelled(), 0, 2)(1)


def test_many_hidden_units_with_momentum():
    problem = network((2, 9, 3, 1), Gaussian(2), seed=4, optimizer=OPTIMIZERS[1])
    exact, doubles = (large_batch_law(problem, 2, 2, method=m, order=1).beta1 for m in ("rationals", "directions"))
    assert np.allclose(exact.astype(float), doubles, rtol=1e-12, atol=0)


def test_batches_without_replacement_are_no_averages_of_independent_samples():
    problem = labelled(sampling="without_replacement")
    for call in (lambda: large_batch_law(problem, 1, 1), lambda: large_batch_loss(problem, 1), lambda: noise_scale(problem, 1)):
        with pytest.raises(CannotError, match="sampling must be 'independent' here"):
            call()
