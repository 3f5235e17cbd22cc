"""`TraceForm`: a polynomial in traces of words and at most one open word, its degrees, its shape and its value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any

from theory.budget import Cost, as_count, refuse_large
from theory.degrees import batch_degrees
from theory.exact import as_number, shown, to_fmpq
from theory.exact.foreign_arrays import is_nested
from theory.problem import TeacherStudent, as_problem
from theory.trace_forms.letters import (
    Letter,
    Word,
    degree_in,
    transpose,
    word_shape,
)
from theory.trace_forms.terms import Term, latex, plain_text, word_text

#: Of sequences of letters.
MAX_NESTING = 100


class TraceForm:
    """A sum of terms, all scalar or all matrix-valued.

    Supports +, -, * (by numbers, and of two forms of which one is scalar), @, `.T` and `tr`.

    Examples:
        >>> from theory.trace_forms import W, g, tr
        >>> form = tr(g(1, 1).T @ g(1, 1)) - 2 * tr(W(0, 1))
        >>> form
        tr(g(1, 1).T @ g(1, 1)) - 2 * tr(W(0, 1))
        >>> form.step, form.degree(g(1, 1)), form.is_scalar
        (1, 2, True)
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        collected: dict[tuple[tuple[Word, ...], Word | None], Fraction] = {}
        for coefficient, traces, open_word in terms:
            key = (tuple(sorted(traces)), open_word)
            collected[key] = collected.get(key, Fraction(0)) + coefficient
        if not collected:
            raise ValueError("a trace form must have at least one term")
        if len({open_word is None for _, open_word in collected}) > 1:
            raise ValueError("the terms of a trace form must be all scalar or all matrix-valued")
        kept = [Term(c, *key) for key, c in collected.items() if c]
        # a form that vanishes keeps one term, so that its shape is not lost
        self.terms: tuple[Term, ...] = tuple(kept) or (Term(Fraction(0), *next(iter(collected))),)

    # -- what it is ------------------------------------------------------------

    @property
    def is_scalar(self) -> bool:
        """Whether no term has an open word."""
        return self.terms[0].open is None

    @cached_property
    def letters(self) -> frozenset[Letter]:
        """The symbols that appear, none transposed."""
        return frozenset(letter.symbol for term in self.terms for letter in term.letters)

    @property
    def step(self) -> int:
        """The largest step of a letter; 0 when there is none. W_t depends on batches 0..t-1, g_t on batch t too."""
        return max((letter.step for letter in self.letters if letter.step is not None), default=0)

    @property
    def depth(self) -> int:
        """The largest layer of a letter; 0 when there is none."""
        return max((letter.layer for letter in self.letters if letter.layer is not None), default=0)

    def degree(self, letters: Letter | TraceForm | Iterable[Any]) -> int:
        """deg(letters; M): appearances of the letters and their transposes; the largest over the terms.

        `letters` is a letter, a form of one letter such as W(1, 1), or an iterable of these.
        """
        symbols = frozenset(_as_letters(letters))
        return max(degree_in(term.letters, symbols) for term in self.terms)

    def batch_degrees(self, m: int) -> list[int]:
        """Its degree in the moments of the batches 0, ..., step, the largest over the terms; m is that of a gradient in the weights.

        >>> from theory.trace_forms import W, g, tr
        >>> (tr(g(1, 1).T @ g(1, 1)) + tr(W(1, 2))).batch_degrees(m=3)
        [6, 2]
        """
        terms = [batch_degrees((x.last_batch for x in term.letters), self.step + 1, m=m) for term in self.terms]
        return list(map(max, zip(*terms, strict=True)))

    def shape(self, problem: TeacherStudent) -> tuple[int, int] | None:
        """(rows, columns) in this problem, None for a scalar; a ValueError naming the letters that do not chain."""
        as_problem(problem)
        shapes = set()
        for term in self.terms:
            for word in term.traces:
                rows, columns = word_shape(word, problem, "a trace")
                if rows != columns:
                    shape = f"{rows} by {columns}"
                    raise ValueError(f"a trace must be of a square matrix, but {word_text(word)} is {shape}")
            shapes.add(None if term.open is None else word_shape(term.open, problem, "an open word"))
        if len(shapes) > 1:
            raise ValueError(f"the terms of a trace form must have one shape, but had {sorted(map(str, shapes))}")
        return shapes.pop()

    # -- what it is worth ------------------------------------------------------------

    def evaluate(self, lookup: Callable[[Letter], Any], number: Callable[[Fraction], Any] = to_fmpq) -> Any:
        """The form's value in any ring of matrices.

        Args:
            lookup: from a letter (never transposed; a constant's matrix is `letter.matrix`) to an object with @, +,
                * scalar, .T and .trace(): a numpy object array, or a matrix of polynomials or of words.
            number: from a coefficient to a scalar of that ring.
        """
        matrices: dict[Letter, Any] = {}
        products: dict[Word, Any] = {}

        def matrix(letter: Letter) -> Any:
            if letter not in matrices:
                matrices[letter] = matrix(letter.symbol).T if letter.transposed else lookup(letter)
            return matrices[letter]

        def product(word: Word) -> Any:
            if word not in products:
                value = matrix(word[0])
                for letter in word[1:]:
                    value = value @ matrix(letter)
                products[word] = value
            return products[word]

        total: Any = None
        for coefficient, traces, open_word in self.terms:
            value = number(coefficient)
            for word in traces:
                value = product(word).trace() * value
            if open_word is not None:
                value = product(open_word) * value
            total = value if total is None else total + value
        return total

    def substitute(self, image: Callable[[Letter], TraceForm]) -> TraceForm:
        """Replace every letter (asked for untransposed) by a matrix-valued form, and expand."""
        return self.evaluate(image, TraceForm.number)

    # -- arithmetic ------------------------------------------------------------

    @classmethod
    def number(cls, value: object) -> TraceForm:
        """A number as a scalar form without letters."""
        return cls([Term(Fraction(as_number(value, "coefficient")), (), None)])

    def __add__(self, other: object) -> TraceForm:
        right = _as_form(other)
        if self.is_scalar != right.is_scalar:
            if not isinstance(other, TraceForm) and right.terms[0].coefficient == 0:  # sum() starts at 0
                return self
            raise ValueError("a scalar and a matrix-valued trace form cannot be added")
        return TraceForm((*self.terms, *right.terms))

    __radd__ = __add__

    def __neg__(self) -> TraceForm:
        return self * -1

    def __sub__(self, other: object) -> TraceForm:
        return self + _as_form(other) * -1

    def __rsub__(self, other: object) -> TraceForm:
        return _as_form(other) + self * -1

    def __mul__(self, other: object) -> TraceForm:
        right = _as_form(other)
        if not (self.is_scalar or right.is_scalar):
            raise ValueError("of two factors of * one must be scalar; the matrix product is @")
        _refuse_terms(self, right)
        return TraceForm(
            Term(c * d, traces + more, left if left is not None else last)
            for c, traces, left in self.terms
            for d, more, last in right.terms
        )

    __rmul__ = __mul__

    def __matmul__(self, other: TraceForm) -> TraceForm:
        if not isinstance(other, TraceForm):
            return NotImplemented
        _refuse_terms(self, other)
        return TraceForm(
            Term(c * d, traces + more, _open(left, "@") + _open(last, "@"))
            for c, traces, left in self.terms
            for d, more, last in other.terms
        )

    @property
    def T(self) -> TraceForm:
        """The transpose of a matrix-valued form."""
        return TraceForm(Term(c, traces, transpose(_open(word, ".T"))) for c, traces, word in self.terms)

    def trace(self) -> TraceForm:
        """The trace of a matrix-valued form."""
        return TraceForm(Term(c, (*traces, _open(word, "tr")), None) for c, traces, word in self.terms)

    # -- how it looks ------------------------------------------------------------

    def __repr__(self) -> str:
        return plain_text(self.terms)

    def latex(self) -> str:
        """LaTeX of the sum."""
        return latex(self.terms)


