"""Forward and back: by hand, the same in every kind of number, and in closed form for linear networks."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.approximation.test_double_runs import matrices
from theory.activations import activation
from theory.arithmetic.working_precision import working_precision
from theory.backpropagation import (
    Entrywise,
    OnArrays,
    Polynomial,
    backpropagate,
    batch_gradient,
    end_to_end,
    exact_sigma,
    forward,
    linear_gradients,
)
from theory.engines.frequencies.stacks import Stack
from theory.exact import to_fmpq_array

SQUARE = Polynomial((fmpq(1), fmpq(0), fmpq(1)))  # 1 + h^2
quarters = st.builds(F, st.integers(-4, 4), st.just(4))


def rational(rows):
    return to_fmpq_array(np.array(rows, dtype=object))


@st.composite
def networks(draw):
    """(weights, target, x): H = 1..4 layers, 1..3 samples, all rational."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=5))
    b = draw(st.integers(1, 3))
    weights = [rational(draw(matrices(r, c, quarters))) for c, r in pairwise(sizes)]
    return weights, rational(draw(matrices(b, sizes[-1], quarters))), rational(draw(matrices(b, sizes[0], quarters)))


def test_two_layers_by_hand():
    """w = (2, 3), x = 1 and -1/2, y = 1: h_1 = 2 x, z_1 = 1 + 4 x^2, h_2 = 3 z_1, delta_2 = h_2 - 1, delta_1 = 2 h_1 * 3 delta_2."""
    passes = backpropagate([rational([[2]]), rational([[3]])], SQUARE, rational([[1], [F(-1, 2)]]), rational([[1], [1]]))
    columns = {
        "inputs": [[1, fmpq(-1, 2)], [5, 2]], "preactivations": [[2, -1], [15, 6]], "slopes": [[4, -2]],
        "backward": [[4 * 3 * 14, -2 * 3 * 5], [14, 5]],
    }  # fmt: skip
    for name, expected in columns.items():
        assert [list(m[:, 0]) for m in getattr(passes, name)] == expected, name
    assert [g.item() for g in passes.gradients] == [168 + 15, 14 * 5 + 5 * 2]
    student, teacher = [rational([[2]]), rational([[3]])], [rational([[0]]), rational([[1]])]  # f(w*; x) = 1
    assert [g.item() for g in batch_gradient(student, teacher, SQUARE, rational([[1], [F(-1, 2)]]))] == [fmpq(183, 2), 40]


@given(networks(), st.integers(1, 4))
def test_a_pass_back_may_end_early(network, lowest):
    weights, target, x = network
    lowest = min(lowest, len(weights))
    whole, part = backpropagate(weights, SQUARE, x, target), backpropagate(weights, SQUARE, x, target, lowest)
    for name, first in (("inputs", 0), ("preactivations", 0), ("slopes", lowest - 1), ("backward", lowest - 1)):
        long, short = getattr(whole, name)[first:], getattr(part, name)
        assert len(long) == len(short) and all((a == b).all() for a, b in zip(long, short, strict=True))


@given(networks())
def test_rationals_balls_doubles_and_stacks_agree(network):
    weights, target, x = network
    exact = backpropagate(weights, SQUARE, x, target).gradients
    doubled = [np.array([[float(F(int(v.p), int(v.q))) for v in row] for row in m]) for m in (*weights, target, x)]
    plain = backpropagate(doubled[:-2], OnArrays(lambda h: 1 + h * h, lambda h: 2 * h), doubled[-1], doubled[-2]).gradients
    stacks = [Stack.of([m]) for m in (*weights, target, x)]
    stacked = backpropagate(stacks[:-2], SQUARE, stacks[-1], stacks[-2]).gradients
    with working_precision(1000):
        balls = [np.vectorize(arb, otypes=[object])(m) for m in (*weights, target, x)]
        function = Entrywise(lambda h: (1 + h * h, 2 * h))
        for g, f, s, ball in zip(exact, plain, stacked, backpropagate(balls[:-2], function, balls[-1], balls[-2]).gradients, strict=True):
            assert ((s.numerators[0] - g * s.denominator) == 0).all()
            for value, near, around in zip(g.ravel(), f.ravel(), ball.ravel(), strict=True):
                assert around.contains(value) and around.rad() < 1e-200
                assert near == pytest.approx(float(F(int(value.p), int(value.q))), rel=1e-9, abs=1e-6)


@given(networks())
def test_linear_networks_in_closed_form(network):
    """The batch reaches the gradients through sum_i x_i x_i^T alone."""
    weights, _, x = network
    identity, teacher = exact_sigma((0, 1)), [w * fmpq(1, 2) for w in weights]
    passes = backpropagate(weights, identity, x, forward(teacher, identity, x)[1][-1])
    assert passes.slopes == [None] * (len(weights) - 1)
    closed = linear_gradients(weights, (end_to_end(weights) - end_to_end(teacher)) @ x.T @ x)
    assert all((a == b).all() for a, b in zip(passes.gradients, closed, strict=True))


def test_a_slope_that_is_constant_counts():
    """sigma(h) = 3 + 2 h, w = (1, 5), x = 2: h_2 = 5 (3 + 4) = 35, delta_1 = 2 * 5 * 35."""
    weights, x, y = [rational([[1]]), rational([[5]])], rational([[2]]), rational([[0]])
    first, second = backpropagate(weights, exact_sigma((3, 2)), x, y).gradients
    assert (first.item(), second.item()) == (2 * 5 * 35 * 2, 35 * 7)


def test_an_activation_is_asked_once_for_value_and_slope():
    asked = []
    relu = activation("relu")

    def counted(h):
        asked.append(h)
        return relu.exactly(h)

    backpropagate([rational([[1], [-1]]), rational([[1, 1]])], Entrywise(counted), rational([[2]]), rational([[0]]))
    assert asked == [2, -2]
