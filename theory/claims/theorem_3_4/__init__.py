"""Theorem 3.4: var(g_{t,k}) is a polynomial in 1/b without a constant term. True; but its degree exceeds both printed bounds."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from math import comb

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.degrees import gradient_degree, printed_variance_degrees_3_4, variance_degree
from theory.engines.base import Quantity
from theory.engines.frequencies import Frequencies
from theory.inputs import Discrete
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent

#: Paths up to which brute force goes through every batch size that determines the polynomial; beyond, it tests the smallest ones.
EVERY_SIZE, SOME_SIZES = 150_000, 3_000


@dataclass(frozen=True)
class Instance:
    """A finitely supported problem, a step and a layer; `leading`, where known, is the coefficient of the highest power allowed."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int = 1
    leading: F | None = None

    @property
    def bound(self) -> int:
        """r(t) = sum_{s <= t} (2 m^s - 1)."""
        return variance_degree(self.step, depth=self.problem.depth, activation_degree=self.problem.activation_degree)


def check(instance: Instance) -> Evidence:
    """No constant term, degree at most r(t), the leading coefficient where it is known; brute force finds the same polynomial."""
    v = _polynomial(instance)
    facts = [v.coefficients[0] == 0, v.degree <= instance.bound]
    if instance.leading is not None:
        facts.append(instance.leading != 0 and v.degree == instance.bound and v.coefficients[-1] == instance.leading)
    found = _brute_force(instance, v)
    by_cumulants: dict[str, Value] = {} if instance.leading is None else {"last coefficient, by cumulants": instance.leading}
    return Evidence(
        statement=rf"\(\mathrm{{var}}(g_{{{instance.step},{instance.layer}}})\) is a polynomial in \(1/b\), no constant term, of degree "
        f"{'at most' if instance.leading is None else 'exactly'} {instance.bound}",
        instance=instance.name,
        left_route="polynomial in the frequencies of the atoms, integrated exactly",
        left=found.left,
        right_route=found.route,
        right=found.right | by_cumulants,
        holds=all(facts) and found.distance == 0,
        difference=found.distance,
        reason=found.error,
    )


def check_printed(instance: Instance) -> Evidence:
    """The print: degree at most (D+1)^{(t+1)D} - 1, and r <= 2 (D+1)^{(t+1)D} - 1. Not checked unless both routes agree."""
    v = _polynomial(instance)
    first, second = printed_variance_degrees_3_4(instance.step, activation_degree=instance.problem.activation_degree)
    found = _brute_force(instance, v)
    agree = found.distance == 0
    return Evidence(
        statement=rf"the degree is at most {first}, and \(r \le {second}\) (as printed)",
        instance=instance.name,
        left_route="polynomial in the frequencies of the atoms, integrated exactly",
        left=found.left,
        right_route=found.route,
        right=found.right,
        holds=v.degree <= first and v.degree <= second if agree else None,
        difference=found.distance,
        reason="" if agree else found.error or "the two routes disagree",
    )


def _polynomial(instance: Instance) -> InverseBatchPolynomial:
    v = Frequencies().compute(instance.problem, Quantity("variance", instance.step, instance.layer))
    assert isinstance(v, InverseBatchPolynomial)
    return v


@dataclass(frozen=True)
class BruteForce:
    """What going through all batches found beside what the polynomial says, and how far apart the two are."""

    route: str
    left: dict[str, Value]
    right: dict[str, Value]
    distance: F
    error: str = ""


def _brute_force(instance: Instance, v: InverseBatchPolynomial) -> BruteForce:
    """The polynomial found again from its values; where there are too many batches, the values at the smallest sizes."""
    problem, t, k, r = instance.problem, instance.step, instance.layer, instance.bound
    law = problem.inputs.support()
    n = len(law[0]) if law else 0

    def paths(largest: int) -> int:
        return sum(comb(b + n - 1, b) ** (t + 1) for b in range(1, largest + 1))

    if paths(r + 3) <= EVERY_SIZE:
        route = f"brute force at b = 1..{r + 1}, interpolated; b = {r + 2} and {r + 3} predicted exactly"
        try:
            other = enumeration.interpolated_polynomial(problem, t, k, degree=r)
        except ArithmeticError as wrong:
            return BruteForce(route, _ends(v), {}, F(1), str(wrong))
        size = max(len(v.coefficients), len(other.coefficients))
        pairs = zip(_padded(v, size), _padded(other, size), strict=True)
        return BruteForce(route, _ends(v), _ends(other), max(abs(x - y) for x, y in pairs))
    sizes = [b for b in range(1, r + 3) if b == 1 or paths(b) <= SOME_SIZES]
    predicted, values = [F(v(b)) for b in sizes], [enumeration.variance(problem, t, k, batch_size=b) for b in sizes]
    distance = max(abs(x - y) for x, y in zip(predicted, values, strict=True))
    left, right = _ends(v) | tabulated("b", sizes, predicted), tabulated("b", sizes, values)
    return BruteForce(f"brute force at b = 1..{sizes[-1]}", left, right, distance)


