"""Random initial weights: the variance has a constant term, the spread of the gradient over w_0, which no batch size removes."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F

from reports.figures.curves import POINTS
from reports.figures.style import BLUE, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings
from theory.inputs import Gaussian, InputLaw, Rademacher
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.variance_poly import mean_gradient, second_moment_polynomial, variance_polynomial


def draw(findings: Findings, seed: int) -> Figure:
    """var(g) over batches and w_0, and its mean given w_0, for W_1 = 1 or -1 with equal probability."""
    rademacher = [_network(w, Rademacher(1)) for w in (1, -1)]
    gaussian = [_network(w, Gaussian(1)) for w in (1, -1)]
    total = total_variance(gaussian, 1, 1)
    flat = total_variance(rademacher, 0, 1)
    return Figure(
        (
            _panel("fig-w0-counterexample", flat, mean_variance(rademacher, 0, 1), "inputs 1 and -1, t = 0"),
            _panel("fig-w0-gaussian", total, mean_variance(gaussian, 1, 1), "Gaussian inputs, t = 1"),
        ),
        r"\(W_1 = \pm 1\) with equal probability, \(W_2 = 1\), \(W^* = 0\), one unit in each layer; layer 1. "
        r"(a) \(x = \pm 1\), \(t = 0\): the variance over batches and \(w_0\) is "
        rf"{flat.coefficients[0]} for every batch size, though it is 0 given \(w_0\). (b) \(x \sim N(0, 1)\), \(\alpha = "
        r"1/10\), \(t = 1\): "
        r"the total variance (solid) tends to its constant term (dotted), the variance over \(w_0\) of the gradient of "
        r"full-gradient descent; "
        r"the mean of the variances given \(w_0\) (dashed) tends to zero. Exact polynomials.",
    )


def total_variance(networks: Sequence[TeacherStudent], step: int, layer: int) -> InverseBatchPolynomial:
    """E||g||^2 - ||E g||^2 with w_0 one of the networks', all equally likely."""
    n = len(networks)
    second = _sum([second_moment_polynomial(network, step, layer) for network in networks]) * F(1, n)
    means = [mean_gradient(network, step, layer).ravel().tolist() for network in networks]
    entries = [_sum(list(column)) * F(1, n) for column in zip(*means, strict=True)]
    return second - _sum([entry * entry for entry in entries])


def mean_variance(networks: Sequence[TeacherStudent], step: int, layer: int) -> InverseBatchPolynomial:
    """The mean over w_0 of var(g | w_0)."""
    return _sum([variance_polynomial(network, step, layer) for network in networks]) * F(1, len(networks))


def _network(weight: int, inputs: InputLaw) -> TeacherStudent:
    return TeacherStudent([[[weight]], [[1]]], [[[0]], [[0]]], inputs, learning_rates=F(1, 10))


def _sum(polynomials: Sequence[InverseBatchPolynomial]) -> InverseBatchPolynomial:
    total = InverseBatchPolynomial([0])
    for polynomial in polynomials:
        total = total + polynomial
    return total


def _panel(name: str, total: InverseBatchPolynomial, given: InverseBatchPolynomial, what: str) -> str:
    sizes = [F(256 ** (i / (POINTS - 1))).limit_denominator(500) for i in range(POINTS)]
    b = [float(x) for x in sizes]
    constant = float(total.coefficients[0])
    with panel() as axes:
        axes.plot(b, [float(total(x)) for x in sizes], color=BLUE, label="over batches and $w_0$")
        axes.plot(
            b, [float(given(x)) for x in sizes], color=ORANGE, linestyle=(0, (5, 2)), label="given $w_0$, on average"
        )
        axes.axhline(constant, color=MUTED, linestyle=(0, (1.5, 2)), label="constant term")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_ylim(-0.06 * float(total(1)), 1.35 * float(total(1)))
        axes.set_xlabel("batch size $b$")
        axes.set_ylabel("variance")
        axes.legend(loc="center right")
        description = (
            f"The total variance falls from {float(total(1)):.4g} to {constant:.4g}; "
            f"given w_0 it falls from {float(given(1)):.4g} to 0."
        )
        return svg(axes, name, f"Variance with random initial weights, {what}", description)
