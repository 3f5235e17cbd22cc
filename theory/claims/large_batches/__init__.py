"""Lines 303, 659-664: beta_1 >= 0, and what beta_1 and beta_2 are: means over the noise of single samples along gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import numpy as np

from theory import large_batch
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.inputs import DataSet, Discrete, Gaussian, Uniform
from theory.inverse_batch import InverseBatchPolynomial
from theory.optimizers import SGD
from theory.problem import TeacherStudent
from theory.variance_poly import loss_polynomial, variance_polynomial


@dataclass(frozen=True)
class Noise:
    """The variance of a network's gradient."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int


@dataclass(frozen=True)
class Loss:
    """The expected loss of a network."""

    name: str
    problem: TeacherStudent
    step: int

    @property
    def given(self) -> dict[str, Any]:
        """What is asked about, for a page."""
        return {"Quantity": r"\(\mathbb{E}\, L(w_t)\)"}


def check(instance: Noise | Loss) -> Evidence:
    """beta_1 and beta_2 along gradient descent, without a batch, against the first coefficients of the exact polynomial in 1/b."""
    problem, t = instance.problem, instance.step
    if isinstance(instance, Noise):
        law = large_batch.large_batch_law(problem, [t], instance.layer, order=2, method="rationals")
        left, right = [law.beta1[0], np.asarray(law.beta2)[0]], _coefficients(variance_polynomial(problem, t, instance.layer), (1, 2))
        names, holds = [r"\(\beta_1\)", r"\(\beta_2\)"], left == right and left[0] >= 0
    else:
        law = large_batch.large_batch_loss(problem, [t], order=2, method="rationals")
        left = [law.limit[0], law.beta1[0], np.asarray(law.beta2)[0]]
        right = _coefficients(loss_polynomial(problem, t), (0, 1, 2))
        names, holds = ["limit", r"coefficient of \(1/b\)", r"coefficient of \(1/b^2\)"], left == right
    return Evidence(
        statement=r"\(\beta_1 \ge 0\), and both coefficients are means over the noise of single samples along gradient descent",
        instance=instance.name,
        left_route="all directions of the noise, carried along gradient descent",
        left=dict(zip(names, left, strict=True)),
        right_route=r"the exact polynomial in \(1/b\)",
        right=dict(zip(names, right, strict=True)),
        holds=holds,
        difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
    )


def _coefficients(polynomial: InverseBatchPolynomial, powers: Sequence[int]) -> list[F]:
    return [F(polynomial.coefficients[s]) if s <= polynomial.degree else F(0) for s in powers]


def gaussian() -> Noise:
    """Two steps of two layers, two inputs."""
    student, teacher = ([[1, F(1, 2)], [0, 1]], [[1, -1]]), ([[0, 1], [1, 1]], [[1, 1]])
    return Noise("sizes 2-2-1, x ~ N(0, I), t = 2, layer 1", TeacherStudent(student, teacher, Gaussian(2), F(1, 10)), 2, 1)


def both_vanish() -> Noise:
    """Gradient descent jumps to the teacher: nothing is left at b = infinity, nor of the order 1/b^2."""
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([0, 1]), learning_rates=2)
    return Noise("x = 0 or 1, w = (1, 1), w* = 0, alpha = 2, t = 1, layer 1", problem, 1, 1)


def three_layers() -> Noise:
    """Uniform inputs that are not centred."""
    problem = TeacherStudent([[[1, F(1, 2)]], [[2]], [[F(1, 2)]]], [[[0, 1]], [[1]], [[1]]], Uniform(2, 0, 1), F(1, 5))
    return Noise("sizes 2-1-1-1, x uniform on [0, 1]^2, t = 1, layer 2", problem, 1, 2)


def labelled() -> Noise:
    """A quadratic activation, labels, biases by a constant input, Nesterov's momentum and weight decay."""
    data = DataSet([[0, 1], [1, 1], [-1, 1]], targets=[1, 0, 2])
    optimizer = SGD(momentum=F(1, 2), nesterov=True, weight_decay=F(1, 10))
    problem = TeacherStudent([[[1, F(1, 2)]], [[F(1, 2)]]], None, data, F(1, 10), (0, 1, F(1, 2)), optimizer)
    return Noise("sizes 2-1-1, sigma(z) = z + z^2/2, three labelled points, momentum, t = 1, layer 1", problem, 1, 1)


def saddle() -> Loss:
    """Near the saddle at 0 noise helps: the coefficient of the loss is negative."""
    problem = TeacherStudent([[[F(1, 10)]], [[F(1, 10)]]], [[[1]], [[1]]], Gaussian(1), learning_rates=1)
    return Loss("sizes 1-1-1, x ~ N(0, 1), w = (1/10, 1/10), w* = (1, 1), alpha = 1, t = 1", problem, 1)


def late_loss() -> Loss:
    """Two inputs at t = 2."""
    return Loss("sizes 2-2-1, x ~ N(0, I), t = 2", gaussian().problem, 2)


CLAIM = Claim(
    id="large batches",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("two Gaussian inputs after two steps", gaussian, decisive=True),
        Showcase("both coefficients vanish", both_vanish),
        Showcase("three layers", three_layers),
        Showcase("labels, biases and momentum", labelled),
        Showcase("the loss near a saddle", saddle),
        Showcase("the loss after two steps", late_loss),
    ),
)
