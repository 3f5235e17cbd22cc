"""The paper's Figure 1 as measured here: var(g_t) and var(grad L(w_t)) of a 64-256-128 network, Gaussian inputs and bounded ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reports.site import measured
from reports.site.cards import maths
from reports.site.measured_page import MeasuredPage
from reports.site.render import page
from reports.text.numbers import signed

if TYPE_CHECKING:
    from xarray import Dataset

SECONDS = 20  # for one exact polynomial
LAWS = {"gaussian": "Gaussian", "rademacher": "Rademacher"}
QUANTITIES = {"var_gradient": r"\(\mathrm{var}(g_{t,k})\)", "var_full_gradient": r"\(\mathrm{var}(\nabla_{W_k}\mathcal{L}(w_t))\)"}


@dataclass(frozen=True)
class Size:
    """How much is simulated when a page is made without stored results."""

    steps: int = 200
    replicas: int = 200
    scalar_replicas: int = 100_000
    divergence_replicas: int = 32
    exact_steps: int = 2
    scalar_steps: int = 5


@dataclass(frozen=True)
class Order:
    """Neighbouring batch sizes over all steps t >= 1: where var(small) - var(large) is least in standard errors, how often negative."""

    quantity: str
    layer: int
    small: int
    large: int
    least: float
    step: int
    ratio: float
    rises: int
    compared: int


def check(directory: Path) -> None:
    """ValueError, naming the directory, unless it holds full results of figure 1."""
    from empirics.experiments import figure_1 as experiment  # torch takes seconds to load

    experiment.stored(directory)


def exact_values(law: str, batch_sizes: Sequence[int], steps: int) -> tuple[dict[tuple[int, int], list[tuple[float, float]]], str]:
    """{(step, layer): [(var, its error) at every b]} as far as an engine can afford it, and why not further."""
    from empirics import synthetic
    from theory import variance_poly
    from theory.budget import Budget, CannotError, UnaffordableError

    problem = synthetic(law)
    found: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for step in range(steps):
        for layer in (1, 2):
            try:
                v = variance_poly.variance_polynomial(problem, step, layer, budget=Budget(seconds=SECONDS))
            except (CannotError, UnaffordableError) as error:
                afford = f"an exact engine would take longer than the {SECONDS} s that this page gives it"
                return found, afford if isinstance(error, UnaffordableError) else str(error)
            found[step, layer] = [(float(v(b)), v.error(b)) for b in batch_sizes]
    return found, ""


def orders(data: Dataset) -> list[Order]:
    """Does either variance decrease in b at every step? Step 0 is left out: w_0 is given, and var(g_0) is exactly proportional to 1/b."""
    found = []
    sizes = sorted(data.batch_size.values.tolist())
    later = data.isel(step=slice(1, None))
    for quantity in QUANTITIES:
        for layer in (1, 2):
            for small, large in pairwise(sizes):
                v, w = (later[quantity].sel(layer=layer, batch_size=b).values for b in (small, large))
                s, r = (later[f"{quantity}_se"].sel(layer=layer, batch_size=b).values for b in (small, large))
                fine = np.isfinite(v) & np.isfinite(w) & np.isfinite(s) & np.isfinite(r)
                if not fine.any():
                    found.append(Order(quantity, layer, small, large, np.nan, 0, np.nan, 0, 0))
                    continue
                z = np.where(fine, (v - w) / np.hypot(s, r), np.inf)
                at = int(np.argmin(z))
                rises, ratio = int((fine & (v < w)).sum()), float(np.min(v[fine] / w[fine]))
                found.append(Order(quantity, layer, small, large, float(z[at]), at + 1, ratio, rises, int(fine.sum())))
    return found


def marks_in_errors(data: Dataset, exact: dict[tuple[int, int], list[tuple[float, float]]]) -> tuple[list[dict[str, Any]], str]:
    """The simulation against the exact values, row by row, and what follows from those with sampling errors, t >= 1.

    One run gives all of a batch size, so rows are not independent; Holm's correction does not need that.
    """
    from empirics import compare

    rows, sampled = [], []
    for (step, layer), values in exact.items():
        for b, (value, error) in zip(data.batch_size.values.tolist(), values, strict=True):
            at = data.sel(step=step, layer=layer, batch_size=b)
            simulated, se = float(at.var_gradient), float(at.var_gradient_se)
            rows.append({
                "step": step, "layer": layer, "b": b, "exact": f"{value:.6g}" + (f" ± {error:.1g}" if error else ""),
                "simulated": f"{simulated:.6g}", "error": f"{se:.2g}",
                "z": signed((simulated - value) / se) if step and se > 0 else f"relative difference {abs(simulated / value - 1):.1g}",
            })  # fmt: skip
            if step and np.isfinite([simulated, se]).all():
                sampled.append((simulated, se, value, float(at.var_gradient_df)))
    if not sampled:
        return rows, ""
    got, errors, truth, freedom = np.array(sampled).T
    found = compare(got, errors, truth, degrees_of_freedom=freedom)
    return rows, (
        f"{'They agree' if found.agrees() else 'They do not agree'}: at t = 1 the largest of {found.count} |z| is "
        f"{np.abs(found.z).max():.2f}, its p-value after Holm’s correction {found.adjusted.min():.2g}. "
        "At t = 0 the closed form samples nothing, and only rounding differs."
    )


def command(law: str, data: Dataset) -> str:
    """What makes these stored results again."""
    a = data.attrs
    if a["shard_replicas"] != "null":  # the command line leaves it alone
        return a["again"].replace("problem", f"empirics.synthetic({law!r})", 1)[:-1] + f", store='DIR/{law}')"
    options = {
        "--inputs": law if law != "gaussian" else "", "--batch-sizes": " ".join(map(str, data.batch_size.values.tolist())),
        "--steps": a["steps"], "--replicas": a["replicas"], "--dtype": a["dtype"], "--seed": a["seed"],
        "--estimator": "" if a["estimator"] == "controlled" else a["estimator"], "--device": "" if a["device"] == "cpu" else a["device"],
        "--engine": "" if a["engine"] == "two_linear" else a["engine"],
    }  # fmt: skip
    words = " ".join(f"{name} {value}" for name, value in options.items() if value != "")
    return f"batchlaw simulate synthetic {words} --store DIR/{law} --resume"


def about(law: str, data: Dataset, paper: int) -> dict[str, Any]:
    """What a run is, in words and numbers; full, when it has as many iterations and replicas as the paper's."""
    a = data.attrs
    lost = data.diverged.isel(step=-1).values
    each = ", ".join(f"{x:.3g} (b = {b})" for b, x in zip(data.batch_size.values.tolist(), lost, strict=True))
    return {
        "law": LAWS[law],
        "replicas": f"{a['replicas']:,}",
        "steps": f"{a['steps']:,}",
        "seed": a["seed"],
        "dtype": a["dtype"],
        "estimator": data.var_gradient.attrs["estimator"],
        "full": data.var_full_gradient.attrs["estimator"],
        "lost": each if lost.any() else "0 at every b",
        "versions": a["versions"],
        "command": command(law, data),
        "is_full": min(a["replicas"], a["steps"]) >= paper,
        "device": json.loads(a["device"]) if a["device"].startswith('"') else a["device"],
    }


