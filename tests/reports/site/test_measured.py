"""Pages of measurements: they hold what they must, stored results are used and named, and bad directories are refused before any work."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stdout
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
import xarray as xr
from typer.testing import CliRunner

import empirics
from empirics import load, simulate, synthetic
from reports.cli import app
from reports.site import agreement, agreement_models, figure_1, figure_1_checks, measured
from reports.site.agreement_cases import cases, criterion, laws
from reports.site.build import build
from reports.site.measured_page import MeasuredPage
from tests.reports.cli.fakes import claim
from tests.reports.site.pages import defects
from theory import Discrete, Gaussian, TeacherStudent, enumeration

SMALL = figure_1.Size(steps=3, replicas=8, scalar_replicas=200, divergence_replicas=4, exact_steps=1, scalar_steps=4)
TWO = (((1, 1, 1), (0, 1)), ((2, 2), (0, 1)))


def text(html: str) -> str:
    html = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny full results, as `batchlaw simulate synthetic` leaves them."""
    path = tmp_path_factory.mktemp("figure-1")
    for law in figure_1.LAWS:
        simulate(synthetic(law), batch_sizes=[4, 16], steps=3, replicas=9, dtype="float32", seed=5, store=path / law, device="cpu")
    return path


def test_a_reduced_run_says_so_and_says_all() -> None:
    made = figure_1.make(3, size=SMALL)
    shown = text(made.html)
    expected = (
        "reduced run", "How to make the full one", "batchlaw simulate synthetic --inputs rademacher", "float32",
        "does not say how it drew", "not the quantity of Theorem 3.4", "N(0, 1/fan-in)", "decrease in b at every iteration",
        "batchlaw report --results figure-1=DIR",
    )  # fmt: skip
    for words in expected:
        assert words in shown, words
    assert made.html.count("<svg") == 8 and not made.alarm
    assert "stored results" not in shown


def test_stored_results_are_used_and_named(stores: Path) -> None:
    shown = text(figure_1.make(0, stores, replace(SMALL, steps=10**9)).html)
    assert "reduced run" not in shown and "stored results, reduced" in shown
    assert "For b = 4, 16 it does not happen within these iterations" in shown
    for law in ("", "--inputs rademacher "):
        assert f"batchlaw simulate synthetic {law}--batch-sizes 4 16 --steps 3 --replicas 9 --dtype float32 --seed 5" in shown
    assert re.search(r"Gaussian\s*9\s*3\s*5\s*float32", shown)


def test_the_command_of_stored_results_makes_them_again(stores: Path, tmp_path: Path) -> None:
    for law in figure_1.LAWS:
        data = load(stores / law, synthetic(law))
        words = [word.replace("DIR", str(tmp_path)) for word in figure_1.command(law, data).split()]
        assert CliRunner().invoke(app, words[1:]).exit_code == 0
        assert load(tmp_path / law, synthetic(law)).identical(data)
    own = simulate(synthetic(), batch_sizes=[4], steps=2, replicas=16, shard_replicas=8, store=tmp_path / "own")
    again = figure_1.command("gaussian", own).replace("DIR", str(tmp_path / "again"))
    assert eval(again, {"empirics": empirics}).identical(own)


def test_the_example_of_agreement_is_its_row() -> None:
    html = agreement.make(1, networks=TWO[:1], replicas=400, models=()).html
    code = unescape(re.findall(r"<pre[^>]*><code>(from empirics.*?)</code>", html, re.DOTALL)[0])
    code = code.replace("cases(seed=1)", f"cases({TWO[:1]!r}, seed=1)")
    told = io.StringIO()
    with redirect_stdout(told):
        exec(code, {})
    rows = [row.split("</td>") for row in re.findall(r"<tr><td.*?</tr>", html, re.DOTALL)]
    shown = [float(row[1].split(">")[-1].replace("−", "-")) for row in rows]
    assert float(told.getvalue()) == pytest.approx(max(shown, key=abs), abs=0.006)


