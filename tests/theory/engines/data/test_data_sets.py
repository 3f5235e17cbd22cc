"""The engine for data sets: against every mini-batch, against polynomials in frequencies, and against direct sums on digits."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import learning_rates, matrices
from theory import SGD, Budget, DataSet, Gaussian, TeacherStudent, enumeration, large_batch, variance_poly
from theory.budget import CannotError, RangeError, UnaffordableError
from theory.engines.base import Quantity
from theory.engines.data import DataSets
from theory.engines.frequencies import Frequencies

OPTIMIZERS = [SGD(), SGD(weight_decay=F(1, 3)), SGD(momentum=F(1, 2), dampening=F(1, 4), weight_decay=F(1, 8)), SGD(F(3, 4), nesterov=True)]
SAMPLINGS = ["independent", "without_replacement"]


def every_quantity(step):
    layers = [Quantity(kind, step, k) for kind in ("variance", "second_moment", "mean") for k in (1, 2)]
    return [*layers, Quantity("loss", step)]


@st.composite
def labelled(draw, largest=2):
    """Up to four points, labels or a teacher, an optimizer and a way to draw batches."""
    p, h, q = (draw(st.integers(1, largest)) for _ in range(3))
    count = draw(st.integers(1, 4))
    numbers = st.integers(-2, 2)

    def rows(width):
        return draw(st.lists(st.tuples(*[numbers] * width), min_size=count, max_size=count))

    weights = [draw(matrices(h, p)), draw(matrices(q, h))]
    teacher = draw(st.booleans())
    data = DataSet(rows(p)) if teacher else DataSet(rows(p), rows(q))
    other = [draw(matrices(h, p)), draw(matrices(q, h))] if teacher else None
    sgd, sampling = draw(st.sampled_from(OPTIMIZERS)), draw(st.sampled_from(SAMPLINGS))
    return TeacherStudent(weights, other, data, draw(learning_rates), optimizer=sgd, sampling=sampling)


def values(found, b):
    return [v(b) for v in np.ravel(np.array(found, dtype=object))]


def sizes_of(problem):
    return range(1, len(problem.population) + 1) if problem.sampling == "without_replacement" else (1, 2, 3, 7)


@settings(max_examples=40)
@given(labelled(), st.integers(0, 1))
def test_it_is_what_the_frequencies_say(problem, step):
    for quantity in every_quantity(step):
        exact, other = DataSets("exact").compute(problem, quantity), Frequencies().compute(problem, quantity)
        for b in sizes_of(problem):
            assert values(exact, b) == values(other, b), (str(quantity), b)


@settings(max_examples=30)
@given(labelled(), st.integers(1, 2), st.integers(1, 3))
def test_it_is_the_variance_over_all_batches(problem, layer, b):
    b = min(b, len(problem.population))
    found = DataSets("exact").compute(problem, Quantity("variance", 1, layer))
    assert found(b) == enumeration.variance(problem, 1, layer, batch_size=b)
    assert DataSets("exact").compute(problem, Quantity("loss", 1))(b) == enumeration.loss(problem, 1, batch_size=b)


@settings(max_examples=15)
@given(labelled(3), st.integers(0, 1))
def test_doubles_are_within_their_bounds(problem, step):
    for quantity in every_quantity(step):
        exact, doubles = (np.ravel(np.array(DataSets(kind).compute(problem, quantity), dtype=object)) for kind in ("exact", "doubles"))
        for v, w in zip(exact, doubles, strict=True):
            for s in range(max(len(v.coefficients), len(w.coefficients))):
                there, here, radius = (x[s] if s < len(x) else 0 for x in (v.coefficients, w.coefficients, w.radii))
                assert abs(F(here) - F(there)) <= F(radius)


def digits(count, sampling="independent", hidden=6):
    """Sparse images of 64 pixels with values as in scikit-learn's digits, in ten classes, and a network."""
    rng = np.random.default_rng(np.random.SeedSequence(count))
    x, y = rng.integers(0, 17, size=(count, 64)) * (rng.random((count, 64)) < 0.5) / 16.0, np.eye(10)[np.arange(count) % 10]
    w = [rng.uniform(-1, 1, size=(hidden, 64)) / 8, rng.uniform(-1, 1, size=(10, hidden)) / np.sqrt(hidden)]
    sgd = SGD(momentum=0.5, weight_decay=0.25, nesterov=True)
    return TeacherStudent(w, None, DataSet(x, y), 0.5, optimizer=sgd, sampling=sampling), x, y, w


