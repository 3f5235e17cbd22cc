"""How many products of how many matrices: of the list of this package, and of the formulas as printed.

With T_k the words of y_k = W_k sigma(y_{k-1}), y_1 = W_1 x, and O_k the places of W_s in them, one for each set of equal words,

    T_1 = 1,   T_{k+1} = [sigma_0] + [sigma_1] T_k + sum_{d >= 2} [sigma_d] p_k binom(T_k + d - 1, d)                       J = 2 T_H O_H
    O_s = T_s, O_{k+1} = [sigma_1] O_k + sum_{d >= 2} [sigma_d] p_k O_k binom(T_k + d - 2, d - 1)

where [c] is 1 for c != 0. The longest word of y_k has U_1 = 2, U_{k+1} = D (U_k + 1) + 2 letters (U_k + 1 for D = 1); where e_j e_j^T is
one constant, 1 less at every layer: 3 D^{H-1} + 2 D^{H-2} + ... + 2 D + 1 for D >= 2. A product has 2 U_H - 1 letters.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory.budget import refuse_long
from theory.exact import NumberLike, as_flag, as_index, as_number, as_sequence, shown


@dataclass(frozen=True)
class Counts:
    """J products of at most K letters each."""

    products: int
    letters: int


def count_products(sizes: Iterable[int], activation: Iterable[NumberLike], layer: int, *, fused: bool = True) -> Counts:
    """J and K of `gradient_products`, without listing them.

    Arguments and errors as there. UnaffordableError for counts of more than a million bits.

    Examples:
        >>> count_products((3, 2, 2), (1, 1, 1), 1), count_products((3, 2, 2), (1, 1, 1), 1, fused=False)
        (Counts(products=24, letters=13), Counts(products=24, letters=15))
    """
    p, sigma, s = checked_arguments(sizes, activation, layer)
    terms, places = word_counts(p, sigma, s)
    return Counts(2 * terms * places, 2 * longest_word(len(p) - 1, len(sigma) - 1, as_flag(fused, "fused")) - 1)


def word_counts(sizes: Sequence[int], activation: Sequence[Fraction], layer: int) -> tuple[int, int]:
    """T_H and O_H."""
    powers = [d for d, c in enumerate(activation) if c and d >= 2]
    terms, places = 1, 1
    for k in range(1, len(sizes) - 1):
        refuse_long_counts("sizes and activation", len(activation) * (terms + len(activation)).bit_length())
        width = sizes[k]
        if k >= layer:
            places = bool(activation[1]) * places + width * places * sum(math.comb(terms + d - 2, d - 1) for d in powers)
        terms = bool(activation[0]) + bool(activation[1]) * terms + width * sum(math.comb(terms + d - 1, d) for d in powers)
        if k + 1 == layer:
            places = terms
    return terms, places


def longest_word(depth: int, degree: int, fused: bool) -> int:
    """U_H: the letters of the longest word of the network's output."""
    length = 2
    for _ in range(depth - 1):
        refuse_long_counts("sizes and activation", length.bit_length() + degree.bit_length())
        length = length + 1 if degree == 1 else degree * (length + 1) + 2 - fused
    return length


def printed_counts(sizes: Iterable[int], *, degree: int) -> Counts:
    """J and K as printed for depth H >= 2 (lines 753 and 761), which depend on D and the widths, not on the layer.

        J = [2 (D^{H-1} + ... + D + 1) p_1^{H-1} p_2^{H-2} ... p_{H-1} D^{H-1}]^2      K = 6 D^{H-1} + 4 D^{H-2} + ... + 4 D + 3

    Examples:
        >>> printed_counts((3, 2, 2), degree=2)
        Counts(products=576, letters=15)
    """
    p = _sizes(sizes)
    h, d = len(p) - 1, as_index(degree, "degree", minimum=1)
    if h < 2:
        raise ValueError(f"sizes must have at least two layers, for which the counts are printed, but were {shown(sizes)}")
    refuse_long_counts("sizes and degree", 2 * h * (d.bit_length() + sum(w.bit_length() for w in p[1:-1])))
    geometric = [d**i for i in range(h)]
    widths = math.prod(w ** (h - k) for k, w in enumerate(p[1:-1], start=1))
    return Counts((2 * sum(geometric) * widths * d ** (h - 1)) ** 2, 6 * geometric[-1] + 4 * sum(geometric[1:-1]) + 3)


def checked_arguments(
    sizes: Iterable[int], activation: Iterable[NumberLike], layer: int
) -> tuple[tuple[int, ...], tuple[Fraction, ...], int]:
    """(p_0, ..., p_H), (sigma_0, ..., sigma_D) with sigma_D != 0, D >= 1, and the layer; TypeError or ValueError otherwise."""
    p = _sizes(sizes)
    sigma = [Fraction(as_number(c, f"activation[{i}]", text=True)) for i, c in enumerate(as_sequence(activation, "activation"))]
    while sigma and not sigma[-1]:
        sigma.pop()
    if len(sigma) < 2:
        raise ValueError(f"activation must be a polynomial of degree at least 1, but was {shown(activation)}")
    return p, tuple(sigma), as_layer(layer, len(p) - 1)


def _sizes(sizes: Iterable[int]) -> tuple[int, ...]:
    p = tuple(as_index(n, f"sizes[{k}]", minimum=1) for k, n in enumerate(as_sequence(sizes, "sizes")))
    if len(p) < 2:
        raise ValueError(f"sizes must be (p_0, ..., p_H) with at least one layer, but were {shown(sizes)}")
    return p


def as_layer(layer: int, depth: int) -> int:
    """The layer as an int in 1..H."""
    s = as_index(layer, "layer", minimum=1)
    if s > depth:
        raise ValueError(f"layer must be in 1..{depth}, but was {shown(s)}")
    return s


def refuse_long_counts(arguments: str, bits: float) -> None:
    """UnaffordableError for counts of too many bits."""
    refuse_long(arguments, "the counts", bits, "fewer or smaller layers")
