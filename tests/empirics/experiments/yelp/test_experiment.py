"""The runs of the experiment: stored, loaded, gone on with, and refused before any work."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from empirics.experiments.yelp import experiment, network
from empirics.experiments.yelp.corpora import corpus
from empirics.experiments.yelp.experiment import PAPER, REDUCED, Setting, run, stored
from empirics.experiments.yelp.tokenization import encode, train_tokenizer

SETTING = Setting(size="tiny", batch_sizes=(4, 8), epochs=1, runs=4, learning_rate=1e-3, training=16, validation=8, seed=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of SETTING."""
    path = tmp_path_factory.mktemp("yelp")
    run(SETTING, store=path, device="cpu", workers=1)
    return path


def test_it_is_stored_and_loaded(place):
    found, direct = stored(place), run(SETTING, device="cpu", workers=1)
    assert found.setting == SETTING and found.source == "24 reviews made up for this purpose" and found.data is None
    assert found.runs.equals(direct.runs) and not found.is_full and found.pieces == direct.pieces
    assert found.runs.attrs["estimator"] == "naive" and np.isfinite(found.runs.block_total_var_gradient.isel(epoch=0)).all()


def test_what_is_full(place):
    found = stored(place)
    for same in ({}, {"runs": 101}, {"weight_decay": 0.0}, {"clip": "matrix"}, {"batch_sizes": (64, 32)}, {"seed": 7}):
        assert replace(found, setting=replace(PAPER, **same)).is_full
    for changed in (
        {"size": "tiny"}, {"runs": 99}, {"epochs": 19}, {"epochs": 21}, {"learning_rate": 5e-5}, {"clip": "none"}, {"training": 9_999},
        {"validation": 999}, {"batch_sizes": (32, 128)}, {"batch_sizes": (64,)},
    ):  # fmt: skip
        assert not replace(found, setting=replace(PAPER, **changed)).is_full, changed


def test_values_at_the_start_are_those_of_the_initial_weights(place):
    """Losses and errors by the definition; the variance falls with b, and after an epoch the weights have moved."""
    data, model = stored(place).runs, network.build_model("tiny", seed=5).eval()
    sets = corpus(training=16, validation=8, seed=5)
    tokenizer = train_tokenizer(sets[0].texts, network.SIZES["tiny"].pieces)
    for name, reviews in zip(("", "validation_"), sets, strict=True):
        targets = torch.tensor(reviews.labels)
        with torch.no_grad():
            outputs = model(**encode(tokenizer, reviews.texts, network.SIZES["tiny"].length))
        assert np.allclose(data[f"{name}loss"].sel(epoch=0), float(network.loss(outputs, targets)), rtol=1e-5)
        assert np.allclose(data[f"{name}error"].sel(epoch=0), float(network.error(outputs, targets)))
    assert not np.allclose(data.loss.sel(epoch=1), data.loss.sel(epoch=0))


def test_it_goes_on_with_more_runs(place):
    found = run(replace(SETTING, runs=6), store=place, resume=True, device="cpu", workers=1)
    assert stored(place).runs.equals(found.runs)
    assert np.array_equal(found.runs.run_loss[:4], run(SETTING, device="cpu", workers=1).runs.run_loss)


@pytest.mark.parametrize(
    "changed", [{"seed": 6}, {"learning_rate": 2e-3}, {"clip": "matrix"}, {"epochs": 2}, {"training": 15}, {"weight_decay": 0.0}]
)
def test_a_store_of_something_else_is_refused(place, changed, monkeypatch):
    monkeypatch.setattr(experiment, "measure", lambda *_, **__: pytest.fail("work was begun"))
    with pytest.raises(ValueError, match=f"store must be for the same (source|{next(iter(changed))}), but"):
        run(replace(SETTING, **changed), store=place)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"size": "huge"}, "size must be one of full, tiny"),
        ({"clip": "norm"}, "clip must be one of global, matrix, none"),
        ({"epochs": 0}, "epochs must be at least 1, but was 0"),
        ({"runs": 1}, "runs must be at least 2, but was 1"),
        ({"batch_sizes": (4, 17)}, r"batch_sizes\[1\] must be at most 16, the number of training reviews, but was 17"),
        ({"learning_rate": 0.0}, "learning_rate must be positive"),
        ({"weight_decay": -0.1}, "weight_decay must not be negative"),
    ],
)
def test_settings_that_are_none(changed, message):
    with pytest.raises(ValueError, match=message):
        replace(SETTING, **changed)


def test_directories_that_hold_none(place, tmp_path):
    with pytest.raises(ValueError, match=r"must hold results of `batchlaw simulate yelp --store`, but experiment\.json is not there"):
        stored(tmp_path)
    about = json.loads((place / "experiment.json").read_text(encoding="utf-8"))
    for name, value in (("experiment", "mnist"), ("size", "huge"), ("batch_sizes", 3)):
        (tmp_path / "experiment.json").write_text(json.dumps(about | {name: value}), encoding="utf-8")
        with pytest.raises(ValueError, match=r"must (be what|hold results of) `batchlaw simulate yelp --store`"):
            stored(tmp_path)


def test_the_papers_numbers():
    """Lines 401-419."""
    assert (PAPER.training, PAPER.validation, PAPER.epochs, PAPER.runs, PAPER.batch_sizes) == (10_000, 1_000, 20, 100, (32, 64))
    assert (PAPER.learning_rate, PAPER.size, network.SIZES["full"].length) == (4e-5, "full", 128)
    assert REDUCED.size == "tiny" and REDUCED.batch_sizes == PAPER.batch_sizes
