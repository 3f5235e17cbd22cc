"""Conditional variances given w, in closed form, beside exact sums: over the atoms, over fourth moments, over all subsets of a data set.

E||g_1 - f_1||^2 = c_b ( E[ ||A x||^2 ||x||^2 ] - ||A Sigma||^2 ),  A = W_2^T D          E||g_2 - f_2||^2 likewise with D x and W_1 x
"""

from __future__ import annotations

from fractions import Fraction as F
from itertools import combinations, product

import numpy as np
import pytest
import torch

from empirics import DataSet
from empirics.engine_records import sample_moments_kind
from empirics.engines.base import Setting
from empirics.engines.networks import Networks
from empirics.engines.sample_moments import sample_moments
from empirics.engines.two_linear import TwoLinear
from tests.instances import network
from theory import Discrete, Gaussian, Independent, Rademacher, Uniform

CPU = torch.device("cpu")
ATOMS = Discrete([(1, 0, 2), (0, 2, -1), (-1, 1, 0), (F(1, 2), 3, 1)], [F(1, 2), F(1, 4), F(1, 8), F(1, 8)])
COVARIANCE = [[2, 1, 0], [1, 3, -1], [0, -1, 1]]
POINTS = [[1.0, 0.5, 0.0], [0.0, -1.0, 2.0], [2.0, 1.0, 1.0], [-1.0, 0.25, 0.5], [0.5, 0.5, -1.5]]
CLOSED = [
    Gaussian(3), Gaussian(cov=COVARIANCE), Gaussian(cov=[[1, 2, 0], [2, 4, 0], [0, 0, 0]]),
    Rademacher(3), Uniform(3), Uniform(3, F(-1, 2), F(1, 2)),
    ATOMS, DataSet(POINTS), Gaussian(cov=[[0, 0, 0]] * 3),
    Gaussian(mean=[1, -1, F(1, 2)], cov=COVARIANCE), Gaussian(mean=[2, 0, 0]),
    Gaussian(mean=[1, 0, 0], cov=[[0, 0, 0], [0, 1, 0], [0, 0, 1]]),  # E[x x^T] = I, and yet not N(0, I)
]  # fmt: skip


def conditional(problem, b, engine=TwoLinear, sampling="independent", estimator="rao_blackwell"):
    """What the engine says of E||g_k - f_k||^2 at w_0, k = 1, 2."""
    made = engine(Setting(problem, b, 1, 2, CPU, torch.float64, estimator, sampling, chunk=1))
    made.restart()
    with torch.no_grad():
        made.step(torch.ones(2, b, problem.inputs.dimension, dtype=torch.float64), 0.0, 0)
        values = made.digest(1).conditional[0, 0]
    assert (values[0] == values[1]).all()
    return values[0]


def matrices(problem):
    (w1, w2), (v1, v2) = ([np.array(w, dtype=float) for w in side] for side in (problem.student, problem.teacher))
    d = w2 @ w1 - v2 @ v1
    return d, w1, w2


def by_fourth_moments(problem, b):
    """(1/b) ( sum B_ij K_kl E[x_i x_j x_k x_l] - ||f||^2 ), with the exact moments of the law."""
    law, (d, w1, w2) = problem.inputs, matrices(problem)
    p, sigma = law.dimension, np.array(law.second_moment, dtype=float)
    fourth = np.empty((p,) * 4)
    for place in product(range(p), repeat=4):
        fourth[place] = law.moment([place.count(i) for i in range(p)])
    a = w2.T @ d
    pairs = ((a.T @ a, np.eye(p), a @ sigma), (d.T @ d, w1.T @ w1, d @ sigma @ w1.T))
    return np.array([np.einsum("ij,kl,ijkl", left, right, fourth) - np.square(f).sum() for left, right, f in pairs]) / b


@pytest.mark.parametrize("b", [1, 3, 8])
@pytest.mark.parametrize("sizes", [(3, 2, 1), (3, 7, 2), (3, 3, 3)], ids=str)
@pytest.mark.parametrize("law", CLOSED, ids=str)
def test_closed_forms_are_sums_of_fourth_moments(law, sizes, b):
    problem = network(sizes, law, seed=11)
    expected = by_fourth_moments(problem, b)
    assert conditional(problem, b) == pytest.approx(expected, rel=1e-11, abs=1e-12 * np.abs(expected).max())
    assert sample_moments_kind(law)


