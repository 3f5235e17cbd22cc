"""var(L(w_t)), "easy" in lines 290-292: a polynomial in 1/b without a constant term, of a degree that is attained."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F

from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.claims.theorem_3_5 import smallest_rise
from theory.degrees import loss_variance_degree
from theory.inputs import Discrete, Gaussian
from theory.problem import TeacherStudent
from theory.variance_poly import loss_variance_polynomial


@dataclass(frozen=True)
class Instance:
    """A problem, a step, the batch sizes at which the second route computes var(L(w_step)), and whether the degree must be attained."""

    name: str
    problem: TeacherStudent
    step: int
    batch_sizes: tuple[int, ...] = (1, 2, 3)
    attained: bool = False


def check(instance: Instance) -> Evidence:
    """The polynomial's values against the second route's, its degree against the bound, and that it has no constant term."""
    problem, step, sizes = instance.problem, instance.step, instance.batch_sizes
    v = loss_variance_polynomial(problem, step)
    exact = [F(v(b)) for b in sizes]
    values = [route.loss_variance(problem, step, batch_size=b) for b in sizes]
    compared = route.compare(exact, values)
    bound = loss_variance_degree(step, depth=problem.depth, activation_degree=problem.activation_degree)
    fits = v.degree == bound if instance.attained else v.degree <= bound
    return Evidence(
        statement=r"\(\mathrm{var}(L(w_t))\) is a polynomial in \(1/b\) without a constant term, of degree "
        + (f"{bound}" if instance.attained else f"at most {bound}"),
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}",
        left=tabulated("b", sizes, exact) | {"constant term": F(v.coefficients[0])},
        right_route=route.route_name(problem),
        right=tabulated("b", sizes, values) | {"constant term": F(0)},
        holds=compared.agrees and fits and v.coefficients[0] == 0,
        difference=max(compared.distance, abs(F(v.coefficients[0]))),
        tolerance=compared.tolerance,
    )


def smallest() -> Instance:
    """1/(64 b) + 1/(128 b^2) - 1/(128 b^3)."""
    found = smallest_rise()
    return Instance("x in {0, 1} equally likely, w = (1, 0), w* = 1, alpha = 1, t = 1", found.problem, 1)


def rising() -> Instance:
    """0 at b = 1, where both atoms lead to the same loss, and 9/64 at b = 2."""
    problem = TeacherStudent([[[1]], [[2]]], [[[1]], [[1]]], Discrete([0, 1]), learning_rates=2)
    return Instance("x in {0, 1} equally likely, w = (1, 2), w* = 1, alpha = 2, t = 1", problem, 1, attained=True)


def gaussian() -> Instance:
    """Two steps: degree 30."""
    problem = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))
    return Instance("x ~ N(0, 1), w = (1/2, -2/3), w* = 3/4, alpha = 1/10, t = 2", problem, 2, attained=True)


def quadratic() -> Instance:
    """Three layers and a quadratic activation: degree 27."""
    student, teacher = ([[[F(1)]], [[F(1, 2)]], [[F(-1)]]], [[[F(1, 2)]], [[F(1)]], [[F(1)]]])
    problem = TeacherStudent(student, teacher, Discrete([0, 1, -1]), F(1, 5), (F(0), F(1), F(1, 2)))
    return Instance("sizes 1-1-1-1, x in {0, 1, -1} equally likely, sigma(z) = z + z^2/2, alpha = 1/5, t = 1", problem, 1, attained=True)


CLAIM = Claim(
    id="3.1.2 variance of the loss",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("the smallest integers", smallest),
        Showcase("rising from zero", rising),
        Showcase("Gaussian, t = 2", gaussian),
        Showcase("three quadratic layers", quadratic),
    ),
)
