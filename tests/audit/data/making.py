"""Small picture files for the tests of data formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def picture(path: Path, size: tuple[int, int] = (16, 24), *, seed: int = 0, orientation: int | None = None) -> Path:
    """A random picture of (height, width)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    if orientation is None:
        image.save(path)
    else:
        exif = Image.Exif()
        exif[274] = orientation
        image.save(path, exif=exif)
    return path


def coco(
    path: Path,
    images: list[dict[str, Any]],
    annotations: list[dict[str, Any]],
    categories: list[dict[str, Any]] | None = None,
) -> Path:
    """A COCO file with the categories 1: cat and 7: dog."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kinds = categories or [{"id": 1, "name": "cat"}, {"id": 7, "name": "dog"}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": kinds}))
    return path


def voc_object(name: str, box: tuple[object, ...], difficult: int = 0) -> str:
    """An ``<object>`` with a box of four numbers."""
    sides = "".join(
        f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    )
    return f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>{sides}</bndbox></object>"


def voc(path: Path, objects: str, size: tuple[int, int] | None = (16, 24)) -> Path:
    """An XML file that describes a picture of (height, width)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = "" if size is None else f"<size><width>{size[1]}</width><height>{size[0]}</height><depth>3</depth></size>"
    path.write_text(f"<annotation><filename>{path.stem}.png</filename>{shape}{objects}</annotation>")
    return path
