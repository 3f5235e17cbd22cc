"""What `measure` refuses, by the argument's name, before anything is trained."""

from __future__ import annotations

import functools

import pytest
import torch

from empirics import measure
from empirics.models.measuring.training import Run
from tests.empirics.models.measuring.all_batches import DATA, SGD, half_squares, network

X, Y = DATA
NAN = network()
next(NAN.parameters()).data[0, 0] = float("nan")


class Endless(torch.utils.data.Dataset):
    def __getitem__(self, index):
        return X[0], Y[0]


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    monkeypatch.setattr(Run, "__init__", lambda *arguments: pytest.fail("a run was started"))


@pytest.mark.parametrize(("change", "message"), [
    ({"optimizer": torch.optim.SGD(network().parameters(), lr=0.1)}, "optimizer must be a function from parameters to a torch optimizer"),
    ({"optimizer": lambda parameters: None}, "optimizer must make a torch optimizer .*it gave None"),
    ({"optimizer": torch.optim.LBFGS}, "optimizer must make a torch optimizer that steps without a closure"),
    ({"optimizer": functools.partial(torch.optim.SGD, lr=-1)}, "optimizer must make .*Invalid learning rate"),
    ({"batch_sizes": [0]}, r"batch_sizes\[0\] must be at least 1"),
    ({"batch_sizes": [5]}, r"batch_sizes\[0\] must be at most 4, the number of examples, for sampling 'epochs', but was 5"),
    ({"runs": 1}, "runs must be at least 2"),
    ({"epochs": None}, "epochs or steps must be given, one of the two, but neither was"),
    ({"steps": 3}, "epochs or steps must be given, one of the two, but both were"),
    ({"epochs": 0}, "epochs must be at least 1"),
    ({"seed": -1}, "seed must be"),
    ({"every": 0}, "every must be at least 1"),
    ({"every": 2, "evaluate_every": 3}, "evaluate_every must be a multiple of every = 2, but was 3"),
    ({"epochs": None, "steps": 3, "looks_per_epoch": 2}, "looks_per_epoch must be 1 with steps"),
    ({"sampling": "cyclic"}, "sampling must be one of independent, without_replacement, epochs"),
    ({"estimator": "exact"}, "estimator must be one of auto, per_example, resampling, naive"),
    ({"draws": 1}, "draws must be at least 2"),
    ({"block_runs": 1}, "block_runs must be at least 2"),
    ({"clip": 0}, "clip must be positive, but was 0"),
    ({"clip": "norm"}, "clip must be"),
    ({"error": 3}, "error must be a function or None"),
    ({"error": lambda outputs, targets: None}, "error must give a number for outputs and targets"),
    ({"schedule": 3}, "schedule must be a function or None"),
    ({"schedule": lambda optimizer, steps: torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)}, "schedule must make a torch scheduler"),
    ({"validation": {"a b": DATA}}, "validation must have names such as 'test', but had 'a b'"),
    ({"validation": (X[:, :1], Y)}, r"validation\['validation'\] must be such that the model has a loss on it, but it raised"),
    ({"validation": (X, Y[:2])}, "dataset must be of tensors of one length"),
    ({"device": "tpu"}, "device must be 'auto', 'cpu', 'cuda'"),
    ({"workers": 0}, "workers must be at least 1"),
    ({"store": 3}, "store must be a path"),
])  # fmt: skip
def test_arguments(change, message):
    request = {"batch_sizes": [2], "runs": 2, "epochs": 1, "optimizer": SGD}
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        measure(network(), half_squares, DATA, **request | change)


@pytest.mark.parametrize(("model", "loss", "dataset", "message"), [
    ("net", half_squares, DATA, "model must be a torch.nn.Module"),
    (NAN, half_squares, DATA, "loss must be finite, but was nan on the first examples"),
    (network(), torch.nn.MSELoss, DATA, "loss must be a function of outputs and targets"),
    (network(), lambda outputs, targets: outputs, DATA, "loss must give one real number"),
    (network(), half_squares, Endless(), "dataset must have a length"),
    (network(), half_squares, (X, Y[:2]), "dataset must be of tensors of one length"),
])  # fmt: skip
def test_model_loss_and_data(model, loss, dataset, message):
    with pytest.raises((ValueError, TypeError), match=f"^{message}"):
        measure(model, loss, dataset, optimizer=SGD, batch_sizes=[2], runs=2, epochs=1)


def test_no_closed_form_for_a_model_with_noise():
    model = torch.nn.Sequential(torch.nn.Dropout(0.5), *network())
    why = r"estimator must be 'resampling' or 'naive' \(or 'auto'\) here, but was 'per_example': the model draws"
    with pytest.raises(ValueError, match=why):
        measure(model, half_squares, DATA, optimizer=SGD, batch_sizes=[2], runs=2, epochs=1, estimator="per_example")


def test_a_loss_that_holds_on_to_the_model():
    """Its penalty would stay that of the weights that were given, while copies are trained."""
    model = network()

    def penalized(outputs, targets):
        return half_squares(outputs, targets) + sum(p.square().sum() for p in model.parameters())

    with pytest.raises(ValueError, match="loss must see the model in its outputs alone, but has another gradient for a copy of the model"):
        measure(model, penalized, DATA, optimizer=SGD, batch_sizes=[2], runs=2, epochs=1)
