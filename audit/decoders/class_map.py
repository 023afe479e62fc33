"""Semantic segmentation: scores of every class, or a class, for each cell of a grid over the model's input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from audit.decoders.decoder import Decoder
from audit.decoders.label_chances import Threshold
from audit.decoders.reading import chances, check_distributions, check_logits, pick, shape_error
from audit.decoders.resample import nearest_to_picture, seen, to_picture
from audit.frame import Frame
from audit.predictions import PixelClasses
from camsim.errors import CamsimError

MAX_CLASSES = 1000
"""More channels than this are taken for a wrong ``channels``: a picture's side rather than classes."""


class ClassMapDecoder(Decoder):
    """Scores (C, h, w) or (h, w, C), a single channel (h, w) of the second of two classes, or class indices (h, w).

    Scores are brought to the picture's pixels bilinearly, and then the best class is taken (a tie goes to the first);
    indices are brought there by the nearest cell. Pixels that a crop kept from the model get -1.
    """

    task: ClassVar[str] = "segmentation"

    kind: Literal["class_map"] = "class_map"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    holds: Literal["logits", "probabilities", "indices"] | None = None
    """What the output holds; None: logits. Over several channels they pass a softmax, a single one a sigmoid."""
    channels: Literal["first", "last"] = "first"
    """Where the classes stand: *first* is (C, h, w), *last* (h, w, C)."""
    threshold: Threshold = 0.5
    """Of a single channel: the second class is taken where its probability is at least this."""

    def assumed(self) -> tuple[str, ...]:
        return () if self.holds else ("output holds logits",)

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> PixelClasses:
        name, values = pick(outputs, self.output)
        if self.holds == "indices":
            return _only_seen(_indices(name, values, frame), float("nan"), frame)
        maps = self._maps(name, values)
        if len(maps) == 1:
            return _foreground(chances(name, maps, self.holds or "logits"), frame, self.threshold)
        check_distributions(name, maps, self.holds, axis=0)
        return _best(maps, frame, logits=self.holds != "probabilities")

    def check_assumed(self, tried: Iterable[Mapping[str, NDArray[Any]]]) -> None:
        if self.holds is None:
            picked = (pick(outputs, self.output) for outputs in tried)
            check_logits(takewhile(lambda one: len(self._maps(*one)) == 1, picked))

    def count(self, outputs: Mapping[str, NDArray[Any]]) -> int | None:
        """How many classes these outputs tell apart; None: class indices do not show it."""
        name, values = pick(outputs, self.output)
        return None if self.holds == "indices" else max(2, len(self._maps(name, values)))

    def _maps(self, name: str, values: NDArray[Any]) -> NDArray[np.floating[Any]]:
        maps = values[None] if values.ndim == 2 else values
        if maps.ndim != 3 or maps.size == 0:
            raise shape_error(name, values, "scores (C, h, w), (h, w, C) or (h, w)")
        if self.channels == "last" and values.ndim == 3:
            maps = np.moveaxis(maps, -1, 0)
        if len(maps) > MAX_CLASSES:
            raise CamsimError(
                f"output {name!r} would have {len(maps)} classes, more than {MAX_CLASSES}: declare 'channels: "
                f"{'last' if self.channels == 'first' else 'first'}' in decoder if they stand at the other end"
            )
        small = maps.dtype in (np.float16, np.float32)  # a wider copy of many classes would be large
        return np.ascontiguousarray(maps, dtype=np.float32 if small else np.float64)


def _indices(name: str, values: NDArray[Any], frame: Frame) -> NDArray[np.int32]:
    flat = values[0] if values.ndim == 3 and values.shape[0] == 1 else values
    if flat.ndim != 2 or flat.size == 0:
        raise shape_error(name, values, "class indices (h, w)")
    whole = flat.astype(np.int32)
    if (whole != flat).any() or whole.min() < 0:
        raise CamsimError(f"output {name!r} is declared as class indices, but holds other numbers than 0, 1, 2 ...")
    return nearest_to_picture(whole, frame).astype(np.int32)


def _best(maps: NDArray[np.floating[Any]], frame: Frame, logits: bool) -> PixelClasses:
    indices, sure = np.zeros(frame.shape, np.int32), np.empty(frame.shape)
    for rows, scores in to_picture(maps, frame):
        # Class by class: numpy's argmax over the first axis takes several times as long.
        top, first = scores[0].copy(), indices[rows]
        for place in range(1, len(scores)):
            first[scores[place] > top] = place
            np.maximum(top, scores[place], out=top)
        sure[rows] = 1 / np.exp(scores - top).sum(axis=0) if logits else top
    return _only_seen(indices, _mean_seen(sure, frame), frame)


def _foreground(maps: NDArray[np.float64], frame: Frame, threshold: float) -> PixelClasses:
    chance = np.concatenate([scores[0] for _, scores in to_picture(maps, frame)])
    indices = (chance >= threshold).astype(np.int32)
    return _only_seen(indices, _mean_seen(np.where(indices == 1, chance, 1 - chance), frame), frame)


def _mean_seen(sure: NDArray[np.float64], frame: Frame) -> float:
    part = sure[seen(frame)]
    return float(np.clip(part.mean(), 0.0, 1.0)) if part.size else float("nan")


def _only_seen(indices: NDArray[np.int32], confidence: float, frame: Frame) -> PixelClasses:
    rows, columns = seen(frame)
    kept = np.full_like(indices, -1)
    kept[rows, columns] = indices[rows, columns]
    return PixelClasses(kept, confidence)
