"""Theorems 3.6, A.9 and A.10 with every constant explicit: SGD of a smooth network beside SGD of a polynomial one.

The S-run uses sigma, the P-run a polynomial P in its place, in the student and in the teacher; they share w_0, the teacher's weights,
the rates and the samples. `gradient_gap_bound` bounds how far they drift apart, by the recursion of theory.gap_recursion with

    r_z(k) = sqrt(p_k) sup |sigma - P|,   r_D = sup |sigma' - P'|,   C_D = sup |sigma'|,   L' = Lip(sigma')      on [-R, R],

as long as all pre-activations of both networks, student and teacher, stay inside [-R, R]; otherwise there is no bound, and an error
says so. Nothing about P enters but its two errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from theory.activations import Activation
from theory.chebyshev import ActivationPolynomial, sup_norms
from theory.double_runs import (
    Step,
    forward_rounding,
    measured,
    rounding,
    run,
    update_rounding,
    widened,
)
from theory.exact import as_index, as_number, to_float
from theory.gap_recursion import Envelope, LocalErrors, Norms, StepGaps, forward_gaps, propagate
from theory.norms import frobenius, spectral, up, vector_norms
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
            "(with a higher degree), or fewer steps"
        )


@dataclass(frozen=True, eq=False)
class Gaps:
    """Largest distances between the S-run and the P-run: float arrays of shape (steps, layers), the largest over the batch.

    Attributes:
        weight: ||W_k^S - W_k^P||.
        preactivation: ||h_k^S - h_k^P||.
        hidden: ||z_k^S - z_k^P||, where the last layer's activation is the identity: z_H = h_H.
        derivative: ||D_k^S - D_k^P||, D_k = diag sigma'(h_k), so that the last column is 0.
        backward: ||delta_k^S - delta_k^P||.
        gradient: ||g_k^S - g_k^P||_F.
    """

    weight: np.ndarray
    preactivation: np.ndarray
    hidden: np.ndarray
    derivative: np.ndarray
    backward: np.ndarray
    gradient: np.ndarray


@dataclass(frozen=True, eq=False)
class GapBounds(Gaps):
    """Upper bounds on `Gaps`, rounded outward, and what was seen.

    Attributes:
        reach: bounds on |h_k| of both runs, all at most the radius; the last column, without activation, is 0.
        weight_norm, gradient_norm: bounds on ||W_k^S||_2 and ||g_k^S||_F.
        observed: the distances of the two runs computed in doubles; None where there were no batches.
        envelope: "run" for bounds on this very run, "a_priori" for bounds on every run with ||x|| <= input_radius.
        is_certified: whether the polynomial's errors are proved; if not, these bounds hold if the sampled errors are the true ones.
    """

    reach: np.ndarray
    weight_norm: np.ndarray
    gradient_norm: np.ndarray
    observed: Gaps | None
    envelope: str
    is_certified: bool


def gradient_gap_bound(
    problem: TeacherStudent,
    polynomial: ActivationPolynomial,
    batches: Any,
    envelope: Literal["run", "a_priori"] = "run",
    input_radius: Any = None,
) -> GapBounds:
    """e_W, e_h, e_z, e_D, e_delta, e_g at every step and layer: ||g_{t,k}^S - g_{t,k}^P||_F <= gradient[t, k-1] (Theorem A.9).

    Args:
        problem: a network with a smooth activation.
        polynomial: an approximant of that activation, from `theory.chebyshev.approximate`.
        batches: the samples, of shape (steps, b, p). Any law will do.
        envelope: "run" takes the norms from the S-run on these batches, rounding included: the bounds certify this trajectory.
            "a_priori" takes them from w_0 and the bound on ||x||: the bounds hold for every path.
        input_radius: C_x >= ||x|| for "a_priori"; the law's own bound by default.

    Raises DomainError where a pre-activation of student or teacher may leave [-R, R]; ValueError or TypeError, naming the argument, for
    an activation that is not smooth (there is no sup bound), a polynomial made for another one, batches of another shape or not
    finite, and an a-priori bound asked for inputs without a bound.

    Cost: the two runs, and one singular value decomposition of each weight matrix at each step.

    Examples:
        >>> from theory import Gaussian
        >>> from theory.chebyshev import approximate
        >>> problem = TeacherStudent([[[1]], [[1]]], [[[2]], [[-1]]], Gaussian(1), learning_rates=0.1, activation="tanh")
        >>> x = np.linspace(-1, 1, 20).reshape(5, 4, 1)
        >>> bounds = gradient_gap_bound(problem, approximate("tanh", 3, 20), x)
        >>> bool((bounds.observed.gradient <= bounds.gradient).all()), bool(bounds.gradient.max() < 0.02)
        (True, True)
    """
    sigma = _smooth_activation(problem, polynomial)
    x = _batches(batches, problem)
    rates = _rates(problem, len(x))
    if envelope == "run":
        observer = _Observer(problem, polynomial, sigma, x, rates)
        return observer.bounds()
    if envelope != "a_priori":
        raise ValueError(f"envelope must be 'run' or 'a_priori', but was {envelope!r}")
    radius = _input_radius(problem, input_radius)
    longest = float(np.sqrt(np.square(x).sum(axis=2)).max())
    if longest > radius:
        raise ValueError(f"batches must have ||x|| <= input_radius = {radius:.6g}, but one sample has norm {longest:.6g}")
    observed = _Observer(problem, polynomial, sigma, x, rates).observed()
    return a_priori(problem, polynomial, len(x), radius, observed)


def a_priori(
    problem: TeacherStudent, polynomial: ActivationPolynomial, steps: int, input_radius: Any = None, observed: Gaps | None = None
) -> GapBounds:
    """The bounds of `gradient_gap_bound` for every path with ||x|| <= input_radius, whatever the batch size; no batches are needed.

        w_k(0) = ||W_k||_2,                 w_k(t+1) = w_k(t) + alpha_t Delta_k zeta_{k-1}
        zeta_0 = C_x,                       zeta_k = min( sqrt(p_k) C_S, sqrt(p_k) |sigma(0)| + C_D w_k zeta_{k-1} ),    eta_k = w_k zeta_{k-1}
        Delta_H = w_H zeta_{H-1} + w*_H zeta*_{H-1},              Delta_k = C_D w_{k+1} Delta_{k+1}
    """
    sigma = _smooth_activation(problem, polynomial)
    count = as_index(steps, "steps", minimum=1)
    rates, radius = _rates(problem, count), _input_radius(problem, input_radius)
    constants = _Constants.of(sigma, polynomial, problem)
    teacher = [spectral_of(w) for w in problem.teacher]
    weight, gap = [spectral_of(w) for w in problem.student], [0.0] * problem.depth
    target, inputs = _teacher_a_priori(teacher, constants, radius)
    results = []
    for t in range(count):
        forward = _forward_a_priori(weight, constants, radius, "student", t)
        backward = [up(weight[-1] * forward[0][-1] + teacher[-1] * inputs[-1])]
        for w in weight[:0:-1]:
            backward.insert(0, up(constants.slope * w * backward[0]))
        first = Envelope(weight, forward[0], forward[1], backward)
        gaps = propagate(gap, first, constants.local(target), constants.slope, constants.lipschitz)
        reach = constants.check_domain(first.reach, gaps.preactivation, "student", t)
        norms = [float(up(d * z)[0]) for d, z in zip(backward, forward[0], strict=True)]
        results.append((gap, gaps, reach, weight, norms))
        if t + 1 < count:
            gap = [float(up(e + rates[t] * g)) for e, g in zip(gap, gaps.gradient, strict=True)]
            weight = [float(up(w + rates[t] * n)) for w, n in zip(weight, norms, strict=True)]
    return _collected(results, observed, "a_priori", polynomial)


@dataclass(frozen=True)
class _Constants:
    """C_S, C_D, L', |sigma(0)|, the errors of P and the widths."""

    value: float
    slope: float
    lipschitz: float
    at_zero: float
    polynomial: ActivationPolynomial
    widths: tuple[int, ...]

    @classmethod
    def of(cls, sigma: Activation, polynomial: ActivationPolynomial, problem: TeacherStudent) -> _Constants:
        at_zero = float(up(abs(float(sigma.value(np.zeros(1))[0])) + 2.0**-49))
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
        radius = float(np.nextafter(float(self.polynomial.radius), 0))  # not above R
        if not reach <= radius:
            raise DomainError(network, step, layer, reach, float(self.polynomial.radius))


