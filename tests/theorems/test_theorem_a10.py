"""Theorem A.10: the gap of a mixed product is at most the telescoped bound; no polynomial serves all products at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theorems.test_theorem_a9 import instances as runs
from theory.approximation import DomainError
from theory.claims import theorem_a10 as claim
from theory.recursion.kronecker_forms import KroneckerForm
from theory.trace_forms import W, g, teacher, tr

pytestmark = pytest.mark.theorems("A.10")


@st.composite
def instances(draw):
    """A run and a product of rows M M'^T of one layer's weights and gradients at any steps, a coefficient, and perhaps an open word."""
    run = draw(runs())
    last, depth = len(run.batches) - 1, run.problem.depth

    def letter(k):
        kind, step = draw(st.sampled_from([W, g, None])), draw(st.integers(0, last))
        return teacher(k) if kind is None else kind(step, k)

    def row():
        k = draw(st.integers(1, depth))
        return letter(k) @ letter(k).T

    form = tr(row())
    for _ in range(draw(st.integers(0, 2))):
        form = form * tr(row())
    if draw(st.booleans()):
        form = form * row()
    return claim.Instance("drawn", run, form * draw(st.integers(-3, 3).filter(bool)))


@given(instances())
@settings(max_examples=40)
def test_products_of_traces(ledger, instance):
    record(ledger, instance)


@given(runs(), st.lists(st.integers(-2, 2), min_size=9, max_size=9), st.data())
@settings(max_examples=25)
def test_any_constant(ledger, run, entries, data):
    """tr(C (x)_i R_i) with C of any entries, for the rows W_1 of step 0 and g_1 of the last step."""
    rows, columns = run.problem.student[0].shape
    numbers = [entries[i % 9] + i for i in range((rows * columns) ** 2)]
    constant = [numbers[i * rows * rows : (i + 1) * rows * rows] for i in range(columns * columns)]
    form = KroneckerForm.from_rows([W(0, 1), g(len(run.batches) - 1, 1)], constant=constant)
    record(ledger, claim.Instance("any C", run, form))


def record(ledger, instance):
    try:
        ledger.record("A.10", claim.check(instance))
    except DomainError:
        ledger.vacuous("A.10", "the gap leaves the domain")
