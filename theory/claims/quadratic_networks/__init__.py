"""A.1.2: two layers with a quadratic activation; (A.7), and the gradients of lines 701-714, which do not chain as printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction as F
from itertools import product
from typing import Any

import numpy as np

from theory.claims.lemma_a8 import instance as network_of
from theory.claims.record import Claim, Evidence, Showcase, Verdict
from theory.claims.support.product_lists import OneSample, check_list
from theory.polynomial_networks import Product, bracketed_shapes, differentiate, evaluate
from theory.polynomial_networks.letters import Word, sample, unit, weight

#: The terms of the two gradients by their lines, as printed, and with e_j, e_k and their transposes where they chain.
PRINTED = {
    703: "W2^T W2 ej^T W1 x ej^T W1 x ej x^T",
    704: "ej W2^T W2 W1 x ej^T x^T W1^T ej x^T",
    705: "ej x^T W1^T ej W2^T W2 W1 x ej^T x^T",
    711: "ek x^T W1^T ek W2^T W2 ej^T W1 x ej^T W1 x ej ek^T x^T",
    712: "ek W2^T W2 ej^T W1 x ej^T W1 x ej ek^T x^T W1^T ek x^T",
    713: "ej W2^T W2 ek^T W1 x ek^T W1 x ek ej^T x^T W1^T ej x^T",
    714: "ej x^T W1^T ej W2^T W2 ek^T W1 x ek^T W1 x ek ej^T x^T",
}
CORRECTED = {
    703: "W2^T W2 ej ej^T W1 x ej^T W1 x x^T",
    704: "ej ej^T W2^T W2 W1 x x^T W1^T ej x^T",
    705: "ej x^T W1^T ej ej^T W2^T W2 W1 x x^T",
    711: "ek x^T W1^T ek ek^T W2^T W2 ej ej^T W1 x ej^T W1 x x^T",
    712: "ek ek^T W2^T W2 ej ej^T W1 x ej^T W1 x x^T W1^T ek x^T",
    713: "ej ej^T W2^T W2 ek ek^T W1 x ek^T W1 x x^T W1^T ej x^T",
    714: "ej x^T W1^T ej ej^T W2^T W2 ek ek^T W1 x ek^T W1 x x^T",
}
#: The traces that are differentiated, line 702 and (A.8) in line 709, as products that chain.
TRACES = {
    702: "x^T W1^T W2^T W2 ej ej^T W1 x ej^T W1 x",
    709: "x^T W1^T ek x^T W1^T ek ek^T W2^T W2 ej ej^T W1 x ej^T W1 x",
}


@dataclass(frozen=True)
class Traces:
    """sigma_1, sigma_2, the weights and a sample."""

    name: str
    sigma: tuple[F, F]
    weights: tuple[Any, Any]
    x: tuple[F, ...]

    @property
    def sizes(self) -> tuple[int, int, int]:
        """(p, p_1, p_2)."""
        w1, w2 = (np.shape(w) for w in self.weights)
        return w1[1], w1[0], w2[0]


@dataclass(frozen=True)
class Patterns:
    """Sizes (p, p_1, p_2) on which the printed lines are to be read."""

    name: str
    sizes: tuple[tuple[int, int, int], ...]


def word(text: str, sizes: tuple[int, int, int], j: int, k: int) -> Word:
    """The letters of a line, for j and k in 1..p_1."""
    letters = {"W1": weight(1, sizes), "W2": weight(2, sizes), "x": sample(sizes[0]), "ej": unit(sizes[1], j), "ek": unit(sizes[1], k)}
    return tuple(letters[name.removesuffix("^T")].T if name.endswith("^T") else letters[name] for name in text.split())


def terms(trace: int, sizes: tuple[int, int, int], j: int, k: int) -> list[Word]:
    """The corrected terms of a trace's gradient. Raises ValueError unless they are what footnote 4 makes of it, letter for letter."""
    stated = [word(text, sizes, j, k) for line, text in CORRECTED.items() if (line > 709) == (trace == 709)]
    found = differentiate(Product(F(1), word(TRACES[trace], sizes, j, k)), weight(1, sizes))
    if sorted(map(str, stated)) != sorted(str(p.letters) for p in found):
        raise ValueError(f"the terms of line {trace} must be its derivatives, {', '.join(map(str, found))}")
    return stated


def check(instance: Traces | OneSample) -> Evidence:
    """The two gradients of lines 701-714 by the corrected terms; or a whole network."""
    return check_list(instance) if isinstance(instance, OneSample) else _check_traces(instance)


def _check_traces(instance: Traces) -> Evidence:
    sizes, (s1, s2) = instance.sizes, instance.sigma
    width = range(1, sizes[1] + 1)
    first = [Product(s1 * s2, letters) for j in width for letters in terms(702, sizes, j, 1)]
    second = [Product(s2**2, letters) for j, k in product(width, width) for letters in terms(709, sizes, j, k)]
    left = {
        name: evaluate(products, instance.weights, [], instance.x)
        for name, products in (("lines 701-705", first), ("lines 708-714", second))
    }
    right = dict(zip(left, _five_points(instance), strict=True))
    distance = max(abs(a - b) for name in left for a, b in zip(left[name].ravel(), right[name].ravel(), strict=True))
    return Evidence(
        statement=r"the two gradients in \(W_1\), by products of matrices that chain",
        instance=instance.name,
        left_route=f"{len(first)} products of at most 10 matrices, and {len(second)} of 15",
        left=left,
        right_route="the traces themselves at five points of every entry of \\(W_1\\): the five-point formula is exact up to degree 4",
        right=right,
        holds=distance == 0,
        difference=distance,
    )


