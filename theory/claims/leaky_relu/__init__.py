"""“Smooth, e.g. leaky ReLU”: polynomials follow it, but not its derivative, and so no network's gradient uniformly; in the mean they do."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

import numpy as np
from flint import fmpq, fmpq_poly

from theory.activations import Activation, leaky_relu
from theory.activations.record import Elementwise
from theory.backpropagation import OnArrays, backpropagate, batch_gradient, exact_sigma, forward
from theory.chebyshev import ActivationPolynomial, approximate
from theory.claims.record import Claim, Evidence, Showcase, Verdict, tabulated
from theory.exact import to_fmpq, to_fraction

#: The quadrature in doubles, on each side of the kink, is off by less, relative to its value.
QUADRATURE_ERROR = 1e-9
_METHODS = {
    "interpolate": "interpolants of the values",
    "interpolate_derivative": "integrals of interpolants of the derivative",
    "least_squares": "least squares",
}
#: The mean square, and the error of the values, fall at least this much when the degree is multiplied by 4 (like 1/n they fall by 4).
LEAST_FALL = 2
#: The certified bound may exceed the largest error at SAMPLES points by so much, relative to it.
SAMPLES, LOOSENESS = 200_001, 5e-3


def _in_words(slope: F) -> str:
    left = rf"{slope}\, z" if slope else "0"
    return rf"\(\sigma(z) = z\) for \(z > 0\), else \({left}\)"


@dataclass(frozen=True)
class Jump:
    """Sizes (2, 1, 1), W_1 = (1, 0), W_2 = 1, W*_1 = (0, 1), W*_2 = 1, x = (u, 1), |u| <= 1: h = u and h* = 1.

    The activation is leaky_relu(slope), the polynomials approximate it on [-1, 1].
    """

    name: str
    slope: F
    degrees: tuple[int, ...]
    method: str = "interpolate_derivative"

    @property
    def given(self) -> dict[str, Any]:
        """The network, whose one weight of layer 1 that matters meets the kink at u = 0, for a page."""
        return {
            "Initial weights": {"W_1": [[1, 0]], "W_2": [[1]]},
            "Teacher": {"W^*_1": [[0, 1]], "W^*_2": [[1]]},
            "Activation": _in_words(self.slope),
            "Inputs": r"\(x = (u, 1)\), \(|u| \le 1\)",
            "Polynomials": f"{_METHODS[self.method]} on \\([-1, 1]\\), of degrees {', '.join(map(str, self.degrees))}",
        }

    @property
    def activation(self) -> Activation:
        """leaky_relu(slope)."""
        return leaky_relu(self.slope)

    def polynomial(self, degree: int) -> ActivationPolynomial:
        """The approximant; its errors are not needed."""
        return approximate(self.activation, 1, degree, self.method, certify=False)


@dataclass(frozen=True)
class Followed:
    """leaky_relu(slope) itself on [-1, 1], and the integrals of the interpolants of its derivative."""

    name: str
    slope: F
    degrees: tuple[int, ...]

    @property
    def given(self) -> dict[str, Any]:
        """For a page."""
        words = f"{_METHODS['interpolate_derivative']} on \\([-1, 1]\\), of degrees {', '.join(map(str, self.degrees))}"
        return {"Activation": _in_words(self.slope), "Polynomials": words}


def check(instance: Jump | Followed) -> Evidence:
    """Of a network the gradient in the mean; of the activation itself its largest error."""
    return check_values(instance) if isinstance(instance, Followed) else check_mean(instance)


def check_values(instance: Followed) -> Evidence:
    """sup |sigma - P| falls with the degree, sup |sigma' - P'| stays above half the jump: certified in balls, and sampled in doubles."""
    sigma, half = leaky_relu(instance.slope), (1 - instance.slope) / 2
    found = [approximate(sigma, 1, degree, "interpolate_derivative") for degree in instance.degrees]
    x = np.linspace(-1, 1, SAMPLES)
    sampled = [float(np.max(np.abs(sigma.value(x) - p(x)))) for p in found]
    distance = max(abs(seen / p.value_error - 1) for seen, p in zip(sampled, found, strict=True))
    falls = all(b.value_error * LEAST_FALL <= a.lower_value_error for a, b in pairwise(found))
    least = min(p.lower_derivative_error for p in found)
    return Evidence(
        statement=rf"\(\sup|\sigma - P|\) falls by a factor of {LEAST_FALL} or more from each degree to the next, and "
        r"\(\sup|\sigma' - P'| \ge (1 - a)/2\) for each",
        instance=f"{instance.name}, degrees {', '.join(map(str, instance.degrees))}",
        left_route=r"\(\sup|\sigma - P|\), certified in ball arithmetic",
        left=tabulated("degree", instance.degrees, [p.value_error for p in found])
        | {"least error of the derivative": least, "(1 - a)/2": half},
        right_route=f"the largest value at {SAMPLES:,} points, in doubles",
        right=tabulated("degree", instance.degrees, sampled),
        holds=falls and least >= float(half) * (1 - QUADRATURE_ERROR) and distance <= LOOSENESS,
        difference=distance,
        tolerance=LOOSENESS,
    )


def check_mean(instance: Jump) -> Evidence:
    """E ||g_{0,1}^S - g_{0,1}^P||^2 over u uniform on [-1, 1] falls with the degree: in rationals, and by quadrature."""
    exact = [mean_square(instance, degree) for degree in instance.degrees]
    numerical = [mean_square_by_quadrature(instance, degree) for degree in instance.degrees]
    distance = max(abs(y / float(x) - 1) for x, y in zip(exact, numerical, strict=True))
    falls = all(b * LEAST_FALL <= a for a, b in pairwise(exact))
    slope = np.polyfit(np.log(instance.degrees), np.log([float(x) for x in exact]), 1)[0]
    return Evidence(
        statement=r"\(\mathbb{E} \|g_{0,1}^S - g_{0,1}^P\|^2\) over \(u\) uniform on \([-1, 1]\) falls by a factor of "
        f"{LEAST_FALL} or more from each degree to the next",
        instance=f"{instance.name}, degrees {', '.join(map(str, instance.degrees))}",
        left_route="the polynomials' exact coefficients, integrated in rationals on each side of 0",
        left=tabulated("degree", instance.degrees, exact) | {"power of the degree": float(slope)},
        right_route="Gauss-Legendre quadrature in doubles on each side of 0",
        right=tabulated("degree", instance.degrees, numerical),
        holds=falls and distance <= QUADRATURE_ERROR,
        difference=distance,
        tolerance=QUADRATURE_ERROR,
    )


def check_printed(instance: Jump) -> Evidence:
    """The print: for epsilon = (1 - a)/3 some polynomial has no larger gap. Beside the kink one is (1 - a)/2 or more."""
    half, epsilon, beside = (1 - instance.slope) / 2, (1 - instance.slope) / 3, fmpq(1, 2**80)
    gaps, numerical = [], []
    for degree in instance.degrees:
        sigma = tuple(to_fmpq(c) for c in instance.polynomial(degree).coefficients)
        gaps.append(max(_gap(instance, sigma, u) for u in (fmpq(0), beside)))
        numerical.append(gap_in_doubles(instance, degree, float(beside)))
    distance = max(abs(y - float(x)) for x, y in zip(gaps, numerical, strict=True))
    agree = distance <= QUADRATURE_ERROR
    return Evidence(
        statement=r"a polynomial network has \(\|g_{0,1}^S - g_{0,1}^P\| \le (1 - a)/3\) for all \(u\) (as printed)",
        instance=f"{instance.name}, degrees {', '.join(map(str, instance.degrees))}",
        left_route=r"both networks at \(u = 0\) and \(u = 2^{-80}\), the larger gap: backpropagation in rationals",
        left=tabulated("degree", instance.degrees, gaps) | {r"half the jump of \(g^S\), below which no gap is": half},
        right_route="the same in doubles, the polynomial as a Chebyshev series",
        right=tabulated("degree", instance.degrees, numerical),
        holds=not min(gaps) > epsilon if agree else None,
        difference=distance,
        tolerance=QUADRATURE_ERROR,
        reason="" if agree else "the two routes to the gap differ",
    )


def gap_in_doubles(instance: Jump, degree: int, beside: float) -> float:
    """The larger entry of g_{0,1}^S - g_{0,1}^P, at u = 0 or u = beside."""
    return float(np.max(np.abs(entries_apart(instance, instance.polynomial(degree), np.array([0.0, beside])))))


def mean_square(instance: Jump, degree: int) -> F:
    """1/2 integral over [-1, 1] of || (sigma(u) - 1) sigma'(u) - (P(u) - P(1)) P'(u) ||^2 (u^2 + 1), exactly; sigma(1) = 1."""
    p = fmpq_poly([to_fmpq(c) for c in instance.polynomial(degree).coefficients])
    followed = (p - p(fmpq(1))) * p.derivative()
    total = fmpq(0)
    for slope, low, high in ((to_fmpq(instance.slope), fmpq(-1), fmpq(0)), (fmpq(1), fmpq(0), fmpq(1))):
        difference = fmpq_poly([-slope, slope * slope]) - followed
        antiderivative = (difference * difference * fmpq_poly([1, 0, 1])).integral()
        total += antiderivative(high) - antiderivative(low)
    return to_fraction(total) / 2


def second_entry(value: Elementwise, derivative: Elementwise, u: np.ndarray) -> np.ndarray:
    """delta_1 = (f(u) - f(1)) f'(u), the second entry of g_{0,1} of the network with activation f, in doubles; the first is u times it."""
    sigma, x, outer = OnArrays(value, derivative), np.column_stack([u, np.ones_like(u)]), np.ones((1, 1))
    target = forward([np.array([[0.0, 1.0]]), outer], sigma, x[:1])[1][-1]  # f(1), whatever u
    return backpropagate([np.array([[1.0, 0.0]]), outer], sigma, x, target).backward[0][:, 0]


