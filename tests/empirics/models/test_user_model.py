"""A model, a loss and a data set: which names and batches come of them, what is refused, and that all is left as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from empirics.models.user_model import UserModel

X, Y = torch.arange(12.0).reshape(6, 2), torch.arange(6)
LOSS = nn.CrossEntropyLoss()


def net(classes: int = 6) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, classes))


class Pairs:
    """A data set read item by item."""

    def __init__(self, *items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


@pytest.mark.parametrize(
    "dataset",
    [(X, Y), (X.numpy(), Y.numpy()), TensorDataset(X, Y), Pairs(*zip(X, Y, strict=True)), Pairs(*zip(X.numpy(), Y.tolist(), strict=True))],
    ids=["tensors", "numpy", "TensorDataset", "items", "items of numpy"],
)
def test_batches_are_the_examples_asked_for(dataset):
    user = UserModel(net(), LOSS, dataset)
    batch = user.batch([4, 0, 4])
    assert len(user.examples) == 6
    assert torch.equal(batch.inputs, X[[4, 0, 4]]) and torch.equal(batch.targets, Y[[4, 0, 4]])
    assert user.try_out() == ()


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 6)

    def forward(self, x, scale):
        return self.linear(x) * scale


@pytest.mark.parametrize(
    "inputs",
    [(X, torch.ones(6, 1)), {"x": X, "scale": torch.ones(6, 1)}, {"scale": torch.ones(6, 1), "x": X}],
    ids=["tuple", "dict", "order"],
)
@pytest.mark.parametrize("by_item", [True, False])
def test_models_of_several_inputs(inputs, by_item):
    if by_item:
        parts = [{k: v[i] for k, v in inputs.items()} if isinstance(inputs, dict) else tuple(v[i] for v in inputs) for i in range(6)]
        dataset = Pairs(*zip(parts, Y, strict=True))
    else:
        dataset = (inputs, Y)
    user = UserModel(TwoInputs(), LOSS, dataset)
    batch = user.batch(np.array([1, 2]))
    assert torch.equal(user.outputs(batch.inputs), user.model.linear(X[1:3]))


def test_collate_makes_the_batches():
    ragged = Pairs(*((torch.ones(n + 1, 2), n) for n in range(3)))
    with pytest.raises(ValueError, match="collate= must be given for examples that torch's default_collate cannot stack"):
        UserModel(net(), LOSS, ragged).batch([0, 1])
    user = UserModel(
        net(), LOSS, ragged, collate=lambda items: (torch.stack([x.mean(0) for x, _ in items]), torch.tensor([y for _, y in items]))
    )
    assert user.batch([0, 2]).inputs.shape == (2, 2)
    with pytest.raises(ValueError, match=r"collate must give a pair \(inputs, targets\), but gave 3"):
        UserModel(net(), LOSS, ragged, collate=lambda items: 3).batch([0])


def test_parameters_by_name_tied_frozen_and_unused():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 6))
    model[1].weight = model[0].weight
    model[2].bias.requires_grad_(False)
    model.spare = nn.Parameter(torch.zeros(3))
    user = UserModel(model, LOSS, (X, Y))
    assert list(user.parameters) == ["spare", "0.weight", "0.bias", "1.bias", "2.weight"]
    assert user.aliases == {"0.weight": ("1.weight",)} and user.frozen == ("2.bias",)
    assert list(UserModel(model, LOSS, (X, Y), parameters=["2.weight", "1.weight"]).parameters) == ["0.weight", "2.weight"]
    assert list(UserModel(model, LOSS, (X, Y), parameters=model[1].parameters()).parameters) == ["0.weight", "1.bias"]
    with pytest.raises(ValueError, match="loss must depend on parameters, but depends on none of spare"):
        UserModel(model, LOSS, (X, Y), parameters=["spare"]).try_out()


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_the_gradient_is_that_of_backward_sparse_embeddings_and_unused_parameters_included():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(5, 3, sparse=True), nn.Flatten(), nn.Linear(6, 4))
    model.spare = nn.Parameter(torch.ones(2))
    user = UserModel(model, LOSS, (torch.randint(5, (6, 2)), torch.randint(4, (6,))))
    assert user.try_out() == ("spare",)
    batch = user.batch(range(6))
    value, gradient = user.gradient(batch)
    LOSS(model(batch.inputs), batch.targets).backward()
    assert torch.equal(gradient["0.weight"], model[0].weight.grad.to_dense()) and torch.equal(gradient["2.bias"], model[2].bias.grad)
    assert torch.equal(gradient["spare"], torch.zeros(2)) and not value.requires_grad


def test_everything_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 6))
    model[2].eval()
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    user = UserModel(model, LOSS, (X, Y))
    with torch.no_grad():
        user.try_out()
        with user.undisturbed(seed=3):
            model.eval()
            value, _ = user.gradient(user.batch(range(6)))
            model.train()
            model(X)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items()) and torch.equal(state, torch.get_rng_state())
    assert model.training and not model[2].training and all(p.grad is None for p in model.parameters()) and bool(value > 0)


@pytest.mark.parametrize("dataset", [(X, Y), Pairs(*zip(X, Y, strict=True))], ids=["tensors", "items"])
def test_the_callers_inference_mode_is_left(dataset):
    model = net()
    asked = UserModel(model, LOSS, dataset)
    with torch.inference_mode():
        asked.try_out()
        with asked.undisturbed():
            _, found = asked.gradient(asked.batch(range(6)))
        stored = X.clone()
    LOSS(model(X), Y).backward()
    assert all(torch.allclose(found[name], p.grad) for name, p in model.named_parameters())
    handed_on = UserModel(model, LOSS, Pairs(*zip(X, Y, strict=True)), collate=lambda items: (stored[: len(items)], Y[: len(items)]))
    with handed_on.undisturbed():
        _, again = handed_on.gradient(handed_on.batch(range(6)))
    assert all(torch.equal(again[name], g) for name, g in found.items())


def test_a_model_made_in_inference_mode():
    with torch.inference_mode():
        model = net()
        running = nn.BatchNorm1d(2).running_mean
    whole = net()
    whole.register_buffer("mean", running)
    for made, name in ((model, "0.weight"), (whole, "mean")):
        with pytest.raises(ValueError, match=rf"model must be made or loaded outside of torch.inference_mode\(\), but its {name} was made"):
            UserModel(made, LOSS, (X, Y))


class Counts(nn.Module):
    """Puts other buffers in the place of its own."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 6)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls = self.calls + 1
        return self.linear(x) / self.calls