def _forward_a_priori(
    weight: list[float], constants: _Constants, input_radius: float, network: str, step: int
) -> tuple[Norms, Norms]:
    """(zeta_0..zeta_{H-1}, eta_1..eta_{H-1}); every eta_k is checked before C_S and C_D are used beyond it."""
    inputs, reach = [np.array([input_radius])], []
    for k, p in enumerate(constants.widths):
        eta = up(weight[k] * inputs[-1])
        constants.check(float(eta[0]), network, step, k + 1)
        reach.append(eta)
        root = math.sqrt(p)
        grown = root * constants.at_zero + constants.slope * weight[k] * inputs[-1]
        inputs.append(up(np.minimum(root * constants.value, grown)))
    return inputs, reach


def _teacher_a_priori(weight: list[float], constants: _Constants, input_radius: float) -> tuple[np.ndarray, Norms]:
    """e_y and the teacher's zeta*."""
    inputs, reach = _forward_a_priori(weight, constants, input_radius, "teacher", 0)
    local = constants.local(np.zeros(1))
    gaps, _ = forward_gaps([0.0] * len(weight), weight, inputs, local.preactivation, local.hidden, constants.slope)
    constants.check_domain(reach, gaps, "teacher", 0)
    return gaps[-1], inputs


class _Observer:
    """The two runs in doubles; bounds on the S-run in real numbers from its twin in doubles, then on the P-run from there."""

    def __init__(
        self, problem: TeacherStudent, polynomial: ActivationPolynomial, sigma: Activation, x: np.ndarray, rates: list[float]
    ) -> None:
        self.problem, self.polynomial, self.rates = problem, polynomial, rates
        self.constants = _Constants.of(sigma, polynomial, problem)
        student, teacher = ([to_float(w) for w in side] for side in (problem.student, problem.teacher))
        with np.errstate(over="ignore", invalid="ignore"):  # a run that diverges leaves the domain, which is checked
            self.smooth = run(student, teacher, sigma.value, sigma.derivative, rates, x)
            self.replaced = run(student, teacher, polynomial.chebyshev, polynomial.derivative, rates, x)

    def observed(self) -> Gaps:
        """What happened, in doubles."""
        rows = [_distances(s, p) for s, p in zip(self.smooth, self.replaced, strict=True)]
        return Gaps(*(np.array(columns) for columns in zip(*rows, strict=True)))

    def bounds(self) -> GapBounds:
        constants, depth = self.constants, self.problem.depth
        lost = [_rounded_away(w) for w in self.problem.student]  # between the doubles and the real numbers
        gap, results = [0.0] * depth, []
        for t, step in enumerate(self.smooth):
            first, target, lost_step = self._exact_envelope(step, lost, t)
            gaps = propagate(gap, first, constants.local(target), constants.slope, constants.lipschitz)
            reach = constants.check_domain(first.reach, gaps.preactivation, "student", t)
            sizes = [frobenius(g) for g in step.gradients]
            norms = [float(up(size + e)) for size, e in zip(sizes, lost_step.gradient, strict=True)]
            results.append((gap, gaps, reach, first.weight, norms))
            if t + 1 < len(self.smooth):
                rate = float(up(self.rates[t]))
                new = update_rounding(self.smooth[t + 1].weights, rate, step.gradients)
                gap = [float(up(e + rate * g)) for e, g in zip(gap, gaps.gradient, strict=True)]
                lost = [float(up(e + rate * g + r)) for e, g, r in zip(lost, lost_step.gradient, new, strict=True)]
        return _collected(results, self.observed(), "run", self.polynomial)

    def _exact_envelope(self, step: Step, lost: list[float], t: int) -> tuple[Envelope, np.ndarray, StepGaps]:
        """Norms of the S-run in real numbers, the teacher's e_y between S and P, and the gaps that rounding made."""
        constants = self.constants
        target, target_rounding = self._teacher(step, t)
        in_doubles = measured(step)
        lost_step = propagate(lost, in_doubles, rounding(step, target_rounding), constants.slope, constants.lipschitz)
        first = widened(in_doubles, lost, (lost_step.preactivation, lost_step.hidden, lost_step.backward))
        constants.check_domain(first.reach, [np.zeros(1)] * len(first.reach), "student", t)
        return first, target, lost_step

    def _teacher(self, step: Step, t: int) -> tuple[np.ndarray, np.ndarray]:
        """(e_y between sigma and P, what rounding made of the output): both forward recursions of the teacher on this batch."""
        constants, (inputs, hidden) = self.constants, step.teacher
        weights = [to_float(w) for w in self.problem.teacher]
        norms = [spectral(w) for w in weights]
        lost = [_rounded_away(w) for w in self.problem.teacher]
        sizes = [vector_norms(z) for z in inputs]
        products, functions = forward_rounding(weights, inputs, hidden)
        lost_hidden, lost_inputs = forward_gaps(lost, norms, sizes, products, functions, constants.slope)
        reach = [up(np.abs(h).max(axis=1) + e) for h, e in zip(hidden[:-1], lost_hidden, strict=False)]
        sizes = [up(z + e) for z, e in zip(sizes, lost_inputs, strict=True)]
        norms = [float(up(w + e)) for w, e in zip(norms, lost, strict=True)]
        local = constants.local(np.zeros(1))
        gaps, _ = forward_gaps([0.0] * len(norms), norms, sizes, local.preactivation, local.hidden, constants.slope)
        constants.check_domain(reach, gaps, "teacher", t)
        return gaps[-1], lost_hidden[-1]


