"""PASCAL VOC: one XML file for each picture, beside it or in ``Annotations``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal
from xml.etree.ElementTree import Element  # for its type alone

import numpy as np
from numpy.typing import NDArray

from audit.data.annotated import AnnotatedFiles, LabelsOfBoxes, files_below
from audit.data.boxes import Tally, fit
from audit.data.dataset import Dataset
from audit.data.hardened_xml import read_xml
from audit.data.paths import check_name
from audit.data.picture import laid_upright
from audit.data.reader import Reader
from audit.data.table import Columns, Found, assemble, packed, repeated, texts_of
from audit.data.tree import left_out, search
from audit.data.truth import Boxes, Shape, Truth
from camsim.errors import CamsimError, NoDataError, UnsafeError

PICTURES, ANNOTATIONS = "JPEGImages", "Annotations"


def open_voc(root: Path, *, kind: Literal["boxes", "labels"], limit: int | None, reader: Reader) -> Dataset:
    """XML files beside their pictures, or ``Annotations`` beside ``JPEGImages``.

    Where some coordinate of the set is 0 or a fraction, they are edges counted from 0; else they are VOC's own:
    pixels counted from 1, the last one included.

    Raises:
        NoDataError: no picture has an XML file.
        CamsimError: one XML file for two pictures, a folder that cannot be read.
        UnsafeError: a file or link leads out of the folder, or declares entities.
    """
    tree = search(root)
    sheets = set(files_below(root, ".xml"))
    tally = Tally()
    names: list[str] = []
    taken: set[str] = set()
    alone: list[str] = []
    for name in texts_of(tree.ids):
        sheet = _sheet(name)
        if sheet not in sheets:
            alone.append(name)
        elif sheet in taken:
            raise CamsimError(f"{root / sheet}: is beside two pictures of its name, such as {name}; keep one of them")
        else:
            taken.add(sheet)
            names.append(name)
    tally.add("pictures have no XML file and were left out", alone[0] if alone else "", len(alone))
    survey = _Survey(tally)
    for name in names:
        survey.look(root, _sheet(name))
    lost = [_picture_of(root, sheet) for sheet in sorted(sheets - taken)]
    absent = [name for name in lost if name is not None]
    tally.add("pictures of XML files are not there and count as unreadable", absent[0] if absent else "", len(absent))
    ids = packed([*names, *absent])
    if not len(ids):
        raise NoDataError(f"{root}: no picture has an XML file of its name")
    again = repeated(ids)
    if again is not None:
        raise CamsimError(f"{root}: two XML files describe the picture {again}")
    read = partial(_read, survey.origin)
    files = AnnotatedFiles(root, root.resolve(), ids, reader, partial(_path_of_sheet, root), read)
    counted = "counted from 1, the last pixel included" if survey.origin else "edges counted from 0"
    found = Found(
        name=root.resolve().name,
        columns=Columns(ids),
        source=LabelsOfBoxes(files) if kind == "labels" else files,
        class_names=tuple(sorted(survey.classes)),
        kind=kind,
        what=f"{survey.objects} objects of {len(survey.classes)} classes from PASCAL VOC files, coordinates {counted}",
        notes=tally.notes(),
        unit="pictures",
        left_out=left_out(tree),
    )
    return assemble(found, limit, reader.max_side)


@dataclass(frozen=True)
class Sheet:
    """What an XML file says."""

    shape: Shape | None
    names: tuple[str, ...]
    corners: NDArray[np.float64]
    """(K, 4): xmin, ymin, xmax, ymax as written."""
    difficult: NDArray[np.bool_]


def read_sheet(path: Path) -> Sheet:
    """Read one XML file.

    Raises:
        CamsimError: no VOC annotation; the message names the file and the object.
        UnsafeError: it declares entities.
    """
    root = read_xml(path)
    if root.tag != "annotation":
        raise CamsimError(f"{path.name}: is no VOC annotation: its root is <{root.tag}>, not <annotation>")
    names, corners, difficult = [], [], []
    for number, entry in enumerate(root.iterfind("object")):
        where = f"{path.name}: object {number + 1}"
        names.append(_text(entry, "name", where))
        box = entry.find("bndbox")
        if box is None:
            raise CamsimError(f"{where}: has no <bndbox>")
        corners.append([_number(box, side, where) for side in ("xmin", "ymin", "xmax", "ymax")])
        difficult.append((entry.findtext("difficult") or "0").strip() not in ("0", ""))
    shape = None
    size = root.find("size")
    if size is not None:
        height, width = (int(_number(size, side, path.name)) for side in ("height", "width"))
        shape = (height, width) if height > 0 and width > 0 else None
    return Sheet(shape, tuple(names), np.array(corners, dtype=np.float64).reshape(-1, 4), np.array(difficult, np.bool_))


class _Survey:
    """One look at all files: which classes there are, how pixels are counted, what is wrong."""

    def __init__(self, tally: Tally) -> None:
        self.classes: set[str] = set()
        self.objects = 0
        self.origin = 1
        self._tally = tally

    def look(self, root: Path, name: str) -> None:
        try:
            sheet = read_sheet(root / name)
        except UnsafeError:
            raise
        except CamsimError as error:
            self._tally.add("pictures have an XML file that cannot be read and count as unreadable", str(error))
            return
        self.classes.update(sheet.names)
        self.objects += len(sheet.names)
        finite = sheet.corners[np.isfinite(sheet.corners)]
        if len(finite) and ((sheet.corners[:, :2] == 0).any() or (finite != np.rint(finite)).any()):
            self.origin = 0
        if sheet.shape is not None:
            self._tally.add_faults(fit(sheet.corners, sheet.shape).faults, name)


def _read(origin: int, picture: Path, path: Path) -> Truth:
    sheet = read_sheet(path)

    def drawn(shape: Shape) -> Boxes:
        fitted = fit(sheet.corners - [origin, origin, 0, 0], shape)
        kept = fitted.kept
        names = tuple(name for name, keep in zip(sheet.names, kept, strict=True) if keep)
        return Boxes(fitted.corners[kept], names, sheet.difficult[kept], shape)

    return laid_upright(picture, sheet.shape, drawn)


def _sheet(picture: str) -> str:
    """Name of the XML file that belongs to a picture."""
    path = PurePosixPath(picture).with_suffix(".xml")
    parts = [ANNOTATIONS if part == PICTURES else part for part in path.parts[:-1]]
    return str(PurePosixPath(*parts, path.name))


def _path_of_sheet(root: Path, picture: str) -> Path:
    return root / _sheet(picture)


def _picture_of(root: Path, sheet: str) -> str | None:
    """The picture that an XML file without one speaks of; None: it is no VOC file."""
    try:
        tree = read_xml(root / sheet)
    except UnsafeError:
        raise
    except CamsimError:
        return None
    if tree.tag != "annotation":
        return None
    suffix = PurePosixPath(check_name(tree.findtext("filename") or "picture.jpg", str(root / sheet))).suffix
    parts = [PICTURES if part == ANNOTATIONS else part for part in PurePosixPath(sheet).parts[:-1]]
    return str(PurePosixPath(*parts, PurePosixPath(sheet).stem + suffix))


def _text(element: Element, tag: str, where: str) -> str:
    text = (element.findtext(tag) or "").strip()
    if not text:
        raise CamsimError(f"{where}: has no <{tag}>")
    return text


def _number(element: Element, tag: str, where: str) -> float:
    text = _text(element, tag, where)
    try:
        return float(text)
    except ValueError as error:
        raise CamsimError(f"{where}: <{tag}> must be a number, got {text!r}") from error
