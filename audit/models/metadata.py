"""What a model's file says about itself, beside its graph: bounded text, read without running or trusting anything.

Ultralytics writes class names, task, stride and image size into its ONNX and TorchScript files; PaddleOCR the
characters of a text recogniser; the onnx standard has keys for images (docs/MetadataProps.md).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.models.preprocess import ImageInput
from audit.models.sidecar import Declaration, declaration_of
from camsim.errors import CamsimError, ProfileError

MAX_TEXT = 4 << 20
MAX_ITEMS = 200_000
MAX_KEYS = 1000

Shapes = Mapping[str, tuple[int | None, ...] | None]
"""Sizes of the outputs' axes, by name; None: free, or not stated."""

_TASKS = {"detect": "detection", "segment": "instances", "classify": "classification"}
_STRING = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
_ENTRY = re.compile(rf"\s*(?:(-?\d+|{_STRING})\s*:\s*)?({_STRING})\s*(,|$)")

_TOGETHER = (
    (
        *("resize", "filter", "antialias", "resize_shorter", "resize_longer", "resize_height", "resize_round"),
        *("pad_value", "pad_place"),
    ),
    ("scale", "mean", "std"),
    ("task", "decoder"),
)
"""Keys that only make sense together: what the model says of them counts where none of them is declared."""


@dataclass(frozen=True)
class Stated:
    """What a file says about itself."""

    declaration: Declaration
    keys: tuple[str, ...] = ()
    """Those that it says."""
    unread: tuple[str, ...] = ()
    """What it says in a form that is not understood."""


NOTHING = Stated(Declaration())


def read_metadata(given: Mapping[str, object], wanted: ImageInput, outputs: Shapes) -> Stated:
    """Understand what is known of a file's own words.

    How the outputs of a detector are read is told by their shapes: see `audit.decoders.infer`.

    Args:
        given: its metadata: text as ONNX has it, or values of JSON.
        wanted: the model's image input; what its graph states goes first.
        outputs: of the model.
    """
    if len(given) > MAX_KEYS or any(isinstance(value, str) and len(value) > MAX_TEXT for value in given.values()):
        return Stated(Declaration(), (), (f"its metadata: more than {MAX_KEYS} keys or {MAX_TEXT} characters",))
    found: dict[str, Any] = {}
    unread: list[str] = []
    for read in (_onnx_image, _paddle, _ultralytics):
        try:
            found |= read(given, outputs)
        except CamsimError as error:
            unread.append(str(error))
    if wanted.height is not None and wanted.width is not None:
        found.pop("input_size", None)
    elif found.get("resize") in ("pad", "crop") and "input_size" not in found:
        found["resize"] = "keep"
    if wanted.dtype == "uint8":
        for name in ("scale", "mean", "std"):
            found.pop(name, None)
    try:
        return Stated(declaration_of(found, "metadata"), tuple(found), tuple(unread))
    except ProfileError as error:
        return Stated(Declaration(), (), (*unread, " ".join(str(error).split())))


def with_stated(given: Declaration, stated: Stated) -> tuple[Declaration, tuple[str, ...]]:
    """A declaration filled up with what the file states, and the keys that came from the file."""
    declared = {name for name in Declaration.model_fields if getattr(given, name) is not None}
    blocked = {name for group in _TOGETHER if declared & set(group) for name in group}
    taken = {name: getattr(stated.declaration, name) for name in stated.keys if name not in declared | blocked}
    return given.model_copy(update=taken), tuple(taken)


def _ultralytics(given: Mapping[str, object], outputs: Shapes) -> dict[str, Any]:
    """YOLOv5 and later, and what else Ultralytics exports (engine/exporter.py, YOLOv5's export.py)."""
    if "names" not in given or not {"stride", "task", "imgsz"} & set(given):
        return {}
    names = _names(given["names"])
    found: dict[str, Any] = {"classes": names}
    size = _numbers(given.get("imgsz"))
    if size:
        found["input_size"] = (size * 2)[:2] if len(size) == 1 else size
    task = given.get("task", "detect")
    points = _numbers(given.get("kpt_shape")) if task == "pose" else None
    if points is not None and len(points) == 2 and points[0] > 0 and points[1] in (2, 3):
        found["task"] = "poses"
        found["decoder"] = {"kind": "yolov8_pose", "points": points[0], "visibility": points[1] == 3}
    elif isinstance(task, str) and task in _TASKS:
        found["task"] = _TASKS[task]
    else:
        return found
    if task == "classify":
        # torchvision's Resize and CenterCrop, no mean, no std (ultralytics/data/augment.py).
        return found | {
            "resize": "crop",
            "filter": "bilinear",
            "color": "RGB",
            "scale": 1 / 255,
            "mean": 0.0,
            "std": 1.0,
        }
    letterbox = {"resize": "pad", "filter": "bilinear", "antialias": False, "pad_value": 114, "pad_place": "centre"}
    usual: dict[str, Any] = {"color": "RGB", "scale": 1 / 255, "mean": 0.0, "std": 1.0, **letterbox}
    return found | usual


