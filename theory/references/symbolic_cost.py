"""What the symbolic networks will take, from sizes alone: monomials that can occur, and the moments of the first batch.

The weights W_1 = W_0 - alpha g_0 make a polynomial of degree d in them one of degree d in the averages over the first batch, a monomial of
degree k in these having alpha^k and about d_H + k more letters (weights of student and teacher). Those of deep networks are counted
by layer. Counts are within a factor of ten or so of the terms that there are; seconds were measured on one core.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache, reduce
from itertools import accumulate, pairwise

import numpy as np

from theory.budget import Cost, as_count, refuse_large, saturated, saturated_binomial
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree, output_degree
from theory.exact import as_index, shown
from theory.inputs import InputLaw

#: What is left to do, for refusals.
LEFT = ("a smaller network", "SymbolicNetwork.of or SymbolicDeepNetwork.of, which have a problem's numbers for weights", "an engine")
#: Beyond this degree in the averages over a batch nothing is affordable.
_HIGHEST = 200
#: Bytes of a term, and of a variable's power in it.
_TERM, _POWER = 2000.0, 40.0


def require_ring(argument: str, variables: float, matrices: float) -> None:
    """UnaffordableError for a ring of so many variables, and matrices of so many polynomials in them, that would not fit a gigabyte."""
    count = saturated(variables, matrices + variables)
    refuse_large(argument, "the ring", Cost(1e-7 * count, 4 * count, f"{as_count(variables)} variables"), "a smaller network")


def two_layers(sizes: Sequence[int], kinds: int, step: int, free_sigma: bool, by_partitions: bool) -> Cost:
    """Of var(g_step), letters being of this many `kinds`, none for a problem's numbers; `free_sigma` for a symbolic covariance."""
    p, h, outputs = sizes
    q = p * (p + 1) // 2
    orders = range(6 * step + 1)
    of_batch = [multisets(k, q) for k in orders]
    of_sigma = [multisets(k + 2, q) if free_sigma else 0.0 for k in orders]
    terms = sum(_words(2, k, kinds) * (s + sigma) for k, s, sigma in zip(orders, of_batch, of_sigma, strict=True))
    entries = saturated(h, p + outputs, q, q) if by_partitions else saturated(p, p + outputs, h + p + outputs)
    each = multisets(3 * step, q + 1)
    seconds = UNITS["symbolic.product"] * saturated(entries, each, each)
    if by_partitions:
        partitions = sum(m * bell for m, bell in zip(of_batch, _bell_numbers(), strict=False))
        seconds += 2 * UNITS["symbolic.term"] * terms + UNITS["symbolic.partition"] * partitions
    else:
        slopes = saturated(h * max(p, outputs) + 1, p * p * (q + 2 * p), 3 * step + 1)  # of every entry of the mean, by the generator
        seconds += UNITS["symbolic.term"] * terms + UNITS["symbolic.slope"] * slopes
    return _cost(seconds, terms, 2 * (kinds + q))


def deep(sizes: Sequence[int], powers: Iterable[int], letters: int, step: int, law: InputLaw, loss: bool) -> Cost:
    """Of var(g_step), or of E loss(w_step), for an activation with these powers of its argument."""
    depth, used = len(sizes) - 1, sorted(set(powers))
    degree = output_degree(depth, activation_degree=used[-1]) if loss else gradient_degree(depth, activation_degree=used[-1])
    order = 2 * degree
    if order > _HIGHEST:
        return Cost.beyond_reach(f"degree {as_count(order)} in the averages over the first batch")
    in_x = _degrees_in_x(used, depth)
    n = sum(multisets(k, sizes[0]) for k in {a + b for a in in_x for b in in_x})  # averages of the first batch that occur
    entries = 1 if loss else max(a * b for a, b in pairwise(sizes))
    terms = _terms(sizes, used, n, order, 2 if loss else 4, step, letters)
    mean = 0.0 if loss else _terms(sizes, used, n, degree, 2, step, letters) * (1 + degree * step / 2)  # each with the powers of eps
    blocks = multisets(order * step, 2 * n + 1)
    seconds = UNITS["symbolic.term"] * saturated(entries, terms) + UNITS["symbolic.pair"] * saturated(entries, mean, mean)
    moments = saturated(multisets(4 * max(in_x), sizes[0]), law.moment_seconds(4 * max(in_x)))
    return _cost(seconds + UNITS["symbolic.block"] * blocks + moments, terms + blocks / 10, letters + n + sizes[0])