def entries_apart(instance: Jump, polynomial: ActivationPolynomial, u: np.ndarray) -> np.ndarray:
    """The second entry of g_{0,1}^S - g_{0,1}^P over u."""
    sigma = instance.activation
    return second_entry(sigma.value, sigma.derivative, u) - second_entry(polynomial, polynomial.derivative, u)


def mean_square_by_quadrature(instance: Jump, degree: int) -> float:
    """`mean_square` by Gauss-Legendre, with the Chebyshev series and the activation's own functions in doubles."""
    polynomial = instance.polynomial(degree)
    nodes, weights = np.polynomial.legendre.leggauss(2 * degree + 2)
    total = 0.0
    for low in (-1.0, 0.0):
        u = low + (nodes + 1) / 2
        total += float(np.dot(weights, np.square(entries_apart(instance, polynomial, u)) * (1 + u * u))) / 2
    return total / 2


def mean_gap(instance: Jump, degree: int) -> float:
    """E ||g_{0,1}^S - g_{0,1}^P|| over u, by a fine midpoint rule: for the picture."""
    u = (np.arange(400_000) + 0.5) / 200_000 - 1
    return float(np.mean(np.abs(entries_apart(instance, instance.polynomial(degree), u)) * np.sqrt(1 + u * u)))


def largest_gap(instance: Jump, degree: int) -> float:
    """sup over u of ||g_{0,1}^S - g_{0,1}^P||, sampled: for the picture."""
    u = np.concatenate([np.linspace(-1, 1, 200_001), [1e-12]])
    return float(np.max(np.abs(entries_apart(instance, instance.polynomial(degree), u)) * np.sqrt(1 + u * u)))


