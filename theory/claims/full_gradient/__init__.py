"""Section 4.2: the variance of the full gradient grad L(w_t), a polynomial in 1/b like that of g_t, which need not fall from b = 1 on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise

from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.claims.support.full_gradients import split
from theory.claims.support.gradient_at_step import GradientAtStep
from theory.claims.support.partition_argument import full_gradient_variance
from theory.claims.theorem_3_4 import coin_cumulant, leading_coefficient, steepest
from theory.claims.theorem_3_4 import quadratic as quadratic_network
from theory.claims.theorem_3_4 import wide as wide_network
from theory.claims.theorem_3_5 import smallest_rise
from theory.degrees import variance_degree
from theory.inputs import Discrete, Gaussian
from theory.problem import TeacherStudent
from theory.trace_forms import W, constant, teacher, tr
from theory.variance_poly import expectation, mean_gradient


@dataclass(frozen=True)
class Instance(GradientAtStep):
    """A problem, a step and a layer; `leading`, where known, is the coefficient of the highest power allowed.

    Its inputs have finitely many atoms, or are Gaussian for two linear layers.
    """

    leading: F | None = None

    @property
    def bound(self) -> int:
        """sum_{s < t} (2 m^{t-s} - 1)."""
        return variance_degree(self.step, depth=self.problem.depth, activation_degree=self.problem.activation_degree) - 1


def variances(instance: Instance) -> tuple[str, list[F]]:
    """The second route, in words, and var(grad L(w_t)) at every batch size."""
    problem, t, k, sizes = instance.problem, instance.step, instance.layer, instance.batch_sizes
    if problem.inputs.support() is not None:
        return "full gradient at every \\(w_t\\) that is reached", [split(problem, t, k, batch_size=b).variance for b in sizes]
    residual = (W(t, 2) @ W(t, 1) - teacher(2) @ teacher(1)) @ constant("Sigma", problem.inputs.second_moment)
    gradient = W(t, 2).T @ residual if k == 1 else residual @ W(t, 1).T
    square, mean = expectation(problem, tr(gradient.T @ gradient)), mean_gradient(problem, t, k)
    values = [F(square(b)) - sum((F(entry(b)) ** 2 for entry in mean.ravel()), F(0)) for b in sizes]
    return "trace of the full gradient's square in Gaussian words, one batch moment removed at a time", values


def check(instance: Instance) -> Evidence:
    """No constant term, the degree, the sign of the first coefficient; brute force finds the same values."""
    v = full_gradient_variance(instance.problem, instance.step, instance.layer)
    first = next((c for c in v.coefficients if c), F(0))
    facts = [v.coefficients[0] == 0, v.degree <= instance.bound, first >= 0, v.decreasing_from() is not None]
    if instance.leading is not None:
        facts.append(v.degree == instance.bound and v.coefficients[-1] == instance.leading)
    sizes = instance.batch_sizes
    predicted = [F(v(b)) for b in sizes]
    route, values = variances(instance)
    known = {} if instance.leading is None else {"last coefficient": instance.leading}
    return Evidence(
        statement=r"\(\mathrm{var}(\nabla L(w_t))\) is a polynomial in \(1/b\) without constant term, of degree "
        f"{'at most' if instance.leading is None else 'exactly'} {instance.bound}, and decreases for large b",
        instance=instance.name,
        left_route=f"one sample's mean gradient at \\(w_t\\) as a polynomial in earlier gradients, set partitions: degree {v.degree}",
        left=tabulated("b", sizes, predicted) | ({} if instance.leading is None else {"last coefficient": F(v.coefficients[-1])}),
        right_route=route + (", cumulants of a coin" if known else ""),
        right=tabulated("b", sizes, values) | known,
        holds=all(facts) and predicted == values,
        difference=max(abs(x - y) for x, y in zip(predicted, values, strict=True)),
    )


def check_printed(instance: Instance) -> Evidence:
    """The print: strictly decreasing in b, at every iteration."""
    v = full_gradient_variance(instance.problem, instance.step, instance.layer)
    sizes = instance.batch_sizes
    predicted = [F(v(b)) for b in sizes]
    route, values = variances(instance)
    return Evidence(
        statement=r"\(\mathrm{var}(\nabla L(w_t))\) is a strictly decreasing function of \(b\), for every \(t\) (as printed)",
        instance=instance.name,
        left_route=f"exact polynomial of degree {v.degree}",
        left=tabulated("b", sizes, predicted),
        right_route=route,
        right=tabulated("b", sizes, values),
        holds=all(x > y for x, y in pairwise(values)) if predicted == values else None,
        difference=max(abs(x - y) for x, y in zip(predicted, values, strict=True)),
        reason="" if predicted == values else "the two routes differ",
    )


def attaining(depth: int, activation_degree: int, step: int, layer: int) -> Instance:
    """The network that attains the degree of var(g_t): its full gradient is g_t with the mean 1/2 in the place of the last share q_t."""
    found = steepest(depth, activation_degree, step, layer)
    leading = leading_coefficient(depth, activation_degree, step, layer) / coin_cumulant(2) / 4
    return Instance(found.name, found.problem, step, layer, leading=leading)


def two_atoms_rising() -> Instance:
    """0 at b = 1, 1/256 at b = 2."""
    found = smallest_rise()
    return Instance(found.name, found.problem, 1, 1)


def gaussian_rising() -> Instance:
    """The teacher turns the plane by a right angle, and more: S J S = det(S) J, and a single sample has det(S) = 0."""
    identity = [[1, 0], [0, 1]]
    problem = TeacherStudent([identity, identity], [[[1, -8], [8, 1]], identity], Gaussian(2), learning_rates=1)
    return Instance("x ~ N(0, I) in the plane, W_1 = W_2 = I, W* = ((1, -8), (8, 1)), alpha = 1, t = 1, layer 1", problem, 1, 1)


def first_iteration() -> Instance:
    """At the initial weights nothing is random."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), F(1, 4))
    return Instance("x in {1, 2} equally likely, w = (1, 2), w* = 0, t = 0, layer 1", problem, 0, 1)


def wide() -> Instance:
    """Two linear layers of two units, three atoms."""
    found = wide_network()
    return Instance(found.name, found.problem, 1, found.layer)


def quadratic() -> Instance:
    """A quadratic activation with lower-order terms."""
    found = quadratic_network()
    return Instance(found.name, found.problem, 1, found.layer)


CLAIM = Claim(
    id="full gradient",
    module=__name__,
    verdict=Verdict.REFUTED,
    figure="full gradients",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("the smallest integers", two_atoms_rising),
        Showcase("two linear layers, t = 2: degree 22", lambda: attaining(2, 1, 2, 2)),
        Showcase("three linear layers, t = 1: degree 9", lambda: attaining(3, 1, 1, 3)),
        Showcase("two layers, quadratic activation, t = 1: degree 9", lambda: attaining(2, 2, 1, 1)),
        Showcase("one layer, t = 3: degree 3", lambda: attaining(1, 1, 3, 1)),
        Showcase("a wide network", wide),
        Showcase("a quadratic activation", quadratic),
        Showcase("Gaussian inputs in the plane", gaussian_rising),
        Showcase("0 at b = 1, 1/256 at b = 2", two_atoms_rising, printed=True),
        Showcase("Gaussian inputs, integer weights", gaussian_rising, printed=True),
        Showcase("the first iteration", first_iteration, printed=True),
    ),
)
