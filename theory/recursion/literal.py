"""Lemma A.3 and Theorems A.4, A.5, A.6 for two linear layers, step by step as the paper takes them.

    g_{t,1,s} = W_{t,2}^T D_t x_s x_s^T,   g_{t,2,s} = D_t x_s x_s^T W_{t,1}^T,   D_t = W_{t,2} W_{t,1} - W*_2 W*_1
    g_{t,k} = (1/b) sum_s g_{t,k,s}

Every residual D_t is expanded (2^d picks of W_2 W_1 or W*_2 W*_1, sign (-1)^(teacher picks)) and every row is cut at each
x_s x_s^T. What lies between two cuts becomes a row of its own, and the samples go into the constant: with row h >= 1 cut
into Q_{h,0}, ..., Q_{h,d_h}, and row 0 into Q_-, inner pieces and Q_+,

    E[ tr( C (x)_h R_h ) R_0 ] = sum_{picks} sum_{u,v} (+-1) tr( C_uv (x) Q ) Q_- e_u e_v^T Q_+
    C_uv[columns, rows] = C[(b_h), (a_h)] E[ x_first[u] x_last[v] prod over cuts of x_s[column before it] x_s[row after it] ]

with the *joint* law of the samples: equal sample indices are the same vector. It is exact and it explodes; it is here
because it is what the theorems say. `theory.recursion.expectation` has the representation that does not explode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.budget import WITHOUT_BUDGET, Budget
from theory.exact import as_index, shown
from theory.extensions import require_within
from theory.problem import TeacherStudent, as_problem
from theory.recursion.cost import layer_cost, literal_cost, unrolled_cost
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm
from theory.recursion.partitions import powers_of_inverse_batch
from theory.recursion.sample_moments import joint_moments, weighted_moments
from theory.routes import ENUMERATION, POLYNOMIAL, cannot, in_balls
from theory.trace_forms.letters import (
    GRADIENT,
    WEIGHT,
    Letter,
    Word,
    gradient_letter,
    identity_letter,
    teacher_letter,
    transpose,
    unit_letter,
    weight_letter,
)

#: constants C made so far, so that equal ones are made once
Constants = dict[Any, Any]


def remove_gradient_layer(form: KroneckerForm, problem: TeacherStudent, step: int, *, budget: Budget | None = None) -> KroneckerForm:
    """Lemma A.3 (line 580): E[ form | F_step ] for gradients of single samples, g(step, k, sample=s).

    Every term with d such letters, d_0 of them in row 0 and d' = d - d_0, becomes 2^d p^(2 [d_0 >= 1]) terms with
    m + d' + max(d_0 - 1, 0) rows, each at most n + 5 long. A pick of k teachers has deg(W_t; M) + 3d - 2k weights W_t and
    deg(W*; M) + 2k of the teacher's.

    Raises ValueError for a batch gradient g(step, k) (Theorem A.4 takes those) and for a problem that has not two linear layers,
    UnaffordableError beyond the budget, a minute by default.
    """
    step = _checked_step(form, problem, step)
    _require_layer(form, problem, step, budget)
    if any(_is_gradient(x, step) and x.sample is None for x in form.letters):
        raise ValueError(f"Lemma A.3 takes gradients of single samples, g({step}, k, sample=s), but the form has batch gradients")
    terms: list[KroneckerTerm] = []
    for term in form.terms:
        samples = [x.sample for x in _gradients_in_order(term, step)]
        moments = joint_moments(problem.inputs, samples)
        terms += _cut_term(term, problem, step, moments, {})
    return KroneckerForm(terms)


def conditional_expectation(
    form: KroneckerForm, problem: TeacherStudent, step: int, *, budget: Budget | None = None
) -> list[KroneckerForm]:
    """Theorem A.4 (line 595), corrected: E[ form | F_step ] = sum_s alpha_s b^{-s}; returns [alpha_0, alpha_1, ...].

    alpha_s = sum over set partitions pi of the d gradient letters of s_1(|pi|, d - s) E_pi, where E_pi gives every block a
    sample of its own; s = 0..max(d-1, 0) (the print has s = 0..d). The partitions meet in the constant, so that alpha_s has
    as many terms as Lemma A.3. UnaffordableError beyond the budget, a minute by default.
    """
    step = _checked_step(form, problem, step)
    _require_layer(form, problem, step, budget)
    return _conditional_expectation(form, problem, step, {})


def unroll(form: KroneckerForm, problem: TeacherStudent, step: int, *, budget: Budget | None = None) -> KroneckerForm:
    """Theorem A.5 (line 609), corrected: W_{step,k} = W_{step-1,k} - alpha_{step-1} g_{step-1,k} in every place.

    A term with d letters W_step becomes 2^d terms; one with j gradients has the coefficient (-alpha_{step-1})^j (the print has alpha_step).
    Any network will do. UnaffordableError beyond the budget, a minute by default.
    """
    step = _checked_step(form, problem, step, any_network=True)
    if step < 1:
        raise ValueError(f"step must be at least 1 to be unrolled, but was {step}")
    Budget.of(budget, WITHOUT_BUDGET).require(unrolled_cost(form, step), "unrolling the form", ("fewer weights of that step",))
    rate = Fraction(problem.learning_rate(step - 1))
    return KroneckerForm(t for term in form.terms for t in _unroll_term(term, step, rate))


def to_initial_weights(form: KroneckerForm, problem: TeacherStudent, *, budget: Budget | None = None) -> list[KroneckerForm]:
    """Theorem A.6 (line 624): E[ form | w_0 ] = sum_s alpha_s b^{-s} in the letters W_0, W* and constants; returns [alpha_0, ...].

    Raises UnaffordableError when the predicted cost (`theory.recursion.cost.literal_cost`) exceeds the budget.
    """
    _checked_step(form, problem, 0)
    cost = literal_cost(form, problem)
    Budget.of(budget).require(cost, f"a form of step {form.step} in the initial weights", ("a smaller step", "fewer letters"))
    by_power: dict[int, list[KroneckerTerm]] = {0: list(form.terms)}
    for step in range(form.step, -1, -1):
        constants: Constants = {}
        after: dict[int, list[KroneckerTerm]] = {}
        for power, terms in by_power.items():
            for s, part in enumerate(_conditional_expectation(KroneckerForm(terms), problem, step, constants)):
                # a term that vanishes is dropped, but the first of them stays with coefficient 0, so that a sum has a term
                kept = [term for term in part.terms if _is_not_zero(term)] or [replace(part.terms[0], coefficient=Fraction(0))]
                if step:
                    rate = Fraction(problem.learning_rate(step - 1))
                    kept = [unrolled for term in kept for unrolled in _unroll_term(term, step, rate)]
                after.setdefault(power + s, []).extend(kept)
        by_power = {power: [t for t in terms if t.coefficient] or terms[:1] for power, terms in after.items()}
        while len(by_power) > 1 and not by_power[max(by_power)][0].coefficient:
            del by_power[max(by_power)]
    return [KroneckerForm(by_power[s]) for s in range(max(by_power) + 1)]


def _require_layer(form: KroneckerForm, problem: TeacherStudent, step: int, budget: Budget | None) -> None:
    what, fewer = "the expectation of the form over one batch", ("fewer gradients of that step",)
    Budget.of(budget, WITHOUT_BUDGET).require(layer_cost(form, problem, step), what, fewer)


# -- one term -------------------------------------------------------------------------------------------------------------


def _conditional_expectation(form: KroneckerForm, problem: TeacherStudent, step: int, constants: Constants) -> list[KroneckerForm]:
    if any(_is_gradient(x, step) and x.sample is not None for x in form.letters):
        raise ValueError(f"Theorem A.4 takes batch gradients g({step}, k), but the form has gradients of single samples")
    by_power: dict[int, list[KroneckerTerm]] = {}
    for term in form.terms:
        d = len(_gradients_in_order(term, step))
        for s in powers_of_inverse_batch(d):
            key = ("moments", d, s)
            if key not in constants:
                constants[key] = weighted_moments(problem.inputs, d, s)
            by_power.setdefault(s, []).extend(_cut_term(term, problem, step, constants[key], constants, s))
    return [KroneckerForm(by_power[s]) for s in range(len(by_power))]


def _cut_term(
    term: KroneckerTerm, problem: TeacherStudent, step: int, moments: np.ndarray, constants: Constants, tag: int = 0
) -> list[KroneckerTerm]:
    """2^d p^(2 [d_0 >= 1]) terms: every pick, every (u, v). `moments` has one axis before and one after every cut, in order."""
    shapes = term.shapes(problem, constants.setdefault("shapes", {}))
    counts = tuple(sum(_is_gradient(x, step) for x in row) for row in term.rows)
    inner = sum(_is_gradient(x, step) for x in term.open or ())
    d, p = sum(counts) + inner, problem.inputs.dimension
    if d == 0:
        return [term]
    key = (id(term.constant) if term.constant is not None else None, tuple(shapes), counts, inner, tag)
    if key not in constants:  # the entry keeps term.constant alive, so that its id stays its own
        constants[key] = _constants(term.tensor(shapes), counts, inner, moments), term.constant
    table = constants[key][0]
    found = []
    for picks in product((False, True), repeat=d):
        sign = (-1) ** sum(picks)
        remaining = iter(picks)
        rows: list[Word] = []
        for row, count in zip(term.rows, counts, strict=True):
            pieces = _cut(row, [next(remaining) for _ in range(count)], step)
            rows += [piece or (identity_letter(p),) for piece in pieces] if count else [row]
        if not inner:
            found.append(KroneckerTerm(sign * term.coefficient, table, tuple(rows), term.open))
            continue
        before, *between, after = _cut(term.open or (), list(remaining), step)
        rows += [piece or (identity_letter(p),) for piece in between]
        for u, v in product(range(p), repeat=2):
            last = (*before, unit_letter(p, u, v), *after)
            found.append(KroneckerTerm(sign * term.coefficient, table[u, v], tuple(rows), last))
    return found


def _constants(tensor: np.ndarray, counts: Sequence[int], inner: int, moments: np.ndarray) -> np.ndarray:
    """C_uv for all u, v at once (axes u, v, columns, rows), or the one constant when row 0 has no gradient."""
    m, d = len(counts), sum(counts) + inner
    both = np.multiply.outer(tensor, moments)
    before = [2 * m + 2 * q for q in range(d)]  # axis of x_s next to the piece on its left: a column of that piece
    after = [2 * m + 2 * q + 1 for q in range(d)]
    columns, rows, q = [], [], 0
    for h, count in enumerate(counts):
        cuts = range(q, q + count)
        columns += [*(before[c] for c in cuts), h]
        rows += [m + h, *(after[c] for c in cuts)]
        q += count
    front = [before[q], after[d - 1]] if inner else []
    columns += before[q + 1 : d] if inner else []
    rows += after[q : d - 1] if inner else []
    arranged = both.transpose(front + columns + rows)
    size = math.prod(both.shape[axis] for axis in columns), math.prod(both.shape[axis] for axis in rows)
    result = arranged.reshape(*(both.shape[axis] for axis in front), *size)
    if inner:  # one array for every (u, v), so that equal constants are the same object
        table = np.empty(result.shape[:2], dtype=object)
        for u, v in np.ndindex(*table.shape):
            table[u, v] = result[u, v]
        return table
    return result


def _cut(word: Word, picks: Sequence[bool], step: int) -> list[Word]:
    """The pieces between the x_s x_s^T of a row, one more than it has gradients."""
    pieces: list[Word] = []
    current: Word = ()
    remaining = iter(picks)
    w1, w2 = weight_letter(step, 1), weight_letter(step, 2)
    for letter in word:
        if not _is_gradient(letter, step):
            current += (letter,)
            continue
        pick = (teacher_letter(2), teacher_letter(1)) if next(remaining) else (w2, w1)
        left: Word = (w2.T, *pick) if letter.layer == 1 else pick
        right: Word = () if letter.layer == 1 else (w1.T,)
        if letter.transposed:
            left, right = transpose(right), transpose(left)
        pieces.append(current + left)
        current = right
    return [*pieces, current]


def _unroll_term(term: KroneckerTerm, step: int, rate: Fraction) -> list[KroneckerTerm]:
    words = [*term.rows, *([] if term.open is None else [term.open])]
    options = [[_unrolled(letter, step) for letter in word] for word in words]
    found = []
    for choice in product(*(option for word in options for option in word)):
        letters = iter(choice)
        new = [tuple(next(letters) for _ in word) for word in words]
        j = sum(was != now and now.kind == GRADIENT for was, now in zip(term.letters, choice, strict=True))
        last = None if term.open is None else new.pop()
        found.append(KroneckerTerm(term.coefficient * (-rate) ** j, term.constant, tuple(new), last))
    return found


def _unrolled(letter: Letter, step: int) -> tuple[Letter, ...]:
    if letter.kind != WEIGHT or letter.step != step:
        return (letter,)
    assert letter.layer is not None
    both = weight_letter(step - 1, letter.layer), gradient_letter(step - 1, letter.layer)
    return tuple(x.T for x in both) if letter.transposed else both


def _is_not_zero(term: KroneckerTerm) -> bool:
    return term.coefficient != 0 and (term.constant is None or any(term.constant.flat))


def _gradients_in_order(term: KroneckerTerm, step: int) -> list[Letter]:
    return [letter for letter in term.letters if _is_gradient(letter, step)]


def _is_gradient(letter: Letter, step: int) -> bool:
    return letter.kind == GRADIENT and letter.step == step


def _checked_step(form: KroneckerForm, problem: TeacherStudent, step: int, any_network: bool = False) -> int:
    """The step as an int, with all three checked."""
    if not isinstance(form, KroneckerForm):
        raise TypeError(f"form must be a KroneckerForm (KroneckerForm.from_trace_form makes one), but was {shown(form)}")
    if any_network:
        require_within(as_problem(problem))
    else:
        require_two_linear_layers(problem)
    return as_index(step, "step")


def require_two_linear_layers(problem: TeacherStudent) -> None:
    """TypeError for what is no network, CannotError for one that is not such a network, or that plain SGD does not train."""
    require_within(as_problem(problem))
    if problem.depth != 2 or not problem.is_linear:
        kind = "linear" if problem.is_linear else "not linear"
        by_engines = problem.is_polynomial and ((problem.is_linear and problem.depth == 1) or problem.inputs.support() is not None)
        left = {POLYNOMIAL: by_engines, ENUMERATION: not in_balls(problem)}
        reason = f"the recursion is for two linear layers, but the network has {problem.depth} and is {kind}"
        raise cannot(problem, reason, *(route for route, takes_forms in left.items() if takes_forms))
