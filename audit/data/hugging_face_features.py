"""Which column of a Hugging Face dataset is what, from the features that it declares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from camsim.errors import CamsimError

Kind = Literal["class", "labels", "boxes", "text"]
IMAGES = ("image", "img", "picture", "pixel_values")


@dataclass(frozen=True)
class Features:
    """Columns of a dataset."""

    image: str
    kind: Kind | None
    column: str | None
    """What holds the truth."""
    classes: tuple[str, ...] | None
    cluster: str | None
    groups: tuple[str, ...]
    """Other columns of texts or whole numbers."""

    @property
    def what(self) -> str:
        """For the description."""
        if self.kind is None:
            return "rows without labels"
        words = {"class": "classes", "labels": "labels", "boxes": "objects (x, y, width, height)", "text": "texts"}
        return f"{words[self.kind]} in the column {self.column}"


def read_features(folder: Path, schema: pa.Schema, declared: dict[str, Any], wanted: Kind | None) -> Features:
    """Tell the columns apart.

    Raises:
        CamsimError: no column of pictures, or several; several truths, and none chosen.
    """
    images = [
        name for name in schema.names if _is_image(declared.get(name)) or _holds_pictures(schema.field(name).type)
    ]
    if len(images) > 1:
        images = [name for name in images if name in IMAGES] or images
    if len(images) != 1:
        raise CamsimError(
            f"{folder}: needs one column of pictures, has {', '.join(images) or 'none'} among "
            f"{', '.join(schema.names[:12])}; rename it to 'image'"
        )
    there: dict[Kind, tuple[str, tuple[str, ...] | None]] = {}
    for name in schema.names:
        found = _truth(name, declared.get(name), schema.field(name).type)
        if found is not None and name != images[0]:
            there.setdefault(found[0], (name, found[1]))
    listed = ", ".join(f"{kind} ({name})" for kind, (name, _) in there.items())
    if wanted is not None and wanted not in there:
        raise CamsimError(f"{folder}: --truth {wanted}: no column for that; it has {listed or 'no truth at all'}")
    if wanted is None and len(there) > 1:
        raise CamsimError(f"{folder}: holds several truths: {listed}; choose one with --truth {next(iter(there))}")
    kind = wanted if wanted is not None else next(iter(there), None)
    column, classes = there[kind] if kind is not None else (None, None)
    if kind in ("class", "labels", "boxes") and not classes:
        raise CamsimError(f"{folder}: {column}: its classes have no names; cast it to ClassLabel(names=[...])")
    truths = {name for name, _ in there.values()}
    return Features(
        image=images[0],
        kind=kind,
        column=column,
        classes=classes if kind in ("class", "labels", "boxes") else None,
        cluster="cluster" if "cluster" in schema.names else None,
        groups=tuple(
            name
            for name in schema.names
            if name not in truths | {"cluster", *images} and _is_plain(schema.field(name).type)
        ),
    )


def _truth(name: str, feature: Any, kind: pa.DataType) -> tuple[Kind, tuple[str, ...] | None] | None:
    names = _class_names(feature)
    if names and not _inner(feature):
        return "class", names
    inner = _inner(feature)
    if isinstance(inner, dict) and _class_names(inner):
        return "labels", _class_names(inner)
    parts: Any = inner if isinstance(inner, dict) and "bbox" in inner else feature
    if isinstance(parts, dict) and "bbox" in parts:
        for key in ("category", "label", "labels", "category_id"):
            given = _class_names(parts.get(key)) or _class_names(_inner(parts.get(key)))
            if given:
                return "boxes", given
        return "boxes", None
    if name in ("text", "ground_truth", "transcription") and pa.types.is_string(kind):
        return "text", None
    return None


def _class_names(feature: Any) -> tuple[str, ...] | None:
    if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
        names = feature.get("names")
        if isinstance(names, dict):  # as the README of a repository writes it
            names = [names[key] for key in sorted(names, key=int)]
        return tuple(str(name) for name in names or ())
    return None


def _inner(feature: Any) -> Any:
    """What a sequence holds; None: it is none."""
    if isinstance(feature, list) and len(feature) == 1:
        return feature[0]
    if isinstance(feature, dict) and feature.get("_type") in ("Sequence", "List", "LargeList"):
        return feature.get("feature")
    return None


def _is_image(feature: Any) -> bool:
    return isinstance(feature, dict) and feature.get("_type") == "Image"


def _holds_pictures(kind: pa.DataType) -> bool:
    return bool(pa.types.is_struct(kind)) and {"bytes", "path"} == {field.name for field in kind}


def _is_plain(kind: pa.DataType) -> bool:
    plain = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    return any(is_one(kind) for is_one in plain)
