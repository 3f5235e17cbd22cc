"""The update of the weights: the record, its step over several rings, and that nothing computes what it does not know."""

from fractions import Fraction as F

import numpy as np
import pytest
import torch
from flint import arb, arb_mat, fmpq, fmpq_mat

from reports.text.problem_text import problem_json
from theory import SGD, Discrete, Gaussian, TeacherStudent, recursion, variance_poly
from theory.affordable_routes import affordable_routes
from theory.approximation import every_path_bound, gradient_gap_bound, polynomial_within
from theory.budget import CannotError
from theory.chebyshev import approximate
from theory.engines.base import Quantity
from theory.references import ball_runs, quadrature
from theory.references.symbolic import SymbolicNetwork
from theory.trace_forms import W, g, tr

HEAVY, DECAYING = SGD(momentum=F(9, 10), nesterov=True), SGD(weight_decay="0.01")


def make(optimizer, inputs=None, activation=(0, 1)):
    return TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], inputs or Gaussian(1), F(1, 4), activation, optimizer)


def test_the_record_shows_what_is_not_the_default():
    assert repr(SGD()) == "SGD()" and repr(HEAVY) == "SGD(momentum=9/10, nesterov=True)"
    assert repr(DECAYING) == "SGD(weight_decay=1/100)" and repr(SGD(0.5, 0.25)) == "SGD(momentum=0.5, dampening=0.25)"
    assert SGD(0, 0, False, 0) == SGD() == SGD(np.float64(0)) and SGD(momentum=0.5) == SGD(momentum=F(1, 2))


def test_what_is_plain():
    assert SGD().is_plain and SGD(dampening=F(1, 2)).is_plain  # dampening damps momentum alone
    assert not HEAVY.is_plain and not DECAYING.is_plain


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"momentum": -1}, ValueError, "momentum must not be negative, but was -1"),
        ({"weight_decay": F(-1, 3)}, ValueError, "weight_decay must not be negative, but was -1/3"),
        ({"momentum": float("nan")}, ValueError, "momentum must be finite"),
        ({"dampening": None}, TypeError, "dampening must be"),
        ({"momentum": 1}, ValueError, r"momentum must be in \[0, 1\), but was 1"),
        ({"momentum": 0.5, "nesterov": 1}, TypeError, "nesterov must be True or False"),
        ({"nesterov": True}, ValueError, "nesterov must be False without momentum"),
        ({"nesterov": True, "momentum": 0.5, "dampening": 1}, ValueError, "nesterov must be False without momentum or with dampening"),
    ],
)
def test_nonsense_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        SGD(**arguments)


@pytest.mark.parametrize(
    "matrix, number",
    [
        (lambda x: np.array(x, dtype=float), float),
        (lambda x: np.vectorize(F, otypes=[object])(np.array(x)), F),
        (lambda x: np.vectorize(fmpq, otypes=[object])(np.array(x)), fmpq),
        (fmpq_mat, fmpq),
        (arb_mat, arb),
    ],
    ids=["doubles", "Fractions", "fmpq", "fmpq_mat", "balls"],
)
def test_a_step_by_hand_in_every_ring(matrix, number):
    first, second = SGD().step([matrix([[3, 4]]), matrix([[5]])], [matrix([[1, -2]]), matrix([[4]])], number(2))
    assert np.array(first.tolist()).tolist() == [[1, 8]] and np.array(second.tolist()).tolist() == [[-3]]


@pytest.mark.parametrize(
    "sgd",
    [SGD(), DECAYING, HEAVY, SGD(0.5), SGD(0.5, dampening=0.25, weight_decay=0.125), SGD(0.75, nesterov=True, weight_decay=0.5)],
    ids=str,
)
def test_steps_as_matrices_are_those_of_torch(sgd):
    gradients, rates = [F(3), F(-1, 2), F(5, 4), F(2)], [F(1, 2), F(1, 4), F(1), F(1, 8)]
    numbers = {name: float(getattr(sgd, name)) for name in ("momentum", "dampening", "weight_decay")}
    weight = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    theirs = torch.optim.SGD([weight], lr=1.0, nesterov=sgd.nesterov, **numbers)
    w, v = F(1), F(0)
    for t, (drawn, rate) in enumerate(zip(gradients, rates, strict=True)):
        of_w, of_v = sgd.linear_step(rate, is_first=t == 0)
        w, v = (sum(a * x for a, x in zip(row, (w, v, drawn), strict=True)) for row in (of_w, of_v))
        theirs.param_groups[0]["lr"], weight.grad = float(rate), torch.tensor([float(drawn)], dtype=torch.float64)
        theirs.step()
        assert float(weight.detach()) == pytest.approx(float(w), rel=1e-14)


