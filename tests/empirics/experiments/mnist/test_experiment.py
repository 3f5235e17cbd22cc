"""The runs of the experiment: stored, loaded, gone on with, and refused before any work."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
import torch

from empirics.experiments.mnist import experiment
from empirics.experiments.mnist.distortion import distorted
from empirics.experiments.mnist.experiment import PAPER, REDUCED, Results, Setting, gap_of_runs, run, stored
from empirics.experiments.mnist.images import Images
from empirics.experiments.mnist.network import build_model, error, loss

SETTING = Setting(batch_sizes=(3, 6), epochs=2, runs=4, initial_points=2, learning_rate=0.1, hidden=(4,), seed=5)

FULL = Results(PAPER, "MNIST", (28, 28), None, (), (60_000, 10_000))


def images(count: int = 12, name: str = "random pixels") -> Images:
    """Small images of nothing."""
    draw = np.random.default_rng(1)
    pixels, labels = draw.uniform(-1, 1, (count + 8, 4, 3)).astype(np.float32), draw.integers(0, 10, count + 8)
    return Images(pixels[:count], labels[:count], pixels[count:], labels[count:], name)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of SETTING."""
    path = tmp_path_factory.mktemp("mnist")
    run(images(), SETTING, path, device="cpu", workers=1)
    return path


def test_it_is_stored_and_loaded(place: Path) -> None:
    found, direct = stored(place), run(images(), SETTING, device="cpu", workers=1)
    assert found.setting == SETTING and found.images == "random pixels" and found.pixels == (4, 3) and len(found.points) == 2
    for a, b in zip(found.points, direct.points, strict=True):
        assert a.equals(b)
    assert not found.points[0].loss.equals(found.points[1].loss)


def test_values_at_the_start_are_those_of_the_initial_weights(place: Path) -> None:
    """Losses, errors and the gap, by the definition; the second look is other."""
    data, given = stored(place).points[1], images()
    model = build_model(12, 5, 2, (4,))
    test = torch.from_numpy(distorted(given.validation_images, 5))
    sets = {"": (given.train_images, given.train_labels), "validation_": (given.validation_images, given.validation_labels)}
    for name, (x, y) in sets.items():
        outputs, targets = model(torch.from_numpy(x)).detach(), torch.from_numpy(y)
        assert np.allclose(data[f"{name}loss"].sel(epoch=0), float(loss(outputs, targets)), rtol=1e-5)
        assert np.allclose(data[f"{name}error"].sel(epoch=0), float(error(outputs, targets)))
    wrong = float(error(model(test), torch.from_numpy(given.validation_labels)))
    training = float(error(model(torch.from_numpy(given.train_images)), torch.from_numpy(given.train_labels)))
    assert np.allclose(gap_of_runs(data).sel(epoch=0), wrong - training)
    assert not np.allclose(data.loss.sel(epoch=2), data.loss.sel(epoch=0))


def test_it_goes_on_with_more(place: Path) -> None:
    more = replace(SETTING, runs=6, initial_points=3)
    found = run(images(), more, place, resume=True, device="cpu", workers=1)
    assert len(stored(place).points) == 3 and stored(place).points[0].equals(found.points[0])
    assert np.array_equal(found.points[0].run_loss[:4], run(images(), SETTING, device="cpu", workers=1).points[0].run_loss)


@pytest.mark.parametrize(
    ("changed", "other", "name"),
    [
        ({"seed": 6}, {}, "seed"),
        ({"learning_rate": 0.2}, {}, "learning_rate"),
        ({"hidden": (5,)}, {}, "hidden"),
        ({"batch_sizes": (3, 4)}, {}, "batch_sizes"),
        ({}, {"name": "other pixels"}, "images"),
    ],
)
def test_a_store_of_something_else_is_refused(place: Path, changed: dict, other: dict, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "measure_point", lambda *_, **__: pytest.fail("work was begun"))
    before = (place / "experiment.json").read_bytes()
    with pytest.raises(ValueError, match=f"store must be for the same {name}, but"):
        run(images(**other), replace(SETTING, **changed), place, resume=True)
    assert (place / "experiment.json").read_bytes() == before


def test_what_holds_no_results_is_named(place: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold results of `batchlaw simulate mnist --store`, but experiment\.json is not there"):
        stored(tmp_path)
    (tmp_path / "experiment.json").write_text((place / "experiment.json").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"must hold the runs of . initial points, but: .*point-1"):
        stored(tmp_path)
    about = json.loads((place / "experiment.json").read_text(encoding="utf-8"))
    for broken in (
        "{",
        json.dumps(about | {"experiment": "yelp"}),
        json.dumps(about | {"setting": {}}),
        "[]",
        json.dumps(about | {"pixels": 3}),
    ):
        (tmp_path / "experiment.json").write_text(broken, encoding="utf-8")
        with pytest.raises(ValueError, match=r"experiment\.json must be what"):
            stored(tmp_path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"runs": 1}, "runs must be at least 2"),
        ({"initial_points": 0}, "initial_points must be at least 1"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"learning_rate": 0}, "learning_rate must be positive"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite"),
        ({"hidden": ()}, "hidden must have one layer at least"),
        ({"hidden": (3, 0)}, r"hidden\[1\] must be at least 1"),
        ({"every": 0}, "every must be at least 1"),
    ],
)
def test_settings_that_are_none(changed: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SETTING, **changed)


def test_batches_larger_than_the_training_set_are_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"batch_sizes\[1\] must be at most 12, the number of training images, but was 13"):
        run(images(), replace(SETTING, batch_sizes=(4, 13)), tmp_path / "store")
    with pytest.raises(ValueError, match="train must be at most 12, the images that there are, but was 13"):
        run(images(), replace(SETTING, train=13), tmp_path / "store")
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"epochs": 999}, {"runs": 49}, {"initial_points": 4}, {"learning_rate": 0.01}, {"batch_sizes": (64, 256)}, {"batch_sizes": (64,)},
        {"hidden": (1024, 256)},
    ],
)  # fmt: skip
def test_what_is_not_full(changed: dict) -> None:
    assert not replace(FULL, setting=replace(PAPER, **changed)).is_full()


def test_what_is_full(place: Path) -> None:
    assert FULL.is_full() and replace(FULL, setting=replace(PAPER, runs=60, epochs=1001, batch_sizes=(128, 64))).is_full()
    assert replace(FULL, setting=replace(PAPER, initial_points=1)).is_full(initial_points=1)
    for changed in ({"counts": (4500, 500)}, {"counts": (60_000, 500)}, {"pixels": (8, 8)}, {"setting": REDUCED}):
        assert not replace(FULL, **changed).is_full(1)
    for setting, counts in ((SETTING, (12, 8)), (replace(SETTING, train=11), (11, 8))):
        assert run(images(), replace(setting, epochs=1, runs=2, initial_points=1), device="cpu", workers=1).counts == counts
    assert stored(place).counts == (12, 8) and not stored(place).is_full(1)
    about = json.loads((place / "experiment.json").read_text(encoding="utf-8"))
    del about["counts"]
    (place / "experiment.json").write_text(json.dumps(about), encoding="utf-8")
    assert stored(place).counts is None and not replace(FULL, counts=None).is_full()
