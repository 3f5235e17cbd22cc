"""Random streams: numpy and torch generators that descend from one integer seed through numpy's SeedSequence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

#: The state of torch's Mersenne twister as bytes: what precedes the 624 words, and the words themselves, each in 64 bits.
_HEAD = np.dtype([("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8")])
_WORDS = 624


@dataclass(frozen=True)
class Streams:
    """One generator of each library; `torch` lives on the device where its numbers are needed."""

    numpy: np.random.Generator
    torch: torch.Generator


def streams(seed: int, key: tuple[int, ...], device: torch.device) -> Streams:
    """The streams of one piece of work: children of SeedSequence(seed) under `key`, independent for different keys."""
    for_numpy, for_torch = np.random.SeedSequence(seed, spawn_key=key).spawn(2)
    return Streams(np.random.Generator(np.random.PCG64DXSM(for_numpy)), torch_generator(for_torch, device))


def torch_generator(sequence: np.random.SeedSequence, device: torch.device) -> torch.Generator:
    """A torch generator with all of the sequence's entropy.

    On the CPU torch's `manual_seed` keeps 32 bits only, so that among some ten thousand pieces of work two would be likely to share a
    stream. There the whole state of the Mersenne twister is set, as numpy's own MT19937 sets it. Elsewhere the 64 bits of the key are used.
    """
    generator = torch.Generator(device)
    if device.type != "cpu":
        return generator.manual_seed(int(sequence.generate_state(1, np.uint64)[0]))
    state = generator.get_state().numpy().copy()
    head = state[: _HEAD.itemsize].view(_HEAD)
    head["left"], head["seeded"], head["next"] = 1, 1, 0  # all words used: the next draw makes new ones
    words = np.random.MT19937(sequence).state["state"]["key"]
    state[_HEAD.itemsize : _HEAD.itemsize + 8 * _WORDS] = words.astype("<u8").view(np.uint8)
    generator.set_state(torch.from_numpy(state))
    return generator
