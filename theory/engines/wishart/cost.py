"""What the engine of small input dimensions will cost, from sizes alone.

Counts are exact (points of the lattices, monomials that can occur) or bounds (products of terms in one evaluation); `work`
returns them. The length of the integers is estimated from the degrees. The constants that turn counts into seconds were
measured on one core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from theory.budget import Cost, as_count, saturated, saturated_binomial
from theory.budget.unit_costs import UNITS
from theory.degrees import batch_degrees, gradient_degree
from theory.engines.base import Quantity
from theory.engines.wishart.moment_cost import is_sparse, pair_table_seconds, second_moment_seconds
from theory.engines.wishart.nested_batches import kept_batches, target_degrees
from theory.exact import is_exact
from theory.inputs import Rademacher
from theory.inputs.lengths import number_bits
from theory.problem import TeacherStudent

#: degree of the averaged polynomials in w_t (two layers), and the order of the inputs' moments that the last batch needs
OMEGA = {"second_moment": 6, "mean": 3, "loss": 4, "loss_variance": 8}
_LAST = {"second_moment": 4, "mean": 2, "loss": 2, "loss_variance": 2}

#: Steps of two layers, or batches of a trace form, beyond which nothing is affordable.
_MOST_STEPS = 40


@dataclass(frozen=True)
class Work:
    """Operation counts of one expectation.

    Attributes:
        leaves: evaluations at lattice points of the earlier batches.
        monomials: that can occur in one of the polynomials in the last batches.
        products: of pairs of terms in one evaluation.
        transforms: operations on polynomials in eps between values and coefficients.
        moments: operations on polynomials in eps for the table of the batches' moments.
        bits: estimated length of the coefficients.
        polynomials: averaged at once.
        powers: of eps that occur.
        moment_orders: how many moments of the law itself, of which highest order, for the table of each batch.
        entries: of the weights, and for the mean of the gradient, of which each is made on its own.
    """

    leaves: float
    monomials: float
    products: float
    transforms: float
    moments: float
    bits: float
    polynomials: int
    powers: float
    moment_orders: tuple[tuple[float, int], ...] = ()
    entries: float = 0.0

    @property
    def seconds(self) -> float:
        """On one core."""
        leaf = UNITS["wishart.leaf"] + self.products * UNITS["wishart.product"] * (1 + self.bits / 800)
        integrate = self.monomials * (UNITS["wishart.monomial"] + self.powers * UNITS["wishart.power"] * (1 + self.bits / 800))
        transforms = self.transforms * UNITS["wishart.transform"] * (1 + self.powers * self.bits / 20_000)
        each = self.leaves * (leaf + self.polynomials * integrate)
        return UNITS["wishart.start"] + each + transforms + self.moments * UNITS["wishart.moment"] + self.entries * UNITS["wishart.entry"]

    @property
    def bytes(self) -> float:
        """At the peak."""
        number = 24 + self.bits / 8
        chunk = min(200_000.0, self.leaves * self.monomials * self.polynomials)
        return 2e7 + (self.leaves * self.powers * self.polynomials + chunk + 4 * self.monomials) * number + self.moments * 20


def required_order(problem: TeacherStudent, quantity: Quantity) -> int:
    """The highest order of the inputs' moments that the quantity depends on."""
    if quantity.kind == "trace_form":
        return 2 * _first_degree(quantity, problem.depth)
    kind = "second_moment" if quantity.kind == "variance" else quantity.kind
    if problem.depth == 1:
        if kind == "mean" or (kind in ("loss", "loss_variance") and not quantity.step):
            return 2
        return 8 if kind == "loss_variance" else 4
    earlier = 2 * target_degrees(OMEGA[kind], min(quantity.step, _MOST_STEPS))[0] if quantity.step else 0
    return max(_LAST[kind], earlier)


