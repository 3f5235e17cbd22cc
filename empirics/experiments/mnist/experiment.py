"""The runs behind Figures 2 and 3: many runs of SGD from each of some initial points, at every batch size, and where they are stored.

    DIR/experiment.json     what was asked
    DIR/point-1, ...        the store of every initial point

Figure 2(a) has the variances of all points, Figures 2(b) and 3 the losses, errors and gaps of the first.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from empirics.experiments import about_file
from empirics.experiments.mnist.distortion import distorted
from empirics.experiments.mnist.images import Images
from empirics.experiments.mnist.network import HIDDEN, build_model, error, loss
from empirics.models.measuring.measure import measure
from empirics.models.measuring.stored import load_measurement
from theory.exact import as_double, as_index, shown

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

EXPERIMENT = "mnist"


@dataclass(frozen=True)
class Setting:
    """How much is run; the paper's by default (lines 384-398), where figure 3 has 100 runs of one initial point.

    Attributes:
        learning_rate: constant. hidden: units of the hidden layers.
        train: how many training images, the first ones; None for all.
        every: variances, losses and errors are looked at every so many epochs.
        seed: initial points, orders of the images and the distortion descend from it.
    """

    batch_sizes: tuple[int, ...] = (64, 128)
    epochs: int = 1000
    runs: int = 50
    initial_points: int = 5
    seed: int = 0
    learning_rate: float = 3e-3
    hidden: tuple[int, ...] = HIDDEN
    train: int | None = None
    every: int = 1
    variances: bool = True

    def __post_init__(self) -> None:
        for name in ("epochs", "initial_points", "every"):
            as_index(getattr(self, name), name, minimum=1)
        as_index(self.runs, "runs", minimum=2)
        as_index(self.seed, "seed")
        if not as_double(self.learning_rate, "learning_rate") > 0:
            raise ValueError(f"learning_rate must be positive, but was {shown(self.learning_rate)}")
        if not self.hidden:
            raise ValueError("hidden must have one layer at least")
        for i, units in enumerate(self.hidden):
            as_index(units, f"hidden[{i}]", minimum=1)


PAPER = Setting()
PAPER_IMAGES = (60_000, 10_000)  # to train and to validate (line 382)
PAPER_PIXELS = (28, 28)
#: What a page can run on its way: fewer images, units and epochs, with a larger learning rate, so that it goes through the same phases.
REDUCED = Setting(epochs=48, runs=20, learning_rate=0.05, hidden=(128, 64), train=256, every=6)


def measure_point(images: Images, setting: Setting, point: int, **running: Any) -> Dataset:
    """The runs from initial point number `point`, 1, 2, ...: an `empirics.measure` with a validation set and a distorted test set.

    `running` is handed on: store, resume, repair, workers, scheduler, max_hours, budget, device, progress.
    """
    part = images.first(train=setting.train)
    height, width = part.pixels
    labels = torch.from_numpy(part.validation_labels)
    return measure(
        build_model(height * width, setting.seed, point, setting.hidden),
        loss,
        (torch.from_numpy(part.train_images), torch.from_numpy(part.train_labels)),
        optimizer=partial(torch.optim.SGD, lr=setting.learning_rate),
        batch_sizes=setting.batch_sizes,
        runs=setting.runs,
        epochs=setting.epochs,
        seed=1000 * setting.seed + point,
        validation={
            "validation": (torch.from_numpy(part.validation_images), labels),
            "test": (torch.from_numpy(distorted(part.validation_images, setting.seed)), labels),
        },
        error=error,
        every=setting.every,
        estimator="per_example" if setting.variances else "naive",
        **running,
    )


@dataclass(frozen=True, eq=False)
class Results:
    """What was asked, on which images, and the runs of every initial point, 1, 2, ...; `counts`: images trained and validated on.

    Stores of older versions do not tell the counts: None.
    """

    setting: Setting
    images: str
    pixels: tuple[int, int]
    directory: str | None
    points: tuple[Dataset, ...]
    counts: tuple[int, int] | None

    def is_full(self, initial_points: int = PAPER.initial_points) -> bool:
        """Whether the experiment has all that the paper gives of it (lines 381-398), for a figure with that many initial points.

        The same batch sizes, learning rate, units, pixels and numbers of images; as many epochs, runs and initial points at least. Figure
        3 has 100 runs of one initial point in total: 50 at each of two batch sizes. Which images they are, nothing here can tell.
        """
        setting = self.setting
        same = all(getattr(setting, name) == getattr(PAPER, name) for name in ("learning_rate", "hidden"))
        same &= sorted(setting.batch_sizes) == sorted(PAPER.batch_sizes)
        enough = setting.epochs >= PAPER.epochs and setting.runs >= PAPER.runs and setting.initial_points >= initial_points
        return same and enough and self.pixels == PAPER_PIXELS and self.counts == PAPER_IMAGES


def run(images: Images, setting: Setting, store: str | Path | None = None, **running: Any) -> Results:
    """The runs of all initial points, one point after the other; what is stored already is not run again with `resume=True`.

    ValueError, before any work, for a batch size larger than the training set and for a store of something else.
    """
    examples = len(images.first(train=setting.train).train_labels)
    for i, b in enumerate(setting.batch_sizes):
        if as_index(b, f"batch_sizes[{i}]", minimum=1) > examples:
            raise ValueError(f"batch_sizes[{i}] must be at most {examples}, the number of training images, but was {b}")
    if store is not None:
        _open_store(Path(store), images, setting)
    points = []
    for point in range(1, setting.initial_points + 1):
        place = None if store is None else Path(store) / f"point-{point}"
        points.append(measure_point(images, setting, point, store=place, **running))
    return Results(setting, images.name, images.pixels, images.directory, tuple(points), _counts(images, setting))


def stored(directory: Path) -> Results:
    """Results as `run` has stored them. ValueError that names the directory for one that holds none, or not all."""
    about = about_file.read(directory, EXPERIMENT, _about)
    if about is None:
        raise ValueError(f"{directory} must hold results of `batchlaw simulate mnist --store`, but {about_file.NAME} is not there")
    setting = about["setting"]
    points = []
    for point in range(1, setting.initial_points + 1):
        try:
            points.append(load_measurement(directory / f"point-{point}"))
        except (ValueError, OSError) as error:
            raise ValueError(f"{directory} must hold the runs of {setting.initial_points} initial points, but: {error}") from error
    return Results(setting, about["images"], about["pixels"], about["directory"], tuple(points), about["counts"])


def gap_of_runs(data: Dataset) -> DataArray:
    """Accuracy on the training set minus accuracy on the distorted test set, of every run (lines 456-460)."""
    return data.run_test_error - data.run_error


def _open_store(store: Path, images: Images, setting: Setting) -> None:
    """Writes what is asked, unless the store was made for something else; more epochs, runs and points may be asked of it."""
    about_file.read(store, EXPERIMENT, _about)  # one that cannot be read stays as it is
    told = {"images": images.name, "pixels": images.pixels, "directory": images.directory, "counts": _counts(images, setting)}
    grows = ("epochs", "runs", "initial_points", "pixels", "directory", "counts")
    about_file.claim(store, EXPERIMENT, told | {"setting": asdict(setting)}, grows)


def _counts(images: Images, setting: Setting) -> tuple[int, int]:
    part = images.first(train=setting.train)
    return len(part.train_labels), len(part.validation_labels)


def _about(found: dict[str, Any]) -> dict[str, Any]:
    """What a store is for, `setting` as a Setting."""
    setting = found["setting"]
    kept: dict[str, Any] = {field.name: tuple(v) if isinstance(v := setting[field.name], list) else v for field in fields(Setting)}
    (height, width), counts = found["pixels"], found.get("counts")
    told = {"images": str(found["images"]), "pixels": (height, width), "directory": found["directory"]}
    return told | {"counts": counts and tuple(counts), "setting": Setting(**kept)}
