"""Section 5: "optimal values for M and M_V" in var(g_t) <= M + M_V ||grad L(w_t)||^2. Expectations given w_0 do not provide them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction as F
from itertools import product
from typing import Any

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.full_gradients import at_weights, split
from theory.claims.support.partition_argument import mean_given_initial_weights
from theory.claims.support.recursion_cases import MixedProduct, lookup_after
from theory.exact import to_fmpq_array, to_fraction, to_fraction_array
from theory.inputs import Discrete, Gaussian, Rademacher
from theory.problem import TeacherStudent
from theory.trace_forms import g
from theory.trace_forms.letters import weight_letter
from theory.variance_poly import mean_gradient, variance_polynomial


@dataclass(frozen=True)
class FirstLayer:
    """Two linear layers, Gaussian inputs with the covariance I in p coordinates, the gradient of layer 1 at any weights."""

    name: str
    problem: TeacherStudent
    batch_sizes: tuple[int, ...] = (1, 2, 3)
    step: int = 0
    layer: int = 1


@dataclass(frozen=True)
class Saddles:
    """Weights (r, 0) and 0, for several r: there the full gradient vanishes, and the noise does not."""

    name: str
    sizes: tuple[int, ...] = (1, 10, 100)

    @property
    def given(self) -> dict[str, Any]:
        """The network, for a page."""
        return {
            "Weights": r"\(W_1 = (r, 0)\), \(W_2 = 0\), both layers together",
            "Teacher": r"\(W^*_2 W^*_1 = (0, 1)\)",
            "Inputs": saddle(1).inputs,
        }


@dataclass(frozen=True)
class Averages:
    """A network with equally likely atoms after one step, all layers together: expectations given w_0, and the weights that SGD reaches."""

    name: str
    problem: TeacherStudent
    batch_size: int

    @property
    def given(self) -> dict[str, Any]:
        """Step and batch size, for a page."""
        return {"Step": r"\(t = 1\), all layers together", "Batch size": self.batch_size}


def check(instance: FirstLayer | Saddles) -> Evidence:
    """Given w_t: var(g_{t,1}) = ((p + 1)/b) ||grad L(w_t)||^2, so M = 0, M_V = (p + 1)/b; in layer 2 no constants serve all weights."""
    return _first_layer(instance) if isinstance(instance, FirstLayer) else _saddles(instance)


def _first_layer(instance: FirstLayer) -> Evidence:
    problem, p, sizes = instance.problem, instance.problem.inputs.dimension, instance.batch_sizes
    gradient = mean_gradient(problem, 0, 1)  # at t = 0 that of the loss
    left = [F(p + 1, b) * sum((F(x(b)) ** 2 for x in gradient.ravel()), F(0)) for b in sizes]
    square = mean_given_initial_weights(MixedProduct(problem, (g(0, 1).T @ g(0, 1),)))
    mean = mean_given_initial_weights(MixedProduct(problem, (), None, g(0, 1)))
    right = [F(square(b)) - sum((F(x(b)) ** 2 for x in mean.ravel()), F(0)) for b in sizes]
    return Evidence(
        statement=rf"\(\mathrm{{var}}(g_{{t,1}} \mid w_t) = \frac{{{p + 1}}}{{b}} \|\nabla_{{W_1}} L(w_t)\|^2\)",
        instance=instance.name,
        left_route="(p + 1)/b times the squared full gradient",
        left=tabulated("b", sizes, left),
        right_route="set partitions of the samples and Gaussian moments",
        right=tabulated("b", sizes, right),
        holds=left == right,
        difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
    )


def saddle(r: int) -> TeacherStudent:
    """W_1 = (r, 0), W_2 = 0, W* = (0, 1), four equally likely signs."""
    return TeacherStudent([[[r, 0]], [[0]]], [[[0, 1]], [[1]]], Rademacher(2), learning_rates=1)


def _saddles(instance: Saddles) -> Evidence:
    """At b = 1: the variance r^2 of both layers together, where M + M_V * 0 would have to be above it for every r."""
    left, right, gradients = [], [], []
    for r in instance.sizes:
        problem = saddle(r)
        left.append(sum((F(variance_polynomial(problem, 0, k)(1)) for k in (1, 2)), F(0)))
        right.append(sum((enumeration.variance(problem, 0, k, batch_size=1) for k in (1, 2)), F(0)))
        weights = tuple(map(to_fmpq_array, problem.student))
        gradients.append(max(abs(to_fraction(x)) for k in (1, 2) for x in at_weights(problem, weights, k).gradient.ravel()))
    return Evidence(
        statement=r"no \(M\), \(M_V\) serve all \(w\): at \(W_1 = (r, 0)\), \(W_2 = 0\), \(\nabla L = 0\) and \(\mathrm{var}(g) = r^2/b\)",
        instance=instance.name,
        left_route="exact polynomial, at b = 1",
        left=tabulated("r", instance.sizes, left),
        right_route="enumeration of every input",
        right=tabulated("r", instance.sizes, right),
        holds=left == right == [r**2 for r in instance.sizes] and not any(gradients),
        difference=max(abs(x - y) for x, y in zip(left, right, strict=True)),
    )


def check_printed(instance: Averages) -> Evidence:
    """The print: the smallest M, M_V >= 0 that the expectations given w_0 allow, with M + M_V E||grad L||^2 = E var, hold at every w_t.

    At a point with ||grad L||^2 = f they give at most max(1, f / E||grad L||^2) E var, whichever pair is taken.
    """
    problem, b, layers = instance.problem, instance.batch_size, range(1, instance.problem.depth + 1)
    parts = [split(problem, 1, k, batch_size=b) for k in layers]
    square, variance = sum((part.square for part in parts), F(0)), sum((part.noise / b for part in parts), F(0))
    reached = [at_reached(problem, drawn, b) for drawn in product(range(len((problem.inputs.support() or ((),))[0])), repeat=b)]
    again = tuple(sum(values, F(0)) / len(reached) for values in zip(*reached, strict=True))
    allowed = {f: max(F(1), f / square) * variance for f, _ in sorted(reached)}
    means = r"means of \(\|\nabla L(w_t)\|^2\) and \(\mathrm{var}(g_t \mid w_t)\)"
    return Evidence(
        statement=r"\(\mathrm{var}(g_t \mid w_t) \le M + M_V \|\nabla L(w_t)\|^2\) with the best \(M\), \(M_V\) on average",
        instance=instance.name,
        left_route=r"all batches before, atom by atom, and the most that the best \(M\), \(M_V\) allow",
        left={means: (square, variance)} | {_at(f): most for f, most in allowed.items()},
        right_route=r"exact polynomials started at every \(w_t\) that is reached: the variances there",
        right={means: again} | {_at(f): sorted({v for at, v in reached if at == f}) for f in allowed},
        holds=all(v <= allowed[f] for f, v in reached) if again == (square, variance) else None,
        difference=max(v - allowed[f] for f, v in reached),
        reason="" if again == (square, variance) else "the two routes to the averages differ",
        is_bound=True,
    )


def _at(square: F) -> str:
    return rf"where \(\|\nabla L(w_t)\|^2 = {square}\)"


def at_reached(problem: TeacherStudent, drawn: tuple[int, ...], batch_size: int) -> tuple[F, F]:
    """|| grad L(w_1) ||^2 and var(g_1 | w_1) of all layers, w_1 the weights after this batch: the problem started anew from there."""
    layers = range(1, problem.depth + 1)
    lookup = lookup_after(MixedProduct(problem, (), None, g(1, 1), (drawn,)))
    weights = tuple(to_fraction_array(lookup(weight_letter(1, k))) for k in layers)
    there = replace(problem, student=weights)
    square = sum((F(x(1)) ** 2 for k in layers for x in mean_gradient(there, 0, k).ravel()), F(0))
    return square, sum((F(variance_polynomial(there, 0, k)(batch_size)) for k in layers), F(0))


def isotropic() -> FirstLayer:
    """Sizes 3-2-2."""
    student, teacher = ([[1, 0, 2], [0, -1, 1]], [[1, 1], [F(1, 2), 0]]), ([[0, 1, 0], [1, 0, 0]], [[1, 0], [0, 1]])
    return FirstLayer("sizes 3-2-2, x ~ N(0, I)", TeacherStudent(student, teacher, Gaussian(3), 1))


def scalar() -> FirstLayer:
    """One unit in each layer: the noise is twice the squared gradient."""
    return FirstLayer("sizes 1-1-1, x ~ N(0, 1), w = (1, 2), w* = 0", TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Gaussian(1), 1))


def saddles() -> Saddles:
    """r = 1, 10, 100."""
    return Saddles("sizes 2-1-1, x = (+-1, +-1) equally likely, W_1 = (r, 0), W_2 = 0, W* = (0, 1), both layers")


def averages() -> Averages:
    """Three weights are reached, with (||grad L||^2, b var) = (1, 0), (1, 1) and (5, 1)."""
    problem = TeacherStudent([[[1, 1]], [[1]]], [[[0, 1]], [[1]]], Discrete([(1, 1), (1, -1)]), learning_rates=1)
    return Averages("x = (1, 1) or (1, -1) equally likely, W_1 = (1, 1), W_2 = 1, W* = (0, 1), alpha = 1, b = 2, t = 1", problem, 2)


CLAIM = Claim(
    id="section 5",
    module=__name__,
    verdict=Verdict.REFUTED,
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("the first layer, three Gaussian inputs", isotropic),
        Showcase("the first layer, one unit", scalar),
        Showcase("no constants for all weights", saddles),
        Showcase("best on average, broken at a point that is reached", averages, printed=True),
    ),
)