def _ends(v: InverseBatchPolynomial) -> dict[str, Value]:
    return {"degree": v.degree, "last coefficient": F(v.coefficients[-1]), "the variance": v}


def _padded(v: InverseBatchPolynomial, size: int) -> list[F]:
    return [F(c) for c in v.coefficients] + [F(0)] * (size - len(v.coefficients))


def steepest(depth: int, activation_degree: int, step: int, layer: int = 1) -> Instance:
    """The degree is attained here for every depth, activation degree, step and layer.

    All widths and weights 1, teacher 0, sigma(z) = z^D, x in {0, 1} equally likely, alpha = 1.
    """
    d = activation_degree
    problem = TeacherStudent([[[1]]] * depth, [[[0]]] * depth, Discrete([0, 1]), 1, [0] * d + [1])
    sigma = "" if d == 1 else f", sigma(z) = z^{d}"
    name = f"H = {depth}, D = {d}, t = {step}, layer {layer}: widths and weights 1, teacher 0, x in {{0, 1}}{sigma}, alpha = 1"
    return Instance(name, problem, step, layer, leading_coefficient(depth, d, step, layer))


def leading_coefficient(depth: int, activation_degree: int, step: int, layer: int) -> F:
    """beta_r of `steepest`: c^2 prod_s kappa_{2 m^{t-s}}, from the top forms of g_t alone (see the proof).

    a_{0,k} = 1,  c_{t,k} = D^{H-k} prod_j a_{t,j}^{2 D^{H-j}} / a_{t,k},  a_{t+1,k} = - c_{t,k}.
    """
    powers = [activation_degree ** (depth - k) for k in range(1, depth + 1)]
    m = gradient_degree(depth, activation_degree=activation_degree)
    top = [F(1)] * depth
    for _ in range(step + 1):
        product = F(1)
        for a, power in zip(top, powers, strict=True):
            product *= a ** (2 * power)
        gradient = [power * product / a for a, power in zip(top, powers, strict=True)]
        top = [-c for c in gradient]
    result = gradient[layer - 1] ** 2
    for s in range(step + 1):
        result *= coin_cumulant(2 * m**s)
    return result


def coin_cumulant(order: int) -> F:
    """kappa_n of a fair coin with values 0 and 1, from kappa_n = mu_n - sum_j binom(n-1, j-1) kappa_j mu_{n-j}, mu_j = 1/2."""
    kappa: list[F] = [F(0)]
    for n in range(1, order + 1):
        kappa.append(F(1, 2) - sum((comb(n - 1, j - 1) * kappa[j] for j in range(1, n)), F(0)) / 2)
    return kappa[order]


def wide() -> Instance:
    """Two linear layers of two units, three atoms."""
    problem = TeacherStudent(
        [[[1, F(1, 2)], [0, -1]], [[F(1, 2), 1]]],
        [[[0, 1], [1, 0]], [[1, 1]]],
        Discrete([(1, 0), (1, 2), (0, -1)], [F(1, 2), F(1, 4), F(1, 4)]),
        F(1, 5),
    )
    return Instance("sizes 2-2-1, linear, three atoms, alpha = 1/5, t = 1", problem, 1)


def opposite_atoms() -> Instance:
    """x and -x: the empirical second moment is constant, and so is the gradient."""
    problem = TeacherStudent([[[1, 2]], [[3]]], [[[1, 0]], [[1]]], Discrete([(1, 2), (-1, -2)]), F(1, 4))
    return Instance("sizes 2-1-1, linear, x = (1, 2) or (-1, -2), alpha = 1/4, t = 2: no noise at all", problem, 2)


def quadratic() -> Instance:
    """A quadratic activation with lower-order terms, sizes 1-2-1."""
    law = Discrete([1, -2])
    problem = TeacherStudent([[[1], [2]], [[1, -1]]], [[[0], [1]], [[1, 1]]], law, F(1, 3), (1, F(1, 2), 1))
    return Instance("sizes 1-2-1, sigma(z) = 1 + z/2 + z^2, two atoms, alpha = 1/3, t = 1, layer 2", problem, 1, 2)


CLAIM = Claim(
    id="3.4",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="degrees by step",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("two linear layers, t = 1", lambda: steepest(2, 1, 1)),
        Showcase("two linear layers, t = 3: degree 76", lambda: steepest(2, 1, 3, 2)),
        Showcase("three linear layers, t = 2: degree 59", lambda: steepest(3, 1, 2, 2)),
        Showcase("two layers, cubic activation, t = 1", lambda: steepest(2, 3, 1)),
        Showcase("three layers, quadratic activation, t = 1: degree 26", lambda: steepest(3, 2, 1)),
        Showcase("one layer, t = 3", lambda: steepest(1, 1, 3)),
        Showcase("a wide network", wide),
        Showcase("a quadratic activation", quadratic),
        Showcase("a special law", opposite_atoms),
        Showcase("degree 6 > 3", lambda: steepest(2, 1, 1), printed=True),
        Showcase("degree 23 > 15", lambda: steepest(2, 1, 2), printed=True),
        Showcase("degree 10 > 7 with three layers", lambda: steepest(3, 1, 1), printed=True),
    ),
)
