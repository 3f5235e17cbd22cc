"""Every public entry, called with good arguments, edges and nonsense: it answers, or it refuses with a word, in seconds and little memory.

Some hundred calls here; 30,000 in the thorough profile (HYPOTHESIS_PROFILE=thorough), from a new seed each time.
`python -m tests.fuzz.campaign` makes as many as one likes.
"""

from __future__ import annotations

import inspect
import os
import random
from importlib import import_module

import pytest

from tests.fuzz.campaign import run, table
from tests.fuzz.entries import ENTRIES
from tests.fuzz.expressions import Draw
from tests.fuzz.worker import drawn, outcome
from tests.thorough import THOROUGH

CALLS = 30_000 if THOROUGH else 500
SEED = int(os.environ.get("FUZZ_SEED") or (random.randrange(1 << 30) if THOROUGH else 0))

MODULES = (
    *("theory", "theory.variance_poly", "theory.chebyshev", "theory.approximation", "theory.enumeration", "theory.gaussian_moments"),
    *("theory.kronecker", "theory.trace_forms", "theory.recursion", "theory.inverse_batch", "theory.inputs", "theory.problem"),
    *("theory.activations", "theory.large_batch", "theory.linear_regression", "theory.references.quadrature", "theory.degrees", "empirics"),
)
#: Records and errors that other entries return or raise, and what is only for those who write engines.
NOT_CALLED = frozenset(
    {
        "Term",
        "TraceForm",
        "Path",
        "Piece",
        "Activation",
        "KroneckerTerm",
        "InputLaw",
        "IndependentCoordinates",
        "Progress",
        "RunCost",
        "quadratic_forms_cost",  # predictions for the functions beside them, which are called
        "wishart_cost",
        "Comparison",
        "CriticalBatchSize",
        "LargeBatchLaw",
        "NoiseScale",
        "GapBounds",
        "Gaps",
        "Stationary",
        "Trajectory",
    }
    | {"DecreasingRange", "statistic_covariance", "hermite_rule", "laguerre_rule", "certifying_seconds", "METHODS"}
    | {"as_law", "as_problem", "name_of"}
    | {"printed_variance_degree_a7", "printed_variance_degrees_3_4"}
)


@pytest.mark.slow
def test_every_entry_answers_or_refuses_with_a_word():
    campaign = run(CALLS, SEED, processes=2 if THOROUGH else 1)
    found = "\n".join(map(str, campaign.found))
    assert not campaign.found, f"seed {SEED}, {len(campaign.found)} of {CALLS} calls\n{found}"
    answered = campaign.total("answered") / CALLS
    assert answered > 0.3, f"most calls were refused: the fuzz sees nothing\n{table(campaign)}"


def test_every_public_entry_is_called():
    said = " ".join(expression for name in ENTRIES for i in range(60) for expression in (drawn(0, i, name)[1],))
    missing = []
    for name in MODULES:
        module = import_module(name)
        public = getattr(module, "__all__", None) or [
            n for n, value in vars(module).items() if not n.startswith("_") and getattr(value, "__module__", "") == name
        ]
        for entry in public:
            value = getattr(module, entry, None)  # a module is loaded when it is asked for
            is_error = inspect.isclass(value) and issubclass(value, BaseException)
            if callable(value) and not is_error and entry not in NOT_CALLED and entry not in said:
                missing.append(f"{name}.{entry}")
    assert missing == []


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # an expression may call a list
def test_calls_are_the_same_for_the_same_seed():
    assert [drawn(3, i) for i in range(50)] == [drawn(3, i) for i in range(50)]
    for name in sorted(ENTRIES):
        draw = Draw(name)
        draw.malice = 0.1
        for _ in range(5):
            compile(ENTRIES[name](draw), name, "eval")


@pytest.mark.parametrize(
    "expression, ending",
    [
        ("1 + 1", "answered"),
        ("as_index(-1, 'x')", "refused"),
        ("undefined", "void"),
        ("to_fraction('x')", "leak"),
        ("to_fmpq(None)", "defect"),
        ("as_number(1)", "void"),
    ],
)
def test_endings_are_told_apart(expression, ending):
    from theory import exact

    assert outcome(expression, vars(exact))["result"] == ending
