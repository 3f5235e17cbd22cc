r"""What is asked for as sums of words in D: the squared norm of the mean gradient at w', that of single samples in layer 1, and the loss.

With M = mean_n r_n' x_n^T = P' S + Y, S = mean x x^T, Y = -mean y x^T, P' = W_2' W_1',

    || mean g_1 ||^2  =  tr( W_2' W_2'^T M M^T ),            || mean g_2 ||^2  =  tr( W_1'^T W_1' M^T M ),
    mean_n || g_{n,1} ||^2  =  mean_n |x_n|^2 |W_2'^T r_n'|^2  =  tr( W_2' W_2'^T mean_n |x_n|^2 r_n' r_n'^T ),
    loss  =  1/2 mean_n |r_n'|^2,

the first, third and last of which are tr( K ( P' A P'^T + P' B + B^T P'^T + C ) ) with A, B, C means over the data set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from typing import Any

from theory.engines.data.batch_sums import BatchSums
from theory.engines.data.first_step import Data, Step, turned, with_transposes
from theory.engines.data.words import LETTER, TRANSPOSED, word_sums

Word = tuple[str, ...]
#: W_2' W_1', W_2' W_2'^T and W_1'^T W_1' as sums of words.
PRODUCT: tuple[Word, ...] = (("P",), (LETTER, "L"), ("G", LETTER), (LETTER, "J", LETTER))
SECOND_GRAM: tuple[Word, ...] = (("M2",), (LETTER, "Q'"), ("Q", TRANSPOSED), (LETTER, "K1", TRANSPOSED))
FIRST_GRAM: tuple[Word, ...] = (("M1",), (TRANSPOSED, "V"), ("V'", LETTER), (TRANSPOSED, "K2", LETTER))
#: Whose transposes are themselves.
SYMMETRIC = frozenset({"A", "C", "S", "M1", "M2", "K1", "K2"})


def mean_gradient_square(data: Data, step: Step, layer: int) -> BatchSums:
    """|| mean_n g_{n,k} ||^2 at w'."""
    second, cross = _second_moments(data)
    if layer == 1:
        own = {"A": second @ second, "B": second @ turned(cross), "C": cross @ turned(cross)}
        return _sums(data, step, own, _quadratic(SECOND_GRAM))
    own = {"S": second, "Y": cross, "C": turned(cross) @ cross}
    squares = [(*gram, "S", *_reversed(left), *right, "S") for gram, left, right in product(FIRST_GRAM, PRODUCT, PRODUCT)]
    mixed = [(*gram, "S", *_reversed(left), "Y") for gram, left in product(FIRST_GRAM, PRODUCT)] * 2
    return _sums(data, step, own, [*squares, *mixed, *((*gram, "C") for gram in FIRST_GRAM)])


def first_layer_squares(data: Data, step: Step) -> BatchSums:
    """mean_n || g_{n,1} ||^2 at w'."""
    x, y = data.points, data.minus_targets
    norms = _squared_norms(x)
    a, b, c = (data.mean(turned(u * norms) @ v) for u, v in ((x, x), (x, y), (y, y)))
    return _sums(data, step, {"A": a, "B": b, "C": c}, _quadratic(SECOND_GRAM))


def loss(data: Data, step: Step) -> BatchSums:
    """1/2 mean_n |r_n'|^2 at w'."""
    second, cross = _second_moments(data)
    y = data.minus_targets
    own = {"A": second, "B": turned(cross), "C": data.mean(turned(y) @ y)}
    return _sums(data, step, own, _quadratic(((),)), Fraction(1, 2))


def _second_moments(data: Data) -> tuple[Any, Any]:
    return data.mean(turned(data.points) @ data.points), data.mean(turned(data.minus_targets) @ data.points)


def _quadratic(gram: Iterable[Word]) -> list[Word]:
    """tr( K ( P' A P'^T + 2 P' B + C ) ), the two mixed terms being transposes of each other."""
    words = []
    for k in gram:
        words += [(*k, *left, "A", *_reversed(right)) for left, right in product(PRODUCT, PRODUCT)]
        words += [(*k, *left, "B") for left in PRODUCT] * 2 + [(*k, "C")]
    return words


def _sums(data: Data, step: Step, own: dict[str, Any], words: Iterable[Word], factor: Fraction = Fraction(1)) -> BatchSums:
    counted = Counter(map(_canonical, words))
    if not step.moves:
        counted = Counter({word: count for word, count in counted.items() if LETTER not in word and TRANSPOSED not in word})
    form = {word: count * factor for word, count in counted.items()}
    return word_sums(form, step.rho, data.points, step.matrices() | with_transposes(own))


def _reversed(word: Word) -> Word:
    """The transpose of a product."""
    return tuple(token if token in SYMMETRIC else _turned(token) for token in reversed(word))


def _turned(name: str) -> str:
    """The name of the transpose of a matrix, or of a letter."""
    return name.removesuffix("'") if name.endswith("'") else name + "'"


def _canonical(word: Word) -> Word:
    """One for all words with the same trace: a trace may be turned, and transposed."""
    turns = (either[i:] + either[:i] for either in (word, _reversed(word)) for i in range(len(word)))
    return min(turns)


def _squared_norms(x: Any) -> Any:
    """|x_n|^2 as a column."""
    return (x.map(lambda v: v[:, None, :]) @ x.map(lambda v: v[:, :, None])).map(lambda v: v[:, :, 0])
