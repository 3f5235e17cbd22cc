"""Every engine against every oracle on every pinned problem, as far as each goes; and the values that are known exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.instances import KNOWN, PINNED, Known
from tests.oracles import ORACLES, SymbolicOracle
from theory.engines.base import Engine, Quantity, can
from theory.problem import TeacherStudent
from theory.variance_poly import ENGINES


def quantities(problem: TeacherStudent, step: int) -> list[Quantity]:
    layers = range(1, problem.depth + 1)
    return [
        *(Quantity(kind, step, k) for kind in ("variance", "second_moment", "mean") for k in layers),
        Quantity("loss", step),
        Quantity("loss_variance", step),
    ]


def at(found: Any, b: int) -> list[Any]:
    return [v(b) for v in np.ravel(np.array(found, dtype=object))]


COVERED = [(name, oracle) for name, problem in PINNED.items() for oracle in ORACLES if ORACLES[oracle].covers(problem)]


@pytest.mark.parametrize("step", [0, 1])
@pytest.mark.parametrize(("name", "oracle"), COVERED)
def test_engines_and_oracles_agree(name: str, step: int, oracle: str) -> None:
    problem, slow = PINNED[name], ORACLES[oracle]
    for quantity in quantities(problem, step):
        for engine in ENGINES:
            if slow.can(problem, quantity) and can(engine, problem, quantity):
                found = engine.compute(problem, quantity)
                if isinstance(slow, SymbolicOracle):
                    assert np.array_equal(found, slow.polynomial(problem, quantity)), (engine.name, str(quantity))
                else:
                    assert at(found, 2) == np.ravel(slow.value(problem, quantity, 2)).tolist(), (engine.name, str(quantity))


@pytest.mark.parametrize("known", KNOWN, ids=lambda k: f"{k.name}, {k.kind}, b = {k.batch_size}")
def test_known_values(known: Known) -> None:
    problem, quantity = PINNED[known.name], Quantity(known.kind, known.step, known.layer)
    engines: list[Engine] = [e for e in ENGINES if can(e, problem, quantity)]
    oracles = [o for o in ORACLES.values() if o.can(problem, quantity)]
    assert engines and oracles
    assert [e.compute(problem, quantity)(known.batch_size) for e in engines] == [known.value] * len(engines)  # type: ignore[operator]
    assert [o.value(problem, quantity, known.batch_size) for o in oracles] == [known.value] * len(oracles)


def test_every_pinned_problem_has_an_engine_and_an_oracle() -> None:
    for problem in PINNED.values():
        for quantity in (Quantity("variance", 1, 1), Quantity("loss", 1)):
            assert any(can(e, problem, quantity) for e in ENGINES) and any(o.can(problem, quantity) for o in ORACLES.values())
