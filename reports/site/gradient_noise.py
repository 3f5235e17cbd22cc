"""Gradient noise of small networks, measured: the law in b beside 1/b, against drawn batches and against theory; a model of one's own."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction as F
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.site import measured
from reports.site.measured_page import MeasuredPage
from reports.site.render import page
from reports.text.numbers import decimal
from theory import Discrete, TeacherStudent, variance_poly

if TYPE_CHECKING:
    from empirics import Comparison
    from empirics.experiments.noise_of_small_networks import Noise

#: Below this a p-value is an alarm, where the law must hold; it was set beforehand.
LEVEL = 1e-3
#: Doubles, and a few thousand additions.
ROUNDING = 1e-12
EXACT_SIZES = (1, 2, 5, 10, 100)


def against_batches(found: Mapping[str, Noise]) -> Comparison:
    """The law from the gradients of examples at every batch size that was drawn, for the networks that have it."""
    from empirics import compare

    values, errors, laws, freedom = [], [], [], []
    for noise in found.values():
        if noise.by_examples is None:
            continue
        drawn, every = noise.by_batches, noise.by_examples.sel(batch_size=noise.by_batches.batch_size)
        values.append(drawn.total_var_gradient.values)
        errors.append(np.hypot(drawn.total_var_gradient_se, every.total_var_gradient_se).values)
        laws.append(every.total_var_gradient.values)
        freedom.append(np.full(drawn.sizes["batch_size"], drawn.attrs["degrees_of_freedom"]))
    return compare(values, errors, laws, degrees_of_freedom=freedom)


def against_theory() -> tuple[list[dict[str, str]], float]:
    """A two-layer linear network at w_0 on six points, with replacement: the exact polynomials beside gradient_noise, in doubles."""
    import torch
    from torch import nn

    from empirics import gradient_noise

    points = [[1, 2, -1], [0, 1, 1], [2, -1, 0], [-1, -1, 3], [1, 0, 0], [3, 1, -2]]
    student, teacher = ([[1, -1, 0], [F(1, 2), 1, 1]], [[1, 1], [-1, 2]]), ([[0, 1, 1], [1, 0, -1]], [[1, 0], [1, 1]])
    problem = TeacherStudent(student, teacher, Discrete(points), learning_rates=1)
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.Linear(2, 2, bias=False)).double()
    weights, targets = ([torch.tensor(np.array(w, dtype=float)) for w in side] for side in (student, teacher))
    for layer, w in zip(model, weights, strict=True):
        layer.weight.data = w
    x = torch.tensor(points, dtype=torch.float64)
    data = x, x @ (targets[1] @ targets[0]).T

    def loss(outputs: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return 0.5 * (outputs - y).square().sum(1).mean()

    noise = gradient_noise(model, loss, data, batch_sizes=EXACT_SIZES, replacement=True, convention="population")
    rows, worst = [], 0.0
    for k in (1, 2):
        v = variance_poly.variance_polynomial(problem, 0, k)
        for b in EXACT_SIZES:
            exact, found = F(v(b)), float(noise.var_gradient.isel(layer=k - 1).sel(batch_size=b))
            difference = abs(F(found) / exact - 1)
            worst = max(worst, float(difference))
            rows.append({"layer": str(k), "b": str(b), "exact": str(exact), "found": repr(found), "difference": f"{float(difference):.1g}"})
    return rows, worst


def layers(noise: Noise) -> list[dict[str, str]]:
    """A row for every parameter, and one for all together."""
    data = noise.by_examples
    assert data is not None
    rows = []
    for name in (*data.layer.values.tolist(), None):
        at, kind = (data, "total_") if name is None else (data.sel(layer=name), "")
        scale = "noise_scale" if name is None else "layer_noise_scale"
        columns = {"data": "trace_covariance_data", "model": "trace_covariance_model", "square": "gradient_squared_norm"}
        row = {key: decimal(float(at[kind + column]), 3) for key, column in columns.items()}
        row["scale"] = decimal(float(at[scale]), 3)
        low, high = (float(at[f"{scale}{end}"]) for end in ("_low", "_high"))
        row |= {"low": f"{low:.3g}", "high": "no bound" if high == np.inf else f"{high:.3g}"}
        rows.append(row | {"layer": name or "all together"})
    return rows


def make(seed: int = 0, directory: Path | None = None, *, batches: int = 256) -> MeasuredPage:
    """The page, measured now: nothing is stored."""
    from empirics.experiments import noise_of_small_networks as experiment  # torch takes seconds to load
    from reports.figures import gradient_noise as figures

    found = experiment.measure(seed, batches)
    comparison = against_batches(found)
    exact, worst = against_theory()
    p_values = {kind: float(noise.by_batches.total_law_p_value) for kind, noise in found.items()}
    agrees = comparison.agrees(LEVEL) and worst < ROUNDING and min(p_values["plain"], p_values["dropout"]) >= LEVEL
    finding = (
        f"{comparison.count} variances of drawn batches against the law, p = {comparison.adjusted.min():.2g} after Holm’s correction; "
        f"against theory’s polynomials, relative differences of at most {worst:.1g}"
    )
    html = page(
        "gradient_noise.html.jinja",
        seed=seed,
        page_title="Gradient noise, measured · batchlaw",
        page_description=finding,
        others=measured.others("gradient noise"),
        agrees=agrees,
        finding=finding,
        panels=[figures.law(found["plain"]), figures.law(found["dropout"]), figures.constancy(found)],
        p_values={kind: f"{p:.2g}" for kind, p in p_values.items()},
        level=LEVEL,
        layers=layers(found["dropout"]),
        exact=exact,
        worst=f"{worst:.1g}",
        sizes=_sizes(experiment, found, batches),
    )
    return MeasuredPage(html, finding, alarm=not agrees)


def _sizes(experiment: Any, found: Mapping[str, Noise], batches: int) -> dict[str, str]:
    both = [found[kind].by_examples for kind in ("plain", "dropout")]
    plain, dropout = (f"{float(each.critical_batch_size):.3g}" for each in both if each is not None)
    named = {"points": experiment.POINTS, "inputs": experiment.INPUTS, "units": experiment.UNITS, "classes": experiment.CLASSES}
    return {name: str(count) for name, count in named.items()} | {"batches": str(batches), "critical": plain, "critical_dropout": dropout}
