"""Random numbers keyed per sample, so that noise depends on nothing but the seed, the sample and the effect."""

from __future__ import annotations

import hashlib

import torch

SampleId = str | int
"""Names a sample wherever and whenever it is processed."""


def keyed_generator(seed: int, sample: SampleId, draw: str) -> torch.Generator:
    """A CPU generator for one effect (``draw``) on one sample; independent of batch, order, worker and resume."""
    key = f"{seed}|{'str' if isinstance(sample, str) else 'int'}|{sample}|{draw}".encode()
    number = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little")
    return torch.Generator().manual_seed(number)
