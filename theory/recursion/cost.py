"""What the recursion will cost, from the number of letters alone: counted before anything is expanded.

Terms are counted by how many letters S, W, D of the current step they have, before equal ones are merged: an upper bound. Expectation over
a batch multiplies a term with d letters S by (2d-1)!! pairings (Gaussian) or by the set partitions of d (any law); a step down
replaces W -> W - alpha g and D -> four words. Counting stops when the request is out of reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache

from theory.budget import Cost, as_count, saturated, saturated_power
from theory.budget.unit_costs import UNITS
from theory.problem import TeacherStudent
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm
from theory.recursion.partitions import bell, powers_of_inverse_batch
from theory.trace_forms import TraceForm
from theory.trace_forms.letters import GRADIENT, WEIGHT, Letter

#: Terms beyond which they are not counted further: nobody can afford more.
MOST_TERMS = 10**12
#: of one step, in one term: beyond it the count alone is out of reach
_MOST_GRADIENTS = 40
#: measured on E||g_1||^2 and its products with W_1 and ||g_0||^2: steps above 0 repeat their letters, and equal pairings are made once
MADE_ONCE = 0.1

State = tuple[int, int, int]  # letters S, W, D of the current step


def closed_cost(form: TraceForm, problem: TeacherStudent, gaussian: bool) -> Cost:
    """Of `theory.recursion.expectation`: terms before merging, and their evaluation in rationals."""
    p = problem.inputs.dimension

    def moments_of(d: int) -> int:
        return _double_factorial(d) if gaussian else bell(d)

    kind = f"{'products of traces' if gaussian else 'moment graphs'} before equal ones are merged"
    terms, visited = _closed_terms(form, moments_of)
    if visited > MOST_TERMS:
        return Cost.beyond_reach(f"more than {as_count(MOST_TERMS)} {kind}")
    if gaussian:
        merging = MADE_ONCE if form.step else 1
        evaluation = merging * terms * (1 + 3 * form.step) * 4 * max(problem.sizes) ** 3 * UNITS["recursion.product"]
        building = merging * visited * UNITS["recursion.pairing"]
    else:
        monomials, _ = _closed_terms(form, moments_of, lambda d: _weighted_partitions(d, p))
        evaluation = monomials * UNITS["recursion.monomial"]
        building = visited * UNITS["recursion.graph"]
    return Cost(UNITS["recursion.start"] + building + evaluation, (300 if gaussian else 1000) * visited, f"{as_count(visited)} {kind}")


def literal_cost(form: KroneckerForm, problem: TeacherStudent) -> Cost:
    """Of `theory.recursion.literal_expectation`: Kronecker terms, and the entries of their constants C."""
    p = problem.inputs.dimension
    terms, entries, largest = 0, 0, 0
    for term in form.terms:
        size = math.prod(r * c for r, c in term.shapes(problem))
        t, e, m = _literal_terms(term, p, size)
        terms, entries, largest = terms + t, entries + e, max(largest, m)
    if max(terms, entries) > MOST_TERMS:
        return Cost.beyond_reach(f"more than {as_count(MOST_TERMS)} Kronecker terms, or entries of their constants")
    seconds = terms * UNITS["recursion.kronecker"] + entries * UNITS["recursion.product"]
    basis = f"{as_count(terms)} Kronecker terms, constants of up to {as_count(largest)} entries"
    return Cost(seconds, 2e3 * terms + 300.0 * largest, basis)


def layer_cost(form: KroneckerForm, problem: TeacherStudent, step: int) -> Cost:
    """Of one expectation over batch `step` (Lemma A.3, Theorem A.4): d gradients make 2^d terms of one, and its C p^(2d) times as large."""
    p = problem.inputs.dimension
    terms = entries = 0.0
    for term in form.terms:
        d = min(sum(x.kind == GRADIENT and x.step == step for x in term.letters), _MOST_GRADIENTS)
        work = 2.0**d * len(powers_of_inverse_batch(d))
        size = saturated(*(r * c for r, c in term.shapes(problem)), saturated_power(p, 2 * d))
        terms += work * (p * p if term.open is not None and d else 1)
        entries += (work + bell(d)) * size
    seconds = terms * UNITS["recursion.kronecker"] + entries * UNITS["recursion.product"]
    basis = f"{as_count(terms)} Kronecker terms, {as_count(entries)} entries of their constants"
    return Cost(seconds, 2e3 * terms + 300.0 * entries, basis)


def unrolled_cost(form: KroneckerForm, step: int) -> Cost:
    """Of Theorem A.5: a term with d letters W_step becomes 2^d."""
    counts = [sum(x.kind == WEIGHT and x.step == step for x in term.letters) for term in form.terms]
    terms = sum(saturated_power(2, d) for d in counts)
    return Cost(terms * UNITS["recursion.kronecker"], 2e3 * terms, f"{as_count(terms)} terms")


def _closed_terms(form: TraceForm, moments_of: Callable[[int], int], last_moments: Callable[[int], int] | None = None) -> tuple[int, int]:
    """Terms at the end, and terms ever made; `last_moments` weighs the terms of the last expectation instead of counting them."""
    terms = visited = 0
    for term in form.terms:
        states: dict[State, int] = {(0, 0, 0): 1}
        for step in range(form.step, -1, -1):
            s, w, d = _letters_at(term.letters, step)
            factor = last_moments if step == 0 and last_moments else moments_of
            after: dict[tuple[int, int], int] = {}
            for (ns, nw, nd), count in states.items():
                key = nw + w, nd + d
                after[key] = after.get(key, 0) + count * factor(ns + s)
            now = sum(after.values())
            visited += now
            if visited > MOST_TERMS or step == 0:
                terms += now
                break
            states = _step_down(after)
        if visited > MOST_TERMS:
            break
    return terms, visited


def _letters_at(letters: Iterable[Letter], step: int) -> State:
    """S, W, D among the letters of a step; a gradient is one of each."""
    here = [letter for letter in letters if letter.step == step]
    gradients = sum(letter.kind == GRADIENT for letter in here)
    return gradients, gradients + sum(letter.kind == WEIGHT for letter in here), gradients


def _step_down(states: dict[tuple[int, int], int]) -> dict[State, int]:
    """W -> W or W D S; D -> D, twice W W D S, or W W D S D S: counted with multiplicities."""
    result: dict[State, int] = {}
    for (w, d), count in states.items():
        for j in range(w + 1):
            for one in range(d + 1):
                for two in range(d - one + 1):
                    ways = math.comb(w, j) * math.comb(d, one) * math.comb(d - one, two) * 2**one
                    key = j + one + 2 * two, w + 2 * (one + two), d + j + two
                    result[key] = result.get(key, 0) + count * ways
    return result


def _literal_terms(term: KroneckerTerm, p: int, size: int) -> tuple[int, int, int]:
    """Terms that one term becomes at w_0, entries of C over all of them, and entries of the largest C."""
    top = max((x.step for x in term.letters if x.step is not None), default=0)
    inner = term.open is not None
    states = {(0, 0, 0): 1}  # gradients and weights of this step, gradients so far
    terms = entries = largest = 0
    for step in range(top, -1, -1):
        base_g = sum(x.kind == GRADIENT and x.step == step for x in term.letters)
        base_w = sum(x.kind == WEIGHT and x.step == step for x in term.letters)
        following: dict[tuple[int, int, int], int] = {}
        terms = entries = 0
        for (g, w, so_far), count in states.items():
            d, c = g + base_g, size * p ** (2 * (so_far + g + base_g))
            work = len(powers_of_inverse_batch(d)) * 2**d
            terms += count * work * (p * p if inner and d else 1)
            entries += count * (work + bell(d)) * c
            largest = max(largest, c)
            for k in range(d + 1):
                weights = w + base_w + 3 * d - 2 * k
                ways = count * len(powers_of_inverse_batch(d)) * math.comb(d, k) * (p * p if inner and d else 1)
                for j in range(weights + 1) if step else ():
                    key = j, weights - j, so_far + d
                    following[key] = following.get(key, 0) + ways * math.comb(weights, j)
        if max(terms, entries) > MOST_TERMS:
            break
        states = following
    return terms, entries, largest


@cache
def _double_factorial(d: int) -> int:
    """(2d - 1)!!, the number of pairings of 2d places."""
    return math.prod(range(1, 2 * d, 2))


@cache
def _weighted_partitions(d: int, p: int) -> int:
    """Sum over set partitions of the number of monomials of degree 2k in p variables, multiplied over the blocks of k >= 2."""
    block = [0, *(math.comb(2 * k + p - 1, p - 1) if k > 1 else 1 for k in range(1, d + 1))]
    sums = [1]
    for n in range(1, d + 1):
        sums.append(sum(math.comb(n - 1, k - 1) * block[k] * sums[n - k] for k in range(1, n + 1)))
    return sums[d]
