"""What the tree of paths will cost: logarithms first, so at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from theory.budget import BEYOND_REACH, Cost, as_count
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.engines.base import Quantity
from theory.engines.frequencies.network import distinguishable_atoms
from theory.inputs import InputLaw
from theory.problem import TeacherStudent

#: Digits of a count of paths, or of a degree, that is looked at closer.
_MOST_DIGITS = math.log10(BEYOND_REACH) / 2
#: Steps beyond which there are too many paths even where the degree does not grow.
_MOST_STEPS = 300
#: Paths held in memory at once, per level of the tree.
BLOCK = 1 << 13


def predict(problem: TeacherStudent, quantity: Quantity) -> Cost:
    """Seconds and bytes of `Frequencies.compute`: the rules, the paths, the operations on each and their integers' length."""
    parts = {"variance": ("second_moment", "mean"), "loss_variance": ("loss_variance", "loss")}.get(quantity.kind)
    if parts is None:
        return _one_tree(problem, quantity)
    second, mean = (_one_tree(problem, replace(quantity, kind=kind)) for kind in parts)
    return Cost(second.seconds + mean.seconds, max(second.bytes, mean.bytes), second.basis)


def _one_tree(problem: TeacherStudent, quantity: Quantity) -> Cost:
    atoms = _atom_count(problem)
    growth = math.log10(gradient_degree(problem.depth, activation_degree=problem.activation_degree))
    if quantity.step > _MOST_STEPS:
        return Cost.beyond_reach(f"paths through {as_count(quantity.step)} batches")
    if quantity.step * growth > _MOST_DIGITS:
        return Cost.beyond_reach(f"numbers of length 10^{quantity.step * growth:.0f}")
    ds = quantity.batch_degrees(problem)
    counts = [_log10_binomial(d, atoms - 1) for d in ds]
    if sum(counts) > _MOST_DIGITS:
        return Cost.beyond_reach(f"paths: 10^{sum(counts):.0f}")
    sizes, params = [10**c for c in counts], sum(w.size for w in problem.student)
    bits = _integer_bits(problem, ds, [_bits([a]) for a in problem.rates_before(quantity.step)])
    seconds, paths, eps_degree, memory = UNITS["frequencies.start"] + 1e-5 * params, 1.0, 1, 0.0
    for s, (d, size) in enumerate(zip(ds, sizes, strict=True)):
        seconds += UNITS["frequencies.rule"] * (atoms - 1) * size * (d + 1) * (1 + d / 8)  # the rule
        seconds += 2 * paths * atoms * params * _operation(bits[s + 1])  # gradients at this level's paths
        paths *= size
        seconds += paths * params * (atoms + 1) * _operation(bits[s + 1])
        seconds += UNITS["frequencies.block"] * len(problem.student) * atoms * max(1.0, paths / BLOCK)  # numpy's own time, per block
        memory += size * (d + 1) * (40 + d) + min(paths, max(BLOCK, size)) * params * (atoms + 2) * (60 + bits[s + 1] / 8)
    operations = 3 * atoms * params + (_form_operations(quantity) if quantity.kind == "trace_form" else 0)
    seconds += UNITS["frequencies.block"] * len(problem.student) * atoms + paths * operations * _operation(bits[-1])
    memory += min(paths, max(BLOCK, sizes[-1] if sizes else 1)) * (params + 4 * atoms) * (60 + bits[-1] / 8)
    entries = problem.student[quantity.layer - 1].size if quantity.kind == "mean" and quantity.layer else 1
    for d, size in zip(reversed(ds), reversed(sizes), strict=True):  # contraction with polynomials in eps
        seconds += paths * entries * (UNITS["frequencies.contraction"] + UNITS["frequencies.power"] * (1 + bits[-1] / 500) * d * eps_degree)
        memory += min(paths, max(BLOCK, size)) * entries * (eps_degree + d) * (20 + bits[-1] / 16)
        paths, eps_degree = paths / size, eps_degree + d
    return Cost(seconds, memory, f"{math.prod(sizes):.3g} paths of {atoms} atoms, integers of about {bits[-1]:.2g} bits")


def _operation(bits: float) -> float:
    """Seconds for a multiplication and an addition of integers of this length in an object array."""
    return UNITS["frequencies.number"] + UNITS["frequencies.bit"] * bits + UNITS["frequencies.long"] * (bits / 1500) ** 1.7


def _integer_bits(problem: TeacherStudent, ds: list[int], rates: list[float]) -> list[float]:
    """Typical length of the numerators of w_0, w_1, ..., and last of the integrand: denominators multiply, nothing cancels."""
    entries = [_bits(w.ravel().tolist()) for w in (*problem.student, *problem.teacher)]
    some = _support(problem.inputs)[1]
    x = _bits([v for atom in some for v in atom]) if some else 1.0
    sigma = _bits(problem.polynomial) if not problem.is_linear else 0.0
    h, d = problem.depth, problem.activation_degree
    m, inner = gradient_degree(h, activation_degree=d), sum(d**k for k in range(h))
    weight = max(entries)
    result = [weight]
    for s, degree in enumerate(ds):
        rate = rates[s] if s < len(rates) else 0.0
        weight = m * weight + 2 * inner * (x + sigma) + rate + math.log2(degree + 1) / 2
        result.append(weight)
    result.append(2 * (m * weight + 2 * inner * (x + sigma)))
    return result


def _bits(numbers: Iterable[Any]) -> float:
    """Average length of numerator and denominator together."""
    lengths = [sum(abs(part).bit_length() for part in x.as_integer_ratio()) for x in numbers]
    return sum(lengths) / len(lengths)


def _form_operations(quantity: Quantity) -> int:
    return sum(len(term.letters) for term in quantity.expression.terms) * 8


def _atom_count(problem: TeacherStudent) -> int:
    """Atoms after x and -x are merged; huge supports are not walked through."""
    count, _ = _support(problem.inputs)
    if not count or count > 4096:
        return count // 2 or 1
    return len(distinguishable_atoms(problem)[0])


@lru_cache(maxsize=8)
def _support(law: InputLaw) -> tuple[int, tuple[tuple[Any, ...], ...]]:
    """The number of atoms and some of them: a law may list them anew each time."""
    support = law.support()
    return (len(support[0]), support[0][:64]) if support else (0, ())


def support_size(law: InputLaw) -> int:
    """The number of atoms that the law lists, 0 where it lists none."""
    return _support(law)[0]


def _log10_binomial(degree: int, variables: int) -> float:
    """log10 of binom(degree + variables, variables)."""
    n = float(degree)
    return (math.lgamma(n + variables + 1) - math.lgamma(n + 1) - math.lgamma(variables + 1)) / math.log(10)
