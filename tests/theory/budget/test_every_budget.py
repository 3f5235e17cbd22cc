"""Every function that can take long has one and the same `budget=`: a keyword that means the same, and refuses the same way."""

from __future__ import annotations

import inspect
import re

import pytest

from empirics import simulate
from tests.theory.good_calls import GOOD_CALLS
from theory import approximation, chebyshev, enumeration, gaussian_moments, kronecker, large_batch, recursion, variance_poly
from theory.budget import Budget, UnaffordableError
from theory.references import quadrature

#: What takes no time: a form, a count or a prediction.
QUICK = {
    chebyshev.convergence_rate, chebyshev.degree_for, chebyshev.sup_norms, enumeration.cost, kronecker.padded, recursion.initial_values,
    recursion.predicted_cost, large_batch.predicted_cost, large_batch.critical_batch_size, quadrature.predicted_cost,
    approximation.product_gap_bound, approximation.telescoped,
}  # fmt: skip
MODULES = (variance_poly, recursion, enumeration, quadrature, large_batch, approximation, chebyshev, gaussian_moments, kronecker)
BUDGETED = {f: given for f, given in GOOD_CALLS.items() if "budget" in given and f is not variance_poly.predicted_cost}
#: How a refusal ends, whatever it is of.
FORM = re.compile(r".+ would cost .+; the budget is 1e-12 s and 1 B\. Alternatives: (.+; or )?a larger budget$", re.DOTALL)


def _name(function):
    return f"{function.__module__}.{function.__qualname__}"


def test_what_can_take_long_has_a_budget():
    functions = {f for f in GOOD_CALLS if inspect.isfunction(f) and any(f.__module__.startswith(m.__name__) for m in MODULES)}
    lacking = {_name(f) for f in functions - BUDGETED.keys() - QUICK - {variance_poly.predicted_cost} if not _name(f).endswith("_letter")}
    assert lacking == set() and len(BUDGETED) > 30


@pytest.mark.parametrize("function", [*BUDGETED, simulate], ids=_name)
def test_it_is_a_keyword_that_may_be_left_out(function):
    parameter = inspect.signature(function).parameters["budget"]
    assert parameter.kind is parameter.KEYWORD_ONLY and parameter.default is None and "Budget" in str(parameter.annotation)


@pytest.mark.parametrize("function", BUDGETED, ids=_name)
def test_a_budget_of_nothing_is_refused_in_one_form(function):
    with pytest.raises(UnaffordableError) as refusal:
        function(**BUDGETED[function] | {"budget": Budget(1e-12, 1)})
    assert FORM.fullmatch(str(refusal.value)), str(refusal.value)
    assert max(refusal.value.cost.seconds, refusal.value.cost.bytes) > 0 and refusal.value.alternatives[-1] == "a larger budget"


@pytest.mark.parametrize("function", BUDGETED, ids=_name)
@pytest.mark.parametrize("budget", [5, "60 s", (60, 1e9)], ids=str)
def test_what_is_no_budget_is_refused_by_name(function, budget):
    with pytest.raises(TypeError, match="budget must be a Budget"):
        function(**BUDGETED[function] | {"budget": budget})
