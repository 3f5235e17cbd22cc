"""Lines 313-315: the scale of the coefficients beta_i. The print excludes nothing; they are homogeneous in weights and learning rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction as F
from itertools import zip_longest
from typing import Any

from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.degrees import gradient_degree
from theory.exact import to_fraction
from theory.inputs import Discrete, Gaussian
from theory.problem import TeacherStudent
from theory.references.symbolic import SymbolicNetwork
from theory.variance_poly import variance_polynomial


@dataclass(frozen=True)
class EveryNetwork:
    """Two linear layers of sizes (p, p_1, p_2), all weights, the covariance of Gaussian inputs and the learning rate symbolic, t <= 1."""

    sizes: tuple[int, int, int]
    step: int
    layer: int

    @property
    def name(self) -> str:
        """For a page."""
        return rf"every network of sizes {self.sizes}, every learning rate, \(x \sim N(0, \Sigma)\), t = {self.step}, layer {self.layer}"


@dataclass(frozen=True)
class Scaled:
    """One network with the activation sigma(z) = z^D, and a factor c for all its weights, student's and teacher's."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int
    factor: F
    batch_sizes: tuple[int, ...] = (1, 2, 3)

    @property
    def given(self) -> dict[str, Any]:
        """The factor, for a page."""
        return {"Factor of the weights": self.factor}


def check(instance: EveryNetwork | Scaled) -> Evidence:
    """beta_s(c w, c w*, c^{1-m} alpha) = c^{2m} beta_s(w, w*, alpha)."""
    return _every_network(instance) if isinstance(instance, EveryNetwork) else _one_network(instance)


def _one_network(instance: Scaled) -> Evidence:
    problem, t, k, c = instance.problem, instance.step, instance.layer, instance.factor
    m = gradient_degree(problem.depth, activation_degree=problem.activation_degree)
    v = variance_polynomial(problem, t, k)
    large = scaled(problem, c, m)
    values = [route.gradient_variance(large, t, k, batch_size=b) for b in instance.batch_sizes]
    predicted = [c ** (2 * m) * F(v(b)) for b in instance.batch_sizes]
    compared = route.compare(predicted, values)
    return Evidence(
        statement=rf"weights times \(c\) and learning rates times \(c^{{{1 - m}}}\): every coefficient times \(c^{{{2 * m}}}\)",
        instance=instance.name,
        left_route=f"exact polynomial of the network itself, times c^{2 * m}",
        left=tabulated("b", instance.batch_sizes, predicted),
        right_route=f"{route.route_name(large)}, for the network with c = {c}",
        right=tabulated("b", instance.batch_sizes, values),
        holds=compared.agrees,
        difference=compared.distance,
        tolerance=compared.tolerance,
    )


def scaled(problem: TeacherStudent, factor: F, m: int) -> TeacherStudent:
    """All weights times c, the learning rate times c^{1-m}."""
    student, teacher = (tuple(w * factor for w in side) for side in (problem.student, problem.teacher_weights))
    return replace(problem, student=student, teacher=teacher, learning_rates=F(problem.learning_rate(0)) * factor ** (1 - m))


def _every_network(instance: EveryNetwork) -> Evidence:
    network = SymbolicNetwork(instance.sizes, covariance="symbolic")
    left = _Scales.of(network, network.variance_by_generator(instance.step, instance.layer))
    right = _Scales.of(network, network.variance_by_partitions(instance.step, instance.layer))
    homogeneous = all((w, x) == (6 + 2 * n, 2 + n) for n, w, x in left.degrees)
    return Evidence(
        statement=r"every term of \(\beta_i\) with \(n\) learning rates is of degree \(6 + 2n\) in the weights and \(2 + n\) in \(\Sigma\)",
        instance=instance.name,
        left_route="all letters symbolic: Gram recursion, Isserlis, Wishart generator",
        left=left.shown,
        right_route="all letters symbolic: set partitions of the samples, pairings",
        right=right.shown,
        holds=left == right and homogeneous,
        difference=max(abs(x - y) for x, y in zip_longest(left.sizes, right.sizes, fillvalue=F(0))),
    )


