"""What bounds on the gap between a smooth network's run and a polynomial one's consist of: constants, the domain, the results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.approximation.double_runs import FUNCTION_ERROR
from theory.approximation.gap_recursion import LocalErrors, Norms, StepGaps
from theory.arithmetic.norms import UNIT, frobenius, spectral, up
from theory.budget import RangeError
from theory.chebyshev import ActivationPolynomial
from theory.chebyshev.sup_bounds import sup_norms
from theory.exact import to_float
from theory.problem import TeacherStudent


class DomainError(ValueError):
    """A pre-activation may leave the interval on which the polynomial is close to the activation: there is no bound.

    Attributes:
        network: "student" or "teacher".
        step, layer: where, first; the step is 0 for a teacher under an a-priori envelope.
        reach: the bound on the pre-activations of both runs there.
        radius: R, which it exceeds.
    """

    def __init__(self, network: str, step: int, layer: int, reach: float, radius: float) -> None:
        self.network, self.step, self.layer, self.reach, self.radius = network, step, layer, reach, radius
        super().__init__(
            f"polynomial must be close to its activation wherever the networks use it, but the {network}'s pre-activations in layer "
            f"{layer} at step {step} may reach {reach:.6g}, beyond its radius {radius:.6g} by {reach - radius:.3g}: take a larger radius "
            f"(with a higher degree){', or fewer steps' if step else ''}"
        )


@dataclass(frozen=True, eq=False)
class Gaps:
    """Largest distances between the S-run and the P-run: float arrays of shape (steps, layers), the largest over the batch.

    Attributes:
        weight: ||W_k^S - W_k^P||_F.
        preactivation: ||h_k^S - h_k^P||_2.
        hidden: ||z_k^S - z_k^P||_2, where the last layer's activation is the identity: z_H = h_H.
        derivative: ||D_k^S - D_k^P||_2, D_k = diag sigma'(h_k), so that the last column is 0.
        backward: ||delta_k^S - delta_k^P||_2.
        gradient: ||g_k^S - g_k^P||_F.
    """

    weight: np.ndarray
    preactivation: np.ndarray
    hidden: np.ndarray
    derivative: np.ndarray
    backward: np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class GapBounds(Gaps):
    """Upper bounds on `Gaps`, rounded outward, and what was seen.

    Attributes:
        reach: bounds on |h_k| of both runs, all at most the radius; the last column, without activation, is 0.
        weight_norm, gradient_norm: bounds on ||W_k^S||_2 and ||g_k^S||_F.
        observed: the distances of the two runs computed in doubles, so that some 10^-15 of the sizes is rounding and no gap; None where
            there were no batches.
        sizes: (p_0, ..., p_H) of the problem.
        envelope: "run" for bounds on this very run, "a_priori" for bounds on every run with ||x|| <= input_radius.
        is_certified: whether the polynomial's errors are proved; if not, these bounds hold if the sampled errors, and the
            Lipschitz constants given to `custom`, are the true ones.
    """

    reach: np.ndarray
    weight_norm: np.ndarray
    gradient_norm: np.ndarray
    observed: Gaps | None
    sizes: tuple[int, ...]
    envelope: str
    is_certified: bool

    def __repr__(self) -> str:
        steps, layers = self.gradient.shape
        return (
            f"GapBounds({self.envelope!r}, {steps} steps, {layers} layers, gradient at most {self.gradient.max():.3g}, "
            f"{'certified' if self.is_certified else 'from sampled errors'})"
        )


@dataclass(frozen=True)
class Constants:
    """C_S, C_D, L', |sigma(0)|, the errors of P on [-R, R], and the widths p_1, ..., p_{H-1}."""

    value: float
    slope: float
    lipschitz: float
    at_zero: float
    polynomial: ActivationPolynomial
    widths: tuple[int, ...]

    @classmethod
    def of(cls, problem: TeacherStudent, polynomial: ActivationPolynomial) -> Constants:
        """Of a problem with the activation that the polynomial was made for."""
        sigma = polynomial.activation
        at_zero = float(up(abs(float(sigma.value(np.zeros(1))[0])) + FUNCTION_ERROR))
        return cls(*sup_norms(sigma, polynomial.radius), at_zero, polynomial, problem.sizes[1:-1])

    def local(self, target: np.ndarray) -> LocalErrors:
        """P in the place of sigma: nothing but its two errors."""
        layers = len(self.widths) + 1
        zero = np.zeros(1)
        hidden = [up(np.array([math.sqrt(p) * self.polynomial.value_error])) for p in self.widths]
        derivative = [np.array([self.polynomial.derivative_error])] * len(self.widths)
        return LocalErrors([zero] * layers, hidden, derivative, [zero] * layers, [0.0] * layers, target)

    def check_domain(self, reach: Norms, gaps: Norms, network: str, step: int) -> list[float]:
        """eta_k + e_h(k) <= R for every layer with an activation; the sums."""
        sums = []
        for k, (eta, gap) in enumerate(zip(reach, gaps, strict=False)):
            largest = float(up(eta + gap).max())
            self.check(largest, network, step, k + 1)
            sums.append(largest)
        return sums

    def check(self, reach: float, network: str, step: int, layer: int) -> None:
        """DomainError unless reach <= R; NaN and infinity are beyond every R."""
        if not reach <= self.polynomial.radius:
            raise DomainError(network, step, layer, reach, float(self.polynomial.radius))


@dataclass(frozen=True)
class StepBounds:
    """Of one step: e_W, the other gaps, eta_k + e_h(k), and the norms of W_k^S and g_k^S."""

    weight: list[float]
    gaps: StepGaps
    reach: list[float]
    weight_norm: list[float]
    gradient_norm: list[float]


def collected(
    steps: list[StepBounds], observed: Gaps | None, sizes: tuple[int, ...], envelope: str, polynomial: ActivationPolynomial
) -> GapBounds:
    """The steps as arrays, the largest over the batch. Raises RangeError where doubles overflow."""

    def table(rows: list[list[Any]]) -> np.ndarray:
        return np.array([[float(np.max(x)) for x in row] for row in rows])

    bounds = GapBounds(
        weight=table([s.weight for s in steps]),
        preactivation=table([s.gaps.preactivation for s in steps]),
        hidden=table([[*s.gaps.hidden[1:], s.gaps.preactivation[-1]] for s in steps]),
        derivative=table([[*s.gaps.derivative, 0.0] for s in steps]),
        backward=table([s.gaps.backward for s in steps]),
        gradient=table([s.gaps.gradient for s in steps]),
        reach=table([[*s.reach, 0.0] for s in steps]),
        weight_norm=table([s.weight_norm for s in steps]),
        gradient_norm=table([s.gradient_norm for s in steps]),
        observed=observed,
        sizes=sizes,
        envelope=envelope,
        is_certified=polynomial.is_certified,
    )
    if not np.isfinite(bounds.gradient).all():
        raise RangeError("the bounds left the range of double precision: take fewer steps or a smaller learning rate")
    return bounds


def spectral_of(weight: np.ndarray) -> float:
    """An upper bound on ||W||_2 of a matrix of Fractions or floats."""
    return float(up(spectral(to_float(weight)) + rounded_away(weight)))


def rounded_away(weight: np.ndarray) -> float:
    """An upper bound on the Frobenius distance of a matrix from its rounding to doubles."""
    if weight.dtype != object:
        return 0.0
    return float(up(UNIT * frobenius(to_float(weight)))) if (to_float(weight) != weight).any() else 0.0
