"""Two disjoint halves of the samples: worst cases are searched on one and judged on the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

from audit.data.dataset import Sample, Takes
from audit.data.dataset import take as take_places

Split = Literal["all", "search", "held-out"]
"""Which samples an audit uses."""


def take(samples: Sequence[Sample], split: Split, seed: int) -> Sequence[Sample]:
    """The samples of one half, in their order; every class is halved as evenly as it can be.

    Samples of one cluster resemble each other, so they stay in one half together. Depends on the ids, clusters,
    classes and the seed alone, so a found case can be replayed on the half that judged it.
    """
    if split == "all":
        return samples if isinstance(samples, Takes) else tuple(samples)
    units: dict[bytes, str] = {}
    unit_of: list[bytes] = []
    for sample in samples:
        unit = _unit(sample, seed)
        units.setdefault(unit, sample.target or "")
        unit_of.append(unit)
    search = set(sorted(units, key=lambda unit: (units[unit], unit))[::2])
    return take_places(
        samples, [place for place, unit in enumerate(unit_of) if (unit in search) == (split == "search")]
    )


def _unit(sample: Sample, seed: int) -> bytes:
    """What is drawn into a half: the sample, or its cluster."""
    text = f"{seed}|{sample.id}" if sample.cluster is None else f"{seed}||{sample.cluster}"
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
