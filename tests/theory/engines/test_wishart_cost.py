"""Predicted counts against those of the real computation: no clock is read."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from tests.theory.engines.test_wishart import drawn, scalar
from theory import Gaussian, TeacherStudent, Uniform
from theory.engines.base import Quantity
from theory.engines.last_batch import Loss, Mean, SecondMoment
from theory.engines.nested_batches import NestedBatches, support
from theory.engines.polynomial_state import PolynomialState
from theory.engines.wishart import Wishart
from theory.engines.wishart_cost import required_order, work
from theory.exact import to_fmpq

CASES = [
    (scalar(Gaussian(1)), 3),
    (scalar(Gaussian(1)), 2),
    (drawn(2, (1, 3, 2), Uniform(1, 0, 1)), 3),
    (drawn(2, (2, 2, 1), Gaussian(2)), 2),
    (drawn(2, (2, 2, 2), Gaussian(cov=[[1, F(1, 2)], [F(1, 2), 1]])), 1),
    (drawn(2, (3, 2, 2), Gaussian(3)), 1),
]


def targets(problem, layer):
    network, law = PolynomialState(problem), problem.inputs
    yield "second_moment", network, SecondMoment(network, law, layer)
    yield "mean", network, Mean(network, law, layer)
    yield "loss", network, Loss(network, law)


@pytest.mark.parametrize(("problem", "step"), CASES, ids=lambda x: str(getattr(x, "sizes", x)))
@pytest.mark.parametrize("layer", [1, 2])
def test_counts(problem, step, layer):
    for kind, network, target in targets(problem, layer):
        seen = []
        evaluate = target.polynomials

        def counted(state, evaluate=evaluate, seen=seen):
            result = evaluate(state)
            seen.append((len(result), [len(f) for f in result], [int(abs(c)).bit_length() for f in result for c in f.coeffs()[:4]]))
            return result

        target.polynomials = counted
        rates = [to_fmpq(alpha) for alpha in problem.rates_before(step)]
        expectations = NestedBatches(network, problem.inputs, rates, target).expectations()
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


@pytest.mark.parametrize(("kind", "orders"), [("variance", (4, 12, 36)), ("mean", (2, 6, 18)), ("loss", (2, 8, 24))])
def test_moments_that_are_needed(kind, orders):
    problem = scalar(Gaussian(1))
    assert tuple(required_order(problem, Quantity(kind, t, 1)) for t in range(3)) == orders
