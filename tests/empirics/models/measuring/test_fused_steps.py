"""Layers that move in the backward pass make the optimizer's steps, and whatever they cannot be sure of is left to the optimizer."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn

from empirics.models.measuring.blocks import course
from empirics.models.measuring.request import make_measurement
from empirics.models.measuring.training import Run

SGD = functools.partial(torch.optim.SGD, lr=0.05)
WIDTH, EXAMPLES = 64, 20  # 64 x 64 weights are just enough


class Twice(nn.Module):
    """One layer, called two times."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        return self.layer(torch.tanh(self.layer(x)))


class Penalized(nn.Module):
    """Weights that the outputs depend on in another way too."""

    def __init__(self):
        super().__init__()
        self.first, self.last = linear(), linear()

    def forward(self, x):
        return self.last(torch.tanh(self.first(x))) + 0.01 * self.first.weight.square().sum()


class Own(nn.Linear):
    """A class of the user's."""

    def forward(self, x):
        return 2 * super().forward(x)


def network(*layers):
    torch.manual_seed(0)
    return nn.Sequential(*(layer() for layer in layers)).double()


def linear():
    return nn.Linear(WIDTH, WIDTH)


def tied():
    model = network(linear, nn.Tanh, linear)
    model[2].weight = model[0].weight
    return model


def normalized():
    return nn.utils.parametrizations.weight_norm(linear())


def halving(optimizer, steps):
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 0.5**t)


def two_rates(p):
    return torch.optim.SGD([{"params": p[:2], "lr": 0.1}, {"params": p[2:], "lr": 0.01}], lr=1)


def data():
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.randn(EXAMPLES, WIDTH, generator=generator, dtype=torch.float64) for _ in range(2))


MLP = functools.partial(network, linear, nn.Tanh, functools.partial(nn.Linear, WIDTH, WIDTH, bias=False), nn.Tanh, linear)
SMALL_FIRST = functools.partial(network, functools.partial(nn.Linear, WIDTH, 2), functools.partial(nn.Linear, 2, WIDTH), linear)


@pytest.mark.parametrize(("make", "options", "count"), [
    pytest.param(MLP, {}, 3, id="mlp"),
    pytest.param(MLP, {"schedule": halving}, 3, id="schedule"),
    pytest.param(MLP, {"optimizer": two_rates}, 3, id="two rates"),
    pytest.param(SMALL_FIRST, {}, 1, id="small layers"),
    pytest.param(functools.partial(network, Twice, linear), {}, 1, id="called twice"),
    pytest.param(functools.partial(network, functools.partial(Own, WIDTH, WIDTH), linear), {}, 1, id="own class"),
    pytest.param(functools.partial(network, normalized, linear), {}, 1, id="weight norm"),
    pytest.param(functools.partial(network, Penalized), {}, 2, id="penalized"),
    pytest.param(tied, {}, 0, id="tied"),
    pytest.param(MLP, {"clip": 0.1}, 0, id="clip"),
    pytest.param(MLP, {"optimizer": functools.partial(SGD, momentum=0.9)}, 0, id="momentum"),
    pytest.param(MLP, {"optimizer": functools.partial(SGD, weight_decay=0.1)}, 0, id="weight decay"),
    pytest.param(MLP, {"optimizer": functools.partial(SGD, maximize=True)}, 0, id="maximize"),
    pytest.param(MLP, {"optimizer": functools.partial(torch.optim.Adam, lr=0.01)}, 0, id="adam"),
])  # fmt: skip
def test_steps_are_the_optimizers(make, options, count):
    model, (x, y) = make(), data()
    request = {"optimizer": SGD, "batch_sizes": [5], "runs": 2, "steps": 8} | options
    measurement = make_measurement(model, nn.MSELoss(), (x, y), **request, device="cpu")
    assert len(measurement.bench.moving_layers) == count
    run = Run(measurement.bench, course(measurement, 5), 0)
    order, steps = Run(measurement.bench, course(measurement, 5), 0).order, 7
    run.advance(steps)
    optimizer = request["optimizer"](list(model.parameters()))
    schedule = halving(optimizer, steps) if "schedule" in options else None
    for _ in range(steps):
        chosen = order.next()
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x[chosen]), y[chosen]).backward()
        if "clip" in options:
            nn.utils.clip_grad_norm_(model.parameters(), options["clip"])
        optimizer.step()
        if schedule:
            schedule.step()
    with run.on_the_bench() as user:
        for mine, theirs in zip(user.parameters.values(), model.parameters(), strict=True):
            assert np.allclose(mine.detach(), theirs.detach(), rtol=1e-11, atol=1e-13)
