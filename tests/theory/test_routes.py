"""What a refusal names does what it is named for: every route that is said to apply is gone, on small problems of every kind."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest

from empirics import make_plan, simulate
from theory import (
    SGD,
    Discrete,
    Gaussian,
    Independent,
    Rademacher,
    TeacherStudent,
    Uniform,
    enumeration,
    large_batch,
    recursion,
    variance_poly,
)
from theory.activations import custom
from theory.approximation import certified_decreasing_range
from theory.budget import CannotError, UnaffordableError
from theory.chebyshev import approximate
from theory.engines.base import Quantity, can
from theory.references import quadrature
from theory.routes import ENUMERATION, LARGE_BATCH, POLYNOMIAL, QUADRATURE, ROUTES, SIMULATION, in_balls
from theory.trace_forms import g, tr

SINE = custom(np.sin, np.cos, lipschitz=1, derivative_lipschitz=1)
LAWS = {
    "N(0, 1)": Gaussian(1),
    "N(0, I_2)": Gaussian(2),
    "atoms": Discrete([1, 2]),
    "signs": Rademacher(1),
    "a large cube": Rademacher(17),
    "uniform": Uniform(1),
    "a table to order 4": Independent(1, [1, 0, 1, 0, 3]),
    "a table to order 2": Independent(1, [1, 0, 1]),
}
NETWORKS = {"one layer": (1, (0, 1)), "two layers": (2, (0, 1)), "three layers": (3, (0, 1)), "quadratic": (2, (0, 1, 1)),
            "relu": (2, "relu"), "tanh": (2, "tanh"), "a user's sine": (2, SINE)}  # fmt: skip


def problem(law, depth, activation, optimizer=None):
    sizes = [law.dimension, *[1] * depth]
    student = [np.full((n, m), F(1, 2)) for m, n in pairwise(sizes)]
    return TeacherStudent(student, [0 * w for w in student], law, F(1, 10), activation, optimizer=optimizer or SGD())


PROBLEMS = {f"{law}, {network}": problem(LAWS[law], *NETWORKS[network]) for law in LAWS for network in NETWORKS}
PROBLEMS["momentum"] = problem(Discrete([1, 2]), 2, (0, 1), SGD(momentum=F(1, 2)))


def enumerated(p):
    return (enumeration.variance_ball if in_balls(p) else enumeration.variance)(p, 0, 1, batch_size=2)


#: The shortest computation of each route.
GO = {
    POLYNOMIAL: lambda p: variance_poly.variance_polynomial(p, 0, 1),
    ENUMERATION: enumerated,
    QUADRATURE: lambda p: quadrature.variance(p, 0, 1, batch_size=2),
    LARGE_BATCH: lambda p: large_batch.leading_coefficient(p, 0, 1),
    SIMULATION: lambda p: simulate(p, batch_sizes=[2], steps=1, replicas=2),
}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.place)
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_route_that_is_said_to_apply_can_be_gone_and_one_that_is_not_is_refused(route, name):
    p = PROBLEMS[name]
    if (route, name) in TOO_LONG:
        with pytest.raises(UnaffordableError):
            GO[route](p)
    elif route.unsupported_reason(p) is None:
        GO[route](p)
        assert route is not POLYNOMIAL or all(any(can(e, p, Quantity("variance", t, 1)) for e in variance_poly.ENGINES) for t in (1, 2, 5))
    elif route is not POLYNOMIAL:  # of which more than what is sure may do
        with pytest.raises(ValueError, match=r"\w"):
            GO[route](p)


#: Routes that apply, and are too long for the default budget.
TOO_LONG = {(LARGE_BATCH, "a large cube, quadratic")}
REFUSALS = {
    "enumeration": lambda p: enumeration.variance(p, 0, 1, batch_size=2),
    "enumeration in balls": lambda p: enumeration.variance_ball(p, 0, 1, batch_size=2),
    "quadrature": lambda p: quadrature.loss(p, 1, batch_size=2),
    "large batch": lambda p: large_batch.leading_coefficient(p, 0, 1),
    "simulation": lambda p: make_plan(p, batch_sizes=[2], steps=1, replicas=2),
}
OWN = {"quadrature": QUADRATURE, "large batch": LARGE_BATCH, "simulation": SIMULATION}


@pytest.mark.parametrize("refused", REFUSALS)
def test_a_refusal_names_all_that_applies_and_nothing_else(refused):
    own, count = OWN.get(refused, ENUMERATION), 0
    for name, p in PROBLEMS.items():
        try:
            REFUSALS[refused](p)
        except UnaffordableError:
            assert (own, name) in TOO_LONG
        except CannotError as error:
            said, count = str(error), count + 1
            for route in ROUTES:
                assert (route.words() in said) == (route is not own and route.unsupported_reason(p) is None), (name, route, said)
    assert count > 10


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_recursion_names_what_computes_its_form(name):
    p = PROBLEMS[name]
    form = tr(g(0, 1).T @ g(0, 1))
    if p.depth == 2 and p.is_linear and p.optimizer.is_plain:
        return  # it computes it itself, as far as the moments go
    with pytest.raises(CannotError) as refusal:
        recursion.expectation(form, p)
    said = str(refusal.value)
    if "theory.variance_poly" in said:
        variance_poly.expectation(p, form)
    if "theory.enumeration" in said:
        enumeration.expectation(p, form, batch_size=2)


@pytest.mark.parametrize("law", ["N(0, 1)", "uniform", "a table to order 4"])
def test_a_range_of_batch_sizes_that_cannot_be_enumerated_names_simulation(law):
    p = problem(LAWS[law], 2, "tanh")
    with pytest.raises(CannotError, match="inputs must have finite support") as refusal:
        certified_decreasing_range(p, approximate("tanh", 3, 9), 0, 1)
    assert ("empirics.simulate" in str(refusal.value)) == (SIMULATION.unsupported_reason(p) is None)
