"""Random w_0: var(g_t) then has a constant term, the variance over w_0 of the gradient where full-gradient descent arrives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import numpy as np

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.full_gradients import descent_gradient
from theory.inputs import Discrete, Rademacher
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.variance_poly import mean_gradient, second_moment_polynomial


@dataclass(frozen=True)
class Instance:
    """w_0 takes the student weights of `starts[i]` with `probabilities[i]`, independently of all batches; the rest is shared.

    Raises ValueError when the starts differ in more than their student weights, or the probabilities are not those of a law.
    """

    name: str
    starts: tuple[TeacherStudent, ...]
    probabilities: tuple[F, ...]
    step: int
    layer: int = 1
    batch_sizes: tuple[int, ...] = (1, 2, 3)

    @property
    def given(self) -> dict[str, Any]:
        """The starts with their probabilities, and what they share, for a page."""
        first = self.starts[0]
        starts = {
            f"Start {i}, with probability {p}": {f"W_{k}": w for k, w in enumerate(start.student, start=1)}
            for i, (start, p) in enumerate(zip(self.starts, self.probabilities, strict=True), start=1)
        }
        shared = {"Teacher": {f"W^*_{k}": w for k, w in enumerate(first.teacher_weights, start=1)}, "Inputs": first.inputs}
        return starts | shared | ({"Learning rate": rf"\(\alpha = {first.learning_rate(0)}\)"} if self.step else {})

    def __post_init__(self) -> None:
        first = self.starts[0]
        for start in self.starts[1:]:
            same_teacher = all(np.array_equal(v, w) for v, w in zip(start.teacher_weights, first.teacher_weights, strict=True))
            same_rates = start.rates_before(self.step) == first.rates_before(self.step)
            if not (same_teacher and same_rates and start.inputs is first.inputs and start.activation == first.activation):
                raise ValueError("starts must share teacher, inputs, learning rates and activation")
        if len(self.probabilities) != len(self.starts) or sum(self.probabilities) != 1 or min(self.probabilities) < 0:
            raise ValueError(f"probabilities must be those of a law on {len(self.starts)} starts, but were {self.probabilities}")


def variance(instance: Instance) -> InverseBatchPolynomial:
    """var(g_{t,k}) = E_{w_0} E[ ||g||^2 | w_0 ] - || E_{w_0} E[ g | w_0 ] ||^2, from the exact polynomials given w_0."""
    total = InverseBatchPolynomial([0])
    mean: np.ndarray | int = 0
    for start, p in zip(instance.starts, instance.probabilities, strict=True):
        total = total + second_moment_polynomial(start, instance.step, instance.layer) * p
        weighted = mean_gradient(start, instance.step, instance.layer) * p
        mean = weighted if isinstance(mean, int) else mean + weighted
    for entry in np.ravel(mean):
        total = total - entry * entry
    return total


def variance_of_descent(instance: Instance) -> F:
    """var over w_0 of the full gradient at step t of full-gradient descent from w_0: every start is run, nothing else."""
    square, mean = F(0), None
    for start, p in zip(instance.starts, instance.probabilities, strict=True):
        gradient = descent_gradient(start, instance.step, instance.layer)
        square += p * (gradient * gradient).sum()
        mean = p * gradient if mean is None else mean + p * gradient
    assert mean is not None
    return square - (mean * mean).sum()


def brute_force(instance: Instance, batch_size: int) -> F:
    """var(g_{t,k}) at one batch size, over all starts and all batches."""
    second, mean = F(0), None
    for start, p in zip(instance.starts, instance.probabilities, strict=True):
        square, gradient = enumeration.moments(start, instance.step, instance.layer, batch_size=batch_size)
        second += p * square
        mean = p * gradient if mean is None else mean + p * gradient
    assert mean is not None
    return second - (mean * mean).sum()


def check(instance: Instance) -> Evidence:
    """The constant term is the variance over w_0 at full-gradient descent; the polynomial agrees with brute force over w_0 and batches."""
    v, constant = variance(instance), variance_of_descent(instance)
    values = [brute_force(instance, b) for b in instance.batch_sizes]
    distances = [abs(F(v(b)) - value) for b, value in zip(instance.batch_sizes, values, strict=True)]
    distances.append(abs(F(v.coefficients[0]) - constant))
    return Evidence(
        statement=r"with random \(w_0\) the constant term of the variance is that over \(w_0\) of the gradient of full-gradient descent",
        instance=instance.name,
        left_route=r"law of total variance, from the exact polynomials given \(w_0\)",
        left={"the variance": v}
        | tabulated("b", instance.batch_sizes, [F(v(b)) for b in instance.batch_sizes])
        | {"limit": F(v.coefficients[0])},
        right_route=r"brute force over \(w_0\) and all batches; full-gradient descent from every \(w_0\)",
        right=tabulated("b", instance.batch_sizes, values) | {"limit": constant},
        holds=max(distances) == 0,
        difference=max(distances),
    )


def check_printed(instance: Instance) -> Evidence:
    """The print: no constant term. Not checked unless both routes agree."""
    evidence, constant = check(instance), variance_of_descent(instance)
    return Evidence(
        statement=r"the variance, with the expectation over random initial weights too, has no constant term (as printed)",
        instance=instance.name,
        left_route=evidence.left_route,
        left=evidence.left,
        right_route=evidence.right_route,
        right=evidence.right,
        holds=constant == 0 if evidence.holds else None,
        difference=evidence.difference,
        reason="" if evidence.holds else "the two routes disagree",
    )


def random_signs() -> Instance:
    """The smallest: all samples give the same gradient, so that only w_0 varies."""
    law = Rademacher(1)
    starts = tuple(TeacherStudent([[[sign]], [[1]]], [[[0]], [[0]]], law, 1) for sign in (1, -1))
    name = "x = +-1, W* = 0, W_2 = 1, W_1 = +-1 equally likely, t = 0: var(g_{0,1}) = 1 for every b"
    return Instance(name, starts, (F(1, 2), F(1, 2)), step=0, batch_sizes=(1, 2, 3, 10))


def random_start(step: int, layer: int) -> Instance:
    """Two linear layers, two atoms, three starts."""
    law = Discrete([1, 2], [F(2, 3), F(1, 3)])
    weights = ((1, 1), (F(-1, 2), 1), (2, F(1, 3)))
    starts = tuple(TeacherStudent([[[u]], [[v]]], [[[1]], [[F(1, 2)]]], law, F(1, 4)) for u, v in weights)
    name = f"sizes 1-1-1, x = 1 or 2, three starts, alpha = 1/4, t = {step}, layer {layer}"
    return Instance(name, starts, (F(1, 2), F(1, 3), F(1, 6)), step, layer)


def rising() -> Instance:
    """Two starts: noise moves their mean gradients further apart the less of it there is."""
    law = Discrete([0, 1])
    starts = tuple(TeacherStudent([[[u]], [[v]]], [[[0]], [[1]]], law, 1) for u, v in ((1, 2), (-1, 0)))
    name = "x in {0, 1}, w_0 = (1, 2) or (-1, 0) equally likely, w* = 0, alpha = 1, t = 1, layer 1"
    return Instance(name, starts, (F(1, 2), F(1, 2)), 1, 1, (1, 2, 3, 40, 41))


def fixed_start() -> Instance:
    """One start: no constant term."""
    one = random_start(1, 1)
    return Instance("sizes 1-1-1, x = 1 or 2, one start, alpha = 1/4, t = 1: no constant term", one.starts[1:2], (F(1),), 1)


CLAIM = Claim(
    id="random w_0",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="constant term",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("random signs", random_signs),
        Showcase("two layers, t = 1, layer 1", lambda: random_start(1, 1)),
        Showcase("two layers, t = 1, layer 2", lambda: random_start(1, 2)),
        Showcase("the variance increases for large b", rising),
        Showcase("a given start", fixed_start),
        Showcase("var(g) = 1 for every b", random_signs, printed=True),
        Showcase("after one step", lambda: random_start(1, 1), printed=True),
    ),
)
