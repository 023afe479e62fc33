"""What was hit hardest: the pictures that devices spoil most, beside the reference's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.report.distances import Maps, maps_of
from audit.report.rows import Metric
from audit.report.thumbnail import data_uri, thumbnail, veil_uri
from audit.sketch import Sketch
from audit.spoiled import Spoiled

SIDE = 240
"""px of the longer side of a picture, at most."""
ANSWER = 160
"""Characters of an answer that are shown."""
SHARE = Metric("share", "Share", "%", 100, 1)
RIGHT_OR_WRONG = frozenset(["classification", "retrieval"])
"""Tasks whose score of a sample is a hit or a miss."""


@dataclass(frozen=True)
class Side:
    """One of both pictures."""

    uri: str
    small: bool
    """Whether it is to be enlarged pixel by pixel."""
    answer: str
    worth: str
    """``right``, ``F1 at IoU 0.5: 57.1%``, ``agreement 12.0%``; empty: nothing to say."""
    sketch: Sketch | None = None
    """Drawn over the picture: where the answer says that something is."""
    veil: str = ""
    """Address of the sketch's masks."""


@dataclass(frozen=True)
class Hit:
    """A scene on the reference, and through the device that spoils it most."""

    sample: str
    profile: str
    reference: Side
    device: Side
    truth: Sketch | None = None
    """Drawn over both."""
    maps: Maps | None = None
    """Of answers that are a number for every pixel."""


def hardest(results: Mapping[str, Any], spoiled: Sequence[Spoiled]) -> list[Hit]:
    """Of ``results["most_changed"]`` in its order; empty where there are no pictures of them.

    ValueError: another number of pictures.
    """
    if not spoiled:
        return []
    task = results["task"]
    return [
        Hit(
            sample=one["sample"],
            profile=one["profile"],
            reference=_side(
                pictures.reference,
                one["reference_answer"],
                _worth(one["reference_score"], None, task),
                pictures.reference_sketch,
            ),
            device=_side(
                pictures.picture, one["answer"], _worth(one["score"], one["agreement"], task), pictures.sketch
            ),
            truth=pictures.truth,
            maps=maps_of(pictures.reference_sketch, pictures.sketch, pictures.truth, SIDE),
        )
        for one, pictures in zip(results["most_changed"], spoiled, strict=True)
    ]


def _side(picture: NDArray[np.uint8], answer: str, worth: str, sketch: Sketch | None) -> Side:
    veil = "" if sketch is None or sketch.veil is None else veil_uri(sketch.veil, SIDE)
    small = max(picture.shape[:2]) < SIDE / 2
    return Side(data_uri(thumbnail(picture, SIDE)), small, _short(answer), worth, sketch, veil)


def _worth(score: float | None, agreement: float | None, task: Mapping[str, Any]) -> str:
    if score is not None:
        if task["key"] in RIGHT_OR_WRONG:
            return "right" if score else "wrong"
        return f"{task['score']}: {SHARE.with_unit(score)}"
    if agreement is None:
        return ""
    if task["key"] == "classification":
        return "the same answer" if agreement else "another answer"
    return f"agreement {SHARE.with_unit(agreement)}"


def _short(answer: str) -> str:
    return answer if len(answer) <= ANSWER else answer[:ANSWER] + " …"
