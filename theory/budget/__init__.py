"""What a request may cost: predicted costs, the budget, and the errors that refuse, before any work.

A function that can take long predicts its `Cost` in microseconds, from sizes alone, and asks its `budget=` for it:
`Budget.of(budget).require(cost, what, alternatives)`. Counts saturate (`saturated`); what is not counted further is `Cost.beyond_reach`.
"""

from theory.budget.budget import WITHOUT_BUDGET, Budget, largest_that_fits, refuse_large, refuse_long
from theory.budget.cost import Cost
from theory.budget.counts import BEYOND_REACH, as_count, as_power_of_ten, saturated, saturated_binomial, saturated_exp, saturated_power
from theory.budget.errors import CannotError, RangeError, UnaffordableError
from theory.budget.words import duration, size

__all__ = [
    "BEYOND_REACH",
    "WITHOUT_BUDGET",
    "Budget",
    "CannotError",
    "Cost",
    "RangeError",
    "UnaffordableError",
    "as_count",
    "as_power_of_ten",
    "duration",
    "largest_that_fits",
    "refuse_large",
    "refuse_long",
    "saturated",
    "saturated_exp",
    "saturated_binomial",
    "saturated_power",
    "size",
]
