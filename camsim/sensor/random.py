"""Keys of random numbers, so that noise depends on nothing but the seed, the sample, the effect and the pixel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

SampleId = str | int
"""Names a sample wherever and whenever it is processed."""


def noise_key(seed: int, sample: SampleId, draw: str) -> int:
    """The 64-bit key of one draw on one sample; independent of batch, order, worker and resume."""
    key = f"{seed}|{'str' if isinstance(sample, str) else 'int'}|{sample}|{draw}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")


def noise_keys(seed: int, samples: Sequence[SampleId], draw: str = "pixel") -> Tensor:
    """The keys of a batch: (B,) int64 on the CPU, the bits of the uint64.

    A pixel has one word for shot, one for read noise.
    """
    keys = [noise_key(seed, sample, draw) for sample in samples]
    return torch.tensor([key - (key >> 63 << 64) for key in keys], dtype=torch.int64, device="cpu")


def draw_name(effect: str, number: int) -> str:
    """Names the random numbers of an effect in a photodiode or reading; the first has those of a sensor with one."""
    return f"{effect} {number}" if number else effect


def reading_name(number: int) -> str:
    """Names the random numbers of a reading's own noise: the first one's are those of its pixel."""
    return draw_name("read" if number else "pixel", number)
