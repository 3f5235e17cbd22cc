"""Lines 80-81, 312 and 424: the threshold b_0 can be as small as 1. It can, for every b; a picture of a few batch sizes shows less."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise

from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.inputs import Gaussian
from theory.problem import TeacherStudent
from theory.references.symbolic import SymbolicNetwork
from theory.variance_poly import variance_polynomial


@dataclass(frozen=True)
class Instance:
    """A problem, a step and a layer; `batch_sizes` are those of the second route."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    batch_sizes: tuple[int, ...] = (1, 2, 4, 8, 16)


def check(instance: Instance) -> Evidence:
    """The slope has no sign change beyond 1, so that var decreases for every real b >= 1; the second route's values decrease too."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    v = variance_polynomial(problem, t, k)
    name, values = _values(instance)
    compared = route.compare([F(v(b)) for b in sizes], values)
    falls = all(route.is_less(after, before) for before, after in pairwise(values))
    return Evidence(
        statement=r"\(b_0\) is at most 1: the variance decreases for every \(b \ge 1\)",
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}, and the last sign change of its derivative (0: there is none)",
        left={"last sign change": v.threshold} | tabulated("b", sizes, [F(v(b)) for b in sizes]),
        right_route=name,
        right=tabulated("b", sizes, values),
        holds=compared.agrees and falls and v.threshold <= 1 and v.decreasing_from() == 1,
        difference=compared.distance,
        tolerance=compared.tolerance,
    )


def _values(instance: Instance) -> tuple[str, list[route.Value]]:
    """The second route, in words, and var(g) at every batch size."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    if problem.inputs.dimension == 1:
        return route.route_name(problem), [route.gradient_variance(problem, t, k, batch_size=b) for b in sizes]
    network = SymbolicNetwork.of(problem)
    v = network.in_inverse_batch_size(network.variance_by_partitions(t, k))
    return "weights step by step, set partitions of the samples, moments of the inputs", [F(v(b)) for b in sizes]


def _rate(step: int) -> F:
    """The paper's: 1/10, 1/20, 1/30, ..."""
    return F(1, 10 * (step + 1))


def plane(step: int, layer: int) -> Instance:
    """Sizes 2-3-2, Gaussian inputs, the learning rates of the paper's experiment."""
    student = ([[1, 0], [F(1, 2), -1], [0, 1]], [[1, F(-1, 2), 0], [0, 1, 1]])
    teacher = ([[0, 1], [1, 1], [-1, 0]], [[1, 0, 1], [F(1, 2), 1, 0]])
    problem = TeacherStudent(student, teacher, Gaussian(2), _rate)
    return Instance(f"sizes 2-3-2, x ~ N(0, I), alpha_t = 1/(10(t + 1)), t = {step}, layer {layer}", problem, step, layer)


def scalar() -> Instance:
    """One unit in each layer, after two steps."""
    problem = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), _rate)
    return Instance("x ~ N(0, 1), w = (1/2, -2/3), w* = 3/4, alpha_t = 1/(10(t + 1)), t = 2, layer 1", problem, 2, 1, (1, 2, 4))


CLAIM = Claim(
    id="b_0",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("two layers, before the first step", lambda: plane(0, 1)),
        Showcase("two layers, after one step, layer 1", lambda: plane(1, 1), decisive=True),
        Showcase("two layers, after one step, layer 2", lambda: plane(1, 2)),
        Showcase("one unit in each layer, after two steps", scalar),
    ),
)
