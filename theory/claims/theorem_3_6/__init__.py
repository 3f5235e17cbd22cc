"""Theorem 3.6: for every epsilon there is a polynomial whose gradients stay that close. For bounded inputs, and then it is constructed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import product

import numpy as np
from flint import arb, fmpq_poly
from numpy.polynomial.hermite_e import hermegauss

from theory.approximation import every_path_bound, polynomial_within
from theory.chebyshev import approximate, power_basis
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict
from theory.claims.support.first_gradients import first_gradients, same
from theory.claims.support.small_networks import network
from theory.exact import to_fmpq, to_fraction
from theory.inputs import Discrete, Gaussian, Rademacher
from theory.problem import TeacherStudent
from theory.references import ball_runs

#: Gauss-Hermite quadrature in doubles is off by less, relative to the integral.
QUADRATURE_ERROR = 1e-9


@dataclass(frozen=True)
class Instance:
    """A smooth network with finitely supported inputs, the number of steps, epsilon, and the batch size whose paths are all followed."""

    name: str
    problem: TeacherStudent
    steps: int
    tolerance: F
    batch_size: int = 1

    @property
    def given(self) -> dict[str, str]:
        """For a page."""
        return {
            "Followed": rf"\(t = 0, \ldots, {self.steps - 1}\), \(b = {self.batch_size}\)",
            "Tolerance": rf"\(\epsilon = {self.tolerance}\)",
        }


@dataclass(frozen=True)
class Unbounded:
    """Gaussian inputs: polynomials (radius, degree), and an epsilon that none of them meets for all samples."""

    name: str
    problem: TeacherStudent
    polynomials: tuple[tuple[int, int], ...]
    tolerance: F

    @property
    def given(self) -> dict[str, str]:
        """For a page."""
        fits = (rf"of degree {degree} on \([-{radius}, {radius}]\)" for radius, degree in self.polynomials)
        return {"Polynomials": ", ".join(fits), "Samples": r"\(t = 0\), \(b = 1\)"}


def check(instance: Instance) -> Evidence:
    """A polynomial is constructed for epsilon; every path of the batch size is followed in both networks, in balls."""
    problem, steps, b = instance.problem, instance.steps, instance.batch_size
    polynomial = polynomial_within(problem, steps, instance.tolerance)
    bound = float(every_path_bound(problem, polynomial, steps).gradient.max())
    atoms = problem.inputs.support()
    if atoms is None:
        raise ValueError(f"{instance.name} has inputs whose paths cannot be listed")
    largest, paths = arb(0), 0
    for draws in product(range(len(atoms[0])), repeat=b * steps):
        batches = np.array([atoms[0][i] for i in draws], dtype=object).reshape(steps, b, -1)
        found = ball_runs.distances(problem, polynomial.activation, polynomial, batches)["gradient"]
        largest = ball_runs.largest([largest, *(x for row in found for x in row)])
        paths += 1
    holds, excess = ball_runs.compare([(largest, instance.tolerance)])
    return Evidence(
        statement=rf"\(\|g_{{t,k}}^S - g_{{t,k}}^P\| \le \epsilon\) for t < {steps}, every layer, batch size and path",
        instance=instance.name,
        left_route=f"{polynomial}, constructed for \\(\\epsilon\\) from the a-priori bounds: proved for every path, at most",
        left={"bound": bound, r"\(\epsilon\)": instance.tolerance},
        right_route=f"all {paths} paths with b = {b}, both networks in ball arithmetic: the largest",
        right=largest,
        holds=holds and bound <= instance.tolerance,
        difference=excess,
        tolerance=ball_runs.TOLERANCE if excess else 0.0,
        is_bound=True,
    )


def check_printed(instance: Unbounded) -> Evidence:
    """Without a bound on the inputs: for each polynomial a sample at which the gap exceeds epsilon, and its size in the mean."""
    sigma = instance.problem.activation_function
    gaps: dict[str, Value] = {}
    direct: dict[str, Value] = {}
    moments: dict[str, Value] = {}
    numerical: dict[str, Value] = {}
    refuted = agree = True
    for radius, degree in instance.polynomials:
        polynomial = approximate(sigma, radius, degree)
        x, gap = radius, arb(0)
        while not ball_runs.exceeds(gap, instance.tolerance) and x < 64 * radius:
            x += 1
            sample = np.full((1, 1, 1), F(x), dtype=object)
            gap = ball_runs.distances(instance.problem, polynomial.activation, polynomial, sample)["gradient"][0][1]
        refuted = refuted and ball_runs.exceeds(gap, instance.tolerance)
        by_hand = [
            first_gradients(instance.problem, functions, float(x))[1]
            for functions in ((sigma.value, sigma.derivative), (polynomial, polynomial.derivative))
        ]
        name, mean = f"gap at x = {x}, degree {degree}", rf"\(\mathbb{{E}} P(x)^4\), degree {degree}"
        gaps[name], direct[name] = gap, abs(by_hand[0] - by_hand[1])
        exact, value = fourth_moment(power_basis(polynomial.chebyshev.coef, polynomial.radius))
        agree = agree and same([abs(by_hand[0] - by_hand[1])], [gap])[0] and abs(value / float(exact) - 1) <= QUADRATURE_ERROR
        moments[mean], numerical[mean] = exact, value
    return Evidence(
        statement=r"one of these polynomials has \(\|g_{0,2}^S - g_{0,2}^P\| \le\) "
        f"{instance.tolerance} whatever the samples (as printed: no bound on x)",
        instance=instance.name,
        left_route=r"both networks in ball arithmetic; \(\mathbb{E} \|g_{0,2}^P\|^2 = \mathbb{E} P(x)^4\) in rationals, where "
        r"\(\mathbb{E} \|g_{0,2}^S\|^2 \le 1\)",
        left=gaps | moments,
        right_route="by the chain rule and by Gauss-Hermite quadrature, in doubles",
        right=direct | numerical,
        holds=not refuted if agree else None,
        reason="" if agree else "the two routes to a gap or to a mean differ",
    )


def fourth_moment(polynomial: fmpq_poly) -> tuple[F, float]:
    """E P(x)^4 for x ~ N(0, 1): exactly, from E x^{2j} = (2j - 1)!!, and by a Gauss-Hermite rule that is exact for this degree."""
    fourth = polynomial**4
    law = Gaussian(1)
    exact = sum((to_fraction(c) * law.moment((j,)) for j, c in enumerate(fourth.coeffs())), F(0))
    nodes, weights = hermegauss(2 * polynomial.degree() + 1)
    values = np.array([float(polynomial(to_fmpq(float(x)))) for x in nodes])  # rationals: nothing cancels in doubles
    top = float(np.abs(values).max())
    numerical = float(np.dot(weights, (values / top) ** 4)) / float(np.sqrt(2 * np.pi)) * top**4
    return exact, numerical


def single_tanh() -> Instance:
    """Three steps of a scalar network: 8 paths at b = 1."""
    problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Discrete([F(1, 2), -1]), F(1, 10), "tanh")
    return Instance("sizes 1-1-1, tanh, two atoms, alpha = 1/10", problem, 3, F(1, 10**6))


def sigmoid_two_inputs() -> Instance:
    """256 paths."""
    problem = network((2, 2, 1), "sigmoid", Rademacher(2), seed=5)
    return Instance("sizes 2-2-1, sigmoid, signs as inputs, alpha = 1/10", problem, 2, F(1, 1000), 2)


def gelu_deep() -> Instance:
    """Three layers, an entire activation."""
    problem = network((1, 2, 2, 1), "gelu", Discrete([1, F(-1, 2)]), seed=6, rate=F(1, 20))
    return Instance("sizes 1-2-2-1, GELU, two atoms, alpha = 1/20", problem, 3, F(1, 10**4))


def gaussian_inputs() -> Unbounded:
    """g_2^S = sigma(x)^2 <= 1 while g_2^P = P(x)^2 has no bound; teacher 0."""
    problem = TeacherStudent([[[1]], [[1]]], [[[1]], [[0]]], Gaussian(1), 1, "sigmoid")
    name = "sizes 1-1-1, sigmoid, x ~ N(0, 1), w = (1, 1), w* = (1, 0), b = 1, t = 0"
    return Unbounded(name, problem, ((2, 5), (4, 15), (6, 61)), F(1, 3))


CLAIM = Claim(
    id="3.6",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="approximants",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("one unit, tanh", single_tanh),
        Showcase("two inputs, sigmoid", sigmoid_two_inputs),
        Showcase("three layers, GELU", gelu_deep),
        Showcase("Gaussian inputs", gaussian_inputs, printed=True),
    ),
)
