"""How far a standard error can be trusted: degrees of freedom, from the number of blocks and from how rare the samples are that matter.

Values of blocks are no normal variables: they are skewed, and what a rare sample contributes is not in them until one is drawn. A run of
R replicas at batch size b draws R b samples at a step; with c(x) = ||grad_k l(w_0; x) - grad_k L(w_0)||^2 what a sample adds to the noise,

    n_eff = R b (E c)^2 / E c^2                                 of them count (an atom of probability q that makes all the noise: R b q),
    df    = min( (blocks - 1) / PER_BLOCK,  n_eff / PER_SAMPLE )

are the degrees of freedom of Student's t that intervals and comparisons use; below LEAST there is no standard error: NaN. The least over
the layers counts. Measured: false alarms of one comparison at the level 1e-3, in thousandths: for normal quantiles, for t with blocks - 1
degrees of freedom, for df, and (in brackets) at the three sigma of df, nominally 2.7. The worst of nine statistics and of steps 1 and 2
(two linear layers, alpha = 1/20, 1/40, naive estimator, 240,000 replicas cut into runs of 32 to 400; with controls there are fewer):

                             b   n_eff / R      32            52            100           200           400  replicas
    three atoms              2     1.69     68 11  -      38 17 0 (0)   12  6 1 (2)    5  3 1 (2)    3  2 2 (2)
    signs in R^2             1     1.00     98 39  -      58 29 1 (3)   32 25 3 (9)   14 10 4 (7)    9  9 5 (9)
    uniform in R^2           4     1.18     53 13  -      31 12 0 (0)   17 10 1 (2)   11  9 3 (6)    6  5 2 (6)
    Gaussian in R^2          1     0.09    140 65  -      97 58  -      59 44  -      32 27  -      19 17 1 (3)
                             4     0.34     73 21  -      47 22  -      28 17 2 (5)   15 11 4 (8)   11  9 4 (10)
    Gaussian in R            8     0.55     66 18  -      45 19 0 (1)   27 16 2 (5)   13  9 3 (6)    8  7 4 (7)
    an atom in 50, long      4     0.09    148 110 -     103 67  -      79 56  -      53 45  -      33 29 3 (9)
    an atom in 50, alone     1     0.02    530 530 -     356 356 -     136 136 -      36 25  -      20 20  -

The limit: what w_0 does not know. Later steps multiply the tails of earlier ones, and contributions of events that no run has met are in no
estimate and in no error, whatever its degrees of freedom.
"""

from __future__ import annotations

import numpy as np
import torch

from empirics.engines.base import Setting
from empirics.engines.networks import Networks
from empirics.sampling.population import population
from theory.problem import TeacherStudent

PER_BLOCK, PER_SAMPLE = 4, 6
#: With fewer, the quantiles that honesty asks for are of no use: 13 sigma at the level 1e-3.
LEAST = 3
#: Draws that stand for a law without a list of atoms, and flops that their gradients may take.
DRAWS, FEWEST, FLOPS = 4096, 256, 5e8
#: Points in memory at a time.
TOGETHER = 1024
#: Deviations from the mean gradient that are less than this, relative, are rounding.
SMALLEST = 1e-12


def degrees_of_freedom(blocks: float, samples: float, per_sample: float) -> float:
    """df from the blocks, the samples R b of a step, and `concentration`; NaN for fewer than LEAST."""
    df = min((blocks - 1) / PER_BLOCK, samples / per_sample / PER_SAMPLE)
    return df if df >= LEAST else float("nan")


def concentration(problem: TeacherStudent) -> float:
    """E c^2 / (E c)^2 >= 1, the largest over layers: how many samples it takes for one that counts. 1 where nothing varies.

    Over the atoms of a finite law, and over a fixed sample of any other; rounded to three digits. Cost: two passes over the points.
    """
    stand_in = population(problem)
    if problem.inputs.atom_count is None or stand_in is None:
        weights = sum(w.size for w in problem.student)
        count = int(min(max(FLOPS / (12 * weights), FEWEST), DRAWS))
        points, chances = problem.inputs.sample(np.random.default_rng(0), count), np.full(count, 1 / count)
    else:
        points, chances = stand_in.rows, stand_in.weights
    setting = Setting(problem, 2, 1, 1, torch.device("cpu"), torch.float64)
    with np.errstate(all="ignore"), torch.no_grad():
        c = _deviations(Networks(setting), points, chances)
        c = c / c.max(axis=0)
        ratio = (chances @ c**2) / (chances @ c) ** 2
    return float(f"{max(1.0, np.nanmax(ratio, initial=1.0)):.3g}")


def _deviations(engine: Networks, points: np.ndarray, chances: np.ndarray) -> np.ndarray:
    """c of every point (with its label beside it) and layer, (N, H)."""
    pieces = [slice(i, i + TOGETHER) for i in range(0, len(points), TOGETHER)]
    engine.restart()

    def passed(piece: slice) -> list[tuple[np.ndarray, np.ndarray]]:
        activations, deltas = engine.factors(engine.setting.tensor(points[piece]))
        return [(d[0].numpy(), a[0].numpy()) for d, a in zip(deltas, activations, strict=True)]

    means: list[np.ndarray | float] = [0.0] * len(engine.start)
    for piece in pieces:
        for k, (d, a) in enumerate(passed(piece)):
            means[k] += (d * chances[piece, None]).T @ a
    found = []
    for piece in pieces:
        columns = []
        for mean, (d, a) in zip(means, passed(piece), strict=True):
            squares = np.square(d).sum(1) * np.square(a).sum(1)
            scale = squares + np.square(mean).sum()
            c = scale - 2 * ((d @ mean) * a).sum(1)
            columns.append(np.where(c > SMALLEST * scale, c, 0.0))
        found.append(np.stack(columns, axis=1))
    return np.concatenate(found)
