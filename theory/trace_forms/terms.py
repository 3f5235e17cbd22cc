"""The terms of a trace form, and how a sum of them is written, in plain text and in LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import NamedTuple

from theory.exact import written
from theory.trace_forms.letters import Word


class Term(NamedTuple):
    """coefficient * tr(traces[0]) * tr(traces[1]) * ... * open; `open` is None for a scalar."""

    coefficient: Fraction
    traces: tuple[Word, ...]
    open: Word | None

    @property
    def letters(self) -> Word:
        """Every letter of the term, in order: the multi-set M of the theorems."""
        return tuple(letter for word in (*self.traces, self.open or ()) for letter in word)


def plain_text(terms: Iterable[Term]) -> str:
    """As Python reads it again: tr(g(1, 1).T @ g(1, 1)) - 2 * tr(W(0, 1))."""
    return _signed_sum(terms, lambda word: f"tr({word_text(word)})", word_text, written, " * ")


def latex(terms: Iterable[Term]) -> str:
    """The same in LaTeX."""

    def word(letters: Word) -> str:
        return r"\,".join(letter.latex() for letter in letters)

    def number(c: Fraction) -> str:
        return written(c) if c.denominator == 1 else rf"\frac{{{written(c.numerator)}}}{{{written(c.denominator)}}}"

    return _signed_sum(terms, lambda w: rf"\mathrm{{tr}}({word(w)})", word, number, r"\,")


def word_text(word: Word) -> str:
    """W(0, 1) @ g(0, 1).T"""
    return " @ ".join(map(str, word))


def _signed_sum(
    terms: Iterable[Term],
    trace: Callable[[Word], str],
    open_word: Callable[[Word], str],
    number: Callable[[Fraction], str],
    times: str,
) -> str:
    parts = []
    for coefficient, traces, word in terms:
        factors = [trace(w) for w in traces] + ([] if word is None else [open_word(word)])
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, number(abs(coefficient)))
        parts.append((" - " if coefficient < 0 else " + ") + times.join(factors))
    text = "".join(parts)
    return ("-" if text.startswith(" -") else "") + text[3:]
