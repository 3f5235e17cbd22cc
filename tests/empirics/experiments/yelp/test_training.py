"""The paper's training: rates that warm up and fall, AdamW with its epsilon, and gradients clipped together or one by one."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
import torch
from torch import nn

from empirics.experiments.yelp.training import adamw, clip_named, schedule, share_of_rate


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 11, 312 * 20])
def test_rates_rise_for_a_tenth_of_the_steps_and_fall_linearly(steps):
    warm = -(-steps // 10)
    up = [F(t + 1, warm) for t in range(warm)]
    down = [F(steps - t, steps - warm) for t in range(warm, steps)]
    assert [share_of_rate(t, steps) for t in range(steps)] == pytest.approx([float(x) for x in up + down], abs=1e-15)
    assert max(up + down) == 1 and share_of_rate(steps - 1, steps) > 0 == share_of_rate(steps, steps)


def test_a_step_of_the_optimizer_is_that_of_the_paper():
    """AdamW by its formula: decay, moments with bias corrections, epsilon; the rate of the schedule's first two steps."""
    p = nn.Parameter(torch.tensor([2.0, -1.0], dtype=torch.float64))
    optimizer = adamw([p], learning_rate=0.1, weight_decay=0.5)
    rates = schedule(optimizer, 20)
    w, m, v = p.detach().clone(), 0.0, 0.0
    for t, g in enumerate((torch.tensor([1e-8, 3.0], dtype=torch.float64), torch.tensor([0.0, -1.0], dtype=torch.float64))):
        p.grad = g.clone()
        optimizer.step()
        rates.step()
        rate = 0.1 * (t + 1) / 2
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w * (1 - rate * 0.5) - rate * (m / (1 - 0.9 ** (t + 1))) / ((v / (1 - 0.999 ** (t + 1))).sqrt() + 1e-8)
        assert torch.allclose(p.detach(), w, rtol=1e-12)


def test_matrices_are_clipped_one_by_one_or_together():
    def clipped(name):
        p, q, unused = (nn.Parameter(torch.zeros(2)) for _ in range(3))
        p.grad, q.grad = torch.tensor([3.0, 4.0]), torch.tensor([0.3, 0.4])
        clip = clip_named(name)
        if callable(clip):
            clip([p, q, unused])
        elif clip is not None:
            nn.utils.clip_grad_norm_([p, q, unused], clip)
        return torch.cat([p.grad, q.grad])

    before = torch.tensor([3.0, 4.0, 0.3, 0.4])
    assert torch.equal(clipped("none"), before)
    assert torch.allclose(clipped("matrix"), torch.tensor([0.6, 0.8, 0.3, 0.4]), atol=1e-5)
    assert torch.allclose(clipped("global"), before / before.norm(), atol=1e-5)
    with pytest.raises(ValueError, match="clip must be one of global, matrix, none, but was 'norm'"):
        clip_named("norm")