def _distances(s: Step, p: Step) -> tuple[list[float], ...]:
    def largest(left: list[np.ndarray], right: list[np.ndarray]) -> list[float]:
        return [float(np.sqrt(np.square(x - y).sum(axis=1)).max()) for x, y in zip(left, right, strict=True)]

    def matrices(left: list[np.ndarray], right: list[np.ndarray], order: Any) -> list[float]:
        return [float(np.linalg.norm(x - y, order)) for x, y in zip(left, right, strict=True)]

    hidden = largest(s.preactivations, p.preactivations)
    derivative = [float(np.abs(x - y).max()) for x, y in zip(s.slopes, p.slopes, strict=True)]
    return (
        matrices(s.weights, p.weights, 2),
        hidden,
        [*largest(s.inputs[1:], p.inputs[1:]), hidden[-1]],
        [*derivative, 0.0],
        largest(s.backward, p.backward),
        matrices(s.gradients, p.gradients, None),
    )


def _collected(results: list[Any], observed: Gaps | None, envelope: str, polynomial: ActivationPolynomial) -> GapBounds:
    def table(rows: list[list[Any]]) -> np.ndarray:
        return np.array([[float(np.max(x)) for x in row] for row in rows])

    steps = [gaps for _, gaps, *_ in results]
    bounds = GapBounds(
        weight=table([gap for gap, *_ in results]),
        preactivation=table([g.preactivation for g in steps]),
        hidden=table([[*g.hidden[1:], g.preactivation[-1]] for g in steps]),
        derivative=table([[*g.derivative, 0.0] for g in steps]),
        backward=table([g.backward for g in steps]),
        gradient=table([g.gradient for g in steps]),
        reach=table([[*reach, 0.0] for _, _, reach, *_ in results]),
        weight_norm=table([weight for *_, weight, _ in results]),
        gradient_norm=table([norms for *_, norms in results]),
        observed=observed,
        envelope=envelope,
        is_certified=polynomial.is_certified,
    )
    if not np.isfinite(bounds.gradient).all():
        raise ArithmeticError("the bounds left the range of double precision: take fewer steps or a smaller learning rate")
    return bounds


