"""Ties: pre-activations of ReLU and leaky ReLU that are 0 as far as rounding can tell, where the slope, and the run after it, is chance.

A pre-activation z = sum_i w_i a_i at step t has, to first order, an error of at most

    unit sum_i |w_i a_i| + sum_i |w_i| e_i,        unit = (n + 2 + t) eps,

n its terms, e_i the error of a_i (none where a_i is 0: its own pre-activation is on the flat side, by more than its error): 2 eps for the
weights and inputs as they were given, t eps for the t updates of the weights. A *tie* is |z| within that. No tie are

    what is 0 because every term is: a dead unit, an input that is 0;
    steps, and rows of the first layer as long as they are those of w_0, in which nothing has been rounded (exact_steps.py): 0 is 0 then,
    and takes the left slope;
    in as many samples of a layer in one step as chance gives, pre-activations having no mass at 0 (TIMES, LEVEL): single precision meets
    some in every long run, more behind several layers, and what they decide is as small as rounding.

A replica that has met a tie has met it for good. Behind a layer of a few units samples share few directions, and chance may then be
called a tie, oftener in single precision and behind several layers: a standard error too few, not one too many. Not covered: errors of
the weights that grow, as learning rates beyond stability make them; sums, and weights, that cancel to 0 by rounding alone; a user's own
function with kinks.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from empirics.engines.activations import Function, is_piecewise_linear
from empirics.engines.base import Setting
from empirics.engines.exact_steps import exact_rows, exact_steps

#: P(|z| <= unit sum |w_i a_i|) is at most TIMES unit sqrt(n), for z without mass at 0: eight times that of normal terms.
TIMES = 4
#: How improbable more ties must be.
LEVEL = 1e-7
#: Numbers of the terms that are looked at together.
TOGETHER = 1 << 22


class Ties:
    """Watches the forward passes of replicas in lockstep. `look` at every hidden layer, `end_step` after all passes of a step."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.eps = torch.finfo(setting.dtype).eps
        digits = round(1 - np.log2(self.eps))
        self.exact_steps = exact_steps(setting, digits)
        self.rounded_rows = ~torch.tensor(exact_rows(setting, digits), device=setting.device)
        self.start = setting.tensor(setting.weights(setting.problem.student)[0])
        self.slots = torch.zeros(setting.chunk, setting.replicas, dtype=torch.bool, device=setting.device)
        self.restart()

    def restart(self) -> None:
        self.t = 0
        self.met = torch.zeros(self.setting.replicas, dtype=torch.bool, device=self.setting.device)

    def end_step(self, slot: int | None) -> None:
        if slot is not None:
            self.slots[slot] = self.met
        self.t += 1

    def digest(self, count: int) -> np.ndarray:
        """(count, blocks, B): which replicas have met a tie by then."""
        return self.slots[:count].cpu().numpy().reshape(count, self.setting.blocks, self.setting.block_size)

    def look(self, layer: int, w: torch.Tensor, a: torch.Tensor, z: torch.Tensor, error: torch.Tensor | None) -> torch.Tensor | None:
        """z = a w^T of a hidden layer: w (R, n_out, n), a (R, m, n), z (R, m, n_out). `error`: of a, as norms (R, m); None at the inputs.

        Returns the error of sigma(z), for the next layer.
        """
        if self.t < self.exact_steps:
            return None
        unit = (w.shape[2] + 2 + self.t) * self.eps
        rows, inputs = _norms(w), _norms(a)
        reach = inputs * unit if error is None else torch.where(inputs > 0, inputs * unit + error, 0.0)
        bound = reach[:, :, None] * rows[:, None, :]
        near = z.abs() <= bound  # by Cauchy and Schwarz, all that can be ties; hardly ever one is
        by_chance = most_by_chance(_expected(z.shape[2] * TIMES * w.shape[2] ** 0.5, unit, inputs, error))
        if int(torch.count_nonzero(near)) > by_chance:
            self._count(layer, near & (bound > 0), w, a, z, unit, error, by_chance)
        return reach * torch.linalg.vector_norm(rows, dim=1)[:, None]

    def look_through(self, weights: list[torch.Tensor], x: torch.Tensor, sigma: Function) -> None:
        """All hidden layers of a forward pass made for that purpose; x: (R, m, p)."""
        error = None
        for k, w in enumerate(weights[:-1]):
            z = x @ w.mT
            error = self.look(k, w, x, z, error)
            x = sigma(z)

    def _count(
        self,
        layer: int,
        near: torch.Tensor,
        w: torch.Tensor,
        a: torch.Tensor,
        z: torch.Tensor,
        unit: float,
        error: torch.Tensor | None,
        by_chance: int,
    ) -> None:
        if layer == 0:
            near &= (self.rounded_rows | (w != self.start).any(dim=2))[:, None, :]
        found = torch.zeros(a.shape[:2], dtype=torch.bool, device=a.device)
        for part in near.nonzero().split(max(1, TOGETHER // w.shape[2])):
            i, s, j = part.unbind(1)
            factors, inputs = w[i, j], a[i, s]
            total = (factors * inputs).abs().sum(1)
            margin = unit * total
            if error is not None:
                margin += torch.linalg.vector_norm(factors * (inputs != 0), dim=1) * error[i, s]
            is_tie = (total > 0) & (z[i, s, j].abs() <= margin)
            found[i[is_tie], s[is_tie]] = True
        if int(torch.count_nonzero(found)) > by_chance:
            self.met |= found.any(dim=1)


def _norms(x: torch.Tensor) -> torch.Tensor:
    """Of the last dimension; where squares underflow, a bound."""
    norms = torch.linalg.vector_norm(x, dim=2)
    small = norms < (x.shape[2] * torch.finfo(x.dtype).tiny) ** 0.5 / torch.finfo(x.dtype).eps
    return torch.where(small, x.abs().amax(dim=2) * x.shape[2] ** 0.5, norms) if bool(small.any()) else norms


def _expected(times: float, unit: float, inputs: torch.Tensor, error: torch.Tensor | None) -> float:
    """How many samples tie in a layer by chance: each with a probability of `times` the width of a tie over the size of its inputs, of
    which errors of the layers before may be a large part. A sample counts once: where its inputs are small, all units are near 0."""
    if error is None:
        return inputs.numel() * min(1.0, times * unit)
    wide = torch.where(inputs > 0, unit + error / inputs, 0.0).mul_(times).clamp_(max=1.0)
    return float(wide.sum(dtype=torch.float64).nan_to_num(0.0))


def most_by_chance(expected: float) -> int:
    """A number that a Poisson variable with this expectation exceeds with probability LEVEL at most: by P(N > k) <= m^(k+1) / (k+1)!, and
    by Bernstein's inequality.

    >>> most_by_chance(1e-9), most_by_chance(1e-4), most_by_chance(100.0)
    (0, 1, 163)
    """
    if expected < 1:
        k, bound = 0, expected
        while bound > LEVEL:
            k += 1
            bound *= expected / (k + 1)
        return k
    log = -math.log(LEVEL)
    return math.ceil(expected + log / 3 + math.sqrt((log / 3) ** 2 + 2 * log * expected))


def watch(setting: Setting) -> Ties | None:
    """None where slopes have no jumps."""
    return Ties(setting) if is_piecewise_linear(setting.problem) else None
