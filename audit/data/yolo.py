"""YOLO: ``data.yaml`` with class names, ``images`` and ``labels``; one text file a picture, one object a line."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.data.annotated import AnnotatedFiles, LabelsOfBoxes
from audit.data.boxes import Tally, fit
from audit.data.dataset import Dataset
from audit.data.paths import check_name
from audit.data.picture import read_picture
from audit.data.reader import Reader
from audit.data.segments import draw, pack
from audit.data.table import Columns, Found, assemble, packed, repeated, texts_of
from audit.data.tree import search
from audit.data.truth import Boxes, Truth
from camsim.errors import CamsimError, NoDataError, UnsafeError
from camsim.yamlio import parse

SPLITS = ("val", "test", "train")
"""The first that ``data.yaml`` has is used."""
MAX_BYTES = 16 * 2**20
_NOMINAL = 1000.0
"""Coordinates are fractions; faults are counted as on a picture of this size."""


def open_yolo(path: Path, *, kind: Literal["boxes", "labels"], limit: int | None, reader: Reader) -> Dataset:
    """``data.yaml`` of an Ultralytics dataset; boxes, or outlines where lines hold more than four numbers.

    Fractions are of the picture as it is shown (Ultralytics applies the EXIF orientation). A picture without a label
    file holds no objects.

    Raises:
        CamsimError: a data.yaml that declares no names or no pictures.
        NoDataError: there are no pictures.
        UnsafeError: a path leads out of the folder of data.yaml.
    """
    declared = _read_declaration(path)
    root = path.parent
    names = packed(_pictures(path, declared))
    if not len(names):
        raise NoDataError(f"{path}: {declared.split}: holds no pictures")
    again = repeated(names)
    if again is not None:
        raise CamsimError(f"{path}: {declared.split}: lists {again} twice")
    tally = Tally()
    objects = 0
    for name in texts_of(names):
        objects += _survey(root, name, declared, tally)
    files = AnnotatedFiles(root, root.resolve(), names, reader, partial(_labels_of, root), partial(_read, declared))
    others = [split for split in declared.splits if split != declared.split]
    found = Found(
        name=f"{root.resolve().name}/{path.name}",
        columns=Columns(names),
        source=LabelsOfBoxes(files) if kind == "labels" else files,
        class_names=declared.names,
        kind=kind,
        what=f"{objects} objects of {len(declared.names)} classes, split {declared.split} of {path.name}"
        + (f" (not used: {', '.join(others)})" if others else ""),
        notes=tally.notes(),
        unit="pictures",
    )
    return assemble(found, limit, reader.max_side)


@dataclass(frozen=True)
class Declaration:
    """What data.yaml says."""

    names: tuple[str, ...]
    split: str
    splits: tuple[str, ...]
    places: tuple[str, ...]
    """Folders, or text files that list pictures, relative to data.yaml."""
    keypoints: int
    """Numbers after the box of each line that belong to keypoints."""


def is_declaration(path: Path) -> bool:
    """Whether a YAML file declares a YOLO dataset."""
    try:
        content = _read_yaml(path)
    except CamsimError:
        return False
    return isinstance(content, dict) and "names" in content and any(split in content for split in SPLITS)


def parse_line(line: str, where: str, declared: Declaration) -> tuple[int, NDArray[np.float64], bytes | None]:
    """Class, corners (4,) as fractions, and the outline (as fractions) of one object.

    Raises:
        CamsimError: not numbers, another count of them, an undeclared class.
    """
    try:
        numbers = [float(word) for word in line.split()]
    except ValueError as error:
        raise CamsimError(f"{where}: must hold numbers, got {line.strip()[:60]!r}") from error
    code = int(numbers[0]) if math.isfinite(numbers[0]) and numbers[0] == int(numbers[0]) else -1
    if not 0 <= code < len(declared.names):
        raise CamsimError(f"{where}: class {line.split()[0]}, and data.yaml names 0 to {len(declared.names) - 1}")
    rest = numbers[1:]
    if len(rest) == 4 + declared.keypoints:
        x, y, width, height = rest[:4]
        return code, np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2]), None
    if not declared.keypoints and len(rest) >= 6 and len(rest) % 2 == 0:
        points = np.array(rest, dtype=np.float64).reshape(-1, 2)
        outline = pack([rest]) if np.isfinite(points).all() else None
        return code, np.concatenate([points.min(axis=0), points.max(axis=0)]), outline
    wanted = f"class x y width height{' and keypoints' if declared.keypoints else ', or class and an outline'}"
    raise CamsimError(f"{where}: {len(numbers)} numbers; a line holds {wanted}")


def _objects(path: Path, declared: Declaration) -> Iterator[tuple[int, NDArray[np.float64], bytes | None]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CamsimError(f"{path.name}: is larger than {MAX_BYTES >> 20} MiB")
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise CamsimError(f"{path.name}: cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield parse_line(line, f"{path.name}:{number}", declared)


def _survey(root: Path, name: str, declared: Declaration, tally: Tally) -> int:
    """Count what is wrong with the labels of a picture; the number of its objects."""
    path = _labels_of(root, name)
    try:
        objects = list(_objects(path, declared))
    except CamsimError as error:
        tally.add("pictures have labels that cannot be read and count as unreadable", str(error))
        return 0
    if not path.exists():
        tally.add("pictures have no label file and count as without objects", name)
    if objects:
        corners = np.stack([corners for _, corners, _ in objects])
        tally.add_faults(fit(corners * _NOMINAL, (int(_NOMINAL), int(_NOMINAL))).faults, path.name)
    return len(objects)


def _read(declared: Declaration, picture: Path, path: Path) -> Truth:
    shape = read_picture(picture).upright
    objects = list(_objects(path, declared))
    height, width = shape
    corners = np.array([corners for _, corners, _ in objects], dtype=np.float64).reshape(-1, 4)
    fitted = fit(corners * [width, height, width, height], shape)
    kept = [one for one, keep in zip(objects, fitted.kept, strict=True) if keep]
    masks = None
    if kept and all(outline is not None for _, _, outline in kept):
        masks = tuple(draw(_scaled(outline, width, height), shape) for _, _, outline in kept if outline is not None)
    return Boxes(
        corners=fitted.corners[fitted.kept],
        names=tuple(declared.names[code] for code, _, _ in kept),
        crowd=np.zeros(len(kept), dtype=np.bool_),
        shape=shape,
        masks=masks,
    )


def _scaled(outline: bytes, width: int, height: int) -> bytes:
    points = np.frombuffer(outline, dtype=np.float32, offset=9).reshape(-1, 2) * [width, height]
    return pack([points.ravel().tolist()])


def _labels_of(root: Path, picture: str) -> Path:
    """``labels`` in the place of the last ``images`` of its path, else beside it."""
    parts = list(PurePosixPath(picture).with_suffix(".txt").parts)
    if "images" in parts[:-1]:
        place = len(parts) - 2 - parts[-2::-1].index("images")
        parts[place] = "labels"
    return root.joinpath(*parts)


def _read_yaml(path: Path) -> Any:
    try:
        return parse(path.read_text("utf-8"), str(path))[0]
    except (OSError, UnicodeDecodeError) as error:
        raise CamsimError(f"{path}: cannot be read: {error}") from error


def _read_declaration(path: Path) -> Declaration:
    content = _read_yaml(path)
    if not isinstance(content, dict) or "names" not in content:
        raise CamsimError(f"{path}: declares no class names: names: [car, person]")
    names = _names(content["names"], path)
    splits = tuple(split for split in SPLITS if content.get(split))
    if not splits:
        raise CamsimError(f"{path}: names no pictures: val: images/val")
    given = content[splits[0]]
    base = str(content.get("path") or "")
    places = tuple(_place(path, base, place) for place in (given if isinstance(given, list) else [given]))
    shape = content.get("kpt_shape")
    keypoints = 0
    if shape is not None:
        if not (isinstance(shape, list) and len(shape) == 2 and all(type(side) is int for side in shape)):
            raise CamsimError(f"{path}: kpt_shape must be [number of points, 2 or 3], got {shape!r}")
        keypoints = shape[0] * shape[1]
    return Declaration(names, splits[0], splits, places, keypoints)


def _names(given: Any, path: Path) -> tuple[str, ...]:
    if isinstance(given, dict):
        if set(given) != set(range(len(given))):
            raise CamsimError(f"{path}: names must be numbered from 0 without gaps, got {list(given)[:8]}")
        given = [given[number] for number in range(len(given))]
    if not isinstance(given, list) or not given:
        raise CamsimError(f"{path}: names must be a list of class names, got {given!r}")
    names = tuple(str(name) for name in given)
    if len(set(names)) < len(names):
        raise CamsimError(f"{path}: names: a class name occurs twice; give each class its own")
    return names


def _place(path: Path, base: str, given: Any) -> str:
    """Relative to data.yaml's folder, inside it."""
    if not isinstance(given, str):
        raise CamsimError(f"{path}: pictures are a folder or a text file, got {given!r}")
    folder = path.parent.resolve()
    whole = Path(base) / given
    candidates = [folder / whole, folder / given]
    if given.startswith("../"):  # as Roboflow writes it: seen from a folder that is not there
        candidates.append(folder / given[3:])
    for candidate in candidates:
        real = candidate.resolve()
        if real.exists() and real.is_relative_to(folder):
            return real.relative_to(folder).as_posix()
    if any(candidate.resolve().exists() for candidate in candidates):
        raise UnsafeError(f"{path}: {given!r} lies outside the folder of {path.name}; put the pictures into it")
    raise CamsimError(f"{path}: {given!r} is not there; looked for {candidates[0]}")


def _pictures(path: Path, declared: Declaration) -> Iterator[str]:
    return chain.from_iterable(_listed(path, place) for place in declared.places)


def _listed(path: Path, place: str) -> Iterator[str]:
    root = path.parent
    target = root / place
    if target.is_dir():
        tree = search(target)
        yield from (str(PurePosixPath(place) / name) for name in texts_of(tree.ids))
        return
    try:
        with target.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield check_name(line.strip(), f"{target}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise CamsimError(f"{target}: cannot be read: {error}") from error
