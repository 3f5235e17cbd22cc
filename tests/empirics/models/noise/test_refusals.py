"""What gradient_noise refuses, before the work: each by the argument's name, what it was and what it must be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from empirics import gradient_noise
from empirics.models.noise.behaviour import Behaviour
from theory.budget import Budget, UnaffordableError

X, Y = torch.arange(12.0).reshape(6, 2), torch.ones(6, 1)
DATA = X, Y


class Changing:
    """Augments its examples."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        return X[i] + torch.randn(2), Y[i]


class OneBad(nn.Module):
    """Not finite where an input is 7."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return torch.where(x == 7, torch.log(-x.abs()), self.linear(x))


class OwnGenerator(nn.Module):
    """Draws from a generator that nobody else knows."""

    def __init__(self):
        super().__init__()
        self.linear, self.generator = nn.Linear(2, 1), np.random.default_rng(0)

    def forward(self, x):
        keep = torch.tensor(self.generator.random((len(x), 1)) < 0.5) if self.training else 1.0
        return self.linear(x * keep)


def adam(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters())


@pytest.mark.parametrize(
    "change, error, words",
    [
        ({"batch_sizes": [7]}, ValueError, r"batch_sizes\[0\] must be at most 6, the number of examples, without replacement, but was 7"),
        ({"batch_sizes": []}, ValueError, "batch_sizes must have at least one"),
        ({"batch_sizes": [2, 2]}, ValueError, "batch_sizes must be different"),
        ({"batch_sizes": 4}, TypeError, "batch_sizes must be a sequence of integers"),
        ({"dataset": (X[:1], Y[:1]), "batch_sizes": [1]}, ValueError, "dataset must have two examples at least, but had one"),
        ({"dataset": Changing()}, ValueError, r"dataset must give the same example every time, but dataset\[0\] changed"),
        ({"dataset": (X * torch.nan, Y)}, ValueError, "loss must be finite, but was nan"),
        ({"replacement": 1}, TypeError, "replacement must be True or False"),
        ({"convention": "law"}, ValueError, "convention must be one of sample, population"),
        ({"method": "loop"}, ValueError, "method must be one of auto, per_example, resampling"),
        ({"examples": 7}, ValueError, "examples must be at most 6, all that there are, but was 7"),
        ({"examples": 1}, ValueError, "examples must be at least 2"),
        ({"examples": 3, "method": "resampling"}, ValueError, "examples must be None for method 'resampling'"),
        ({"batches": 8}, ValueError, "batches must be at least 16"),
        ({"batches": 20}, ValueError, "batches must be a multiple of 8"),
        ({"level": 1}, ValueError, "level must be between 0 and 1"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"budget": 3}, TypeError, "budget must be a Budget"),
        ({"preconditioner": "adam"}, TypeError, "preconditioner must be an Adam or AdamW"),
        ({"preconditioner": adam(nn.Linear(2, 1))}, ValueError, "must be an optimizer of the model's parameters, but has not weight"),
        ({"preconditioner": {"weight": torch.ones(1, 2)}}, ValueError, r"a tensor of shape \(1,\) for bias, but had None"),
        ({"preconditioner": {"weight": torch.zeros(1, 2), "bias": torch.ones(1)}}, ValueError, "be positive and finite, but for weight"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(change, error, words):
    asked = {"model": nn.Linear(2, 1), "loss": nn.MSELoss(), "dataset": DATA, "batch_sizes": [2], **change}
    with pytest.raises(error, match=words):
        gradient_noise(asked.pop("model"), asked.pop("loss"), asked.pop("dataset"), **asked)


def test_noise_that_no_seed_brings_back_is_refused_where_examples_go_through_the_model_twice(monkeypatch):
    from empirics.models import gradient_noise as front

    told = "draws from a generator of its own"
    assert told in gradient_noise(OwnGenerator(), nn.MSELoss(), DATA, batch_sizes=[2], batches=16).attrs["reason"]
    with pytest.raises(ValueError, match=f"method must be 'resampling' or 'auto' here, but was 'per_example': the model {told}"):
        gradient_noise(OwnGenerator(), nn.MSELoss(), DATA, batch_sizes=[2], method="per_example")
    monkeypatch.setattr(front, "KEPT_BYTES", 0.0)
    monkeypatch.setattr(front, "behaviour", lambda user: Behaviour(has_noise=False, coupling=""))  # it had not shown before
    with pytest.raises(ValueError, match="model must have the same gradients twice"):
        gradient_noise(OwnGenerator(), nn.MSELoss(), DATA, batch_sizes=[2])


def test_adam_without_a_step_is_refused():
    model = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="preconditioner must have taken a step, but has no averages for weight"):
        gradient_noise(model, nn.MSELoss(), DATA, batch_sizes=[2], preconditioner=adam(model))


def test_an_example_that_breaks_the_loss_is_named():
    x = torch.arange(40.0)[:, None]
    with pytest.raises(ValueError, match="loss must be finite, but was nan on examples 0 to 39"):
        gradient_noise(OneBad(), nn.MSELoss(), (x, torch.ones(40, 1)), batch_sizes=[2])


def test_what_takes_too_long_is_refused_with_what_would_fit():
    torch.manual_seed(0)
    data = torch.randn(20_000, 2), torch.ones(20_000, 1)
    with pytest.raises(UnaffordableError, match=r"of 20,000 examples would cost about .*: .*some of the parameters") as told:
        gradient_noise(nn.Linear(2, 1), nn.MSELoss(), data, batch_sizes=[2], budget=Budget(seconds=1e-5))
    assert told.value.cost.seconds > 1e-5
    with pytest.raises(UnaffordableError, match=r"examples=\d+, some of them"):
        gradient_noise(nn.Linear(2, 1), nn.MSELoss(), data, batch_sizes=[2], budget=Budget(seconds=1e-3))
    with pytest.raises(UnaffordableError, match=r"and 2\.\d+ MB .*the budget is 3600 s and 1 MB"):
        gradient_noise(nn.Linear(2, 1), nn.MSELoss(), data, batch_sizes=[2], budget=Budget(3600, 1e6))
    with pytest.raises(UnaffordableError, match="by resampling at 2 batch sizes would cost"):
        gradient_noise(nn.Linear(2, 1), nn.MSELoss(), DATA, batch_sizes=[2, 3], method="resampling", budget=Budget(seconds=1e-5))


def test_few_digits_are_no_other_gradients():
    """bfloat16 has eight bits: sums of products that agree to one percent are the same gradients."""
    torch.manual_seed(0)
    model, data = nn.Linear(3, 1), (torch.randn(20, 3), torch.randn(20, 1))
    exact = gradient_noise(model.double(), nn.MSELoss(), tuple(x.double() for x in data), batch_sizes=[2])
    found = gradient_noise(model.bfloat16(), nn.MSELoss(), tuple(x.bfloat16() for x in data), batch_sizes=[2])
    assert float(found.total_trace_covariance) == pytest.approx(float(exact.total_trace_covariance), rel=0.05)
