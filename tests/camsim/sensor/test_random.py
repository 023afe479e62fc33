"""Keys of random numbers."""

from __future__ import annotations

import itertools

import torch

from camsim.sensor import SampleId, noise_key, noise_keys


def test_every_part_of_the_key_matters() -> None:
    seeds = (0, 1, -1, 2**40)
    samples: tuple[SampleId, ...] = (0, 1, "0", "a", "a|shot", "")
    keys = [noise_key(*key) for key in itertools.product(seeds, samples, ("shot", "read"))]
    assert len(set(keys)) == len(keys)


def test_the_key_is_fixed_for_good() -> None:
    """A new release must give old runs' noise again."""
    assert noise_key(0, 0, "shot") == 4843289910265821905
    assert noise_key(7, "bird.png", "read") == 11996974432753365922


def test_the_keys_of_a_batch_hold_the_same_bits() -> None:
    samples: list[SampleId] = list(range(64))
    keys = noise_keys(5, samples)
    assert keys.dtype == torch.int64
    assert (keys < 0).any()
    assert [key % 2**64 for key in keys.tolist()] == [noise_key(5, sample, "pixel") for sample in samples]