def _paddle(given: Mapping[str, object], outputs: Shapes) -> dict[str, Any]:
    """PaddleOCR's recognisers: the characters, one a line; probabilities of a blank, of them, and of a space."""
    text = given.get("character")
    if not isinstance(text, str):
        return {}
    characters = text.split("\n")
    if characters[-1] == "":
        characters.pop()
    if not characters or len(characters) > MAX_ITEMS:
        raise CamsimError(f"metadata 'character': 1 to {MAX_ITEMS} lines are read, it has {len(characters)}")
    columns = {shape[-1] for shape in outputs.values() if shape}
    space = columns != {len(characters) + 1}
    return {
        "task": "text",
        "decoder": {"kind": "ctc", "holds": "probabilities", "characters": characters, "space": space},
    }


def _onnx_image(given: Mapping[str, object], outputs: Shapes) -> dict[str, Any]:
    """The onnx standard's Image.BitmapPixelFormat and Image.NominalPixelRange."""
    found: dict[str, Any] = {}
    pixels = str(given.get("Image.BitmapPixelFormat", ""))
    for start, color in (("Gray", "GRAY"), ("Rgb8", "RGB"), ("Bgr8", "BGR")):
        if pixels.startswith(start):
            found["color"] = color
    match given.get("Image.NominalPixelRange"):
        case "NominalRange_0_255":
            found |= {"scale": 1.0, "mean": 0.0, "std": 1.0}
        case "Normalized_0_1":
            found |= {"scale": 1 / 255, "mean": 0.0, "std": 1.0}
        case "Normalized_1_1":
            found |= {"scale": 1 / 255, "mean": 0.5, "std": 0.5}
        case None:
            pass
        case other:
            raise CamsimError(f"metadata 'Image.NominalPixelRange': {other!r:.100} is not understood")
    return found


def _names(given: object) -> list[str]:
    """Class names in order, from a list, a dict by number, or either as Python or JSON writes it."""
    if isinstance(given, str):
        given = _literal(given)
    if isinstance(given, Mapping):
        numbered = {int(str(key)): value for key, value in given.items() if re.fullmatch(r"\d{1,9}", str(key))}
        if len(numbered) != len(given) or sorted(numbered) != list(range(len(given))):
            raise CamsimError("metadata 'names': must be numbered 0, 1, 2 ... without gaps")
        given = [numbered[index] for index in range(len(numbered))]
    if not isinstance(given, Sequence) or not given or len(given) > MAX_ITEMS:
        raise CamsimError(f"metadata 'names': must be 1 to {MAX_ITEMS} names")
    if not all(isinstance(name, str) for name in given):
        raise CamsimError("metadata 'names': every name must be text")
    return list(given)


def _literal(text: str) -> dict[str, str] | list[str]:
    """A flat dict or list of strings as Python or JSON writes it; nothing else, nothing nested, nothing evaluated."""
    text = text.strip()
    if text[:1] + text[-1:] not in ("{}", "[]"):
        raise CamsimError("metadata 'names': is neither a list nor a dict")
    inside, at = text[1:-1], 0
    keys: list[str] = []
    values: list[str] = []
    while at < len(inside):
        match = _ENTRY.match(inside, at)
        if match is None or (match[1] is None) != (text[0] == "[") or len(values) == MAX_ITEMS:
            raise CamsimError(f"metadata 'names': is not understood from character {at + 1} on")
        if match[1] is not None:
            keys.append(match[1].strip("'\""))
        values.append(_text(match[2]))
        at = match.end()
    return dict(zip(keys, values, strict=True)) if text[0] == "{" else values


def _text(token: str) -> str:
    """A quoted string's content."""
    if "\\" not in token:
        return token[1:-1]
    try:
        value = ast.literal_eval(token)  # a single string token: flat, so that nothing can be nested
    except (SyntaxError, ValueError):
        raise CamsimError("metadata 'names': a name is not understood") from None
    return str(value)


def _numbers(given: object) -> list[int] | None:
    if isinstance(given, str):
        parts = re.findall(r"\d{1,6}", given) if re.fullmatch(r"[\[(]?[\d\s,]{1,40}[\])]?", given.strip()) else []
        given = [int(part) for part in parts]
    if isinstance(given, int) and not isinstance(given, bool):
        given = [given]
    if not isinstance(given, Sequence) or len(given) not in (1, 2):
        return None
    return [side for side in given if isinstance(side, int)] if all(isinstance(side, int) for side in given) else None


def json_metadata(text: bytes) -> dict[str, object]:
    """A JSON object from a file's extra part; empty where it is none."""
    if len(text) > MAX_TEXT:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
