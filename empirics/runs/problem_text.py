"""The problem of a run as JSON, every number exact, as attributes of a result hold it.

    {"student": [...], "teacher": [...] or null, "learning_rates": ..., "activation": [...] or a name, "inputs": {"law": ..., ...}}

with "optimizer" and "sampling" where they are not the plain ones.

Floats are JSON numbers, rationals are texts such as "1/3". What no file can hold is named by its digest: functions of the user's, and
problems of more than MOST_NUMBERS numbers. Learning rates that a function gave are the doubles that the run used.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np

from empirics.engine_records import is_users_function
from empirics.runs.plan import Plan
from theory.exact import Number, written
from theory.inputs import NAMED, DataSet, InputLaw, name_of

#: Larger problems are named by their digest; a store has their arrays in problem.npz.
MOST_NUMBERS = 500_000


def problem_text(plan: Plan) -> str:
    """The problem of a run as JSON."""
    problem, law = plan.problem, plan.problem.inputs
    rates = _rates(plan)
    weights = sum(w.size for w in problem.networks)
    of_law = sum(np.size(x) for x in law.parameters().values())
    if weights + (len(rates) if isinstance(rates, list) else 1) + of_law > MOST_NUMBERS:
        where = "in problem.npz of the store, where there is one"
        return json.dumps({"sizes": problem.sizes, "sha256": plan.identity()["problem"], "numbers": where})
    data: dict[str, Any] = {name: [w.tolist() for w in getattr(problem, name) or ()] or None for name in ("student", "teacher")}
    data["learning_rates"] = rates
    if not problem.optimizer.is_plain:
        data["optimizer"] = {field.name: getattr(problem.optimizer, field.name) for field in fields(problem.optimizer)}
    if problem.sampling != "independent":
        data["sampling"] = problem.sampling
    if problem.is_polynomial:
        data["activation"] = problem.polynomial
    else:
        data["activation"] = {"function": str(problem.activation)} if is_users_function(problem) else problem.activation_function.name
    return json.dumps(data | {"inputs": _law_data(law)}, default=lambda x: x.tolist() if isinstance(x, np.ndarray) else written(x))


def _rates(plan: Plan) -> list[Number] | Number:
    """As they were given, as far as the run goes."""
    given = plan.problem.learning_rates
    if callable(given):
        return plan.rates[:-1].tolist()
    return list(given[: plan.steps - 1]) if isinstance(given, tuple) else given


LAWS: dict[str, type[InputLaw]] = NAMED | {"data_set": DataSet}


def _law_data(law: InputLaw) -> dict[str, Any]:
    name = name_of(law, LAWS)
    return {"law": repr(law)} if name is None else {"law": name} | law.parameters()