def test_a_wrong_directory_is_refused_before_any_work(stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(*_: Any) -> None:
        raise AssertionError("work was begun")

    monkeypatch.setattr("reports.site.build.make_pages", work)
    monkeypatch.setattr(measured, "make", work)
    half = tmp_path / "half"
    half.mkdir()
    (half / "gaussian").symlink_to(stores / "gaussian")
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    (swapped / "gaussian").symlink_to(stores / "rademacher")
    for directory in (tmp_path / "nowhere", half, swapped):
        with pytest.raises(ValueError, match="figure-1 must hold the stores gaussian and rademacher"):
            build((claim("T.1"),), tmp_path / "site", measure=["figure 1"], stored={"figure 1": directory})
    with pytest.raises(ValueError, match="not among those to be made"):
        build((claim("T.1"),), tmp_path / "site", measure=["agreement"], stored={"figure 1": stores})
    with pytest.raises(ValueError, match="measured must be among"):
        build((claim("T.1"),), tmp_path / "site", measure=["figure 9"])
    assert not (tmp_path / "site").exists()


def test_neighbouring_batch_sizes_are_compared_with_each_other() -> None:
    steps, sizes = [0, 1, 2], [4, 8]
    values = np.array([[2.0, 1.0], [3.0, 1.0], [1.0, 1.3]])[:, :, None].repeat(2, axis=2)
    variables: dict[str, Any] = {}
    for name in figure_1.QUANTITIES:
        variables[name] = (("step", "batch_size", "layer"), values)
        variables[f"{name}_se"] = (("step", "batch_size", "layer"), np.full(values.shape, 0.1))
    data = xr.Dataset(variables, coords={"step": steps, "batch_size": sizes, "layer": [1, 2]})
    found = figure_1.orders(data)
    assert len(found) == 4
    for order in found:
        assert (order.small, order.large, order.step, order.rises, order.compared) == (4, 8, 2, 1, 2)
        assert order.least == pytest.approx(-0.3 / np.hypot(0.1, 0.1)) and order.ratio == pytest.approx(1 / 1.3)


def test_bounded_inputs_have_unseen_batches() -> None:
    """The bound does not depend on the simulated variance but through the first step at which it exceeds it."""
    values = np.full((9, 2, 2), 100.0)
    data = xr.Dataset(
        {"var_gradient": (("step", "batch_size", "layer"), values)}, coords={"step": range(9), "batch_size": [4, 1024], "layer": [1, 2]}
    )
    small, large = figure_1_checks.rare_batches(data)
    assert small["iteration"] == 7 and small["bound"] > 300
    assert large == {"b": 1024, "iteration": None, "bound": None, "why": "numbers"}
    short, _ = figure_1_checks.rare_batches(data.isel(step=slice(5)))
    assert short["bound"] is None and short["why"] == "short"
    gone, _ = figure_1_checks.rare_batches(data.where(data.step < 3))
    assert gone["bound"] is None and gone["why"] == "diverged"


def test_what_diverged_is_not_compared() -> None:
    values = np.full((2, 2, 2), np.nan)
    names = [n for q in figure_1.QUANTITIES for n in (q, f"{q}_se")]
    data = xr.Dataset(
        dict.fromkeys(names, (("step", "batch_size", "layer"), values)), coords={"step": [0, 1], "batch_size": [1, 2], "layer": [1, 2]}
    )
    assert all(order.compared == 0 and order.rises == 0 for order in figure_1.orders(data))


def test_agreement_page_and_its_table() -> None:
    made = agreement.make(0, networks=TWO, replicas=400, models=())
    rows = re.findall(r"<tr><td.*?</tr>", made.html, re.DOTALL)
    assert f"{len(rows)} comparisons" in made.finding and len(rows) > 20
    for row in rows:
        cells = [float(x.replace("−", "-")) for x in re.findall(r'<td class="number">([^<]*)</td>', row) if "/" not in x]
        z, (exact, simulated, error) = cells[1], cells[-3:]
        assert abs((simulated - exact) / error - z) < 0.06 * max(1, abs(z)) + 1e-5 * exact / error
    for words in ("Kolmogorov and Smirnov", "Holm", "400 replicas", "20"):
        assert words in text(made.html)
    assert made.alarm == ("does not agree" in made.finding)


def test_models_of_ones_own_agree_with_theory() -> None:
    cases = agreement_models.cases(((2, 1, 1),), seed=3)
    assert [case.problem.sampling for case in cases] == ["independent"] * 2 + ["without_replacement"] * 2
    for case in cases:
        assert case.exact == pytest.approx(float(enumeration.variance(case.problem, case.step, case.layer, batch_size=case.batch_size)))
    fixed = agreement_models.at_fixed_weights(cases)
    assert fixed.count == 12 and fixed.difference <= agreement_models.ROUNDING
    found, values, errors = agreement_models.along_runs(cases, range(4), runs=32)
    assert found.agrees() and all(error < value for value, error in zip(values, errors, strict=True))
    wrong = [replace(case, exact=3 * case.exact) for case in cases]
    assert not empirics.compare(values, errors, [case.exact for case in wrong]).agrees()


def test_agreement_is_the_same_again_and_other_with_another_seed() -> None:
    first, again, other = (agreement.make(seed, networks=TWO[:1], replicas=400, models=()).html for seed in (1, 1, 2))
    assert first == again != other


def test_disagreement_is_an_alarm() -> None:
    wrong = [replace(case, exact=2 * case.exact) for case in cases(TWO[:1])]
    assert not agreement.run(wrong, replicas=4000).agrees


def test_cases_are_chosen_by_exact_numbers() -> None:
    chosen = list(cases())
    assert len(chosen) >= 120 and {case.step for case in chosen} == {0, 1, 2}
    assert {case.estimator for case in chosen} == {"naive", "rao_blackwell", "controlled"}
    assert all(case.estimator == "naive" for case in chosen if case.step == 0)
    assert all(case.step < 2 for case in chosen if isinstance(case.problem.inputs, Gaussian))
    assert {type(law) for law in laws(2)} == {type(case.problem.inputs) for case in chosen}
    heavy = TeacherStudent([[[3]], [[3]]], [[[1]], [[1]]], Gaussian(1), learning_rates=1)
    assert criterion(heavy, 1, 1)(1) is None and criterion(heavy, 2, 1)(64) is None
    certain = TeacherStudent([[[3]], [[3]]], [[[1]], [[1]]], Discrete([1, -1]), learning_rates=1)
    assert criterion(certain, 1, 1)(4) is None


def test_index_links_what_was_measured_and_sounds_alarms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(identity: str) -> Any:
        html = f"<!doctype html><html><body><main><h1>{identity}</h1></main></body></html>"
        return lambda seed, directory: MeasuredPage(html, f"found {seed}", identity == "agreement")

    monkeypatch.setattr(measured, "MEASURED", tuple(replace(page, make=fake(page.id)) for page in measured.MEASURED))
    report = build((claim("T.1"),), tmp_path / "site", 7, measure=["figure 1", "agreement"])
    index = report.index.read_text(encoding="utf-8")
    assert "Measured" in index and 'href="figure-1.html"' in index and "✗ Found: found 7" in index
    assert index.index('id="measured"') < index.index('id="verdicts"')
    assert report.alarms == ("agreement: found 7",) and not report.confirmed
    assert defects(report.index.parent) == []


def test_a_page_alone_has_no_dead_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    html = agreement.make(0, networks=TWO[:1], replicas=400, models=()).html
    assert 'href="figure-1.html"' in html
    pages = tuple(replace(page, make=lambda seed, directory: MeasuredPage(html, "found")) for page in measured.MEASURED)
    monkeypatch.setattr(measured, "MEASURED", pages)
    assert defects(build((claim("T.1"),), tmp_path / "site", measure=["agreement"]).index.parent) == []


def test_without_torch_the_ledger_is_built_and_says_what_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("empirics.extra.find_spec", lambda name: None if name == "torch" else object())
    lines: list[str] = []
    report = build((claim("T.1"),), tmp_path / "site", measure=["figure 1"], progress=lines.append)
    assert report.confirmed and "torch must be installed" in report.index.read_text(encoding="utf-8") and "torch" in lines[-1]
    with pytest.raises(ValueError, match="figure-1 needs torch"):
        build((claim("T.1"),), tmp_path / "site", measure=["figure 1"], stored={"figure 1": tmp_path})


@pytest.mark.parametrize(
    ("ids", "pages", "rest"),
    [
        ([], tuple(page.id for page in measured.MEASURED), []),
        (["Figure 1", "3.4"], ("figure 1",), ["3.4"]),
        (["3.4"], (), ["3.4"]),
        (["agreement"], ("agreement",), []),
    ],
)
def test_ids_are_split(ids: list[str], pages: tuple[str, ...], rest: list[str]) -> None:
    assert measured.split(ids) == (pages, rest)
