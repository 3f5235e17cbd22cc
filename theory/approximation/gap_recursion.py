"""How far two runs of SGD drift apart: one step of the recursion behind Theorem A.9, for errors of any origin.

Two networks of the same sizes see the same samples; of the first, norms are known; the second differs by its weights and by local
errors. Per sample, with e_W(k) >= ||W_k - W'_k||_2 and local errors r (all of them norms),

    e_h(k) = e_W(k) zeta_{k-1} + (w_k + e_W(k)) e_z(k-1) + r_h(k)            e_z(0) = 0
    e_z(k) = C_D e_h(k) + r_z(k)                                             e_D(k) = L' e_h(k) + r_D(k)
    e_delta(H) = e_h(H) + e_y + r_delta(H)
    e_delta(k) = e_D(k) w_{k+1} Delta_{k+1} + (C_D + r_D(k)) [ e_W(k+1) Delta_{k+1} + (w_{k+1} + e_W(k+1)) e_delta(k+1) ] + r_delta(k)
    e_g(k) = mean over the batch of [ e_delta(k) zeta_{k-1} + (Delta_k + e_delta(k)) e_z(k-1) ] + r_g(k)

where w_k >= ||W_k||_2, zeta_k >= ||z_k||, Delta_k >= ||delta_k|| belong to the first network. A polynomial in the place of sigma has
r_z(k) = sqrt(p_k) sup |sigma - P| and r_D = sup |sigma' - P'|; a run in doubles has rounding errors instead. Every result is rounded up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.arithmetic.norms import times, up

Norms = list[np.ndarray]


@dataclass(frozen=True)
class Envelope:
    """Upper bounds on one step of the first network. Lists over k, each entry an array over the samples (one for all of them will do).

    Attributes:
        weight: w_1, ..., w_H, floats.
        inputs: zeta_0, ..., zeta_{H-1}.
        reach: eta_1, ..., eta_{H-1}, the largest |h| of each layer with an activation.
        backward: Delta_1, ..., Delta_H.
    """

    weight: list[float]
    inputs: Norms
    reach: Norms
    backward: Norms


@dataclass(frozen=True)
class LocalErrors:
    """r_h, r_z, r_D, r_delta, r_g of one step; lists over k = 1..H (r_z, r_D: k = 1..H-1), and e_y."""

    preactivation: Norms
    hidden: Norms
    derivative: Norms
    backward: Norms
    gradient: list[float]
    target: np.ndarray


@dataclass(frozen=True)
class StepGaps:
    """e_h, e_z (from e_z(0) = 0), e_D, e_delta as lists of arrays over the samples, and e_g as floats."""

    preactivation: Norms
    hidden: Norms
    derivative: Norms
    backward: Norms
    gradient: list[float]


def propagate(gap: list[float], first: Envelope, local: LocalErrors, slope_bound: float, slope_lipschitz: float) -> StepGaps:
    """One step: from e_W(1), ..., e_W(H) to all the other gaps. `slope_bound` is C_D >= sup |sigma'|, `slope_lipschitz` is L'."""
    layers = len(gap)
    preactivation, hidden = forward_gaps(gap, first.weight, first.inputs, local.preactivation, local.hidden, slope_bound)
    derivative = [up(slope_lipschitz * e + r) for e, r in zip(preactivation, local.derivative, strict=False)]
    backward = [up(preactivation[-1] + local.target + local.backward[-1])]
    for k in range(layers - 2, -1, -1):
        above, delta = backward[0], first.backward[k + 1]
        inner = up(gap[k + 1] * delta + (first.weight[k + 1] + gap[k + 1]) * above)
        other_slope = slope_bound + local.derivative[k]
        backward.insert(0, up(times(derivative[k], first.weight[k + 1], delta) + other_slope * inner + local.backward[k]))
    gradient = [
        float(up(up(np.mean(up(d * z + (size + d) * e)) * (1 + d.size * 2.0**-53)) + r))
        for d, z, size, e, r in zip(backward, first.inputs, first.backward, hidden, local.gradient, strict=True)
    ]
    return StepGaps(preactivation, hidden, derivative, backward, gradient)


def forward_gaps(
    gap: list[float], weight: list[float], inputs: Norms, local_preactivation: Norms, local_hidden: Norms, slope_bound: float
) -> tuple[Norms, Norms]:
    """(e_h(1..H), e_z(0..H-1)): the forward half of the recursion, which the teacher needs alone."""
    hidden, preactivation = [np.zeros_like(inputs[0])], []
    for k, (e, w, z) in enumerate(zip(gap, weight, inputs, strict=True)):
        preactivation.append(up(e * z + (w + e) * hidden[-1] + local_preactivation[k]))
        if k < len(gap) - 1:
            hidden.append(up(slope_bound * preactivation[-1] + local_hidden[k]))
    return preactivation, hidden
