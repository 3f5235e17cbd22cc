"""What is asked of an engine: trace forms are there where they are asked about, and nowhere else."""

from __future__ import annotations

import pytest

from theory.engines.base import KINDS, Quantity
from theory.trace_forms import g, tr

FORM = tr(g(1, 1).T @ g(1, 1))


def test_a_trace_form_is_handed_on():
    assert Quantity("trace_form", 1, None, FORM).expression is FORM


@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_for_a_form_that_is_not_there_is_told(kind):
    with pytest.raises(ValueError, match=r"^form must be a trace form for a quantity of the kind 'trace_form', but is None for "):
        _ = Quantity(kind, 1, 1).expression