@dataclass(frozen=True)
class _Scales:
    """Of a polynomial in weights, Sigma, alpha and eps: (n, degree in the weights, degree in Sigma) of its terms, n the power of alpha;
    and for every power of eps the sum of the coefficients' absolute values."""

    degrees: tuple[tuple[int, int, int], ...]
    sizes: tuple[F, ...]

    @classmethod
    def of(cls, network: SymbolicNetwork, polynomial: Any) -> _Scales:
        names = network.context.names()
        degrees, sizes = set(), [F(0)] * (1 + max(int(powers[network.eps]) for powers in polynomial.to_dict()))
        for powers, coefficient in polynomial.to_dict().items():
            sizes[int(powers[network.eps])] += abs(to_fraction(coefficient))
            degree = dict.fromkeys(("W", "V", "Sigma", "alpha", "eps", "S"), 0)
            for name, power in zip(names, map(int, powers), strict=True):
                degree[name.rstrip("_0123456789")] += power
            degrees.add((degree["alpha"], degree["W"] + degree["V"], degree["Sigma"]))
        return cls(tuple(sorted(degrees)), tuple(sizes))

    @property
    def shown(self) -> dict[str, Value]:
        return {
            r"degrees in the weights, \(n = 0, 1, \ldots\)": [w for _, w, _ in self.degrees],
            r"degrees in \(\Sigma\)": [x for _, _, x in self.degrees],
        } | tabulated(r"sum of absolute coefficients, \(i\)", range(1, len(self.sizes)), self.sizes[1:])


def scalar_gaussian() -> Scaled:
    """The linear network of one unit in each layer, c = 3."""
    problem = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], Gaussian(1), learning_rates=F(1, 10))
    return Scaled("x ~ N(0, 1), w = (1/2, -2/3), w* = (3/4, 1), alpha = 1/10, t = 1, layer 1; c = 3", problem, 1, 1, F(3))


def three_layers() -> Scaled:
    """Three linear layers, two units, m = 5, c = 2."""
    law = Discrete([(1, 0), (1, 2)], [F(1, 3), F(2, 3)])
    problem = TeacherStudent([[[1, F(1, 2)]], [[1], [-1]], [[1, 1]]], [[[0, 1]], [[1], [1]], [[1, 0]]], law, learning_rates=F(1, 4))
    return Scaled("sizes 2-1-2-1, linear, two atoms, alpha = 1/4, t = 1, layer 2; c = 2", problem, 1, 2, F(2))


def squares() -> Scaled:
    """sigma(z) = z^2: m = 5, c = 3/2."""
    problem = TeacherStudent([[[1]], [[F(1, 2)]]], [[[1]], [[-1]]], Discrete([1, -2], [F(1, 3), F(2, 3)]), F(1, 8), (0, 0, 1))
    return Scaled("sizes 1-1-1, sigma(z) = z^2, x = 1 or -2, alpha = 1/8, t = 1, layer 1; c = 3/2", problem, 1, 1, F(3, 2))


CLAIM = Claim(
    id="scale",
    module=__name__,
    verdict=Verdict.HOLDS,
    check=check,
    showcases=(
        Showcase("every scalar network, t = 0", lambda: EveryNetwork((1, 1, 1), 0, 1)),
        Showcase("every scalar network, t = 1", lambda: EveryNetwork((1, 1, 1), 1, 1), decisive=True),
        Showcase("every network of sizes 2-2-1, t = 0", lambda: EveryNetwork((2, 2, 1), 0, 2)),
        Showcase("a scalar network, three times as large", scalar_gaussian),
        Showcase("three linear layers, twice as large", three_layers),
        Showcase("a quadratic activation", squares),
    ),
)
