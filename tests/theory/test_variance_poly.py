"""The front door: symmetries hold exactly, and what cannot be had is refused at once."""

import math
import re
from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.instances import PINNED
from tests.strategies import discrete_laws, input_laws, problems, two_layer_sizes
from theory import Budget, Discrete, Gaussian, Independent, TeacherStudent, large_batch, recursion, variance_poly
from theory.affordable_routes import largest_enumerated
from theory.budget import CannotError, Cost, UnaffordableError
from theory.degrees import loss_degree, mean_gradient_degree, variance_degree
from theory.engines.base import can
from theory.engines.frequencies import Frequencies
from theory.engines.wishart import Wishart
from theory.enumeration.batches import Urn
from theory.enumeration.path_counts import path_cost
from theory.enumeration.path_limits import path_budgets
from theory.references import quadrature
from theory.trace_forms import W, g, tr
from theory.variance_poly import expectation, loss_polynomial, mean_gradient, variance_polynomial

layers = st.integers(1, 2)


# -- facts that need no second computation ------------------------------------------------------------------------------------------------


@given(problems(two_layer_sizes(2), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_no_constant_term_and_the_degree_bounds(problem, step, layer):
    v = variance_polynomial(problem, step, layer)
    assert v.coefficients[0] == 0 and v.degree <= v.degree_bound == variance_degree(step)
    assert all(entry.degree <= entry.degree_bound == mean_gradient_degree(step) for entry in mean_gradient(problem, step, layer).ravel())
    loss = loss_polynomial(problem, step)
    assert loss.degree <= loss.degree_bound == loss_degree(step)
    assert step > 0 or loss.degree == 0


@given(problems(st.just((2, 2, 1)), laws=input_laws, steps=1), st.integers(0, 1), layers)
def test_rotation_of_hidden_units(problem, step, layer):
    q = np.array([[F(3, 5), F(4, 5)], [F(-4, 5), F(3, 5)]], dtype=object)
    turned = TeacherStudent([q @ problem.student[0], problem.student[1] @ q.T], problem.teacher, problem.inputs, problem.learning_rates)
    assert variance_polynomial(problem, step, layer).coefficients == variance_polynomial(turned, step, layer).coefficients


@given(problems(st.just((1, 2, 1)), laws=lambda p: discrete_laws(p, 3), steps=1), st.integers(-3, 3), layers)
def test_scaling_of_the_inputs(problem, power, layer):
    # x -> c x with alpha -> alpha / c^2 leaves the weights alone and multiplies every gradient by c^2
    c = F(2) ** power
    atoms, probabilities = problem.inputs.support()
    inputs = Discrete([[c * x for x in atom] for atom in atoms], probabilities)
    scaled = TeacherStudent(problem.student, problem.teacher, inputs, [a / c**2 for a in problem.learning_rates])
    assert (variance_polynomial(problem, 1, layer) * c**4).coefficients == variance_polynomial(scaled, 1, layer).coefficients


def test_scaling_of_floats_by_powers_of_two_is_exact():
    generator = np.random.default_rng(np.random.SeedSequence(3))
    student = [generator.normal(size=(12, 9)), generator.normal(size=(7, 12))]
    teacher = [generator.normal(size=(12, 9)), generator.normal(size=(7, 12))]
    one = variance_polynomial(TeacherStudent(student, teacher, Gaussian(cov=np.eye(9)), learning_rates=0.25), 1, 1)
    four = variance_polynomial(TeacherStudent(student, teacher, Gaussian(cov=4 * np.eye(9)), learning_rates=0.0625), 1, 1)
    assert [16 * c for c in one.coefficients] == list(four.coefficients)


@given(problems(st.just((1, 1, 1)), laws=lambda p: discrete_laws(p, 3), steps=1), layers, st.randoms(use_true_random=False))
def test_relabelling_of_the_atoms(problem, layer, random):
    pairs = list(zip(*problem.inputs.support(), strict=True))
    random.shuffle(pairs)
    shuffled = TeacherStudent(
        problem.student, problem.teacher, Discrete([a for a, _ in pairs], [q for _, q in pairs]), problem.learning_rates
    )
    assert variance_polynomial(problem, 1, layer).coefficients == variance_polynomial(shuffled, 1, layer).coefficients


@given(problems(two_layer_sizes(1), laws=input_laws, steps=2), layers)
def test_it_vanishes_for_large_batches_like_beta_1(problem, layer):
    v = variance_polynomial(problem, 2, layer)
    beta_1 = (*v.coefficients, F(0))[1]
    rest = sum(abs(c) for c in v.coefficients[2:])
    for b in (10**6, 10**12):
        assert abs(v(b) * b - beta_1) <= rest / b


def test_floats_are_the_rationals_that_they_are():
    floats = TeacherStudent([[[0.1]], [[0.7]]], [[[0.3]], [[1.0]]], Gaussian(1), learning_rates=0.1)
    exact = TeacherStudent([[[F(0.1)]], [[F(0.7)]]], [[[F(0.3)]], [[1]]], Gaussian(1), learning_rates=F(0.1))
    for step in range(3):
        v = variance_polynomial(floats, step, 1)
        assert v.is_exact and v.coefficients == variance_polynomial(exact, step, 1).coefficients


def test_degrees_are_attained():
    for layer in (1, 2):
        assert [variance_polynomial(PINNED["scalar"], t, layer).degree for t in range(4)] == [1, 6, 23, 76]


# -- refusals -----------------------------------------------------------------------------------------------------------------------------


def scalar(**changes):
    arguments = {"student": [[[1]], [[2]]], "teacher": [[[0]], [[0]]], "inputs": Gaussian(1), "learning_rates": [F(1, 4)]}
    return TeacherStudent(**(arguments | changes))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: variance_polynomial(scalar(), -1, 1), ValueError, "step must be at least 0"),
        (lambda: variance_polynomial(scalar(), 1.5, 1), TypeError, "step must be an integer"),
        (lambda: variance_polynomial(scalar(), 2, 1), ValueError, "learning_rates must reach alpha_1"),
        (lambda: variance_polynomial(scalar(), 1, 0), ValueError, "layer must be at least 1"),
        (lambda: variance_polynomial(scalar(), 1, 3), ValueError, r"layer must be in 1\.\.2"),
        (lambda: variance_polynomial(scalar(), 1, None), TypeError, "layer must be an integer"),
        (lambda: variance_polynomial(3, 1, 1), TypeError, "problem must be a TeacherStudent"),
        (lambda: variance_polynomial(scalar(), 1, 1, engine="magic"), ValueError, "engine must be one of .*wishart.*, but was 'magic'"),
        (lambda: variance_polynomial(scalar(), 1, 1, engine="frequencies"), CannotError, "finite support"),
        (lambda: variance_polynomial(deep(Independent(1, [1, 0, 1])), 1, 1), CannotError, "no engine can"),
        (lambda: expectation(scalar(), "tr(g)"), TypeError, "expression must be a trace form"),
        (lambda: expectation(scalar(), tr(g(1, 3))), ValueError, "layer"),
        (lambda: variance_polynomial(scalar(inputs=Independent(1, [1, 0, 1])), 1, 1), ValueError, "moments must reach order"),
        (lambda: Budget(seconds=0), ValueError, "budget.seconds must be positive"),
    ],
)
def test_bad_requests_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("step", [2, 3, 50])
def test_what_cannot_be_afforded_is_refused_before_any_work(step):
    generator = np.random.default_rng(np.random.SeedSequence(0))
    weights = [generator.normal(size=(256, 64)), generator.normal(size=(128, 256))]
    problem = TeacherStudent(weights, weights, Gaussian(64), learning_rates=0.01)
    with pytest.raises(UnaffordableError, match=r"(?s)would cost .*step 1 fits.*simulation.*larger budget$") as refusal:
        variance_polynomial(problem, step, 1)
    assert "large-batch" in str(refusal.value) and Budget().allows(large_batch.predicted_cost(problem, step))
    assert refusal.value.cost.seconds > 600 or refusal.value.cost.bytes > 8e9


