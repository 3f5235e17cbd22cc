"""Theorem A.9: every gap between a smooth network's run and a polynomial one's is at most its bound; the print's premises are too weak."""

from dataclasses import replace
from fractions import Fraction as F
from functools import lru_cache
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import fractions, matrices
from theory import TeacherStudent, Uniform
from theory.activations import activation
from theory.approximation.run_bounds import smooth_run
from theory.chebyshev import approximate, degree_for, sup_norms
from theory.claims import theorem_a9 as claim

pytestmark = pytest.mark.theorems("A.9")

SMOOTH = ("sigmoid", "tanh", "softplus", "gelu", "silu", "elu")
#: Beyond this the certificate takes a noticeable part of a second; a coarser polynomial is then used, and its gap may leave the domain.
HIGHEST_DEGREE = 60


@st.composite
def instances(draw):
    """H = 2..4, widths 1..3, T <= 10, three samples a batch at most; the radius leaves a quarter of room around both networks."""
    name = draw(st.sampled_from(SMOOTH))
    sizes = draw(st.lists(st.integers(1, 3), min_size=3, max_size=5))
    steps, batch = draw(st.integers(1, 10)), draw(st.integers(1, 3))
    layers = [[draw(matrices(rows, columns)) for columns, rows in pairwise(sizes)] for _ in range(2)]
    halved = [[[[x / 2 for x in row] for row in w] for w in side] for side in layers]
    rate = draw(st.sampled_from([F(1, 10), F(1, 20), F(1, 100)]))
    problem = TeacherStudent(*halved, Uniform(sizes[0]), rate, name)
    numbers = draw(st.lists(fractions, min_size=steps * batch * sizes[0], max_size=steps * batch * sizes[0]))
    x = np.array([float(v) / 2 for v in numbers]).reshape(steps, batch, sizes[0])
    radius = F(ceil(5 * reach(problem, x)), 4) + F(1, 4)
    return claim.Instance(name, problem, radius, fitting_degree(name, radius), x)


def reach(problem, x):
    """The largest pre-activation of either network."""
    run = smooth_run(problem, approximate(problem.activation, 1, 1, certify=False), [float(problem.learning_rate(0))] * len(x), x)
    hidden = [h for step in run for h in (*step.preactivations[:-1], *step.teacher[1][:-1])]
    return float(max(np.abs(h).max() for h in hidden))


@lru_cache
def fitting_degree(name, radius):
    """Errors of about a millionth, where that is affordable."""
    return HIGHEST_DEGREE if name == "elu" else min(HIGHEST_DEGREE, degree_for(name, radius, 1e-6))


@given(instances())
@settings(max_examples=60)
def test_every_gap_is_at_most_its_bound(ledger, instance):
    evidence = claim.check(instance)
    if evidence.holds is None:
        ledger.vacuous("A.9", "the gap leaves the domain")
    else:
        ledger.record("A.9", evidence)


@given(instances())
@settings(max_examples=15)
def test_a_priori_bounds_hold_too(ledger, instance):
    """Half the weights and two steps: norms without directions need room."""
    drawn, steps = instance.problem, instance.batches[:2]
    student, teacher = ([w / 2 for w in side] for side in (drawn.student, drawn.teacher))
    law = Uniform(drawn.sizes[0], F(-3, 2), F(3, 2))
    problem = TeacherStudent(student, teacher, law, drawn.learning_rates, drawn.activation)
    for wider in (1, 2, 4, 8):
        evidence = claim.check(claim.Instance(instance.name, problem, wider * instance.radius, HIGHEST_DEGREE, steps, "a_priori"))
        if evidence.holds is not None:
            ledger.record("A.9", evidence)
            return
    ledger.vacuous("A.9", "the a-priori domain is larger than eight times that of the run")


def test_the_numbers_of_the_counterexamples():
    """Ever closer polynomials with ever larger gaps; equally close ones with gaps that grow like m."""
    close, gaps, _ = claim._outside_the_teacher(claim.teacher_outside())
    assert [error < 10.0**-k for error, k in zip(close.values(), (2, 5, 10), strict=True)] == [True] * 3
    assert [float(g) > bound for g, bound in zip(gaps, (10, 1e3, 1e7), strict=True)] == [True] * 3
    _, gaps, _ = claim._oscillating(claim.close_in_value())
    assert all(9 < float(b) / float(a) < 11 for a, b in pairwise(gaps[1:]))


def test_continuity_of_sigma_is_not_enough_for_the_constants_of_the_print():
    """C_S bounds sigma, not its derivative: tanh on [-1/10, 1/10]."""
    value, slope, _ = sup_norms(activation("tanh"), F(1, 10))
    assert value < 0.1 and slope >= 1


def test_the_premise_of_the_print_is_checked():
    """Half of [-2 C_h, 2 C_h] is no counterexample."""
    with pytest.raises(ValueError, match=r"^radius must be at least twice"):
        claim.check_printed_proof(replace(claim.teacher_outside(), radius=F(1, 2)))
