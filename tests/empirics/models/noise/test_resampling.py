"""Models in which the examples of a batch meet: found out, measured by drawing batches, held against all batches that there are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from empirics import gradient_noise
from tests.empirics.models.all_batches import variance_at
from tests.empirics.models.networks import CROSS_ENTROPY, make

N = 6


def normalized(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)).double()
    return model, nn.MSELoss(), (torch.randn(N, 2).double(), torch.randn(N, 1).double()), "batch normalization in train mode (1)"


def of_tokens(outputs, targets):
    return nn.functional.cross_entropy(outputs, targets.flatten())


def tokens():
    """A mean over the tokens that count: 1 to 4 of each example."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 3), nn.Flatten(0, 1)).double()
    y = torch.randint(3, (N, 4))
    for i in range(N):
        y[i, 1 + i % 4 :] = -100
    return model, of_tokens, (torch.randint(5, (N, 4)), y), "its layers or the loss"


def weighted():
    torch.manual_seed(0)
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 0.2], dtype=torch.float64))
    return nn.Linear(2, 3).double(), loss, (torch.randn(N, 2).double(), torch.arange(N) % 3), "its layers or the loss"


@pytest.mark.parametrize("made", [normalized, tokens, weighted])
@pytest.mark.parametrize("replacement", [False, True])
def test_it_is_found_and_measured_as_over_all_batches(made, replacement):
    model, loss, data, reason = made()
    sizes = [2, 3] if replacement else [2, 3, 5, 6]
    noise = gradient_noise(model, loss, data, batch_sizes=sizes, replacement=replacement, batches=320)
    assert noise.attrs["method"] == "resampling" and reason in noise.attrs["reason"] and "tested" in noise.attrs["law"]
    z = []
    for b in sizes:
        expected = variance_at(model, loss, data, b, replacement)
        at = noise.sel(batch_size=b)
        if b == N and not replacement:
            assert float(at.total_var_gradient) == pytest.approx(0, abs=1e-12) and np.isnan(float(at.total_trace_covariance))
            continue
        z += list((at.var_gradient.values - [expected[name] for name in noise.layer.values]) / np.maximum(at.var_gradient_se.values, 1e-12))
    assert np.abs(z).max() < 4.5 and len(z) == len(noise.layer) * (len(sizes) - (not replacement)), z


def test_the_law_in_b_is_refuted_where_it_does_not_hold():
    model, loss, data, _ = normalized(seed=3)
    noise = gradient_noise(model, loss, data, batch_sizes=[2, 3], batches=480)
    exact = [variance_at(model, loss, data, b) for b in (2, 3)]
    scaled = [sum(v.values()) / (1 / b - 1 / N) for v, b in zip(exact, (2, 3), strict=True)]
    assert scaled[0] / scaled[1] > 3.5 and float(noise.total_law_p_value) < 1e-4


def test_and_stands_where_it_does():
    """Eight models whose loss is a mean: p-values are spread over (0, 1), and both methods agree."""
    found, z = [], []
    for seed in range(8):
        torch.manual_seed(seed)
        model, data = nn.Linear(3, 1).double(), (torch.randn(30, 3).double(), torch.randn(30, 1).double())
        drawn = gradient_noise(model, nn.MSELoss(), data, batch_sizes=[2, 5, 9], method="resampling", batches=96, seed=seed)
        every = gradient_noise(model, nn.MSELoss(), data, batch_sizes=[2, 5, 9])
        found.append(float(drawn.total_law_p_value))
        z.append((drawn.total_var_gradient.values - every.total_var_gradient.values) / drawn.total_var_gradient_se.values)
        for name in ("total_trace_covariance", "total_gradient_squared_norm"):
            z.append((drawn[name].values - float(every[name])) / drawn[f"{name}_se"].values)
    assert min(found) > 1e-3 and 0.15 < np.mean(found) < 0.85, found
    assert np.abs(z).max() < 4.5 and abs(np.mean(z)) < 0.5


def test_a_rare_example_that_makes_the_loss_no_mean_is_found_on_the_way():
    """One of 200 has a token that does not count; what is read item by item is not searched for it beforehand."""
    torch.manual_seed(0)
    model, y = nn.Sequential(nn.Linear(2, 3), nn.Flatten(0, 1)).double(), torch.randint(3, (200, 2))
    y[7, 1] = -100
    data = torch.randn(200, 2, 2).double(), y
    noise = gradient_noise(model, of_tokens, list(zip(*data, strict=True)), batch_sizes=[4], batches=16)
    assert noise.attrs["reason"].startswith("loss must be the mean over examples")
    assert "couple examples" in gradient_noise(model, of_tokens, data, batch_sizes=[4], batches=16).attrs["reason"]
    plain = gradient_noise(model, of_tokens, (data[0], y.clamp(min=0)), batch_sizes=[4])
    assert plain.attrs["method"] == "per_example"


def test_a_rare_weight_is_found_on_the_way_and_refused_where_examples_were_asked_for():
    torch.manual_seed(0)
    y = torch.zeros(300, dtype=torch.int64)
    y[7] = 1
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 50.0]))
    data = list(zip(torch.randn(300, 2), y, strict=True))
    noise = gradient_noise(nn.Linear(2, 2), loss, data, batch_sizes=[4], batches=16)
    assert noise.attrs["reason"].startswith("loss must be the mean over examples")
    with pytest.raises(ValueError, match="loss must be the mean over examples, but was"):
        gradient_noise(nn.Linear(2, 2), loss, data, batch_sizes=[4], method="per_example")


def test_stored_statistics_couple_nothing():
    model, loss, data, _ = normalized()
    assert gradient_noise(model.eval(), loss, data, batch_sizes=[2]).attrs["method"] == "per_example"
    with pytest.raises(ValueError, match=r"but was 'per_example': an example cannot go through the model alone: batch norm"):
        gradient_noise(model.train(), loss, data, batch_sizes=[2], method="per_example")
    with pytest.raises(ValueError, match="on one of 1 raised"):
        gradient_noise(model, loss, data, batch_sizes=[1, 2], batches=16)


class AlwaysNoisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 3)

    def forward(self, x):
        return self.linear(x) * (1 + 0.3 * torch.randn(len(x), 1))


def test_noise_that_eval_does_not_turn_off_is_measured_by_batches():
    torch.manual_seed(0)
    data = torch.randn(20, 2), torch.randint(3, (20,))
    noise = gradient_noise(AlwaysNoisy(), CROSS_ENTROPY, data, batch_sizes=[2], batches=16)
    assert noise.attrs["method"] == "resampling" and "outside of torch's dropout layers" in noise.attrs["reason"]
    assert float(noise.total_trace_covariance_model[0]) > 0


def test_preconditioned_gradients_of_batches():
    model, loss, data = make("linear")
    scale = {name: torch.full_like(p, 4.0) for name, p in model.named_parameters()}
    plain, quartered = (
        gradient_noise(model, loss, data, batch_sizes=[2], method="resampling", batches=16, preconditioner=p) for p in (None, scale)
    )
    assert quartered.total_var_gradient.values == pytest.approx(plain.total_var_gradient.values / 4)
