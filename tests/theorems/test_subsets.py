"""Batches without replacement, drawn networks and data: every sequence of subsets, and nothing random in the batch of all samples."""

from fractions import Fraction as F

from hypothesis import given
from hypothesis import strategies as st

from theory import SGD, DataSet, TeacherStudent, enumeration, variance_poly
from theory.claims.subsets import Instance, check, labelled

halves = st.integers(-4, 4).map(lambda k: F(k, 2))
pairs = st.lists(st.tuples(halves, halves), min_size=1, max_size=4)


@given(pairs, st.tuples(halves, halves), st.integers(0, 1), st.integers(1, 2), st.sampled_from([SGD(), SGD(momentum=F(1, 2))]))
def test_any_data_set(data, weights, step, layer, sgd):
    points, labels = zip(*data, strict=True)
    first, second = ([[x]] for x in weights)
    problem = TeacherStudent([first, second], None, DataSet(points, labels), F(1, 2), (0, 1), sgd, "without_replacement")
    assert check(Instance("drawn", problem, step, layer)).holds


def test_independent_draws_leave_an_nth_part():
    instance = labelled(0)
    problem = instance.problem
    independent = TeacherStudent(problem.student, None, problem.inputs, F(1, 2))
    one = enumeration.variance(independent, 0, 1, batch_size=1)
    assert variance_poly.variance_polynomial(independent, 0, 1)(4) == one / 4 > 0 == variance_poly.variance_polynomial(problem, 0, 1)(4)
