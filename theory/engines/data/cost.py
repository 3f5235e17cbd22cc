"""What sums over a data set cost, from sizes and lengths alone: counts of products, of entries that are gone over, and of numpy's calls.

The number of words, of partitions and of kernels does not depend on the sizes; what each costs is a power of N times one of p or q. The
counts are those of one form in layer 1 or 2, rounded.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from theory.budget import Cost, as_count, saturated
from theory.budget.unit_costs import UNITS
from theory.engines.base import Quantity
from theory.engines.data.last_sample import HELD
from theory.engines.data.words import ROWS
from theory.inputs.lengths import SAMPLE, common_bits
from theory.problem import TeacherStudent


class Work(NamedTuple):
    """Products of two numbers within products of matrices, entries of results, calls, numbers held."""

    products: float = 0.0
    entries: float = 0.0
    calls: float = 0.0
    held: float = 0.0

    def __add__(self, other: Work) -> Work:  # type: ignore[override]
        products, entries, calls = (x + y for x, y in zip(self[:3], other[:3], strict=True))
        return Work(products, entries, calls, max(self.held, other.held))

    def times(self, share: float) -> Work:
        """This share of the work, with as much held."""
        return Work(share * self.products, share * self.entries, share * self.calls, self.held)


def float_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """In doubles with error bounds."""
    work = _work(problem, quantity)
    seconds = sum(UNITS[f"data.{unit}"] * count for unit, count in zip(("product", "entry", "call"), work[:3], strict=True))
    return Cost(seconds, 5e7 + 16 * work.held, f"{_shown(work)} in double precision with error bounds")


def exact_cost(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """In rationals."""
    work, bits = _work(problem, quantity), _bits(problem, quantity)
    number = UNITS["data.number"] + UNITS["data.bit"] * bits
    seconds = (work.products + work.entries) * number + work.calls * UNITS["data.call"]
    return Cost(seconds, 5e7 + work.held * (64 + bits / 8), f"{_shown(work)}, rationals of about {bits:.0f} bits")


def _work(problem: TeacherStudent, quantity: Quantity) -> Work:
    n, (p, h, q) = float(len(problem.population)), problem.sizes
    entries = h * (p if quantity.layer == 1 else q) if quantity.kind == "mean" else 0  # polynomials, made one by one
    made = (25 if quantity.step else 6) * entries
    start = Work(n * p * (p + 2 * q) + 5 * h * (p + q) ** 2, 10 * n * (p + q), 150 + made, 4 * n * (p + q))
    if not quantity.step:
        work = start + Work(n * h * (p + q) + h * p * (p + q), n * h, 150, n * (p + q + h))
        return work if quantity.kind == "variance" else work.times(0.4)  # no squares of the samples' gradients
    if quantity.kind == "loss":
        return start + _words(n, p, q, kernels=8, entries=14, chains=0.07)
    mean = Work(n * p * q * (3 * p + 6 * q) + h * (p + q) * (p + q), 12 * n * p * q, 100, 10 * n * p * q)
    if quantity.kind == "mean":
        return start + mean
    work = start + mean if quantity.kind == "variance" else start
    form = _words(n, p, q, kernels=56, entries=600, chains=1.0) + Work(products=4 * n**3)
    return work + form + (form if quantity.layer == 1 else _last_sample(n, q))


def _words(n: float, p: float, q: float, kernels: float, entries: float, chains: float) -> Work:
    """Sums of words: N x N kernels and their products, entry by entry, and chains of matrices."""
    products = kernels / 2 * n**2 * (p + q) + chains * (n * (160 * p**2 + 900 * p * q + 170 * q**2) + 300 * (p + q) ** 3)
    held = kernels * min(n, ROWS) * n + 8 * n**2 + 60 * chains * n * (p + q)
    return Work(products, entries * n**2 + chains * 1000 * n * (p + q), 7000 * chains, held)


def _last_sample(n: float, q: float) -> Work:
    """Contractions for each sample of the last batch, some samples at a time."""
    parts = math.ceil(n / max(1, HELD // (n * q**2)))
    products = n**2 * (3.5 * q**4 + 12 * q**3 + 40 * q**2 + 100)
    return Work(products, n**2 * (270 * q + 12 * q**2), 500 * parts, 6 * min(n, HELD / (n * q**2) + 1) * n * q**2)


def _bits(problem: TeacherStudent, quantity: Quantity) -> float:
    """Of a rational on the way: half of those in a word of degree six in the first batch, each letter with its constants."""
    weights = max(common_bits([Fraction(x) for x in w.ravel()[: 4 * SAMPLE].tolist()]) for w in problem.networks)
    data = [problem.population] + ([] if problem.inputs.targets is None else [problem.inputs.targets])
    numbers = max(common_bits([Fraction(x) for x in array.ravel()[: 4 * SAMPLE].tolist()]) for array in data)
    rate = common_bits([Fraction(x) for x in problem.rates_before(quantity.step)]) if quantity.step else 0.0
    letter = 2 * weights + 2 * numbers + rate + math.log2(1 + len(problem.population))
    return (6 * letter + 8 * weights) / 2 if quantity.step else letter


def _shown(work: Work) -> str:
    return f"{as_count(saturated(work.products))} products over the data set"