def test_layers_and_gradients_are_as_many():
    with pytest.raises(ValueError, match="gradients must be as many as weights, 2, but were 1"):
        SGD().step([1, 2], [1], 1)


def test_a_problem_has_one():
    assert make(SGD()).optimizer == SGD() == TeacherStudent([[[1]]], [[[0]]], Gaussian(1), 1).optimizer
    assert "optimizer" not in repr(make(SGD())) and repr(make(HEAVY)).endswith("optimizer=SGD(momentum=9/10, nesterov=True))")
    with pytest.raises(TypeError, match="optimizer must be an optimizer such as SGD"):
        make("sgd")


TANH, FINITE = {"activation": "tanh"}, {"inputs": Discrete([0, 1])}
FORM = tr(g(0, 1).T @ g(0, 1))
ROUTES = {
    "the recursion": (lambda p: recursion.expectation(FORM, p), {}),
    "the literal recursion": (lambda p: recursion.literal_expectation(FORM, p), FINITE),
    "one step unrolled": (lambda p: recursion.unroll(recursion.KroneckerForm.from_trace_form(tr(W(1, 1) @ W(1, 1).T)), p, 1), FINITE),
    "quadrature": (lambda p: quadrature.variance(p, 0, 1, batch_size=2), {}),
    "runs in balls": (lambda p: ball_runs.run(p, ball_runs.of_activation(p.activation), np.ones((2, 1, 1))), TANH),
    "symbolic networks": (SymbolicNetwork.of, {}),
    "bounds along a run": (lambda p: gradient_gap_bound(p, approximate("tanh", 4, 9), np.ones((1, 1, 1))), TANH),
    "bounds of every path": (lambda p: every_path_bound(p, approximate("tanh", 4, 9), 1, input_radius=1), TANH),
    "the polynomial of Theorem 3.6": (lambda p: polynomial_within(p, 1, 0.1, input_radius=1), TANH),
}


@pytest.mark.parametrize("route", ROUTES)
def test_whoever_computes_plain_sgd_alone_says_so(route):
    call, changes = ROUTES[route]
    call(make(SGD(), **changes))
    for optimizer in (HEAVY, DECAYING):
        with pytest.raises(CannotError, match=r"optimizer must be plain SGD here, without momentum and weight decay, but was SGD\("):
            call(make(optimizer, **changes))


def test_no_other_route_is_promised():
    said = list(affordable_routes(make(SGD(), **FINITE), Quantity("variance", 1, 1)))
    assert len(said) == 3 and list(affordable_routes(make(HEAVY, **FINITE), Quantity("variance", 1, 1))) == said


def test_dampening_alone_changes_nothing():
    plain, damped = (variance_poly.variance_polynomial(make(o), 1, 1) for o in (SGD(), SGD(dampening=1)))
    assert plain == damped and problem_json(make(SGD(dampening=1))) == problem_json(make(SGD()))


def test_a_step_is_that_of_torch():
    torch = pytest.importorskip("torch")
    weights = [torch.tensor([[3.0, 4.0]], requires_grad=True), torch.tensor([[5.0]], requires_grad=True)]
    for w, gradient in zip(weights, ([[1.0, -2.0]], [[4.0]]), strict=True):
        w.grad = torch.tensor(gradient)
    expected = SGD().step([w.detach().clone() for w in weights], [w.grad for w in weights], 0.25)
    torch.optim.SGD(weights, lr=0.25).step()
    assert all(torch.equal(w, e) for w, e in zip(weights, expected, strict=True))


@pytest.mark.parametrize("rate", [[{}], int, "x", None])
def test_a_rate_that_multiplies_nothing_is_named(rate):
    with pytest.raises(TypeError, match="weights - gradients"):
        SGD().step([3], [4], rate)
