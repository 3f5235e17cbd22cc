"""What trace words cost, from sizes and bit lengths alone.

The number of words, and with it of chains P_i Sigma P_j^T ... (matrix products) and closed chains (inner products), depends on the quantity
and on whether Sigma = I, not on the sizes. So a cost is counts x the price of a product at this size and precision; the prices and
the seconds of bookkeeping were measured on one 2020s core.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from theory.budget import BEYOND_REACH, Cost, as_count, saturated_exp, saturated_power
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.engines.base import Quantity
from theory.gaussian_moments.word_expectations import CACHE_BYTES
from theory.problem import TeacherStudent
from theory.trace_forms.letters import GRADIENT, WEIGHT

SAMPLED_ENTRIES = 4096
#: Steps of a trace form beyond which nothing is counted.
_MOST_STEPS = 40


class Counts(NamedTuple):
    """Matrix products, inner products and products of words expanded; `uses`: initial matrices in the longest word."""

    products: float
    inners: float
    states: float
    uses: int


#: two layers, step 1, kind and Sigma = I: measured, the larger of the two layers
_SECOND_STEP = {
    ("variance", True): Counts(58, 132, 1042, 9),
    ("second_moment", True): Counts(50, 132, 1020, 9),
    ("mean", True): Counts(20, 4, 31, 6),
    ("loss", True): Counts(18, 21, 39, 6),
    ("loss_variance", True): Counts(107, 495, 12541, 12),
    ("variance", False): Counts(298, 928, 3202, 9),
    ("second_moment", False): Counts(287, 928, 3171, 9),
    ("mean", False): Counts(42, 4, 33, 6),
    ("loss", False): Counts(45, 46, 45, 6),
    ("loss_variance", False): Counts(920, 5200, 42789, 12),
}
_FIRST_STEP = Counts(12, 3, 3, 3)
#: one word of degree 1, 2, ... in S with letters all different, Sigma not I
_WORDS = ((2, 1, 1), (8, 4, 2), (20, 18, 7), (45, 97, 46), (280, 729, 373), (900, 7312, 3695), (5000, 86000, 44000), (30000, 1.15e6, 6e5))


def float_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Double precision with error bounds: every product is three BLAS products."""
    counts, p = counts_of(problem, quantity), problem.sizes[0]
    call, flop, state = (UNITS[f"trace_words.{unit}"] for unit in ("float_product", "flop", "state"))
    product = call + flop * (p**3 + 100 * p**2)
    inner = call / 6 + flop * 16 * p**2
    gram = 2 * flop * _gram_flops(problem)
    seconds = UNITS["trace_words.start"] + counts.products * product + counts.inners * inner + counts.states * state + gram
    if quantity.kind == "mean":
        seconds += 4e-6 * problem.sizes[(quantity.layer or 1) - 1] * problem.sizes[quantity.layer or 1]
    held = min(24.0 * counts.products * p**2, 2 * CACHE_BYTES) + 24.0 * p**2 * min(counts.products, 60)
    return Cost(seconds, 5e7 + held + 64.0 * _entries(problem), f"{_shown(counts)} of order {p} in double precision with error bounds")


