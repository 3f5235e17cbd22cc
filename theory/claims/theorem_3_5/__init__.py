"""Theorem 3.5: var(g_t) decreases in b beyond a threshold. The printed b_0 is the last zero of var, where its derivative's is meant."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F

from theory.arithmetic.real_roots import integer_polynomial, largest_positive_root
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.inputs import Discrete, Gaussian
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial

WINDOW = 4  # batch sizes beyond the threshold that the second route compares


@dataclass(frozen=True)
class Instance:
    """A problem, a step and a layer; `rise` is a pair b < b', both beyond the printed b_0, said to have var(b) < var(b')."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    rise: tuple[int, int] | None = None


def printed_threshold(v: InverseBatchPolynomial) -> tuple[F, F]:
    """The printed b_0 between rationals: the largest positive root of beta_1 b^{r-1} + ... + beta_r; (0, 0) when there is none."""
    return largest_positive_root(integer_polynomial([F(c) for c in v.coefficients[:0:-1]]), 60)


def check(instance: Instance) -> Evidence:
    """From B = `decreasing_from` on, and not from B - 1, the second route's values decrease, and they are the polynomial's."""
    v = variance_polynomial(instance.problem, instance.step, instance.layer)
    start = v.decreasing_from()
    if start is None:
        raise ArithmeticError(f"the variance of {instance.name} increases for every large b, which a variance cannot")
    window = range(max(1, start - 1), start + WINDOW + 1)
    values = {b: route.gradient_variance(instance.problem, instance.step, instance.layer, batch_size=b) for b in window}
    compared = route.compare([F(v(b)) for b in window], values.values())
    steps = [(b, b + 1) for b in range(start, start + WINDOW)]
    falls = not any(route.is_less(values[b], values[after]) for b, after in steps)
    ties = [b for b, after in steps if not route.at_least(values[b], values[after]) and v(b) != v(after)]  # the balls overlap
    before = "" if start == 1 else rf", and \(\mathrm{{var}}({start - 1}) < \mathrm{{var}}({start})\)"
    sharp = start == 1 or route.is_less(values[start - 1], values[start])
    holds: bool | None = compared.agrees and falls and sharp
    return Evidence(
        statement=rf"\(\mathrm{{var}}(b) \ge \mathrm{{var}}(b + 1)\) for every integer \(b \ge {start}\){before}",
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}, and the last sign change of its derivative",
        left={"last sign change": v.threshold} | tabulated("b", window, [F(v(b)) for b in window]),
        right_route=route.route_name(instance.problem),
        right=tabulated("b", window, values.values()),
        holds=None if holds and ties else holds,
        difference=compared.distance,
        tolerance=compared.tolerance,
        reason=f"the balls do not separate var(b) and var(b + 1) at b = {ties[0]}" if holds and ties else "",
    )


def check_printed(instance: Instance) -> Evidence:
    """The printed b_0: var must not rise from b to b' when b >= b_0."""
    if instance.rise is None:
        raise ValueError(f"{instance.name} names no rise to test the printed threshold with")
    v = variance_polynomial(instance.problem, instance.step, instance.layer)
    _, b_0 = printed_threshold(v)
    low, high = (route.gradient_variance(instance.problem, instance.step, instance.layer, batch_size=b) for b in instance.rise)
    compared = route.compare([F(v(b)) for b in instance.rise], [low, high])
    refuted = b_0 <= instance.rise[0] and route.is_less(low, high)
    return Evidence(
        statement=r"var decreases for \(b \ge b_0\), the largest root of \(\beta_1 b^{r-1} + \cdots + \beta_r\) (as printed)",
        instance=instance.name,
        left_route="the exact polynomial, and the largest positive roots if there are any",
        left={
            "the variance": v,
            r"\(b_0\), as printed": float(b_0) if b_0 else None,
            r"\(b_0\), of the derivative": v.threshold,
        }
        | tabulated("b", instance.rise, [F(v(b)) for b in instance.rise]),
        right_route=route.route_name(instance.problem),
        right=tabulated("b", instance.rise, (low, high)),
        holds=not refuted if compared.agrees else None,
        difference=compared.distance,
        tolerance=compared.tolerance,
        reason="" if compared.agrees else "the two routes to the variance differ, so that neither threshold nor rise is known",
    )


def two_atoms_rising_from_zero() -> Instance:
    """var(1) = 0 < var(2): with one sample a batch the gradient at t = 1 is the same for both atoms."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=F(1, 4))
    return Instance("x in {1, 2} equally likely, w = (1, 2), w* = 0, alpha = 1/4, t = 1, layer 1", problem, 1, 1)


def smallest_rise() -> Instance:
    """The smallest integers found: the printed b_0 is 1, and var(1) = 0 < var(2) = 1/128."""
    problem = TeacherStudent([[[1]], [[0]]], [[[1]], [[1]]], Discrete([0, 1]), learning_rates=1)
    return Instance("x in {0, 1} equally likely, w = (1, 0), w* = 1, alpha = 1, t = 1, layer 1", problem, 1, 1, rise=(1, 2))


def rise_beyond_the_printed_threshold() -> Instance:
    """The printed b_0 is 1.715, and var(2) = 5/16 < var(3) = 1015/2916."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([0, 1]), learning_rates=1)
    return Instance("x in {0, 1} equally likely, w = (1, 2), w* = 0, alpha = 1, t = 1, layer 2", problem, 1, 2, rise=(2, 3))


def no_first_order_noise() -> Instance:
    """beta_1 = beta_2 = 0: one step of gradient descent sets both weights to zero, and g_{1,1} = (1 - 2 s_0)^3 s_1."""
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([0, 1]), learning_rates=2)
    return Instance("x in {0, 1} equally likely, w = (1, 1), w* = 0, alpha = 2, t = 1, layer 1: beta_1 = beta_2 = 0", problem, 1, 1)


def gaussian_rising() -> Instance:
    """Scalar Gaussian inputs, t = 3: var rises from b = 116 to b = 165."""
    problem = TeacherStudent([[[2]], [[2]]], [[[F(1, 6)]], [[1]]], Gaussian(1), learning_rates=[F(1, 4), F(1, 6), F(9, 5)])
    name = "x ~ N(0, 1), w = (2, 2), w* = 1/6, alpha = (1/4, 1/6, 9/5), t = 3, layer 1"
    return Instance(name, problem, 3, 1, rise=(116, 165))


def gaussian_plain() -> Instance:
    """Scalar Gaussian inputs, t = 2: decreasing from b = 1 on."""
    problem = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))
    return Instance("x ~ N(0, 1), w = (1/2, -2/3), w* = 3/4, alpha = 1/10, t = 2, layer 1", problem, 2, 1)


CLAIM = Claim(
    id="3.5",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="thresholds",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("two atoms, rising from zero", two_atoms_rising_from_zero),
        Showcase("two atoms, rising to b = 3", rise_beyond_the_printed_threshold),
        Showcase("first coefficient zero", no_first_order_noise),
        Showcase("Gaussian, t = 2", gaussian_plain),
        Showcase("Gaussian, rising at t = 3", gaussian_rising),
        Showcase("the smallest integers", smallest_rise, printed=True),
        Showcase("two atoms against the printed threshold", rise_beyond_the_printed_threshold, printed=True),
        Showcase("Gaussian inputs against the printed threshold", gaussian_rising, printed=True),
    ),
)
