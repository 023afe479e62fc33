"""Three disjoint parts of the samples: a camera is tuned on one, chosen on the second, and judged on the third."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from audit.data import Sample
from camsim.errors import NoDataError

MIN_SAMPLES = 20
"""So that 8 are tuned on, 4 choose and 8 judge; far more are needed for an interval that says something."""

_DEALT = ("train", "held-out", "train", "validation", "held-out")


@dataclass(frozen=True)
class Parts:
    """Samples in their order; 40, 20 and 40 % of them, and of each class as nearly as can be."""

    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    held_out: tuple[Sample, ...]


def three_parts(samples: Sequence[Sample], seed: int) -> Parts:
    """Deal the samples out. Depends on the ids, classes and the seed alone, as `audit.split.take`.

    Raises:
        NoDataError: fewer than `MIN_SAMPLES`.
    """
    if len(samples) < MIN_SAMPLES:
        raise NoDataError(
            f"tuning a camera needs at least {MIN_SAMPLES} samples (40 % to tune on, 20 % to choose by, 40 % to judge "
            f"by), got {len(samples)}"
        )

    def key(sample: Sample) -> tuple[str, bytes]:
        return sample.target or "", hashlib.blake2b(f"{seed}|{sample.id}".encode(), digest_size=8).digest()

    part = {sample.id: _DEALT[place % len(_DEALT)] for place, sample in enumerate(sorted(samples, key=key))}
    train, validation, held_out = (
        tuple(sample for sample in samples if part[sample.id] == name) for name in ("train", "validation", "held-out")
    )
    return Parts(train, validation, held_out)
