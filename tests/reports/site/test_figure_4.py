"""The page of figure 4: what it shows and says, from small runs, stored or not."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from empirics.experiments.yelp.experiment import PAPER, Results, Setting, run, stored
from reports.site import figure_4
from reports.site.build import build
from tests.reports.cli.fakes import claim
from tests.reports.site.pages import defects

SETTING = Setting(size="tiny", batch_sizes=(4, 8), epochs=2, runs=12, learning_rate=1e-2, training=16, validation=8)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of SETTING."""
    path = tmp_path_factory.mktemp("yelp")
    run(SETTING, store=path, device="cpu", workers=1)
    return path


@pytest.fixture(scope="module")
def results(place: Path) -> Results:
    """What it holds."""
    return stored(place)


def text(html: str) -> str:
    html = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", html, flags=re.DOTALL)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)))


def test_a_reduced_run_says_so_and_says_all(results: Results) -> None:
    made = figure_4.make(3, results=results)
    shown = text(made.html)
    for words in (
        "reduced run", "The reviews are made up", "12 at each batch size",
        "24 reviews made up for this purpose; 16 to train, 8 to validate",
        "1 layer, hidden size 32, 2 heads of 24", "35,493,122 parameters, which takes heads of 64", "4 (b = 4), 2 (b = 8)",
        "equally many iterations", "the id of padding, XLNet’s own 5 or 0, changes no bit", "norm of the whole gradient at 1",
        'batchlaw report --only "figure 4" --seed 3',
    ):  # fmt: skip
        assert words in shown, words
    assert made.html.count("<svg") == 6 and not made.alarm and "stored results" not in shown
    full = text(figure_4.make(0, results=replace(results, data="x.csv", setting=replace(PAPER, batch_sizes=(4, 8), clip="matrix"))).html)
    assert "made up" not in full.split("Run it again")[0].replace("made up for this purpose", "") and "norm of each parameter’s" in full


def test_stored_results_are_used_named_and_made_again(place: Path, results: Results, tmp_path: Path) -> None:
    shown = text(figure_4.make(0, place).html)
    words = (
        "--size tiny --batch-sizes 4 8 --epochs 2 --runs 12 --seed 0 --learning-rate 0.01 --weight-decay 0.01 --clip global "
        "--training 16 --validation 8 --store DIR --resume"
    )
    assert figure_4.command(results.setting, None) == f"batchlaw simulate yelp {words}"
    assert "stored results, reduced" in shown and words in shown and "batchlaw report --results figure-4=DIR" in shown
    report = build((claim("T.1"),), tmp_path / "site", measure=["figure 4"], stored={"figure 4": place})
    assert defects(report.index.parent) == [] and "variance falls with b" in report.index.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="must hold results of `batchlaw simulate yelp --store`"):
        build((claim("T.1"),), tmp_path / "other", measure=["figure 4"], stored={"figure 4": tmp_path})


def test_verdicts_are_those_of_the_data(results: Results) -> None:
    """Values by which one knows the answer: a variance and an error that fall, a loss that rises, a gap that does neither."""
    runs = results.runs.copy(deep=True)
    noise = np.random.default_rng(0).normal(0, 1e-3, runs.run_loss.shape)
    fall, gaps = {4: 1.0, 8: 0.5}, np.random.default_rng(1)
    for b in (4, 8):
        at = {"batch_size": b}
        runs.block_total_var_gradient.loc[at] = fall[b] + noise[:6, :, 0]
        runs.run_loss.loc[at] = -fall[b] + noise[:, :, 1]
        runs.run_error.loc[at] = fall[b] + noise[:, :, 0]
        runs.run_validation_error.loc[at] = runs.run_error.loc[at] + gaps.normal(0.1, 0.01, noise.shape[:2])
    rows = figure_4.verdicts(replace(results, runs=runs))
    found = [{o["axis"]: o["word"] for o in r["outcomes"]} for r in rows]
    assert [f["epochs"] for f in found[:2]] == ["supported", "not supported"] and found[3]["epochs"] == "supported"
    assert found[5] == {"epochs": "undecided", "iterations": "undecided"} and found[0]["iterations"] == "supported"
    assert "of 2 looks" in rows[0]["outcomes"][0]["counts"] and "of 3 looks" in rows[1]["outcomes"][0]["counts"]


def test_what_a_figure_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(replace(SETTING, batch_sizes=(4,), epochs=1, runs=2), store=tmp_path, device="cpu", workers=1)
    with pytest.raises(ValueError, match="figure-4 must hold two batch sizes at least"):
        figure_4.check(tmp_path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ValueError, match=r"figure-4 needs transformers: pip install 'batchlaw\[experiments,yelp\]'"):
        figure_4.check(tmp_path)
    made = figure_4.make()
    assert "not measured: this page needs transformers" in made.finding and not made.alarm