def predicted_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Seconds and bytes for this quantity."""
    p = problem.sizes[0]
    if quantity.step > _MOST_STEPS and problem.depth == 2:
        return Cost.beyond_reach(f"degree 3^{quantity.step} in the first batch")
    if quantity.step > _MOST_STEPS and quantity.kind == "trace_form":
        return Cost.beyond_reach(f"products of entries of {quantity.step} batches")
    if quantity.kind == "trace_form":
        return _form_cost(problem, quantity)
    if problem.depth == 1:
        return _one_layer_cost(problem, quantity)
    kinds = ("second_moment", "mean") if quantity.kind == "variance" else (quantity.kind,)
    works = [work(problem, kind, quantity.step, quantity.layer) for kind in kinds]
    main = works[0]
    basis = f"{as_count(main.leaves)} points, {as_count(main.monomials)} monomials of {as_count(main.bits)} bits"
    pairs = 300.0 * p**4 if "second_moment" in kinds else 0.0
    return Cost(sum(w.seconds for w in works) + _law_seconds(problem, works, kinds), max(w.bytes for w in works) + pairs, basis)


def work(problem: TeacherStudent, kind: str, step: int, layer: int | None) -> Work:
    """Operation counts for one expectation over the batches 0, ..., step - 1 of two linear layers."""
    p, h, outputs = problem.sizes
    n, omega, r = p * (p + 1) // 2, OMEGA[kind], min(h, p + outputs)
    degrees = target_degrees(omega, step)
    kept = kept_batches(p, step)
    points = [saturated_binomial(n + d, n) for d in degrees[: step - kept]]
    leaves = saturated(*points)
    polynomials = {"second_moment": 2, "loss": 1, "loss_variance": 2, "mean": r * (p if layer == 1 else outputs)}[kind]
    size = {w: _support(w, kept, n) for w in (1, 2, 3, 4, 6, 8)}
    # Gamma_{s+1} needs r (p + p_2) p p_2 products, the residual r p p_2, in every kept batch; the last one dominates
    products = r * p * outputs * size[1] ** 2 + outputs * p * p * size[2] + 2 * r * p * outputs * size[1] * size[2]
    if kind == "second_moment":
        inner, outer = (p, outputs) if layer == 1 else (outputs, p)
        products += outer**2 * (inner * size[2] ** 2 + r * size[1] ** 2) + polynomials * outer**2 * size[2] * size[4]
    elif kind in ("loss", "loss_variance"):
        products += outputs * p * size[2] ** 2 + (size[4] ** 2 if kind == "loss_variance" else 0)
    else:
        products += r * p * outputs * size[1] * size[2]
    transforms, visits = 0.0, 1.0
    for d, count in zip(degrees, points, strict=False):
        transforms += visits * polynomials * count * (1 + 2 * n * d / (n + 1))
        visits *= count
    moments = sum(_moment_operations(problem, n, d) for d in degrees)
    powers = float(max(1, sum(degrees) - len(degrees))) if kept == step else float(sum(degrees[step - kept :]))
    bits = _bits(problem, omega, degrees, kept)
    orders = tuple((saturated_binomial(n + d, n), 2 * d) for d in degrees)
    # the Gram matrix and the residual at w_0; for the mean a polynomial for every entry, squared and summed
    entries = 4.0 * h * (p + outputs) + r * (p + outputs) * (r + p) / 20
    if kind == "mean":
        gradient = float(h * (p if layer == 1 else outputs))
        entries += gradient * ((r if r < h else 1) * powers / 20 + (8 + powers) * (1 + bits / 500))
    return Work(leaves, size[omega], products, transforms, moments, bits, polynomials, powers, orders, entries)


def one_layer_work(problem: TeacherStudent, quantity: Quantity) -> tuple[float, float]:
    """Operations on coefficients, and the bits of the longest of them, for one layer.

    X_s has degree s in eps and s times the digits that a step adds, so t steps take t^2 / 2 operations for each term of the recursion;
    the mean has no eps, and half of the digits.
    """
    p, outputs = problem.sizes
    t, law = quantity.step, problem.inputs
    rate = _rate_bits(problem, t)
    if quantity.kind == "mean":
        return float(t + 1) * outputs * p * (p + 1) * _parts(problem), max(_weight_bits(problem) + t * (rate + law.moment_bits(2) + 1), 1.0)
    if quantity.kind == "loss_variance":  # products of two entries of X_s, of degree 3s in eps, each from all or from those that a law lets
        n = p * (p + 1) / 2
        terms = 1.7 * p**4 if is_sparse(law) else (n * (n + 1) / 2) ** 2
        bits = 4 * _weight_bits(problem) + (t + 1) * (4 * rate + law.moment_bits(8) + 6)
        return 4 * terms * (t + 1) * (t + 2), bits
    terms = 9.0 * p**2 if is_sparse(law) else p**4 + 2.0 * p**3 + 6.0 * p**2
    terms *= (1.0, 2.5, 12.0)[_parts(problem) - 1]  # measured: sums over pairs
    bits = 2 * _weight_bits(problem) + (t + 1) * (2 * rate + law.moment_bits(4) + 3)
    return terms * (t + 1) * (t + 2) / 2, bits


def _parts(problem: TeacherStudent) -> int:
    """Matrices that a step of one layer follows: the residual, momentum's buffer, and the teacher where weights decay."""
    return 1 + problem.optimizer.has_buffer + bool(problem.optimizer.weight_decay)