def _refuse_terms(left: TraceForm, right: TraceForm) -> None:
    """UnaffordableError for a product with too many terms to be written out."""
    count = float(len(left.terms)) * len(right.terms)
    letters = max(len(term.letters) for term in left.terms) + max(len(term.letters) for term in right.terms)
    cost = Cost(count * (4e-6 + 4e-7 * letters), count * (400 + 32 * letters), f"{as_count(count)} terms of up to {letters} letters")
    refuse_large("the factors", "their product", cost, "multiplying what they are worth, not the forms")


def _open(word: Word | None, operation: str) -> Word:
    if word is None:
        raise ValueError(f"{operation} needs a matrix-valued form, but was given a scalar")
    return word


def _as_form(value: object) -> TraceForm:
    return value if isinstance(value, TraceForm) else TraceForm.number(value)


def _as_letters(value: Any) -> Iterable[Letter]:
    waiting = [iter((value,))]
    while waiting:
        item = next(waiting[-1], waiting)
        if item is waiting:
            waiting.pop()
        elif isinstance(item, Letter):
            yield item.symbol
        elif isinstance(item, TraceForm):
            if len(item.terms) != 1 or len(item.terms[0].letters) != 1:
                raise ValueError(f"letters must be single letters, but were {shown(item)}")
            yield item.terms[0].letters[0].symbol
        elif is_nested(item) and len(waiting) < MAX_NESTING:
            waiting.append(iter(item))
        else:
            raise TypeError(f"letters must be letters such as W(0, 1), or sequences of them, but had {shown(item)}")
