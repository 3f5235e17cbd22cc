"""What a researcher would write instead of the replica engine: a plain autograd loop, torch.func.vmap(grad), and JAX's jit + vmap + scan.

All run 64-256-128, two linear layers, standard normal inputs, alpha_t = 1/(10 (t+1)), in float32, and keep at every step what the five
statistics of `empirics.simulate` need: ||g||^2, ||grad L||^2, the sums of g and of grad L over replicas, and the loss.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import torch

P, H, Q = 64, 256, 128


def weights(seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.uniform(-1, 1, (a, c)).astype(np.float32) / c**0.5 for a, c in ((H, P), (Q, H))]


def layers(values: list[np.ndarray]) -> Any:  # torch.nn.Sequential
    made = torch.nn.Sequential(torch.nn.Linear(P, H, bias=False), torch.nn.Linear(H, Q, bias=False))
    for layer, w in zip(made, values, strict=True):
        layer.weight.data = torch.from_numpy(w.copy())
    return made


def autograd_loop(b: int, steps: int, replicas: int, statistics: bool = True, batches: Any = None) -> np.ndarray:
    """One replica after the other: modules, an optimiser, backward(). Returns the second moments of g, (steps, 2)."""
    teacher = layers(weights(1)).requires_grad_(False)
    product = teacher[1].weight @ teacher[0].weight
    shapes = (H, P), (Q, H)
    sums, full_sums = ([torch.zeros(steps, *s) for s in shapes] for _ in range(2))
    squares = torch.zeros(steps, 5)
    for r in range(replicas):
        student = layers(weights(0))
        optimiser = torch.optim.SGD(student.parameters(), lr=0.1)
        for t in range(steps):
            optimiser.param_groups[0]["lr"] = 0.1 / (t + 1)
            if statistics:
                population = 0.5 * (student[1].weight @ student[0].weight - product).square().sum()
                full = torch.autograd.grad(population, list(student.parameters()))
            x = torch.randn(b, P) if batches is None else batches[t][r]
            loss = 0.5 * (student(x) - teacher(x)).square().sum() / b
            optimiser.zero_grad()
            loss.backward()
            if statistics:
                w: Any
                for k, w in enumerate(student.parameters()):
                    sums[k][t] += w.grad
                    full_sums[k][t] += full[k]
                    squares[t, k] += w.grad.square().sum()
                    squares[t, 2 + k] += full[k].square().sum()
                squares[t, 4] += population.detach()
            optimiser.step()
    return squares[:, :2].numpy() / replicas


def vmapped_gradients(b: int, steps: int, replicas: int) -> np.ndarray:
    """All replicas at once by torch.func."""
    start = [torch.from_numpy(w) for w in weights(0)]
    v1, v2 = (torch.from_numpy(w) for w in weights(1))
    product = v2 @ v1

    def loss(w: Any, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * (x @ w[0].T @ w[1].T - x @ product.T).square().sum() / b

    def population(w: Any) -> torch.Tensor:
        return 0.5 * (w[1] @ w[0] - product).square().sum()

    gradient = torch.func.vmap(torch.func.grad(loss))
    full_gradient = torch.func.vmap(torch.func.grad_and_value(population))
    w = tuple(x.expand(replicas, *x.shape).clone() for x in start)
    kept = []
    for t in range(steps):
        g = gradient(w, torch.randn(replicas, b, P))
        f, value = full_gradient(w)
        kept.append([*(x.square().sum() for x in (*g, *f)), *(x.sum(0).square().sum() for x in (*g, *f)), value.sum()])
        w = tuple(x - 0.1 / (t + 1) * y for x, y in zip(w, g, strict=True))
    return np.array([[float(x) for x in row[:2]] for row in kept]) / replicas


def jax_scan(b: int, steps: int, replicas: int) -> Any:
    """A function that runs everything in one compiled program, on one thread."""
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax
    import jax.numpy as jnp

    start = tuple(jnp.asarray(w) for w in weights(0))
    v1, v2 = (jnp.asarray(w) for w in weights(1))
    product = v2 @ v1

    def loss(w: Any, x: Any) -> Any:
        return 0.5 * jnp.sum((x @ w[0].T @ w[1].T - x @ product.T) ** 2) / b

    def population(w: Any) -> Any:
        return 0.5 * jnp.sum((w[1] @ w[0] - product) ** 2)

    def step(w: Any, key_and_rate: Any) -> Any:
        key, rate = key_and_rate
        x = jax.random.normal(key, (replicas, b, P))
        g = jax.vmap(jax.grad(loss))(w, x)
        value, f = jax.vmap(jax.value_and_grad(population))(w)
        kept = [*(jnp.sum(y**2) for y in (*g, *f)), *(jnp.sum(y.sum(0) ** 2) for y in (*g, *f)), value.sum()]
        return tuple(y - rate * z for y, z in zip(w, g, strict=True)), jnp.stack(kept)

    @jax.jit
    def run(key: Any) -> Any:
        w = tuple(jnp.broadcast_to(x, (replicas, *x.shape)) for x in start)
        rates = 0.1 / jnp.arange(1, steps + 1)
        return jax.lax.scan(step, w, (jax.random.split(key, steps), rates))[1]

    key = jax.random.key(0)
    return lambda: np.asarray(run(key).block_until_ready())[:, :2] / replicas


def gemm_peak(n: int = 1024, seconds: float = 0.5) -> float:
    """Flops per second of a large float32 product on one core."""
    import time

    a, c = torch.randn(n, n), torch.randn(n, n)
    out, best, start = torch.empty(n, n), 1.0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        before = time.perf_counter()
        torch.mm(a, c, out=out)
        best = min(best, time.perf_counter() - before)
    return 2 * n**3 / best