def _one_layer_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    p, outputs = problem.sizes
    t, law = quantity.step, problem.inputs
    if quantity.kind == "loss_variance" and not t:
        return Cost(UNITS["wishart.start"] / 3, 1e6, "loss(w_0) is a number")
    kinds = {"variance": ("second_moment", "mean"), "loss_variance": ("loss_variance", "loss")}.get(quantity.kind, (quantity.kind,))
    seconds, memory = UNITS["wishart.start"] / 3 + p * p * (outputs + 1) * 4e-7, 2e7
    for kind in kinds:
        operations, bits = one_layer_work(problem, Quantity(kind, t, quantity.layer))
        longest = 1 + math.log2(1 + bits / 2e5) / 2
        if kind == "mean":
            bit, products = UNITS["one_layer.mean_bit"], 0.0
        else:  # a coefficient times what a step adds, of one word or more; and t / 2 or 4 t coefficients are brought to one denominator
            bit = UNITS["one_layer.bit"] * (1 + bits / (t + 1) / 192)
            products = 2 * operations / (t + 2) / (8 if kind == "loss_variance" else 1)
        seconds += UNITS["one_layer.step"] * t * _parts(problem) + UNITS["one_layer.product"] * products
        seconds += operations * (UNITS["one_layer.operation"] + bit * bits * longest)
        entries = {"mean": float(p * outputs), "loss_variance": p**4 * (t + 2.0)}.get(kind, 3.0 * p**2 * (t + 2))
        memory += entries * (24 + bits / 8)
    if kinds == ("mean",):
        seconds += second_moment_seconds(law)
    else:
        seconds, memory = seconds + pair_table_seconds(law), memory + p**4 * (300 + law.moment_bits(4) / 4)
    if kinds[0] == "loss_variance" and t:
        n, changes = p * (p + 1) // 2, 1 if isinstance(problem.learning_rates, Fraction | float) else t
        seconds += (
            1.3 * p**7 * (1.5 + p * p / 9 + changes) * UNITS["one_layer.term"] + _moment_operations(problem, n, 4) * UNITS["wishart.moment"]
        )
        seconds += 0 if law.is_gaussian else saturated_binomial(n + 4, n) * law.moment_seconds(8)
        memory += 1.3 * p**7 * (200 + 16 * n) + p**8 / 16 * (24 + law.moment_bits(8) / 2)
    operations, bits = one_layer_work(problem, replace(quantity, kind=kinds[0]))
    return Cost(seconds, memory, f"{operations:.3g} operations on coefficients of up to {bits:.3g} bits")


