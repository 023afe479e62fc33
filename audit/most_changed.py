"""Which pictures the cameras spoil most: for each sample the profile that hurts it most, and the worst such pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.columns import Pair

SHOWN = 12


@dataclass(frozen=True)
class Changed:
    """A sample through one profile."""

    sample: str
    profile: str
    harm: float
    """Loss there minus loss under the reference, in [-1, 1]."""
    score: float | None
    """None without labels, as is the next."""
    reference_score: float | None
    agreement: float
    flip: bool

    @property
    def rank(self) -> tuple[float, float]:
        """What is lost of the score, or without labels of the agreement; of equal answers the loss decides."""
        if self.score is None or self.reference_score is None:
            return 1 - self.agreement, self.harm
        return self.reference_score - self.score, self.harm

    def to_json(self) -> dict[str, Any]:
        """JSON-able, as in results.json."""
        return {
            "sample": self.sample,
            "profile": self.profile,
            "harm": self.harm,
            "score": self.score,
            "reference_score": self.reference_score,
            "agreement": self.agreement,
            "flip": self.flip,
        }


class MostChanged:
    """Collects, profile by profile, what each of them does worst; keeps one pair a sample."""

    def __init__(self) -> None:
        self._worst: dict[str, Changed] = {}

    def add(self, profile: str, found: Pair) -> None:
        """Look at the samples of one profile."""
        own, reference = found.own, found.reference
        harm, lost = own["loss"] - reference["loss"], reference["score"] - own["score"]
        lost = np.where(np.isnan(lost), 1 - own["agreement"], lost)
        # Enough of each profile that the worst samples over all profiles are among them.
        for place in np.lexsort((-harm, -lost))[:SHOWN]:
            one = _changed(profile, int(place), float(harm[place]), found)
            known = self._worst.get(one.sample)
            if one.rank > (0, 0) and (known is None or one.rank > known.rank):
                self._worst[one.sample] = one

    def worst(self) -> list[Changed]:
        """The worst pairs, each sample once; those equally bad in the order of their names."""
        return sorted(self._worst.values(), key=lambda one: (-one.rank[0], -one.rank[1], one.sample))[:SHOWN]


def _changed(profile: str, place: int, harm: float, found: Pair) -> Changed:
    def number(columns: Mapping[str, Any], key: str) -> float | None:
        value = columns[key][place]
        return None if value != value else float(value)

    return Changed(
        sample=found.ids[place].as_py(),
        profile=profile,
        harm=harm,
        score=number(found.own, "score"),
        reference_score=number(found.reference, "score"),
        agreement=float(found.own["agreement"][place]),
        flip=bool(found.own["flip"][place]),
    )
