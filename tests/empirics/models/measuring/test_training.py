"""Runs are trained as torch would train them, whatever looks at them; and the model that was given stays as it was."""

from __future__ import annotations

import copy
import functools

import numpy as np
import pytest
import torch

from empirics import measure
from tests.empirics.models.measuring.all_batches import SGD

ADAM = functools.partial(torch.optim.AdamW, lr=0.01, weight_decay=0.1)
EXAMPLES = 23


def warm_up(optimizer, steps):
    """Linear to a third of the run, then linearly to zero."""
    rise = max(1, steps // 3)
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / rise, (steps - t) / steps))


def data(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(EXAMPLES, 4, generator=generator), torch.randint(3, (EXAMPLES,), generator=generator)


def network(*extra):
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), *extra, torch.nn.Linear(6, 3))


def wrong(outputs, targets):
    return (outputs.argmax(1) != targets).double().mean()


def measured(model, **options):
    request = {
        "batch_sizes": [5],
        "runs": 4,
        "epochs": 3,
        "optimizer": ADAM,
        "error": wrong,
        "validation": data(1),
        "seed": 3,
        "workers": 1,
    }
    return measure(model, torch.nn.CrossEntropyLoss(), data(), **request | options)


def by_hand(run, epochs, b, clip):
    """The same run in a plain loop: its losses and errors at the start of every epoch, and in the end."""
    model, (x, y) = network(), data()
    optimizer = ADAM(list(model.parameters()))
    schedule = warm_up(optimizer, epochs * (EXAMPLES // b))
    batches, _, _ = np.random.SeedSequence(3, spawn_key=(b, run)).spawn(3)
    generator = np.random.Generator(np.random.PCG64DXSM(batches))
    found = []
    for epoch in range(epochs + 1):
        with torch.no_grad():
            outputs = model(x)
            found.append((float(torch.nn.functional.cross_entropy(outputs, y)), float(wrong(outputs, y))))
        order = generator.permutation(EXAMPLES)
        for i in range(0, EXAMPLES - b + 1, b) if epoch < epochs else ():
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[order[i : i + b]]), y[order[i : i + b]]).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            schedule.step()
    return np.array(found)


@pytest.mark.parametrize("estimator", ["per_example", "resampling", "naive"])
def test_runs_are_those_of_a_plain_loop(estimator):
    found = measured(network(), estimator=estimator, schedule=warm_up, clip=0.3)
    for run in range(4):
        expected = by_hand(run, 3, 5, 0.3)
        at = found.isel(run=run, batch_size=0)
        assert np.allclose(np.stack([at.run_loss, at.run_error], axis=1), expected, rtol=1e-5, atol=1e-7)
    assert np.allclose(found.loss, found.run_loss.mean("run")) and np.allclose(found.error, found.run_error.mean("run"))


def test_a_function_may_clip():
    def each(parameters):
        for p in parameters:
            torch.nn.utils.clip_grad_norm_([p], 0.1)

    one, two, three = (measured(network(), clip=c).run_loss.values for c in (None, 0.1, each))
    assert (one[:, 0] == two[:, 0]).all() and len({x[0, -1, 0] for x in (one, two, three)}) == 3


@pytest.mark.parametrize("extra", [(), (torch.nn.Dropout(0.5),), (torch.nn.BatchNorm1d(6),)], ids=["plain", "dropout", "batch norm"])
def test_the_training_does_not_depend_on_who_looks(extra):
    one = measured(network(*extra), runs=2)
    for options in ({"estimator": "naive"}, {"estimator": "resampling", "draws": 3}, {"looks_per_epoch": 3}, {"block_runs": 4, "runs": 4}):
        other = measured(network(*extra), **{"runs": 2} | options)
        assert (other.run_loss.values[:2] == one.run_loss.values).all()
    assert one.attrs["estimator"] == ("resampling" if extra else "per_example")


def test_looks_may_be_few():
    every = measured(network(), steps=7, epochs=None)
    few = measured(network(), steps=7, epochs=None, every=2, evaluate_every=4)
    assert few.step.values.tolist() == [0, 2, 4, 6] and (few.total_var_gradient.values == every.total_var_gradient.values[::2]).all()
    assert (few.run_loss.values[:, ::2] == every.run_loss.values[:, ::4]).all() and np.isnan(few.loss.values[1::2]).all()