def test_a_budget_is_kept():
    with pytest.raises(UnaffordableError, match="the budget is 1e-06 s"):
        variance_polynomial(scalar(learning_rates=F(1, 4)), 3, 1, budget=Budget(seconds=1e-6))


def test_predicted_cost_grows_with_the_step():
    problem = scalar(learning_rates=F(1, 4))
    costs = [variance_poly.predicted_cost(problem, t, 1)[1].seconds for t in range(5)]
    assert all(a < b for a, b in pairwise(costs))


def test_weights_of_the_first_step_are_not_random():
    problem = scalar()
    assert expectation(problem, tr(W(0, 1))).coefficients == (1,)


# -- the budget: what fits is taken, and what is said to fit does -------------------------------------------------------------------------


def many_atoms(count, p, generator):
    return Discrete([[F(int(x), 7) for x in row] for row in generator.integers(-20, 21, size=(count, p))])


@pytest.mark.parametrize(("count", "sizes", "step"), [(900, (4, 3, 2), 0), (600, (3, 2, 2), 0), (300, (5, 2, 1), 0)])
def test_the_engine_is_chosen_among_those_that_fit_in_bytes_too(count, sizes, step, monkeypatch):
    monkeypatch.setattr(variance_poly, "ENGINES", (Frequencies(), Wishart()))
    generator = np.random.default_rng(np.random.SeedSequence(4))
    weights = [generator.integers(-3, 4, size=(n, m)) for m, n in pairwise(sizes)]
    problem = TeacherStudent(weights, [w + 1 for w in weights], many_atoms(count, sizes[0], generator), F(1, 100))
    quantity = variance_poly._quantity(problem, "variance", step, 1, None)
    costs = {e.name: e.cost(problem, quantity) for e in variance_poly.ENGINES if can(e, problem, quantity)}
    assert len(costs) == 2
    fastest, frugal = (min(costs, key=lambda n, a=attribute: getattr(costs[n], a)) for attribute in ("seconds", "bytes"))
    between = sum(c.bytes for c in costs.values()) / 2
    name, cost = variance_poly.predicted_cost(problem, step, 1, budget=Budget(bytes=between))
    assert name == frugal and cost.bytes < between
    assert variance_poly.predicted_cost(problem, step, 1, budget=Budget(seconds=1e6, bytes=1e15))[0] == fastest


