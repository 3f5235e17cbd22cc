"""What Theorem A.9 is checked on: networks that are followed, and polynomials that are close in value and do not follow."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from functools import cached_property
from typing import Any

import numpy as np

from theory.chebyshev import ActivationPolynomial, approximate
from theory.claims.support.small_networks import network, samples
from theory.inputs import Gaussian, Rademacher, Uniform
from theory.problem import TeacherStudent


@dataclass(frozen=True)
class Instance:
    """A smooth network, the radius and degree of its approximant, and the samples, of shape (steps, b, p)."""

    name: str
    problem: TeacherStudent
    radius: F
    degree: int
    batches: np.ndarray
    envelope: Any = "run"

    @cached_property
    def polynomial(self) -> ActivationPolynomial:
        """The approximant."""
        return approximate(self.problem.activation_function, self.radius, self.degree)

    @property
    def given(self) -> dict[str, str]:
        """For a page."""
        steps, b, _ = self.batches.shape
        return {
            "Samples": rf"\(b = {b}\), \(t = 0, \ldots, {steps - 1}\)",
            "Polynomial": f"of degree {self.degree} on {_interval(self.radius)}",
        }


@dataclass(frozen=True)
class CloseOnTheStudent:
    """Polynomials ever closer to sigma, value and derivative, on [-2 C_h, 2 C_h], C_h the largest pre-activation of the student."""

    name: str
    problem: TeacherStudent
    radius: F
    degrees: tuple[int, ...]
    batches: np.ndarray

    @property
    def given(self) -> dict[str, str]:
        """For a page."""
        return {
            "Sample": _sample(self.batches),
            "Polynomials": f"of degrees {', '.join(map(str, self.degrees))} on {_interval(self.radius)}",
        }


@dataclass(frozen=True)
class CloseInValue:
    """P + amplitude T_m(x / R) for several m: equally close to sigma, with derivatives that grow like m."""

    name: str
    problem: TeacherStudent
    radius: F
    degree: int
    amplitude: F
    orders: tuple[int, ...]
    batches: np.ndarray

    @property
    def given(self) -> dict[str, str]:
        """For a page."""
        wave = rf"\(P(z) + T_m(z / {self.radius}) / {1 / self.amplitude}\), \(P\) of degree {self.degree} on {_interval(self.radius)}"
        return {"Sample": _sample(self.batches), "Polynomials": wave}


def _interval(radius: F) -> str:
    return rf"\([-{radius}, {radius}]\)"


def _sample(batches: np.ndarray) -> str:
    return rf"\(x = {F(batches.item())}\)"


def sigmoid_two_layers() -> Instance:
    """Bounded inputs, five steps."""
    law = Uniform(2)
    problem = network((2, 3, 1), "sigmoid", law, seed=1)
    return Instance("sizes 2-3-1, sigmoid, uniform inputs, b = 3, t = 0..4", problem, F(3), 15, samples(law, 5, 3, 1))


def tanh_three_layers() -> Instance:
    """Ten steps of a three-layer network on Gaussian samples: the samples are given, so that no bound on the law is needed."""
    law = Gaussian(3)
    problem = network((3, 4, 4, 2), "tanh", law, seed=2, rate=F(1, 20))
    return Instance("sizes 3-4-4-2, tanh, Gaussian samples, b = 4, t = 0..9", problem, F(4), 29, samples(law, 10, 4, 2))


def softplus_four_layers() -> Instance:
    """Four layers."""
    law = Uniform(2)
    problem = network((2, 3, 3, 3, 1), "softplus", law, seed=3, rate=F(1, 20))
    return Instance("sizes 2-3-3-3-1, softplus, uniform inputs, b = 2, t = 0..9", problem, F(5), 26, samples(law, 10, 2, 3))


def every_path() -> Instance:
    """The a-priori bounds, which hold for every path with ||x|| <= sqrt 2, beside one of them."""
    law = Rademacher(2)
    problem = network((2, 2, 1), "sigmoid", law, seed=4)
    return Instance("sizes 2-2-1, sigmoid, signs as inputs, b = 2, t = 0..4", problem, F(4), 19, samples(law, 5, 2, 4), "a_priori")


def _single(w1: Any, w2: Any, v1: Any, v2: Any) -> TeacherStudent:
    return TeacherStudent([[[w1]], [[w2]]], [[[v1]], [[v2]]], Rademacher(1), 1, "sigmoid")


def teacher_outside() -> CloseOnTheStudent:
    """The student's pre-activation is 1, the teacher's 8: P(8) is whatever it is."""
    return CloseOnTheStudent(
        "sizes 1-1-1, sigmoid, x = 1, w = (1, 1), w* = (8, 1), R = 2 = 2 C_h", _single(1, 1, 8, 1), F(2), (5, 11, 21), np.ones((1, 1, 1))
    )


def close_in_value() -> CloseInValue:
    """sup |sigma - P| = 1/1000 for every m, all pre-activations inside."""
    return CloseInValue(
        "sizes 1-1-1, sigmoid, x = 1, w = (1, 1), w* = (-1, 1), P + T_m(x/2) / 1000",
        _single(1, 1, -1, 1),
        F(2),
        21,
        F(1, 1000),
        (1, 101, 1001, 10001),
        np.ones((1, 1, 1)),
    )
