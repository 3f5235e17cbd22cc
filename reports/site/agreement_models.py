"""Models of the user's own where theory knows the answer: two linear layers as a torch module, on a data set with labels.

`gradient_noise` is compared with the polynomials of step 0, which leave nothing but rounding; `measure` with those of later steps, in
standard errors. Neither shares a formula with them: both take every gradient from torch's backward pass.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction as F
from functools import partial
from itertools import cycle, product
from typing import TYPE_CHECKING, Any

from reports.site.agreement_cases import Case
from theory import DataSet, TeacherStudent, variance_poly
from theory.problem import SAMPLINGS

if TYPE_CHECKING:
    from empirics import Comparison

#: sizes p_0, p_1, p_2
NETWORKS: tuple[tuple[int, int, int], ...] = ((1, 1, 1), (2, 1, 1), (2, 2, 1))
POINTS, RATE, RUNS = 3, F(1, 10), 64
ESTIMATORS = ("per_example", "resampling", "naive")
#: Of values that are equal but for rounding, relative to the largest of them.
ROUNDING = 1e-12


@dataclass(frozen=True)
class FixedWeights:
    """How many values of `gradient_noise` were compared with exact ones, and the largest difference, relative to the largest value."""

    count: int
    difference: float


def cases(networks: Sequence[tuple[int, int, int]] = NETWORKS, seed: int = 0) -> list[Case]:
    """What is compared: for each network and way of drawing batches two batch sizes, with the exact variance at a step after the first."""
    draw, estimators, found = random.Random(f"models:{seed}"), cycle(ESTIMATORS), []
    for sizes, sampling in product(networks, SAMPLINGS):
        problem = _problem(sizes, sampling, draw)
        step, layer = draw.choice((1, 2)), draw.choice((1, 2))
        v = variance_poly.variance_polynomial(problem, step, layer)
        found += [Case(problem, step, layer, b, next(estimators), float(v(b))) for b in (1, 2) if v(b)]
    return found


def at_fixed_weights(chosen: Sequence[Case]) -> FixedWeights:
    """var(g_0) of both layers at every batch size up to the number of points, by `gradient_noise` and by the polynomial."""
    from empirics import gradient_noise  # torch takes seconds to load

    count, worst, sizes = 0, 0.0, list(range(1, POINTS + 1))
    for problem in dict.fromkeys(case.problem for case in chosen):
        noise = gradient_noise(
            *torch_model(problem), batch_sizes=sizes, replacement=problem.sampling == "independent", convention="population"
        )
        for layer in (1, 2):
            v = variance_poly.variance_polynomial(problem, 0, layer)
            exact, found = [float(v(b)) for b in sizes], noise.var_gradient.values[:, layer - 1]
            worst = max(worst, *(abs(x - float(y)) / max(exact) for x, y in zip(exact, found, strict=True)))
            count += len(sizes)
    return FixedWeights(count, worst)


def along_runs(chosen: Sequence[Case], seeds: Sequence[int], runs: int = RUNS) -> tuple[Comparison, list[float], list[float]]:
    """`measure` against the exact variances, runs of its own for each case: the comparison, what was measured, and its standard errors."""
    import torch

    from empirics import compare, measure

    values, errors, freedom = [], [], []
    for case, seed in zip(chosen, seeds, strict=True):
        result = measure(
            *torch_model(case.problem),
            optimizer=partial(torch.optim.SGD, lr=float(RATE)),
            batch_sizes=[case.batch_size],
            runs=runs,
            steps=case.step + 1,
            seed=seed,
            sampling=case.problem.sampling,
            estimator=case.estimator,
            evaluate_every=case.step + 1,
            device="cpu",
            workers=1,
        )
        at = result.isel(step=case.step, layer=case.layer - 1, batch_size=0)
        values.append(float(at.var_gradient))
        errors.append(float(at.var_gradient_se))
        freedom.append(float(at.var_gradient_df))
    return compare(values, errors, [case.exact for case in chosen], degrees_of_freedom=freedom), values, errors


def torch_model(problem: TeacherStudent) -> tuple[Any, Any, Any]:
    """The student as a torch module in doubles, the loss 1/2 ||f - y||^2, and the data set."""
    import torch
    from torch import nn

    model = nn.Sequential(*(nn.Linear(w.shape[1], w.shape[0], bias=False) for w in problem.student)).double()
    with torch.no_grad():
        for parameter, w in zip(model.parameters(), problem.student, strict=True):
            parameter.copy_(torch.tensor(w.astype(float)))
    data: Any = problem.inputs
    return model, half_squares, (torch.tensor(data.points), torch.tensor(data.targets))


def half_squares(outputs: Any, targets: Any) -> Any:
    """Half the squared error of an example, and the mean over the batch."""
    return (outputs - targets).square().sum(dim=1).mean() / 2


def _problem(sizes: tuple[int, int, int], sampling: str, draw: random.Random) -> TeacherStudent:
    """Points, labels and weights in quarters, none 0."""

    def quarters(rows: int, columns: int) -> list[list[F]]:
        return [[F(draw.choice((-4, -3, -2, -1, 1, 2, 3, 4)), 4) for _ in range(columns)] for _ in range(rows)]

    p, h, q = sizes
    data = DataSet(
        [[float(x) for x in row] for row in quarters(POINTS, p)], targets=[[float(y) for y in row] for row in quarters(POINTS, q)]
    )
    return TeacherStudent([quarters(h, p), quarters(q, h)], None, data, RATE, sampling=sampling)
