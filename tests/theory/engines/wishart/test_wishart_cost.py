"""Predicted counts against those of the real computation: no clock is read."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from tests.instances import drawn, scalar
from theory import SGD, Discrete, Gaussian, Independent, Rademacher, TeacherStudent, Uniform
from theory.engines.base import Quantity
from theory.engines.frequencies import Frequencies
from theory.engines.wishart import Wishart, last_batch, moment_cost, one_layer
from theory.engines.wishart.batch_moments import batch_moments
from theory.engines.wishart.cost import one_layer_work, predicted_cost, required_order, work
from theory.engines.wishart.last_batch import Loss, LossVariance, Mean, SecondMoment
from theory.engines.wishart.nested_batches import NestedBatches, support
from theory.engines.wishart.polynomial_state import PolynomialState
from theory.trace_forms import g, tr

CASES = [
    (scalar(Gaussian(1)), 3),
    (scalar(Gaussian(1)), 2),
    (drawn(2, (1, 3, 2), Uniform(1, 0, 1)), 3),
    (drawn(2, (2, 2, 1), Gaussian(2)), 2),
    (drawn(2, (2, 2, 2), Gaussian(cov=[[1, F(1, 2)], [F(1, 2), 1]])), 1),
    (drawn(2, (3, 2, 2), Gaussian(3)), 1),
    (replace(drawn(2, (1, 3, 2), Gaussian(1)), optimizer=SGD(momentum=F(9, 10), weight_decay=F(1, 100))), 3),
]


def targets(problem, step, layer):
    network, law = PolynomialState(problem, step), problem.inputs
    yield "second_moment", network, SecondMoment(network, law, layer)
    yield "mean", network, Mean(network, law, layer)
    yield "loss", network, Loss(network, law)
    yield "loss_variance", network, LossVariance(network, law)


@pytest.mark.parametrize(("problem", "step"), CASES, ids=lambda x: str(getattr(x, "sizes", x)))
@pytest.mark.parametrize("layer", [1, 2])
def test_counts(problem, step, layer):
    for kind, network, target in targets(problem, step, layer):
        seen = []
        evaluate = target.polynomials

        def counted(state, evaluate=evaluate, seen=seen):
            result = evaluate(state)
            seen.append((len(result), [len(f) for f in result], [int(abs(c)).bit_length() for f in result for c in f.coeffs()[:4]]))
            return result

        target.polynomials = counted
        expectations = NestedBatches(network, problem.inputs, target).expectations()
        predicted = work(problem, kind, step, layer)
        assert len(seen) == predicted.leaves
        assert max(count for count, _, _ in seen) <= predicted.polynomials
        assert max(n for _, terms, _ in seen for n in terms) <= predicted.monomials
        bits = max(n for *_, lengths in seen for n in lengths)
        assert predicted.bits / 6 <= bits <= 3 * predicted.bits + 64
        assert max(f.degree() for f in expectations) >= 0


def test_support_is_counted_as_it_is_listed():
    for omega, batches, variables in ((6, 2, 1), (3, 2, 1), (6, 1, 3), (4, 1, 6), (2, 2, 3)):
        listed = list(support(omega, batches, variables))
        assert len(set(listed)) == len(listed)
    problem = scalar(Gaussian(1))
    assert work(problem, "second_moment", 2, 1).monomials == len(list(support(6, 2, 1)))
    assert work(drawn(2, (2, 2, 1), Gaussian(2)), "second_moment", 1, 1).monomials == len(list(support(6, 1, 3)))


def test_more_work_costs_more():
    engine, sizes = Wishart(), [(1, 1, 1), (2, 2, 1), (3, 2, 1), (4, 2, 1), (8, 2, 1), (64, 2, 1)]
    by_size = [engine.cost(drawn(1, s, Gaussian(s[0])), Quantity("variance", 1, 1)).seconds for s in sizes]
    by_step = [engine.cost(scalar(Gaussian(1)), Quantity("variance", t, 1)).seconds for t in range(8)]
    assert by_size == sorted(by_size) and by_step == sorted(by_step)
    assert by_step[3] < 1 < by_step[4] < 60 < 600 < by_step[5]
    one_layer = TeacherStudent([[[F(1)] * 3]], [[[F(2)] * 3]], Gaussian(3), F(1, 10))
    assert engine.cost(one_layer, Quantity("variance", 20, 1)).seconds < 1


@pytest.mark.parametrize(
    ("kind", "orders"), [("variance", (4, 12, 36)), ("mean", (2, 6, 18)), ("loss", (2, 8, 24)), ("loss_variance", (2, 16, 48))]
)
def test_moments_that_are_needed(kind, orders):
    problem = scalar(Gaussian(1))
    assert tuple(required_order(problem, Quantity(kind, t, 1)) for t in range(3)) == orders


def one_layer_problem(law, rate=F(1, 7)):
    p = law.dimension
    return TeacherStudent([[[F(1, 3)] * p]], [[[F(0)] * p]], law, rate)


CORRELATED = Gaussian(cov=[[1, F(1, 2)], [F(1, 2), F(1, 3)]])


@pytest.mark.parametrize("law", [Gaussian(1), Gaussian(2), CORRELATED, Uniform(2, 0, 1), Discrete([F(1, 3), 2])], ids=str)
@pytest.mark.parametrize("rate", [F(1, 7), 0.1])
def test_one_layer_needs_the_digits_that_are_predicted(law, rate):
    for t in (10, 40):
        problem = one_layer_problem(law, rate)
        _, bits = one_layer_work(problem, Quantity("second_moment", t, 1))
        polynomial = one_layer.second_moment(problem, t)
        longest = max(abs(c.numerator).bit_length() + c.denominator.bit_length() for c in polynomial.coefficients)
        assert longest / 1.25 <= bits <= 4 * longest
        _, bits = one_layer_work(problem, Quantity("mean", t, 1))
        (mean,) = one_layer.mean(problem, t).ravel()[:1]
        longest = max(abs(c.numerator).bit_length() + c.denominator.bit_length() for c in mean.coefficients)
        assert longest / 1.25 <= bits <= 4 * longest
        _, bits = one_layer_work(problem, Quantity("loss_variance", t))
        longest = max(abs(c.numerator).bit_length() + c.denominator.bit_length() for c in one_layer.loss_variance(problem, t).coefficients)
        assert longest / 1.25 <= bits <= 4 * longest


def test_one_layer_grows_with_the_square_of_the_steps_and_with_the_digits():
    problem = one_layer_problem(Gaussian(1))
    (few, short), (many, long) = (one_layer_work(problem, Quantity("second_moment", t, 1)) for t in (1000, 4000))
    assert 15 < many / few < 17 and 3.9 < long / short < 4.1
    cost = Wishart().cost
    assert cost(problem, Quantity("variance", 1000, 1)).seconds > 1
    assert cost(problem, Quantity("variance", 10**5, 1)).seconds > 10**4
    assert cost(problem, Quantity("mean", 1000, 1)).seconds < 1


def test_the_laws_own_moments_are_counted(monkeypatch):
    atoms = [[F(i * k + 1, k + 2) for k in range(3)] for i in range(40)]
    law, asked = Discrete(atoms), []
    moment = Discrete._moment
    monkeypatch.setattr(Discrete, "_moment", lambda self, order: asked.append(order) or moment(self, order))
    monkeypatch.setattr(Discrete, "moment_seconds", lambda self, order: 1.0)
    predicted = moment_cost.pair_table_seconds(law)
    last_batch.pair_moments(law)
    assert len(asked) <= predicted < len(asked) + 1
    problem = one_layer_problem(law)
    assert Wishart().cost(problem, Quantity("second_moment", 0, 1)).seconds >= len(asked)
    scalars = drawn(1, (1, 1, 1), Discrete([1, 2]))
    assert work(scalars, "second_moment", 1, 1).moment_orders == ((7.0, 12),)
    asked.clear()
    batch_moments(scalars.inputs, 6)
    assert len(asked) == 7 and max(asked) == (12,)


@pytest.mark.parametrize(
    ("law", "sparse"),
    [
        *((law, True) for law in (Gaussian(2), Uniform(2), Rademacher(2), Independent(2, [1, 0, 1, 1, 3]))),
        *((law, False) for law in (CORRELATED, Uniform(2, 0, 1), Independent(2, [1, 1, 2, 4, 10]))),
        (Discrete([[1, 2], [0, F(1, 3)]]), False),
    ],
    ids=str,
)
def test_sparse_tables_are_known_by_their_law(law, sparse):
    (constant, linear), _ = last_batch.pair_moments(law)
    unpaired = [index for index in np.ndindex(constant.shape) if sorted(index)[0::2] != sorted(index)[1::2]]
    assert moment_cost.is_sparse(law) == sparse == (not any(constant[index] or linear[index] for index in unpaired))


def test_many_atoms_and_wide_tables_cost_what_they_take():
    many = Discrete([[F(n + k, 7 + k) for k in range(5)] for n in range(3000)])
    assert 1 < Wishart().cost(one_layer_problem(many), Quantity("variance", 0, 1)).seconds < 40
    assert Wishart().cost(one_layer_problem(Uniform(40)), Quantity("variance", 0, 1)).seconds > 10
    assert Wishart().cost(one_layer_problem(many), Quantity("mean", 0, 1)).seconds < 2


LAWS = [Gaussian(2), Uniform(2), Rademacher(2), Independent(2, [1, 0, 1, 0, 3]), Discrete([[1, 2], [0, F(1, 3)]])]


@pytest.mark.parametrize("law", LAWS, ids=str)
@pytest.mark.parametrize("depth", [1, 2])
def test_far_steps_are_priced_from_a_few_learning_rates(law, depth):
    calls = []

    def rate(t):
        calls.append(t)
        return F(1, 7 + t)

    for engine in (Wishart(), Frequencies()):
        for step in (41, 10**3, 10**6):
            layers = ([[[1, 2]]], [[[0, 1]]]) if depth == 1 else ([[[1, 2]], [[1]]], [[[0, 1]], [[2]]])
            problem = TeacherStudent(*layers, law, rate)
            form = tr(g(step, 1).T @ g(step, 1))
            for kind in ("variance", "second_moment", "mean", "loss", "loss_variance", "trace_form"):
                quantity = Quantity(kind, step, 1, form if kind == "trace_form" else None)
                calls.clear()
                if engine.unsupported_reason(problem, quantity) is None:
                    assert engine.cost(problem, quantity).seconds >= 0
                assert len(calls) <= 1000


def test_long_numbers_count_beside_layers_of_floats():
    student = [[[1, 2], [3, 4]], np.array([[0.5, 0.25]])]
    short = TeacherStudent(student, [[[1, 0], [0, 1]], [[1, 1]]], Gaussian(2), F(1, 3))
    long = TeacherStudent(student, [[[1, 0], [0, F(1, 10**5000)]], [[1, 1]]], Gaussian(2), F(1, 3))
    cost = [predicted_cost(p, Quantity("variance", 1, 1)) for p in (short, long)]
    assert cost[1].seconds > 10 * cost[0].seconds and cost[1].bytes > 1.5 * cost[0].bytes
