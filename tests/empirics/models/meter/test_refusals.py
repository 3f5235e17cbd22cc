"""What the meter cannot tell, it refuses; after that the next step counts as if nothing had been."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from empirics import GradientNoiseMeter
from tests.empirics.models.meter.loops import assert_found, backward, cut, data, mean_loss, network, told_by_pairs

BATCHES = cut(data(4), 2)


@pytest.fixture
def model() -> nn.Sequential:
    return network()


@pytest.fixture
def meter(model):
    return GradientNoiseMeter(model, micro_batch=2, accumulation="sum")


def refuses(model: nn.Module, meter: GradientNoiseMeter, words: str) -> None:
    """Now; and a good step after it is found as ever."""
    with pytest.raises(ValueError, match=words):
        meter.step()
    assert meter.steps == 0
    model.zero_grad()
    truth = told_by_pairs(model, BATCHES)
    backward(model, BATCHES, "sum")
    meter.step()
    assert_found(meter.result, *truth)


def test_one_micro_batch(model, meter):
    backward(model, BATCHES[:1], "sum")
    refuses(model, meter, "a step must have two micro-batches at least, in all processes together, but had one")


def test_no_micro_batch(model, meter):
    refuses(model, meter, "no gradient has been seen since the last step")


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_weights_that_move_between_micro_batches(model, meter, optimizer, fused):
    made = optimizer(model.parameters(), lr=1e-3, fused=fused)
    for batch in BATCHES:
        backward(model, [batch], "sum")
        made.step()
        made.zero_grad()
    refuses(model, meter, "weights have changed since the first micro-batch of the step")


def test_weights_that_move_behind_autograds_back(model, meter):
    backward(model, BATCHES[:1], "sum")
    for p in model.parameters():
        p.data.sub_(0.01 * p.grad)
    backward(model, BATCHES[1:], "sum")
    refuses(model, meter, "weights have changed since the first micro-batch of the step")


def test_a_step_of_the_optimizer_before_that_of_the_meter(model, meter):
    backward(model, BATCHES, "sum")
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    refuses(model, meter, r"call meter.step\(\) before every step of the optimizer")


@pytest.mark.parametrize("set_to_none", [True, False])
def test_gradients_set_to_zero_between_micro_batches(model, meter, set_to_none):
    for batch in BATCHES:
        backward(model, [batch], "sum")
        if batch is BATCHES[0]:
            model.zero_grad(set_to_none=set_to_none)
    refuses(model, meter, r"the gradient of 0.weight \(and of 3 more\) was changed between the micro-batches")


def test_gradients_clipped_between_micro_batches(model, meter):
    for batch in BATCHES:
        backward(model, [batch], "sum")
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    refuses(model, meter, "was changed between the micro-batches of a step")


def test_gradients_that_were_not_zero(model, meter):
    backward(model, BATCHES, "sum")
    meter.step()
    meter.steps = 0
    backward(model, BATCHES, "sum")
    with pytest.raises(ValueError, match="gradients were not zero before the first micro-batch"):
        meter.step()


def test_two_backward_passes_for_a_micro_batch(model, meter):
    outputs = model(BATCHES[0][0])
    mean_loss(outputs[:, :1], BATCHES[0][1][:, :1]).backward(retain_graph=True)
    mean_loss(outputs[:, 1:], BATCHES[0][1][:, 1:]).backward()
    refuses(model, meter, "a parameter has had 2 gradients in 1 forward passes")


def test_tied_weights_in_pieces():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(3, 3).double()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            hidden = checkpoint(self.inner, x.requires_grad_(), use_reentrant=True)
            return checkpoint(self.inner, hidden, use_reentrant=True)

    twice = Twice()
    meter = GradientNoiseMeter(twice, micro_batch=2, accumulation="sum")
    for inputs, _ in BATCHES:
        twice(inputs).square().sum(1).mean().backward()
    with pytest.raises(ValueError, match=r"a parameter has had 4 gradients in 2 forward passes.*reentrant"):
        meter.step()


def test_optimizers_within_the_backward_pass(model):
    for p in model.parameters():
        p.register_post_accumulate_grad_hook(lambda p: p.__setattr__("grad", None))
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum")
    backward(model, BATCHES, "sum")
    with pytest.raises(ValueError, match=r"the gradient of 0.weight \(and of 3 more\) was gone after its backward pass"):
        meter.step()


def test_fewer_micro_batches_than_before_and_clipped(model, meter):
    three = cut(data(6), 2)
    backward(model, three, "sum")
    meter.step()
    model.zero_grad()
    meter.load_state_dict(GradientNoiseMeter(network(), micro_batch=2, accumulation="sum").state_dict())
    backward(model, BATCHES, "sum")
    nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    refuses(model, meter, "after fewer of them than the step before had")


def test_a_short_step_at_the_end_of_an_epoch(model, meter):
    """Where meter.step() comes before clipping, steps may have any numbers of micro-batches; after it, where they never fall."""
    clip = partial(nn.utils.clip_grad_norm_, list(model.parameters()), 0.1)
    for counts, order in (((2, 2, 4, 3, 2), (meter.step, clip)), ((2, 2, 4, 4), (clip, meter.step))):
        for count in counts:
            backward(model, cut(data(2 * count), 2), "sum")
            for call in order:
                call()
            model.zero_grad()
    assert meter.steps == 9
    backward(model, BATCHES, "sum")
    clip()
    with pytest.raises(ValueError, match=r"call meter.step\(\) directly after the last backward\(\)"):
        meter.step()


def test_sizes_of_another_number(model, meter):
    backward(model, BATCHES, "sum")
    with pytest.raises(ValueError, match="micro_batch must have one size for each of the 2 micro-batches, but had 3"):
        meter.step(micro_batch=[2, 2, 2])


def test_more_examples_than_there_are(model):
    meter = GradientNoiseMeter(model, micro_batch=2, accumulation="sum", dataset_size=3)
    backward(model, BATCHES, "sum")
    with pytest.raises(ValueError, match="dataset_size must be at least the 4 examples of a step, but was 3"):
        meter.step()


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"micro_batch": 0}, ValueError, "micro_batch must be"),
        ({"micro_batch": 2.5}, TypeError, "micro_batch must be"),
        ({"accumulation": "average"}, ValueError, "accumulation must be one of mean, sum, but was 'average'"),
        ({"scaler": 1024.0}, TypeError, r"scaler must have get_scale\(\), as torch.amp.GradScaler has, but was 1024.0"),
        ({"decay": 0}, ValueError, "decay must be above 0 and at most 1, but was 0"),
        ({"decay": 1.5}, ValueError, "decay must be above 0 and at most 1, but was 1.5"),
        ({"every": 0}, ValueError, "every must be"),
        ({"level": 1}, ValueError, "level must be between 0 and 1, but was 1"),
        ({"dataset_size": 1}, ValueError, "dataset_size must be"),
        ({"model": "net"}, TypeError, "model must be a torch.nn.Module, but was 'net'"),
        ({"model": nn.Tanh()}, ValueError, "model must have parameters that require a gradient, but has none"),
        ({"model": nn.LazyLinear(2)}, ValueError, "model must be initialised, but weight is lazy"),
    ],
)
def test_bad_arguments(model, arguments, error, words):
    with pytest.raises(error, match=words):
        GradientNoiseMeter(**{"model": model, "micro_batch": 2, "accumulation": "mean"} | arguments)
    assert not model._forward_pre_hooks


def test_sharded_models(model):
    class FullyShardedDataParallel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = network()

    with pytest.raises(TypeError, match="model must not be sharded"):
        GradientNoiseMeter(FullyShardedDataParallel(), micro_batch=2, accumulation="mean")
