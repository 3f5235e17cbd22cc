"""Whether weights have moved: a few entries of every parameter, read as they are at one time and compared with what they are later."""

from __future__ import annotations

from collections.abc import Sequence

import torch

#: Entries of a parameter that are read.
PROBED = 8


class ProbedWeights:
    """Entries of these parameters; an optimizer moves them as it moves all others. All of one device and type are read together."""

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self._kept: list[torch.Tensor] | None = None
        self._places: list[tuple[int, torch.device, torch.dtype]] = []
        self._views: list[list[torch.Tensor]] = []

    def keep(self) -> None:
        """As they are now, if none have been kept since `forget`."""
        if self._kept is None:
            self._kept = self._read()

    def forget(self) -> None:
        """What was kept."""
        self._kept = None

    def moved(self) -> list[torch.Tensor]:
        """Whether they are no longer what was kept, a tensor of one truth value for each device and type; none where nothing was kept."""
        if self._kept is None:
            return []
        now = self._read()
        if len(now) != len(self._kept):  # some are on another device, or of another type
            return [torch.tensor(True)]
        return [(before != after.to(before.device)).any() for before, after in zip(self._kept, now, strict=True)]

    def _read(self) -> list[torch.Tensor]:
        places = [(p.data_ptr(), p.device, p.dtype) for p in self._parameters]
        if places != self._places or not all(p.is_contiguous() for p in self._parameters):
            groups: dict[tuple[torch.device, torch.dtype], list[torch.Tensor]] = {}
            for p in self._parameters:
                entries = p.detach().reshape(-1)[:: max(1, p.numel() // PROBED)]
                groups.setdefault((p.device, p.dtype), []).append(entries)
            self._places, self._views = places, list(groups.values())
        return [torch.cat(views) for views in self._views]
