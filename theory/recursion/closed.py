"""The closed representation: from a trace form to a polynomial in 1/b, the last batch first.

For t = step, ..., 0: write g_t as a word with S_t, integrate S_t, then replace W_t and the residual D_t by letters of step t - 1.
Gaussian laws take traces of words (`gaussian_words`), every other law moment graphs (`moment_graphs`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq, fmpq_mat, fmpq_poly

from theory.exact import to_fmpq
from theory.recursion import gaussian_words, moment_graphs
from theory.recursion.codes import Alphabet, CodedWord, coded, moment_code
from theory.recursion.gaussian_words import Monomial
from theory.recursion.graph_values import GraphValues
from theory.recursion.graph_values import trace as trace_of
from theory.recursion.moment_graphs import CYCLE, LEFT, RIGHT, Edge, Graph
from theory.trace_forms import TraceForm


def gaussian_sum(form: TraceForm, alphabet: Alphabet) -> gaussian_words.Terms:
    """E[ form | w_0 ] as a sum of products of traces of words at step 0, for Gaussian inputs."""
    terms: gaussian_words.Terms = {}
    for term in form.terms:
        open_word = None if term.open is None else coded(term.open, alphabet)
        _add(terms, gaussian_words.monomial([coded(w, alphabet) for w in term.traces], open_word), _constant(term.coefficient))
    for step in range(form.step, -1, -1):
        terms = gaussian_words.integrate(terms, moment_code(step))
        if step:
            terms = _expand_words(terms, alphabet, step)
    return terms


def graph_sum(form: TraceForm, alphabet: Alphabet) -> moment_graphs.Terms:
    """E[ form | w_0 ] as a sum of moment graphs at step 0, for any law."""
    terms: moment_graphs.Terms = {}
    for term in form.terms:
        edges = [Edge(CYCLE, CYCLE, coded(word, alphabet)) for word in term.traces]
        if term.open is not None:
            edges.append(Edge(LEFT, RIGHT, coded(term.open, alphabet)))
        _add(terms, moment_graphs.assemble(edges), _constant(term.coefficient))
    for step in range(form.step, -1, -1):
        terms = moment_graphs.integrate(terms, moment_code(step))
        if step:
            terms = _expand_graphs(terms, alphabet, step)
    return terms


def _expand_words(terms: gaussian_words.Terms, alphabet: Alphabet, step: int) -> gaussian_words.Terms:
    result: gaussian_words.Terms = {}
    for key, coefficient in terms.items():
        words = [*key.traces, *([] if key.open is None else [key.open])]
        for choice, factor in _choices([alphabet.expand(word, step) for word in words]):
            traces, last = (choice, None) if key.open is None else (choice[:-1], choice[-1])
            _add(result, gaussian_words.monomial(list(traces), last), coefficient * factor)
    return result


def _expand_graphs(terms: moment_graphs.Terms, alphabet: Alphabet, step: int) -> moment_graphs.Terms:
    result: moment_graphs.Terms = {}
    for graph, coefficient in terms.items():
        edges, offset = [], 0
        for component in graph.components:
            edges += [
                Edge(tail + offset if tail >= 0 else tail, head + offset if head >= 0 else head, word) for tail, head, word in component
            ]
            offset += len(moment_graphs.legs(component))
        for choice, factor in _choices([alphabet.expand(edge.word, step) for edge in edges]):
            new = [Edge(edge.tail, edge.head, word) for edge, word in zip(edges, choice, strict=True)]
            _add(result, moment_graphs.assemble(new), coefficient * factor)
    return result


def _choices(sums: list[dict[CodedWord, fmpq]]) -> Iterable[tuple[tuple[CodedWord, ...], fmpq]]:
    for choice in product(*(s.items() for s in sums)):
        factor = fmpq(1)
        for _, c in choice:
            factor *= c
        yield tuple(word for word, _ in choice), factor


def _add(terms: dict[Any, fmpq_poly], key: object, coefficient: fmpq_poly) -> None:
    terms[key] = terms[key] + coefficient if key in terms else coefficient


def _constant(value: Fraction) -> fmpq_poly:
    return fmpq_poly([to_fmpq(value)])


# -- values ---------------------------------------------------------------------------------------------------------------

Total = dict[tuple[int, int], fmpq_poly]


def evaluate_words(terms: gaussian_words.Terms, alphabet: Alphabet) -> Total:
    """Polynomials in eps, entry by entry ((0, 0) alone for a scalar)."""
    p = alphabet.problem.inputs.dimension
    traces: dict[CodedWord, fmpq] = {}

    def trace(word: CodedWord) -> fmpq:
        if word not in traces:
            traces[word] = trace_of(alphabet.product(word, p))
        return traces[word]

    def value(key: Monomial) -> tuple[fmpq, fmpq_mat | None]:
        factor = fmpq(1)
        for word in key.traces:
            factor *= trace(word)
        return factor, None if key.open is None else alphabet.product(key.open, p)

    return _sum(terms, value)


def evaluate_graphs(terms: moment_graphs.Terms, alphabet: Alphabet) -> Total:
    """Polynomials in eps, entry by entry ((0, 0) alone for a scalar)."""
    values = GraphValues(alphabet)

    def value(graph: Graph) -> tuple[fmpq, fmpq_mat | None]:
        factor, matrix = fmpq(1), None
        for component in graph.components:
            part = values.value(component)
            if isinstance(part, fmpq_mat):
                matrix = part
            else:
                factor *= part
        return factor, matrix

    return _sum(terms, value)


def _sum(terms: dict[Any, fmpq_poly], value: Callable[[Any], tuple[fmpq, fmpq_mat | None]]) -> Total:
    total: Total = {}
    for key, coefficient in terms.items():
        factor, matrix = value(key)
        if matrix is None:
            _add(total, (0, 0), coefficient * factor)
        else:
            scaled = coefficient * factor
            for i, j in np.ndindex(matrix.nrows(), matrix.ncols()):
                _add(total, (i, j), scaled * matrix[i, j])
    return total
