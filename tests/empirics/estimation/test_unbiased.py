"""Estimators are unbiased: every possible block of two replicas, weighted by its probability, averages to the exact value, to rounding.

No sampling: the law has two or three atoms, so the batches of both replicas are enumerated, run at once, and their statistics averaged.
The truth follows every sequence of batches in rationals (tests.oracles.sequences).
"""

from __future__ import annotations

from fractions import Fraction as F
from itertools import permutations, product

import numpy as np
import pytest
import torch

from empirics import DataSet
from empirics.engines.autograd import Autograd
from empirics.engines.base import Setting
from empirics.engines.networks import Networks
from empirics.engines.two_linear import TwoLinear
from empirics.estimation.block_statistics import PER_LAYER, block_statistics, controls
from tests.instances import network
from tests.oracles.sequences import exact_statistics, independent_paths
from theory import Discrete, enumeration

STEPS = 2
RATES = (F(1, 8), F(1, 16))
TWO = Discrete([(1, 0), (F(1, 2), -1)], [F(3, 4), F(1, 4)])
THREE = DataSet([[1.0, 0.5], [0.0, -1.0], [1.5, 1.0]])
FOUR = DataSet([[1.0, 0.5], [0.0, -1.0], [1.5, 1.0], [-1.0, 0.25]])


def epochs(n, b, steps):
    """Orders of all points, cut into batches."""
    orders = list(permutations(range(n)))
    assert steps * b <= n
    return [(F(1, len(orders)), [order[t * b : (t + 1) * b] for t in range(steps)]) for order in orders]


def without_replacement(n, b, steps):
    batches = list(permutations(range(n), b))
    return [(F(1, len(batches) ** steps), path) for path in product(batches, repeat=steps)]


PATHS = {
    "independent, b = 1": (TWO, independent_paths(TWO.probabilities, 1, STEPS), 1, "independent"),
    "independent, b = 2": (TWO, independent_paths(TWO.probabilities, 2, STEPS), 2, "independent"),
    "without replacement, b = 2": (THREE, without_replacement(3, 2, STEPS), 2, "without_replacement"),
    "without replacement, b = 3": (THREE, without_replacement(3, 3, STEPS), 3, "without_replacement"),
    "epochs, b = 1": (THREE, epochs(3, 1, STEPS), 1, "epochs"),
    "epochs, b = 2": (FOUR, epochs(4, 2, STEPS), 2, "epochs"),
}


def all_blocks(engine, problem, paths, b, sampling, estimator):
    """Expectations of statistics and controls over all pairs of paths, (steps, n) and (steps, m)."""
    pairs = list(product(range(len(paths)), repeat=2))
    atoms = np.array([[float(x) for x in atom] for atom in problem.inputs.support()[0]])
    chances = np.array([float(paths[i][0] * paths[j][0]) for i, j in pairs])
    made = engine(Setting(problem, b, len(pairs), 2, torch.device("cpu"), torch.float64, estimator, sampling, chunk=STEPS))
    made.restart()
    with torch.no_grad():
        for t in range(STEPS):
            rows = atoms[[[list(paths[i][1][t]) for i in pair] for pair in pairs]].reshape(2 * len(pairs), b, -1)
            made.step(torch.from_numpy(rows), float(RATES[t]), t)
        observed = made.digest(STEPS)
    values = np.einsum("tbn,b->tn", block_statistics(observed, estimator), chances)
    added = np.einsum("tbm,b->tm", controls(observed, np.array(RATES, dtype=float)), chances) if estimator == "controlled" else None
    return values, added


def check(engine, problem, case, estimator):
    _, paths, b, sampling = PATHS[case]
    values, added = all_blocks(engine, problem, paths, b, sampling, estimator)
    for t in range(STEPS):
        truth = exact_statistics(problem, paths, t)
        expected = np.concatenate([*(truth[name] for name in PER_LAYER), [truth["loss"]]])
        scale = truth["second_moment"].max() + truth["loss"]
        assert np.abs(values[t] - expected).max() <= 1e-12 * scale, (t, values[t], expected)
    assert added is None or np.abs(added).max() <= 1e-13 * scale