def test_the_nearest_miss_is_named_when_nothing_fits():
    problem = TeacherStudent([[[1, 2]], [[2]]], [[[0, 1]], [[1]]], Discrete([[1, 2], [3, 4], [5, 7]]), F(1, 4))
    quantity = variance_poly._quantity(problem, "variance", 3, 1, None)
    costs = {e.name: e.cost(problem, quantity) for e in variance_poly.ENGINES if can(e, problem, quantity)}
    for budget in (Budget(seconds=1e-9), Budget(bytes=1.0), Budget(seconds=1e-3, bytes=1e4)):
        with pytest.raises(UnaffordableError) as refusal:
            variance_polynomial(problem, 3, 1, budget=budget)
        nearest = min(costs, key=lambda n: max(costs[n].seconds / budget.seconds, costs[n].bytes / budget.bytes))
        assert f"with {nearest}, the engine that misses" in str(refusal.value) and refusal.value.cost == costs[nearest]
        assert refusal.value.alternatives[-1] == "a larger budget" and "budget=" not in str(refusal.value)


@pytest.mark.parametrize("engine", [None, "wishart", "frequencies"])
@pytest.mark.parametrize("budget", [Budget(seconds=0.02), Budget(bytes=3e7), Budget(seconds=0.3, bytes=1e9)])
def test_the_step_that_is_said_to_fit_fits(engine, budget):
    problem = TeacherStudent([[[1]], [[2]]], [[[0]], [[1]]], Discrete([1, 2, 4]), F(1, 4))
    with pytest.raises(UnaffordableError) as refusal:
        variance_polynomial(problem, 9, 1, engine=engine, budget=budget)
    said = refusal.value.alternatives[0]
    if said == "no smaller step fits either":
        with pytest.raises(UnaffordableError):
            variance_polynomial(problem, 0, 1, engine=engine, budget=budget)
    else:
        step = int(re.search(r"step (\d+) fits", said)[1])
        assert variance_polynomial(problem, step, 1, engine=engine, budget=budget).degree_bound == variance_degree(step)
        with pytest.raises(UnaffordableError):
            variance_polynomial(problem, step + 1, 1, engine=engine, budget=budget)


def deep(inputs, activation=(0, 1), width=1, scale=1):
    p = inputs.dimension
    student = [np.full((width, p), scale), np.full((width, width), 2 * scale), np.full((1, width), 1)]
    return TeacherStudent(student, [0 * w for w in student], inputs, F(1, 8), activation)


@pytest.mark.parametrize(
    ("problem", "named", "unnamed"),
    [
        (deep(Gaussian(1)), ["quadrature.variance", "large_batch", "empirics.simulate"], ["enumeration"]),
        (deep(Gaussian(2)), ["large_batch", "empirics.simulate"], ["enumeration", "quadrature"]),
        (deep(Gaussian(1), activation=(0, 1, 1)), ["large_batch", "empirics.simulate"], ["enumeration", "quadrature"]),
        (deep(Discrete([0, 1]), activation="tanh"), ["enumeration.variance_ball", "empirics.simulate"], ["quadrature", "large_batch"]),
        (deep(Discrete([0, 1]), activation="relu"), ["enumeration.variance)", "empirics.simulate"], ["quadrature", "large_batch"]),
        (deep(Independent(1, [1, 0, 1, 0, 3])), ["large_batch"], ["enumeration", "quadrature", "simulate"]),
        (deep(Independent(1, [1, 0, 1])), [], ["enumeration", "quadrature", "simulate", "large_batch"]),
    ],
)  # fmt: skip
def test_a_refusal_names_the_routes_that_apply(problem, named, unnamed):
    with pytest.raises(CannotError) as refusal:
        variance_polynomial(problem, 1, 1, engine="frequencies" if problem.inputs.is_centred_gaussian else None)
    text = str(refusal.value).replace(str(getattr(problem.activation, "advice", "")), "")
    assert all(name in text for name in named) and not any(name in text for name in unnamed)


