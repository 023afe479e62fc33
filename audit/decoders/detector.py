"""What decoders of detectors have in common: thresholds, suppression, and the way back to the picture."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit, softmax

from audit.decoders.decoder import Decoder
from audit.decoders.nms import suppress
from audit.decoders.outputs import Outputs
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError

Fraction = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=100_000)]
BoxFormat = Literal["xyxy", "xywh", "cxcywh"]
"""left, top, right, bottom; left, top, width, height; centre, width, height."""


class Detector(Decoder):
    """A decoder of objects in boxes. Its defaults are those with which its family of models is scored on COCO."""

    task: ClassVar[str] = "detection"

    score_threshold: Fraction = 0.001
    """Detections below it are dropped. Average precision wants it low: the surest ones count first anyway."""
    confidence: Fraction = 0.5
    """From it on a detection is an answer: what a user of the model is shown. F1, agreement and flips look at these."""
    iou_threshold: Fraction | None = None
    """Suppress boxes of one class that overlap by more; None: the model has done so, or needs none."""
    max_detections: Count = 300
    """The surest in a picture, all classes together."""

    def class_count(self, outputs: Outputs) -> int | None:
        """How many classes these outputs tell apart; None: they do not show it."""
        return None

    def finish(
        self, corners: NDArray[np.floating], scores: NDArray[np.floating], labels: NDArray[np.integer], frame: Frame
    ) -> tuple[Detections, NDArray[np.intp]]:
        """What is kept of K candidates, and the places of the kept ones among them.

        Boxes that lie outside the picture, or have no area in it, are dropped.

        Args:
            corners: (K, 4) left, top, right, bottom, in pixels of the model's input.
            scores: (K,).
            labels: (K,).
            frame: how the picture was laid into the model's input.

        Raises:
            CamsimError: scores outside [0, 1], or negative labels.
        """
        check_scores(scores)
        # As they are kept: a score that is written and read again must not change its place among others.
        scores = scores.astype(np.float32)
        pictured = frame.boxes_to_picture(corners.astype(np.float64))
        visible = (pictured[:, 2] > pictured[:, 0]) & (pictured[:, 3] > pictured[:, 1])
        places = np.flatnonzero(visible & (scores >= self.score_threshold))
        if places.size and labels[places].min() < 0:
            raise CamsimError(
                f"the model's labels reach down to {labels[places].min()}, counted from the decoder's 'first_label'; "
                "declare 'first_label: 0'"
            )
        if self.iou_threshold is None:
            order = np.argsort(-scores[places], kind="stable")[: self.max_detections]
        else:
            chosen = corners[places], scores[places], labels[places]
            order = suppress(*chosen, self.iou_threshold, self.max_detections)
        places = places[order]
        found = Detections(
            pictured[places], np.minimum(scores[places].astype(np.float64), 1.0), labels[places].astype(np.int64)
        )
        return found, places


def check_scores(scores: NDArray[np.floating]) -> None:
    """Raises CamsimError for scores that are no probabilities; rounding is let through."""
    if scores.size and not (scores.min() >= -1e-3 and scores.max() <= 1 + 1e-3):
        raise CamsimError(
            f"scores reach from {scores.min():.4g} to {scores.max():.4g}, where probabilities in [0, 1] are wanted: "
            "check that the decoder fits the model, and whether its scores are logits"
        )


def from_logits(logits: NDArray[np.float64], scoring: Literal["sigmoid", "softmax"], fix: str) -> NDArray[np.float64]:
    """Probabilities (A, C) of logits, each by itself or as the shares of a row.

    Raises:
        CamsimError: they are probabilities already, which a trained detector's logits never look like: most of its
            anchors or queries are surely nothing. ``fix`` says what to declare.
    """
    within = bool(logits.size and logits.min() >= 0 and logits.max() <= 1)
    if within and (scoring == "sigmoid" or bool((abs(logits.sum(axis=1) - 1) <= 1e-2).all())):
        raise CamsimError(
            f"the scores were taken for logits ('scoring: {scoring}'), but they are probabilities already, from "
            f"{logits.min():.4g} to {logits.max():.4g}; {fix}"
        )
    return np.asarray(expit(logits) if scoring == "sigmoid" else softmax(logits, axis=1), dtype=np.float64)


def candidates(
    scores: NDArray[np.floating], threshold: float, multi_label: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and classes of (A, C) scores that reach a threshold: the best class of each row, or every class."""
    if multi_label:
        rows, labels = np.nonzero(scores >= threshold)
        return rows, labels
    best = scores.argmax(axis=1)
    rows = np.flatnonzero(scores[np.arange(len(scores)), best] >= threshold)
    return rows, best[rows]


def to_corners(boxes: NDArray[np.floating], form: BoxFormat) -> NDArray[np.floating]:
    """(K, 4) in a format -> left, top, right, bottom."""
    if form == "xyxy":
        return boxes
    start, size = boxes[:, :2], boxes[:, 2:]
    if form == "cxcywh":
        start = start - size / 2
    return np.concatenate([start, start + size], axis=1)


def input_size(frame: Frame) -> NDArray[np.float64]:
    """(4,) width, height, width, height of the model's input: what normalised corners are multiplied with."""
    height, width = frame.fed
    return np.array([width, height, width, height], dtype=np.float64)
