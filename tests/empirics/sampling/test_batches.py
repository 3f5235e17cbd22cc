"""Sources of mini-batches: S = (1/b) sum_i x_i x_i^T has the mean and the covariances that b draws from the law give it.

    E S = Sigma      cov(S_ij, S_kl) = c_b ( E[x_i x_j x_k x_l] - Sigma_ij Sigma_kl )      c_b = 1/b,  (N-b) / (b (N-1)) without replacement

with the exact moments of the law. Sampled: fixed seeds, Holm's p-values over all entries, none below 1e-4.
"""

from __future__ import annotations

from fractions import Fraction as F
from itertools import combinations_with_replacement, pairwise

import numpy as np
import pytest
import torch

from empirics import DataSet, compare
from empirics.sampling.batches import Bartlett, Counts, DataRows, Draws, GaussianRows, Signs, UniformRows, make_source
from empirics.sampling.streams import streams
from theory import Discrete, Gaussian, Rademacher, Uniform

CPU = torch.device("cpu")
COVARIANCE = Gaussian(cov=[[2, 1], [1, F(3, 2)]])
SINGULAR = Gaussian(cov=[[1, 2], [2, 4]])
WITH_MEAN = Gaussian(mean=[1, F(-1, 2)], cov=[[2, 1], [1, F(3, 2)]])
BIASED = Gaussian(mean=[1, 0], cov=[[0, 0], [0, 1]])
UNEVEN = Discrete([(1, 0), (0, 2), (-1, 1)], [F(1, 2), F(1, 3), F(1, 6)])
POINTS = DataSet([[1.0, 0.5], [0.0, -1.0], [2.0, 1.0], [-1.0, 0.25]])


def source(law, b, replicas, samples=None, sampling="independent", seed=0, dtype=torch.float64):
    return make_source(law, b, Draws(replicas, streams(seed, (b, 0), CPU), CPU, dtype), sampling, samples)


def second_moments(rows, b):
    """S of every replica, (R, p, p)."""
    return (rows.mT @ rows / b).numpy().copy()


def check_moments(s, law, factor, comparisons):
    """Every mean and covariance of the entries on and above the diagonal."""
    p = law.dimension
    places = list(combinations_with_replacement(range(p), 2))

    def moment(*indices):
        return float(law.moment([indices.count(i) for i in range(p)]))

    sigma = np.array([moment(*place) for place in places])
    entries = np.stack([s[:, i, j] for i, j in places], axis=1) - sigma
    pairs = list(combinations_with_replacement(range(len(places)), 2))
    products = np.stack([entries[:, u] * entries[:, v] for u, v in pairs], axis=1)
    exact = [factor * (moment(*places[u], *places[v]) - sigma[u] * sigma[v]) for u, v in pairs]
    values = np.concatenate([entries, products], axis=1)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    found = compare(values.mean(axis=0) + 1, error, np.concatenate([np.zeros(len(places)), exact]) + 1, comparisons)
    assert found.agrees(1e-4), found.z


CASES = [
    (Gaussian(3), 1, None, GaussianRows), (Gaussian(3), 2, None, GaussianRows), (Gaussian(2), 5, 5, GaussianRows),
    (Gaussian(1), 1, None, Bartlett), (Gaussian(3), 3, None, Bartlett),
    (Gaussian(3), 7, None, Bartlett), (Gaussian(2), 100, None, Bartlett),
    (COVARIANCE, 1, None, GaussianRows), (COVARIANCE, 2, None, Bartlett), (COVARIANCE, 6, None, Bartlett), (COVARIANCE, 3, 3, GaussianRows),
    (SINGULAR, 1, None, GaussianRows), (SINGULAR, 4, None, Bartlett),
    (WITH_MEAN, 1, None, GaussianRows), (WITH_MEAN, 5, None, GaussianRows), (Gaussian(mean=[2, 0]), 3, 3, GaussianRows),
    (BIASED, 1, None, GaussianRows), (BIASED, 6, None, GaussianRows),
    (Rademacher(3), 1, None, Signs), (Rademacher(3), 4, None, Signs), (Rademacher(2), 2, 2, Signs),
    (Uniform(2), 1, None, UniformRows), (Uniform(2), 3, 3, UniformRows), (Uniform(2, F(-1, 2), 2), 3, None, UniformRows),
    (UNEVEN, 2, None, None), (UNEVEN, 5, None, Counts), (UNEVEN, 5, 5, None),
    (POINTS, 1, None, DataRows), (POINTS, 6, None, DataRows),
]  # fmt: skip


