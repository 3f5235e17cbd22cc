"""Instances for Lemma A.3 and Theorems A.4-A.6, and a second route to their values: slow and obvious.

Nothing here uses the recursion: gradients come from backpropagation, products are multiplied out with np.kron, expectations are sums
over all draws of the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import product
from typing import Any

import numpy as np
from flint import fmpq

from theory import backpropagation, enumeration
from theory.claims.record import Evidence, tabulated
from theory.exact import to_fmpq, to_fmpq_array, to_fraction, written
from theory.problem import TeacherStudent
from theory.recursion import KroneckerForm
from theory.trace_forms import TraceForm
from theory.trace_forms.letters import GRADIENT, TEACHER, WEIGHT, Letter, gradient_letter, gradients, teachers, weight_letter, weights

Lookup = Callable[[Letter], np.ndarray]
#: Samples as rows, and their weights.
Rule = tuple[Sequence[np.ndarray], Sequence[Any]]


@dataclass(frozen=True, eq=False)
class MixedProduct:
    """tr( C (x)_i rows[i] ) open_row for a network whose inputs have finitely many atoms, and the batches drawn so far.

    history[s] lists the atoms of batch s; it fixes W_{0..t} and g_{0..t-1}, t = len(history). Without C, C is the identity.
    """

    problem: TeacherStudent
    rows: tuple[TraceForm, ...]
    constant: Any = None
    open_row: TraceForm | None = None
    history: tuple[tuple[int, ...], ...] = ()

    @property
    def step(self) -> int:
        """t."""
        return len(self.history)

    @property
    def form(self) -> KroneckerForm:
        """The product as one Kronecker term."""
        return KroneckerForm.from_rows(self.rows, self.constant, self.open_row)

    @property
    def given(self) -> dict[str, Any]:
        """The product, C and the batches so far, for a page."""
        atoms, batches = self.problem.inputs.support(), {}
        if atoms is not None and self.history:
            batches = {rf"X_{s}": [atoms[0][n] for n in batch] for s, batch in enumerate(self.history)}
        given = {"Product": self.form, "Constant": None if self.constant is None else {"C": self.constant}}
        given |= {"Batches so far, samples as rows": batches}
        return {name: value for name, value in given.items() if value}

    def __str__(self) -> str:
        kron = " (x) ".join(f"({row})" for row in self.rows) or "[1]"
        inside = kron if self.constant is None else f"C ({kron})"
        text = f"tr({inside})" + ("" if self.open_row is None else f" * {self.open_row}")
        past = "" if not self.history else f", batches so far {self.history}"
        sigma = "" if self.problem.is_linear else f", sigma = ({', '.join(map(written, self.problem.polynomial))})"
        return f"{text}; sizes {self.problem.sizes}{sigma}, {self.problem.inputs}{past}"


def lookup_after(instance: MixedProduct) -> Lookup:
    """W_{0..t}, g_{0..t-1}, W* and constants, by running SGD through the given batches."""
    problem, atoms = instance.problem, _atoms(instance.problem) if instance.history else []
    path = [_weights(problem)]
    gradient_path: list[tuple[np.ndarray, ...]] = []
    for s, batch in enumerate(instance.history):
        gradient_path.append(batch_gradient(problem, path[-1], [atoms[n] for n in batch]))
        path.append(problem.optimizer.step(path[-1], gradient_path[-1], to_fmpq(problem.learning_rate(s))))
    return table(problem, path, gradient_path)


def table(problem: TeacherStudent, path: Iterable[tuple[np.ndarray, ...]], gradient_path: Iterable[tuple[np.ndarray, ...]]) -> Lookup:
    """Letters looked up in lists of weights and gradients by step."""
    known_weights, known_gradients = list(path), list(gradient_path)
    teacher = [to_fmpq_array(w) for w in problem.teacher_weights]

    def lookup(letter: Letter) -> np.ndarray:
        layer = (letter.layer or 1) - 1
        if letter.kind == TEACHER:
            return teacher[layer]
        if letter.kind == WEIGHT:
            return known_weights[letter.step or 0][layer]
        if letter.kind == GRADIENT:
            return known_gradients[letter.step or 0][layer]
        return to_fmpq_array(letter.matrix)

    return lookup


def batch_gradient(problem: TeacherStudent, at: tuple[np.ndarray, ...], samples: list[np.ndarray]) -> tuple[np.ndarray, ...]:
    """(g_1, ..., g_H) at these weights, averaged over the samples, by backpropagation."""
    teacher, sigma = [to_fmpq_array(w) for w in problem.teacher_weights], backpropagation.exact_sigma(problem.activation)
    return backpropagation.batch_gradient(at, teacher, sigma, np.concatenate(samples))


def dense_value(form: KroneckerForm, lookup: Lookup) -> Any:
    """The form with its Kronecker products multiplied out: an fmpq or an object array of fmpq."""

    def word(letters: Iterable[Letter]) -> np.ndarray:
        return reduce(np.matmul, (lookup(x.symbol).T if x.transposed else lookup(x) for x in letters))

    total: Any = 0
    for term in form.terms:
        kron = reduce(np.kron, (word(row) for row in term.rows), np.array([[fmpq(1)]], dtype=object))
        value = (kron if term.constant is None else term.constant @ kron).trace() * to_fmpq(term.coefficient)
        total = total + (value if term.open is None else word(term.open) * value)
    return total


def mean_over_samples(instance: MixedProduct) -> Any:
    """E[ form | F_t ] for gradients of single samples: the sum over the atoms of every sample that occurs."""
    problem, t, before = instance.problem, instance.step, lookup_after(instance)
    at = tuple(before(w) for w in sorted(weights(t)))
    samples = sorted({x.sample for x in instance.form.letters if x.sample is not None})
    atoms, chances = _atoms(problem), _chances(problem)
    total: Any = 0
    for draw in product(range(len(atoms)), repeat=len(samples)):
        single = {s: batch_gradient(problem, at, [atoms[n]]) for s, n in zip(samples, draw, strict=True)}

        def lookup(letter: Letter, single: Any = single) -> np.ndarray:
            if letter.kind == GRADIENT and letter.sample is not None:
                return single[letter.sample][(letter.layer or 1) - 1]
            return before(letter)

        chance = reduce(lambda a, b: a * b, (chances[n] for n in draw), fmpq(1))
        total = total + dense_value(instance.form, lookup) * chance
    return total


def mean_over_batches(instance: MixedProduct, batch_size: int, rule: Rule | None = None) -> Any:
    """E[ form | F_t ] for the gradient of a batch of this size and the weights after it: the sum over all lists of b atoms.

    `rule` has points and weights in the place of the atoms and their probabilities, such as those of a quadrature.
    """
    problem, t, before = instance.problem, instance.step, lookup_after(instance)
    layers = range(1, problem.depth + 1)
    at = tuple(before(weight_letter(t, k)) for k in layers)
    atoms, chances = rule or (_atoms(problem), _chances(problem))
    total: Any = 0
    for draw in product(range(len(atoms)), repeat=batch_size):
        known = {gradient_letter(t, k): g for k, g in enumerate(batch_gradient(problem, at, [atoms[n] for n in draw]), start=1)}
        if instance.form.step > t:
            after = problem.optimizer.step(at, tuple(known.values()), to_fmpq(problem.learning_rate(t)))
            known |= {weight_letter(t + 1, k): w for k, w in enumerate(after, start=1)}

        def lookup(letter: Letter, known: Any = known) -> np.ndarray:
            return known[letter] if letter in known else before(letter)

        chance: Any = reduce(lambda a, b: a * b, (chances[n] for n in draw), fmpq(1))
        total = total + dense_value(instance.form, lookup) * chance
    return total


def mean_given_start(instance: MixedProduct, batch_size: int) -> Any:
    """E[ form | w_0 ] by enumeration of every path of SGD; the instance's history is not used."""
    form, problem = instance.form, instance.problem

    def value(path: enumeration.Path) -> Any:
        return dense_value(form, table(problem, path.weights, path.gradients))

    return enumeration.expectation(problem, value, form.step, batch_size=batch_size)


