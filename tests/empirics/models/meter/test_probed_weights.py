"""Weights that have moved are told, however they were moved; weights that have not are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from empirics.models.meter.probed_weights import ProbedWeights

W = torch.arange(48.0).reshape(2, 3, 2, 4)
KINDS: dict[str, Callable[[], torch.Tensor]] = {
    "plain": lambda: W.clone(),
    "channels last": lambda: W.clone().to(memory_format=torch.channels_last),
    "transposed": lambda: W[0, 0].clone().T,
    "one number": lambda: torch.tensor(1.0),
    "empty": lambda: torch.empty(0, 3),
    "half": lambda: W.half(),
    "complex": lambda: W.to(torch.complex64),
}


def _add(p: nn.Parameter) -> None:
    with torch.no_grad():
        p.add_(1)


def _replace(p: nn.Parameter) -> None:
    p.data = p.data + 1


def _through_data(p: nn.Parameter) -> None:
    p.data.add_(1)


def _told(probe: ProbedWeights) -> bool:
    return any(bool(x) for x in probe.moved())


@pytest.mark.parametrize("move", [_add, _replace, _through_data])
@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_move_are_told(kind: str, move: Callable[[nn.Parameter], None]) -> None:
    moving, other = nn.Parameter(KINDS[kind]()), nn.Parameter(torch.ones(3))
    probe = ProbedWeights([other, moving])
    assert probe.moved() == []
    for _ in range(3):  # what was read once is read again
        probe.keep()
        assert not _told(probe)
        moving.data = moving.data.clone()  # elsewhere, and the same
        assert not _told(probe)
        move(moving)
        assert _told(probe) == (moving.numel() > 0)
        probe.forget()
        assert probe.moved() == []


def test_the_first_reading_counts() -> None:
    p = nn.Parameter(torch.ones(100))
    probe = ProbedWeights([p])
    probe.keep()
    _add(p)
    probe.keep()
    assert _told(probe)


def test_weights_of_another_type_are_others() -> None:
    p, q = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
    probe = ProbedWeights([p, q])
    probe.keep()
    q.data = q.data.half()
    assert _told(probe)
