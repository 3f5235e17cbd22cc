"""SGD in doubles beside SGD in balls: every number of the run is as close to the real one as the rounding recursion promises."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.polynomial import Chebyshev

from theory import SGD, Gaussian, TeacherStudent
from theory.activations import activation
from theory.approximation.double_runs import run
from theory.approximation.gap_recursion import Envelope, LocalErrors, propagate
from theory.approximation.run_bounds import RunBounds, smooth_run
from theory.arithmetic.norms import UNIT
from theory.backpropagation import OnArrays
from theory.chebyshev import ActivationPolynomial
from theory.references import ball_runs

SMOOTH = ("sigmoid", "tanh", "softplus", "gelu", "silu", "elu")
BITS = 256  # of the balls: their widths are nothing beside a unit of doubles
WIDE = 2000  # of the promise, in units 2^-53: the functions alone are allowed 16 units, and three steps and layers amplify; 90 to 320 seen
NEAR = 1e-13  # relative: some dozen roundings, all upwards by 16 units

weights = st.builds(F, st.integers(-4, 4), st.sampled_from([2, 3, 4, 5]))  # some doubles, most not
gentle = st.builds(F, st.integers(-2, 2), st.sampled_from([3, 4, 5]))
samples = st.floats(-1.5, 1.5)


def matrices(rows, columns, entries):
    return st.lists(st.lists(entries, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


@st.composite
def runs(draw, entries=weights, rates=(F(1, 3), F(1, 10), F(1, 8), 0.1), widest=3, deepest=4, longest=4):
    """(problem, batches): H = 1..4 layers, 1..4 steps, batches of 1..3 samples, any smooth activation."""
    sizes = draw(st.lists(st.integers(1, widest), min_size=2, max_size=deepest + 1))
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    steps, b = draw(st.integers(1, longest)), draw(st.integers(1, 3))
    student, teacher = ([draw(matrices(r, c, entries)) for r, c in shapes] for _ in range(2))
    learning_rates = draw(st.lists(st.sampled_from(rates), min_size=steps, max_size=steps))
    problem = TeacherStudent(student, teacher, Gaussian(sizes[0]), learning_rates, draw(st.sampled_from(SMOOTH)))
    batches = draw(st.lists(matrices(b, sizes[0], samples), min_size=steps, max_size=steps))
    return problem, np.array(batches)


def float_rates(problem, x):
    return [float(a) for a in problem.rates_before(len(x) - 1)]


def largest_reach(problem, x):
    """The largest |h| of student and teacher in layers with an activation, in doubles."""
    steps = smooth_run(problem, flawless(problem, F(1)), float_rates(problem, x), x)
    seen = [h for step in steps for h in (*step.preactivations[:-1], *step.teacher[1][:-1])]
    return max((float(np.abs(h).max()) for h in seen), default=0.0)


class Recorded(RunBounds):
    """Keeps, of every step, the step in doubles, what its weights and the rest lost, and the norms of the run in real numbers."""

    def _exact_envelope(self, step, lost, t):
        found = real, _, gaps = super()._exact_envelope(step, lost, t)
        self.seen = [*getattr(self, "seen", []), (step, lost, gaps, real)]
        return found


def flawless(problem, radius):
    """Nothing of the polynomial counts but its radius: the bounds are about doubles alone."""
    return ActivationPolynomial(problem.activation, radius, Chebyshev([0.0, 1.0]), 0.0, 0.0, 0.0, 0.0, is_certified=True)


def promises(problem, x):
    """What is promised of every step, and taken into account by the bounds."""
    alphas, polynomial = float_rates(problem, x), flawless(problem, F(int(largest_reach(problem, x)) + 2))
    bounds = Recorded(problem, polynomial, alphas, smooth_run(problem, polynomial, alphas, x))
    bounds.bounds()
    return bounds.seen


def norm(matrix):
    square = sum((x * x for x in np.ravel(matrix).tolist()), arb(0))
    return square.nonnegative_part().sqrt()


def far(ball, doubles):
    """|| ball - doubles ||_F, a ball."""
    return norm(np.ravel(ball) - np.array([arb(float(x)) for x in np.ravel(doubles)], dtype=object))


CANCELS = [[[1, F(1, 2**60), -1]]], [[[0, 0, 0]]]  # the sum is 2^-60, and 0 in doubles; a large rate carries that into the weights
NEARLY_EQUAL = [[[0], [0]], [[0, 0]]], [[[F(1, 3)], [F(1, 3) + F(1, 10**17)]], [[1, -1]]]  # the teacher's output is 0 in doubles


@given(runs())
@example((TeacherStudent(*CANCELS, Gaussian(3), 2**20, "tanh"), np.ones((2, 1, 3))))
@example((TeacherStudent(*NEARLY_EQUAL, Gaussian(1), 1, "tanh"), np.ones((1, 1, 1))))
@example((TeacherStudent([[[1]]], [[[0]]], Gaussian(1), 1, "tanh"), np.full((2, 1, 1), 2.0**-30)))  # 1 - 2^-60
def test_every_number_of_the_run_is_as_close_as_promised(case):
    problem, x = case
    with ctx.workprec(BITS):
        truth = ball_runs.run(problem, ball_runs.of_activation(problem.activation), x)
        for real, (step, lost, gaps, norms) in zip(truth, promises(problem, x), strict=True):
            for k in range(problem.depth):
                assert not far(real.weight[k], step.weights[k]) > lost[k]
                assert not far(real.gradient[k], step.gradients[k]) > gaps.gradient[k]
                for i in range(x.shape[1]):
                    assert not far(real.preactivation[k][i], step.preactivations[k][i]) > gaps.preactivation[k][i]
                    assert not far(real.backward[k][i], step.backward[k][i]) > gaps.backward[k][i]
                    assert not norm(real.backward[k][i]) > norms.backward[k][i]
                    if k + 1 == problem.depth:
                        continue
                    assert not far(real.hidden[k][i], step.inputs[k + 1][i]) > gaps.hidden[k + 1][i]
                    assert not norm(real.hidden[k][i]) > norms.inputs[k + 1][i]
                    for j, (slope, h) in enumerate(zip(real.derivative[k][i], real.preactivation[k][i], strict=True)):
                        assert not abs(slope - float(step.slopes[k][i, j])) > gaps.derivative[k][i]
                        assert not abs(h) > norms.reach[k][i]


THIRDS = [[[F(1, 3), F(-2, 3)], [F(1, 7), F(1, 3)]], [[F(2, 3), F(1, 5)], [F(-1, 3), F(1, 3)]], [[F(1, 3), F(-1, 9)]]]
TEACHER = [[[1, F(1, 3)], [F(-1, 3), 0]], [[F(1, 3), 0], [F(1, 3), 1]], [[F(-2, 3), F(1, 3)]]]
X = np.random.default_rng(0).uniform(-1, 1, (3, 4, 2))


@pytest.mark.parametrize("name", SMOOTH)
def test_the_promise_is_not_absurdly_wide(name):
    """All numbers here are about 1, so that absolute errors are relative ones."""
    problem = TeacherStudent(THIRDS, TEACHER, Gaussian(2), F(1, 3), name)
    for _, lost, gaps, _ in promises(problem, X):
        all_gaps = (*gaps.preactivation, *gaps.hidden, *gaps.derivative, *gaps.backward, gaps.gradient, lost)
        assert max(float(np.max(e)) for e in all_gaps) < WIDE * UNIT


def test_the_recursion_by_hand():
    """H = 2, two samples, every local error its own power of two: the formulas of `gap_recursion`, in rationals."""
    w, e_w, slope, lipschitz = (3, 5), (F(1, 4), F(1, 8)), F(3, 2), F(7, 4)
    zeta, delta = [(2, 3), (4, 1)], [(1, 2), (5, 6)]  # zeta_0, zeta_1; Delta_1, Delta_2; of both samples
    r_h, r_z, r_slope, r_delta, r_g, e_y = (F(1, 16), F(1, 32)), F(1, 64), F(1, 128), (F(1, 256), F(1, 512)), (2, 3), F(1, 1024)
    arrays = lambda *values: [np.array(v, dtype=float) for v in values]  # noqa: E731
    first = Envelope([float(x) for x in w], arrays(*zeta), arrays((0, 0)), arrays(*delta))
    local = LocalErrors(*(arrays(*r) for r in (r_h, [r_z], [r_slope], r_delta)), list(r_g), float(e_y))
    gaps = propagate([float(e) for e in e_w], first, local, float(slope), float(lipschitz))
    means = [F(0), F(0)]
    for i in range(2):
        h1 = e_w[0] * zeta[0][i] + r_h[0]
        z1 = slope * h1 + r_z
        h2 = e_w[1] * zeta[1][i] + (w[1] + e_w[1]) * z1 + r_h[1]
        d = lipschitz * h1 + r_slope
        delta2 = h2 + e_y + r_delta[1]
        delta1 = d * w[1] * delta[1][i] + (slope + r_slope) * (e_w[1] * delta[1][i] + (w[1] + e_w[1]) * delta2) + r_delta[0]
        means[0] += delta1 * zeta[0][i] / 2
        means[1] += (delta2 * zeta[1][i] + (delta[1][i] + delta2) * z1) / 2
        found = [x[i] for x in (*gaps.preactivation, gaps.hidden[1], *gaps.derivative, *gaps.backward)]
        exact = h1, h2, z1, d, delta1, delta2
        assert found == pytest.approx([float(x) for x in exact], rel=NEAR)
        assert all(F(float(x)) >= y for x, y in zip(found, exact, strict=True))
    assert gaps.gradient == pytest.approx([float(m + r) for m, r in zip(means, r_g, strict=True)], rel=NEAR)
    assert all(F(x) >= m + r for x, m, r in zip(gaps.gradient, means, r_g, strict=True))


def test_one_step_by_hand():
    """W_1 = 1, W_2 = 2, teacher 0, sigma = tanh, x = 1/2 and -1/2, rate 1/4: h_1 = x, delta_2 = 2 tanh x, g_1 = 4 x tanh x tanh' x."""
    tanh = activation("tanh")
    student, teacher = [np.array([[1.0]]), np.array([[2.0]])], [np.zeros((1, 1))] * 2
    first, second = run(student, teacher, OnArrays(tanh.value, tanh.derivative), SGD(), [0.25], np.array([[[0.5], [-0.5]]] * 2))
    z = np.tanh(0.5)
    gradients = [4 * 0.5 * z * (1 - z * z), 2 * z * z]
    assert [g.item() for g in first.gradients] == pytest.approx(gradients, rel=8 * UNIT)
    assert [w.item() for w in second.weights] == pytest.approx([1 - gradients[0] / 4, 2 - gradients[1] / 4], rel=8 * UNIT)
    assert first.backward[0][:, 0].tolist() == pytest.approx([4 * z * (1 - z * z), -4 * z * (1 - z * z)], rel=8 * UNIT)
