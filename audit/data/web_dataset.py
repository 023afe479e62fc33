"""WebDataset: tar files in which members of one name, before the first dot, belong to one sample."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from audit.data.boxes import Tally, fit
from audit.data.class_table import read_table
from audit.data.dataset import Dataset
from audit.data.picture import laid_upright_bytes, picture_of_bytes
from audit.data.reader import SUFFIXES, Reader
from audit.data.table import Columns, Found, assemble, coded
from audit.data.truth import Boxes, Labels, Shape, Text, Truth
from audit.data.web_index import SIDES, Index, Members
from camsim.errors import CamsimError, NoDataError

Kind = Literal["class", "labels", "boxes", "text"]
MAX_TEXT = 2**20
"""Bytes of a label, a text or JSON."""
MOST_CLASSES = 100_000
CLASS_NAMES = "classes.txt"
"""Beside the shards: names of the numbers in ``.cls``, one a line."""


def open_web_dataset(path: Path, *, kind: Kind | None, limit: int | None, reader: Reader) -> Dataset:
    """One tar file, or a folder of them.

    Members: a picture; ``cls`` (a number or a name); ``txt`` (a text); ``json`` with ``label``, ``labels``, ``text``,
    or ``boxes`` (left, top, right, bottom) with ``labels``; in any case ``cluster``.

    Raises:
        CamsimError: compressed or damaged shards, several pictures for one sample, samples without a label.
        NoDataError: no samples.
        UnsafeError: links, devices, absolute paths or ``..`` in a shard.
    """
    shards = [path] if path.is_file() else sorted(file for file in path.glob("*.tar") if file.is_file())
    if not shards:
        raise NoDataError(f"{path}: holds no .tar files")
    index = Index(shards)
    for number, shard in enumerate(shards):
        index.add(number, shard)
    members = index.done()
    if not len(members.ids):
        raise NoDataError(f"{path}: no sample has a picture; looked for {' '.join(SUFFIXES)}")
    tally = Tally()
    tally.add("samples have no picture and were left out", index.first_without, index.without_picture)
    source = WebDataset(tuple(shards), members, None, reader)
    source = WebDataset(tuple(shards), members, _choose(path, source, kind), reader)
    columns, classes = _survey(source, (path if path.is_dir() else path.parent) / CLASS_NAMES, tally)
    found = Found(
        name=path.resolve().name,
        columns=columns,
        source=source,
        class_names=classes,
        kind=None if source.kind == "class" else source.kind,
        what=f"{len(shards)} WebDataset shards, {source.kind or 'without labels'}",
        notes=tally.notes(),
        unit="samples",
    )
    return assemble(found, limit, reader.max_side)


@dataclass(frozen=True)
class WebDataset:
    """Samples in shards, each read where it lies."""

    shards: tuple[Path, ...]
    members: Members
    kind: Kind | None
    reader: Reader

    def loader(self, row: int) -> Callable[[], Tensor]:
        return partial(self._scene, row)

    def truth(self, row: int) -> Callable[[], Truth] | None:
        return None if self.kind in ("class", None) else partial(self._truth, row)

    def digest(self, row: int) -> str:
        digest: bytes = self.members.digests[row].tobytes()
        return digest.hex()

    def picture(self, row: int) -> tuple[bytes, str]:
        """Bytes and suffix."""
        return self._read(row, 0), self.members.suffixes[int(self.members.suffix[row])]

    def text(self, row: int, side: str) -> str | None:
        """A member as text; None: there is none."""
        place = 1 + SIDES.index(side)
        size = int(self.members.places[row, place, 1])
        if size < 0:
            return None
        if size > MAX_TEXT:
            raise CamsimError(f"{self._where(row)}.{side}: is larger than {MAX_TEXT >> 20} MiB")
        try:
            return self._read(row, place).decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise CamsimError(f"{self._where(row)}.{side}: is not UTF-8") from error

    def said(self, row: int) -> dict[str, Any]:
        """What the member ``json`` says; empty where there is none."""
        text = self.text(row, "json")
        if text is None:
            return {}
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CamsimError(f"{self._where(row)}.json: is no JSON: {error}") from error
        if not isinstance(found, dict):
            raise CamsimError(f"{self._where(row)}.json: must hold an object")
        return found

    def label(self, row: int) -> str:
        """The class, a number or a name, as text."""
        text = self.text(row, "cls")
        found = self.said(row).get("label") if text is None else text
        if found is None or not str(found).strip():
            raise CamsimError(f"{self._where(row)}: has no label: a member .cls, or 'label' in .json")
        return str(found).strip()

    def objects(self, row: int) -> tuple[NDArray[np.float64], list[str]]:
        """(K, 4) corners and the class of each."""
        said = self.said(row)
        boxes, names = said.get("boxes", []), said.get("labels", [])
        try:
            corners = np.array(boxes, dtype=np.float64).reshape(-1, 4)
        except (TypeError, ValueError) as error:
            raise CamsimError(f"{self._where(row)}.json: boxes must be lists of four numbers") from error
        if not isinstance(names, list) or len(names) != len(corners):
            raise CamsimError(f"{self._where(row)}.json: {len(corners)} boxes need as many labels")
        return corners, [str(name) for name in names]

    def _where(self, row: int) -> str:
        return f"{self.shards[self.members.shard[row]].name}: {self.members.ids[row].as_py()}"

    def _read(self, row: int, place: int) -> bytes:
        offset, size = (int(number) for number in self.members.places[row, place])
        try:
            with self.shards[self.members.shard[row]].open("rb") as file:
                file.seek(offset)
                content: bytes = file.read(size)
        except OSError as error:
            raise CamsimError(f"{self._where(row)}: cannot be read: {error.strerror or error}") from error
        if len(content) != size:
            raise CamsimError(f"{self._where(row)}: the shard is shorter than it was; open the data again")
        return content

    def _scene(self, row: int) -> Tensor:
        return self.reader.read_bytes(*self.picture(row))

    def _truth(self, row: int) -> Truth:
        if self.kind == "text":
            text = self.text(row, "txt")
            found = self.said(row).get("text") if text is None else text
            if found is None:
                raise CamsimError("has no text: a member .txt, or 'text' in .json")
            return Text(str(found))
        if self.kind == "labels":
            return Labels(frozenset(str(name) for name in self.said(row).get("labels") or []))
        return laid_upright_bytes(*self.picture(row), None, partial(self._boxes, row))

    def _boxes(self, row: int, shape: Shape) -> Boxes:
        corners, names = self.objects(row)
        fitted = fit(corners, shape)
        kept = np.flatnonzero(fitted.kept)
        return Boxes(fitted.corners[kept], tuple(names[place] for place in kept), np.zeros(len(kept), np.bool_), shape)


def _choose(path: Path, source: WebDataset, wanted: Kind | None) -> Kind | None:
    """What the samples say, judged by the first one."""
    said = source.said(0)
    there: dict[Kind, bool] = {
        "class": bool(source.members.has("cls")[0]) or "label" in said,
        "boxes": "boxes" in said,
        "labels": "labels" in said and "boxes" not in said,
        "text": bool(source.members.has("txt")[0]) or "text" in said,
    }
    found = [kind for kind, is_there in there.items() if is_there]
    if wanted is not None:
        if wanted not in found:
            raise CamsimError(f"{path}: --truth {wanted}: its samples have {', '.join(found) or 'no truth at all'}")
        return wanted
    if len(found) > 1:
        raise CamsimError(f"{path}: holds several truths: {', '.join(found)}; choose one with --truth {found[0]}")
    return found[0] if found else None


def _survey(source: WebDataset, names: Path, tally: Tally) -> tuple[Columns, tuple[str, ...] | None]:
    """Classes, clusters, and what is wrong, from one look at every sample's labels."""
    ids = source.members.ids
    rows = range(len(ids))
    clusters = None
    if source.members.has("json").any():
        given = [source.said(row).get("cluster") for row in rows]
        if any(cluster is not None for cluster in given):
            clusters = coded(None if cluster is None else str(cluster) for cluster in given)
    if source.kind == "class":
        labels = [source.label(row) for row in rows]
        classes = _class_names(labels, names)
        if all(label.isdigit() for label in labels):
            labels = [classes[int(label)] for label in labels]
        return Columns(ids, coded(labels, classes), clusters), classes
    seen: set[str] = set()
    for row in rows if source.kind in ("labels", "boxes") else ():
        seen.update(str(name) for name in source.said(row).get("labels") or [])
        if source.kind == "boxes":
            try:
                shape = picture_of_bytes(*source.picture(row)).upright
            except CamsimError:
                continue  # it says why when it is loaded
            tally.add_faults(fit(source.objects(row)[0], shape).faults, ids[row].as_py())
    return Columns(ids, None, clusters), tuple(sorted(seen)) or None


def _class_names(labels: list[str], names: Path) -> tuple[str, ...]:
    """Names as they are; of numbers those in a file beside the shards, else the numbers up to the largest.

    Raises:
        CamsimError: a number that the file has no name for.
    """
    if not all(label.isdigit() for label in labels):
        return tuple(sorted(set(labels)))
    largest = max(int(label) for label in labels)
    if largest > MOST_CLASSES:
        raise CamsimError(f"the label {largest} is no number of a class; at most {MOST_CLASSES} are taken")
    if not names.is_file():
        return tuple(str(number) for number in range(largest + 1))
    declared = read_table(names).names
    if largest >= len(declared):
        raise CamsimError(f"{names}: names {len(declared)} classes, and there is a label {largest}")
    return declared
