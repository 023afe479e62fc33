"""What is in a picture, in a few words."""

from __future__ import annotations

from collections import Counter

import numpy as np

from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Labels, Poses, Text, Truth, Values


def summary(truth: Truth) -> str:
    """Such as ``3 boxes: 2 cat, 1 dog``."""
    match truth:
        case Labels(names):
            return f"{len(names)} labels: {', '.join(sorted(names))}"
        case Boxes():
            counts = ", ".join(f"{count} {name}" for name, count in Counter(truth.names).most_common(8))
            masks = ", with masks" if truth.masks else ""
            if isinstance(truth, Poses):
                masks = f", with {int(truth.visible.sum())} of {truth.visible.size} points"
            crowds = f", {int(truth.crowd.sum())} of them crowds" if truth.crowd.any() else ""
            return f"{len(truth.names)} boxes{': ' if counts else ''}{counts}{crowds}{masks}"
        case ClassMap(indices):
            numbers, counts_of = np.unique(indices, return_counts=True)
            shares = {int(number): count / indices.size for number, count in zip(numbers, counts_of, strict=True)}
            named = ", ".join(f"{100 * share:.0f} % {number}" for number, share in shares.items() if number >= 0)
            return f"class map: {named}; {100 * shares.get(-1, 0.0):.0f} % do not count"
        case Values(numbers):
            return f"values: {', '.join(f'{number:g}' for number in numbers[:8])}"
        case Keypoints():
            return f"{int(truth.visible.sum())} of {len(truth.points)} points"
        case Depth(metres):
            known = np.isfinite(metres)
            reach = f"{np.nanmin(metres):.3g} to {np.nanmax(metres):.3g} m" if known.any() else "nothing known"
            return f"depth: {reach}"
        case Text(text):
            return f"text: {text[:80]!r}"