def directly(problem, x, y, w, batches, b):
    """E||g_1||^2 and ||E g_1||^2 of both layers, and E loss: every batch 0 followed, the last one averaged by the variance of a mean."""
    count, squares, means, losses = len(x), np.zeros(2), [0.0, 0.0], 0.0
    noise = 1 / b if problem.sampling == "independent" else (count - b) / (b * (count - 1))
    for batch in batches:
        r = x[batch] @ (w[1] @ w[0]).T - y[batch]
        g = w[1].T @ r.T @ x[batch] / b, r.T @ (x[batch] @ w[0].T) / b
        first, second = (v - 0.5 * 1.5 * (h + 0.25 * v) for v, h in zip(w, g, strict=True))  # Nesterov's first step: d + momentum d
        r = x @ (second @ first).T - y
        g1, g2 = second.T @ r.T @ x / count, r.T @ (x @ first.T) / count
        own = ((r @ second) ** 2).sum(1) * (x**2).sum(1), (r**2).sum(1) * ((x @ first.T) ** 2).sum(1)
        for k, g in enumerate((g1, g2)):
            squares[k] += (1 - noise) * (g**2).sum() + noise * own[k].mean()
            means[k] = means[k] + g
        losses += (r**2).sum() / 2 / count
    n = len(batches)
    return squares / n, [(m**2).sum() / n**2 for m in means], losses / n


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_batches_of_one_and_two_images_summed_directly(sampling):
    problem, x, y, w = digits(24, sampling)
    independent = sampling == "independent"
    batches = {1: [[i] for i in range(24)], 2: [[i, j] for i in range(24) for j in range(24) if independent or i != j]}
    if not independent:
        batches[24] = [list(range(24))]
    polynomials = {q: DataSets("doubles").compute(problem, q) for q in every_quantity(1) if q.kind != "mean"}
    for b, some in batches.items():
        squares, means, loss = directly(problem, x, y, w, some, b)
        for quantity, v in polynomials.items():
            k = (quantity.layer or 0) - 1
            expected = {"loss": loss, "second_moment": squares[k], "variance": squares[k] - means[k]}[quantity.kind]
            scale = loss if quantity.kind == "loss" else squares[k]
            assert abs(v(b) - expected) <= v.error(b) + 1e-12 * scale
            assert v.error(b) <= 1e-8 * scale


def test_large_batches_follow_full_gradient_descent():
    problem, x, y, w = digits(24)
    squares, _, loss = directly(problem, x, y, w, [np.arange(24)], 24)
    w1, w2 = w
    r = x @ (w2 @ w1).T - y
    g = w2.T @ r.T @ x / 24, r.T @ (x @ w1.T) / 24
    w1, w2 = (v - 0.5 * 1.5 * (h + 0.25 * v) for v, h in zip(w, g, strict=True))
    r = x @ (w2 @ w1).T - y
    for k, full in ((1, w2.T @ r.T @ x / 24), (2, r.T @ (x @ w1.T) / 24)):
        second = DataSets("doubles").compute(problem, Quantity("second_moment", 1, k))
        assert abs(second.coefficients[0] - (full**2).sum()) < 1e-12 * squares[k - 1]
        assert DataSets("doubles").compute(problem, Quantity("variance", 1, k)).coefficients[0] == 0
    assert abs(DataSets("doubles").compute(problem, Quantity("loss", 1)).coefficients[0] - loss) < 1e-12 * loss


