"""The degree in 1/b of the expectation of a form: the sharp bound, and the printed one of Theorem A.6."""

from __future__ import annotations

from collections.abc import Sequence

from theory import degrees
from theory.budget import WITHOUT_BUDGET, Budget, Cost, as_count, saturated
from theory.exact import as_index, as_sequence, spelled
from theory.recursion.kronecker_forms import KroneckerForm, KroneckerTerm, require_form
from theory.trace_forms import Term, TraceForm
from theory.trace_forms.letters import GRADIENT, WEIGHT, Letter


def batch_degrees(letters: Sequence[Letter], top: int, *, m: int = 3, budget: Budget | None = None) -> list[int]:
    """(D_0, ..., D_top): the degree of a product of letters in the moments of batch f,

        D_f = sum_{s >= f} m^{s-f} deg(G_s; M) + sum_{s > f} m^{s-f-1} deg(W_s; M)

    because g_s is a polynomial of degree m^{s-f} in batch f and W_s has the degree of g_{s-1}; m = 3 for two linear layers.
    """
    letters, top, m = as_sequence(letters, "letters"), as_index(top, "top"), as_index(m, "m", minimum=1)
    work = (1 + saturated(top)) ** 2 * (1 + len(letters)) * (1 + m.bit_length() / 8)
    _degrees_affordable(work, top, budget)
    return degrees.batch_degrees((x.last_batch for x in letters if (x.step or 0) <= top), top + 1, m=m)


def _degrees_affordable(work: float, top: int, budget: Budget | None) -> None:
    cost = Cost(1e-6 * work, work / 8, f"numbers of {as_count(2 * top)} bits")
    Budget.of(budget, WITHOUT_BUDGET).require(cost, f"the degrees up to step {spelled(top)}", ("a smaller step",))


def degree_bound(form: TraceForm | KroneckerForm, *, depth: int = 2, activation_degree: int = 1, budget: Budget | None = None) -> int:
    """The sharp bound on the degree of E[ form | w_0 ] in 1/b: sum_f max(D_f - 1, 0), the largest over the terms.

    Degree k in the averages of one batch costs degree k - 1 in 1/b (k >= 1), and batches are independent.
    """
    require_form(form)
    m = degrees.gradient_degree(depth, activation_degree=activation_degree)
    return max(degrees.expectation_degree(batch_degrees(term.letters, form.step, m=m, budget=budget)) for term in form.terms)


def printed_degree_bound(form: TraceForm | KroneckerForm, *, budget: Budget | None = None) -> int:
    """Theorem A.6 as printed (line 629): sum_f (3^{f+1} - 1)/2 deg(G_f; M) + (3^f - 1)/2 deg(W_f; M), which is sum_f D_f."""
    require_form(form)
    _degrees_affordable((1 + saturated(form.step)) ** 2, form.step, budget)
    return max(degrees.printed_degree_a6(_steps(term, GRADIENT), _steps(term, WEIGHT)) for term in form.terms)


def _steps(term: Term | KroneckerTerm, kind: str) -> list[int]:
    return [letter.step for letter in term.letters if letter.kind == kind and letter.step is not None]
