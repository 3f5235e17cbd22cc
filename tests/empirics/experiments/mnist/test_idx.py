"""IDX files: read back as they were written, and every fault named."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
from empirics.experiments.mnist.idx import read_idx

ARRAY = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    """The bytes of an IDX file."""
    return bytes((0, 0, kind, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def written(directory: Path, data: bytes, name: str = "file") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("array", [ARRAY, ARRAY.ravel()])
def test_what_is_written_is_read(tmp_path: Path, pack, array: np.ndarray) -> None:
    read = read_idx(written(tmp_path, pack(idx(array))), array.ndim)
    assert read.dtype == np.uint8 and np.array_equal(read, array)


WHOLE = idx(ARRAY)
FAULTS = {
    "empty": (b"", "starts with nothing"),
    "a web page": (b"<!DOCTYPE html>", "starts with 3c 21 44 4f"),
    "floats": (idx(ARRAY, kind=0x0D), "starts with 00 00 0d 03"),
    "labels": (idx(ARRAY.ravel()), "must hold images, 3-dimensional, but its header says 1 dimensions: labels"),
    "something else": (idx(ARRAY.reshape(2, 12)), "2 dimensions: neither labels nor images"),
    "half a header": (WHOLE[:9], "must have a header of 16 bytes, but ends after 9"),
    "truncated": (WHOLE[:-1], r"bytes of images that its header says, 2 x 3 x 4 = 24, but holds 23: it is truncated"),
    "too long": (WHOLE + b"\0", "2 x 3 x 4 = 24, but holds more"),
    "nothing within": (WHOLE[:4] + bytes(12), "its header says 0 x 0 x 0"),
    "astronomical": (WHOLE[:4] + b"\xff" * 12, "between 1 and 2\\^31 bytes of images"),
    "half a gzip file": (gzip.compress(bytes(WHOLE * 9))[:40], "must be a whole gzip file"),
    "a changed gzip file": (gzip.compress(WHOLE)[:-8] + bytes(8), "damaged or truncated"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named_with_the_file(tmp_path: Path, fault: str) -> None:
    data, message = FAULTS[fault]
    path = written(tmp_path, data)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)


def test_images_where_labels_are_meant(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must hold labels, 1-dimensional, but its header says 3 dimensions: images"):
        read_idx(written(tmp_path, WHOLE), 1)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_idx(tmp_path / "nowhere", 3)
