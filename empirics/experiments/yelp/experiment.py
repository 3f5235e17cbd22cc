"""The runs behind Figure 4: many runs from the same weights at two batch sizes, and where they are stored.

DIR/experiment.json     what was asked
DIR/runs                the store of the runs
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from empirics.experiments import about_file
from empirics.experiments.yelp import network, training
from empirics.experiments.yelp.corpora import corpus
from empirics.experiments.yelp.reviews import TRAINING, VALIDATION, Reviews
from empirics.experiments.yelp.tokenization import encode, train_tokenizer
from empirics.models.measuring.measure import measure
from empirics.models.measuring.stored import load_measurement
from theory.exact import as_choice, as_double, as_index, shown

if TYPE_CHECKING:
    from xarray import Dataset

EXPERIMENT = "yelp"


@dataclass(frozen=True)
class Setting:
    """How much is run; the paper's by default (lines 401-419).

    Attributes:
        size: "full" or "tiny", of the network and its inputs.
        clip: "global", "matrix" or "none".
        training, validation: numbers of reviews.
        seed: initial weights, the choice of reviews, their orders and dropout masks descend from it.
    """

    size: str = "full"
    batch_sizes: tuple[int, ...] = (32, 64)
    epochs: int = 20
    runs: int = 100
    seed: int = 0
    learning_rate: float = training.LEARNING_RATE
    weight_decay: float = training.WEIGHT_DECAY
    clip: str = "global"
    training: int = TRAINING
    validation: int = VALIDATION

    def __post_init__(self) -> None:
        as_choice(self.size, "size", network.SIZES)
        training.clip_named(self.clip)
        for name in ("epochs", "training", "validation"):
            as_index(getattr(self, name), name, minimum=1)
        as_index(self.runs, "runs", minimum=2)
        as_index(self.seed, "seed")
        for i, b in enumerate(self.batch_sizes):
            if as_index(b, f"batch_sizes[{i}]", minimum=1) > self.training:
                raise ValueError(f"batch_sizes[{i}] must be at most {self.training}, the number of training reviews, but was {b}")
        if not as_double(self.learning_rate, "learning_rate") > 0:
            raise ValueError(f"learning_rate must be positive, but was {shown(self.learning_rate)}")
        if not as_double(self.weight_decay, "weight_decay") >= 0:
            raise ValueError(f"weight_decay must not be negative, but was {shown(self.weight_decay)}")


PAPER = Setting()
#: What a page can run on its way: a tiny network and few reviews, with a larger rate, so that it learns within seconds.
REDUCED = Setting(size="tiny", epochs=6, runs=12, learning_rate=5e-3, training=512, validation=128)


@dataclass(frozen=True, eq=False)
class Results:
    """What was asked, what the reviews are, how many pieces their tokenizer has, and the runs."""

    setting: Setting
    source: str
    pieces: int
    data: str | None
    runs: Dataset

    @property
    def is_full(self) -> bool:
        """Whether the experiment has all that the paper gives of it (lines 401-419), and as many runs at least.

        The epochs are the paper's exactly, since the learning rate falls along all of them. It does not say the weight decay, nor whether
        matrices are clipped together. What the reviews are, nothing here can tell.
        """
        setting = self.setting
        same = all(getattr(setting, name) == getattr(PAPER, name) for name in ("size", "epochs", "learning_rate", "training", "validation"))
        same &= sorted(setting.batch_sizes) == sorted(PAPER.batch_sizes) and setting.clip != "none"
        return same and setting.runs >= PAPER.runs


def run(setting: Setting, data: str | Path | None = None, store: str | Path | None = None, **running: Any) -> Results:
    """The runs, on the reviews that `corpus` finds under `data`; what is stored already is not run again with `resume=True`.

    The variance is that over runs, as the paper has it: of the gradients that the training itself computes, before they are clipped, over
    every step of an epoch of the largest batch size and as many steps of the others. `running` is handed to `empirics.measure`: resume,
    repair, workers, scheduler, max_hours, budget, device, progress. ValueError, before any work, for data that are at fault and for a
    store of something else.
    """
    trained, validated = corpus(data, training=setting.training, validation=setting.validation, seed=setting.seed)
    size = network.SIZES[setting.size]
    tokenizer = train_tokenizer(trained.texts, size.pieces)
    place: Path | None = None
    about: dict[str, Any] = {"data": None if data is None else str(data), "source": trained.source, "pieces": tokenizer.get_vocab_size()}
    if store is not None:
        about_file.claim(Path(store), EXPERIMENT, asdict(setting) | about, ("runs", "data"))
        place = Path(store) / "runs"

    def encoded(reviews: Reviews) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        return encode(tokenizer, reviews.texts, size.length), torch.tensor(reviews.labels)

    runs = measure(
        network.build_model(setting.size, seed=setting.seed),
        network.loss,
        encoded(trained),
        optimizer=partial(training.adamw, learning_rate=setting.learning_rate, weight_decay=setting.weight_decay),
        schedule=training.schedule,
        clip=training.clip_named(setting.clip),
        batch_sizes=setting.batch_sizes,
        runs=setting.runs,
        epochs=setting.epochs,
        seed=setting.seed,
        validation=encoded(validated),
        error=network.error,
        estimator="naive",
        looks_per_epoch=setting.training // max(setting.batch_sizes),
        store=place,
        **running,
    )
    return Results(setting, runs=runs, **about)


def stored(directory: Path) -> Results:
    """Results as `run` has stored them. ValueError that names the directory for one that holds none."""
    about = about_file.read(directory, EXPERIMENT, dict)
    if about is None:
        raise ValueError(f"{directory} must hold results of `batchlaw simulate yelp --store`, but {about_file.NAME} is not there")
    try:
        kept = {each.name: about.pop(each.name) for each in fields(Setting)}
        setting = Setting(**kept | {"batch_sizes": tuple(kept["batch_sizes"])})
        return Results(setting, runs=load_measurement(directory / "runs"), **about)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ValueError(f"{directory} must hold results of `batchlaw simulate yelp --store`, but: {error}") from error
