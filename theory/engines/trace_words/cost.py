"""What trace words cost, from sizes and bit lengths alone.

Words with few S: the number of words, and with it of chains P_i Sigma P_j^T ... (matrix products) and closed chains (inner products),
depends on the quantity and on whether Sigma = I, not on the sizes. Words with many: the number of pairings walked, level by level, depends
on the number of S, and hardly on anything else. So a cost is counts x the price of a product at this size and precision; the prices and
the seconds of bookkeeping were measured on one 2020s core.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from theory.budget import BEYOND_REACH, Cost, as_count, saturated, saturated_exp, saturated_power
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.engines.base import Quantity
from theory.gaussian_moments.word_expectations import CACHE_BYTES, FEW_S
from theory.gaussian_moments.word_levels import pairings_walked
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


class Levels(NamedTuple):
    """S in the longest word, pairings walked, words made of it before, and `uses` as above."""

    degree: int
    moves: float
    words: float
    uses: int


#: Products at step 0, where Sigma = I; 3 for what is squared.
_FIRST_STEP = {"mean": 6, "loss": 1, "loss_variance": 1}
#: depth, kind and Sigma = I, at step 1: measured, the larger of the layers
_SECOND_STEP = {
    (2, "variance", True): Counts(58, 132, 1042, 9),
    (2, "second_moment", True): Counts(50, 132, 1020, 9),
    (2, "mean", True): Counts(20, 4, 31, 6),
    (2, "loss", True): Counts(18, 21, 39, 6),
    (2, "variance", False): Counts(298, 928, 3202, 9),
    (2, "second_moment", False): Counts(287, 928, 3171, 9),
    (2, "mean", False): Counts(42, 4, 33, 6),
    (2, "loss", False): Counts(45, 46, 45, 6),
    (3, "mean", True): Counts(180, 26, 1008, 10),
    (3, "loss", True): Counts(101, 201, 1157, 10),
    (3, "mean", False): Counts(496, 38, 1192, 10),
    (3, "loss", False): Counts(215, 530, 1663, 10),
}
#: kind and Sigma = I: pairings beside those of one word, as many of them are the same, or there are several words: measured
_DIFFERENT = {
    ("variance", True): 1.4,
    ("second_moment", True): 1.4,
    ("variance", False): 2.6,
    ("second_moment", False): 2.6,
    ("mean", True): 1.8,
    ("mean", False): 2.6,
    ("loss", True): 1.8,
    ("loss", False): 2.6,
    ("loss_variance", True): 0.6,
    ("loss_variance", False): 0.8,
}
#: one word of degree 0, 1, ... in S with letters all different, Sigma not I
_WORDS = ((1, 1, 1), (2, 1, 1), (8, 4, 2), (20, 18, 7), (45, 97, 46), (280, 729, 373), (900, 7312, 3695))


def float_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Double precision with error bounds: every product of chains is three BLAS products."""
    counts, p = counts_of(problem, quantity), problem.sizes[0]
    call, flop, state = (UNITS[f"trace_words.{unit}"] for unit in ("float_product", "flop", "state"))
    seconds = UNITS["trace_words.start"] + 2 * flop * _gram_flops(problem)
    held = 5e7 + 64.0 * _entries(problem)
    if quantity.kind == "mean":
        seconds += UNITS["trace_words.entry"] * problem.student[(quantity.layer or 1) - 1].size
    if isinstance(counts, Levels):
        entries = counts.degree * _rows(problem, quantity) * p
        walked = _walked(counts) + saturated(counts.moves, entries, UNITS["trace_words.sum"] + p * flop / 4)
        if quantity.kind == "mean":  # the last letters of the words
            walked += saturated(counts.words, counts.degree, call / 2 + flop * p**3)
        basis = f"{_shown(counts)}, matrices of order {p} in double precision with error bounds"
        return Cost(min(seconds + walked, BEYOND_REACH), held + _held(counts, 8.0 * entries), basis)
    product = call + flop * (p**3 + 100 * p**2)
    inner = call / 6 + flop * 16 * p**2
    seconds += counts.products * product + counts.inners * inner + counts.states * state
    held += min(24.0 * counts.products * p**2, 2 * CACHE_BYTES) + 24.0 * p**2 * min(counts.products, 60)
    return Cost(seconds, held, f"{_shown(counts)} of order {p} in double precision with error bounds")


