"""Linear regression by brute force: every sequence of batches, one after the other, in lists of Fractions, updated as torch does."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction as F
from itertools import combinations, product

from theory import SGD

Vector = list[F]


def gradient(x: Sequence[Vector], y: Vector, w: Vector, batch: Sequence[int]) -> Vector:
    """1/b sum_i x_i (x_i^T w - y_i)."""
    residuals = [sum((a * c for a, c in zip(x[i], w, strict=True)), -y[i]) for i in batch]
    return [sum((x[i][k] * r for i, r in zip(batch, residuals, strict=True)), F(0)) / len(batch) for k in range(len(w))]


def moved(sgd: SGD, w: Vector, buffer: Vector | None, g: Vector, rate: F) -> tuple[Vector, Vector | None]:
    """One step of torch.optim.SGD."""
    decay, momentum, dampening = F(sgd.weight_decay), F(sgd.momentum), F(sgd.dampening)
    d = [a + decay * b for a, b in zip(g, w, strict=True)]
    if momentum:
        buffer = d if buffer is None else [momentum * v + (1 - dampening) * a for v, a in zip(buffer, d, strict=True)]
        d = [a + momentum * v for a, v in zip(d, buffer, strict=True)] if sgd.nesterov else buffer
    return [a - rate * b for a, b in zip(w, d, strict=True)], buffer


def trajectory(
    x: Sequence[Vector], y: Vector, w0: Vector, rates: Sequence[F], steps: int, batch_size: int, replacement: bool, sgd: SGD
) -> list[tuple[F, F, F]]:
    """(var(g_t), var(grad L(w_t)), E L(w_t)) for t = 0, ..., steps."""
    n, p = len(x), len(w0)
    batches = list(product(range(n), repeat=batch_size) if replacement else combinations(range(n), batch_size))
    states: list[tuple[Vector, Vector | None]] = [(w0, None)]
    found = []
    for t in range(steps + 1):
        stochastic = [gradient(x, y, w, batch) for w, _ in states for batch in batches]
        full = [gradient(x, y, w, range(n)) for w, _ in states]
        losses = [sum((sum((a * c for a, c in zip(x[i], w, strict=True)), -y[i])) ** 2 for i in range(n)) / F(2 * n) for w, _ in states]
        found.append((spread(stochastic, p), spread(full, p), sum(losses, F(0)) / len(losses)))
        if t < steps:
            states = [
                moved(sgd, w, v, g, rates[t]) for k, (w, v) in enumerate(states) for g in stochastic[k * len(batches) :][: len(batches)]
            ]
    return found


def spread(vectors: list[Vector], p: int) -> F:
    """E ||v||^2 - ||E v||^2."""
    means = [sum((v[k] for v in vectors), F(0)) / len(vectors) for k in range(p)]
    return sum((a * a for v in vectors for a in v), F(0)) / len(vectors) - sum(m * m for m in means)
