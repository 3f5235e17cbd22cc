"""Line 177: var(grad L_B(w_t)) is not proportional to (n^2/b) var(grad L(w_t)); it is var(grad L(w_t)) plus a b-th part of one sample's."""

from __future__ import annotations

from fractions import Fraction as F

from theory import enumeration
from theory.claims.full_gradient import first_iteration, quadratic, wide
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.full_gradients import split
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.claims.support.partition_argument import full_gradient_variance
from theory.claims.theorem_3_5 import smallest_rise
from theory.variance_poly import variance_polynomial


def check(instance: GradientAtStep) -> Evidence:
    """var(g_t) = var(grad L(w_t)) + (1/b) E V(w_t): every path with its last batch, and every path without it."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    left = [enumeration.variance(problem, t, k, batch_size=b) for b in sizes]
    parts = [split(problem, t, k, batch_size=b) for b in sizes]
    right = [part.variance + part.noise / b for b, part in zip(sizes, parts, strict=True)]
    return Evidence(
        statement=r"\(\mathrm{var}(g_t) = \mathrm{var}(\nabla L(w_t)) + \frac{1}{b} \mathbb{E}\, V(w_t)\), given \(w_0\)",
        instance=instance.name,
        left_route="enumeration of every mini-batch, the last one too",
        left=tabulated("b", sizes, left),
        right_route="full gradient and one sample's variance at every \\(w_t\\) that is reached",
        right=tabulated("b", sizes, right),
        holds=left == right,
        difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
    )


def check_printed(instance: GradientAtStep) -> Evidence:
    """The print: b var(g_t) is the same multiple of var(grad L(w_t)) for every b."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    noisy, full = variance_polynomial(problem, t, k), full_gradient_variance(problem, t, k)
    predicted = [(b * F(noisy(b)), F(full(b))) for b in sizes]
    values = [(b * enumeration.variance(problem, t, k, batch_size=b), split(problem, t, k, batch_size=b).variance) for b in sizes]
    (x, y), *others = values
    return Evidence(
        statement=r"\(b\, \mathrm{var}(g_t) \propto \mathrm{var}(\nabla L(w_t))\) for every \(b\) (as printed; \(n\) does not change)",
        instance=instance.name,
        left_route="b times the exact polynomial of var(g), and that of var(grad L(w_t))",
        left=tabulated("b", sizes, predicted),
        right_route="enumeration of every mini-batch",
        right=tabulated("b", sizes, values),
        holds=all(x * v == y * u and bool(u) == bool(v) for u, v in [(x, y), *others]) if predicted == values else None,
        difference=max(abs(p - q) for pair, other in zip(predicted, values, strict=True) for p, q in zip(pair, other, strict=True)),
        reason="" if predicted == values else "the two routes differ",
    )


def second_step() -> GradientAtStep:
    """The ratios 4, 7, 11, 16, 22, ..., which are (b^2 + b + 2) / 2."""
    found = smallest_rise()
    return GradientAtStep(found.name, found.problem, 1, 1, (2, 3, 4, 5, 6))


CLAIM = Claim(
    id="line 177",
    module=__name__,
    verdict=Verdict.REFUTED,
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("after one step", second_step),
        Showcase("two layers of two units", wide),
        Showcase("a quadratic activation", quadratic),
        Showcase("the full gradient does not vary at t = 0", first_iteration, printed=True),
        Showcase("the ratio grows like b^2 at t = 1", second_step, printed=True),
    ),
)
