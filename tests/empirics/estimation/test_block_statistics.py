"""From inner products to block statistics and controls, and the loop that collects them, on numbers made by hand."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import torch

from empirics import make_plan
from empirics.engines.base import Engine, Observed, Setting
from empirics.estimation.block_statistics import FOLDS, Moments, block_statistics, controls, size_of
from empirics.runs.work import run_group
from tests.instances import network
from theory import Gaussian

PROBLEM = network((2, 3, 1), Gaussian(2), [F(1, 2), F(1, 3), F(1, 5), F(1, 7)])


def observed(steps=3, blocks=2, size=2, seed=0):
    generator = np.random.default_rng(seed)
    inner = (steps, blocks, size, 2)
    values = {name: generator.uniform(1, 2, inner) for name in ("full_squares", "squares", "products", "conditional")}
    pairs = {name: generator.uniform(0, 1, (steps, blocks, 2)) for name in ("full_pairs", "pairs")}
    return Observed(**values, **pairs, loss=generator.uniform(0, 1, inner[:-1]))


@pytest.mark.parametrize("estimator", ["naive", "rao_blackwell", "controlled"])
def test_columns_are_those_of_the_formulas(estimator):
    o = observed()
    found = block_statistics(o, estimator)
    assert found.shape == (3, 2, size_of(2, estimator)[0])
    for t, block, k in np.ndindex(3, 2, 2):
        f, g, c = (x[t, block, :, k].mean() for x in (o.full_squares, o.squares, o.conditional))
        second, mean = (g, o.pairs[t, block, k]) if estimator == "naive" else (f + c, o.full_pairs[t, block, k])
        expected = [second - mean, f - o.full_pairs[t, block, k], second, mean]
        assert found[t, block, [k, 2 + k, 4 + k, 6 + k]] == pytest.approx(expected, rel=1e-13)
        assert found[t, block, 8] == pytest.approx(o.loss[t, block].mean(), rel=1e-14)


def test_controls_are_weighted_with_the_rate_and_its_square():
    o, rates = observed(), np.array([0.5, 0.25, 0.125])
    found = controls(o, rates)
    for t, block, k in np.ndindex(3, 2, 2):
        f, g, c, fg = (x[t, block, :, k].mean() for x in (o.full_squares, o.squares, o.conditional, o.products))
        assert found[t, block, [k, 2 + k]] == pytest.approx([rates[t] * (fg - f), rates[t] ** 2 * (g - f - c)], rel=1e-12)


class Recited(Engine):
    """Says what it is told to, and moves nothing."""

    name, samples = "recited", None

    def __init__(self, setting, script):
        super().__init__(setting)
        self.script, self.slots, self.time = script, {}, 0

    def restart(self):
        self.time = 0

    def step(self, rows, rate, slot):
        if slot is not None:
            assert 0 <= slot < self.setting.chunk
            self.slots[slot] = self.time
        self.time += 1

    def digest(self, count):
        places = [self.slots[i] for i in range(count)]
        return Observed(**{name: values[places] for name, values in vars(self.script).items() if values is not None})

    @property
    def current_weights(self):
        return []


def recite(script, chunk, every=1, estimator="controlled"):
    plan = make_plan(PROBLEM, batch_sizes=[2], steps=5, replicas=4, every=every, estimator=estimator)
    engine = Recited(Setting(PROBLEM, 2, 2, 2, torch.device("cpu"), torch.float64, estimator, chunk=chunk), script)
    n, m = size_of(2, estimator)
    moments, lost = Moments.zeros(len(plan.recorded), n, m), np.zeros(len(plan.recorded))
    run_group(plan, engine, lambda: None, np.arange(2) % FOLDS, moments, lost, np.zeros_like(lost), lambda replica_steps: None)
    return moments.mean, lost


@pytest.mark.parametrize("chunk", [1, 2, 3, 64])
def test_controls_at_a_step_are_sums_over_the_steps_before_it(chunk):
    script = observed(steps=5)
    mean, lost = recite(script, chunk)
    added = controls(script, np.array([1 / 2, 1 / 3, 1 / 5, 1 / 7, 0]))
    for t in range(5):
        assert mean[t, :, 9:] == pytest.approx(added[:t].sum(0), rel=1e-12, abs=1e-15)  # a block in each fold
    assert mean[..., :9] == pytest.approx(block_statistics(script, "controlled")) and not lost.any()


@pytest.mark.parametrize("chunk", [1, 2, 64])
@pytest.mark.parametrize("every", [1, 2, 3, 5])
def test_the_steps_that_are_looked_at(chunk, every):
    script = observed(steps=5)
    mean, _ = recite(script, chunk, every, "naive")
    assert mean == pytest.approx(block_statistics(script, "naive")[::every])


@pytest.mark.parametrize("chunk", [1, 2, 3, 64])
def test_a_run_that_seems_to_recover_stays_lost(chunk):
    script = observed(steps=5)
    script.loss[1, 0, 1] = np.inf
    mean, lost = recite(script, chunk, estimator="naive")
    assert lost.tolist() == [0, 1, 1, 1, 1]
    assert np.isnan(mean[1:, 0]).all() and np.isfinite(mean[0]).all() and np.isfinite(mean[:, 1]).all()
