"""What agreement with the reference is, and what counts as another answer, task by task, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AGREEMENT = {
    "classification": "whether the most probable class is the one on the reference",
    "multilabel": "F1 of the labels named, those named on the reference being taken as right",
    "detection": "F1 at IoU 0.5 of the objects found, those found on the reference being taken as right",
    "instances": "F1 at mask IoU 0.5 of the objects found, those found on the reference being taken as right",
    "segmentation": "mean IoU of the areas, those on the reference being taken as right",
    "regression": "1 − difference from the numbers on the reference, as a share of their scale, at least 0",
    "keypoints": "share of the points that stay within 0.2 of the object's extent of where they are on the reference",
    "poses": "F1 at OKS 0.5 of the objects found, those found on the reference being taken as right",
    "depth": "share of the pixels within a factor 1.25 of the depth on the reference, or for a model of relative depth "
    "the squared correlation of both",
    "retrieval": "cosine similarity to the embedding on the reference, at least 0",
    "text": "1 − edit distance to the text read on the reference, as a share of its length, at least 0",
}
"""By the key of the task; 1 is the same answer. As in `audit.tasks`."""

FLIP = {
    "classification": "another most probable class",
    "multilabel": "another set of labels",
    "detection": "an object, here or on the reference, without a counterpart at IoU 0.5",
    "instances": "an object, here or on the reference, without a counterpart at mask IoU 0.5",
    "segmentation": "an area of at least 1% of the picture that overlaps with the reference's by less than half",
    "regression": "a number that differs from the reference's by more than half its scale",
    "keypoints": "a point that moved by more than 0.2 of the object's extent",
    "poses": "an object, here or on the reference, without a counterpart at OKS 0.5",
    "depth": "less than 90% agreement",
    "retrieval": "another nearest picture",
    "text": "another text",
}
"""Likewise."""


def agreement_text(task: Mapping[str, Any]) -> str:
    """``Agreement: ... 100% is the same answer.``; ``task`` as in results.json."""
    meaning = AGREEMENT.get(task["key"], "how much alike two answers are, as the function given for it says")
    return f"Agreement: {meaning}; 100% is the same answer."


def flip_text(task: Mapping[str, Any]) -> str:
    """``Flips: answers that are not the reference's, that is, another text.``; ``task`` as in results.json."""
    meaning = FLIP.get(task["key"], "agreement below the limit that was given")
    return f"Flips: answers that are not the reference's, that is: {meaning}."
