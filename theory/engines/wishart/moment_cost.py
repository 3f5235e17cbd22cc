"""What a law's own moments cost: a moment of N atoms is a sum of N products, one of a table a product of p numbers.

Seconds were measured on one core.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

from theory.budget.unit_costs import UNITS
from theory.inputs import Discrete, Gaussian, Independent, InputLaw, Uniform

_SAMPLE = 512


def moment_seconds(law: InputLaw, count: float, order: int) -> float:
    """For this many joint moments of at most this order, each asked for once."""
    return count * _one(law, order)


def pair_table_seconds(law: InputLaw) -> float:
    """For E[S_ij S_kl] at all i, j, k, l: the C(p + 3, 4) distinct fourth moments, and p^4 entries of their digits."""
    p = law.dimension
    return moment_seconds(law, math.comb(p + 3, 4), 4) + p**4 * (UNITS["law.pair"] + 7e-9 * moment_bits(law, 4))


def second_moment_seconds(law: InputLaw) -> float:
    """For Sigma: of atoms one product of matrices, which takes about what one moment does."""
    return moment_seconds(law, 1, 2) + 3e-6 * law.dimension**2


@lru_cache(maxsize=32)
def moment_bits(law: InputLaw, order: int) -> float:
    """Length of the common denominator of the moments of this order and of their numerators, at most (typically)."""
    if isinstance(law, Gaussian):
        if law.is_standard:
            return float(order)
        return order / 2 * _common_bits(law.second_moment.ravel().tolist()) + order
    if _atom_count(law):
        atoms, probabilities = _discrete_bits(law)
        return order * atoms + probabilities / 2
    if isinstance(law, Independent):
        reached = _reached(law, order)
        powers = [m ** ((len(reached) - 1) // k) for k, m in enumerate(reached) if k]  # such as m_1^4, m_2^2, m_4
        return max(1.0, order / 64) * _common_bits(powers)
    return 64.0 * order


def is_sparse(law: InputLaw) -> bool:
    """Independent coordinates without third moments: E[S_ij S_kl] = 0 but for pairs of equal indices."""
    if isinstance(law, Gaussian):
        return law.is_standard
    if isinstance(law, Independent):
        reached = _reached(law, 3)
        return len(reached) == 4 and not reached[1] and not reached[3]
    return False


def _one(law: InputLaw, order: int) -> float:
    p = law.dimension
    if isinstance(law, Gaussian):
        return UNITS["law.table" if law.is_standard else "law.gaussian"] * p
    atoms = _atom_count(law)
    if atoms and not isinstance(law, Discrete):  # sums of integers, made of the doubles once
        return atoms * UNITS["law.point"] * (1 + min(order, p)) * max(1.0, order / 4)
    if atoms:
        # the partial sums have, on average, half of the digits of the moment
        growth = moment_bits(law, order) * 2e-9 + order * _average_bits(law) * 5e-9 * p
        return atoms * (UNITS["law.atom"] + UNITS["law.coordinate"] * p + growth)
    if isinstance(law, Uniform):
        return (3 * UNITS["law.table"] + 2e-9 * moment_bits(law, order)) * p
    return UNITS["law.table"] * p


def _atom_count(law: InputLaw) -> int:
    """Over how many atoms a moment is summed; 0 for laws with formulas."""
    if isinstance(law, Gaussian | Independent):
        return 0
    return len(law.atoms) if isinstance(law, Discrete) else len(law) if hasattr(law, "__len__") else 0


def _reached(law: Independent, order: int) -> list[Any]:
    """The coordinate's moments of orders 0, ..., order, as far as its table goes and not beyond order 64."""
    result = []
    for k in range(min(order, 64) + 1):
        try:
            result.append(law.coordinate_moment(k))
        except ValueError:
            break
    return result


@lru_cache(maxsize=32)
def _discrete_bits(law: InputLaw) -> tuple[float, float]:
    if isinstance(law, Discrete):
        return _common_bits([x for atom in law.atoms for x in atom]), _common_bits(list(law.probabilities))
    return _common_bits(_some_numbers(law)), math.log2(_atom_count(law))


@lru_cache(maxsize=32)
def _average_bits(law: InputLaw) -> float:
    sample = _some_numbers(law)
    return sum(x.numerator.bit_length() + x.denominator.bit_length() for x in sample) / len(sample)


def _some_numbers(law: InputLaw) -> list[Any]:
    """Coordinates of some of the atoms: of a data set, whose points are doubles, without listing them all as rationals."""
    rows = law.atoms[:_SAMPLE] if isinstance(law, Discrete) else law.points[:_SAMPLE].tolist()  # type: ignore[attr-defined]
    return [Fraction(x) for row in rows for x in row][: 4 * _SAMPLE]


def _common_bits(numbers: list[Any]) -> float:
    """Bits of the common denominator, extrapolated from a sample, and twice over for the numerators."""
    denominators = sorted({x.denominator for x in numbers})
    stride = 1 + len(denominators) // _SAMPLE
    common = 1
    for q in denominators[::stride]:
        common = math.lcm(common, q)
        if common.bit_length() > 10**7:
            break
    bits = math.log2(common)
    if bits > 2000:  # denominators without a common structure: every one adds its own
        bits *= stride
    largest = max((abs(x.numerator) // x.denominator for x in numbers[:: 1 + len(numbers) // 4096]), default=0)
    return 2 * bits + math.log2(1 + largest)
