"""SGD in doubles along given batches, for any activation, with proved bounds on how far it is from SGD in real numbers.

The passes are those of `theory.backpropagation`, with samples as rows.

The rounding errors are local errors of `gap_recursion`: sums of n products are off by gamma_n of their absolute
values, and sigma and sigma' by FUNCTION_ERROR (1 + |h|), many times what the libraries in use show (tested against balls).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.approximation.gap_recursion import Envelope, LocalErrors, Norms
from theory.arithmetic.norms import UNIT, frobenius, gamma, spectral, times, up, vector_norms
from theory.backpropagation import OnArrays, backpropagate, forward
from theory.optimizers import SGD

FUNCTION_ERROR = 2.0**-49

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Step:
    """One step: weights W_1..W_H, then arrays over the batch: z_0..z_{H-1}, h_1..h_H, sigma'(h_1)..sigma'(h_{H-1}), delta_1..delta_H."""

    weights: Arrays
    inputs: Arrays
    preactivations: Arrays
    slopes: Arrays
    backward: Arrays
    gradients: Arrays
    teacher: tuple[Arrays, Arrays]


def run(student: Arrays, teacher: Arrays, sigma: OnArrays, optimizer: SGD, rates: Sequence[float], batches: np.ndarray) -> list[Step]:
    """Every step of SGD on these batches, of shape (steps, b, p), with the learning rates alpha_t = rates[t]."""
    steps, weights = [], student
    for t, x in enumerate(batches):
        step = _step(weights, teacher, sigma, x)
        steps.append(step)
        if t + 1 < len(batches):
            weights = list(optimizer.step(weights, step.gradients, rates[t]))
    return steps


def _step(weights: Arrays, teacher: Arrays, sigma: OnArrays, x: np.ndarray) -> Step:
    target = forward(teacher, sigma, x)
    passes = backpropagate(weights, sigma, x, target[1][-1])
    gradients = [g / len(x) for g in passes.gradients]
    return Step(weights, passes.inputs, passes.preactivations, passes.slopes, passes.backward, gradients, target)


def measured(step: Step) -> Envelope:
    """The norms of a step in doubles."""
    return Envelope(
        weight=[spectral(w) for w in step.weights],
        inputs=[vector_norms(z) for z in step.inputs],
        reach=[np.abs(h).max(axis=1) for h in step.preactivations[:-1]],
        backward=[vector_norms(d) for d in step.backward],
    )


def widened(envelope: Envelope, weight: list[float], gaps: tuple[Norms, Norms, Norms]) -> Envelope:
    """The norms of a network at most so far away: gaps of h, z and delta."""
    preactivation, hidden, backward = gaps
    return Envelope(
        weight=[float(up(w + e)) for w, e in zip(envelope.weight, weight, strict=True)],
        inputs=[up(z + e) for z, e in zip(envelope.inputs, hidden, strict=True)],
        reach=[up(h + e) for h, e in zip(envelope.reach, preactivation, strict=False)],
        backward=[up(d + e) for d, e in zip(envelope.backward, backward, strict=True)],
    )


def forward_rounding(weights: Arrays, inputs: Arrays, hidden: Arrays) -> tuple[Norms, Norms]:
    """r_h(1..H) and r_z(1..H-1) of a forward pass in doubles."""
    products = [times(frobenius(w), vector_norms(z), gamma(w.shape[1] + 1)) for w, z in zip(weights, inputs, strict=True)]
    functions = [up(math.sqrt(h.shape[1]) * function_rounding(h)) for h in hidden[:-1]]
    return products, functions


def function_rounding(h: np.ndarray) -> np.ndarray:
    """A bound on the error of sigma and of sigma' at every entry of a row."""
    return up(FUNCTION_ERROR * (1 + np.abs(h).max(axis=1)))


def rounding(step: Step, target: np.ndarray) -> LocalErrors:
    """The rounding errors of one step in doubles, `target` those of the teacher's output."""
    preactivation, hidden = forward_rounding(step.weights, step.inputs, step.preactivations)
    backward = []
    for k, (slope, delta) in enumerate(zip(step.slopes, step.backward, strict=False)):
        above, w = vector_norms(step.backward[k + 1]), step.weights[k + 1]
        product = times(np.abs(slope).max(axis=1), frobenius(w), above, gamma(w.shape[0] + 1))
        backward.append(up(product + 2 * UNIT * vector_norms(delta)))
    backward.append(up(2 * UNIT * vector_norms(step.backward[-1])))
    samples = len(step.inputs[0])
    gradient = [
        float(times(np.mean(times(vector_norms(d), vector_norms(z))), 1 + samples * UNIT, gamma(samples + 4)))
        for d, z in zip(step.backward, step.inputs, strict=True)
    ]
    derivative = [function_rounding(h) for h in step.preactivations[:-1]]
    return LocalErrors(preactivation, hidden, derivative, backward, gradient, target)


def update_rounding(weights: Arrays, rate: float, gradients: Arrays) -> list[float]:
    """What W <- W - alpha g, alpha rounded, loses in each layer; `weights` are the new ones."""
    return [float(up(2 * UNIT * frobenius(w) + times(rate, frobenius(g), 3 * UNIT))) for w, g in zip(weights, gradients, strict=True)]
