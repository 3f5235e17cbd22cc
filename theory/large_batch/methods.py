"""The large-batch law by its methods: sums over all directions, in rationals or in doubles, and means of random probes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from theory.budget import Budget, as_count
from theory.large_batch.all_directions import sum_over_directions
from theory.large_batch.choice import METHODS, PILOT, Request
from theory.large_batch.gradient_noise import OnPath, path_of
from theory.large_batch.noise import SampleNoise
from theory.large_batch.probes import mean_and_error, probed
from theory.large_batch.requests import in_numbers
from theory.large_batch.results import LargeBatchLaw
from theory.large_batch.setting import Setting


def by_directions(request: Request, order: int, exact: bool) -> LargeBatchLaw:
    setting, steps = Setting(request.problem, exact), request.steps
    path = path_of(setting, steps)
    noise, shares = setting.directions()
    beta1 = sum_over_directions(setting, request.first, steps, noise, shares)
    beta2 = None
    if order == 2:
        third, pairs = request.second
        points = setting.points(3)
        sample = SampleNoise(points.x, points.y, points.sigma)
        of_third = sum_over_directions(setting, third, steps, sample, points.q)
        of_pairs = sum_over_directions(setting, pairs, steps, noise, shares)
        beta2 = in_numbers([of_third[t] + of_pairs[t] for t in steps], steps, exact)
    zeros = np.zeros(len(steps))
    law = _law(request, path, [beta1[t] for t in steps], exact, zeros)
    return replace(law, beta2=beta2, beta2_standard_error=None if beta2 is None else zeros)


def by_probes(request: Request, order: int, budget: Budget) -> LargeBatchLaw:
    setting, steps = Setting(request.problem, exact=False), request.steps
    path = path_of(setting, steps)
    seeds = np.random.SeedSequence(request.seed).spawn(3)
    values = probed(setting, request.first, steps, request.probes or PILOT, seeds[0].spawn(1)[0])
    while request.probes is None and (missing := _missing(request, path, values)):  # added until the standard errors are there
        count = values.shape[1] + missing
        what = f"{request}, by {as_count(count)} probes for the relative error {request.relative_error:g},"
        budget.require(request.cost(METHODS[2], order, count), what, ["a larger relative_error", "a number of probes"])
        values = np.hstack([values, probed(setting, request.first, steps, missing, seeds[0].spawn(1)[0])])
    mean, error = mean_and_error(values)
    law = replace(_law(request, path, list(mean), False, error), method=METHODS[2], probes=values.shape[1])
    if order == 1:
        return law
    both = [mean_and_error(probed(setting, term, steps, law.probes, seed)) for term, seed in zip(request.second, seeds[1:], strict=True)]
    (third, its_error), (pairs, their_error) = both
    return replace(law, beta2=in_numbers(list(third + pairs), steps, False), beta2_standard_error=np.hypot(its_error, their_error))


def _missing(request: Request, path: dict[int, OnPath], values: np.ndarray) -> int:
    """How many more probes the relative error takes, as far as those that there are can tell; at most nine times as many."""
    mean, error = mean_and_error(values)
    if request.layer is not None:
        mean = mean + np.array([path[t].traces[request.layer - 1] for t in request.steps])
    ratio = np.divide(error, request.relative_error * np.abs(mean), out=np.zeros(len(mean)), where=error > 0)
    if not ratio.max() > 1:  # nor where a step has left the doubles
        return 0
    return math.ceil(values.shape[1] * min(1.1 * float(ratio.max()) ** 2 - 1, 9.0))


def _law(request: Request, path: dict[int, OnPath], moved: list[Any], exact: bool, errors: np.ndarray) -> LargeBatchLaw:
    """beta_1 from what the batches before contribute."""
    steps, k = request.steps, request.layer
    if k is None:
        limit, beta1 = [path[t].loss for t in steps], moved
    else:
        limit, beta1 = [path[t].loss * 0 for t in steps], [path[t].traces[k - 1] + x for t, x in zip(steps, moved, strict=True)]
    method = METHODS[0] if exact else METHODS[1]
    return LargeBatchLaw(tuple(steps), in_numbers(limit, steps, exact), in_numbers(beta1, steps, exact), None, errors, None, method)
