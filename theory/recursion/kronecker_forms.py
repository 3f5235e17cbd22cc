"""The literal form of Lemma A.3 and Theorems A.4-A.6: sums of c * tr( C (x)_{i in [m]} prod_j M_ij ) prod_j M_0j, with any constant C.

A row is a word; the Kronecker product of no rows is [1] and a missing row 0 is the scalar 1. C may be any constant matrix:
the paper's set C (line 544) cannot even hold the identity when x = e_1 almost surely. With rows R_h of shapes (r_h, c_h), C has
shape (prod c_h, prod r_h) and, split by rows, tr( C (x)_h R_h ) = sum C[(b_1..b_m), (a_1..a_m)] prod_h R_h[a_h, b_h].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq

from theory.exact import MatrixLike, NumberLike, as_matrix, as_number, as_sequence, shown, to_fmpq, to_fmpq_array, to_fraction
from theory.problem import TeacherStudent, as_problem
from theory.trace_forms import Term, TraceForm
from theory.trace_forms.letters import CONSTANT, Letter, Word, degree_in, unit_letter, word_shape

Lookup = Callable[[Letter], np.ndarray]


@dataclass(frozen=True, eq=False)
class KroneckerTerm:
    """coefficient * tr( C (x)_i rows[i] ) * open.

    Attributes:
        constant: C as an object array of fmpq, or None for the identity; for the identity (x)_i rows[i] must be square.
        rows: the words R_1, ..., R_m.
        open: the word R_0, or None when the term is a scalar.
    """

    coefficient: Fraction
    constant: np.ndarray | None
    rows: tuple[Word, ...]
    open: Word | None

    @property
    def letters(self) -> Word:
        """The multi-set M of the theorems."""
        return tuple(letter for word in (*self.rows, self.open or ()) for letter in word)

    def degree(self, letters: Iterable[Letter]) -> int:
        """deg(letters; M)."""
        return degree_in(self.letters, letters)

    @property
    def row_length(self) -> int:
        """n, the length of the longest row, row 0 included."""
        return max((len(word) for word in (*self.rows, self.open or ())), default=0)

    def shapes(self, problem: TeacherStudent, known: dict[Word, tuple[int, int]] | None = None) -> list[tuple[int, int]]:
        """(r_h, c_h) of every row; a ValueError where a row does not chain or C does not fit. `known` remembers the words' shapes."""
        table = {} if known is None else known

        def shape(word: Word, name: str) -> tuple[int, int]:
            if word not in table:
                table[word] = word_shape(word, problem, name)
            return table[word]

        shapes = [shape(row, f"row {h}") for h, row in enumerate(self.rows, start=1)]
        rows, columns = math.prod(r for r, _ in shapes), math.prod(c for _, c in shapes)
        if self.constant is None:
            if rows != columns:
                raise ValueError(f"the rows must have a square Kronecker product to go without C, but it is {rows} by {columns}")
        elif self.constant.shape != (columns, rows):
            raise ValueError(f"C must have shape {(columns, rows)}, but had {self.constant.shape}")
        if self.open is not None:
            shape(self.open, "row 0")
        return shapes

    def tensor(self, shapes: list[tuple[int, int]]) -> np.ndarray:
        """C split by rows: axes (b_1, ..., b_m, a_1, ..., a_m), b_h a column and a_h a row of R_h."""
        sizes = [c for _, c in shapes] + [r for r, _ in shapes]
        if self.constant is not None:
            return self.constant.reshape(sizes)
        n = math.prod(r for r, _ in shapes)
        identity = np.full((n, n), fmpq(0), dtype=object)
        np.fill_diagonal(identity, fmpq(1))
        return identity.reshape(sizes)


