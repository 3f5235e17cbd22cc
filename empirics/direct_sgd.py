"""Mini-batch SGD run many times, exactly as it is written down: the third route to var(g_t), by sampling alone.

    a_0 = x,   z_k = W_k a_{k-1},   a_k = sigma(z_k) for k < H,   f(w; x) = z_H
    loss(w; x) = 1/2 || f(w; x) - f(w*; x) ||^2
    delta_H = f(w; x) - f(w*; x),   delta_k = (W_{k+1}^T delta_{k+1}) * sigma'(z_k),   d loss / dW_k = delta_k a_{k-1}^T
    g_{t,k} = (1/b) sum_i d loss(w_t; x_{t,i}) / dW_k,   W_{t+1,k} = W_{t,k} - alpha_t g_{t,k}

Index letters: r replica, i sample of the batch, m and n rows and columns of a weight matrix.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial.polynomial import polyder, polyval

from theory.exact import as_index
from theory.problem import TeacherStudent

Sigma = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]


def simulate_gradients(
    problem: TeacherStudent, batch_size: int, step: int, replicas: int, seed: int, layer: int
) -> np.ndarray:
    """Independent samples of g_{step,layer} given w_0: one from each of `replicas` runs, fresh batches at every step.

    Returns an array of shape (replicas, p_layer, p_{layer-1}) of floats. Step s draws from the s-th child of
    SeedSequence(seed): the same seed gives the same batches whatever the step or layer asked for. Raises ValueError or
    TypeError, naming the argument. Cost: step + 1 backward passes over replicas * batch_size samples, held in memory.

    For one layer with W = 1, W* = 0 and x = 1 always, the gradient is the weight itself, 1 - alpha after one step:

    >>> from fractions import Fraction
    >>> from theory.inputs import Discrete, Gaussian
    >>> one = TeacherStudent([[[1]]], [[[0]]], Discrete([[1]]), Fraction(1, 4))
    >>> simulate_gradients(one, batch_size=3, step=1, replicas=2, seed=0, layer=1).ravel()
    array([0.75, 0.75])

    With Gaussian x instead, g_0 = (1/b) sum_i x_i^2 has the variance 2/b:

    >>> one = TeacherStudent([[[1]]], [[[0]]], Gaussian(1), Fraction(1, 4))
    >>> samples = simulate_gradients(one, batch_size=4, step=0, replicas=20_000, seed=1, layer=1)
    >>> estimate, error = variance_estimate(samples)
    >>> abs(estimate - 2 / 4) < 4 * error < 0.05
    True
    """
    b = as_index(batch_size, "batch_size", minimum=1)
    t = problem.check_step(step)
    k = problem.check_layer(layer)
    count = as_index(replicas, "replicas", minimum=1)
    teacher = [np.asarray(w, dtype=np.float64)[None] for w in problem.teacher]
    weights = [np.repeat(np.asarray(w, dtype=np.float64)[None], count, axis=0) for w in problem.student]
    sigma = _activation(problem)

    for s, child in enumerate(np.random.SeedSequence(as_index(seed, "seed")).spawn(t + 1)):
        x = problem.inputs.sample(np.random.default_rng(child), (count, b))
        gradients = _gradients(weights, teacher, sigma, x)
        if s == t:
            return gradients[k - 1]
        alpha = float(problem.learning_rate(s))
        weights = [w - alpha * g for w, g in zip(weights, gradients, strict=True)]
    raise AssertionError("unreachable: there are t + 1 steps")


def variance_estimate(samples: np.ndarray) -> tuple[float, float]:
    """Unbiased estimate of var(g) = E||g||_F^2 - ||E g||_F^2 from independent samples, and its standard error.

    Samples lie along the first axis. E||g||^2 is estimated by its mean, and ||E g||^2 by the U-statistic over pairs of
    different samples, which has no bias; together, with s_i = || g_i - mean g ||^2,

        v = (1/n) sum_i ||g_i||^2 - 1/(n(n-1)) sum_{i != j} <g_i, g_j> = 1/(n-1) sum_i s_i.

    The standard error is the jackknife's. Without sample i, v becomes v_(i) = ( (n-1) v - n s_i / (n-1) ) / (n-2), so

        se^2 = (n-1)/n sum_i ( v_(i) - mean v_(.) )^2 = n / ((n-1) (n-2)^2) sum_i ( s_i - mean s )^2.

    v is a U-statistic of degree 2, for which the jackknife is consistent when E||g||^4 is finite (Arvesen, Ann. Math.
    Statist. 40, 1969), and its square too large rather than too small on average (Efron and Stein, Ann. Statist. 9,
    1981). Where var(g) lives in tails that no sample has reached, as with Gaussian inputs after several steps, v and se
    are both too small: compare with an exact law only where the samples can see it.

    Raises ValueError for fewer than 3 samples, and for NaN and infinity, with which no comparison means anything.

    >>> g = np.array([1.0, 2.0, 3.0, 4.0, 9.0])
    >>> estimate, error = variance_estimate(g)
    >>> left_out = np.array([np.delete(g, i).var(ddof=1) for i in range(5)])
    >>> jackknife = math.sqrt(4 / 5 * np.square(left_out - left_out.mean()).sum())
    >>> math.isclose(estimate, g.var(ddof=1)), math.isclose(error, jackknife)
    (True, True)
    """
    g = np.asarray(samples, dtype=np.float64)
    if g.ndim == 0 or len(g) < 3:
        raise ValueError(f"samples must hold at least 3 gradients along its first axis, but had shape {g.shape}")
    if not np.isfinite(g).all():
        raise ValueError("samples must be finite, but had NaN or infinity: the simulation diverged")
    n = len(g)
    flat = g.reshape(n, -1)
    s = np.square(flat - flat.mean(axis=0)).sum(axis=1)
    estimate = s.sum() / (n - 1)
    error = math.sqrt(n / (n - 1)) / (n - 2) * math.sqrt(np.square(s - s.mean()).sum())
    return float(estimate), error


def _activation(problem: TeacherStudent) -> Sigma:
    """sigma and sigma'; of a polynomial, from its coefficients."""
    if not problem.is_polynomial:
        return problem.activation.value, problem.activation.derivative
    coefficients = np.array([float(c) for c in problem.polynomial])
    return (lambda z: polyval(z, coefficients)), (lambda z: polyval(z, polyder(coefficients)))


def _forward(weights: list[np.ndarray], sigma: Sigma, x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """(a_0, ..., a_{H-1}) and (z_1, ..., z_H), each of shape (r, i, width)."""
    a, z = [x], [np.einsum("rmn,rin->rim", weights[0], x)]
    for w in weights[1:]:
        a.append(sigma[0](z[-1]))
        z.append(np.einsum("rmn,rin->rim", w, a[-1]))
    return a, z


def _gradients(
    weights: list[np.ndarray], teacher: list[np.ndarray], sigma: Sigma, x: np.ndarray
) -> list[np.ndarray]:
    """g_1, ..., g_H of every replica: weights of shape (r, m, n), the teacher's (1, m, n), inputs (r, i, p)."""
    a, z = _forward(weights, sigma, x)
    # one teacher for all replicas: their samples in a row
    target = _forward(teacher, sigma, x.reshape(1, -1, x.shape[-1]))[1][-1].reshape(z[-1].shape)
    delta = z[-1] - target
    gradients = []
    for k in reversed(range(len(weights))):
        gradients.append(np.einsum("rim,rin->rmn", delta, a[k]) / x.shape[1])
        if k:
            delta = np.einsum("rmn,rim->rin", weights[k], delta) * sigma[1](z[k - 1])
    return gradients[::-1]
