"""The meter in training loops of many kinds: it finds what plain loops over the micro-batches find, and on average what is true."""

from __future__ import annotations

import copy
import io
import json
import pickle
from itertools import pairwise, permutations, product

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from empirics import GradientNoiseMeter
from tests.empirics.models.meter import loops
from tests.empirics.models.meter.loops import assert_found, backward, cut, data, mean_loss, network, told_by_pairs


class Scaler:
    """As torch.amp.GradScaler: a factor of the loss that changes after every step."""

    def __init__(self, scale: float = 1024.0) -> None:
        self.scale = scale

    def get_scale(self) -> float:
        return self.scale


@pytest.mark.parametrize("accumulation", ["mean", "sum"])
@pytest.mark.parametrize("size, count", [(1, 2), (3, 2), (2, 4)])
def test_one_step(accumulation, size, count):
    model, batch = network(), data(size * count)
    meter = GradientNoiseMeter(model, micro_batch=size, accumulation=accumulation)
    backward(model, cut(batch, size), accumulation)
    meter.step()
    assert_found(meter.result, *told_by_pairs(model, cut(batch, size)))
    assert meter.result.attrs["micro_batches"] == count and meter.result.attrs["batch_size"] == size * count


@pytest.mark.parametrize("size", [1, 2])
def test_unbiased_over_all_mini_batches_of_four_examples(size):
    model, batch = network(), data(4)
    trace, square = loops.exact(model, batch)
    for draws, examples, divisor in ((product(range(4), repeat=2 * size), None, 4), (permutations(range(4), 2 * size), 4, 3)):
        meter = GradientNoiseMeter(model, micro_batch=size, accumulation="mean", decay=1.0, dataset_size=examples)
        for places in draws:
            backward(model, cut(tuple(part[list(places)] for part in batch), size))
            meter.step()
            model.zero_grad()
        assert_found(meter.result, trace * 4 / divisor, square)
        meter.remove()


def test_converges_to_the_truth_at_a_learning_rate_of_zero():
    """1,000 steps at fixed weights: every layer and the total within 4.5 standard errors, ten comparisons at a fixed seed."""
    model, batch = network(), data(50, seed=3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    meter = GradientNoiseMeter(model, micro_batch=4, accumulation="sum", decay=1.0)
    generator = torch.Generator().manual_seed(4)
    for _ in range(1000):
        drawn = torch.randint(50, (8,), generator=generator)
        backward(model, cut(tuple(part[drawn] for part in batch), 4), "sum")
        meter.step()
        optimizer.step()
        optimizer.zero_grad()
    found, (trace, square) = meter.result, loops.exact(model, batch)
    for name, truth in (("trace_covariance", trace), ("gradient_squared_norm", square)):
        values, errors = (np.append(found[name + part], found[f"total_{name}{part}"]) for part in ("", "_se"))
        z = (values - np.append(truth, truth.sum())) / errors
        assert np.abs(z).max() < 4.5 and (errors > 0).all(), (name, z)
        assert (found[f"{name}_df"] == 999).all()
    assert found.noise_scale_low < trace.sum() / square.sum() < found.noise_scale_high
    assert found.noise_scale_high < 2 * found.noise_scale


def test_intervals_hold_the_truth_as_often_as_they_say():
    """100 meters of 12 steps at the level 80 %, four standard errors."""
    model, batch = network(), data(50, seed=3)
    trace, square = loops.exact(model, batch)
    meter = GradientNoiseMeter(model, micro_batch=8, accumulation="mean", decay=0.95, level=0.8)
    empty, generator, held = meter.state_dict(), torch.Generator().manual_seed(5), []
    for _ in range(100):
        meter.load_state_dict(empty)
        for _ in range(12):
            drawn = torch.randint(50, (16,), generator=generator)
            backward(model, cut(tuple(part[drawn] for part in batch), 8))
            meter.step()
            model.zero_grad()
        found = meter.result
        held.append(bool(found.noise_scale_low <= trace.sum() / square.sum() <= found.noise_scale_high))
    assert abs(np.mean(held) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 100)


def test_averages_of_numerator_and_denominator_apart():
    model, batches = network(), [data(4, seed) for seed in range(5)]
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="mean", decay=0.5)
    found = []
    for batch in batches:
        found.append(told_by_pairs(model, cut(batch, 2)))
        backward(model, cut(batch, 2))
        meter.step()
        model.zero_grad()
    weights = 0.5 ** np.arange(4, -1, -1.0) / (0.5 ** np.arange(5.0)).sum()
    trace, square = (np.tensordot(weights, np.array(values), axes=1) for values in zip(*found, strict=True))
    assert_found(meter.result, trace, square)
    assert float(meter.result.noise_scale) == pytest.approx(max(0, trace.sum()) / square.sum() if square.sum() > 0 else np.nan, nan_ok=True)


