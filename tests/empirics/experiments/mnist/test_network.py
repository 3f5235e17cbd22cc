"""The network: the paper's sizes, its initial points, and its noise by the closed formula of a linear layer against every mini-batch."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from empirics.experiments.mnist.network import build_model, error, loss
from empirics.models.measuring.measure import measure

N, PIXELS, HIDDEN = 7, 6, (5, 4)
X = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (N, 2, 3)).astype(np.float32))
Y = torch.tensor([0, 3, 9, 3, 1, 0, 7])


def noise_by_layers(model: torch.nn.Sequential, b: int) -> float:
    """(1/b) (N-b)/(N-1) (mean ||grad f_i||^2 - ||grad f||^2), ||grad f_i||^2 = sum over layers of ||e_i||^2 (||h_i||^2 + 1), in doubles.

    h is what goes into a layer, e the derivative of the loss by what comes out of it; no gradient of an example is ever made.
    """
    layers = [(m.weight.detach().double(), m.bias.detach().double()) for m in model if isinstance(m, torch.nn.Linear)]
    h = [X.flatten(1).double()]
    for w, c in layers[:-1]:
        h.append((h[-1] @ w.T + c).clamp(min=0))
    e = torch.softmax(h[-1] @ layers[-1][0].T + layers[-1][1], dim=1)
    e[torch.arange(N), Y] -= 1
    mean_square, square_of_mean = 0.0, 0.0
    for k in reversed(range(len(layers))):
        mean_square += float(((e**2).sum(1) * ((h[k] ** 2).sum(1) + 1)).mean())
        square_of_mean += float(((e.T @ h[k]) / N).pow(2).sum() + e.mean(0).pow(2).sum())
        e = (e @ layers[k][0]) * (h[k] > 0)
    return (mean_square - square_of_mean) * (N - b) / (N - 1) / b


def noise_by_batches(model: torch.nn.Sequential, b: int) -> float:
    """The variance over all subsets of b examples, each with its own backward pass."""
    gradients = []
    for chosen in combinations(range(N), b):
        found = torch.autograd.grad(loss(model(X[list(chosen)]), Y[list(chosen)]), list(model.parameters()))
        gradients.append(torch.cat([g.flatten() for g in found]).double())
    return float(torch.stack(gradients).var(dim=0, correction=0).sum())


@pytest.mark.parametrize("b", [1, 3, 7])
def test_the_closed_formula_is_the_variance_over_all_batches(b: int) -> None:
    model = build_model(PIXELS, 3, hidden=HIDDEN)
    expected = noise_by_batches(model, b)
    assert noise_by_layers(model, b) == pytest.approx(expected, rel=1e-5, abs=1e-12)
    found = measure(
        model, loss, (X, Y), optimizer=partial(torch.optim.SGD, lr=0.1), batch_sizes=[b], runs=2, epochs=1, estimator="per_example"
    )
    assert float(found.total_var_gradient[0, 0]) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_the_network_is_the_papers() -> None:
    model = build_model(784, 0)
    assert [tuple(p.shape) for p in model.parameters()] == [(1024, 784), (1024,), (512, 1024), (512,), (10, 512), (10,)]
    assert [type(m).__name__ for m in model] == ["Flatten", "Linear", "ReLU", "Linear", "ReLU", "Linear"]
    for p, fan_in in zip((p.detach() for p in model.parameters()), (784, 784, 1024, 1024, 512, 512), strict=True):
        assert float(p.abs().max()) <= fan_in**-0.5 and (p.numel() < 100 or float(p.std()) == pytest.approx((3 * fan_in) ** -0.5, rel=0.1))


def test_initial_points_are_different_and_always_the_same() -> None:
    state = torch.random.get_rng_state()
    first, again, other, seeded = (build_model(PIXELS, *given, hidden=HIDDEN) for given in ((1, 2), (1, 2), (1, 3), (2, 2)))
    assert torch.equal(torch.random.get_rng_state(), state)
    w = [model[1].weight for model in (first, again, other, seeded)]
    assert torch.equal(w[0], w[1]) and not torch.equal(w[0], w[2]) and not torch.equal(w[0], w[3])


def test_loss_and_error_are_those_of_the_definition() -> None:
    outputs = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0], [1.0, 0.5, 0.0]])
    targets = torch.tensor([0, 1, 2])
    p = np.exp(outputs.numpy()) / np.exp(outputs.numpy()).sum(1, keepdims=True)
    assert float(loss(outputs, targets)) == pytest.approx(-np.log(p[[0, 1, 2], [0, 1, 2]]).mean(), rel=1e-6)
    assert float(error(outputs, targets)) == pytest.approx(2 / 3)
