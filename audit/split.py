"""Two disjoint halves of the samples: worst cases are searched on one and judged on the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from audit.data import Sample

Split = Literal["all", "search", "held-out"]
"""Which samples an audit uses."""


def take(samples: Sequence[Sample], split: Split, seed: int) -> tuple[Sample, ...]:
    """The samples of one half, in their order; every class is halved as evenly as it can be.

    Depends on the ids, classes and the seed alone, so a found case can be replayed on the half that judged it.
    """
    if split == "all":
        return tuple(samples)

    def key(sample: Sample) -> tuple[str, bytes]:
        return sample.target or "", hashlib.blake2b(f"{seed}|{sample.id}".encode(), digest_size=8).digest()

    search = {sample.id for sample in sorted(samples, key=key)[::2]}
    return tuple(sample for sample in samples if (sample.id in search) == (split == "search"))
