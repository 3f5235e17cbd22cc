"""Lines 511-513: momentum, dampening, Nesterov's step and weight decay keep the polynomial in 1/b, and its degree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction as F
from math import prod

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.claims.theorem_3_4 import coin_cumulant, steepest, wide
from theory.claims.theorem_3_4 import quadratic as quadratic_activation
from theory.degrees import gradient_degree, variance_degree
from theory.optimizers import SGD
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial


@dataclass(frozen=True)
class Instance:
    """A problem with its optimizer, a step and a layer; `leading`, where known, is the coefficient of the highest power allowed."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int = 1
    batch_sizes: tuple[int, ...] = (1, 2, 3)
    leading: F | None = None


def check(instance: Instance) -> Evidence:
    """No constant term, degree at most r(t), the last coefficient where it is known; every path of SGD gives the same values."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    v = variance_polynomial(problem, t, k, engine="frequencies")
    bound = variance_degree(t, depth=problem.depth, activation_degree=problem.activation_degree)
    facts = [v.coefficients[0] == 0, v.degree <= bound]
    of_polynomial: dict[str, Value] = {"degree": v.degree, "last coefficient": F(v.coefficients[-1])}
    by_cumulants: dict[str, Value] = {}
    if instance.leading is not None:
        facts.append(instance.leading != 0 and v.degree == bound and v.coefficients[-1] == instance.leading)
        by_cumulants = {"last coefficient, by cumulants": instance.leading}
    predicted = [F(v(b)) for b in sizes]
    values = [enumeration.variance(problem, t, k, batch_size=b) for b in sizes]
    word = "at most" if instance.leading is None else "exactly"
    return Evidence(
        statement=rf"\(\mathrm{{var}}(g_{{{t},{k}}})\) is a polynomial in \(1/b\), no constant term, of degree {word} {bound}",
        instance=instance.name,
        left_route="polynomial in the frequencies of the atoms, buffers and all, integrated exactly",
        left=of_polynomial | tabulated("b", sizes, predicted),
        right_route="enumeration of every mini-batch",
        right=by_cumulants | tabulated("b", sizes, values),
        holds=all(facts) and predicted == values,
        difference=max(abs(x - y) for x, y in zip(predicted, values, strict=True)),
    )


def coin(optimizer: SGD, step: int, depth: int = 2, layer: int = 1) -> Instance:
    """Widths and weights 1, teacher 0, a fair coin, alpha = 1: the degree is attained."""
    found = steepest(depth, 1, step, layer)
    leading = leading_coefficient(optimizer, depth, step, layer)
    name = f"H = {depth}, t = {step}, layer {layer}: widths and weights 1, teacher 0, x in {{0, 1}}, alpha = 1, {optimizer}"
    sizes = (1, 2, 3, 4) if step == 1 else (1, 2, 3)
    return Instance(name, replace(found.problem, optimizer=optimizer), step, layer, sizes, leading)


def leading_coefficient(optimizer: SGD, depth: int, step: int, layer: int) -> F:
    """beta_r of `coin`, from the forms of highest degree alone: every step multiplies that of the weights by what it takes of g.

    That is -1 at the first step and -(1 - dampening) later, times 1 + momentum for Nesterov's step; -1 without momentum.
    """
    m = gradient_degree(depth)
    top = [F(1)] * depth
    for s in range(step + 1):
        product = prod(top, start=F(1))
        gradient = [product * prod((a for j, a in enumerate(top) if j != k), start=F(1)) for k in range(depth)]
        taken = F(1) if s == 0 or not optimizer.momentum else 1 - F(optimizer.dampening)
        taken *= 1 + F(optimizer.momentum) if optimizer.nesterov else 1
        top = [-taken * c for c in gradient]
    result = gradient[layer - 1] ** 2
    for s in range(step + 1):
        result *= coin_cumulant(2 * m**s)
    return result


def of_another(name: str, optimizer: SGD) -> Instance:
    """An instance of Theorem 3.4 under this optimizer."""
    found = {"wide": wide, "quadratic": quadratic_activation}[name]()
    return Instance(f"{found.name}, {optimizer}", replace(found.problem, optimizer=optimizer), found.step, found.layer)


HEAVY, DAMPED = SGD(momentum=F(9, 10)), SGD(momentum=F(1, 2), dampening=F(1, 4), weight_decay=F(1, 10))
NESTEROV = SGD(momentum=F(9, 10), nesterov=True)

CLAIM = Claim(
    id="optimizers",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("heavy ball, t = 1", lambda: coin(HEAVY, 1)),
        Showcase("Nesterov's step, t = 2: degree 23", lambda: coin(NESTEROV, 2, layer=2), decisive=True),
        Showcase("dampening and weight decay, t = 2", lambda: coin(DAMPED, 2)),
        Showcase("three layers with weight decay, t = 1", lambda: coin(SGD(weight_decay=F(1, 3)), 1, depth=3)),
        Showcase("one layer, t = 2", lambda: coin(NESTEROV, 2, depth=1)),
        Showcase("a wide network", lambda: of_another("wide", DAMPED)),
        Showcase("a quadratic activation", lambda: of_another("quadratic", NESTEROV)),
    ),
)
