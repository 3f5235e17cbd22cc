"""The result of a run as an xarray.Dataset, built from its shards one at a time, in their order, so that its bits never vary."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from empirics.engines.activations import is_piecewise_linear
from empirics.estimation.block_statistics import PER_LAYER, Moments, size_of
from empirics.estimation.degrees_of_freedom import LEAST, concentration, degrees_of_freedom
from empirics.estimation.standard_errors import estimate, uses_controls
from empirics.runs.plan import Plan
from empirics.runs.problem_text import MOST_NUMBERS, problem_text
from empirics.runs.process_state import arithmetic
from empirics.runs.rounding import rounding_errors
from empirics.runs.work import ShardResult
from empirics.sampling.population import population

LONG_NAMES = {
    "var_gradient": "var(g_t | w_0) = E||g_t||_F^2 - ||E g_t||_F^2, the variance of the stochastic gradient",
    "var_full_gradient": "var(grad L(w_t) | w_0) = E||grad L(w_t)||_F^2 - ||E grad L(w_t)||_F^2, that of the full gradient",
    "second_moment": "E||g_t||_F^2",
    "mean_norm_squared": "||E g_t||_F^2",
    "loss": "E L(w_t), the expected loss at the weights of step t, 1/2 E||f(w_t; x) - f(w*; x)||^2",
}
WORDS = {
    "naive": "naive: squares of the stochastic gradients, U-statistics over pairs of replicas in blocks",
    "rao_blackwell": "Rao-Blackwell: conditional variance given w_t in closed form, U-statistics of full gradients in blocks",
    "controlled": "Rao-Blackwell with martingale controls, their coefficients fitted crosswise between two halves of the blocks",
}


TOO_FEW = (
    f"NaN where fewer than {LEAST} degrees of freedom would be left: too few blocks of replicas, or too few of the samples that make the "
    "noise (empirics/estimation/degrees_of_freedom.py)"
)

TIED = (
    "NaN where replicas have met ties, or shards of an earlier version have not looked for them: pre-activations that are 0 as far as "
    "rounding can tell, whose slopes are chance (empirics/engines/ties.py)"
)


class Collector:
    """Takes shards in their order and keeps the moments of each batch size only."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        n, m = size_of(plan.problem.depth, plan.estimator)
        self.moments = {b: Moments.zeros(len(plan.recorded), n, m) for b in plan.batch_sizes}
        self.lost = {b: np.zeros(len(plan.recorded)) for b in plan.batch_sizes}
        self.tied = {b: np.zeros(len(plan.recorded)) for b in plan.batch_sizes}
        self.versions: set[str] = set()

    def add(self, result: ShardResult) -> None:
        b = result.shard.batch_size
        with np.errstate(all="ignore"):
            self.moments[b].merge(result.moments)
        self.lost[b] += result.diverged
        self.tied[b] += result.ties
        self.versions.add(result.versions)

    def dataset(self) -> xr.Dataset:
        """Everything that was collected, with what it is and how to get it again."""
        plan = self.plan
        sizes = plan.batch_sizes
        with arithmetic():
            both = [estimate(self.moments[b], plan.eps) for b in sizes]
            values, errors = (np.stack([pair[i] for pair in both], axis=1) for i in (0, 1))  # (step, batch_size, statistic)
            freedom = self._degrees_of_freedom(values.shape)
        errors = np.where(np.isinf(freedom), 0.0, np.where(np.isnan(freedom), np.nan, errors))
        ties = np.stack([self.tied[b] for b in sizes], axis=1) / plan.replicas if is_piecewise_linear(plan.problem) else None
        if ties is not None:
            errors[ties != 0] = np.nan  # NaN, where they have not been counted, included
        errors = np.where(np.isfinite(values), np.hypot(errors, rounding_errors(plan, values)), np.nan)
        variables: dict[str, Any] = {}
        made_by = self._made_by()
        per_layer, plain = ("step", "batch_size", "layer"), ("step", "batch_size")
        for name, columns in self._columns().items():
            dims = plain if name == "loss" else per_layer
            notes = [TOO_FEW] * bool(np.isnan(freedom[..., columns]).any()) + [TIED] * (ties is not None and bool((ties != 0).any()))
            note = {"note": "; ".join(notes)} if notes else {}
            told = f"standard error of {name}, the rounding of {plan.dtype} included"
            variables[name] = (dims, values[..., columns], {"long_name": LONG_NAMES[name], "estimator": made_by[name]})
            variables[f"{name}_se"] = (dims, errors[..., columns], {"long_name": told, **note})
            told = f"degrees of freedom of {name}_se, for Student's t; infinite where nothing is sampled"
            variables[f"{name}_df"] = (dims, freedom[..., columns], {"long_name": told, **note})
        lost = np.stack([self.lost[b] for b in sizes], axis=1) / plan.replicas
        variables["diverged"] = (
            plain,
            lost,
            {"long_name": "fraction of replicas whose loss or gradient has overflowed by this step; where it is not 0, the rest is NaN"},
        )
        if ties is not None:
            told = "fraction of replicas in which rounding has decided a slope by this step; NaN where it was not looked for"
            variables["ties"] = (plain, ties, {"long_name": told})
        coordinates = {"step": list(plan.recorded), "batch_size": list(sizes), "layer": list(range(1, plan.problem.depth + 1))}
        return xr.Dataset(variables, coords=coordinates, attrs=self._attributes())

    def _columns(self) -> dict[str, slice | int]:
        """Where the statistics of a variable are, in the order of statistics.block_statistics."""
        depth = self.plan.problem.depth
        return {name: slice(i * depth, (i + 1) * depth) for i, name in enumerate(PER_LAYER)} | {"loss": -1}

    def _degrees_of_freedom(self, shape: tuple[int, ...]) -> np.ndarray:
        """(steps, batch sizes, statistics): one for every batch size, infinite for what is a closed form at w_0, NaN: no honest error."""
        plan, per_sample = self.plan, concentration(self.plan.problem)
        each = [degrees_of_freedom(self.moments[b].count.sum(), plan.replicas * b, per_sample) for b in plan.batch_sizes]
        found = np.tile(np.array(each)[:, None], (shape[0], 1, shape[2]))
        for name in self._closed_at_start():
            found[0, :, self._columns()[name]] = np.inf
        return found

    def _closed_at_start(self) -> tuple[str, ...]:
        """What is no sample but a closed form at w_0, which is given."""
        if population(self.plan.problem) is None:
            return ()
        return ("var_full_gradient", "loss", *(PER_LAYER if self.plan.estimator != "naive" else ()))

    def _made_by(self) -> dict[str, str]:
        plan = self.plan
        word = WORDS[plan.estimator]
        if plan.estimator == "controlled" and not all(uses_controls(m) for m in self.moments.values()):
            word = WORDS["rao_blackwell"] + " (too few blocks for controls)"
        stand_in = population(plan.problem)
        gradients = "exact gradients of the expected loss" if stand_in else "||grad L||^2 from pairs of samples within the mini-batch"
        full = f"{gradients}, U-statistics over pairs of replicas in blocks"
        loss = "mean over replicas of the expected loss, exact given w_t" if stand_in else "mean over replicas of the mini-batch loss"
        if plan.estimator == "controlled":
            full, loss = f"{full}; controls as for var_gradient", f"{loss}; controls as for var_gradient"
        return dict.fromkeys(PER_LAYER, word) | {"var_full_gradient": full, "loss": loss}

    def _attributes(self) -> dict[str, int | str]:
        plan = self.plan
        identity = plan.identity()
        return {
            "title": "batchlaw: replicas of mini-batch SGD from one w_0",
            "fingerprint": plan.fingerprint,
            "replicas": plan.replicas,
            "problem": problem_text(plan),
            "request": json.dumps(plan.request()),
            "learning_rates": _rates_text(plan.rates[:-1]),
            **{key: _attribute(value) for key, value in identity.items() if key != "problem"},
            "again": f"empirics.simulate(problem, {', '.join(f'{name}={value!r}' for name, value in plan.request().items())})",
            "versions": "; ".join(sorted(self.versions)),
        }


def _rates_text(rates: np.ndarray) -> str:
    if len(rates) <= MOST_NUMBERS:
        return json.dumps(rates.tolist())
    return f"{len(rates)} rates, {rates[0]!r} to {rates[-1]!r}, in run.json of the store, where there is one"


def _attribute(value: object) -> int | str:
    """As netCDF can hold it: integers of 64 bits, and text."""
    if isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 63):
        return value
    return json.dumps(value)