def _five_points(instance: Traces) -> Iterator[np.ndarray]:
    """The gradients of s_1 s_2 h^T W_2^T W_2 (h o h) and of ||s_2 W_2 (h o h)||^2, h = W_1 x, in W_1."""
    (s1, s2), (w1, w2), x = instance.sigma, (np.array(w, dtype=object) for w in instance.weights), np.array(instance.x, dtype=object)

    def mixed(w: np.ndarray) -> F:
        return s1 * s2 * ((w2 @ (w @ x)) @ (w2 @ (w @ x) ** 2))

    def square(w: np.ndarray) -> F:
        return s2**2 * ((w2 @ (w @ x) ** 2) @ (w2 @ (w @ x) ** 2))

    for function in (mixed, square):
        gradient = np.empty(w1.shape, dtype=object)
        for place in np.ndindex(*w1.shape):
            at = {by: function(_moved(w1, place, by)) for by in (-2, -1, 1, 2)}
            gradient[place] = F(8 * (at[1] - at[-1]) - (at[2] - at[-2])) / 12
        yield gradient


def _moved(w: np.ndarray, place: tuple[int, ...], by: int) -> np.ndarray:
    moved = w.copy()
    moved[place] += by
    return moved


def check_printed(instance: Patterns) -> Evidence:
    """Whether each printed term has, under some bracketing, the shape of W_1; a 1 x 1 product may multiply anything, as a number."""
    printed, corrected = (_readable(lines, instance) for lines in (PRINTED, CORRECTED))
    sound = all(n == len(instance.sizes) for n in corrected.values())
    return Evidence(
        statement=r"every term of the two gradients is a \(p_1 \times p\) matrix (as printed)",
        instance=instance.name,
        left_route=f"the printed term: how many of the {len(instance.sizes)} sizes give it that shape in some bracketing, a 1 x 1 product "
        "being a number (types alone, one computation)",
        left=printed,
        right_route="the corrected term, by the same count",
        right=corrected,
        holds=printed == corrected if sound else None,
        difference=F(sum(corrected[line] - n for line, n in printed.items())),
        reason="" if sound else "a corrected term has not that shape either",
    )


def _readable(lines: dict[int, str], instance: Patterns) -> dict[str, int]:
    """By line, for how many of the sizes some bracketing has the shape of W_1."""
    return {
        f"line {line}": sum((sizes[1], sizes[0]) in bracketed_shapes(word(text, sizes, 1, min(2, sizes[1]))) for sizes in instance.sizes)
        for line, text in lines.items()
    }


def two_hidden_units() -> Traces:
    """Small enough for a reader."""
    return Traces(
        r"\(W_1 = [1, 2; -1, 1]\), \(W_2 = [1, 3]\), \(x = (1, 1/2)\), \(\sigma_1 = 1\), \(\sigma_2 = 2\)",
        (F(1), F(2)),
        ([[1, 2], [-1, 1]], [[1, 3]]),
        (F(1), F(1, 2)),
    )


def all_sizes_differ() -> Traces:
    """p = 2, p_1 = 3, p_2 = 4: nothing chains by accident."""
    w1, w2 = [[1, -2], [F(1, 2), 1], [0, 3]], [[1, 0, 2], [-1, 1, F(1, 3)], [2, 1, 0], [0, -1, 1]]
    return Traces("sizes 2-3-4", (F(1, 2), F(-3)), (w1, w2), (F(2), F(-1, 3)))


def smallest() -> Patterns:
    """Two hidden units."""
    return Patterns(r"\(p = 1\), \(p_1 = 2\), \(p_2 = 1\)", ((1, 2, 1),))


def every_pattern() -> Patterns:
    """Which of p, p_1 > 1 and p_2 are 1 and which are equal is all that shapes depend on: every case occurs with p_1 = 2."""
    return Patterns(r"\(p_1 = 2\), \(p \in \{1, 2, 3\}\), \(p_2 \in \{1, 2, 3, 4\}\)", tuple(product((1, 2, 3), (2,), (1, 2, 3, 4))))


_MAKE: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("two hidden units", two_hidden_units),
    ("sizes that all differ", all_sizes_differ),
    ("a whole network", lambda: network_of(2, 2)),
)

CLAIM = Claim(
    id="A.1.2",
    module=__name__,
    verdict=Verdict.MISPRINTED,
    figure="letters that chain",
    check=check,
    check_printed=check_printed,
    showcases=(
        *(Showcase(name, make) for name, make in _MAKE),
        Showcase("the smallest sizes", smallest, printed=True),
        Showcase("all sizes", every_pattern, printed=True),
    ),
)