def exact_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Rationals over common denominators: the price of a product grows with the bits of its entries."""
    counts, p = counts_of(problem, quantity), problem.sizes[0]
    weights = max(_bits(w) for w in (*problem.student, *problem.teacher))
    sigma = 0.0 if problem.inputs.is_standard else _bits(problem.inputs.second_moment)
    residual = problem.depth * weights + math.log2(max(problem.sizes))
    # a chain is at most half of the longest word
    bits = (counts.uses * (residual + math.log2(2 * p)) + (counts.uses + 2) * sigma) / 2
    call, one, bit, state = (UNITS[f"trace_words.{unit}"] for unit in ("exact_product", "multiplication", "bit", "state"))
    multiplication = one + bit * bits * max(1.0, bits / 2000) ** 0.6
    product = call * (1 + p**2 / 3) + p**3 * multiplication + p**2 * 8 * bit * bits
    inner = 10 * call + p**2 * multiplication
    gram = _gram_flops(problem) * (one + bit * weights) + _entries(problem) * call
    seconds = UNITS["trace_words.start"] + counts.products * product + counts.inners * inner + counts.states * state + gram
    if quantity.kind == "mean":
        seconds += problem.student[(quantity.layer or 1) - 1].size * (1e-6 + 3e-10 * bits)
    matrix = 3.0 * p**2 * (16 + bits / 8)
    held = min(matrix * counts.products, 2 * CACHE_BYTES) + matrix * min(counts.products, 60)
    basis = f"{_shown(counts)} of order {p}, exact, entries of up to {bits:.0f} bits"
    return Cost(seconds, 5e7 + held + _entries(problem) * (150 + weights), basis)


def counts_of(problem: TeacherStudent, quantity: Quantity) -> Counts:
    """How many products the quantity takes."""
    t = quantity.step
    if quantity.kind == "trace_form":
        return _trace_form(problem, quantity)
    if problem.depth == 1:
        growth = {"mean": 2.2, "loss_variance": 12.0}.get(quantity.kind, 4.6)
        words = saturated_power(growth, t)
        return _one_layer(words, 2 * t + 3)
    if t == 0:
        return _FIRST_STEP
    return _SECOND_STEP[quantity.kind, problem.inputs.is_standard]


def _one_layer(words: float, uses: int) -> Counts:
    if words >= BEYOND_REACH:
        return Counts(BEYOND_REACH, BEYOND_REACH, BEYOND_REACH, uses)
    return Counts(3 + words / 20, 3 + words / 20, 3 + words / 2, uses)


def _trace_form(problem: TeacherStudent, quantity: Quantity) -> Counts:
    """Words of degree k in S_0 number C(n, k - m): g_1 is (1 + S_0)^3 S_1 in degrees, W_1 is 1 + S_0, g_0 is S_0."""
    products = inners = states = 0.0
    longest = 1
    if quantity.step > _MOST_STEPS:
        return Counts(BEYOND_REACH, BEYOND_REACH, BEYOND_REACH, 2)
    if problem.depth == 1:  # a word for every choice of the earlier batches, 2^u for each letter of step u
        terms = [term.letters for term in quantity.expression.terms]
        lasts = [sum(letter.step or 0 for letter in letters if letter.kind in (WEIGHT, GRADIENT)) for letters in terms]
        words = sum(saturated_power(2.3, last) for last in lasts)
        longest = max(last + len(letters) for last, letters in zip(lasts, terms, strict=True))
        return _one_layer(words, 2 * longest)
    for term in quantity.expression.terms:
        by_step = [[0, 0] for _ in range(quantity.step + 1)]
        for letter in term.letters:
            if letter.kind in (WEIGHT, GRADIENT):
                by_step[letter.step or 0][letter.kind == GRADIENT] += 1
        (_, first), (later_weights, later) = by_step[0], map(sum, zip([0, 0], *by_step[1:], strict=True))
        free = gradient_degree(problem.depth) * later + later_weights * max(1, quantity.step)
        branches = _double_factorial(2 * later - 1)
        for chosen in range(free + 1):
            weight = math.comb(free, chosen) * branches
            cost = _word(first + chosen)
            products, inners, states = (x + weight * y for x, y in zip((products, inners, states), cost, strict=True))
        longest = max(longest, first + free + len(term.letters))
    return Counts(10 + products, inners, 10 + states, 2 * longest)


def _word(degree: int) -> tuple[float, float, float]:
    """Counts for one word with `degree` S; each further S multiplies them by its number of partners."""
    if degree <= len(_WORDS):
        return _WORDS[degree - 1] if degree else (1.0, 1.0, 1.0)
    a, b, c = _WORDS[-1]
    growth = saturated_exp(sum(math.log(2.0 * k - 1) for k in range(len(_WORDS) + 1, degree + 1)))
    return a * growth, b * growth, c * growth


def _double_factorial(n: int) -> float:
    return saturated_exp(sum(math.log(k) for k in range(n, 1, -2)))


def _gram_flops(problem: TeacherStudent) -> float:
    p, *widths = problem.sizes
    return float(sum(w * (p + widths[-1]) * max(p, widths[-1]) for w in widths))


def _entries(problem: TeacherStudent) -> float:
    return float(sum(w.size for w in (*problem.student, *problem.teacher)))


def _shown(counts: Counts) -> str:
    return f"{as_count(counts.products)} matrix products and {as_count(counts.inners)} traces"


def _bits(array: np.ndarray) -> float:
    """Bits of an entry over the common denominator; of large matrices a sample of the entries is read."""
    sample = array.ravel()[:: max(1, array.size // SAMPLED_ENTRIES)]
    if array.dtype != object:
        mantissas, exponents = np.frexp(sample[sample != 0])
        if not mantissas.size:
            return 1.0
        integers = np.ldexp(mantissas, 53).astype(np.int64)
        lowest = exponents - 53 + np.log2((integers & -integers).astype(np.float64))
        return float(exponents.max() - min(0.0, lowest.min()) + 1)
    common = 1
    for q in {x.denominator for x in sample.tolist()}:
        common = math.lcm(common, q)
        if common.bit_length() > 2000:  # denominators without a common structure: every entry adds its own
            return common.bit_length() * array.size / max(1, sample.size)
    return float(common.bit_length() + max(abs(x.numerator).bit_length() for x in sample.tolist()))