def spectral_of(weight: np.ndarray) -> float:
    """An upper bound on ||W||_2 of a matrix of Fractions or floats."""
    return float(up(spectral(to_float(weight)) + _rounded_away(weight)))


def _rounded_away(weight: np.ndarray) -> float:
    """An upper bound on the Frobenius distance of a matrix from its rounding to doubles."""
    if weight.dtype != object:
        return 0.0
    return float(up(2.0**-53 * frobenius(to_float(weight)))) if (to_float(weight) != weight).any() else 0.0


def _smooth_activation(problem: Any, polynomial: Any) -> Activation:
    if not isinstance(problem, TeacherStudent):
        raise TypeError(f"problem must be a TeacherStudent, but was {problem!r}")
    if not isinstance(polynomial, ActivationPolynomial):
        raise TypeError(f"polynomial must be an ActivationPolynomial, made by theory.chebyshev.approximate, but was {polynomial!r}")
    sigma = problem.activation
    if not isinstance(sigma, Activation):
        raise ValueError("problem must have an activation that is no polynomial, such as 'sigmoid': a polynomial is exact as it is")
    if not sigma.is_smooth:
        raise ValueError(
            f"activation must be C^1 with a Lipschitz derivative for a sup bound, but the derivative of {sigma} jumps: no polynomial's "
            "gradient is uniformly close to that network's. What holds is convergence in the mean, see the claim 'leaky ReLU'"
        )
    if polynomial.activation != sigma:
        raise ValueError(f"polynomial must approximate the problem's activation {sigma}, but was made for {polynomial.activation}")
    return sigma


def _batches(batches: Any, problem: TeacherStudent) -> np.ndarray:
    x = np.asarray(batches)
    if x.dtype == object or x.dtype.kind not in "fiu":
        try:
            x = x.astype(np.float64)
        except (TypeError, ValueError):
            raise TypeError("batches must be an array of numbers") from None
    x = x.astype(np.float64)
    p = problem.sizes[0]
    if x.ndim != 3 or 0 in x.shape or x.shape[2] != p:
        raise ValueError(f"batches must have shape (steps, b, {p}), steps and b at least 1, but had {x.shape}")
    if not np.isfinite(x).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"batches must be finite, but batches{list(place)} = {x[place]}")
    return x


def _rates(problem: TeacherStudent, steps: int) -> list[float]:
    problem.check_step(steps - 1)
    return [float(a) for a in problem.rates_before(steps - 1)]


def _input_radius(problem: TeacherStudent, given: Any) -> float:
    if given is not None:
        radius = float(as_number(given, "input_radius"))
        if radius < 0:
            raise ValueError(f"input_radius must not be negative, but was {given}")
        return radius
    known = problem.inputs.norm_bound
    if known is None:
        raise ValueError(
            f"inputs must be bounded for an a-priori bound, but {problem.inputs} has no bound: take envelope='run', which certifies the "
            "run on given batches of any law, or say in input_radius on which paths the bound is to hold"
        )
    return float(up(known))
