"""The lengths that the cost model follows along one path are those of the integers in the tree."""

from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest

from theory import Discrete, TeacherStudent
from theory.engines import frequencies
from theory.engines.base import Quantity
from theory.engines.frequencies.cost import predict
from theory.engines.frequencies.lengths import FOLLOWED, path_lengths
from theory.engines.frequencies.network import layers

ATOMS = [[F(1, 7), -2, 3], [2, 1, F(-5, 7)]]


def problem(kind, sizes, activation=(0, 1), rate=F(1, 10)):
    generator = np.random.default_rng(np.random.SeedSequence([3, *sizes]))

    def weights(rows, columns):
        x = generator.normal(size=(rows, columns))
        w = np.array([[F(round(6 * v) or 1, 3) for v in row] for row in x.tolist()], dtype=object)
        if kind != "thirds":
            w.ravel()[:: 1 if kind == "doubles" else 5] = [F(v) for v in x.ravel()[:: 1 if kind == "doubles" else 5].tolist()]
        return w

    both = [[weights(n, m) for m, n in pairwise(sizes)] for _ in range(2)]
    return TeacherStudent(*both, Discrete([atom[: sizes[0]] for atom in ATOMS]), rate, activation)


def bits(stacks):
    return max(np.mean([abs(int(x)).bit_length() for x in s.numerators.ravel()]) for s in stacks)


@pytest.mark.parametrize("rate", [F(1, 10), 0.1, 0])
@pytest.mark.parametrize("sizes, activation", [((2, 3, 1), (0, 1)), ((3, 2, 2), (0, 1, F(1, 2))), ((2, 2, 2, 1), (0, 1)), ((3, 2), (0, 1))])
@pytest.mark.parametrize("kind", ["thirds", "doubles", "a few doubles"])
def test_lengths_are_those_of_the_integers_in_the_tree(kind, sizes, activation, rate, monkeypatch):
    p, seen = problem(kind, sizes, activation, rate), {}
    expectation = frequencies._Tree.expectation

    def looking(self, s, paths):
        seen.setdefault(s, bits(paths.weights))
        if s == len(self.rules):
            seen.setdefault("gradients", bits(self.network.gradients(paths.weights, 0)))
        return expectation(self, s, paths)

    monkeypatch.setattr(frequencies._Tree, "expectation", looking)
    quantity = Quantity("mean", 2, 1)
    frequencies.Frequencies().compute(p, quantity)
    ds = quantity.batch_degrees(p)
    found = path_lengths(p, ATOMS, p.rates_before(2), [d // 2 for d in ds], 2)
    # numbers that happen to be small, or to cancel, are a few bits shorter for each product in them
    slack = 6 * (1 + found.gradients[-1] / max(1, found.weights[0]))
    for s in range(3):
        assert 0.75 * found.weights[s] - slack <= seen[s] <= 1.25 * found.weights[s] + slack
    assert 0.75 * found.gradients[2] - slack <= seen["gradients"] <= 1.25 * found.gradients[2] + slack


def test_one_long_weight_makes_all_numbers_long():
    short = problem("thirds", (3, 4, 2), (0, 1, 1))
    longer = short.student[1].copy()
    longer[0, 0] = F(0.1)
    long = TeacherStudent([short.student[0], longer], short.teacher, short.inputs, short.learning_rates, short.activation)
    quantity = Quantity("variance", 2, 1)
    assert predict(long, quantity).bytes > 2.5 * predict(short, quantity).bytes
    assert predict(long, quantity).seconds > 2 * predict(short, quantity).seconds


def test_longer_integers_than_are_followed_grow_by_the_degree_of_a_gradient():
    p = problem("doubles", (3, 2, 2), (0, 1, F(1, 2)))
    found = path_lengths(p, ATOMS, p.rates_before(9), [1] * 9, 9)
    beyond = [b / a for a, b in pairwise(found.weights) if a > FOLLOWED]
    assert len(beyond) >= 4 and set(beyond) == {5.0}
    assert len(found.weights) == len(found.gradients) == len(found.errors) == 10


def test_numbers_of_many_denominators_are_priced_at_once():
    p = TeacherStudent([[[F(k, 10**6 + k) for k in range(1, 3001)]]], [[[0] * 3000]], Discrete([[1] * 3000, [2] * 3000]), F(1, 3))
    found = path_lengths(p, p.inputs.support()[0], p.rates_before(2), [1, 1], 2)
    assert found.weights[0] > FOLLOWED / 5
    assert layers(p.student)[0].denominator.bit_length() > FOLLOWED / 5
