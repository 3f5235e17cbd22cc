"""The IDX format of MNIST and its relatives: a header, then unsigned bytes; gzipped or not, whatever the file is called.

    00 00 08 n | n sizes, 4 bytes each, big-endian | as many bytes as the product of the sizes

Source: Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits. A file that is anything else is named, with what it is.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from contextlib import nullcontext
from pathlib import Path
from typing import Protocol

import numpy as np

UNSIGNED_BYTE = 8
MOST_BYTES = 1 << 31
KINDS = {1: "labels", 3: "images"}


class Readable(Protocol):
    """A file of bytes, unzipped on the way or not."""

    def read(self, count: int, /) -> bytes: ...


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The array of an IDX file, uint8: (N,) for 1 dimension, labels, and (N, height, width) for 3, images.

    ValueError that names the file for what is no such file: another format or number of dimensions, a damaged gzip file, fewer bytes than
    the header says, or more. Cost: reads the file once, and no more of it than the header announces.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with path.open("rb") as raw, gzip.open(raw) if zipped else nullcontext(raw) as file:
            return _read(file, path, dimensions)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file, but is damaged or truncated: {error}") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror or error}") from None


def _read(file: Readable, path: Path, dimensions: int) -> np.ndarray:
    kind = KINDS[dimensions]
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] != UNSIGNED_BYTE:
        raise ValueError(f"{path} must be an IDX file of bytes, which starts with 00 00 08, but starts with {magic.hex(' ') or 'nothing'}")
    if magic[3] != dimensions:
        held = KINDS.get(magic[3], "neither labels nor images")
        raise ValueError(f"{path} must hold {kind}, {dimensions}-dimensional, but its header says {magic[3]} dimensions: {held}")
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise ValueError(f"{path} must have a header of {4 + 4 * dimensions} bytes, but ends after {4 + len(header)}")
    sizes = struct.unpack(f">{dimensions}I", header)
    count = math.prod(sizes)
    if not 0 < count <= MOST_BYTES:
        raise ValueError(f"{path} must hold between 1 and 2^31 bytes of {kind}, but its header says {' x '.join(map(str, sizes))}")
    data = file.read(count + 1)
    if len(data) != count:
        found = f"{len(data):,}: it is truncated" if len(data) < count else "more"
        said = f"{' x '.join(map(str, sizes))} = {count:,}"
        raise ValueError(f"{path} must hold the bytes of {kind} that its header says, {said}, but holds {found}")
    return np.frombuffer(data, dtype=np.uint8).reshape(sizes)
