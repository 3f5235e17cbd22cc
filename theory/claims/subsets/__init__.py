"""Lines 63-64: a batch of all samples has no noise, at any step. So it is without replacement, where the law is a polynomial too."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.degrees import variance_degree
from theory.inputs import DataSet
from theory.optimizers import SGD
from theory.problem import TeacherStudent
from theory.variance_poly import variance_polynomial


@dataclass(frozen=True)
class Instance:
    """A data set with its network, a step and a layer."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int = 1

    @property
    def points(self) -> int:
        """n."""
        return len(self.problem.population)


def check(instance: Instance) -> Evidence:
    """A polynomial in 1/b of degree r(t) at most, which is 0 at b = n; every sequence of subsets gives the same values."""
    problem, t, k, n = instance.problem, instance.step, instance.layer, instance.points
    v = variance_polynomial(problem, t, k, engine="frequencies")
    bound = variance_degree(t, depth=problem.depth, activation_degree=problem.activation_degree)
    sizes = list(range(1, n + 1))
    of_polynomial: dict[str, Value] = {"degree": v.degree, "constant term": F(v.coefficients[0])}
    predicted = [F(v(b)) for b in sizes]
    values = [enumeration.variance(problem, t, k, batch_size=b) for b in sizes]
    facts = [v.degree <= bound, values[-1] == 0]
    if t == 0 and n > 1:
        facts += [x == F(n - b, b * (n - 1)) * values[0] for b, x in zip(sizes, values, strict=True)]
    return Evidence(
        statement=rf"\(\mathrm{{var}}(g_{{{t},{k}}})\) is a polynomial in \(1/b\) of degree at most {bound}, and 0 at \(b = {n}\)",
        instance=instance.name,
        left_route="polynomial in the frequencies of the points, integrated by hypergeometric moments",
        left=of_polynomial | tabulated("b", sizes, predicted),
        right_route="enumeration of every sequence of subsets",
        right=tabulated("b", sizes, values),
        holds=all(facts) and predicted == values,
        difference=max(abs(x - y) for x, y in zip(predicted, values, strict=True)),
    )


def labelled(step: int, layer: int = 1, optimizer: SGD = SGD()) -> Instance:
    """Two linear layers, four points of the plane with labels."""
    data = DataSet([[1, 0], [1, 1], [1, 2], [1, -1]], [1, 0, 2, -1])
    problem = TeacherStudent([[[1, F(1, 2)]], [[F(1, 2)]]], None, data, F(1, 2), (0, 1), optimizer, "without_replacement")
    plain = "" if optimizer == SGD() else f", {optimizer}"
    return Instance(
        f"sizes 2-1-1, four labelled points with an intercept, alpha = 1/2, t = {step}, layer {layer}{plain}", problem, step, layer
    )


def quadratic() -> Instance:
    """A teacher on five points, one of them twice."""
    data = DataSet([0, 1, 1, 2, -1])
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[1]]], data, F(1, 3), (1, 0, 1), sampling="without_replacement")
    return Instance("sizes 1-1-1, sigma(z) = 1 + z^2, five points of which two are equal, alpha = 1/3, t = 1", problem, 1)


CLAIM = Claim(
    id="subsets",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("the first step", lambda: labelled(0)),
        Showcase("after one step, with labels", lambda: labelled(1), decisive=True),
        Showcase("after two steps", lambda: labelled(2, 2)),
        Showcase("with momentum", lambda: labelled(2, 1, SGD(momentum=F(1, 2), weight_decay=F(1, 10)))),
        Showcase("a quadratic activation", quadratic),
    ),
)
