"""What the columns of a table mean, by their names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audit.data.manifest_table import Rows
from camsim.errors import CamsimError

Kind = Literal["class", "labels", "boxes", "class_map", "values", "keypoints", "depth", "text"]

IMAGE = ("image", "path", "file", "file_name", "filename", "image_path")
LABEL = ("label", "class", "category")
CORNERS = (("left", "top", "right", "bottom"), ("xmin", "ymin", "xmax", "ymax"), ("x", "y", "width", "height"))
"""The last are the corner and the sides."""
SIZE = ("image_width", "image_height")
"""Size of the picture that boxes were drawn on, in pixels; may be left out."""
_POINT = re.compile(r"^point_(.+)_([xy])$")


@dataclass(frozen=True)
class Layout:
    """Which column is what."""

    image: str
    kind: Kind | None
    label: str
    """Of a class, of the labels of a picture, or of a box; empty where there is none."""
    columns: tuple[str, ...]
    """Of the values, box sides, points (x, y, x, y ...), mask, depth or text."""
    cluster: str | None
    crowd: str | None
    size: tuple[str, str] | None
    others: tuple[str, ...]

    @property
    def what(self) -> str:
        """For the description."""
        words = {
            None: "without labels",
            "class": f"classes in the column {self.label}",
            "labels": f"labels in the column {self.label}",
            "boxes": f"boxes in {', '.join(self.columns)}",
            "class_map": f"masks in the column {', '.join(self.columns)}",
            "values": f"numbers in {', '.join(self.columns)}",
            "keypoints": f"{len(self.columns) // 2} points",
            "depth": f"depth maps in the column {', '.join(self.columns)}",
            "text": f"texts in the column {', '.join(self.columns)}",
        }
        return words[self.kind]

    def box_classes(self, rows: Rows) -> tuple[str, ...]:
        """Class names of boxes, sorted; rows without a box have none.

        Raises:
            CamsimError: a box without a class.
        """
        if not self.label:
            return ("object",)
        labels = rows.texts_array(self.label).to_pylist()
        for row, name in enumerate(labels):
            if not name.strip() and any(np.isfinite(rows.number(side, row)) for side in self.columns):
                raise CamsimError(f"{rows.where(row)}: {self.label} is empty; give every box one")
        return tuple(sorted({name for name in labels if name.strip()}))


def read_layout(rows: Rows, wanted: Kind | None) -> Layout:
    """Tell the columns apart.

    Args:
        rows: the table.
        wanted: which truth is meant, where the table holds several.

    Raises:
        CamsimError: no column of pictures, or two; several truths, and none chosen; the chosen one is not there.
    """
    names = rows.names
    images = [name for name in IMAGE if name in names]
    if len(images) != 1:
        has = f"has {' and '.join(images)}" if images else f"has {', '.join(names[:12])}"
        raise CamsimError(f"{rows.path}: needs one column of pictures, named {' or '.join(IMAGE)}; {has}")
    box = next((sides for sides in CORNERS if set(sides) <= set(names)), ())
    values = tuple(name for name in names if name == "value" or name.startswith("value_"))
    points = _points(rows)
    truths: dict[Kind, tuple[str, ...]] = {
        "boxes": box,
        "values": values,
        "keypoints": points,
        "labels": ("labels",) if "labels" in names else (),
        "class_map": ("mask",) if "mask" in names else (),
        "depth": ("depth",) if "depth" in names else (),
        "text": ("text",) if "text" in names else (),
    }
    labels = [name for name in LABEL if name in names]
    if len(labels) > 1:
        raise CamsimError(f"{rows.path}: both {labels[0]} and {labels[1]} could be the class; rename one")
    there: dict[Kind, tuple[str, ...]] = {kind: columns for kind, columns in truths.items() if columns}
    if labels and not box:
        there["class"] = (labels[0],)
    kind = _choose(rows, there, wanted)
    label = labels[0] if labels and kind in ("class", "boxes") else "labels" if kind == "labels" else ""
    chosen = there.get(kind, ()) if kind else ()
    used = {images[0], label, "cluster", "crowd", *SIZE, *chosen}
    truth_columns = {name for columns in there.values() for name in columns}
    return Layout(
        image=images[0],
        kind=kind,
        label=label,
        columns=chosen,
        cluster="cluster" if "cluster" in names else None,
        crowd="crowd" if "crowd" in names and kind == "boxes" else None,
        size=SIZE if set(SIZE) <= set(names) else None,
        others=tuple(name for name in names if name not in used and name not in truth_columns),
    )


def _choose(rows: Rows, there: dict[Kind, tuple[str, ...]], wanted: Kind | None) -> Kind | None:
    listed = ", ".join(f"{kind} ({', '.join(columns[:4])})" for kind, columns in there.items())
    if wanted is not None:
        if wanted not in there:
            raise CamsimError(
                f"{rows.path}: --truth {wanted}: no columns for that; it has {listed or 'no truth at all'}"
            )
        return wanted
    if len(there) > 1:
        raise CamsimError(f"{rows.path}: holds several truths: {listed}; choose one with --truth {next(iter(there))}")
    return next(iter(there), None)


def _points(rows: Rows) -> tuple[str, ...]:
    """``point_NAME_x`` and ``point_NAME_y`` in pairs, in the order of the table."""
    found = dict.fromkeys(match[1] for name in rows.names if (match := _POINT.match(name)))
    for name in found:
        for axis in "xy":
            if f"point_{name}_{axis}" not in rows.names:
                raise CamsimError(
                    f"{rows.path}: point_{name}_{'x' if axis == 'y' else 'y'} is without point_{name}_{axis}"
                )
    return tuple(f"point_{name}_{axis}" for name in found for axis in "xy")
