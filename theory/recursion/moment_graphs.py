"""Any input law: coefficient * moment graphs, whose nodes are the symmetric tensors E[x (x) ... (x) x] and whose edges are words.

An expectation over one batch puts one sample into every block of a set partition of the factors S = (1/b) sum_i x_i x_i^T. A
sample that stands at 2k places is a node with 2k legs; a word Q between two of them is an edge, x_a^T Q x_b. A node keeps only
its number of legs. A cyclic word without samples is a graph without nodes; an open word starts and ends at the two ends of the
matrix. A node with two legs is the letter Sigma, so that what is left has four legs or more.

    E[ tr(S P S Q) ] = tr(Sigma P Sigma Q) b(b-1)/b^2 + (1/b) E[ (x^T P x)(x^T Q x) ]          the second: one node, two loops

The form tr( C (x) ... ) of the theorems is a view of such a graph: the rows are the edges, C is the product of the nodes' tensors.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import permutations, product
from math import factorial, prod
from typing import NamedTuple

from flint import fmpq_poly

from theory.recursion.codes import SIGMA, CodedWord, transpose
from theory.recursion.gaussian_words import canonical_trace
from theory.recursion.partitions import powers_of_inverse_batch, set_partitions, stirling_first

#: the two ends of the matrix that an open word is, and the place of a trace without samples
LEFT, RIGHT, CYCLE = -3, -2, -1
#: graphs with more equivalent numberings of their nodes keep the numbering that they have; then equal ones may stay apart
MAX_NUMBERINGS = 5040


class Edge(NamedTuple):
    """x_tail^T word x_head; tail LEFT and head RIGHT are the ends of the matrix; tail = head = CYCLE is a trace."""

    tail: int
    head: int
    word: CodedWord


Component = tuple[Edge, ...]


class Graph(NamedTuple):
    """Connected components in canonical order; the open one, when there is one, has an edge that leaves LEFT."""

    components: tuple[Component, ...]


Terms = dict[Graph, fmpq_poly]


def legs(component: Component) -> dict[int, int]:
    """Number of legs of every node."""
    count: dict[int, int] = {}
    for tail, head, _ in component:
        for node in (tail, head):
            if node >= 0:
                count[node] = count.get(node, 0) + 1
    return count


def integrate(terms: Terms, moment: int) -> Terms:
    """The expectation over one batch, whose moment matrix has this code."""
    result: Terms = {}
    for graph, coefficient in terms.items():
        cut, d = _cut(graph, moment)
        if d == 0:
            result[graph] = result[graph] + coefficient if graph in result else coefficient
            continue
        for partition in set_partitions(d):
            new = assemble(cut, partition)
            add = coefficient * _weight(d, max(partition) + 1)
            result[new] = result[new] + add if new in result else add
    return {graph: c for graph, c in result.items() if c.degree() >= 0}


@cache
def _weight(d: int, blocks: int) -> fmpq_poly:
    """b(b-1)...(b-blocks+1) / b^d in eps = 1/b."""
    return fmpq_poly([stirling_first(blocks, d - s) for s in powers_of_inverse_batch(d)])


def _cut(graph: Graph, moment: int) -> tuple[list[Edge], int]:
    """Every edge cut at each S, the k-th S being the provisional node -10 - k; old nodes are numbered through. Also the number of S."""
    edges: list[Edge] = []
    offset = count = 0
    for component in graph.components:
        shift = {node: node + offset for node in legs(component)}
        for tail, head, word in component:
            places = [i for i, code in enumerate(word) if code == moment]
            if tail == CYCLE and places:  # turn the trace until it begins with the first S
                word = word[places[0] :] + word[: places[0]]
                places = [i - places[0] for i in places]
                pieces = [word[i + 1 : j] for i, j in zip(places, [*places[1:], len(word)], strict=True)]
                nodes = [-10 - count - k for k in range(len(places))]
                edges += [Edge(a, b, piece) for a, b, piece in zip(nodes, [*nodes[1:], nodes[0]], pieces, strict=True)]
            else:
                pieces = [word[i + 1 : j] for i, j in zip([-1, *places], [*places, len(word)], strict=True)]
                nodes = [shift.get(tail, tail), *(-10 - count - k for k in range(len(places))), shift.get(head, head)]
                edges += [Edge(a, b, piece) for a, b, piece in zip(nodes, nodes[1:], pieces, strict=False)]
            count += len(places)
        offset += len(shift)
    return edges, count


def assemble(edges: list[Edge], partition: tuple[int, ...] = ()) -> Graph:
    """The canonical graph: provisional nodes named by their block, nodes of two legs contracted to Sigma, components apart and in order."""
    named = [Edge(_name(tail, partition), _name(head, partition), word) for tail, head, word in edges]
    return Graph(tuple(sorted(canonical(part) for part in _components(_contract(named)))))


def _name(node: int, partition: tuple[int, ...]) -> int:
    return 1000 + partition[-10 - node] if node <= -10 else node


def _contract(edges: list[Edge]) -> list[Edge]:
    """Replace every node of two legs by the letter Sigma."""
    count = legs(tuple(edges))
    for node in [node for node, n in count.items() if n == 2]:
        touching = [edge for edge in edges if node in edge[:2]]
        edges = [edge for edge in edges if node not in edge[:2]]
        if len(touching) == 1:  # a loop: E[x^T Q x] = tr(Sigma Q)
            edges.append(Edge(CYCLE, CYCLE, (SIGMA, *touching[0].word)))
            continue
        first, second = touching
        into = first if first.head == node else Edge(first.head, first.tail, transpose(first.word))
        out = second if second.tail == node else Edge(second.head, second.tail, transpose(second.word))
        joined = Edge(into.tail, out.head, (*into.word, SIGMA, *out.word))
        edges.append(_turned(joined) if joined.head == LEFT or joined.tail == RIGHT else joined)
    return edges


def _turned(edge: Edge) -> Edge:
    return Edge(edge.head, edge.tail, transpose(edge.word))


def _components(edges: list[Edge]) -> list[list[Edge]]:
    """Connected components; the two ends of the matrix belong together."""
    parts: list[tuple[set[int], list[Edge]]] = []
    for edge in edges:
        if edge.tail == CYCLE:
            parts.append((set(), [edge]))
            continue
        ends = {LEFT if node == RIGHT else node for node in edge[:2]}
        joined, mine = set(ends), [edge]
        apart = []
        for nodes, group in parts:
            if nodes & ends:
                joined |= nodes
                mine = group + mine
            else:
                apart.append((nodes, group))
        parts = [*apart, (joined, mine)]
    return [group for _, group in parts]


def canonical(edges: list[Edge]) -> Component:
    """The smallest sorted list of edges over the numberings of the nodes and the orientations of the edges."""
    if edges[0].tail == CYCLE:
        return (Edge(CYCLE, CYCLE, canonical_trace(edges[0].word)),)
    return _canonical(tuple(edges))


@lru_cache(maxsize=1 << 15)
def _canonical(edges: Component) -> Component:
    count = legs(edges)
    # nodes that any numbering must respect: the number of legs, of loops, and the lengths of the words that meet there
    looks: dict[int, tuple[int, ...]] = {}
    for node, n in count.items():
        looks[node] = (
            n,
            sum(e.tail == e.head == node for e in edges),
            *sorted(len(e.word) + 1000 * ((e.tail == LEFT) + 2 * (e.head == RIGHT)) for e in edges if node in e[:2]),
        )
    classes: dict[tuple[int, ...], list[int]] = {}
    for node in sorted(count):
        classes.setdefault(looks[node], []).append(node)
    groups = [classes[look] for look in sorted(classes)]
    if prod(factorial(len(group)) for group in groups) > MAX_NUMBERINGS:
        return _numbered(edges, [node for group in groups for node in group])
    orders = product(*(permutations(group) for group in groups))
    return min(_numbered(edges, [node for group in order for node in group]) for order in orders)


def _numbered(edges: Component, order: list[int]) -> Component:
    number = {node: i for i, node in enumerate(order)} | {LEFT: LEFT, RIGHT: RIGHT}
    result = []
    for tail, head, word in edges:
        edge = Edge(number[tail], number[head], word)
        if edge.tail == edge.head:
            edge = min(edge, _turned(edge))
        elif edge.tail != LEFT and edge.head != RIGHT and edge.tail > edge.head:
            edge = _turned(edge)
        result.append(edge)
    return tuple(sorted(result))