def _law_seconds(problem: TeacherStudent, works: list[Work], kinds: tuple[str, ...]) -> float:
    """Moments of the law itself: those of the last batch, and one for each entry of the tables of the earlier ones."""
    law = problem.inputs
    seconds = pair_table_seconds(law) if "second_moment" in kinds else second_moment_seconds(law)
    if not law.is_gaussian:
        seconds += sum(count * law.moment_seconds(order) for w in works for count, order in w.moment_orders)
    return seconds


def _first_degree(quantity: Quantity, depth: int) -> int:
    """The degree in S_0, the highest: letters of later batches add to it, too."""
    terms = ([min(x.last_batch, _MOST_STEPS) for x in term.letters] for term in quantity.expression.terms)
    return max(batch_degrees(lasts, 1, m=gradient_degree(depth))[0] for lasts in terms)


def _rate_bits(problem: TeacherStudent, step: int) -> float:
    """Length of a learning rate: the longest of a few, for a function may be slow."""
    if not step:
        return 0.0
    few = sorted({step * k // 16 for k in range(16)} | {step - 1})
    return max(number_bits(problem.learning_rate(s)) for s in few) + problem.optimizer.bits


def _weight_bits(problem: TeacherStudent) -> float:
    layers = problem.networks
    return max(_digits(w) if is_exact(w) else 60.0 for w in layers)


def _form_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    p = problem.sizes[0]
    n = p * (p + 1) // 2
    degrees = quantity.expression.batch_degrees(gradient_degree(problem.depth))
    monomials = saturated(*(saturated_binomial(n + d, n) for d in degrees))
    letters = sum(len(term.letters) for term in quantity.expression.terms)
    entries = max(problem.sizes) ** 2
    seconds = 1e-3 + letters * entries * monomials**1.5 * UNITS["wishart.form"] + monomials * 1e-5
    seconds += sum(_moment_operations(problem, n, d) for d in degrees) * UNITS["wishart.moment"]
    if not problem.inputs.is_gaussian:
        seconds += sum(saturated_binomial(n + d, n) * problem.inputs.moment_seconds(2 * d) for d in degrees)
    return Cost(seconds, 2e7 + monomials * 500 * entries, f"{as_count(monomials)} monomials in the batches, {letters} letters")


def _moment_operations(problem: TeacherStudent, n: int, degree: int) -> float:
    if problem.inputs.is_gaussian:
        sums = 0 if problem.inputs.is_centred_gaussian else problem.inputs.dimension
        return saturated_binomial(n + degree, n) * (1 + sums) * (1 + 2 * min(n, degree)) * (1 + degree / 200)
    share = 1 / 4 if isinstance(problem.inputs, Rademacher) else 1.0  # x_i^2 = 1 has no cumulants: measured
    return saturated_binomial(2 * n + degree, 2 * n) * (4 + degree / 40) * share


def _support(omega: int, batches: int, n: int) -> float:
    """How many monomials a polynomial of degree omega in w_t has in the entries of the last `batches` batches, at most."""
    if not batches:
        return 1.0
    if batches == 1:
        return saturated_binomial(n + omega, n)
    return sum(saturated_binomial(n + k - 1, n - 1) * _support(omega + 2 * k, batches - 1, n) for k in range(omega + 1))


def _bits(problem: TeacherStudent, omega: int, degrees: list[int], kept: int) -> float:
    """The state starts with the weights' digits and gains the residual's and a lattice point's at every step; then the power omega."""
    state = _weight_bits(problem)
    scalar = problem.sizes[0] == problem.sizes[2] == 1
    for s, d in enumerate(degrees):
        outer = s < len(degrees) - kept
        state += (math.log2(1 + d / 2) if outer else 1.0) + problem.optimizer.bits
        if not (outer and scalar):  # the residual is quadratic in the state; a scalar one is absorbed
            state += 2 * state + 2
    return omega * state


def _digits(array: np.ndarray) -> float:
    """Bits of the common denominator and of the largest entry, from a sample of the entries."""
    sample = array.ravel()[:: 1 + array.size // 64].tolist()
    whole = max((abs(x.numerator) // x.denominator).bit_length() for x in sample)
    return math.log2(math.lcm(*(x.denominator for x in sample))) + max(whole, 1)