def test_everything_is_left_as_it_was():
    model = network(torch.nn.Dropout(0.2), torch.nn.BatchNorm1d(6))
    model[0].weight.requires_grad_(False)
    before, modes = copy.deepcopy(model.state_dict()), [m.training for m in model.modules()]
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    found = measured(model, runs=2, epochs=1)
    assert torch.equal(torch.rand(3), expected) and modes == [m.training for m in model.modules()]
    assert all(torch.equal(before[name], x) for name, x in model.state_dict().items()) and all(p.grad is None for p in model.parameters())
    assert found.layer.values.tolist() == ["0.bias", "3.weight", "3.bias", "4.weight", "4.bias"]


def test_validation_sets_have_names():
    found = measured(network(), runs=2, epochs=1, validation={"test": data(1), "far": data(2)})
    assert {"test_loss", "test_error", "far_loss", "far_error", "run_far_error"} <= set(found.data_vars)
    assert (found.test_loss.values[0] != found.far_loss.values[0]).all()


def test_a_run_that_diverges_is_counted():
    """Those that meet the outlier, whose steps only grow."""
    x, y = torch.ones(EXAMPLES, 1, dtype=torch.float64), torch.ones(EXAMPLES, 1, dtype=torch.float64)
    x[0] = 1e40
    model = torch.nn.Linear(1, 1, bias=False).double()
    found = measure(
        model, torch.nn.MSELoss(), (x, y), batch_sizes=[1], runs=40, steps=16, every=15, optimizer=functools.partial(SGD, lr=1e-2),
        sampling="independent", workers=1,
    )  # fmt: skip
    lost = found.diverged.values[:, 0]
    assert lost[0] == 0 and 0 < lost[1] < 1
    for name in ("total_var_gradient", "total_var_gradient_se", "loss", "loss_se"):
        assert np.isnan(found[name].values[1, 0]) and np.isfinite(found[name].values[0]).all()


def test_labels_of_frozen_and_tied_parameters():
    class Tied(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.table = torch.nn.Embedding(7, 3)
            self.out = torch.nn.Linear(3, 7, bias=False)
            self.out.weight = self.table.weight

        def forward(self, x):
            return self.out(self.table(x).mean(1))

    words = torch.randint(7, (12, 5), generator=torch.Generator().manual_seed(0)), torch.arange(12) % 7
    found = measure(Tied(), torch.nn.CrossEntropyLoss(), words, batch_sizes=[3], runs=2, epochs=2, optimizer=SGD, workers=1)
    assert found.layer.values.tolist() == ["table.weight"] and (found.total_var_gradient > 0).all()


def test_losses_are_those_without_the_models_noise():
    model, (x, y) = network(torch.nn.Dropout(0.5)), data()
    found = measured(model, runs=2, epochs=1)
    with torch.no_grad():
        outputs = model.eval()(x)
    assert found.loss.values[0, 0] == pytest.approx(float(torch.nn.functional.cross_entropy(outputs, y)), rel=1e-6)
    assert found.error.values[0, 0] == pytest.approx(float(wrong(outputs, y)))


class Shifted(torch.nn.Module):
    """Its inputs less a running mean of its own, in a buffer that it replaces at every step."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 1)
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x):
        if self.training:
            self.mean = 0.5 * self.mean + 0.5 * x.mean(0)
        return self.linear(x - self.mean.detach())


def test_buffers_that_a_model_replaces_belong_to_their_run():
    """More runs beside it change nothing in a run."""
    torch.manual_seed(0)
    model, data = Shifted(), (torch.randn(12, 3), torch.randn(12, 1))
    options = {
        "optimizer": functools.partial(torch.optim.SGD, lr=0.1),
        "batch_sizes": [4],
        "epochs": 2,
        "estimator": "naive",
        "device": "cpu",
    }
    apart = measure(model, torch.nn.MSELoss(), data, runs=4, block_runs=2, workers=1, **options)
    together = measure(model, torch.nn.MSELoss(), data, runs=4, block_runs=4, workers=1, **options)
    assert torch.equal(model.mean, torch.zeros(3))
    assert apart.run_loss.values == pytest.approx(together.run_loss.values, rel=1e-6)
    assert np.ptp(apart.run_loss.values[1]) > 0
