"""Two linear layers trained on a few labelled points, through every sequence of batches that there is: the slow, obvious truth."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from itertools import combinations, permutations, product

import numpy as np
import torch

RATE = 0.1
POINTS = np.array([[1.0, 0.5], [-0.5, 1.0], [0.25, -1.5], [2.0, 0.75]])
LABELS = np.array([[1.0], [-0.5], [0.5], [0.25]])
WEIGHTS = (np.array([[0.5, -0.25], [0.75, 1.0]]), np.array([[0.5, -1.0]]))
SGD = functools.partial(torch.optim.SGD, lr=RATE)

#: A gradient, by layer.
Layers = tuple[np.ndarray, ...]


def gradient(weights: Layers, chosen: np.ndarray) -> Layers:
    """Of the mean of 1/2 ||W_2 W_1 x - y||^2 over these points."""
    w1, w2 = weights
    x, y = POINTS[chosen], LABELS[chosen]
    residual = (x @ w1.T @ w2.T - y) / len(x)
    return w2.T @ residual.T @ x, residual.T @ x @ w1.T


def loss(weights: Layers) -> float:
    """Over all points."""
    return float(np.square(POINTS @ weights[0].T @ weights[1].T - LABELS).sum() / 2 / len(POINTS))


def batches(sampling: str, b: int, steps: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Sequences of batches, equally likely."""
    n = range(len(POINTS))
    if sampling == "epochs":
        length = len(POINTS) // b
        for orders in product(permutations(n), repeat=-(-steps // length)):
            yield tuple(np.array(order[i * b : (i + 1) * b]) for order in orders for i in range(length))[:steps]
        return
    each = [np.array(x) for x in (product(n, repeat=b) if sampling == "independent" else combinations(n, b))]
    yield from product(each, repeat=steps)


@functools.cache
def truth(sampling: str, b: int, steps: int) -> dict[str, np.ndarray]:
    """Of every step and layer: the variances, second moments and squared means of the gradients, and the loss of every step."""
    seen: list[list[tuple[Layers, Layers, float]]] = [[] for _ in range(steps)]
    for path in batches(sampling, b, steps):
        weights: Layers = WEIGHTS
        for t, chosen in enumerate(path):
            g = gradient(weights, chosen)
            seen[t].append((g, gradient(weights, np.arange(len(POINTS))), loss(weights)))
            weights = tuple(w - RATE * x for w, x in zip(weights, g, strict=True))
    found: dict[str, list[list[float]]] = {name: [] for name in ("var_gradient", "var_full_gradient", "second_moment", "mean_norm_squared")}
    for at in seen:
        for which, name in enumerate(("var_gradient", "var_full_gradient")):
            gradients: list[Layers] = [step[which] for step in at]  # type: ignore[misc]
            values = [np.stack([g[k] for g in gradients]) for k in range(2)]
            second = [float(np.square(v).sum() / len(v)) for v in values]
            mean = [float(np.square(v.mean(0)).sum()) for v in values]
            found[name].append([s - m for s, m in zip(second, mean, strict=True)])
            if which == 0:
                found["second_moment"].append(second)
                found["mean_norm_squared"].append(mean)
    return {name: np.array(x) for name, x in found.items()} | {"loss": np.array([np.mean([step[2] for step in at]) for at in seen])}


def network() -> torch.nn.Module:
    """In torch."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 1, bias=False)).double()
    for layer, w in zip(model, WEIGHTS, strict=True):
        layer.weight.data = torch.from_numpy(w.copy())
    return model


def half_squares(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """1/2 || . ||^2, the mean over examples."""
    return (outputs - targets).square().sum(1).mean() / 2


DATA = torch.from_numpy(POINTS), torch.from_numpy(LABELS)
