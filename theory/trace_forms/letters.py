"""Letters: the symbols that words are made of.

W_{s,k} and g_{s,k} (s a step, k a layer), the teacher's W*_k and named constants, each possibly transposed. Letters are
symbols, never values: deg(A; M) counts the appearances of a letter or its transpose, once each, and two constants of
different names are different letters even when their matrices agree. (The paper's formula, I{A = M_i} + I{A^T = M_i},
lines 233-236, counts a symmetric matrix twice when it is read by value: deg(I; {I}) = 2.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cache, cached_property, lru_cache
from itertools import pairwise

import numpy as np

from theory.budget import Cost, as_count, refuse_large, saturated
from theory.exact import MatrixLike, as_index, as_matrix, shown, spelled
from theory.problem import TeacherStudent

WEIGHT, GRADIENT, TEACHER, CONSTANT = "W", "g", "teacher", "constant"


@dataclass(frozen=True, eq=False)
class Letter:
    """One symbol.

    Attributes:
        kind: WEIGHT (W_{step,layer}), GRADIENT (g_{step,layer}, or one sample's gradient when `sample` is given),
            TEACHER (W*_layer) or CONSTANT.
        transposed: whether it is the symbol's transpose.
        entries: a constant's matrix, rows of Fractions.
    """

    kind: str
    step: int | None = None
    layer: int | None = None
    sample: int | None = None
    name: str = ""
    entries: tuple[tuple[Fraction, ...], ...] = field(default=(), repr=False)
    transposed: bool = False

    @cached_property
    def _key(self) -> tuple[object, ...]:
        numbers = tuple(-1 if n is None else n for n in (self.step, self.layer, self.sample))
        return (self.kind, *numbers, self.name, self.transposed, self.entries)

    @cached_property
    def _hash(self) -> int:
        return hash(self._key)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Letter) and self._hash == other._hash and self._key == other._key)

    def __getstate__(self) -> dict[str, object]:
        """What a letter is; what was made of it, the hash of its strings above all, is of use to this process alone."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __lt__(self, other: Letter) -> bool:
        return self._key < other._key

    @cached_property
    def T(self) -> Letter:
        """The transpose."""
        return replace(self, transposed=not self.transposed)

    @property
    def symbol(self) -> Letter:
        """The same symbol, not transposed."""
        return self.T if self.transposed else self

    @property
    def last_batch(self) -> int:
        """The last batch that it depends on: s for g_s, s - 1 for W_s, and -1 for the others and W_0, which no batch moves."""
        if self.step is None:
            return -1
        return self.step if self.kind == GRADIENT else self.step - 1

    @cached_property
    def matrix(self) -> np.ndarray:
        """A constant's matrix, transposed if the letter is: a read-only object array of Fractions."""
        if self.kind != CONSTANT:
            raise ValueError(f"only constants carry a matrix; {self} is looked up in a problem")
        matrix = np.array(self.entries, dtype=object).reshape(len(self.entries), len(self.entries[0]))
        matrix = matrix.T if self.transposed else matrix
        matrix.setflags(write=False)
        return matrix

    def shape(self, problem: TeacherStudent) -> tuple[int, int]:
        """(rows, columns) in this problem; a ValueError when it has no such layer, or too few learning rates."""
        if self.kind == CONSTANT:
            rows, columns = len(self.entries), len(self.entries[0])
        else:
            k = problem.check_layer(self.layer)
            if self.step is not None:
                problem.check_step(self.step)
            rows, columns = problem.sizes[k], problem.sizes[k - 1]
        return (columns, rows) if self.transposed else (rows, columns)

    def __str__(self) -> str:
        if self.kind == CONSTANT:
            text = self.name
        elif self.kind == TEACHER:
            text = f"teacher({self.layer})"
        else:
            text = f"{self.kind}({self.step}, {self.layer}{'' if self.sample is None else f', sample={self.sample}'})"
        return text + (".T" if self.transposed else "")

    def latex(self) -> str:
        """W_{1,1}, W_{1,1}^{T}, g_{0,2}, W^{*}_{1}, or the constant's name."""
        if self.kind == CONSTANT:
            return rf"\mathrm{{{self.name}}}" + ("^{T}" if self.transposed else "")
        index = ",".join(str(n) for n in (self.step, self.layer, self.sample) if n is not None)
        if self.kind == TEACHER:
            return f"W_{{{index}}}^{{*{'T' if self.transposed else ''}}}"
        return f"{self.kind}_{{{index}}}" + ("^{T}" if self.transposed else "")


Word = tuple[Letter, ...]


@cache
def _indexed(kind: str, step: int | None, layer: int, sample: int | None) -> Letter:
    """One object for one letter; of checked indices."""
    return Letter(kind, step, layer, sample)


def weight_letter(step: int, layer: int) -> Letter:
    """W_{step,layer}."""
    return _indexed(WEIGHT, as_index(step, "step"), as_index(layer, "layer", minimum=1), None)


def gradient_letter(step: int, layer: int, sample: int | None = None) -> Letter:
    """g_{step,layer}, or with `sample` = s >= 1 the gradient with respect to the s-th sample alone."""
    s = None if sample is None else as_index(sample, "sample", minimum=1)
    return _indexed(GRADIENT, as_index(step, "step"), as_index(layer, "layer", minimum=1), s)


def teacher_letter(layer: int) -> Letter:
    """W*_layer."""
    return _indexed(TEACHER, None, as_index(layer, "layer", minimum=1), None)


def constant_letter(name: str, matrix: MatrixLike) -> Letter:
    """A named constant with its exact matrix; floats are the binary rationals that they are."""
    if not isinstance(name, str) or not name.strip():
        raise TypeError(f"name must be a non-empty string, but was {shown(name)}")
    rows = as_matrix(matrix, name).tolist()
    return Letter(CONSTANT, name=name, entries=tuple(tuple(Fraction(x) for x in row) for row in rows))


def identity_letter(size: int) -> Letter:
    """I_size, an element of the paper's set of identities (line 542)."""
    return _identity(as_index(size, "size", minimum=1))


@cache
def _identity(n: int) -> Letter:
    return Letter(CONSTANT, name=f"I{spelled(n)}", entries=_unit_rows(n, n, {(i, i) for i in range(_listed(n, n))}))


@lru_cache(maxsize=None, typed=True)
def unit_letter(size: int, row: int, column: int, columns: int | None = None) -> Letter:
    """e_row e_column^T, counted from 0: an element of the paper's set of unit matrices (line 550) when it is square."""
    width = size if columns is None else columns
    shape = f"{size}" if width == size else f"{size}x{width}"
    _listed(size, width)
    return Letter(CONSTANT, name=f"E{shape}[{row},{column}]", entries=_unit_rows(size, width, {(row, column)}))


def _listed(rows: int, columns: int) -> int:
    """The number of rows, or the refusal of a matrix whose entries are too many to list."""
    count = saturated(rows, columns)
    cost = Cost(1e-6 * count, 100 * count, f"a dense matrix of {as_count(count)} entries")
    refuse_large("size", "the constant", cost, "a smaller size")
    return rows


def _unit_rows(rows: int, columns: int, ones: set[tuple[int, int]]) -> tuple[tuple[Fraction, ...], ...]:
    zero, one = Fraction(0), Fraction(1)
    return tuple(tuple(one if (i, j) in ones else zero for j in range(columns)) for i in range(rows))


def weights(step: int, *, depth: int = 2) -> frozenset[Letter]:
    """W_t = {W_{t,1}, ..., W_{t,H}}."""
    return frozenset(weight_letter(step, k) for k in range(1, depth + 1))


def gradients(step: int, *, depth: int = 2) -> frozenset[Letter]:
    """G_t = {g_{t,1}, ..., g_{t,H}}."""
    return frozenset(gradient_letter(step, k) for k in range(1, depth + 1))


def teachers(depth: int = 2) -> frozenset[Letter]:
    """W* = {W*_1, ..., W*_H}."""
    return frozenset(teacher_letter(k) for k in range(1, depth + 1))


def degree_in(word: Iterable[Letter], letters: Iterable[Letter]) -> int:
    """deg(letters; word): how many letters of the word are, or are the transpose of, one of `letters`."""
    symbols = {letter.symbol for letter in letters}
    return sum(letter.symbol in symbols for letter in word)


def transpose(word: Sequence[Letter]) -> Word:
    """(M_1 ... M_n)^T = M_n^T ... M_1^T."""
    return tuple(letter.T for letter in reversed(word))


def word_shape(word: Word, problem: TeacherStudent, name: str) -> tuple[int, int]:
    """(rows, columns) of a product; a ValueError, naming `name`, where two neighbours do not chain."""
    return chained_shape(word, [letter.shape(problem) for letter in word], name)


def chained_shape(word: Sequence[object], shapes: Sequence[tuple[int, int]], name: str) -> tuple[int, int]:
    """`word_shape` for factors of any kind, whose shapes are known."""
    for left, right, (a, b) in zip(word, word[1:], pairwise(shapes), strict=False):
        if a[1] != b[0]:
            raise ValueError(f"{name} must chain, but {left} has shape {a} and is followed by {right} of shape {b}")
    return shapes[0][0], shapes[-1][1]
