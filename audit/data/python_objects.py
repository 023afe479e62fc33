"""Datasets that are Python objects: torch's map-style ones and those that follow MAITE's protocol.

An item is a picture, (picture, target) or (picture, target, metadata). Each is asked for once at the beginning, for
its target and its hash, and again when it is used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from audit.data.boxes import Tally, fit
from audit.data.dataset import Dataset, reduce
from audit.data.python_targets import class_of, kind_of, truth_of
from audit.data.table import Columns, Found, assemble, coded, packed
from audit.data.truth import Boxes, Truth
from camsim.errors import CamsimError, NoDataError
from camsim.unprocess import DEFAULT, Unprocess, from_display

Kind = Literal["class", "labels", "boxes", "class_map", "values", "depth", "text"]
GROUP_VALUES = 100


@runtime_checkable
class MapStyle(Protocol):
    """What torch and MAITE call a dataset."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Any: ...


def open_python(
    given: MapStyle, *, kind: Kind | None, limit: int | None, max_side: int, unprocess: Unprocess = DEFAULT
) -> Dataset:
    """A dataset object. Class names are its ``metadata["index2label"]`` (MAITE) or ``classes`` (torchvision).

    Pictures: (C, H, W) or (H, W, C) bytes, (C, H, W) floats in [0, 1], or PIL images, all sRGB. Targets: a number or
    scores of classes; 0s and 1s of labels; boxes with labels (left, top, right, bottom); a map of classes; floats; a
    text.

    Raises:
        CamsimError: an item of another form, a class without a name, or targets of several kinds.
        NoDataError: it is empty.
    """
    name = _name_of(given)
    if not len(given):
        raise NoDataError(f"{name}: is empty")
    names = _class_names(given)
    source = PythonItems(given, name, names, kind, max_side)
    survey = source.survey()
    if kind is None:
        source = PythonItems(given, name, names, survey.kind, max_side)
    classes = names
    targets = None
    if survey.kind == "class":
        largest = max(survey.classes)
        if classes is None:
            classes = tuple(str(number) for number in range(largest + 1))
        if largest >= len(classes):
            raise CamsimError(f"{name}: has {len(classes)} class names, and an item is of class {largest}")
        targets = coded((classes[number] for number in survey.classes), classes)
    elif survey.kind in ("boxes", "class_map", "labels") and classes is None:
        raise CamsimError(f"{name}: its {survey.kind} need names: set .classes, or metadata['index2label']")
    found = Found(
        name=name,
        columns=Columns(packed(survey.ids), targets, groups=survey.groups()),
        source=PythonItems(given, name, classes, survey.kind, max_side, tuple(survey.digests), unprocess),
        class_names=classes if survey.kind in ("class", "boxes", "class_map", "labels") else None,
        kind=None if survey.kind == "class" else survey.kind,
        what=f"a {type(given).__name__} object, {survey.kind or 'without labels'}",
        notes=survey.tally.notes(),
        unit="items",
    )
    return assemble(found, limit, max_side)


class _Survey:
    """What one look at every item finds."""

    def __init__(self, kind: Kind | None) -> None:
        self.kind = kind
        self.ids: list[str] = []
        self.digests: list[bytes] = []
        self.classes: list[int] = []
        self.tally = Tally()
        self._facts: dict[str, list[str | None]] = {}

    def add_facts(self, place: int, metadata: Mapping[str, Any]) -> None:
        """Metadata that may group items."""
        for key, value in metadata.items():
            if key != "id" and isinstance(value, str | int | bool):
                self._facts.setdefault(str(key), [None] * place).append(str(value))
        for values in self._facts.values():
            values.extend([None] * (place + 1 - len(values)))

    def groups(self) -> dict[str, Any]:
        few = {key: values for key, values in self._facts.items() if 1 < len(set(values)) <= GROUP_VALUES}
        return {key: coded(values) for key, values in few.items()}


