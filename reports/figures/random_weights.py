"""Random initial weights: the variance has a constant term, the spread of the gradient over w_0, which no batch size removes."""

from __future__ import annotations

from fractions import Fraction as F

from reports.figures.curves import batch_axis, floats, grid, pick, values
from reports.figures.registry import figure
from reports.figures.style import BLUE, MUTED, ORANGE, Figure, panel, svg
from reports.findings import Findings
from reports.text.names import with_maths
from theory.claims.random_initial_weights import Instance, variance
from theory.inverse_batch import InverseBatchPolynomial
from theory.variance_poly import variance_polynomial


@figure("constant term")
def draw(findings: Findings, seed: int) -> Figure:
    """The variance over batches and w_0 beside its mean given w_0: flat, and rising for large b."""
    flat = pick(findings, lambda x: variance(x).degree == 0 and variance(x).coefficients[0] != 0)
    rising = pick(findings, lambda x: variance(x).decreasing_from() is None)
    return Figure(
        (_panel("fig-w0-flat", flat), _panel("fig-w0-rising", rising)),
        f"(a) {with_maths(flat.name)}. (b) {with_maths(rising.name)}. "
        "Solid: the variance over batches and initial weights; it tends to its "
        "constant term (dotted), the variance over the initial weights of the gradient of full-gradient descent, in (b) "
        "from below, so that there it increases for large b. Dashed: the mean of the variances given the initial weights, "
        "which tends to zero. Drawn from the exact polynomials.",
    )


def mean_variance(instance: Instance) -> InverseBatchPolynomial:
    """E_{w_0}[ var(g | w_0) ]."""
    total = InverseBatchPolynomial([0])
    for start, probability in zip(instance.starts, instance.probabilities, strict=True):
        total = total + variance_polynomial(start, instance.step, instance.layer) * probability
    return total


def _panel(name: str, instance: Instance) -> str:
    total, given = variance(instance), mean_variance(instance)
    sizes, constant = grid(1, 256), F(total.coefficients[0])
    top = max(*values(total, sizes), *values(given, sizes))
    with panel() as axes:
        axes.plot(floats(sizes), values(total, sizes), color=BLUE, label="over batches and $w_0$")
        axes.plot(floats(sizes), values(given, sizes), color=ORANGE, linestyle=(0, (5, 2)), label="given $w_0$, on average")
        axes.axhline(float(constant), color=MUTED, linestyle=(0, (1.5, 2)), label="constant term")
        batch_axis(axes, 1, 256)
        if constant and top > 10 * constant:  # small beside the first values: only a logarithmic axis shows it
            axes.set_yscale("log")
        else:
            axes.set_ylim(-0.06 * top, 1.5 * top)
        axes.set_ylabel("variance")
        axes.legend(loc="upper right")
        description = (
            f"The total variance is {float(total(1)):.4g} at b = 1, {float(total(256)):.4g} at b = 256, with constant term "
            f"{float(constant):.4g}; given w_0 it falls from {float(given(1)):.4g} towards 0."
        )
        return svg(axes, name, "Variance with random initial weights", description)