def difference(left: Any, right: Any) -> Fraction:
    """The largest difference of two numbers or matrices, exactly."""
    pairs = np.broadcast(np.asarray(left, dtype=object), np.asarray(right, dtype=object))
    return max((abs(_fraction(a) - _fraction(b)) for a, b in pairs), default=Fraction(0))


def held_exactly(
    instance: MixedProduct, statement: str, left_route: str, left: Any, right_route: str, right: Any, faults: Sequence[str]
) -> Evidence:
    """Two exact sides, numbers or matrices, or one of them for each batch size; `faults`: what else of the statement is broken."""
    if isinstance(left, dict):
        distance = max(difference(left[b], right[b]) for b in left)
        sides = [tabulated("b", side, map(fractions, side.values())) for side in (left, right)]
    else:
        distance, sides = difference(left, right), [fractions(side) for side in (left, right)]
    return Evidence(
        statement=statement,
        instance=str(instance),
        left_route=left_route,
        left=sides[0],
        right_route=right_route,
        right=sides[1],
        holds=distance == 0 and not faults,
        difference=distance,
        reason="; ".join(faults),
    )


def at_batch_size(values: list[Any], batch_size: int) -> Any:
    """sum_s values[s] / b^s."""
    return sum((value * fmpq(1, batch_size**s) for s, value in enumerate(values[1:], start=1)), values[0])


def fractions(value: Any) -> Any:
    """A number or a matrix of flint's rationals as Fractions."""
    return np.vectorize(_fraction, otypes=[object])(value) if isinstance(value, np.ndarray) else _fraction(value)


def degrees(letters: Any, step: int, depth: int = 2) -> dict[str, int]:
    """deg(W_f; M) and deg(G_f; M) for f = 0..step, and deg(W*; M): how often a letter or its transpose appears."""
    counts = {"W*": _count(letters, teachers(depth))}
    for f in range(step + 1):
        counts[f"W_{f}"] = _count(letters, weights(f, depth=depth))
        counts[f"G_{f}"] = _count(letters, gradients(f, depth=depth))
        counts[f"G_{f} by sample"] = sum(x.kind == GRADIENT and x.step == f and x.sample is not None for x in letters)
    return counts


def _count(letters: Any, symbols: frozenset[Letter]) -> int:
    return sum(letter.symbol in symbols for letter in letters)


def _fraction(x: Any) -> Fraction:
    return to_fraction(x) if isinstance(x, fmpq) else Fraction(x)


def _atoms(problem: TeacherStudent) -> list[np.ndarray]:
    law = problem.inputs.support()
    if law is None:
        raise ValueError(f"inputs must have finitely many atoms, but were {problem.inputs!r}")
    return [np.array([[to_fmpq(v) for v in atom]], dtype=object) for atom in law[0]]


def _chances(problem: TeacherStudent) -> list[fmpq]:
    law = problem.inputs.support()
    return [] if law is None else [to_fmpq(q) for q in law[1]]


def _weights(problem: TeacherStudent) -> tuple[np.ndarray, ...]:
    return tuple(to_fmpq_array(w) for w in problem.student)
