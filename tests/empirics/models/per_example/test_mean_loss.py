"""Losses that are no mean over examples, and hide it: in values that are all equal, in rare examples, inside of the model."""

from __future__ import annotations

import functools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from empirics import gradient_noise, measure
from empirics.models.per_example.mean_loss import require_mean_of_outputs
from empirics.models.user_model import NotAMeanError, UserModel

N, RARE = 60, 7  # one of 60; not among the 16 that are compared beforehand
WEIGHTED = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 50.0]))


class Product(nn.Module):
    """A parameter that no layer owns: no closed form."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 2))

    def forward(self, x):
        return x @ self.w


class LossInside(nn.Module):
    """Gives its loss, the mean over the tokens that count, and nothing that has an example in it."""

    def __init__(self, drop=0.0):
        super().__init__()
        self.table, self.drop, self.out = nn.Embedding(5, 4), nn.Dropout(drop), nn.Linear(4, 5)

    def forward(self, x, labels):
        outputs = self.out(self.drop(torch.tanh(self.table(x))))
        return {"loss": F.cross_entropy(outputs.flatten(0, 1), labels.flatten(), ignore_index=-100)}


def zeros():
    return nn.Linear(3, 2).requires_grad_(False).apply(lambda m: (m.weight.zero_(), m.bias.zero_())).requires_grad_(True)


def labelled(rare=True):
    torch.manual_seed(0)
    x, y = torch.randn(N, 3), torch.zeros(N, dtype=torch.int64)
    y[RARE] = int(rare)
    return x, y


def items(data):
    """Read one by one: its labels are not searched beforehand."""
    return list(zip(*data, strict=True))


def of_tokens(rare=True):
    torch.manual_seed(0)
    x, labels = torch.randint(5, (N, 6)), torch.randint(5, (N, 6))
    if rare:
        labels[RARE, 1:] = -100
    return {"x": x, "labels": labels}, torch.zeros(N)


def inside(outputs, targets):
    return outputs["loss"]


@pytest.mark.parametrize("make", [zeros, Product, lambda: nn.Linear(3, 2)])
@pytest.mark.parametrize("form", [items, lambda data: data])
def test_rare_weights_are_measured_by_drawing_batches(make, form):
    assert gradient_noise(make(), WEIGHTED, form(labelled()), batch_sizes=[4], batches=16).attrs["method"] == "resampling"
    assert gradient_noise(make(), WEIGHTED, form(labelled(False)), batch_sizes=[4]).attrs["method"] == "per_example"
    with pytest.raises(ValueError, match="mean"):
        gradient_noise(make(), WEIGHTED, form(labelled()), batch_sizes=[4], method="per_example")


@pytest.mark.parametrize("rare", [True, False])
@pytest.mark.parametrize("by_item", [True, False])
def test_a_loss_inside_of_the_model(rare, by_item):
    inputs, targets = of_tokens(rare)
    data = [({k: v[i] for k, v in inputs.items()}, targets[i]) for i in range(N)] if by_item else (inputs, targets)
    noise = gradient_noise(LossInside(), inside, data, batch_sizes=[4], batches=16)
    assert noise.attrs["method"] == ("resampling" if rare else "per_example")
    if rare and by_item:
        assert "along the gradient of them all" in noise.attrs["reason"]


def test_noise_hides_a_loss_inside_of_the_model():
    noise = gradient_noise(LossInside(0.5), inside, of_tokens(False), batch_sizes=[4], batches=16)
    assert noise.attrs["method"] == "resampling" and "cannot be taken apart" in noise.attrs["reason"]


def measured(model, data, **options):
    sgd = functools.partial(torch.optim.SGD, lr=0.01)
    return measure(model, WEIGHTED, data, optimizer=sgd, batch_sizes=[4], runs=2, steps=1, device="cpu", workers=1, **options)


@pytest.mark.parametrize("make", [zeros, Product])
def test_measure_goes_over_to_batches_or_refuses(make):
    assert measured(make(), labelled()).attrs["estimator"] == "resampling"
    assert measured(make(), labelled(False)).attrs["estimator"] == "per_example"
    with pytest.raises(ValueError, match=r"estimator must be 'resampling'.* but was 'per_example': .*mean"):
        measured(make(), items(labelled()))


def test_the_gradient_tells_where_values_do_not():
    """Outputs that are all equal: every weighted mean of their losses is the mean."""
    model, (x, y) = zeros(), labelled()
    user = UserModel(model, WEIGHTED, (x, y))
    with pytest.raises(NotAMeanError, match="its gradient by the outputs of an example depends on the others"):
        require_mean_of_outputs(user, model(x), y)
    assert require_mean_of_outputs(user, model(x[:RARE]), y[:RARE])