class KroneckerForm:
    """A sum of Kronecker terms, all scalar or all matrix-valued; at least one.

    Examples:
        >>> from theory.trace_forms import W, g
        >>> form = KroneckerForm.from_rows([W(0, 1) @ g(0, 1).T], constant=[[1, 2], [3, 4]])
        >>> len(form.terms), form.degree([next(iter(g(0, 1).letters))])
        (1, 1)
    """

    def __init__(self, terms: Iterable[KroneckerTerm]) -> None:
        self.terms: tuple[KroneckerTerm, ...] = tuple(as_sequence(terms, "terms"))
        for i, term in enumerate(self.terms):
            if not isinstance(term, KroneckerTerm):
                raise TypeError(f"terms[{i}] must be a KroneckerTerm (from_rows makes them), but was {shown(term)}")
        if not self.terms:
            raise ValueError("a Kronecker form must have at least one term")
        if len({term.open is None for term in self.terms}) > 1:
            raise ValueError("the terms of a Kronecker form must be all scalar or all matrix-valued")

    @classmethod
    def from_rows(
        cls, rows: Iterable[TraceForm], constant: MatrixLike | None = None, open_row: TraceForm | None = None, coefficient: NumberLike = 1
    ) -> KroneckerForm:
        """One term, its rows written as words: tr( constant (x)_i rows[i] ) open_row. Without a constant, C is the identity."""
        c = None if constant is None else to_fmpq_array(as_matrix(constant, "constant"))
        words = tuple(_one_word(row, f"rows[{i}]") for i, row in enumerate(rows))
        last = None if open_row is None else _one_word(open_row, "open_row")
        return cls([KroneckerTerm(Fraction(as_number(coefficient, "coefficient")), c, words, last)])

    @classmethod
    def from_trace_form(cls, form: TraceForm) -> KroneckerForm:
        """tr(R_1) ... tr(R_m) = tr( (x)_i R_i ): every term with C the identity."""
        if not isinstance(form, TraceForm):
            raise TypeError(f"form must be a trace form such as tr(g(0, 1).T @ g(0, 1)), but was {shown(form)}")
        return cls(KroneckerTerm(c, None, traces, word) for c, traces, word in form.terms)

    def to_trace_form(self, problem: TeacherStudent) -> TraceForm:
        """Products of traces: tr( C (x)_h R_h ) = sum over the non-zero entries of C of C[b, a] prod_h tr( e_{b_h} e_{a_h}^T R_h ).

        With C the identity and square rows, one product of traces. Otherwise as many as C has non-zero entries.
        """
        as_problem(problem)
        return TraceForm(t for term in self.terms for t in _as_traces(term, term.shapes(problem)))

    @property
    def is_scalar(self) -> bool:
        """Whether no term has a row 0."""
        return self.terms[0].open is None

    @property
    def letters(self) -> frozenset[Letter]:
        """The symbols that appear, none transposed."""
        return frozenset(letter.symbol for term in self.terms for letter in term.letters)

    @property
    def step(self) -> int:
        """The largest step of a letter."""
        return max((letter.step for letter in self.letters if letter.step is not None), default=0)

    def degree(self, letters: Iterable[Letter]) -> int:
        """deg(letters; M), the largest over the terms."""
        symbols = frozenset(letters)
        return max(term.degree(symbols) for term in self.terms)

    def evaluate(self, lookup: Lookup, problem: TeacherStudent) -> Any:
        """The value in rationals: an fmpq, or for a matrix-valued form an object array of fmpq.

        `lookup` gives the object array of fmpq of a letter that is not transposed; constants carry their own. The Kronecker product
        is never formed: C is contracted with one row after another, at most twice its number of entries in multiplications.
        """
        products: dict[Word, np.ndarray] = {}
        shapes: dict[Word, tuple[int, int]] = {}
        total: Any = None
        for term in self.terms:
            value = _contract(term.tensor(term.shapes(problem, shapes)), [_product(row, lookup, products) for row in term.rows])
            value = value * to_fmpq(term.coefficient)
            if term.open is not None:
                value = _product(term.open, lookup, products) * value
            total = value if total is None else total + value
        return total


def _product(word: Word, lookup: Lookup, known: dict[Word, np.ndarray]) -> np.ndarray:
    start = next((n for n in range(len(word), 1, -1) if word[:n] in known), 0)  # the longest beginning that is known
    product = known.get(word[:start])
    for n in range(start, len(word)):
        letter = word[n : n + 1]
        if letter not in known:
            known[letter] = _letter(letter[0], lookup)
        product = known[word[: n + 1]] = known[letter] if product is None else product @ known[letter]
    assert product is not None
    return product


def _letter(letter: Letter, lookup: Lookup) -> np.ndarray:
    if letter.kind == CONSTANT:
        return to_fmpq_array(letter.matrix)
    return lookup(letter.symbol).T if letter.transposed else lookup(letter)


def _contract(tensor: np.ndarray, matrices: list[np.ndarray]) -> fmpq:
    """sum tensor[b_1..b_m, a_1..a_m] prod_h R_h[a_h, b_h], one row at a time."""
    factor, larger = fmpq(1), []
    for matrix in matrices:
        if matrix.size == 1:  # no axis worth the name
            factor *= matrix[0, 0]
        else:
            larger.append(matrix)
    if factor == 0:
        return factor
    if not larger:
        return factor * tensor.item()
    tensor = tensor.reshape([c for _, c in (m.shape for m in larger)] + [r for r, _ in (m.shape for m in larger)])
    for h in range(len(larger), 0, -1):
        tensor = np.tensordot(larger[h - 1], tensor, axes=((1, 0), (h - 1, 2 * h - 1)))
    return factor * np.asarray(tensor, dtype=object).item()


def _as_traces(term: KroneckerTerm, shapes: list[tuple[int, int]]) -> Iterable[Term]:
    if term.constant is None and all(r == c for r, c in shapes):
        return [Term(term.coefficient, term.rows, term.open)]
    tensor, found = term.tensor(shapes), []
    for index in product(*(range(n) for n in tensor.shape)):
        entry = to_fraction(tensor[index])
        if entry:
            columns, rows = index[: len(shapes)], index[len(shapes) :]
            traces = tuple((unit_letter(c, b, a, r), *row) for row, (r, c), b, a in zip(term.rows, shapes, columns, rows, strict=True))
            found.append(Term(term.coefficient * entry, traces, term.open))
    return found or [Term(Fraction(0), (), term.open)]


def _one_word(form: TraceForm, name: str) -> Word:
    if not isinstance(form, TraceForm) or len(form.terms) != 1 or form.is_scalar or form.terms[0].traces:
        raise ValueError(f"{name} must be a product of letters such as W(0, 1) @ g(0, 1).T, but was {shown(form)}")
    if form.terms[0].coefficient != 1:
        raise ValueError(f"{name} must have no coefficient, but was {shown(form)}; give it as coefficient=")
    return form.terms[0].open or ()


def require_form(form: object) -> None:
    """TypeError for anything but a trace form or a Kronecker form."""
    if not isinstance(form, TraceForm | KroneckerForm):
        raise TypeError(f"form must be a trace form or a Kronecker form, but was {shown(form)}")