@pytest.mark.parametrize(
    "law",
    [
        pytest.param(Gaussian(cov=[[4]]), id="line"),
        pytest.param(Gaussian(cov=[[F(1, 2), 0, 0], [0, F(1, 2), 0], [0, 0, F(1, 2)]]), id="sphere"),
    ],
)
def test_a_multiple_of_the_identity_as_covariance(law):
    problem = network((law.dimension, 2, 2), law, seed=11)
    assert conditional(problem, 2) == pytest.approx(by_fourth_moments(problem, 2), rel=1e-11)


def test_signs_are_their_corners():
    corners = Discrete(list(product((-1, 1), repeat=2)))
    for seed in range(3):
        one, two = (network((2, 3, 2), law, seed=seed) for law in (Rademacher(2), corners))
        assert conditional(one, 3) == pytest.approx(conditional(two, 3), rel=1e-13)


@pytest.mark.parametrize("law", [ATOMS, DataSet(POINTS)], ids=str)
@pytest.mark.parametrize("activation", [(0, 1), (0, 1, F(1, 2)), "tanh", "relu"], ids=str)
def test_of_any_network_the_atoms_are_summed(law, activation):
    """(1/b) ( sum_n q_n ||grad l(w; x_n)||^2 - ||grad L||^2 ), with gradients of single atoms by autograd."""
    problem = network((3, 4, 2), law, activation=activation, seed=7)
    atoms, q = law.support()
    weights, teacher = ([torch.tensor(np.array(w, dtype=float)) for w in side] for side in (problem.student, problem.teacher))
    functions = {"tanh": torch.tanh, "relu": torch.relu, (0, 1, F(1, 2)): lambda z: z + z * z / 2}
    sigma = functions.get(activation, lambda z: z)
    gradients = []
    for atom in atoms:
        x = torch.tensor([float(v) for v in atom], dtype=torch.float64)
        w = [m.clone().requires_grad_() for m in weights]
        error = w[1] @ sigma(w[0] @ x) - teacher[1] @ sigma(teacher[0] @ x)
        gradients.append([g.numpy() for g in torch.autograd.grad(error.square().sum() / 2, w)])
    for b in (1, 4):
        found = conditional(problem, b, Networks)
        for k in range(2):
            second = sum(float(p) * np.square(g[k]).sum() for p, g in zip(q, gradients, strict=True))
            mean = sum(float(p) * g[k] for p, g in zip(q, gradients, strict=True))
            assert found[k] == pytest.approx((second - np.square(mean).sum()) / b, rel=1e-11)


@pytest.mark.parametrize("engine", [TwoLinear, Networks])
@pytest.mark.parametrize("b", [1, 2, 3, 5])
def test_without_replacement_all_subsets_are_averaged(engine, b):
    problem = network((3, 2, 2), DataSet(POINTS), seed=2)
    d, w1, w2 = matrices(problem)
    x = np.array(POINTS)
    full, values = x.T @ x / 5, []
    for chosen in combinations(range(5), b):
        s = x[list(chosen)].T @ x[list(chosen)] / b - full
        values.append([np.square(w2.T @ d @ s).sum(), np.square(d @ s @ w1.T).sum()])
    expected = np.mean(values, axis=0)
    scale = conditional(problem, 1, engine).max()
    assert conditional(problem, b, engine, "without_replacement") == pytest.approx(expected, rel=1e-11, abs=1e-13 * scale)


@pytest.mark.parametrize("engine", [TwoLinear, Networks])
def test_a_single_point_has_no_noise(engine):
    problem = network((3, 2, 2), DataSet([[1.0, 2.0, 3.0]]), seed=2)
    for sampling in ("independent", "without_replacement"):
        assert conditional(problem, 1, engine, sampling) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("law", [Uniform(3, 0, 1), Independent(3, [1, 1, 2, 4, 10])], ids=str)
def test_what_is_not_centred_has_no_closed_form(law):
    assert not sample_moments_kind(law)
    setting = Setting(network((3, 2, 2), law), 2, 1, 2, CPU, torch.float64, "rao_blackwell")
    with pytest.raises(ValueError, match="inputs must be Gaussian, centred and independent, or finitely many atoms"):
        sample_moments(setting)


@pytest.mark.parametrize("law", [Gaussian(cov=[[1e-200]]), Uniform(1, F(-1, 10**170), F(1, 10**170))], ids=["gaussian", "uniform"])
def test_variances_whose_squares_are_no_doubles(law):
    values = conditional(network((1, 2, 1), law, seed=3), 2)
    assert (values == 0).all()
