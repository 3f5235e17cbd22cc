"""How long rationals are, from a sample of them: what predicted costs of exact moments depend on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from theory.exact import Number

#: Numbers that are looked at.
SAMPLE = 512


def common_bits(numbers: Sequence[Fraction]) -> float:
    """Bits of the common denominator, extrapolated from a sample, and twice over for the numerators."""
    denominators = sorted({x.denominator for x in numbers})
    stride = 1 + len(denominators) // SAMPLE
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


def number_bits(number: Number) -> float:
    """Bits of numerator and denominator together; a float is the binary rational that it is."""
    numerator, denominator = number.as_integer_ratio()
    return float(numerator.bit_length() + denominator.bit_length())


def average_bits(numbers: Sequence[Number]) -> float:
    """The average of `number_bits`."""
    return sum(map(number_bits, numbers)) / len(numbers)