def exact_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Rationals over common denominators: the price of a product grows with the bits of its entries."""
    counts, p = counts_of(problem, quantity), problem.sizes[0]
    weights = max(_bits(w) for w in problem.networks)
    sigma = 0.0 if problem.inputs.is_standard else _bits(problem.inputs.second_moment)
    residual = problem.depth * weights + math.log2(max(problem.sizes))
    # a chain is at most half of the longest word
    bits = (counts.uses * (residual + math.log2(2 * p)) + (counts.uses + 2) * sigma) / 2
    call, one, bit, state = (UNITS[f"trace_words.{unit}"] for unit in ("exact_product", "multiplication", "bit", "state"))
    multiplication = one + bit * bits * max(1.0, bits / 2000) ** 0.6
    seconds = UNITS["trace_words.start"] + _gram_flops(problem) * (one + bit * weights) + _entries(problem) * call
    held = 5e7 + _entries(problem) * (150 + weights)
    if quantity.kind == "mean":
        seconds += problem.student[(quantity.layer or 1) - 1].size * (1e-6 + 3e-10 * bits)
    if isinstance(counts, Levels):
        rows = _rows(problem, quantity)
        summed = call + rows * p * (one + bit * bits / 8)
        walked = _walked(counts) + counts.moves * counts.degree / 2 * (summed + rows * p**2 * multiplication / 2)
        if quantity.kind == "mean":  # the last letters of the words
            walked += saturated(counts.words, counts.degree, 40 * call + 2 * p**3 * multiplication)
        basis = f"{_shown(counts)}, matrices of order {p}, exact, entries of up to {2 * bits:.0f} bits"
        held += _held(counts, counts.degree * rows * p * (16 + bits / 8))
        return Cost(min(seconds + walked, BEYOND_REACH), held, basis)
    product = call * (1 + p**2 / 3) + p**3 * multiplication + p**2 * 8 * bit * bits
    inner = 10 * call + p**2 * multiplication
    seconds += counts.products * product + counts.inners * inner + counts.states * state
    matrix = 3.0 * p**2 * (16 + bits / 8)
    held += min(matrix * counts.products, 2 * CACHE_BYTES) + matrix * min(counts.products, 60)
    return Cost(seconds, held, f"{_shown(counts)} of order {p}, exact, entries of up to {bits:.0f} bits")


def counts_of(problem: TeacherStudent, quantity: Quantity) -> Counts | Levels:
    """How many products, or pairings, the quantity takes."""
    t, depth = quantity.step, problem.depth
    if quantity.kind == "trace_form":
        return _trace_form(problem, quantity)
    if depth == 1:
        standard, other = {"mean": (2.4, 2.4), "loss_variance": (17.0, 42.0)}.get(quantity.kind, (5.0, 7.3))
        growth = standard if problem.inputs.is_standard else other
        words = saturated_power(growth, t)
        return _one_layer(words, 2 * t + 3)
    if t == 0:
        return Counts(_FIRST_STEP.get(quantity.kind, 3) * (1 if problem.inputs.is_standard else 2), 3, 3, depth + 1)
    degree = sum(quantity.batch_degrees(problem))
    if degree <= FEW_S:
        return _SECOND_STEP[depth, quantity.kind, problem.inputs.is_standard]
    words = _DIFFERENT.get((quantity.kind, problem.inputs.is_standard), 1.0)
    return Levels(degree, saturated(pairings_walked(degree), words), saturated_power(2, degree), int(1.5 * degree))


def _walked(counts: Levels) -> float:
    return saturated(counts.moves, UNITS["trace_words.pairing"]) + saturated(counts.words, UNITS["trace_words.word"])


def _held(counts: Levels, member: float) -> float:
    """Bytes: a tenth as many states as pairings, a third of them on the largest level, and five matrices for each of those."""
    return saturated(counts.moves, 100 + member / 10)


def _rows(problem: TeacherStudent, quantity: Quantity) -> int:
    """Of the open words: for quantities that are traces, of the narrowest factor that most letters have."""
    p, last = problem.sizes[0], problem.sizes[-1]
    return p if quantity.kind == "mean" else min(p, last)


def _one_layer(words: float, uses: int) -> Counts:
    if words >= BEYOND_REACH:
        return Counts(BEYOND_REACH, BEYOND_REACH, BEYOND_REACH, uses)
    return Counts(3 + words / 20, 3 + words / 20, 3 + words / 2, uses)


def _trace_form(problem: TeacherStudent, quantity: Quantity) -> Counts | Levels:
    """Words of degree k in S_0 number C(n, k - m): g_1 is (1 + S_0)^(2H-1) S_1 in degrees, W_1 is 1 + S_0, g_0 is S_0."""
    products = inners = states = words = 0.0
    longest = 1
    if quantity.step > _MOST_STEPS:
        return Counts(BEYOND_REACH, BEYOND_REACH, BEYOND_REACH, 2)
    degrees = quantity.batch_degrees(problem)
    if problem.depth == 1:  # a word for every choice of the earlier batches, 2^u for each letter of step u
        terms = [term.letters for term in quantity.expression.terms]
        lasts = [sum(letter.step or 0 for letter in letters if letter.kind in (WEIGHT, GRADIENT)) for letters in terms]
        words = sum(saturated_power(2.3, last) for last in lasts)
        longest = max(last + len(letters) for last, letters in zip(lasts, terms, strict=True))
        if degrees[0] > FEW_S:
            words = saturated(words, *(_double_factorial(2 * d - 1) for d in degrees[1:]))
            return Levels(degrees[0], pairings_walked(degrees[0]), words, 2 * longest)
        return _one_layer(words, 2 * longest)
    for term in quantity.expression.terms:
        by_step = [[0, 0] for _ in range(quantity.step + 1)]
        for letter in term.letters:
            if letter.kind in (WEIGHT, GRADIENT):
                by_step[letter.step or 0][letter.kind == GRADIENT] += 1
        (_, first), (later_weights, later) = by_step[0], map(sum, zip([0, 0], *by_step[1:], strict=True))
        free = gradient_degree(problem.depth) * later + later_weights * max(1, quantity.step)
        branches = _double_factorial(2 * later - 1)
        words += saturated(saturated_power(2, free), branches**0.5)
        longest = max(longest, first + free + len(term.letters))
        if degrees[0] <= FEW_S:
            for chosen in range(free + 1):
                weight = math.comb(free, chosen) * branches
                cost = _WORDS[first + chosen]
                products, inners, states = (x + weight * y for x, y in zip((products, inners, states), cost, strict=True))
    if degrees[0] > FEW_S:
        return Levels(degrees[0], pairings_walked(degrees[0]), words, 2 * longest)
    return Counts(10 + products, inners, 10 + states, 2 * longest)


def _double_factorial(n: int) -> float:
    return saturated_exp(sum(math.log(k) for k in range(n, 1, -2)))


def _gram_flops(problem: TeacherStudent) -> float:
    p, *widths = problem.sizes
    return float(sum(w * (p + widths[-1]) * max(p, widths[-1]) for w in widths))


def _entries(problem: TeacherStudent) -> float:
    return float(sum(w.size for w in problem.networks))


def _shown(counts: Counts | Levels) -> str:
    if isinstance(counts, Levels):
        return f"{as_count(counts.moves)} pairings in words of up to {as_count(counts.degree)} S"
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
