"""Theorem A.10: mixed products of weights and gradients are close when their factors are, by telescoping.

    || prod_i A_i - prod_i B_i ||  <=  sum_j (prod_{i<j} a_i) e_j prod_{i>j} (a_i + e_i),       a_i >= ||A_i||,  e_i >= ||A_i - B_i||

The value of tr( C (x)_h R_h ) R_0 is linear in every letter of its rows, so it telescopes over all of them at once. Each term of the
sum is tr( C (x)_h R'_h ) R'_0 with words R' of the same shapes, and with n_h the smallest dimension along row h, so that R'_h has rank
n_h at most,

    | tr( (x)_h R'_h ) | <= prod_h n_h ||R'_h||_2,     | tr( C (x)_h R'_h ) | <= ||C||_F prod_h sqrt(n_h) ||R'_h||_2,
    ||R'_0||_F <= sqrt(n_0) ||R'_0||_2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from flint import arb

from theory.approximation.gap_bounds import GapBounds, spectral_of
from theory.arithmetic.balls import double_ends
from theory.arithmetic.norms import times, up
from theory.arithmetic.working_precision import working_precision
from theory.budget import RangeError
from theory.exact import as_double, as_sequence, shown, to_fmpq
from theory.problem import TeacherStudent, as_problem
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm
from theory.trace_forms import TraceForm
from theory.trace_forms.letters import CONSTANT, GRADIENT, TEACHER, Letter, Word

_BITS = 64


def telescoped(norms: Sequence[float], gaps: Sequence[float]) -> float:
    """sum_j (prod_{i<j} norms_i) gaps_j prod_{i>j} (norms_i + gaps_i), rounded up; 0 for no factors.

    Raises ValueError for lengths that differ and for numbers that are negative or not finite.

    Examples:
        >>> telescoped([2, 3], [0.5, 0.25]) >= 0.5 * 3.25 + 2 * 0.25
        True
    """
    a = [as_double(x, f"norms[{i}]") for i, x in enumerate(as_sequence(norms, "norms"))]
    e = [as_double(x, f"gaps[{i}]") for i, x in enumerate(as_sequence(gaps, "gaps"))]
    if len(a) != len(e):
        raise ValueError(f"gaps must have one entry for each of the {len(a)} norms, but had {len(e)}")
    if a and min(a + e) < 0:
        raise ValueError(f"norms and gaps must not be negative, but were {shown(a)} and {shown(e)}")
    total, before = 0.0, 1.0
    for size, gap in zip(a, e, strict=True):  # after j factors: `before` >= prod a, `total` >= the gap of the product
        total = float(up(total * (size + gap) + before * gap))
        before = float(up(before * size))
    if not math.isfinite(total):
        raise RangeError("the bound on the product left the range of double precision")
    return total


def product_gap_bound(form: TraceForm | KroneckerForm, problem: TeacherStudent, bounds: GapBounds) -> float:
    """A bound on || value of `form` in the S-run - its value in the P-run ||_F (Theorem A.10), rounded up.

    Args:
        form: a trace form such as tr(g(1, 1).T @ g(1, 1)) * W(2, 1), or a Kronecker form tr( C (x)_i R_i ) R_0 with any constant C;
            in letters W(t, k), g(t, k), teacher(k) and constants, t < the number of steps of `bounds`.
        problem: the problem that `bounds` belong to.
        bounds: of `gradient_gap_bound`; with its envelope "a_priori" the result holds for every path.

    Raises ValueError for letters beyond the bounds' steps, gradients of single samples and words that do not chain.
    """
    as_problem(problem)
    if isinstance(form, TraceForm):
        form.shape(problem)
        form = KroneckerForm.from_trace_form(form)
    if not isinstance(form, KroneckerForm):
        raise TypeError(f"form must be a trace form or a Kronecker form, but was {shown(form)}")
    if not isinstance(bounds, GapBounds):
        raise TypeError(f"bounds must be those of gradient_gap_bound, but were {shown(bounds)}")
    steps = len(bounds.gradient)
    if bounds.sizes != problem.sizes:
        raise ValueError(f"bounds must be those of this problem, of sizes {problem.sizes}, but are of sizes {bounds.sizes}")
    if form.step >= steps:
        raise ValueError(f"form must stay within steps 0..{steps - 1} of the bounds, but has a letter of step {form.step}")
    if single := sorted(str(x) for x in form.letters if x.sample is not None):
        raise ValueError(f"form must not have gradients of single samples, but has {', '.join(single)}")
    total = 0.0
    for term in form.terms:
        pairs = [_norm_and_gap(letter, problem, bounds) for letter in term.letters]
        size = telescoped([a for a, _ in pairs], [e for _, e in pairs])
        total = float(up(total + _factor(term, problem) * size))
    if not math.isfinite(total):
        raise RangeError("the bound on the form left the range of double precision")
    return total


def _norm_and_gap(letter: Letter, problem: TeacherStudent, bounds: GapBounds) -> tuple[float, float]:
    if letter.kind == CONSTANT:
        return spectral_of(letter.matrix), 0.0
    layer = problem.check_layer(letter.layer) - 1
    if letter.kind == TEACHER:
        return spectral_of(problem.teacher_weights[layer]), 0.0
    norm, gap = (bounds.gradient_norm, bounds.gradient) if letter.kind == GRADIENT else (bounds.weight_norm, bounds.weight)
    return float(norm[letter.step, layer]), float(gap[letter.step, layer])


def _factor(term: KroneckerTerm, problem: TeacherStudent) -> float:
    """What the product of the letters' norms is to be multiplied by."""
    term.shapes(problem)  # refuses rows that do not chain and a C that does not fit
    ranks = math.prod(_smallest(row, problem) for row in term.rows)
    with working_precision(_BITS):  # in balls: a tiny coefficient may meet a large C
        size = abs(arb(to_fmpq(term.coefficient)))
        if term.constant is not None:
            size *= sum((arb(x * x) for x in term.constant.ravel().tolist()), arb(0)).sqrt()
    inner = float(ranks) if term.constant is None else math.sqrt(ranks)
    outer = 1.0 if term.open is None else math.sqrt(_smallest(term.open, problem))
    return float(times(double_ends(size)[1], inner, outer))


def _smallest(word: Word, problem: TeacherStudent) -> int:
    """The smallest dimension along a word."""
    shapes: list[Any] = [letter.shape(problem) for letter in word]
    return min(n for shape in shapes for n in shape)
