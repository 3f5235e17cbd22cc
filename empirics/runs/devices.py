"""Which devices there are."""

from __future__ import annotations

import torch


def available(device: str) -> str:
    """The device of a checked name, "auto" chosen: a GPU when there is one. ValueError for one that is not there."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = device.partition(":")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device must be present, but was {device!r}, and torch finds {torch.cuda.device_count()} CUDA devices here")
    return device
