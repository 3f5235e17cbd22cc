"""A.1.2: (A.7) and the two gradients on random sizes; the printed terms, letter by letter and under all brackets."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import fractions, matrices
from theory.claims import quadratic_networks
from theory.claims.quadratic_networks import (
    CLAIM,
    CORRECTED,
    PRINTED,
    TRACES,
    Patterns,
    Traces,
    check,
    check_printed,
    terms,
    word,
)
from theory.polynomial_networks import Product, bracketed_shapes, count_products, evaluate, printed_counts
from theory.polynomial_networks.letters import unit

pytestmark = pytest.mark.theorems("A.1.2")

SIZES = (3, 2, 4)
#: The traces that are differentiated, line 702 and (A.8) in line 709, as printed.
PRINTED_TRACES = {
    702: "x^T W1^T W2^T W2 ej^T W1 x ej^T W1 x ej",
    709: "ek^T x^T W1^T ek x^T W1^T ek W2^T W2 ej^T W1 x ej^T W1 x ej",
}


@given(data=st.data(), sizes=st.tuples(*[st.integers(1, 3)] * 3))
def test_random_traces(ledger, data, sizes):
    p, p1, p2 = sizes
    instance = Traces(
        "random", data.draw(st.tuples(fractions, fractions)), (data.draw(matrices(p1, p)), data.draw(matrices(p2, p1))),
        tuple(data.draw(st.lists(fractions, min_size=p, max_size=p))),
    )  # fmt: skip
    ledger.record("A.1.2", CLAIM.check(instance))


@given(st.integers(1, 4), st.data())
def test_entrywise_products_are_sums_over_unit_vectors(p, data):
    """(A.7)."""
    vectors = [np.array(data.draw(matrices(p, 1)), dtype=object) for _ in range(data.draw(st.integers(1, 4)))]
    units = [np.array([[F(i == j)] for i in range(p)], dtype=object) for j in range(p)]
    total = sum((np.prod([(e.T @ v)[0, 0] for v in vectors]) * e for e in units), F(0) * units[0])
    assert (total == np.prod(vectors, axis=0)).all()


def test_the_corrected_terms_have_the_printed_letters_in_another_place():
    for line, text in CORRECTED.items():
        assert sorted(text.split()) == sorted(PRINTED[line].split()) and text != PRINTED[line]
        letters = word(text, SIZES, 1, 2)
        assert len(letters) == (10 if line < 706 else 15) and Product(F(1), letters).type_check() == (2, 3)


def test_the_traces_have_the_printed_letters_in_another_place():
    for line, text in TRACES.items():
        assert sorted(text.split()) == sorted(PRINTED_TRACES[line].split())
        assert Product(F(1), word(text, SIZES, 1, 2)).type_check() == (1, 1)


def test_no_printed_line_chains_as_it_stands():
    for text in (*PRINTED.values(), *PRINTED_TRACES.values()):
        with pytest.raises(ValueError, match="must chain"):
            Product(F(1), word(text, SIZES, 1, 2)).type_check()


def test_with_numbers_in_brackets_lines_702_703_and_a8_can_be_read():
    readable = {line: bool(bracketed_shapes(word(text, SIZES, 1, 2))) for line, text in (PRINTED | PRINTED_TRACES).items()}
    assert [line for line, can in readable.items() if can] == [703, 702, 709]


def test_a_term_that_is_no_derivative_of_its_trace_is_refused(monkeypatch):
    assert len(terms(702, SIZES, 2, 1)) == 3 and len(terms(709, SIZES, 2, 1)) == 4
    monkeypatch.setattr(quadratic_networks, "CORRECTED", CORRECTED | {712: PRINTED[712]})
    assert terms(702, SIZES, 2, 1)
    with pytest.raises(ValueError, match=r"the terms of line 709 must be its derivatives, e2 x\^T W1\^T e2"):
        terms(709, SIZES, 1, 2)


def test_one_hidden_unit_reads_as_printed():
    assert check_printed(Patterns("one unit", ((1, 1, 1), (3, 1, 2), (2, 1, 2)))).holds is True
    for p in (1, 2):
        sizes = (p, 1, 2)
        weights, x = [[[F(2)] * p], [[F(1)], [F(3)]]], [F(1, 2)] * p
        for line, text in PRINTED.items():
            printed, corrected = (evaluate([_without_units(t, sizes)], weights, weights, x) for t in (text, CORRECTED[line]))
            assert (printed == corrected).all()


def test_where_the_corrected_terms_have_no_reading_either_nothing_is_refuted(monkeypatch):
    monkeypatch.setattr(quadratic_networks, "CORRECTED", CORRECTED | {712: PRINTED[712]})
    assert check_printed(quadratic_networks.smallest()).holds is None


def _without_units(text, sizes):
    """A term for p_1 = 1, where e_1 = 1."""
    one = unit(1, 1)
    return Product(F(1), tuple(letter for letter in word(text, sizes, 1, 1) if letter not in (one, one.T)))


def test_a_wrong_factor_is_noticed(monkeypatch):
    instance = quadratic_networks.two_hidden_units()
    for trace in (702, 709):
        monkeypatch.setattr(quadratic_networks, "terms", lambda line, *a, trace=trace: terms(line, *a)[: None if line != trace else 2])
        assert check(instance).holds is False


def test_j_and_k_of_the_whole_gradient():
    for p1 in (1, 2, 7, 100):
        printed = printed_counts((3, p1, 2), degree=2)
        assert (printed.products, printed.letters) == (144 * p1**2, 15)
        for layer, most in ((1, 12 * p1**2), (2, 18 * p1**2)):
            counts = count_products((3, p1, 2), (1, 1, 1), layer, fused=False)
            assert counts.products <= most <= printed.products and counts.letters == 15
            assert count_products((3, p1, 2), (1, 1, 1), layer).letters == 13
