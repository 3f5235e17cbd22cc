"""Labelled reviews: read from a CSV file in the form of the Yelp polarity data, checked line by line, and split into two sets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from theory.exact import as_index, shown

LABELS = {"1": 0, "2": 1}  # of the files: 1 is negative, 2 positive
TRAINING, VALIDATION = 10_000, 1_000  # reviews, as in the paper (lines 401-402)


@dataclass(frozen=True)
class Reviews:
    """Texts with their labels, 0 (negative) or 1 (positive), and where they are from, in words."""

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    source: str

    def __len__(self) -> int:
        return len(self.texts)

    def chosen(self, places: np.ndarray) -> Reviews:
        """The reviews at these places, in their order."""
        return Reviews(tuple(self.texts[i] for i in places), tuple(self.labels[i] for i in places), self.source)


def read_polarity(path: Path) -> Reviews:
    """The reviews of a CSV file without a header, (label, text) in every record; of a directory, those of its train.csv.

    Texts are in quotes, with a quote in them doubled and a line break written as backslash and n. Raises ValueError, with the line on which
    the record begins, for a number of fields other than two, a label other than 1 (negative) and 2 (positive), an empty text, and quotes
    that do not close; ValueError naming the file where it is not there, no UTF-8 text, empty, or lacks one of the labels.
    """
    file = path / "train.csv" if path.is_dir() else path
    texts, labels = [], []
    for line, record in _records(file):
        where = f"data {str(file)!r}, line {line}"
        if len(record) != 2:
            raise ValueError(f"{where} must have two fields, a label and a text, but has {len(record)}")
        written, text = record[0].strip(), " ".join(record[1].replace("\\n", " ").split())
        if written not in LABELS:
            raise ValueError(f"{where} must have the label 1 (negative) or 2 (positive), but has {shown(written)}")
        if not text:
            raise ValueError(f"{where} must have a text, but it is empty")
        texts.append(text)
        labels.append(LABELS[written])
    for written, label in LABELS.items():
        if label not in labels:
            raise ValueError(f"data {str(file)!r} must have reviews with both labels, but has none with {written}")
    return Reviews(tuple(texts), tuple(labels), f"{len(texts):,} reviews of {file.name}")


def split(reviews: Reviews, training: int = TRAINING, validation: int = VALIDATION, seed: int = 0) -> tuple[Reviews, Reviews]:
    """Two disjoint sets of these sizes, drawn without replacement. ValueError where there are not enough reviews."""
    training, validation = as_index(training, "training", minimum=1), as_index(validation, "validation", minimum=1)
    if training + validation > len(reviews):
        raise ValueError(
            f"training + validation must be at most the number of reviews, {len(reviews):,}, but were {training:,} + {validation:,}"
        )
    order = np.random.Generator(np.random.PCG64DXSM(as_index(seed, "seed"))).permutation(len(reviews))
    return reviews.chosen(order[:training]), reviews.chosen(order[training : training + validation])


def _records(file: Path) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, fields) of every record."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader, begins = csv.reader(lines, strict=True), 1
            try:
                for record in reader:
                    yield begins, record
                    begins = reader.line_num + 1
            except csv.Error as error:
                raise ValueError(f"data {str(file)!r}, line {begins} must be a record of CSV, but is none: {error}") from None
    except OSError as error:
        raise ValueError(f"data must be a CSV file, or a directory with train.csv, but {str(file)!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"data {str(file)!r} must be UTF-8 text, but is not") from None
