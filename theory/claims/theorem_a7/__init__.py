"""Theorem A.7: given w_0, var(g_t) of two linear layers is a polynomial in 1/b without constant term. Its sharp degree, and a sign."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

from theory import enumeration
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict, tabulated
from theory.claims.support import second_route as route
from theory.degrees import variance_degree
from theory.inputs import Discrete, Gaussian, Uniform
from theory.inverse_batch import InverseBatchPolynomial
from theory.problem import TeacherStudent
from theory.references.symbolic import SymbolicNetwork
from theory.variance_poly import mean_gradient, second_moment_polynomial

MAX_PATHS = 12_000  # of the enumeration, all batch sizes together


@dataclass(frozen=True)
class EveryNetwork:
    """All weights and the learning rate symbolic: every network of these sizes (p, p_1, p_2), Gaussian inputs, t = 0 or 1."""

    sizes: tuple[int, int, int]
    step: int
    layer: int
    teacher: str = "factors"
    covariance: str = "identity"

    @property
    def given(self) -> dict[str, str]:
        """For a page."""
        p, p1, p2 = self.sizes
        shapes = rf"\(W_1\) of shape \({p1} \times {p}\), \(W_2\) of shape \({p2} \times {p1}\)"
        teacher = r"\(W^*_1\), \(W^*_2\)" if self.teacher == "factors" else r"\(W^*_2 W^*_1\)"
        law = r"\(x \sim N(0, I)\)" if self.covariance == "identity" else r"\(x \sim N(0, \Sigma)\), every \(\Sigma\)"
        network = f"every one: each entry of the weights, of the teacher’s {teacher} and each learning rate is a variable; {shapes}"
        return {"Network": network, "Inputs": law}

    @property
    def name(self) -> str:
        """For a page."""
        sigma = "x ~ N(0, Sigma), Sigma symbolic" if self.covariance == "symbolic" else "x ~ N(0, I)"
        teacher = "" if self.teacher == "factors" else " (the teacher through the product of its weights)"
        return f"every network of sizes {self.sizes}{teacher}, every learning rate, {sigma}, t = {self.step}, layer {self.layer}"


@dataclass(frozen=True)
class OneNetwork:
    """One problem of two linear layers."""

    name: str
    problem: TeacherStudent
    step: int
    layer: int


Instance = EveryNetwork | OneNetwork


def gamma(problem: TeacherStudent, step: int, layer: int, sign: int = -1) -> InverseBatchPolynomial:
    """gamma_s = alpha_{1,s} + sign * sum_{u+v=s} <alpha_{2,u}, alpha_{2,v}>, from E||g||^2 and E g."""
    total = second_moment_polynomial(problem, step, layer, engine="wishart")
    for entry in mean_gradient(problem, step, layer, engine="wishart").ravel():
        total = total + entry * entry * sign
    return total


def check(instance: Instance) -> Evidence:
    """Both routes to var(g_t) agree, and it has no constant term and at most the sharp degree (exactly that, with symbolic weights)."""
    return _every_network(instance) if isinstance(instance, EveryNetwork) else _one_network(instance)


def check_printed_proof(instance: Instance) -> Evidence:
    """The printed gamma_s, with its plus sign, against the variance itself."""
    if isinstance(instance, EveryNetwork):
        raise TypeError(f"the printed sign is tested on one network, but the instance was {instance}")
    sizes = (1, 2)
    minus, plus = (gamma(instance.problem, instance.step, instance.layer, sign) for sign in (-1, +1))
    honest, printed = ([F(v(b)) for b in sizes] for v in (minus, plus))
    values = [route.gradient_variance(instance.problem, instance.step, instance.layer, batch_size=b) for b in sizes]
    confirmed = route.compare(honest, values)
    return Evidence(
        statement=r"\(\gamma_s = \alpha_{1,s} + \sum_{u+v=s} \langle \alpha_{2,u}, \alpha_{2,v} \rangle\) (as printed)",
        instance=instance.name,
        left_route=r"the coefficients \(\gamma_s\), from the exact \(\mathbb{E} \|g\|^2\) and \(\mathbb{E}\, g\)",
        left=tabulated("b", sizes, honest) | {f"b = {b}, with the printed plus sign": v for b, v in zip(sizes, printed, strict=True)},
        right_route=route.route_name(instance.problem),
        right=tabulated("b", sizes, values),
        holds=route.compare(printed, values).agrees if confirmed.agrees else None,
        difference=confirmed.distance,
        tolerance=confirmed.tolerance,
        reason="" if confirmed.agrees else "the two routes to the variance differ",
    )


def _every_network(instance: EveryNetwork) -> Evidence:
    network = SymbolicNetwork(instance.sizes, instance.teacher, instance.covariance)
    left = network.variance_by_generator(instance.step, instance.layer)
    right = network.variance_by_partitions(instance.step, instance.layer)
    coefficients = network.coefficients(left)
    sharp = variance_degree(instance.step)

    def counts(polynomial: Any) -> dict[str, Value]:
        by_order = network.coefficients(polynomial)
        return {"terms": len(polynomial), "degree in 1/b": len(by_order) - 1, "terms of order 0": len(by_order[0])}

    difference = (left - right).coeffs()
    return Evidence(
        statement=rf"\(\mathrm{{var}}(g_t)\) is a polynomial in \(1/b\), without constant term, of degree exactly {sharp}",
        instance=instance.name,
        left_route="closed Gram recursion, Isserlis for the last batch, Wishart generator for the first",
        left=counts(left),
        right_route="weights step by step, set partitions of the samples, Gaussian moments by pairings",
        right=counts(right),
        holds=left == right and len(coefficients) - 1 == sharp and not coefficients[0],
        difference=max((F(int(abs(c).p), int(c.q)) for c in difference), default=F(0)),
    )


def _one_network(instance: OneNetwork) -> Evidence:
    problem, step, layer = instance.problem, instance.step, instance.layer
    left, sharp = gamma(problem, step, layer), variance_degree(step)
    shape = left.degree <= sharp and left.coefficients[0] == 0
    statement = rf"\(\mathrm{{var}}(g_t) = \gamma_1/b + \cdots + \gamma_r/b^r\), \(r \le {sharp}\), with the minus sign"
    left_route = r"the coefficients from \(\mathbb{E} \|g\|^2\) and \(\mathbb{E}\, g\), integrated batch by batch"
    if problem.inputs.support() is None and step <= 1:
        network = SymbolicNetwork.of(problem)
        right = network.in_inverse_batch_size(network.variance_by_partitions(step, layer))
        return Evidence(
            statement=statement,
            instance=instance.name,
            left_route=left_route,
            left=left,
            right_route="weights step by step, set partitions of the samples, moments of the inputs",
            right=right,
            holds=left == right and shape,
            difference=max(abs(F(c)) for c in (left - right).coefficients),
        )
    sizes = _batch_sizes(problem, step)
    if not sizes:
        reason = f"no second route for {problem.inputs} at t = {step}"
        return Evidence(statement, instance.name, left_route, left, "none", None, holds=None, reason=reason)
    values = [route.gradient_variance(problem, step, layer, batch_size=b) for b in sizes]
    compared = route.compare([F(left(b)) for b in sizes], values)
    return Evidence(
        statement=f"{statement}, at \\(b = 1, \\ldots, {sizes[-1]}\\)",
        instance=instance.name,
        left_route=left_route,
        left=tabulated("b", sizes, [F(left(b)) for b in sizes]),
        right_route=route.route_name(problem),
        right=tabulated("b", sizes, values),
        holds=compared.agrees and shape,
        difference=compared.distance,
        tolerance=compared.tolerance,
    )


def _batch_sizes(problem: TeacherStudent, step: int) -> range:
    """b = 1, 2, ...: one more than would determine the polynomial, or as many as are affordable; none without a second route."""
    wanted = variance_degree(step) + 1
    if problem.inputs.support() is None:
        scalar = problem.inputs.is_centred_gaussian and problem.inputs.dimension == 1
        return range(1, (wanted if step <= 2 else 3) + 1) if scalar else range(0)
    affordable = paths = 0
    while affordable < wanted and (paths := paths + enumeration.cost(problem, step, batch_size=affordable + 1)) <= MAX_PATHS:
        affordable += 1
    return range(1, affordable + 1)


def scalar_network(law: Gaussian | Discrete, name: str, step: int) -> OneNetwork:
    """w = (1/2, -2/3), w* = 3/4, alpha = 1/10, layer 1."""
    problem = TeacherStudent([[[F(1, 2)]], [[F(-2, 3)]]], [[[F(3, 4)]], [[1]]], law, learning_rates=F(1, 10))
    return OneNetwork(rf"{name}, w = (1/2, -2/3), w* = 3/4, alpha = 1/10, t = {step}, layer 1", problem, step, 1)


def two_atoms() -> OneNetwork:
    """x in {1, 2} equally likely: degree 6 at t = 1."""
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[0]]], Discrete([1, 2]), learning_rates=F(1, 4))
    return OneNetwork("x in {1, 2} equally likely, w = (1, 2), w* = 0, alpha = 1/4, t = 1, layer 1", problem, 1, 1)


def uniform_plane() -> OneNetwork:
    """Uniform inputs in the square, sizes (2, 2, 2)."""
    problem = TeacherStudent(
        [[[1, F(1, 2)], [0, 1]], [[F(1, 3), 1], [1, 0]]], [[[0, 1], [1, 1]], [[1, 0], [F(1, 2), 1]]], Uniform(2, 0, 1), [F(1, 5)]
    )
    return OneNetwork("x uniform on the unit square, sizes (2, 2, 2), alpha = 1/5, t = 1, layer 2", problem, 1, 2)


def biases() -> OneNetwork:
    """x = (1, z): the first column of W_1 holds biases. The theorem asks nothing of the mean of x, and the degree is the same."""
    law = Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]])
    problem = TeacherStudent([[[F(1, 2), 1], [0, -1]], [[1, F(1, 2)]]], [[[-1, 1], [0, 0]], [[1, 0]]], law, [F(1, 10)])
    return OneNetwork("biases: x = (1, z), z ~ N(0, 1), sizes (2, 2, 1), alpha = 1/10, t = 1, layer 1", problem, 1, 1)


def one_atom() -> OneNetwork:
    """The smallest: x = 1 always, so the variance is zero, and the print gives 2."""
    problem = TeacherStudent([[[1]], [[1]]], [[[0]], [[0]]], Discrete([1]), learning_rates=1)
    return OneNetwork("x = 1 always, w = (1, 1), w* = 0, t = 0, layer 1", problem, 0, 1)


CLAIM = Claim(
    id="A.7",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="coefficients by order",
    check=check,
    check_printed_proof=check_printed_proof,
    showcases=(
        Showcase("every scalar network, any variance of x, t = 0", lambda: EveryNetwork((1, 1, 1), 0, 1, covariance="symbolic")),
        Showcase("every scalar network, any variance of x, t = 1", lambda: EveryNetwork((1, 1, 1), 1, 1, covariance="symbolic")),
        Showcase("every network of sizes (2, 1, 1), layer 1", lambda: EveryNetwork((2, 1, 1), 1, 1, covariance="symbolic")),
        Showcase("every network of sizes (2, 1, 1), layer 2", lambda: EveryNetwork((2, 1, 1), 1, 2, covariance="symbolic")),
        Showcase("every network of sizes (2, 2, 1), layer 1", lambda: EveryNetwork((2, 2, 1), 1, 1, teacher="product"), decisive=True),
        Showcase("every network of sizes (2, 2, 1), layer 2", lambda: EveryNetwork((2, 2, 1), 1, 2, teacher="product")),
        Showcase("two atoms, t = 1", two_atoms),
        Showcase("uniform inputs, t = 1", uniform_plane),
        Showcase("biases, t = 1", biases),
        Showcase("Gaussian, t = 2: degree 23", lambda: scalar_network(Gaussian(1), "x ~ N(0, 1)", 2)),
        Showcase("Gaussian, t = 3: degree 76", lambda: scalar_network(Gaussian(1), "x ~ N(0, 1)", 3)),
        Showcase("one atom against the plus sign", one_atom, printed_proof=True),
        Showcase("two atoms against the plus sign", two_atoms, printed_proof=True),
        Showcase("Gaussian inputs against the plus sign", lambda: scalar_network(Gaussian(1), "x ~ N(0, 1)", 1), printed_proof=True),
    ),
)