def test_buffers_that_a_model_replaces_are_put_back():
    model = Counts()
    before = model.calls
    user = UserModel(model, LOSS, (X, Y))
    user.try_out()
    assert model.calls is before and float(before) == 0
    with user.undisturbed():
        user.gradient(user.batch(range(6)))
        user.gradient(user.batch(range(6)))
    assert model.calls is before and float(before) == 0


class Stream:
    def __getitem__(self, i):
        return X[i], Y[i]


class Raises(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))

    def forward(self, x):
        raise KeyError("no such thing")


def frozen() -> nn.Module:
    return net().requires_grad_(False)


def complex_net() -> nn.Module:
    return nn.Linear(2, 6, dtype=torch.complex64)


@pytest.mark.parametrize(
    "model, loss, dataset, options, error, words",
    [
        ("resnet", LOSS, (X, Y), {}, TypeError, "model must be a torch.nn.Module, but was 'resnet'"),
        (net(), nn.CrossEntropyLoss, (X, Y), {}, TypeError, "loss must be a function of outputs and targets"),
        (net(), LOSS, "cifar", {}, TypeError, "dataset must be a data set with __len__"),
        (net(), LOSS, Stream(), {}, TypeError, "dataset must have a length"),
        (net(), LOSS, iter([(X[0], Y[0])]), {}, TypeError, "dataset must be a data set with __len__"),
        (net(), LOSS, (X, Y[:5]), {}, ValueError, "dataset must be of tensors of one length, but had lengths 5, 6"),
        (net(), LOSS, (X, Y, Y), {}, ValueError, "but was a tuple of 3"),
        (net(), LOSS, TensorDataset(X), {}, ValueError, "dataset must be a TensorDataset of two tensors"),
        (net(), LOSS, (X[:0], Y[:0]), {}, ValueError, "dataset must have one example at least"),
        (net(), LOSS, ([1, 2], Y), {}, TypeError, "dataset must be a data set"),
        (net(), LOSS, (torch.tensor(1.0), Y), {}, ValueError, "one has no dimension"),
        (net(), LOSS, Pairs(X[0], X[1]), {}, ValueError, r"dataset\[0\] must be a pair \(inputs, target\)"),
        (net(), LOSS, (X, Y), {"parameters": ["0.wieght"]}, ValueError, "had '0.wieght'; did you mean '0.weight'"),
        (net(), LOSS, (X, Y), {"parameters": "0.weight"}, TypeError, "parameters must be names of parameters"),
        (net(), LOSS, (X, Y), {"parameters": []}, ValueError, "parameters must have one name at least"),
        (net(), LOSS, (X, Y), {"parameters": [nn.Parameter(X)]}, ValueError, "or these themselves, but had"),
        (frozen(), LOSS, (X, Y), {"parameters": ["0.bias"]}, ValueError, "0.bias is frozen"),
        (frozen(), LOSS, (X, Y), {}, ValueError, "must have a parameter that requires a gradient, but has none among its 4"),
        (nn.LazyLinear(3), LOSS, (X, Y), {}, ValueError, "weight is lazy: call the model once before"),
        (nn.Linear(2, 6, device="meta"), LOSS, (X, Y), {}, ValueError, "weight is on the device 'meta'"),
        (complex_net(), LOSS, (X, Y), {}, ValueError, "weight is complex"),
        (net(), LOSS, (X, Y), {"collate": 3}, TypeError, "collate must be a function"),
        (Raises(), LOSS, (X, Y), {}, ValueError, r"on every batch, but on one of 2 raised KeyError\('no such thing'\)"),
        (net(), LOSS, (X, Y + 10), {}, ValueError, "but on one of 2 raised IndexError"),
        (net(), LOSS, (X * torch.nan, Y), {}, ValueError, "loss must be finite, but was nan on the first examples"),
        (net(2), nn.MSELoss(reduction="none"), (X, X), {}, ValueError, r"loss must give one real.*gave a tensor of shape \(2, 2\)"),
        (net(), lambda outputs, targets: 1.0, (X, Y), {}, ValueError, "but gave 1.0"),
        (net(), lambda outputs, targets: outputs.detach().mean(), (X, Y), {}, ValueError, "but its value has no gradient"),
        (net(), lambda outputs, targets: (outputs - outputs.detach()).sum().abs().sqrt(), (X, Y), {}, ValueError, "have a finite gradient"),
    ],
)  # fmt: skip
def test_what_is_refused_by_name(model, loss, dataset, options, error, words):
    with pytest.raises(error, match=words):
        UserModel(model, loss, dataset, **options).try_out()
