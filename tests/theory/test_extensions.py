"""Beyond the paper's setting: momentum, weight decay, labels, subsets, by enumeration and by frequencies against plain brute force."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

import pytest

from tests.theory.enumeration.every_subset import trajectory
from theory import SGD, DataSet, Discrete, Gaussian, TeacherStudent, enumeration, variance_poly
from theory.budget import CannotError
from theory.engines.base import Quantity
from theory.extensions import ALL, OPTIMIZER, TARGETS, WITHOUT_REPLACEMENT, reason_beyond

RATES = [F(1, 2), F(1, 4), F(1)]
OPTIMIZERS = [
    SGD(),
    SGD(weight_decay=F(1, 3)),
    SGD(momentum=F(1, 2)),
    SGD(momentum=F(1, 2), dampening=F(1, 4), weight_decay=F(1, 8)),
    SGD(momentum=F(3, 4), nesterov=True, weight_decay=F(1, 2)),
]
#: sizes, activation, points, labels, w_0, steps: a linear network, a quadratic one, and one whose points and labels come in opposite pairs.
CASES = {
    "linear 1-1-1": ((1, 1, 1), (0, 1), [[1], [2], [1]], [[1], [-1], [1]], [F(1), F(1, 2)], 2),
    "linear 2-1-2": ((2, 1, 2), (0, 1), [[1, 0], [1, 1], [0, 2]], [[1, 0], [0, 1], [1, -1]], [F(1), F(-1, 2), F(1, 2), F(1)], 1),
    "opposite pairs": ((1, 2, 1), (0, 1), [[1], [-1], [2], [-1]], [[1], [-1], [3], [2]], [F(1), F(1, 2), F(1), F(-1, 2)], 1),
    "quadratic 1-1-1": ((1, 1, 1), (F(1, 2), 0, 1), [[0], [1], [1]], [[1], [0], [2]], [F(1), F(1, 2)], 1),
    "one layer": ((2, 1), (0, 1), [[1, 0], [1, 1], [1, 3]], [[1], [0], [2]], [F(1), F(-1)], 2),
}


def matrices(sizes, w0):
    layers, start = [], 0
    for p, q in pairwise(sizes):
        layers.append([[w0[start + i * p + j] for j in range(p)] for i in range(q)])
        start += p * q
    return layers


def labelled(name, sampling="independent", sgd=OPTIMIZERS[0]):
    sizes, sigma, points, labels, w0, _ = CASES[name]
    return TeacherStudent(matrices(sizes, w0), None, DataSet(points, labels), RATES, sigma, sgd, sampling)


def expected(name, sampling, sgd, b):
    sizes, sigma, points, labels, w0, steps = CASES[name]
    pairs = [(list(map(F, x)), list(map(F, y))) for x, y in zip(points, labels, strict=True)]
    return trajectory(sizes, list(map(F, sigma)), pairs, w0, RATES, steps, b, sampling == "independent", sgd)


@pytest.mark.parametrize("sampling", ["independent", "without_replacement"])
@pytest.mark.parametrize("name", CASES)
def test_two_routes_give_what_the_definition_gives(name, sampling):
    for sgd in OPTIMIZERS:
        problem = labelled(name, sampling, sgd)
        for b in (1, 2, 3) if CASES[name][-1] == 1 else (1, 2):
            for t, (variances, loss) in enumerate(expected(name, sampling, sgd, b)):
                assert (
                    variance_poly.loss_polynomial(problem, t, engine="frequencies")(b) == loss == enumeration.loss(problem, t, batch_size=b)
                )
                for k, truth in enumerate(variances, start=1):
                    assert variance_poly.variance_polynomial(problem, t, k, engine="frequencies")(b) == truth
                    assert enumeration.variance(problem, t, k, batch_size=b) == truth
                    assert t or enumeration.variance(problem, t, k, batch_size=b, literal=True) == truth


def test_a_batch_of_all_points_has_no_noise():
    problem = labelled("linear 2-1-2", "without_replacement", OPTIMIZERS[4])
    for t in (0, 1):
        for k in (1, 2):
            v = variance_poly.variance_polynomial(problem, t, k)
            assert v(3) == 0 and v.largest_batch == 3 and v.coefficients[0] != 0 and v.decreasing_from() == 1
            with pytest.raises(ValueError, match=r"b must be in \[1, 3\], the batches without replacement, but was 4"):
                v(4)
            with pytest.raises(ValueError, match="a threshold needs batches of every size, but they end at 3"):
                _ = v.threshold
    with pytest.raises(ValueError, match="batch_size must be at most 3, the number of points, without replacement, but was 4"):
        enumeration.variance(problem, 0, 1, batch_size=4)


def test_a_point_listed_twice_counts_twice():
    """Of 1, 1, 2 without replacement: both draws are 1 with probability 1/3; x and -x with opposite labels are the same point."""
    for points, labels in (([1, 1, 2], [3, 3, 1]), ([1, -1, 2], [3, -3, 1])):
        problem = TeacherStudent([[[1]], [[2]]], None, DataSet(points, labels), RATES, sampling="without_replacement")
        g = [2 * (2 - 3) * 1, 2 * (2 - 3) * 1, 2 * (4 - 1) * 2]
        means = [F(g[i] + g[j], 2) for i, j in ((0, 1), (0, 2), (1, 2))]
        truth = sum((m * m for m in means), F(0)) / 3 - (sum(means, F(0)) / 3) ** 2
        assert variance_poly.variance_polynomial(problem, 0, 1)(2) == truth == enumeration.variance(problem, 0, 1, batch_size=2)


def test_labels_of_a_teacher_are_a_teacher():
    student, teacher = [[[1, 0], [1, 1]], [[1, F(1, 2)]]], [[[F(1, 2), 1], [0, 1]], [[1, 1]]]
    points = [[1, 0], [1, 2], [0, 1], [-1, 1]]
    labels = [[F(1, 2)], [F(9, 2)], [2], [F(3, 2)]]
    for sampling in ("independent", "without_replacement"):
        taught = TeacherStudent(student, teacher, DataSet(points), RATES, sampling=sampling)
        learned = TeacherStudent(student, None, DataSet(points, labels), RATES, sampling=sampling)
        for k in (1, 2):
            assert variance_poly.variance_polynomial(taught, 1, k) == variance_poly.variance_polynomial(learned, 1, k)
    assert variance_poly.variance_polynomial(TeacherStudent(student, teacher, Discrete(points), RATES), 1, 1, engine="wishart") == (
        variance_poly.variance_polynomial(TeacherStudent(student, None, DataSet(points, labels), RATES), 1, 1)
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (
            {"inputs": DataSet([1, 2], [1, 2]), "teacher": [[[1]]]},
            "teacher must be None where the inputs have targets",
        ),
        ({"inputs": DataSet([1, 2])}, "teacher must be given unless inputs are a DataSet with targets, but was None"),
        ({"inputs": Gaussian(1)}, "teacher must be given unless inputs are a DataSet with targets, but was None"),
        ({"inputs": DataSet([1], [[1, 2]])}, r"inputs.targets must have one column for each of the 1 outputs of student, but had 2"),
        (
            {"inputs": Discrete([1, 2]), "teacher": [[[1]]], "sampling": "without_replacement"},
            "sampling must be 'independent' unless",
        ),
        ({"inputs": DataSet([1, 2]), "teacher": [[[1]]], "sampling": "epochs"}, "sampling must be one of independent, without_replacement"),
    ],
)
def test_what_is_no_such_problem_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TeacherStudent([[[1]]], **{"teacher": None, "learning_rates": 1} | arguments)


def test_targets_are_as_many_as_points():
    with pytest.raises(ValueError, match="targets must have one row for each of the 2 points, but had 3"):
        DataSet([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match=r"targets\[1, 0\] must be finite"):
        DataSet([1, 2], [1, float("nan")])


def test_each_extension_is_named_where_it_is_not_taken():
    problem = labelled("linear 1-1-1", "without_replacement", OPTIMIZERS[2])
    assert reason_beyond(problem, *ALL) is None
    for left_out, reason in {
        OPTIMIZER: "optimizer must be plain",
        TARGETS: "teacher must be",
        WITHOUT_REPLACEMENT: "sampling must be",
    }.items():
        assert reason in (reason_beyond(problem, *(x for x in ALL if x != left_out)) or "")
    with pytest.raises(CannotError, match="trace_words cannot compute"):
        variance_poly.variance_polynomial(problem, 0, 1, engine="trace_words")
    form = Quantity("variance", 0, 1)
    assert all(e.unsupported_reason(problem, form) for e in variance_poly.ENGINES if e.name not in ("frequencies", "data"))


def test_a_batch_of_thousands_of_points_is_one_subset():
    """Its points were nested in each other, as deep as Python goes."""
    n = 3000
    problem = TeacherStudent([[[1]]], None, DataSet(list(range(n)), [1] * n), 1, sampling="without_replacement")
    assert enumeration.variance(problem, 0, 1, batch_size=n) == 0
