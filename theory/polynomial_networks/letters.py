"""Letters of the products: weights, teacher's weights, the sample and constant vectors, each with its shape; what chains, and what cannot.

A product of matrices is well-typed when each letter has as many columns as the next one has rows. On paper a 1 x 1 product also
multiplies as a number, wherever it stands in brackets; `bracketed_shapes` allows that, and finds what still has no reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from flint import fmpq_mat

from theory.exact import as_index
from theory.trace_forms.letters import chained_shape

Shape = tuple[int, int]

WEIGHT, TEACHER, SAMPLE, UNIT, UNIT_SQUARE, ONES = "W", "W*", "x", "e", "E", "1"
_LATEX = {TEACHER: "W^{*}", ONES: r"\mathbf{1}"}


@dataclass(frozen=True)
class Letter:
    """One matrix of a product, possibly transposed.

    Attributes:
        kind: WEIGHT (W_k), TEACHER (W*_k), SAMPLE (x), UNIT (e_j), UNIT_SQUARE (e_j e_j^T as one constant) or ONES (all entries 1).
        index: the layer k, or j, both counted from 1; 0 where there is none.
        rows, columns: of the letter as it stands, transposed if it is.
    """

    kind: str
    index: int
    rows: int
    columns: int
    transposed: bool = False

    @property
    def shape(self) -> Shape:
        """(rows, columns)."""
        return self.rows, self.columns

    @cached_property
    def T(self) -> Letter:
        """The transpose."""
        return replace(self, rows=self.columns, columns=self.rows, transposed=not self.transposed)

    @property
    def constant(self) -> fmpq_mat | None:
        """The matrix of a constant, None for W_k, W*_k and x."""
        rows, columns = self.shape
        if self.kind == ONES:
            return fmpq_mat(rows, columns, [1] * (rows * columns))
        if self.kind not in (UNIT, UNIT_SQUARE):
            return None
        matrix, j = fmpq_mat(rows, columns), self.index - 1
        matrix[j if rows > 1 else 0, j if columns > 1 else 0] = 1
        return matrix

    def __str__(self) -> str:
        return f"{self.kind}{self.index or ''}{'^T' if self.transposed else ''}"

    def latex(self) -> str:
        """W_{2}, W_{2}^{T}, W^{*}_{1}, x, e_{1}, e_{1} e_{1}^{T}, or a bold 1."""
        if self.kind == UNIT_SQUARE:
            return rf"e_{{{self.index}}} e_{{{self.index}}}^{{T}}"
        name = _LATEX.get(self.kind, self.kind)
        index = f"_{{{self.index}}}" if self.index else ""
        if not self.transposed:
            return name + index
        return f"W_{{{self.index}}}^{{*T}}" if self.kind == TEACHER else f"{name}{index}^{{T}}"


Word = tuple[Letter, ...]


def weight(layer: int, sizes: Sequence[int]) -> Letter:
    """W_k, of shape (p_k, p_{k-1})."""
    return Letter(WEIGHT, layer, sizes[layer], sizes[layer - 1])


def teacher_weight(layer: int, sizes: Sequence[int]) -> Letter:
    """W*_k, of the same shape."""
    return Letter(TEACHER, layer, sizes[layer], sizes[layer - 1])


def sample(size: int) -> Letter:
    """x, a column of `size` entries."""
    return Letter(SAMPLE, 0, as_index(size, "size", minimum=1), 1)


def unit(size: int, row: int) -> Letter:
    """e_row, a unit vector of `size` entries; rows are counted from 1."""
    j = as_index(row, "row", minimum=1)
    return _constant(UNIT, j, as_index(size, "size", minimum=j), 1)


def unit_square(size: int, row: int) -> Letter:
    """e_row e_row^T as one constant matrix."""
    j = as_index(row, "row", minimum=1)
    n = as_index(size, "size", minimum=j)
    return _constant(UNIT_SQUARE, j, n, n)


def ones(size: int) -> Letter:
    """The column of `size` ones."""
    return _constant(ONES, 0, as_index(size, "size", minimum=1), 1)


@cache
def _constant(kind: str, index: int, rows: int, columns: int) -> Letter:
    """One object for one constant, which keeps its transpose."""
    return Letter(kind, index, rows, columns)


def transpose(word: Sequence[Letter]) -> Word:
    """(M_1 ... M_n)^T = M_n^T ... M_1^T."""
    return tuple(letter.T for letter in reversed(word))


def word_shape(word: Sequence[Letter], name: str = "the product") -> Shape:
    """(rows, columns) of a product; a ValueError where two neighbours do not chain."""
    return chained_shape(word, [letter.shape for letter in word], name)


def bracketed_shapes(word: Sequence[Letter]) -> frozenset[Shape]:
    """Every shape that the word can have under some bracketing, where a 1 x 1 product may multiply anything, as a number.

    Empty when no bracketing makes sense of the word. What comes out depends only on which of the sizes are 1 and which are equal.

    Cost: n^3 for a word of n letters.

    Examples:
        >>> e, x, W = unit(2, 1), sample(3), weight(1, (3, 2))
        >>> sorted(bracketed_shapes((e, e.T, W, x))), sorted(bracketed_shapes((e.T, W, x, e))), sorted(bracketed_shapes((e, x)))
        ([(2, 1)], [(2, 1)], [])
    """
    n = len(word)
    found: dict[tuple[int, int], frozenset[Shape]] = {(i, i + 1): frozenset({letter.shape}) for i, letter in enumerate(word)}
    for length in range(2, n + 1):
        for start in range(n - length + 1):
            end = start + length
            found[start, end] = frozenset(
                shape
                for middle in range(start + 1, end)
                for left in found[start, middle]
                for right in found[middle, end]
                for shape in _products(left, right)
            )
    return found[0, n] if n else frozenset()


def _products(left: Shape, right: Shape) -> list[Shape]:
    shapes = [(left[0], right[1])] if left[1] == right[0] else []
    return shapes + [right] * (left == (1, 1)) + [left] * (right == (1, 1))