@pytest.mark.parametrize("scaler", [Scaler(), torch.amp.GradScaler("cpu", init_scale=4096.0)], ids=["fake", "torch"])
@pytest.mark.parametrize("clipped", [False, True])
def test_scaled_unscaled_and_clipped(scaler, clipped):
    model, batch = network(dtype=torch.float32), data(6, dtype=torch.float32)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    truth = told_by_pairs(model, cut(batch, 2))
    real = isinstance(scaler, torch.amp.GradScaler)
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="mean", scaler=scaler)
    for inputs, targets in cut(batch, 2):
        loss = mean_loss(model(inputs), targets) / 3
        (scaler.scale(loss) if real else loss * scaler.scale).backward()
    if real:
        scaler.unscale_(optimizer)
    if clipped:
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
    meter.step()
    assert_found(meter.result, *truth, rtol=2e-5)
    if real:
        scaler.step(optimizer)
        scaler.update()


def test_steps_that_overflow_are_skipped_and_counted():
    model, scaler = network(dtype=torch.float32), torch.amp.GradScaler("cpu", init_scale=2.0**120)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    meter = GradientNoiseMeter(model, micro_batch=1, accumulation="mean", scaler=scaler)
    batches = cut(data(2, dtype=torch.float32), 1)
    before = [p.clone() for p in model.parameters()]
    while not meter.steps:
        for inputs, targets in batches:
            scaler.scale(1e6 * mean_loss(model(inputs), targets) / 2).backward()
        meter.step()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        if not meter.steps:
            with pytest.raises(ValueError, match=rf"no result before its first step \({meter.skipped} skipped\)"):
                meter.result  # noqa: B018
    assert all(torch.equal(p, q) for p, q in zip(before, model.parameters(), strict=True))
    trace, square = told_by_pairs(model, batches)
    assert meter.skipped >= 1 and meter.result.attrs["skipped"] == meter.skipped
    assert_found(meter.result, 1e12 * trace, 1e12 * square, rtol=2e-5)


OPTIMIZERS = {
    "plain": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, foreach=False),
    "foreach": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, foreach=True),
    "fused": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, fused=True),
    "AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, foreach=False),
    "fused AdamW": lambda p: torch.optim.AdamW(p, lr=0.01, fused=True),
}


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("set_to_none", [True, False])
def test_training_is_followed_and_left_alone(make, set_to_none):
    """Five steps: every step's estimates, and to the bit the weights of a run without a meter."""
    model, alone = network(), network()
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="mean", decay=1.0)
    runs = [(m, make(m.parameters())) for m in (model, alone)]
    found = []
    for seed in range(5):
        batches = cut(data(6, seed), 2)
        found.append(told_by_pairs(model, batches))
        for m, optimizer in runs:
            backward(m, batches)
            if m is model:
                meter.step()
            nn.utils.clip_grad_norm_(m.parameters(), 0.5)
            optimizer.step()
            optimizer.zero_grad(set_to_none=set_to_none)
    assert_found(meter.result, *(np.mean(values, axis=0) for values in zip(*found, strict=True)))
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), alone.parameters(), strict=True))


@pytest.mark.parametrize("reentrant", [True, False])
def test_gradient_checkpointing(reentrant):
    model, batches = network(), cut(data(6), 2)
    truth = told_by_pairs(model, batches)
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum")
    for inputs, targets in batches:
        hidden = checkpoint(model[:2], inputs.requires_grad_(), use_reentrant=reentrant)
        mean_loss(checkpoint(model[2], hidden, use_reentrant=reentrant), targets).backward()
    meter.step()
    assert_found(meter.result, *truth)


