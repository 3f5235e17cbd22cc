"""Letters and their shapes: what chains, strictly and with numbers in brackets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.polynomial_networks.letters import (
    bracketed_shapes,
    ones,
    sample,
    teacher_weight,
    transpose,
    unit,
    unit_square,
    weight,
    word_shape,
)

SIZES = (3, 2, 4)
W1, W2, X, E = weight(1, SIZES), weight(2, SIZES), sample(3), unit(2, 1)


def test_a_seam_that_does_not_chain_is_named():
    assert word_shape((W2, E, E.T, W1, X, X.T)) == (4, 3)
    with pytest.raises(ValueError, match=r"the product must chain, but W2 has shape \(4, 2\) and is followed by e1\^T of shape \(1, 2\)"):
        word_shape((W2, E.T, W1, X, E))


def test_a_number_in_brackets_multiplies_anything():
    assert bracketed_shapes((W2, E.T, W1, X, E)) == {(4, 1)}  # W2 (e1^T W1 x) e1
    assert bracketed_shapes((E, W2.T, W2, W1, X, E.T, X.T)) == frozenset()
    assert bracketed_shapes(()) == frozenset()


def test_brackets_can_give_several_shapes():
    row, column = unit(2, 1).T, unit(2, 1)
    assert bracketed_shapes((column, row, column)) == {(2, 1)}
    assert bracketed_shapes((row, column, row)) == {(1, 2)}
    assert bracketed_shapes((row, column, column, row)) == {(2, 2)}
    assert bracketed_shapes((column, row, column, row, column, row)) == {(2, 2)}
    assert bracketed_shapes((sample(1), column, row)) == {(2, 2)}


LETTERS = st.sampled_from([W1, W2, X, E, ones(2), unit_square(2, 2)]).flatmap(lambda a: st.sampled_from([a, a.T]))


@given(st.lists(LETTERS, min_size=1, max_size=7))
def test_what_chains_is_one_of_the_bracketings(word):
    try:
        shape = word_shape(word)
    except ValueError:
        return
    assert shape in bracketed_shapes(word)
    assert word_shape(transpose(word)) == shape[::-1]


def test_how_letters_look():
    letters = (W1, W2.T, teacher_weight(1, SIZES), teacher_weight(2, SIZES).T, X.T, E, E.T, unit_square(2, 2), ones(2).T)
    assert [str(a) for a in letters] == ["W1", "W2^T", "W*1", "W*2^T", "x^T", "e1", "e1^T", "E2", "1^T"]
    assert [a.latex() for a in letters] == [
        "W_{1}", "W_{2}^{T}", "W^{*}_{1}", "W_{2}^{*T}", "x^{T}", "e_{1}", "e_{1}^{T}", "e_{2} e_{2}^{T}", r"\mathbf{1}^{T}",
    ]  # fmt: skip
    assert all(a == a.T.T and a.T.shape == a.shape[::-1] for a in letters)


def test_units_lie_within_their_size():
    with pytest.raises(ValueError, match="size must be at least 3, but was 2"):
        unit(2, 3)
    with pytest.raises(ValueError, match="row must be at least 1, but was 0"):
        unit_square(2, 0)
