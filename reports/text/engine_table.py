"""What is computed for which networks and inputs, found by asking the engines: the table of README.md and of `batchlaw engines`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache, partial
from typing import Any

from theory import Budget, Discrete, Gaussian, Rademacher, TeacherStudent, Uniform
from theory.affordable_routes import affordable_routes
from theory.budget import largest_that_fits
from theory.engines.base import Quantity, can
from theory.inputs import DataSet, InputLaw
from theory.variance_poly import ENGINES

HEADERS = ("Network", "Inputs", "Exact polynomial in 1/b", "Otherwise")
LAWS: dict[str, Callable[[int], InputLaw]] = {
    "Gaussian": Gaussian,
    "Gaussian with a mean": lambda p: Gaussian(mean=[1] * p),
    "Rademacher": Rademacher,
    "Uniform": Uniform,
    "Discrete": lambda p: Discrete([[0] * p, [1] * p]),
    "DataSet": lambda p: DataSet([[0.0] * p, [1.0] * p]),
}
#: name: depth, and an activation that stands for its kind
NETWORKS: dict[str, tuple[int, Any]] = {
    "linear, one layer": (1, (0, 1)),
    "linear, two layers": (2, (0, 1)),
    "linear, three layers or more": (3, (0, 1)),
    "polynomial activation, two layers or more": (2, (0, 1, 1)),
    "sigmoid, tanh, softplus, GELU, SiLU or ELU": (2, "tanh"),
    "ReLU or leaky ReLU": (2, "relu"),
}
#: Beyond these nobody's limit lies: what is possible there is possible everywhere.
FAR_STEP, FAR_DIMENSION = 12, 64
#: Steps at which ways begin.
STARTS = (0, 2)


def rows() -> list[tuple[str, str, str, str]]:
    """One row for each network and group of laws with the same answer, asked anew."""
    found = []
    for name, (depth, activation) in NETWORKS.items():
        answers: dict[tuple[str, str], list[str]] = {}
        for law in LAWS:
            answers.setdefault(_answer(law, depth, activation), []).append(law)
        found += [(name, ", ".join(laws), *answer) for answer, laws in answers.items()]
    return found


def markdown() -> str:
    """The table for README.md."""
    lines = [HEADERS, ("---",) * len(HEADERS), *rows()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def problem(law: str, depth: int, activation: Any, dimension: int = 1) -> TeacherStudent:
    """A network with one unit a layer."""
    weights = [[[1] * dimension], *([[1]] for _ in range(depth - 1))]
    return TeacherStudent(weights, weights, LAWS[law](dimension), Fraction(1, 10), activation)


def _answer(law: str, depth: int, activation: Any) -> tuple[str, str]:
    def engine_can(engine: Any, dimension: int, step: int) -> bool:
        return can(engine, problem(law, depth, activation, dimension), Quantity("variance", step, 1))

    @cache
    def routes_at(dimension: int) -> list[str]:
        return _routes(problem(law, depth, activation, dimension))

    def route_is_there(route: str, dimension: int, step: int) -> bool:
        return route in routes_at(dimension)

    engines = [(e.name, partial(engine_can, e)) for e in ENGINES]
    routes = [(route, partial(route_is_there, route)) for route in routes_at(1)]
    return _listed(engines), _listed(routes)


def _routes(network: TeacherStudent) -> list[str]:
    """At step 0, where all that applies is affordable."""
    return [line.split(" (")[0] for line in affordable_routes(network, Quantity("variance", 0, 1, budget=Budget(math.inf, math.inf)))]


def _listed(ways: Iterable[tuple[str, Callable[[int, int], bool]]]) -> str:
    starts = ((name, fits, next((t for t in STARTS if fits(1, t)), None)) for name, fits in ways)
    return "; ".join(name + _limits(fits, start) for name, fits, start in starts if start is not None) or "none"


def _limits(fits: Callable[[int, int], bool], start: int) -> str:
    """From which step t on, and how far it goes in steps and in coordinates p, each from the smallest of the other."""
    step = None if fits(1, FAR_STEP) else largest_that_fits(lambda t: fits(1, t), start, FAR_STEP)
    dimension = None if fits(FAR_DIMENSION, start) else largest_that_fits(lambda p: fits(p, start), 1, FAR_DIMENSION)
    said = [f"t ≥ {start}"] if start else []
    said += [f"t {'=' if not step else '≤'} {step}"] if step is not None else []
    said += [f"p {'=' if dimension == 1 else '≤'} {dimension}"] if dimension is not None else []
    return f" ({', '.join(said)})" if said else ""