def _gap(instance: Jump, sigma: tuple[fmpq, ...], u: fmpq) -> F:
    """||g_{0,1}^S - g_{0,1}^P||, rounded down, at x = (u, 1)."""
    student = tuple(np.array(w, dtype=object) for w in ([[fmpq(1), fmpq(0)]], [[fmpq(1)]]))
    teacher = tuple(np.array(w, dtype=object) for w in ([[fmpq(0), fmpq(1)]], [[fmpq(1)]]))
    x = np.array([[u, fmpq(1)]], dtype=object)
    smooth, followed = (batch_gradient(student, teacher, exact_sigma(s), x)[0] for s in (instance.activation, sigma))
    return to_fraction(max(abs(a) for a in (smooth - followed).ravel().tolist()))


def relu() -> Jump:
    """a = 0."""
    return Jump("ReLU, sizes 2-1-1, W_1 = (1, 0), W*_1 = (0, 1), x = (u, 1)", F(0), (8, 32, 128, 512))


def leaky() -> Jump:
    """a = 1/100, as in the usual libraries."""
    return Jump("leaky ReLU, a = 1/100, sizes 2-1-1, W_1 = (1, 0), W*_1 = (0, 1), x = (u, 1)", F(1, 100), (8, 32, 128))


def interpolated() -> Jump:
    """The values interpolated instead of the derivative."""
    return Jump("leaky ReLU, a = 1/5, the values interpolated", F(1, 5), (8, 32, 128), "interpolate")


def itself() -> Followed:
    """a = 1/100."""
    return Followed("leaky ReLU, a = 1/100, on [-1, 1]", F(1, 100), (4, 16, 64))


CLAIM = Claim(
    id="leaky ReLU",
    module=__name__,
    verdict=Verdict.CORRECTED,
    figure="kink",
    check=check,
    check_printed=check_printed,
    showcases=(
        Showcase("leaky ReLU itself", itself),
        Showcase("the mean for ReLU", relu),
        Showcase("the mean for leaky ReLU", leaky),
        Showcase("the mean with another approximant", interpolated),
        Showcase("no uniform bound for leaky ReLU", leaky, printed=True),
        Showcase("no uniform bound for ReLU", relu, printed=True),
    ),
)