class Tied(nn.Module):
    """An embedding that is its own last layer, a frozen parameter, one that is never used and one of every other micro-batch."""

    def __init__(self, sparse: bool = False) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.embedding = nn.Embedding(5, 3, sparse=sparse)
        self.inner = nn.Linear(3, 3)
        self.outer = self.embedding if not sparse else nn.Linear(3, 5, bias=False)
        self.frozen = nn.Linear(3, 3).requires_grad_(False)
        self.unused = nn.Parameter(torch.ones(2))
        self.now_and_then = nn.Linear(3, 3)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        hidden = self.frozen(torch.tanh(self.inner(self.embedding(words))))
        return (hidden + self.now_and_then(hidden) if 0 in words else hidden) @ self.outer.weight.T


@pytest.mark.parametrize("sparse", [False, True])
def test_tied_sparse_frozen_unused(sparse):
    model, words = Tied(sparse).double(), torch.tensor([[0, 1], [2, 3], [4, 2]])
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum", decay=1.0)
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    kept = []
    for some in words:
        found = torch.autograd.grad(
            model(some).square().sum(1).mean(), [dict(model.named_parameters())[n] for n in names], allow_unused=True
        )
        kept.append([0.0 if g is None else g.to_dense().numpy() for g in found])
    for step in range(2):
        for some in words:
            model(some).square().sum(1).mean().backward()
        if step == 1:
            nn.utils.clip_grad_norm_([p for p in model.parameters() if p.grad is not None and not p.grad.is_sparse], 1e-3)
        meter.step()
        model.zero_grad()
    small = np.array([np.mean([np.square(g[k]).sum() for g in kept]) for k in range(len(names))])
    big = np.array([np.square(sum(g[k] for g in kept) / 3).sum() for k in range(len(names))])
    assert meter.result.layer.values.tolist() == names
    assert_found(meter.result, 2 * 3 / 2 * (small - big), (3 * big - small) / 2)
    assert float(meter.result.trace_covariance.sel(layer="unused")) == 0


def test_sums_of_single_precision_are_sums():
    """A million entries of a gradient, nearly the same in both micro-batches: norms summed in single precision are off by 1e-5."""
    torch.manual_seed(0)
    weight = nn.Parameter(torch.zeros(1_000_003))
    model = nn.ParameterList([weight])
    meter = GradientNoiseMeter(model, micro_batch=1, accumulation="sum")
    common, noise = torch.randn(2, len(weight)).double()
    parts = [(common + sign * 2e-3 * noise).float() for sign in (1, -1)]
    for part in parts:
        weight.backward(part)
    meter.step()
    a, b = (part.double() for part in parts)
    assert float(meter.result.total_trace_covariance) == pytest.approx(float((a - b).square().sum() / 2), rel=2e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_does_not_overflow(dtype):
    weight = nn.Parameter(torch.zeros(40_000, dtype=dtype))
    meter = GradientNoiseMeter(nn.ParameterList([weight]), micro_batch=1, accumulation="mean")
    for value in (16_384.0, 8192.0):
        weight.backward(torch.full_like(weight, value))
    meter.step()
    assert float(meter.result.total_trace_covariance) == pytest.approx(40_000 * 2 * 8192.0**2, rel=1e-6)


def test_a_last_micro_batch_of_another_size():
    model = network()
    meter = GradientNoiseMeter(model, micro_batch=4, accumulation="mean")
    batches = [(data(4)), data(2, seed=9)]
    backward(model, batches)
    meter.step(micro_batch=[4, 2])
    kept = [loops.gradient(model, batch) for batch in batches]
    product_of_both = np.array([(a * b).sum() for a, b in zip(*kept, strict=True)])
    small = np.array([[np.square(g).sum() for g in one] for one in kept]).mean(axis=0)
    assert_found(meter.result, (small - product_of_both) / (3 / 8), product_of_both)
    assert meter.result.attrs["batch_size"] == 6


def test_gradients_of_others_do_not_count():
    """torch.autograd.grad, evaluation, and a backward pass that is discarded."""
    model, batches = network(), cut(data(4), 2)
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum")
    backward(model, batches[:1])
    meter.discard()
    model.zero_grad()
    for batch in batches:
        loops.gradient(model, batch)
        with torch.no_grad():
            model(batch[0])
        backward(model, [batch], "sum")
    meter.step()
    assert_found(meter.result, *told_by_pairs(model, batches))


def test_every_third_step():
    model, found = network(), []
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="mean", decay=1.0, every=3)
    for seed in range(8):
        if seed % 3 == 0:
            found.append(told_by_pairs(model, cut(data(4, seed), 2)))
        backward(model, cut(data(4, seed), 2))
        meter.step()
        torch.optim.SGD(model.parameters(), lr=0.1).step()
        model.zero_grad()
    assert meter.steps == 3
    assert_found(meter.result, *(np.mean(values, axis=0) for values in zip(*found, strict=True)))


