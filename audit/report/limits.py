"""What an audit does not prove, whatever it finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.report.note import Caveat
from audit.report.rows import View

EMULATED = Caveat(
    "The cameras are emulated.",
    "A profile models a device's sensor, its noise and its processing; of its lens and of motion only what it "
    "states, and those that ship with camsim state nothing of them. It is not the device: units differ and "
    "firmware changes. A pixel of a scene is a pixel of the sensor, so that fine texture and noise look coarser "
    "than through a device of many megapixels.",
)
ASSUMED_NUMBERS = Caveat(
    "Numbers in a profile can be assumptions.",
    "Each profile states where its numbers come from: measured, from a datasheet, derived or assumed. "
    "The command camsim profiles show NAME lists them.",
)
ESTIMATED_SCENES = Caveat(
    "Scenes made from ordinary images are estimates.",
    "An sRGB photograph went through some camera before. Undoing that is a guess: clipped highlights, "
    "compression and the first camera's noise stay in.",
)
THESE_SCENES = Caveat(
    "These scenes stand for themselves.",
    "Intervals cover the chance of drawing other scenes of the same kind. Other places, seasons, subjects or "
    "lighting are not covered.",
)
GENERAL = (EMULATED, ASSUMED_NUMBERS, ESTIMATED_SCENES, THESE_SCENES)
"""Of everything that rests on emulated cameras."""

SEARCHED = Caveat(
    "The worst case found is not the worst case possible.",
    "The search has a limited budget and stays within the stated ranges of each device. "
    "It shows that a failure exists; it cannot show that none does.",
)
RELATIVE = Caveat(
    "PASS is relative to the reference.",
    "It says that the model does about as well as on the reference, within the margin. "
    "It does not say that the model is good enough for its task.",
)
STABLE = Caveat(
    "PASS without labels is stability.",
    "It says that the model answers as it does on the reference, within the margin. Whether those answers are right, "
    "nobody has looked.",
)
FIXED_LABELS = Caveat(
    "Labels are not moved with the picture.",
    "Where a profile bends lines as a lens does, or skews what moves as a rolling shutter does, the scene's labels "
    "stay where they were: an object that was shifted counts as misplaced by the model. No profile that ships with "
    "camsim does that.",
)
BESIDE = Caveat(
    "What is shown beside the devices is not judged.",
    "Axes and corruptions have intervals, but no verdict, and Holm's correction does not count them.",
)
PLACED = frozenset(["detection", "instances", "segmentation", "keypoints", "poses", "depth"])
"""Tasks whose labels have a place in the picture."""


def limits(results: Mapping[str, Any], view: View) -> list[Caveat]:
    """Those of this audit."""
    labelled = results["data"]["labelled"]
    found = [EMULATED, ASSUMED_NUMBERS, ESTIMATED_SCENES]
    if results["worst_cases"]:
        found.append(SEARCHED)
    found.append(RELATIVE if labelled else STABLE)
    if labelled and results["task"]["key"] in PLACED:
        found.append(FIXED_LABELS)
    if view.beside:
        found.append(BESIDE)
    return [*found, THESE_SCENES]