CASES = [
    (engine, case, estimator)
    for engine in (TwoLinear, Networks, Autograd)
    for case in PATHS
    for estimator in ("naive", "rao_blackwell", "controlled")
    if estimator == "naive" or (engine is not Autograd and "epochs" not in case)
    if engine is not Autograd or "= 1" in case
]


@pytest.mark.parametrize(("engine", "case", "estimator"), CASES, ids=lambda x: getattr(x, "name", x))
def test_two_linear_layers(engine, case, estimator):
    check(engine, network((2, 2, 1), PATHS[case][0], RATES, seed=1), case, estimator)


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell", "controlled"])
@pytest.mark.parametrize("case", ["independent, b = 2", "without replacement, b = 2"])
@pytest.mark.parametrize(
    ("sizes", "activation"), [((2, 2, 1), (0, 1, F(1, 2))), ((2, 2), (0, 1)), ((2, 1, 2, 1), (0, 1)), ((2, 2, 2), "relu")], ids=str
)
def test_other_networks(sizes, activation, case, estimator):
    check(Networks, network(sizes, PATHS[case][0], RATES, activation, seed=4), case, estimator)


def test_the_truth_is_that_of_the_enumeration():
    """The two brute forces share the gradient of one sample only."""
    problem = network((2, 2, 1), TWO, RATES, seed=1)
    truth = exact_statistics(problem, PATHS["independent, b = 2"][1], 1)
    assert truth["loss"] == pytest.approx(float(enumeration.loss(problem, 1, batch_size=2)), rel=1e-15)
    assert truth["var_gradient"] == pytest.approx([float(enumeration.variance(problem, 1, k, batch_size=2)) for k in (1, 2)], rel=1e-14)
    assert truth["second_moment"] == pytest.approx([float(enumeration.moments(problem, 1, k, batch_size=2)[0]) for k in (1, 2)], rel=1e-14)


@pytest.mark.parametrize("b", [1, 2])
def test_without_a_population_squares_of_the_full_gradient_come_from_pairs_of_samples(b):
    """E <grad l(w; x), grad l(w; x')> = ||grad L(w)||^2, at w_0 and, the step being random too, at w_1"""
    atomless = network((2, 2, 1), TWO, RATES, (0, 1, F(1, 2)), seed=2)
    paths = independent_paths(TWO.probabilities, 2, STEPS)  # two samples; of the first alone the batch consists when b = 1
    atoms = torch.tensor([[float(x) for x in atom] for atom in TWO.atoms], dtype=torch.float64)
    chances = np.array([float(chance) for chance, _ in paths])
    made = Networks(Setting(atomless, b, len(paths), 1, torch.device("cpu"), torch.float64, "naive", chunk=STEPS))
    made.population, made.estimates = None, torch.empty(2, STEPS, len(paths), dtype=torch.float64)
    made.restart()
    with torch.no_grad():
        for t in range(STEPS):
            made.step(torch.stack([atoms[list(path[t])] for _, path in paths]), float(RATES[t]), t)
    estimates = made.estimates.numpy() @ chances
    loss = made.losses.numpy() @ chances
    shorter = [(chance, [batch[:b] for batch in path]) for chance, path in paths]
    for t in range(STEPS):
        truth = exact_statistics(atomless, shorter, t)
        mean_square = full_square(atomless, shorter, t)
        assert estimates[:, t] == pytest.approx(mean_square, rel=1e-12) and loss[t] == pytest.approx(truth["loss"], rel=1e-12)


def full_square(problem, paths, t):
    """E||grad L(w_t)||^2, from its variance and the mean gradient: E g_t = E grad L(w_t)."""
    truth = exact_statistics(problem, paths, t)
    return truth["var_full_gradient"] + truth["mean_norm_squared"]
