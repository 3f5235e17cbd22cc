"""Momentum, dampening, Nesterov and weight decay: engine against engine, and against every mini-batch where those can be listed."""

from __future__ import annotations

from fractions import Fraction as F

import pytest

from theory import SGD, Discrete, Gaussian, TeacherStudent, Uniform, enumeration, variance_poly
from theory.budget import CannotError

OPTIMIZERS = [
    SGD(weight_decay=F(1, 3)),
    SGD(momentum=F(1, 2)),
    SGD(momentum=F(1, 2), dampening=F(1, 4), weight_decay=F(1, 8)),
    SGD(momentum=F(1, 2), dampening=1),
    SGD(momentum=F(3, 4), nesterov=True, weight_decay=F(1, 2)),
]
RATES = [F(1, 2), F(1, 3), F(1, 4), F(1, 5)]
SCALAR = [[[1]], [[F(1, 2)]]], [[[F(3, 4)]], [[1]]]
WIDE = [[[1, 0], [F(1, 2), 1], [0, 1]], [[1, -1, F(1, 2)]]], [[[0, 1], [1, 0], [1, 1]], [[F(1, 2), 1, 0]]]
DEEP = [[[1]], [[F(1, 2)]], [[2]]], [[[1]], [[1]], [[1]]]
LAYER = [[[1, F(1, 2)], [0, 1]]], [[[0, 1], [F(1, 3), -1]]]
TWO, THREE = Discrete([1, 2], [F(1, 3), F(2, 3)]), Discrete([[1, 0], [1, 1], [0, 2]])
#: weights, inputs, activation, steps, and the engines that can.
CASES = {
    "two atoms, t = 2": (SCALAR, TWO, (0, 1), 2, ("frequencies", "wishart", "deep_moments")),
    "three atoms, rank below width": (WIDE, THREE, (0, 1), 1, ("frequencies", "wishart", "deep_moments")),
    "quadratic": (SCALAR, TWO, (1, 0, 1), 1, ("frequencies", "deep_moments")),
    "three layers": (DEEP, TWO, (0, 1), 1, ("frequencies", "deep_moments")),
    "one layer": (LAYER, THREE, (0, 1), 3, ("frequencies", "wishart", "deep_moments")),
    "Gaussian": (SCALAR, Gaussian(1), (0, 1), 2, ("wishart", "deep_moments")),
    "Gaussian, two inputs": (WIDE, Gaussian(cov=[[2, 1], [1, 3]]), (0, 1), 1, ("wishart", "deep_moments", "trace_words")),
    "Gaussian, one layer": (LAYER, Gaussian(cov=[[2, 1], [1, 3]]), (0, 1), 3, ("wishart", "trace_words")),
    "Gaussian, three layers": (DEEP, Gaussian(1), (0, 1), 1, ("deep_moments", "trace_words")),
    "uniform": (LAYER, Uniform(2), (0, 1), 2, ("wishart", "deep_moments")),
}


def answers(problem, step, layer, engine):
    yield variance_poly.variance_polynomial(problem, step, layer, engine=engine)
    yield variance_poly.second_moment_polynomial(problem, step, layer, engine=engine)
    yield variance_poly.loss_polynomial(problem, step, engine=engine)
    yield variance_poly.mean_gradient(problem, step, layer, engine=engine).tolist()


@pytest.mark.parametrize("name", CASES)
def test_engines_agree(name):
    (student, teacher), inputs, activation, steps, engines = CASES[name]
    for sgd in OPTIMIZERS if name != "Gaussian, three layers" else OPTIMIZERS[2:3]:  # words of ten S take seconds
        problem = TeacherStudent(student, teacher, inputs, RATES, activation, sgd)
        for t in range(1, steps + 1):
            for k in range(1, len(student) + 1):
                first, *others = [list(answers(problem, t, k, engine)) for engine in engines]
                assert all(x == first for x in others)
                assert first[0].degree <= first[0].degree_bound and first[0].coefficients[0] == 0
        if inputs.support() is not None and t <= 2:
            assert first[0](2) == enumeration.variance(problem, t, k, batch_size=2)


def test_decay_alone_is_seen_by_every_engine():
    """At the teacher nothing is learned; weights that decay leave it."""
    (student, _), decays = SCALAR, SGD(weight_decay=F(1, 2))
    for inputs, engines in ((TWO, ("frequencies", "wishart", "deep_moments")), (Gaussian(1), ("wishart", "deep_moments", "trace_words"))):
        for engine in engines:
            still, moving = (TeacherStudent(student, student, inputs, F(1, 2), (0, 1), sgd) for sgd in (SGD(), decays))
            assert variance_poly.variance_polynomial(still, 1, 1, engine=engine).coefficients == (0,)
            assert variance_poly.variance_polynomial(moving, 1, 1, engine=engine).coefficients[1] > 0


def test_the_variance_of_the_loss_of_one_layer_says_what_it_cannot():
    (student, teacher), momentum = LAYER, OPTIMIZERS[1]
    problem = TeacherStudent(student, teacher, THREE, RATES, (0, 1), momentum)
    with pytest.raises(CannotError, match="var loss of one layer is for plain SGD"):
        variance_poly.loss_variance_polynomial(problem, 1, engine="wishart")
    by_others = [variance_poly.loss_variance_polynomial(problem, 2, engine=e) for e in ("frequencies", "deep_moments")]
    assert by_others[0] == by_others[1] and by_others[0](3) == enumeration.loss_variance(problem, 2, batch_size=3)
