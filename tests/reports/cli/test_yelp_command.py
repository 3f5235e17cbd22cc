"""`batchlaw simulate yelp`: a store that the report takes, and errors in one line before any work."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from empirics.experiments.yelp.experiment import stored
from reports.cli import app

SMALL = ("--size", "tiny", "--batch-sizes", "4", "8")
SHORT = ("--epochs", "1", "--runs", "2", "--validation", "4", "--device", "cpu", "--workers", "1")


def run(*arguments: str):
    return CliRunner().invoke(app, ["simulate", "yelp", *arguments], env={"COLUMNS": "160", "NO_COLOR": "1"})


def test_a_file_of_reviews(tmp_path):
    data, store = tmp_path / "reviews.csv", tmp_path / "store"
    lines = (f'"{1 + i % 2}","the {"soup" if i % 3 else "tea"} was {"good" if i % 2 else "bad"}"\n' for i in range(20))
    data.write_text("".join(lines), encoding="utf-8")
    shown = run(*SMALL, *SHORT, "--data", str(data), "--training", "16", "--store", str(store), "--clip", "matrix")
    assert shown.exit_code == 0, shown.output
    assert "20 reviews of reviews.csv" in shown.stdout and "epoch 1, 2 runs" in shown.stdout
    assert shown.stdout.splitlines()[-1] == f"batchlaw report --results figure-4={store}"
    assert stored(store).setting.clip == "matrix" and stored(store).data == str(data)


@pytest.mark.parametrize(
    "options, message",
    [
        (("--resume",), "store must be given with --resume or --repair"),
        (("--batch-sizes", "4", "4.5"), "batch_sizes must be integers"),
        (("--size", "huge"), "size must be one of full, tiny"),
        (("--data", "nowhere.csv"), "data must be a CSV file, or a directory with train.csv, but 'nowhere.csv': No such file"),
        (("--training", "16", "--runs", "1"), "runs must be at least 2, but was 1"),
        (("--training", "4"), "batch_sizes[1] must be at most 4, the number of training reviews, but was 8"),
    ],
)
def test_errors_in_one_line(options, message):
    shown = run(*SMALL, *options)
    assert shown.exit_code == 2 and len(shown.stderr.splitlines()) == 1 and message in shown.stderr, shown.output


def test_what_is_not_installed_is_named_before_any_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    shown = run(*SMALL)
    assert shown.exit_code == 2 and "simulate yelp needs transformers: pip install 'batchlaw[experiments,yelp]'" in shown.stderr
