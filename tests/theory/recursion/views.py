"""The closed representation seen as the forms of the theorems: words as trace forms, moment graphs as Kronecker forms.

The edges of a graph are the rows, and C is the product of its nodes' moment tensors: C[columns, rows] = prod over nodes of the tensor
at the indices of its legs, times an identity for every trace without samples. Expanding the residuals D = W_2 W_1 - W*_2 W*_1 doubles the
number of terms for each of them, so this is for small cases: what the two representations stand for, to be held against their values.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
from flint import fmpq

from theory.exact import to_fraction
from theory.recursion.codes import SIGMA, Alphabet, CodedWord
from theory.recursion.gaussian_words import Terms as WordTerms
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm
from theory.recursion.moment_graphs import CYCLE, LEFT, RIGHT, Graph
from theory.recursion.moment_graphs import Terms as GraphTerms
from theory.recursion.sample_moments import moment_tensor
from theory.trace_forms import Term, TraceForm, W, constant, identity, teacher
from theory.trace_forms.letters import Word, unit_letter, word_shape


def words_as_trace_forms(terms: WordTerms, alphabet: Alphabet) -> dict[int, TraceForm]:
    """The coefficient of b^{-s}, for every s that occurs, as a trace form in W_0, W* and constants."""
    found: dict[int, list[Term]] = {}
    for key, polynomial in terms.items():
        form = TraceForm.number(1) if key.open is None else readable(key.open, alphabet)
        for word in key.traces:
            form = form * readable(word, alphabet).trace()
        for s, c in enumerate(polynomial.coeffs()):
            if c:
                found.setdefault(s, []).extend((form * to_fraction(c)).terms)
    return {s: TraceForm(parts) for s, parts in found.items()}


def graphs_as_kronecker_forms(terms: GraphTerms, alphabet: Alphabet) -> dict[int, KroneckerForm]:
    """The coefficient of b^{-s}, for every s that occurs, as a Kronecker form in W_0, W* and constants."""
    found: dict[int, list[KroneckerTerm]] = {}
    for graph, polynomial in terms.items():
        view = as_kronecker_terms(graph, alphabet)
        for s, c in enumerate(polynomial.coeffs()):
            if c:
                scaled = (KroneckerTerm(t.coefficient * to_fraction(c), t.constant, t.rows, t.open) for t in view)
                found.setdefault(s, []).extend(scaled)
    return {s: KroneckerForm(parts) for s, parts in found.items()}


def as_kronecker_terms(graph: Graph, alphabet: Alphabet) -> list[KroneckerTerm]:
    """One graph as tr( C (x) edges ), p^2 of them when an open word ends at samples; residuals expanded."""
    p = alphabet.problem.inputs.dimension
    rows: list[tuple[object, object, CodedWord]] = []  # what the row index and the column index of C belong to
    ends: dict[int, tuple[object, CodedWord]] = {}
    whole: CodedWord | None = None
    for k, component in enumerate(graph.components):
        for tail, head, word in component:
            if (tail, head) == (LEFT, RIGHT):
                whole = word
            elif tail == LEFT:
                ends[LEFT] = (k, head), word
            elif head == RIGHT:
                ends[RIGHT] = (k, tail), word
            elif tail == CYCLE:
                rows.append((("trace", k), ("trace", k), word))
            else:
                rows.append(((k, tail), (k, head), word))
    fillings = _fillings([word for _, _, word in rows], alphabet)
    found = []
    for u, v in product(range(p), repeat=2) if ends else [(0, 0)]:
        fixed = {LEFT: u, RIGHT: v}
        if ends:
            last = readable(ends[LEFT][1], alphabet, p) @ _unit(p, u, v) @ readable(ends[RIGHT][1], alphabet, p)
        for sign, words in fillings:
            shapes = [word_shape(word, alphabet.problem, "a row") for word in words]
            table = _constant(rows, shapes, [(ends[e][0], fixed[e]) for e in ends], alphabet)
            if ends or whole is not None:
                opens = last if ends else readable(whole or (), alphabet)
                found += [KroneckerTerm(sign * term.coefficient, table, words, term.open) for term in opens.terms]
            else:
                found.append(KroneckerTerm(sign, table, words, None))
    return found


def _constant(
    rows: list[tuple[object, object, CodedWord]],
    shapes: list[tuple[int, int]],
    fixed: list[tuple[object, int]],
    alphabet: Alphabet,
) -> np.ndarray:
    """C, of shape (product of columns, product of rows)."""
    column_sizes, row_sizes = [c for _, c in shapes], [r for r, _ in shapes]
    legs: dict[object, list[int]] = {}
    traces: list[tuple[int, int]] = []
    m = len(rows)
    for h, (tail, head, _) in enumerate(rows):
        if isinstance(tail, tuple) and tail[0] == "trace":
            traces.append((h, m + h))
            continue
        legs.setdefault(tail, []).append(m + h)
        legs.setdefault(head, []).append(h)
    given: dict[object, list[int]] = {}
    for node, index in fixed:
        given.setdefault(node, []).append(index)
        legs.setdefault(node, [])
    law = alphabet.problem.inputs
    tensors = {node: moment_tensor(law, len(places) + len(given.get(node, []))) for node, places in legs.items()}
    table = np.empty([*column_sizes, *row_sizes], dtype=object)
    for place in np.ndindex(*table.shape):
        value = fmpq(int(all(place[a] == place[b] for a, b in traces)))
        if value:
            for node, axes in legs.items():
                value *= tensors[node][(*(place[axis] for axis in axes), *given.get(node, ()))]
        table[place] = value
    return table.reshape(math.prod(column_sizes), math.prod(row_sizes))


def _fillings(words: list[CodedWord], alphabet: Alphabet) -> list[tuple[Fraction, tuple[Word, ...]]]:
    """Every choice of one term of each row, with the product of their coefficients."""
    p = alphabet.problem.inputs.dimension
    found = []
    for choice in product(*(readable(word, alphabet, p).terms for word in words)):
        sign = math.prod((term.coefficient for term in choice), start=Fraction(1))
        found.append((sign, tuple(term.open or () for term in choice)))
    return found


def readable(word: CodedWord, alphabet: Alphabet, size: int = 1) -> TraceForm:
    """A coded word in the letters of step 0, residuals expanded; the identity of this size for the empty word."""
    form = identity(size) if not word else None
    for code in word:
        factor = _readable(code, alphabet)
        form = factor if form is None else form @ factor
    assert form is not None
    return form


def _readable(code: int, alphabet: Alphabet) -> TraceForm:
    if code == SIGMA:
        return constant("Sigma", alphabet.problem.inputs.second_moment)
    key = alphabet.key(code)
    if key[0] == "constant":
        form = TraceForm([Term(Fraction(1), (), (key[1],))])
    elif key[0] == "W*":
        form = teacher(key[1])
    elif key[0] == "W":
        form = W(key[1], key[2])
    else:
        form = W(key[1], 2) @ W(key[1], 1) - teacher(2) @ teacher(1)
    return form.T if code & 1 else form


def _unit(p: int, u: int, v: int) -> TraceForm:
    return TraceForm([Term(Fraction(1), (), (unit_letter(p, u, v),))])
