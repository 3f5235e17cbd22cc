"""The value of a moment graph at w_0, exactly, for any input law that has the moments.

Edges are bilinear forms in the samples. One node at a time: multiply the edges that touch it, replace the monomials in its coordinates by
moments E[x_1^{a_1} ... x_p^{a_p}], and go on with the polynomial in the other samples that is left. The two ends of an open word are
vectors of variables that are never integrated; the matrix is read off their coefficients.
"""

from __future__ import annotations

from flint import fmpq, fmpq_mat, fmpq_mpoly, fmpq_mpoly_ctx

from theory.exact import to_fmpq
from theory.recursion.codes import Alphabet, CodedWord
from theory.recursion.moment_graphs import CYCLE, LEFT, RIGHT, Component, legs


class GraphValues:
    """Values of components for one problem, each computed once."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.p = alphabet.problem.inputs.dimension
        self._values: dict[Component, fmpq | fmpq_mat] = {}
        self._products: dict[CodedWord, fmpq_mat] = {}
        self._moments: dict[tuple[int, ...], fmpq] = {}

    def value(self, component: Component) -> fmpq | fmpq_mat:
        """An fmpq, or an fmpq_mat for the open component."""
        if component not in self._values:
            self._values[component] = self._evaluate(component)
        return self._values[component]

    def _evaluate(self, component: Component) -> fmpq | fmpq_mat:
        first = component[0]
        if first.tail == CYCLE:
            return trace(self._product(first.word))
        if (first.tail, first.head) == (LEFT, RIGHT):
            return self._product(first.word)
        p, count = self.p, legs(component)
        context = fmpq_mpoly_ctx.get([f"x{i}" for i in range(p * (len(count) + 2))], "lex")
        x = {node: context.gens()[n * p : (n + 1) * p] for n, node in enumerate([*count, LEFT, RIGHT])}
        position = {node: n * p for n, node in enumerate(count)}
        before = after = None
        remaining = list(component)
        total = context.constant(1)
        for node in sorted(count, key=lambda n: count[n]):
            for edge in [edge for edge in remaining if node in edge[:2]]:
                remaining.remove(edge)
                if edge.tail == LEFT:
                    before = self._product(edge.word)
                    total *= _bilinear(x[LEFT], None, x[node], context)
                elif edge.head == RIGHT:
                    after = self._product(edge.word)
                    total *= _bilinear(x[node], None, x[RIGHT], context)
                else:
                    total *= _bilinear(x[edge.tail], self._product(edge.word), x[edge.head], context)
            total = self._integrate_out(total, position[node], context)
        if before is None or after is None:
            return total.coefficient(0) if len(total) else fmpq(0)
        inner = fmpq_mat(p, p)
        for exponents, coefficient in total.to_dict().items():
            inner[tuple(exponents[-2 * p : -p]).index(1), tuple(exponents[-p:]).index(1)] = coefficient
        return before * inner * after

    def _integrate_out(self, polynomial: fmpq_mpoly, start: int, context: fmpq_mpoly_ctx) -> fmpq_mpoly:
        stop = start + self.p
        zeros = (0,) * self.p
        left: dict[tuple[int, ...], fmpq] = {}
        for exponents, coefficient in polynomial.to_dict().items():
            moment = self._moment(exponents[start:stop])
            if moment:
                rest = exponents[:start] + zeros + exponents[stop:]
                left[rest] = left[rest] + coefficient * moment if rest in left else coefficient * moment
        return context.from_dict(left)

    def _moment(self, exponents: tuple[int, ...]) -> fmpq:
        if exponents not in self._moments:
            self._moments[exponents] = to_fmpq(self.alphabet.problem.inputs.moment(tuple(map(int, exponents))))
        return self._moments[exponents]

    def _product(self, word: CodedWord) -> fmpq_mat:
        if word not in self._products:
            self._products[word] = self.alphabet.product(word, self.p)
        return self._products[word]


def trace(matrix: fmpq_mat) -> fmpq:
    """The sum of the diagonal."""
    return sum((matrix[i, i] for i in range(matrix.nrows())), fmpq(0))


def _bilinear(x: tuple[fmpq_mpoly, ...], matrix: fmpq_mat | None, y: tuple[fmpq_mpoly, ...], context: fmpq_mpoly_ctx) -> fmpq_mpoly:
    """x^T matrix y, the identity when the matrix is None."""
    total = context.constant(0)
    for i, left in enumerate(x):
        row = context.constant(0)
        for j, right in enumerate(y):
            if matrix is None:
                row += right if i == j else 0
            elif matrix[i, j]:
                row += right * matrix[i, j]
        total += left * row
    return total
