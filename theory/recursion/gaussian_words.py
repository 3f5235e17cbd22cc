"""Gaussian inputs: coefficient * product of traces of words * one open word, and one moment matrix S removed at a time.

With x ~ N(0, Sigma), S = (1/b) sum_i x_i x_i^T and eps = 1/b, integration by parts on one S of a trace tr(S W) gives

    tr(S W)              ->  tr(Sigma W), and for every other S
    tr(S P S Q)          ->  + eps [ tr(Sigma P) tr(S Q) + tr(S Q^T Sigma P) ]                 in the same trace
    tr(S W) tr(S V)      ->  + eps [ tr(S V Sigma W) + tr(S V^T Sigma W) ]                      in another trace
    tr(S W) A S B        ->  + eps [ A Sigma W S B + A S W^T Sigma B ]                          in the open word
    A S P S Q            ->  A Sigma P S Q + eps [ A Sigma P^T S Q + tr(S P) A Sigma Q ]        when no trace has an S

Every term loses exactly one S, so that all terms with n of them are treated together and equal ones are merged before n - 1: no list of the
(2n-1)!! pairings is ever made. All other letters must be constant given the earlier batches: the last batch goes first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from flint import fmpq, fmpq_poly

from theory.recursion.codes import SIGMA, CodedWord, transpose


class Monomial(NamedTuple):
    """Traces in canonical order, and the open word or None."""

    traces: tuple[CodedWord, ...]
    open: CodedWord | None


Terms = dict[Monomial, fmpq_poly]


@lru_cache(maxsize=1 << 16)
def canonical_trace(word: CodedWord) -> CodedWord:
    """The smallest rotation of the word or of its transpose: tr(A B) = tr(B A), tr(M) = tr(M^T)."""
    best = word
    for candidate in (word, transpose(word)):
        smallest = min(candidate, default=0)
        doubled = candidate + candidate
        for start, code in enumerate(candidate):
            if code == smallest:
                rotated = doubled[start : start + len(candidate)]
                best = min(best, rotated)
    return best


def monomial(traces: list[CodedWord], open_word: CodedWord | None) -> Monomial:
    """Canonical traces in order."""
    return Monomial(tuple(sorted(map(canonical_trace, traces))), open_word)


def integrate(terms: Terms, moment: int) -> Terms:
    """The expectation over one batch, whose moment matrix has this code."""
    levels: dict[int, Terms] = {}
    for key, coefficient in terms.items():
        count = sum(word.count(moment) for word in (*key.traces, key.open or ()))
        levels.setdefault(count, {})[key] = coefficient
    for count in range(max(levels, default=0), 0, -1):
        below = levels.setdefault(count - 1, {})
        for key, coefficient in levels.pop(count, {}).items():
            shifted = coefficient * _EPSILON
            for new, times_epsilon in _remove_one(key, moment):
                add = shifted if times_epsilon else coefficient
                below[new] = below[new] + add if new in below else add
    return {key: c for key, c in levels.get(0, {}).items() if c.degree() >= 0}


_EPSILON = fmpq_poly([fmpq(0), fmpq(1)])


def _remove_one(key: Monomial, s: int) -> list[tuple[Monomial, bool]]:
    """The terms of the integration by parts, with whether they carry a factor eps."""
    place = next((i for i, word in enumerate(key.traces) if s in word), None)
    if place is None:
        return _remove_from_open(key, s)
    others = [*key.traces[:place], *key.traces[place + 1 :]]
    word = key.traces[place]
    start = word.index(s)
    rest = word[start + 1 :] + word[:start]  # tr(S rest)
    back = transpose(rest)
    found = [(monomial([*others, (SIGMA, *rest)], key.open), False)]
    for i, code in enumerate(rest):
        if code == s:
            p, q = rest[:i], rest[i + 1 :]
            found.append((monomial([*others, (SIGMA, *p), (s, *q)], key.open), True))
            found.append((monomial([*others, (s, *transpose(q), SIGMA, *p)], key.open), True))
    for k, other in enumerate(others):
        apart = [*others[:k], *others[k + 1 :]]
        for i, code in enumerate(other):
            if code == s:
                v = other[i + 1 :] + other[:i]
                found.append((monomial([*apart, (s, *v, SIGMA, *rest)], key.open), True))
                found.append((monomial([*apart, (s, *transpose(v), SIGMA, *rest)], key.open), True))
    for i, code in enumerate(key.open or ()):
        if code == s and key.open is not None:
            a, b = key.open[:i], key.open[i + 1 :]
            found.append((monomial(others, (*a, SIGMA, *rest, s, *b)), True))
            found.append((monomial(others, (*a, s, *back, SIGMA, *b)), True))
    return found


def _remove_from_open(key: Monomial, s: int) -> list[tuple[Monomial, bool]]:
    word = key.open or ()
    start = word.index(s)
    a, rest = word[:start], word[start + 1 :]
    found = [(Monomial(key.traces, (*a, SIGMA, *rest)), False)]
    for i, code in enumerate(rest):
        if code == s:
            p, q = rest[:i], rest[i + 1 :]
            found.append((Monomial(key.traces, (*a, SIGMA, *transpose(p), s, *q)), True))
            found.append((monomial([*key.traces, (s, *p)], (*a, SIGMA, *q)), True))
    return found
