"""Small training loops with a meter in them, and what it must find: plain loops over micro-batches and over single examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

Batch = tuple[Tensor, Tensor]


def network(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).to(dtype)


def data(count: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(count, n, generator=generator, dtype=torch.float64).to(dtype) for n in (3, 2))  # type: ignore[return-value]


def mean_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).square().sum(dim=1).mean()


def cut(batch: Batch, size: int) -> list[Batch]:
    return list(zip(*(part.split(size) for part in batch), strict=True))


def gradient(model: nn.Module, batch: Batch, loss: Callable[[Tensor, Tensor], Tensor] = mean_loss) -> list[np.ndarray]:
    """One for every parameter, in doubles."""
    found = torch.autograd.grad(loss(model(batch[0]), batch[1]), list(model.parameters()))
    return [g.detach().double().numpy() for g in found]


def exact(model: nn.Module, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """tr Cov of the gradients of single examples (divisor N) and ||mean gradient||^2, for every parameter."""
    singles = [gradient(model, one) for one in cut(batch, 1)]
    means = [sum(g[k] for g in singles) / len(singles) for k in range(len(singles[0]))]
    trace = [sum(np.square(g[k] - mean).sum() for g in singles) / len(singles) for k, mean in enumerate(means)]
    return np.array(trace), np.array([np.square(mean).sum() for mean in means])


def told_by_pairs(model: nn.Module, micro_batches: Sequence[Batch]) -> tuple[np.ndarray, np.ndarray]:
    """tr C and ||G||^2 of one step by inner products of micro-batches i != j, from gradients that are all kept: no norm of a sum."""
    kept = [gradient(model, batch) for batch in micro_batches]
    m, count, layers = len(micro_batches[0][0]), len(kept), range(len(kept[0]))
    products = [[[float((a * b).sum()) for a, b in zip(kept[i], kept[j], strict=True)] for i in range(count)] for j in range(count)]
    square = [np.mean([products[i][j][k] for i in range(count) for j in range(count) if i != j]) for k in layers]
    trace = [m * (np.mean([products[i][i][k] for i in range(count)]) - square[k]) for k in layers]
    return np.array(trace), np.array(square)


def backward(model: nn.Module, micro_batches: Sequence[Batch], accumulation: str = "mean", scale: float = 1.0) -> None:
    """The backward passes of a step."""
    for inputs, targets in micro_batches:
        (scale * mean_loss(model(inputs), targets) / (len(micro_batches) if accumulation == "mean" else 1)).backward()


def assert_found(result: xr.Dataset, trace: np.ndarray, square: np.ndarray, rtol: float = 1e-10) -> None:
    np.testing.assert_allclose(result.trace_covariance, trace, rtol=rtol, atol=rtol * trace.sum())
    np.testing.assert_allclose(result.gradient_squared_norm, square, rtol=rtol, atol=rtol * np.abs(square).sum())
    np.testing.assert_allclose(result.total_trace_covariance, trace.sum(), rtol=rtol)
    np.testing.assert_allclose(result.total_gradient_squared_norm, square.sum(), rtol=rtol, atol=rtol * trace.sum())