@pytest.mark.parametrize("activation", ["tanh", "relu", (0, 1, F(1, 3))])
@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_batch_size_that_enumeration_is_said_to_afford_is_afforded(activation, step):
    problem = deep(Discrete([0, 1, 3]), activation)
    quantity = variance_poly._quantity(problem, "variance", step, 1, None)
    (usual,) = path_budgets(None, None)
    for budget in (Budget(), Budget(seconds=1e-2), Budget(bytes=2e5)):
        largest = largest_enumerated(problem, replace(quantity, budget=budget)) or 0
        costs = [path_cost(problem, Urn(3), b, step, step + 1, False) for b in (largest, largest + 1)]
        assert [usual.allows(cost) and budget.allows(cost) for cost in costs if largest] == [True, False][: 2 * bool(largest)]
    assert largest_enumerated(problem, replace(quantity, budget=Budget(seconds=1e-9))) is None


def test_an_engine_that_cannot_is_named_beside_those_that_can():
    problem = deep(Discrete([0, 1]), (0, 1))
    with pytest.raises(CannotError, match=r"^trace_words cannot compute var\(g\) .*another engine \(frequencies"):
        variance_polynomial(problem, 0, 1, engine="trace_words")
    with pytest.raises(CannotError, match=r"^no engine can compute"):
        variance_polynomial(deep(Independent(1, [1, 0, 1])), 1, 1)


def test_a_recursion_that_is_refused_names_the_engines_that_take_the_form():
    form = tr(g(0, 1) @ g(0, 1).T)
    three = TeacherStudent([[[2]]] * 3, [[[1]]] * 3, Discrete([0, 1]), F(1, 8))
    with pytest.raises(CannotError, match="the polynomial in 1/b"):
        recursion.expectation(form, three)
    assert expectation(three, form)(1) > 0
    square = TeacherStudent([[[2]]] * 2, [[[1]]] * 2, Gaussian(1), F(1, 8), (0, 0, 1))
    with pytest.raises(CannotError) as refusal:
        recursion.expectation(form, square)
    assert "polynomial in 1/b" not in str(refusal.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda budget: variance_polynomial(scalar(), 0, 1, budget=budget),
        lambda budget: variance_poly.predicted_cost(scalar(), 0, 1, budget=budget),
        lambda budget: variance_poly.loss_polynomial(scalar(), 0, budget=budget),
        lambda budget: variance_poly.loss_variance_polynomial(scalar(), 0, budget=budget),
        lambda budget: mean_gradient(scalar(), 0, 1, budget=budget),
        lambda budget: variance_poly.second_moment_polynomial(scalar(), 0, 1, budget=budget),
        lambda budget: expectation(scalar(), tr(W(0, 1)), budget=budget),
        lambda budget: recursion.expectation(tr(W(0, 1)), scalar(), budget=budget),
        lambda budget: recursion.literal_expectation(tr(W(0, 1)), scalar(), budget=budget),
        lambda budget: quadrature.variance(scalar(), 0, 1, batch_size=2, budget=budget),
        lambda budget: quadrature.loss(scalar(), 0, batch_size=2, budget=budget),
        lambda budget: quadrature.loss_variance(scalar(), 0, batch_size=2, budget=budget),
        lambda budget: large_batch.leading_coefficient(scalar(), 0, 1, budget=budget),
    ],
)  # fmt: skip
def test_every_budget_is_a_budget(call):
    for wrong in (60, 1e3, "10 s", {"seconds": 1}, True, Cost(1, 1, "")):
        with pytest.raises(TypeError, match="budget must be a Budget"):
            call(wrong)
    call(None)
    call(Budget(seconds=F(1000), bytes=np.float64(1e9)))


@pytest.mark.parametrize("field", ["seconds", "bytes"])
@pytest.mark.parametrize(
    ("value", "error"),
    [(0, ValueError), (-1.0, ValueError), (float("nan"), ValueError), (-float("inf"), ValueError), (10**400, ValueError),
     (True, TypeError), (np.True_, TypeError), ("60", TypeError), (None, TypeError), (1j, TypeError)],
)  # fmt: skip
def test_budgets_are_positive_doubles(field, value, error):
    with pytest.raises(error, match=f"budget.{field} must be"):
        Budget(**{field: value})


def test_an_infinite_budget_allows_everything():
    assert Budget(math.inf, math.inf).allows(Cost(1e300, 1e300, ""))
