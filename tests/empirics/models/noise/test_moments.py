"""Unbiased moments of gradients against their definitions, and how often the interval of the noise scale holds the true one."""

from __future__ import annotations

import numpy as np
import pytest

from empirics.models.noise.laws import Estimate, Laws
from empirics.models.noise.moments import DATA, MEAN, OWN, Sums, moments


def sums(g: np.ndarray, h: np.ndarray) -> Sums:
    """Of gradients (n, p) in two draws, as one parameter."""
    squares, cross = (g**2 + h**2).sum(1) / 2, (g * h).sum(1)
    met = g @ h.sum(0) + h @ g.sum(0)
    neighbours = ((g[:-1] * h[1:]).sum(1) + (h[:-1] * g[1:]).sum(1)) / 2
    return Sums(squares[:, None], cross[:, None], met[:, None], neighbours[:, None], np.array([g.sum(0) @ h.sum(0)]))


def test_moments_are_covariances_and_the_mean_over_pairs():
    generator = np.random.default_rng(0)
    g, h = generator.normal(size=(2, 9, 4)) + 1
    found = sums(g, h).moments()[0]
    assert found[DATA] == pytest.approx(sum(np.cov(g[:, j], h[:, j])[0, 1] for j in range(4)))
    assert found[OWN] == pytest.approx(((g - h) ** 2).sum(1).mean() / 2)
    assert found[MEAN] == pytest.approx(sum(g[i] @ h[j] for i in range(9) for j in range(9) if i != j) / 72)
    alone = sums(g, g).moments()[0]
    assert alone[OWN] == 0 and alone[DATA] == pytest.approx(np.cov(g.T).trace())


def test_the_jackknife_leaves_out_one_after_the_other():
    generator = np.random.default_rng(1)
    g, h = generator.exponential(size=(2, 8, 3))
    left = np.array([sums(np.delete(g, i, 0), np.delete(h, i, 0)).moments()[0] for i in range(8)])
    expected = 7 / 8 * sum(np.outer(x, x) for x in left - left.mean(0))
    assert sums(g, h).covariance()[0] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(sums(g[:2], h[:2]).covariance()).all()


def test_the_total_is_that_of_all_parameters_together():
    generator = np.random.default_rng(2)
    g, h = generator.normal(size=(2, 6, 5))
    parts = [sums(g[:, s], h[:, s]) for s in (slice(0, 2), slice(2, 5))]
    both = Sums(
        *(np.concatenate([getattr(p, name) for p in parts], axis=-1) for name in ("squares", "cross", "met", "neighbours", "product"))
    ).with_total()
    whole = sums(g, h)
    assert both.moments()[2] == pytest.approx(whole.moments()[0]) and both.covariance()[2] == pytest.approx(whole.covariance()[0])


def test_all_three_are_unbiased():
    """Over every sequence of three draws of two units, each with two equally likely gradients: exact expectations."""
    units = np.array([[[1.0, 2.0], [0.0, -1.0]], [[3.0, 0.0], [-2.0, 5.0]]])  # (unit, own noise, coordinate)
    means = units.mean(1)
    data, own = ((means - means.mean(0)) ** 2).sum(1).mean(), ((units - means[:, None]) ** 2).sum(2).mean()
    found = []
    for code in range(8**3):
        u, a, b = ((code // 8**k) % 8 for k in range(3))
        which, first, second = ([(bits >> k) & 1 for k in range(3)] for bits in (u, a, b))
        found.append(sums(units[which, first], units[which, second]).moments()[0])
    assert np.mean(found, axis=0) == pytest.approx([data, own, (means.mean(0) ** 2).sum()])


LAWS = {
    "normal": lambda r, s: r.normal(size=s),
    "skewed": lambda r, s: r.exponential(size=s) - 1,
    "heavy": lambda r, s: r.standard_t(5, s) * 0.6**0.5,
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("scale", [5.0, 100.0, 2000.0])  # from a gradient that 200 examples show to one that they do not
@pytest.mark.parametrize("own", [0.0, 1.0])
def test_the_interval_holds_the_true_noise_scale(law, scale, own):
    """400 samples of 200 gradients in R^20, half of the variance in two directions: at least 95 % but for four standard errors of 400.

    The jackknife is on the safe side where pairs alone vary, so that nothing is asked from above but that intervals are of use.
    """
    generator = np.random.default_rng(int(scale) + int(own))
    n, p, level = 200, 20, 0.95
    spread = np.sqrt(np.r_[np.full(2, 5.0), np.full(p - 2, 10 / (p - 2))])
    mean = np.full(p, ((spread**2).sum() * (1 + own) / scale / p) ** 0.5)
    laws = Laws(n, "sample", False)
    held, bounded, truth = 0, 0, (spread**2).sum() * (1 + own) / (mean**2).sum()
    for _ in range(400):
        x = mean + spread * LAWS[law](generator, (n, p))
        g, h = (x + own**0.5 * spread * LAWS[law](generator, (n, p)) for _ in range(2)) if own else (x, x)
        s = sums(g, h)
        estimate = Estimate(s.moments(), s.covariance(), n - 1)
        _, low, high = estimate.ratio(laws.trace_covariance, laws.squared_norm, level)
        held += bool(low[0] <= truth <= high[0])
        bounded += bool(high[0] < np.inf)
    assert truth == pytest.approx(scale)
    assert held / 400 > level - 4 * (level * (1 - level) / 400) ** 0.5, held / 400
    assert (bounded == 400) if scale == 5 else (bounded > 200) if scale == 100 else (bounded < 20)


def test_moments_of_batches_go_back_to_those_of_examples():
    """A batch of b from N has data (1/b - 1/N) S, own O/b, and its mean is that of the N."""
    s, o, m, n = 3.0, 2.0, 5.0, 10
    for replacement in (False, True):
        laws = Laws(n, "sample", replacement)
        for b in (1, 4, 9):
            data = s * (n - 1) / n / b if replacement else s * (1 / b - 1 / n)
            assert laws.of_batches(b) @ [data, o / b, m + s / n] == pytest.approx([s, o, m])
            assert laws.variance(b) @ [s, o, m] == pytest.approx(data + o / b)
    assert np.isnan(Laws(n, "sample", False).of_batches(n) @ [0.0, o / n, m])[[0, 2]].all()


def test_mean_of_moments_by_hand():
    assert moments(np.array(10.0), np.array(8.0), np.array(6.0), 2).tolist() == [5.0, 1.0, -1.0]
