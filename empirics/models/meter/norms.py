"""Norms of gradients on their devices, and their way to the host."""

from __future__ import annotations

from collections.abc import Sequence

import torch

#: Of the sums of squares in single precision; fewer rows are summed in doubles at once.
ROW, FEW_ROWS = 1024, 16


def norm(gradient: torch.Tensor) -> torch.Tensor:
    """Of all entries, on the device, with a relative error of about 1e-8, or 1e-7 in half precision.

    torch sums single precision in single precision: wrong by 1e-5 for a million entries, as much as the noise may be. Norms of short rows
    first, then of these in doubles, are as fast, and take half precision too.
    """
    if gradient.is_sparse:
        gradient = gradient.coalesce().values()
    precise = torch.float32 if gradient.device.type == "mps" else torch.float64
    rows = gradient.numel() // ROW
    if rows < FEW_ROWS or gradient.dtype == torch.float64 or not gradient.is_contiguous():
        return torch.linalg.vector_norm(gradient, dtype=precise)
    flat = gradient.view(-1)
    of_rows = torch.linalg.vector_norm(flat[: rows * ROW].view(rows, ROW), dim=1, dtype=torch.float32)
    of_all = torch.linalg.vector_norm(of_rows, dtype=precise)
    if rows * ROW == flat.numel():
        return of_all
    return torch.hypot(of_all, torch.linalg.vector_norm(flat[rows * ROW :], dtype=precise))


def to_host(numbers: Sequence[torch.Tensor | bool]) -> list[float]:
    """Tensors of one number each as doubles; one transfer for each device and type."""
    found = [0.0] * len(numbers)
    groups: dict[tuple[torch.device, torch.dtype], list[tuple[int, torch.Tensor]]] = {}
    for place, number in enumerate(numbers):
        if isinstance(number, bool) or number.is_cpu:
            found[place] = float(number)
        else:
            groups.setdefault((number.device, number.dtype), []).append((place, number))
    for group in groups.values():
        for (place, _), x in zip(group, torch.stack([number for _, number in group]).tolist(), strict=True):
            found[place] = float(x)
    return found