def _terms(sizes: Sequence[int], powers: Sequence[int], averages: float, degree: int, outputs: int, step: int, letters: int) -> float:
    """Of a polynomial of this degree in the weights at this step, from so many outputs of the network.

    Every weight replaced by its gradient, a letter of layer j among them, takes one letter and brings those of the gradient. Of the
    letters, those of the teacher come in whole outputs. In each layer there are so many of both kinds; a layer tells what the others are,
    more or less; a coordinate of x what the columns of the teacher's first are; and every row of the last is there an even number of times.
    """
    orders = range(degree * step + 1)
    if not letters:
        return sum(multisets(k, averages) for k in orders)
    depth = len(sizes) - 1
    most, least = ([power ** (depth - k) for k in range(1, depth + 1)] for power in (powers[-1], powers[0]))
    start = [outputs * d for d in most]
    start[0] -= sum(start) - degree
    replaced = reduce(np.convolve, [np.ones(n + 1) for n in start])  # in how many ways, so many of them
    choices = math.prod(1 + (d - e) * outputs for d, e in zip(most, least, strict=True))
    total = 0.0
    for k in orders:
        held = [n + 2 * d * k - 2 * (k * n // sum(start)) for n, d in zip(start, most, strict=True)]
        ways = saturated(choices, float(replaced[k]), multisets(k, averages))
        ways *= multisets(held[-1] // 2, sizes[-1]) / multisets(held[-1], sizes[-1])
        for of_teacher in range(min(k + 2, *(n // d for n, d in zip(held, most, strict=True))) + 1):
            teacher = max(_letters(of_teacher * d, d, shape) for d, shape in zip(most, pairwise((1, *sizes[1:])), strict=True))
            student = max(_letters(n - of_teacher * d, d, shape) for n, d, shape in zip(held, most, pairwise(sizes), strict=True))
            total += saturated(ways, teacher, student)
    return saturated(total)


@cache
def _letters(count: int, together: int, shape: tuple[int, int]) -> float:
    """Products of so many entries of a matrix (columns, rows), of which this many share a row."""
    columns, rows = shape
    return min(multisets(count, columns * rows), saturated(multisets(count // together, rows), multisets(count, columns)))


def first_steps(step: int) -> int:
    """The step, 0 or 1; ValueError for others."""
    t = as_index(step, "step")
    if t > 1:
        raise ValueError(f"step must be 0 or 1, but was {shown(step)}: later steps have too many terms")
    return t


def multisets(size: float, kinds: float) -> float:
    """binom(size + kinds - 1, size), saturated; all of one for no kinds."""
    return saturated_binomial(size + kinds - 1, size) if kinds else 1.0


def _words(degree: int, order: int, kinds: int) -> float:
    """Monomials of about `degree` + order letters, and one more; of kinds of letters."""
    return multisets(degree + 1 + order, kinds + 1) if kinds else 1.0


def _degrees_in_x(powers: Sequence[int], depth: int) -> set[int]:
    """The degrees in x that the output of the network has."""
    degrees = {1}
    for _ in range(depth - 1):
        degrees = set().union(*(_sums(degrees, power) for power in powers))
    return degrees


def _sums(degrees: set[int], count: int) -> set[int]:
    """Of this many degrees."""
    found = {0}
    for _ in range(count):
        found = {a + b for a in found for b in degrees}
    return found


def _bell_numbers() -> Iterable[int]:
    """1, 1, 2, 5, 15, ...: set partitions of 0, 1, 2, ... things, by the triangle of Aitken."""
    row = [1]
    while True:
        yield row[0]
        row = list(accumulate([row[-1], *row]))


def _cost(seconds: float, terms: float, variables: float) -> Cost:
    return Cost(1e-3 + seconds, 1e6 + terms * (_TERM + _POWER * variables), f"{as_count(terms)} terms")
