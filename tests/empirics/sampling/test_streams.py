"""Streams: the whole state of the Mersenne twister is set, and different pieces of work never share numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from empirics.sampling.streams import streams, torch_generator

CPU = torch.device("cpu")


def words(generator, count=2000):
    """The 24 bits of each output that a uniform float32 shows."""
    return (torch.rand(count, generator=generator, dtype=torch.float32) * 2**24).to(torch.int64).numpy()


@pytest.mark.parametrize("seed", [0, 1, 2**32 + 7, 2**100 + 1])
def test_torch_draws_what_numpys_mersenne_twister_draws(seed):
    sequence = np.random.SeedSequence(seed, spawn_key=(4, 2))
    twister = np.random.MT19937(np.random.SeedSequence(seed, spawn_key=(4, 2)))
    last_word_of_the_state = twister.state["state"]["pos"] == 623  # numpy shows one word more before it makes new ones
    raw = twister.random_raw(2001)[int(last_word_of_the_state) :][:2000]
    assert (words(torch_generator(sequence, CPU)) == raw.astype(np.int64) % 2**24).all()


def test_the_same_key_gives_the_same_numbers():
    one, two = (streams(7, (4, 0), CPU) for _ in range(2))
    assert (one.numpy.bytes(64), words(one.torch).tolist()) == (two.numpy.bytes(64), words(two.torch).tolist())


def test_different_keys_and_seeds_give_different_numbers():
    places = [(seed, (b, i)) for seed in (0, 1, 2**32) for b in (1, 2, 16) for i in range(40)]
    made = [streams(seed, key, CPU) for seed, key in places]
    assert len({tuple(words(s.torch, 8)) for s in made}) == len(places)
    assert len({s.numpy.bytes(32) for s in made}) == len(places)


def test_seeds_that_agree_in_32_bits_give_different_numbers():
    """What torch's manual_seed would not see."""
    assert not (words(streams(1, (), CPU).torch) == words(streams(1 + 2**32, (), CPU).torch)).all()


def test_a_generator_can_be_cloned_in_mid_stream():
    """Half a normal may wait in the state, so it is part of it."""
    generator = streams(3, (1, 1), CPU).torch
    torch.empty(7).normal_(generator=generator)
    copy = torch.Generator(CPU)
    copy.set_state(generator.get_state())
    draws = [torch.empty(50, dtype=torch.float64).normal_(generator=g) for g in (generator, copy)]
    assert torch.equal(*draws)


def test_streams_are_far_from_each_other():
    """Correlations between the streams of neighbouring shards, at most 4.5 standard errors of 190 pairs."""
    draws = np.stack([torch.empty(20_000, dtype=torch.float64).normal_(generator=streams(0, (2, i), CPU).torch).numpy() for i in range(20)])
    correlations = np.corrcoef(draws)[np.triu_indices(20, 1)]
    assert np.isfinite(correlations).all() and np.abs(correlations).max() < 4.5 / np.sqrt(20_000)
