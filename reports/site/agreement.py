"""The page that holds simulated variances against exact polynomials: one run and one z for each case, then all z together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.site import agreement_models, measured
from reports.site.agreement_cases import COST, KURTOSIS, NETWORKS, Case, cases
from reports.site.cards import maths
from reports.site.measured_page import MeasuredPage
from reports.site.render import page
from reports.text.names import law_name
from reports.text.numbers import signed

REPLICAS = 20_000
LEVEL = 1e-3
#: Seeds of the runs of models of one's own come after those of all the others.
OWN_RUNS = 500_000


@dataclass(frozen=True)
class Compared:
    """Cases with what was simulated, in standard errors; `adjusted` are Holm's p-values, `p_value` is that of the whole set."""

    cases: tuple[Case, ...]
    values: tuple[float, ...]
    errors: tuple[float, ...]
    z: tuple[float, ...]
    adjusted: tuple[float, ...]
    p_value: float

    @property
    def agrees(self) -> bool:
        """Neither one comparison, corrected for their number, nor the whole set is off at the level set beforehand."""
        return min(self.adjusted) >= LEVEL and self.p_value >= LEVEL


def run(chosen: Sequence[Case], seed: int = 0, replicas: int = REPLICAS) -> Compared:
    """Simulate every case with a seed of its own, and compare."""
    from empirics import compare, simulate  # torch takes seconds to load

    values, errors, freedom = [], [], []
    for i, case in enumerate(chosen):
        result = simulate(
            case.problem,
            batch_sizes=[case.batch_size],
            steps=case.step + 1,
            replicas=replicas,
            seed=run_seed(seed, i),
            estimator=case.estimator,
            device="cpu",
            workers=1,
        )
        at = result.sel(step=case.step, layer=case.layer, batch_size=case.batch_size)
        values.append(float(at.var_gradient))
        errors.append(float(at.var_gradient_se))
        freedom.append(float(at.var_gradient_df))
    found = compare(values, errors, [case.exact for case in chosen], degrees_of_freedom=freedom)
    return Compared(tuple(chosen), tuple(values), tuple(errors), tuple(found.z.tolist()), tuple(found.adjusted.tolist()), found.set_p_value)


def run_seed(seed: int, i: int) -> int:
    """The seed of run i: no two runs of a page share one."""
    return 1_000_000 * seed + i


def make(
    seed: int = 0,
    directory: None = None,
    *,
    networks: tuple[tuple[tuple[int, ...], tuple], ...] = NETWORKS,
    replicas: int = REPLICAS,
    models: tuple[tuple[int, int, int], ...] = agreement_models.NETWORKS,
) -> MeasuredPage:
    """The page, with all its numbers computed now: nothing is stored."""
    from reports.figures import agreement as figures

    compared = run(list(cases(networks, seed)), seed, replicas)
    worst = max(range(len(compared.z)), key=lambda i: abs(compared.z[i]))
    own = _own_models(agreement_models.cases(models, seed), seed)
    agrees = compared.agrees and own["agrees"]
    word = "agrees" if agrees else "does not agree"
    largest = abs(compared.z[worst])
    others = f", and {len(own['rows'])} of models of one's own" if own["rows"] else ""
    finding = f"{len(compared.z)} comparisons, largest |z| = {largest:.2f}, p = {compared.p_value:.2g} for the whole set{others}: {word}"
    html = page(
        "agreement.html.jinja",
        seed=seed,
        page_title="Simulated against exact · batchlaw",
        page_description=finding,
        others=measured.others("agreement"),
        figure_1=measured.page_of("figure 1"),
        guide=measured.page_of("your network"),
        agrees=agrees,
        own=own,
        count=len(compared.z),
        networks=len({case.network for case in compared.cases}),
        replicas=f"{replicas:,}",
        last_run=len(compared.z) - 1,
        base=run_seed(seed, 0),
        cost=f"{COST:g}",
        criterion=maths(rf"\(\mathbb{{E}}\lVert g\rVert^4 \le {KURTOSIS}\,(\mathbb{{E}}\lVert g\rVert^2)^2\)"),
        level=f"{LEVEL:g}",
        p_value=f"{compared.p_value:.3g}",
        worst=signed(compared.z[worst]),
        worst_row=worst + 1,
        holm=f"{min(compared.adjusted):.2g}",
        beyond=sum(abs(z) > 2 for z in compared.z),
        expected=f"{0.0455 * len(compared.z):.1f}",
        example=worst,
        example_seed=run_seed(seed, worst),
        raw_replicas=f"{replicas:_}",
        panels=figures.draw(compared.z),
        rows=[_row(compared, i) for i in range(len(compared.z))],
    )
    return MeasuredPage(html, finding, not agrees)


def _own_models(chosen: list[Case], seed: int) -> dict[str, Any]:
    """What the page says of `gradient_noise` and `measure` on two linear layers as a torch module; nothing where no case was chosen."""
    if not chosen:
        return {"agrees": True, "rows": []}
    fixed = agreement_models.at_fixed_weights(chosen)
    found, values, errors = agreement_models.along_runs(chosen, [run_seed(seed, OWN_RUNS + i) for i in range(len(chosen))])
    rows = [
        {
            "z": signed(z),
            "network": case.network,
            "sampling": case.problem.sampling.replace("_", " "),
            "step": case.step,
            "layer": case.layer,
            "b": case.batch_size,
            "estimator": case.estimator.replace("_", " "),
            "exact": f"{case.exact:.6g}",
            "measured": f"{value:.6g}",
            "error": f"{error:.2g}",
        }
        for case, z, value, error in zip(chosen, found.z, values, errors, strict=True)
    ]
    return {
        "agrees": found.agrees(LEVEL) and fixed.difference <= agreement_models.ROUNDING,
        "rows": rows,
        "count": fixed.count,
        "difference": f"{fixed.difference:.1g}",
        "rounding": f"{agreement_models.ROUNDING:g}",
        "points": agreement_models.POINTS,
        "runs": agreement_models.RUNS,
        "holm": f"{found.adjusted.min():.2g}",
    }


def _row(compared: Compared, i: int) -> dict[str, object]:
    case = compared.cases[i]
    return {
        "number": i + 1,
        "network": case.network,
        "law": maths(law_name(case.problem.inputs)),
        "rate": case.problem.learning_rate(0),
        "step": case.step,
        "layer": case.layer,
        "b": case.batch_size,
        "estimator": case.estimator.replace("_", "-").replace("rao-blackwell", "Rao-Blackwell"),
        "exact": f"{case.exact:.6g}",
        "simulated": f"{compared.values[i]:.6g}",
        "error": f"{compared.errors[i]:.2g}",
        "z": signed(compared.z[i]),
    }