def test_the_leading_coefficient_is_the_large_batch_law():
    points = [[1, 2, 0], [0, -1, 1], [3, 1, 1], [1, 1, -2], [0, 2, 1]]
    student, teacher = [[[1, 0, 2], [0, 1, 1]], [[1, F(1, 2)], [0, 1]]], [[[0, 1, 1], [1, 0, 1]], [[1, 1], [F(1, 3), 0]]]
    problem = TeacherStudent(student, teacher, DataSet(points), F(1, 5))
    for k in (1, 2):
        v = DataSets("exact").compute(problem, Quantity("variance", 1, k))
        assert v.coefficients[1] == large_batch.leading_coefficient(problem, 1, k)


def test_a_batch_of_all_images_has_no_noise():
    problem, *_ = digits(30, "without_replacement")
    for step in (0, 1):
        for k in (1, 2):
            v = variance_poly.variance_polynomial(problem, step, k, engine="data")
            assert abs(v(30)) <= v.error(30) < 1e-9 * v(1) and v.largest_batch == 30


def test_the_first_step_is_the_variance_of_a_mean():
    data = DataSet([[n % 3, n % 5] for n in range(20)], [[n % 2, n % 7] for n in range(20)])
    independent, subsets = (TeacherStudent([[[1, 2]], [[3], [-1]]], None, data, 1, sampling=s) for s in SAMPLINGS)
    for k in (1, 2):
        v, w = (DataSets("exact").compute(p, Quantity("variance", 0, k)) for p in (independent, subsets))
        assert len(v.coefficients) == 2 and all(w(b) == F(20 - b, 19) * v(b) for b in (1, 2, 5, 20))


def test_it_is_chosen_for_many_labelled_points():
    problem, *_ = digits(100, hidden=300)
    name, cost = variance_poly.predicted_cost(problem, 1, 2)
    assert name == "data" and cost.seconds < 60
    assert variance_poly.predicted_cost(problem, 1, 2)[1].seconds < 1.5 * variance_poly.predicted_cost(digits(100)[0], 1, 2)[1].seconds


def test_what_it_refuses():
    engine, law = DataSets(), DataSet([[1.0], [2.0]], [1.0, 0.0])
    two = TeacherStudent([[[1]], [[1]]], None, law, 1)
    for problem, quantity, reason in [
        (TeacherStudent([[[1]]], None, law, 1), Quantity("variance", 1, 1), "two linear layers"),
        (TeacherStudent([[[1]], [[1]]], None, law, 1, (0, 1, 1)), Quantity("variance", 1, 1), "two linear layers"),
        (TeacherStudent([[[1]], [[1]]], [[[1]], [[1]]], Gaussian(1), 1), Quantity("variance", 1, 1), "must be a DataSet"),
        (two, Quantity("variance", 2, 1), "t <= 1, but t = 2"),
        (two, Quantity("loss_variance", 1), "alone"),
    ]:
        assert reason in (engine.unsupported_reason(problem, quantity) or "")
        with pytest.raises(CannotError, match="data cannot compute"):
            engine.compute(problem, quantity)
    rng = np.random.default_rng(0)
    many = DataSet(rng.normal(size=(20_000, 4)), rng.normal(size=(20_000, 2)))
    huge = TeacherStudent([rng.normal(size=(4, 4)), rng.normal(size=(2, 4))], None, many, 0.1)
    with pytest.raises(UnaffordableError, match="products over the data set"):
        variance_poly.variance_polynomial(huge, 1, 2, engine="data", budget=Budget(seconds=100))
    beyond = TeacherStudent([[[1e200]], [[1e200]]], None, law, 1)
    with pytest.raises(RangeError, match="range of double precision"):
        DataSets("doubles").compute(beyond, Quantity("variance", 1, 1))
