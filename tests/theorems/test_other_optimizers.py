"""Any momentum and weight decay: the polynomial has the values of every mini-batch, its degree and last coefficient are as proved."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import SGD, Discrete, TeacherStudent
from theory.claims import other_optimizers
from theory.claims.other_optimizers import Instance, check, coin, leading_coefficient
from theory.claims.theorem_3_4 import leading_coefficient as of_plain_sgd

shares = st.sampled_from([F(0), F(1, 3), F(1, 2), F(9, 10)])
numbers = st.fractions(-2, 2, max_denominator=3)


@st.composite
def optimizers(draw):
    momentum = draw(shares)
    nesterov = bool(momentum) and draw(st.booleans())
    return SGD(momentum, 0 if nesterov else draw(shares), nesterov, draw(shares))


@given(optimizers(), st.lists(numbers, min_size=4, max_size=4), st.integers(0, 2), st.integers(1, 2))
def test_any_optimizer(sgd, weights, step, layer):
    a, b, c, d = ([[x]] for x in weights)
    problem = TeacherStudent([a, b], [c, d], Discrete([1, F(-1, 2)]), [F(1, 2), F(1, 3), F(1)], (0, 1), sgd)
    assert check(Instance("drawn", problem, step, layer, (1, 2))).holds


@given(optimizers(), st.integers(1, 2), st.integers(1, 2))
def test_the_degree_is_attained(sgd, step, layer):
    instance = coin(sgd, step, layer=layer)
    assert check(instance).holds and instance.leading != 0
    if sgd.is_plain:
        assert instance.leading == of_plain_sgd(2, 1, step, layer)


def test_dampening_by_1_takes_nothing_of_later_gradients():
    assert leading_coefficient(SGD(momentum=F(1, 2), dampening=1), 2, 2, 1) == 0


def test_the_check_sees_a_wrong_coefficient(monkeypatch):
    wrong = coin(SGD(momentum=F(1, 2), nesterov=True), 1)
    assert check(wrong).holds
    monkeypatch.setattr(other_optimizers, "leading_coefficient", lambda *_: of_plain_sgd(2, 1, 1, 1))
    assert not check(coin(SGD(momentum=F(1, 2), nesterov=True), 1)).holds
    with pytest.raises(ValueError):
        SGD(momentum=1)