@dataclass(frozen=True)
class PythonItems:
    """Items of a dataset object."""

    given: MapStyle
    name: str
    class_names: tuple[str, ...] | None
    kind: Kind | None
    max_side: int
    digests: tuple[bytes, ...] = ()
    unprocess: Unprocess = DEFAULT

    def loader(self, row: int) -> Callable[[], Tensor]:
        return partial(self._scene, row)

    def truth(self, row: int) -> Callable[[], Truth] | None:
        return None if self.kind in ("class", None) else partial(self._truth, row)

    def digest(self, row: int) -> str:
        return self.digests[row].hex()

    def item(self, row: int) -> tuple[Any, Any, Mapping[str, Any]]:
        """Picture, target and metadata.

        Raises:
            CamsimError: the object fails, or gives something else.
        """
        try:
            item = self.given[row]
        except Exception as error:  # anyone's code
            raise CamsimError(f"item {row} of {self.name} fails: {type(error).__name__}: {error}") from error
        if not isinstance(item, tuple | list):
            return item, None, {}
        if not 1 <= len(item) <= 3:
            raise CamsimError(f"item {row}: must be (picture, target, metadata) or less, got {len(item)} parts")
        metadata = item[2] if len(item) == 3 else {}
        return item[0], item[1] if len(item) > 1 else None, metadata if isinstance(metadata, Mapping) else {}

    def survey(self) -> _Survey:
        """Look at every item once."""
        found = _Survey(self.kind)
        total = len(self.given)
        width = len(str(total - 1))
        for row in range(total):
            picture, target, metadata = self.item(row)
            found.ids.append(str(metadata.get("id", f"{row:0{width}d}")))
            found.add_facts(row, metadata)
            if row == 0 and self.kind is None:
                found.kind = kind_of(target, self.class_names)
            if found.kind == "class":
                found.classes.append(class_of(target, f"item {row}"))
            try:
                pixels = as_pixels(picture)
            except CamsimError as error:  # counted when it is loaded
                found.digests.append(hashlib.sha256(str(error).encode()).digest())
                continue
            if found.kind == "boxes":
                boxes = truth_of(target, "boxes", self.class_names, pixels.shape[:2], cut=False)
                if isinstance(boxes, Boxes):
                    found.tally.add_faults(fit(boxes.corners, boxes.shape).faults, found.ids[-1])
            digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes())
            digest.update(repr(_plain(target)).encode())
            found.digests.append(digest.digest())
        return found

    def _scene(self, row: int) -> Tensor:
        picture = as_pixels(self.item(row)[0]).copy()
        return reduce(from_display(picture, self.unprocess), self.max_side).contiguous()

    def _truth(self, row: int) -> Truth:
        picture, target, _ = self.item(row)
        height, width = as_pixels(picture).shape[:2]
        return truth_of(target, self.kind, self.class_names, (height, width), cut=True)


def as_pixels(picture: Any) -> NDArray[np.uint8]:
    """A picture of any of the usual forms as (H, W, 3) bytes; floats are rounded to the nearest of 255 steps.

    Raises:
        CamsimError: another form, or values out of [0, 1].
    """
    if isinstance(picture, Image.Image):
        if picture.mode not in ("RGB", "L", "P", "1"):
            raise CamsimError(f"a PIL image must be RGB or L, got {picture.mode}; convert it first")
        return np.asarray(picture.convert("RGB"))
    array = picture.detach().cpu().numpy() if isinstance(picture, torch.Tensor) else np.asarray(picture)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3:
        raise CamsimError(f"a picture has shape (3, H, W) or (H, W, 3), got {array.shape}")
    if array.shape[0] not in (1, 3) and array.shape[2] in (1, 3):
        array = array.transpose(2, 0, 1)
    if array.shape[0] not in (1, 3):
        raise CamsimError(f"a picture has 1 or 3 channels, got shape {array.shape}")
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise CamsimError(
                f"a picture of floats lies in [0, 1], got [{array.min():g}, {array.max():g}]; give the dataset without "
                "Normalize, which belongs to the model's preprocessing"
            )
        array = np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise CamsimError(f"a picture holds bytes, or floats in [0, 1], got {array.dtype}")
    return np.broadcast_to(array.transpose(1, 2, 0), (*array.shape[1:], 3))


def _plain(target: Any) -> object:
    """Something whose ``repr`` tells targets apart."""
    if isinstance(target, Image.Image):
        return np.asarray(target).tobytes()
    if isinstance(target, torch.Tensor | np.ndarray):
        return np.asarray(target).tolist()
    if isinstance(target, Mapping):
        return {str(key): _plain(value) for key, value in target.items()}
    if hasattr(target, "boxes"):
        return [_plain(target.boxes), _plain(target.labels)]
    if isinstance(target, Sequence) and not isinstance(target, str):
        return [_plain(value) for value in target]
    return target


def _class_names(given: MapStyle) -> tuple[str, ...] | None:
    metadata = getattr(given, "metadata", None)
    by_index = metadata.get("index2label") if isinstance(metadata, Mapping) else None
    if isinstance(by_index, Mapping) and by_index:
        if set(by_index) != set(range(len(by_index))):
            raise CamsimError(f"{_name_of(given)}: index2label must number the classes from 0 without gaps")
        return tuple(str(by_index[number]) for number in range(len(by_index)))
    classes = getattr(given, "classes", None)
    return tuple(str(name) for name in classes) if isinstance(classes, Sequence) and classes else None


def _name_of(given: MapStyle) -> str:
    metadata = getattr(given, "metadata", None)
    name = metadata.get("id") if isinstance(metadata, Mapping) else None
    return str(name or type(given).__name__)
