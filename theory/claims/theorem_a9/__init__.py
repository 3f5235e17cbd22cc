"""Theorem A.9: SGD of a smooth network is followed by that of a polynomial one, with every constant explicit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction as F
from itertools import pairwise

import numpy as np
from flint import arb

from theory.approximation import DomainError, gradient_gap_bound
from theory.arithmetic.balls import ends
from theory.arithmetic.working_precision import working_precision
from theory.chebyshev import ActivationPolynomial, approximate
from theory.claims.record import Claim, Evidence, Showcase, Value, Verdict
from theory.claims.support.first_gradients import RELATIVE_ERROR, Functions, largest_gap, same
from theory.claims.theorem_a9.instances import (
    CloseInValue,
    CloseOnTheStudent,
    Instance,
    close_in_value,
    every_path,
    sigmoid_two_layers,
    softplus_four_layers,
    tanh_three_layers,
    teacher_outside,
)
from theory.exact import to_fmpq
from theory.problem import TeacherStudent
from theory.references import ball_runs


def check(instance: Instance) -> Evidence:
    """Every one of the six gaps, at every step and layer, is at most its bound; the gaps in balls, from both runs."""
    polynomial = instance.polynomial
    try:
        bounds = gradient_gap_bound(instance.problem, polynomial, instance.batches, instance.envelope)
    except DomainError as outside:
        return _evidence(instance, None, None, None, reason=str(outside))
    happened = ball_runs.distances(instance.problem, polynomial.activation, polynomial, instance.batches)
    holds, excess = ball_runs.compare(
        (seen, promised)
        for kind in ball_runs.KINDS
        for seen, promised in zip([x for row in happened[kind] for x in row], getattr(bounds, kind).ravel().tolist(), strict=True)
    )
    shown = (0, len(bounds.gradient) - 1)
    promised: dict[str, Value] = {f"gradients, t = {t}": bounds.gradient[t].tolist() for t in shown}
    seen: dict[str, Value] = {f"gradients, t = {t}": [float(x) for x in happened["gradient"][t]] for t in shown}
    ratios: dict[str, Value] = {f"bound / gap, t = {t}": _ratios(bounds.gradient[t], happened["gradient"][t]) for t in shown}
    return _evidence(instance, promised, seen | ratios, holds, excess)


def _evidence(instance: Instance, left: Value, right: Value, holds: bool | None, difference: F | None = None, reason: str = "") -> Evidence:
    return Evidence(
        statement="every gap of weights, pre-activations, activations, slopes, backward errors and gradients is at most its bound",
        instance=instance.name,
        left_route=f"recursion of norms for the {instance.polynomial}, envelope {instance.envelope!r}, rounded outward: bounds by layer",
        left=left,
        right_route="both runs in ball arithmetic along the same samples: what happened, by layer",
        right=right,
        holds=holds,
        difference=difference,
        tolerance=ball_runs.TOLERANCE if difference else 0.0,
        is_bound=True,
        reason=reason,
    )


def check_printed_proof(instance: CloseOnTheStudent | CloseInValue) -> Evidence:
    """The print: the gradients' gap is O(eps') with constants that do not depend on the polynomial."""
    if isinstance(instance, CloseOnTheStudent):
        close, gaps, direct = _outside_the_teacher(instance)
        premise = r"\(\sigma\) and \(\sigma'\) on all of \([-2 C_h, 2 C_h]\), \(C_h \ge \|h^S\|\)"
    else:
        close, gaps, direct = _oscillating(instance)
        premise = rf"\(\sigma\) on all of [-{instance.radius}, {instance.radius}], which is all that continuity of \(\sigma\) gives"
    shrinks = all(b <= a * 1.01 for a, b in pairwise(close.values()))
    grows = all(a < b for a, b in pairwise(gaps))
    agree, distance = same(direct, gaps)
    return Evidence(
        statement=rf"when \(P\) is within \(\epsilon'\) of {premise}, then \(\|g_{{t,k}}^S - g_{{t,k}}^P\| = \mathcal{{O}}(\epsilon')\)",
        instance=instance.name,
        left_route=r"the largest \(\|g_{0,k}^S - g_{0,k}^P\|\) by the chain rule, in doubles, and the certified \(\epsilon'\)",
        left=dict(zip(close, direct, strict=True)) | {rf"\(\epsilon'\), {name}": size for name, size in close.items()},
        right_route="both runs in ball arithmetic",
        right=dict(zip(close, gaps, strict=True)),
        holds=not (shrinks and grows and float(gaps[-1]) > 1000 * [*close.values()][-1]) if agree else None,
        difference=distance,
        tolerance=RELATIVE_ERROR,
        reason="" if agree else "the two routes to the gap differ",
    )


#: The certified closeness by name, the gaps in balls, and the gaps by the chain rule.
Found = tuple[dict[str, float], list[arb], list[float]]


def _outside_the_teacher(instance: CloseOnTheStudent) -> Found:
    sigma = instance.problem.activation_function
    close, gaps, direct = {}, [], []
    for degree in instance.degrees:
        polynomial = approximate(sigma, instance.radius, degree)
        found = ball_runs.distances(instance.problem, polynomial.activation, polynomial, instance.batches)
        close[f"degree {degree}"] = max(polynomial.value_error, polynomial.derivative_error)
        gaps.append(ball_runs.largest(x for row in found["gradient"] for x in row))
        direct.append(_by_the_chain_rule(instance, (polynomial, polynomial.derivative)))
    if not _reach(instance.problem, instance.batches) <= instance.radius / 2:
        raise ValueError(f"radius must be at least twice the student's pre-activations, but was {instance.radius} for {instance.name}")
    return close, gaps, direct


def _oscillating(instance: CloseInValue) -> Found:
    base = approximate(instance.problem.activation_function, instance.radius, instance.degree)
    close, gaps, direct = {}, [], []
    for m in instance.orders:
        found = ball_runs.distances(instance.problem, base.activation, _plus_wave(base, instance.amplitude, m), instance.batches)
        close[f"m = {m}"] = base.value_error + float(instance.amplitude)
        gaps.append(ball_runs.largest(x for row in found["gradient"] for x in row))
        direct.append(_by_the_chain_rule(instance, _plus_cosine(base, instance.amplitude, m)))
    return close, gaps, direct


def _by_the_chain_rule(instance: CloseOnTheStudent | CloseInValue, functions: Functions) -> float:
    """The gap of the first step's gradients at the one sample."""
    sigma = instance.problem.activation_function
    return largest_gap(instance.problem, (sigma.value, sigma.derivative), functions, float(instance.batches.item()))