def test_goes_on_from_a_checkpoint():
    whole, first, second = (network() for _ in range(3))
    meters = [GradientNoiseMeter(m, micro_batch=2, accumulation="mean", decay=0.9) for m in (whole, first, second)]
    for seed in range(6):
        for model, meter in zip((whole, first if seed < 3 else second), (meters[0], meters[1] if seed < 3 else meters[2]), strict=True):
            backward(model, cut(data(4, seed), 2))
            meter.step()
            model.zero_grad()
        if seed == 2:
            meters[2].load_state_dict(json.loads(json.dumps(meters[1].state_dict())))
    assert meters[0].result.identical(meters[2].result)
    stored = io.BytesIO()
    torch.save(meters[0].state_dict(), stored)
    stored.seek(0)
    assert torch.load(stored, weights_only=True) == meters[0].state_dict()
    for state in ({}, None, meters[0].state_dict() | {"layers": ["other"]}):
        with pytest.raises(ValueError, match="state must be"):
            meters[1].load_state_dict(state)


def test_models_are_copied_and_saved_without_it_and_left_as_they_were():
    model = network()
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="mean")
    twin = copy.deepcopy(model)
    backward(twin, cut(data(4), 2))
    torch.save(model, io.BytesIO())
    assert len(list(pickle.loads(pickle.dumps(model)).parameters())) == 4
    with pytest.raises(ValueError, match="no gradient has been seen"):
        meter.step()
    meter.remove()
    assert not model._forward_pre_hooks and not any(p._backward_hooks or p._post_accumulate_grad_hooks for p in model.parameters())
    with pytest.raises(ValueError, match="the meter was removed"):
        meter.step()


def test_one_step_has_no_errors_and_two_have():
    model = network()
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="mean")
    for seed, known in ((0, False), (1, True)):
        backward(model, cut(data(4, seed), 2))
        meter.step()
        model.zero_grad()
        found = meter.result
        assert bool(np.isfinite(found.total_trace_covariance_se)) is known and bool(np.isfinite(found.trace_covariance_se).all()) is known
        assert float(found.noise_scale_low >= 0) == known
    assert all(a == b for a, b in pairwise(found.trace_covariance_df.values))


@pytest.mark.filterwarnings("ignore:Using backward.. with create_graph=True")
def test_graphs_of_gradients():
    """They are accumulated out of place."""
    model, batches = network(), cut(data(4), 2)
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum")
    for inputs, targets in batches:
        mean_loss(model(inputs), targets).backward(create_graph=True)
    meter.step()
    assert_found(meter.result, *told_by_pairs(model, batches))
    model.zero_grad()


UNUSED = {
    "not a number": lambda: torch.full((100,), torch.nan),
    "without storage": lambda: torch.empty(20, device="meta"),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "that moves": lambda: torch.zeros(20),
}


@pytest.mark.parametrize("unused", UNUSED)
def test_parameters_without_gradient_are_nobodys_business(unused):
    """They may be anything, and be moved between micro-batches, as averages of others are."""
    model, batches = network(), cut(data(6), 2)
    alone = GradientNoiseMeter(model, micro_batch=2, accumulation="sum")
    model.unused = nn.Parameter(UNUSED[unused]())
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum")
    for _ in range(3):
        for batch in batches:
            backward(model, [batch], "sum")
            if unused == "that moves":
                with torch.no_grad():
                    model.unused += 1
        meter.step()
        alone.step()
        model.zero_grad()
    assert meter.steps == 3 and float(meter.result.trace_covariance.sel(layer="unused")) == 0
    assert float(meter.result.total_trace_covariance) == float(alone.result.total_trace_covariance)