def make(seed: int = 0, directory: Path | None = None, size: Size | None = None) -> MeasuredPage:
    """The page, from stored results when there is a directory and from a reduced run otherwise."""
    from empirics import synthetic
    from empirics.experiments import figure_1 as experiment
    from reports.figures import figure_1 as figures
    from reports.site.figure_1_checks import divergence, normal_weights, rare_batches, scalar_example

    size = size or Size()
    reduced = {"steps": size.steps, "replicas": size.replicas, "seed": seed}
    data = experiment.stored(directory) if directory is not None else {law: experiment.measure(law, **reduced) for law in LAWS}
    exact = {law: exact_values(law, data[law].batch_size.values.tolist(), size.exact_steps) for law in LAWS}
    ordered = {law: orders(data[law]) for law in LAWS}
    everything = [o for found in ordered.values() for o in found]
    least = min((o.least for o in everything if o.compared), default=np.nan)
    rises, compared = sum(o.rises for o in everything), sum(o.compared for o in everything)
    falls = rises == 0 and compared > 0
    word = "the variance of typical runs is " + ("decreasing" if falls else "not always decreasing")
    finding = f"{word} in b at every iteration shown; neighbouring batch sizes differ by {least:.1f} standard errors at least"
    if not compared:
        finding = "no two variances have standard errors: nothing is compared"
    scalar = scalar_example(size.scalar_replicas, size.scalar_steps, seed)
    marks, marks_say = marks_in_errors(data["gaussian"], exact["gaussian"][0])
    runs = [about(law, data[law], experiment.PAPER) for law in LAWS]
    html = page(
        "figure_1.html.jinja",
        seed=seed,
        page_title="Figure 1, measured · batchlaw",
        page_description=f"The paper's Figure 1: {finding}",
        others=measured.others("figure 1"),
        is_stored=directory is not None,
        is_full=directory is not None and all(run["is_full"] for run in runs),
        paper=f"{experiment.PAPER:,}",
        runs=runs,
        panels={law: figures.draw(law, data[law], exact[law][0]) for law in LAWS},
        marks=marks,
        marks_say=marks_say,
        no_marks={LAWS[law]: reason for law, (_, reason) in exact.items() if reason},
        rises=rises,
        compared=f"{compared:,}",
        least=f"{least:.1f}",
        orders=[(LAWS[law], [_order_row(o) for o in ordered[law]]) for law in LAWS],
        scalar=scalar,
        rare=rare_batches(data["rademacher"]),
        divergence=divergence(normal_weights(seed), (4, 16), size.divergence_replicas, seed),
        small=divergence(synthetic(), (1, 2), size.divergence_replicas, seed),
    )
    return MeasuredPage(html, finding)


def _order_row(o: Order) -> dict[str, Any]:
    return {
        "quantity": maths(QUANTITIES[o.quantity].replace("_k", f"_{o.layer}").replace("t,k", f"t,{o.layer}")),
        "pair": f"{o.small}, {o.large}",
        "least": signed(o.least) if o.compared else "no standard errors: runs that diverged, or too few",
        "step": o.step,
        "ratio": f"{o.ratio:.3g}",
        "rises": f"{o.rises} of {o.compared}",
    }