def _plus_cosine(base: ActivationPolynomial, amplitude: F, m: int) -> Functions:
    """P + amplitude T_m(x / R) in doubles: T_m(cos v) = cos(m v), T_m'(cos v) = m sin(m v) / sin v, for |x| < R."""

    def angle(x: np.ndarray) -> np.ndarray:
        return np.arccos(x / float(base.radius))

    def value(x: np.ndarray) -> np.ndarray:
        return base(x) + float(amplitude) * np.cos(m * angle(x))

    def slope(x: np.ndarray) -> np.ndarray:
        return base.derivative(x) + float(amplitude) * m / float(base.radius) * np.sin(m * angle(x)) / np.sin(angle(x))

    return value, slope


def _plus_wave(base: ActivationPolynomial, amplitude: F, m: int) -> Callable[[], ball_runs.Function]:
    """P + amplitude T_m(x / R), with T_m' = m U_{m-1}."""

    def make() -> ball_runs.Function:
        inner, size, radius = ball_runs.of_polynomial(base), arb(to_fmpq(amplitude)), arb(to_fmpq(base.radius))

        def function(x: arb) -> tuple[arb, arb]:
            value, slope = inner(x)
            return value + size * (x / radius).chebyshev_t(m), slope + size * m / radius * (x / radius).chebyshev_u(m - 1)

        return function

    return make


def _reach(problem: TeacherStudent, batches: np.ndarray) -> F:
    """C_h: the largest ||h_k|| of the student in layers with an activation, rounded up."""
    with working_precision(256):
        steps = ball_runs.run(problem, ball_runs.of_activation(problem.activation_function), batches)
        norms = [sum((x * x for x in h), arb(0)).sqrt() for step in steps for layer in step.preactivation[:-1] for h in layer]
        return ends(ball_runs.largest(norms))[1]


def _ratios(bounds: np.ndarray, seen: Sequence[arb]) -> list[float | None]:
    return [float(bound) / float(gap) if gap > 0 else None for bound, gap in zip(bounds, seen, strict=True)]


CLAIM = Claim(
    id="A.9",
    module=__name__,
    verdict=Verdict.HOLDS,
    figure="gradient gaps",
    check=check,
    check_printed_proof=check_printed_proof,
    showcases=(
        Showcase("two layers, sigmoid", sigmoid_two_layers),
        Showcase("three layers, tanh, Gaussian samples", tanh_three_layers),
        Showcase("four layers, softplus", softplus_four_layers),
        Showcase("the a-priori bounds, on one path", every_path),
        Showcase("the teacher leaves the interval", teacher_outside, printed_proof=True),
        Showcase("close in value only", close_in_value, printed_proof=True),
    ),
)
