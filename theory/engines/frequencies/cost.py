"""What the tree of paths will cost: logarithms first, so at once."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from theory.budget import BEYOND_REACH, Cost, as_count
from theory.budget.unit_costs import UNITS
from theory.degrees import gradient_degree
from theory.engines.base import Quantity
from theory.engines.frequencies.lengths import Lengths, path_lengths
from theory.engines.frequencies.network import distinguishable_atoms
from theory.inputs import InputLaw
from theory.problem import Rows, TeacherStudent
from theory.trace_forms.letters import GRADIENT, WEIGHT

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
    sizes, params = [10**c for c in counts], float(sum(w.size for w in problem.student))
    law, rates = _support(problem.inputs, problem.teacher is None), problem.rates_before(quantity.step)
    lengths = path_lengths(problem, law.some, rates, [d // atoms for d in ds], len(ds), law.labels)
    final = _integrand_bits(problem, quantity, lengths)
    seconds, paths, eps_degree, memory = UNITS["frequencies.start"] + 1e-5 * params, 1.0, 1, 0.0
    for s, (d, size) in enumerate(zip(ds, sizes, strict=True)):
        after = lengths.weights[s + 1]
        seconds += UNITS["frequencies.rule"] * (atoms - 1) * size * (d + 1) * (1 + d / 8)  # the rule
        seconds += 2 * paths * atoms * _passes(problem, lengths.gradients[s])  # gradients at this level's paths
        paths *= size
        seconds += paths * params * atoms * _sum(after)  # the weights at the nodes
        seconds += UNITS["frequencies.block"] * len(problem.student) * atoms * max(1.0, paths / BLOCK)  # numpy's own time, per block
        memory += size * (d + 1) * (40 + d) + min(paths, max(BLOCK, size)) * params * 2 * _bytes(after)
    passes, length = (1, lengths.errors[-1]) if quantity.kind.startswith("loss") else (2, lengths.gradients[-1])
    seconds += passes * paths * atoms * _passes(problem, length) + UNITS["frequencies.block"] * len(problem.student) * atoms
    seconds += paths * (_form_operations(quantity) if quantity.kind == "trace_form" else params) * _product(final)
    memory += min(paths, max(BLOCK, sizes[-1] if sizes else 1)) * params * atoms * _bytes(length)
    entries = problem.student[quantity.layer - 1].size if quantity.kind == "mean" and quantity.layer else 1
    for d, size in zip(reversed(ds), reversed(sizes), strict=True):  # contraction with polynomials in eps
        pairs = UNITS["frequencies.power"] * d * eps_degree * (1 + final / 500)
        seconds += paths * entries * (UNITS["frequencies.contraction"] + pairs)
        memory += min(paths, max(BLOCK, size)) * entries * (eps_degree + d) * (20 + final / 8)
        paths, eps_degree = paths / size, eps_degree + d
    return Cost(seconds, memory, f"{math.prod(sizes):.3g} paths of {atoms} atoms, integers of about {final:.2g} bits")


def _passes(problem: TeacherStudent, bits: float) -> float:
    """Seconds forward, or back, at one atom: what the first layer multiplies by inputs is short, the rest long."""
    first, *others = problem.student
    long = sum(w.size for w in others) + sum(w.shape[1] for w in others) * problem.activation_degree
    return first.size * _sum(bits) + long * _product(bits)


def _product(bits: float) -> float:
    """Seconds for a product of this length, and a sum, in an object array."""
    return _sum(bits) + UNITS["frequencies.long"] * (bits / 3000) ** 1.35


def _sum(bits: float) -> float:
    """Seconds for a sum of integers of this length, or a product with a short one."""
    return UNITS["frequencies.number"] + UNITS["frequencies.bit"] * bits


def _bytes(bits: float) -> float:
    """Of an integer in an object array."""
    return 48 + bits / 8


def _integrand_bits(problem: TeacherStudent, quantity: Quantity, lengths: Lengths) -> float:
    """Of the numerators of what is averaged over the paths; constants are not counted."""
    if quantity.kind == "trace_form":
        of = {WEIGHT: lengths.weights, GRADIENT: lengths.gradients}
        words = (((of[x.kind], x.step or 0) for x in term.letters if x.kind in of) for term in quantity.expression.terms)
        return max(sum(bits[step] for bits, step in word) for word in words)
    factors, bits = {
        "second_moment": (2, lengths.gradients[-1]),
        "mean": (1, lengths.gradients[-1]),
        "loss": (2, lengths.errors[-1]),
        "loss_variance": (4, lengths.errors[-1]),
    }[quantity.kind]
    return factors * bits + (1 + factors // 2) * _support(problem.inputs, problem.teacher is None).bits


def _form_operations(quantity: Quantity) -> int:
    return sum(len(term.letters) for term in quantity.expression.terms) * 8


def _atom_count(problem: TeacherStudent) -> int:
    """Atoms after x and -x are merged; huge supports are not walked through."""
    count = _support(problem.inputs, problem.teacher is None).size
    if not count or count > 4096:
        return count // 2 or 1
    return len(distinguishable_atoms(problem)[0])


class _Support(NamedTuple):
    """The number of atoms, some of them, their labels, and the bits of the common denominator of their probabilities."""

    size: int
    some: Rows
    labels: Rows | None
    bits: float


@lru_cache(maxsize=8)
def _support(law: InputLaw, labelled: bool = False) -> _Support:
    """Remembered, because a law may list its atoms anew each time."""
    if labelled:
        atoms, labels, probabilities = law.labelled_support() or ((), (), ())
    else:
        atoms, probabilities = law.support() or ((), ())
    some = labels[:64] if labelled else None
    return _Support(len(atoms), atoms[:64], some, math.log2(math.lcm(*(p.denominator for p in probabilities[:64]))))


def support_size(law: InputLaw) -> int:
    """The number of atoms that the law lists, 0 where it lists none."""
    return _support(law).size


def _log10_binomial(degree: int, variables: int) -> float:
    """log10 of binom(degree + variables, variables)."""
    n = float(degree)
    return (math.lgamma(n + variables + 1) - math.lgamma(n + 1) - math.lgamma(variables + 1)) / math.log(10)
