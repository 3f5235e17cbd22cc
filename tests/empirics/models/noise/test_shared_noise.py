"""Noise that the examples of a batch share, and batch normalization written by hand: never taken apart by examples."""

from __future__ import annotations

import functools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from empirics import gradient_noise, measure
from empirics.models.noise.behaviour import behaviour
from empirics.models.user_model import UserModel

torch.manual_seed(0)
X, Y = torch.randn(20, 5), torch.randint(3, (20,))
LOSS = nn.CrossEntropyLoss()


class Net(nn.Module):
    """A hidden layer, and something done to it."""

    def __init__(self, rate=0.5):
        super().__init__()
        self.a, self.b, self.drop, self.rate = nn.Linear(5, 5), nn.Linear(5, 3), nn.Dropout(rate), rate

    def forward(self, x):
        return self.b(self.change(torch.tanh(self.a(x))))

    def change(self, h):
        return self.drop(h)


class LayerDrop(Net):
    """One coin for the batch; at a rate of 0.1 two of them are mostly equal."""

    def change(self, h):
        return h * (torch.rand(()) > self.rate) if self.training else h


class DropConnect(Net):
    def forward(self, x):
        return F.linear(torch.tanh(self.a(x)), F.dropout(self.b.weight, self.rate, self.training))


class DropConnectByLayer(Net):
    def forward(self, x):
        return F.linear(torch.tanh(self.a(x)), self.drop(self.b.weight))


class OnePattern(Net):
    """The same units of all examples."""

    def change(self, h):
        return h * self.drop(torch.ones(5))


class ByHand(Net):
    def change(self, h):
        return (h - h.mean(0)) / (h.var(0, unbiased=False) + 1e-5).sqrt() if self.training else h


class Functional(Net):
    def change(self, h):
        return F.batch_norm(h, None, None, training=True) if self.training else h


class WithDropout(ByHand):
    def change(self, h):
        return self.drop(super().change(h))


class Alone(Net):
    def change(self, h):
        return self.drop(h[:, None])[:, 0]


@pytest.mark.parametrize("rate", [0.1, 0.5])
@pytest.mark.parametrize("kind", [LayerDrop, DropConnect, DropConnectByLayer, OnePattern])
def test_noise_that_a_batch_shares(kind, rate):
    noise = gradient_noise(kind(rate), LOSS, (X, Y), batch_sizes=[4], batches=16)
    assert noise.attrs["method"] == "resampling" and noise.attrs["model_draws_noise"] == "True" and "share" in noise.attrs["reason"]
    with pytest.raises(ValueError, match=r"but was 'per_example': .* share"):
        gradient_noise(kind(rate), LOSS, (X, Y), batch_sizes=[4], method="per_example")
    assert gradient_noise(kind(rate).eval(), LOSS, (X, Y), batch_sizes=[4]).attrs["method"] == "per_example"


@pytest.mark.parametrize("kind", [ByHand, Functional, WithDropout])
def test_batch_normalization_by_hand(kind):
    noise = gradient_noise(kind(), LOSS, (X, Y), batch_sizes=[4], batches=16)
    assert noise.attrs["method"] == "resampling" and noise.attrs["model_draws_noise"] == str(kind is WithDropout)
    sgd = functools.partial(torch.optim.SGD, lr=0.1)
    found = measure(kind(), LOSS, (X, Y), optimizer=sgd, batch_sizes=[4], runs=2, steps=1, device="cpu", workers=1)
    assert found.attrs["estimator"] == "resampling"


@pytest.mark.parametrize("rate", [0.0, 0.002, 0.5])
@pytest.mark.parametrize("kind", [Net, Alone])
def test_noise_of_each_example_is_seen_however_rare(kind, rate):
    found = behaviour(UserModel(kind(rate), LOSS, (X, Y)))
    assert found.has_noise == (rate > 0) and found.coupling == ""


@pytest.mark.parametrize("batch_first", [True, False])
def test_dropout_within_layers_of_torch(batch_first):
    class Sentences(Net):
        def __init__(self):
            super().__init__()
            self.block = nn.TransformerEncoderLayer(5, 1, 8, dropout=0.1, batch_first=batch_first)
            self.cell = nn.LSTM(5, 5, 2, dropout=0.1, batch_first=batch_first)

        def forward(self, x):
            x = x if batch_first else x.transpose(0, 1)
            return self.b(self.cell(self.block(x))[0].mean(int(batch_first)))

    found = behaviour(UserModel(Sentences(), LOSS, (torch.randn(20, 4, 5), Y)))
    assert found.has_noise and found.coupling == ""