@pytest.mark.parametrize(("law", "b", "samples", "kind"), CASES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_the_second_moment_of_a_batch_has_its_law(law, b, samples, kind):
    batches = source(law, b, 4000, samples)
    assert kind is None or type(batches) is kind
    s = np.concatenate([second_moments(batches.draw(), b) for _ in range(8)])
    check_moments(s, law, 1 / b, 60 * len(CASES))


def test_samples_have_the_mean_of_their_law():
    """S does not tell x from -x, an activation does."""
    drawn = source(WITH_MEAN, 3, 4000, 3).draw().reshape(-1, 2).mean(0).numpy()
    assert np.abs(drawn - WITH_MEAN.mean.astype(float)).max() < 5 * (2 / 12_000) ** 0.5


@pytest.mark.parametrize("b", [3, 4, 9])
@pytest.mark.parametrize("law", [Gaussian(3), Gaussian(cov=[[2, 1, 0], [1, 1, 0], [0, 0, 1]])], ids=str)
def test_upper_and_lower_triangles_have_the_wishart_law_each(law, b):
    batches = source(law, b, 8001)
    drawn = [second_moments(batches.draw(), b) for _ in range(4)]
    rows = batches.rows
    assert (rows[0::2].tril(-1) == 0).all() and (rows[1::2].triu(1) == 0).all()
    assert (rows[0::2].triu(1) != 0).any() and (rows[1::2].tril(-1) != 0).any()
    for kind in (0, 1):
        check_moments(np.concatenate([s[kind::2] for s in drawn]), law, 1 / b, 200)


def test_the_determinant_of_a_wishart_matrix():
    """E det(b S) = b (b-1) ... (b-p+1), for both kinds of triangles: not seen in second moments."""
    p, b = 3, 5
    batches = source(Gaussian(p), b, 40_000)
    determinants = np.linalg.det(second_moments(batches.draw(), 1))
    for kind in (0, 1):
        mine = determinants[kind::2]
        assert compare(mine.mean(), mine.std() / np.sqrt(len(mine)), 5 * 4 * 3).agrees(1e-4)


def test_two_replicas_that_share_a_square_are_independent():
    batches = source(Gaussian(3), 4, 20_000)
    s = second_moments(batches.draw(), 4).reshape(10_000, 2, 9)[:, :, [0, 1, 2, 4, 5, 8]] - np.eye(3).ravel()[[0, 1, 2, 4, 5, 8]]
    products = (s[:, 0, :, None] * s[:, 1, None, :]).reshape(10_000, -1)
    assert compare(products.mean(0) + 1, products.std(0) / 100, 1.0).agrees(1e-4)


@pytest.mark.parametrize(
    ("law", "b", "samples"),
    [(Gaussian(2), 1, None), (Gaussian(2), 3, None), (Rademacher(2), 2, None), (UNEVEN, 5, None), (POINTS, 2, 2)],
    ids=str,
)
def test_successive_batches_are_independent(law, b, samples):
    batches = source(law, b, 20_000, samples)
    sigma = np.array(law.second_moment, dtype=float)
    one, two = (second_moments(batches.draw(), b) - sigma for _ in range(2))
    products = (one.reshape(-1, 4)[:, :, None] * two.reshape(-1, 4)[:, None, :]).reshape(20_000, -1)
    assert compare(products.mean(0) + 1, products.std(0) / np.sqrt(20_000), 1.0).agrees(1e-4)


def test_signs_are_signs():
    values, counts = np.unique(source(Rademacher(3), 5, 1111).draw().numpy(), return_counts=True)
    assert values.tolist() == [-1, 1] and abs(counts[0] - counts[1]) < 5 * np.sqrt(counts.sum())


@pytest.mark.parametrize(
    ("law", "ends"), [(Uniform(2), (-(3**0.5), 3**0.5)), (Uniform(2, F(-1, 2), 2), (-0.5, 2.0)), (Uniform(1, 0, 1), (0, 1))]
)
def test_uniform_coordinates_fill_their_interval(law, ends):
    x = source(law, 3, 5000).draw().numpy()
    width = ends[1] - ends[0]
    assert ends[0] - 1e-15 <= x.min() < ends[0] + width / 1000 and ends[1] - width / 1000 < x.max() <= ends[1] + 1e-15


def test_a_singular_covariance_keeps_samples_in_its_range():
    rows = source(SINGULAR, 3, 500, samples=3).draw().numpy()
    assert np.abs(rows[..., 1] - 2 * rows[..., 0]).max() < 1e-13 and rows.std() > 0.5


def test_counts_are_whole_numbers_that_sum_to_b():
    law = Discrete([(1, 0), (0, 1), (0, 0)], [F(1, 2), F(1, 4), F(1, 4)])
    squares = source(law, 9, 300).draw().numpy() ** 2
    assert np.abs(squares - squares.round()).max() < 1e-12 and (squares.sum((1, 2)) <= 9 + 1e-12).all()
    assert (squares[:, 0, 1] == 0).all() and squares[:, 0, 0].max() > 5


def test_float32_gives_the_law_too():
    s = np.concatenate([second_moments(source(COVARIANCE, 4, 10_000, dtype=torch.float32).draw().double(), 4)])
    check_moments(s, COVARIANCE, 1 / 4, 20)


def indices(rows):
    """Which of distinct scalar points were drawn."""
    return rows[..., 0].round().to(torch.int64).numpy().copy()


FIVE = DataSet([0.0, 1.0, 2.0, 3.0, 4.0])


def test_with_replacement_points_repeat():
    drawn = indices(source(FIVE, 5, 1000, sampling="independent").draw())
    assert any(len(set(batch)) < 5 for batch in drawn.tolist()) and set(drawn.ravel()) == set(range(5))


@pytest.mark.parametrize("b", [1, 2, 3, 5])
def test_without_replacement_nothing_repeats(b):
    batches = source(FIVE, b, 500, sampling="without_replacement")
    for _ in range(3):
        assert all(len(set(batch)) == b for batch in indices(batches.draw()).tolist())


@pytest.mark.parametrize("sampling", ["without_replacement", "epochs"])
def test_every_subset_is_equally_likely(sampling):
    """Ten pairs of five points; chi^2 with 9 degrees of freedom, p = 1e-5 at 39.3."""
    batches = source(FIVE, 2, 10_000, sampling=sampling)
    for _ in range(3):
        pairs = np.sort(indices(batches.draw()), axis=1)
        _, counts = np.unique(pairs, axis=0, return_counts=True)
        assert len(counts) == 10 and np.square(counts - 1000).sum() / 1000 < 39.3


@pytest.mark.parametrize("b", [2, 3])
def test_without_replacement_the_covariance_shrinks(b):
    batches = source(POINTS, b, 20_000, sampling="without_replacement")
    check_moments(second_moments(batches.draw(), b), POINTS, (4 - b) / (b * 3), 20)


@pytest.mark.parametrize(("b", "batches_of_an_epoch"), [(1, 5), (2, 2), (3, 1), (5, 1)])
def test_an_epoch_shows_no_point_twice_and_leaves_out_the_remainder(b, batches_of_an_epoch):
    batches, orders = source(FIVE, b, 300, sampling="epochs"), []
    for _ in range(4):
        epoch = np.concatenate([indices(batches.draw()) for _ in range(batches_of_an_epoch)], axis=1)
        assert all(len(set(row)) == b * batches_of_an_epoch for row in epoch.tolist())
        assert (
            {frozenset(row) for row in epoch.tolist()} if b * batches_of_an_epoch == 5 else len({frozenset(r) for r in epoch.tolist()}) > 1
        )
        orders.append(epoch)
    assert all((one != two).any() for one, two in pairwise(orders))


def test_replicas_have_orders_of_their_own():
    drawn = indices(source(FIVE, 5, 500, sampling="epochs").draw())
    assert len({tuple(row) for row in drawn.tolist()}) > 100


def test_a_point_that_is_listed_twice_counts_twice_without_replacement():
    data = DataSet([0.0, 0.0, 1.0])
    both = indices(source(data, 2, 3000, sampling="without_replacement").draw()).sum(1)
    assert abs((both == 0).sum() - 1000) < 5 * np.sqrt(3000 * 2 / 9) and both.max() == 1


@pytest.mark.parametrize("low", [0, 10**6, 10**8, -(10**8)])
def test_uniform_inputs_far_from_zero(low):
    """The mean squared is some 10^16 times the variance."""
    drawn = source(Uniform(2, low, low + 1), 4, 500, samples=4).draw().numpy() - low
    assert drawn.min() >= -1e-7 and drawn.max() <= 1 + 1e-7
    assert abs(drawn.mean() - 0.5) < 5 * (1 / 12 / drawn.size) ** 0.5 and abs(drawn.var() - 1 / 12) < 0.01
