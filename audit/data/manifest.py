"""A table with a row for each picture, or for each of its boxes: CSV or Parquet.

Columns are known by their names; those that say nothing of the picture's content become groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from audit.data.boxes import Tally
from audit.data.class_table import find_table
from audit.data.dataset import Dataset
from audit.data.manifest_columns import Kind, Layout, read_layout
from audit.data.manifest_source import ManifestSource, PictureRows
from audit.data.manifest_table import Rows, read_rows
from audit.data.paths import check_name
from audit.data.reader import Reader
from audit.data.table import Columns, Found, assemble, coded, packed, texts_of
from camsim.errors import CamsimError

MOST_GROUPS = 100
"""A column with more different values than this divides the samples too finely to be a group."""


def open_manifest(path: Path, *, kind: Kind | None, limit: int | None, reader: Reader) -> Dataset:
    """A CSV or Parquet file; file names in it are relative to its folder.

    Raises:
        CamsimError: no column of pictures, columns that contradict each other, an empty label, a picture listed twice.
        NoDataError: no rows.
        UnsafeError: a file name leads out of the folder.
    """
    rows = read_rows(path)
    layout = read_layout(rows, kind)
    tally = Tally()
    index = _pictures(rows, layout)
    first = index.first
    names = packed(
        check_name(text, rows.where(row))
        for row, text in zip(first.tolist(), rows.texts(layout.image, first), strict=True)
    )
    root = path.parent
    lost = [name for name in texts_of(names) if not (root / name).is_file()]
    tally.add("pictures of the table are not there and count as unreadable", lost[0] if lost else "", len(lost))
    targets, classes = _classes(rows, layout, first)
    groups, dropped = _groups(rows, layout, first)
    if dropped:
        tally.add(f"columns have more than {MOST_GROUPS} different values and are no groups", dropped[0], len(dropped))
    table = find_table(root) if layout.kind == "class_map" else None
    source = ManifestSource(root, root.resolve(), reader, rows, layout, index, names, table)
    source.survey(tally)
    found = Found(
        name=f"{root.resolve().name}/{path.name}",
        columns=Columns(names, targets, _clusters(rows, layout, first), groups),
        source=source,
        class_names=table.counted if table is not None else classes,
        kind=None if layout.kind in ("class", None) else layout.kind,
        what=f"{layout.what} from {path.name}",
        notes=tally.notes(),
        declared=rows.sha256,
        unit="pictures",
    )
    return assemble(found, limit, reader.max_side)


def _pictures(rows: Rows, layout: Layout) -> PictureRows:
    """The rows of each picture. Only boxes may have several."""
    names = rows.texts_array(layout.image)
    index = PictureRows.of(names)
    if len(index.first) < len(names) and layout.kind != "boxes":
        several = int(np.argmax(np.diff(index.starts) > 1))
        first, again = index.order[index.starts[several] : index.starts[several] + 2].tolist()
        raise CamsimError(
            f"{rows.where(again)}: the picture {names[again].as_py()!r} is listed twice (first in "
            f"{rows.where(first)}); give each picture one row"
        )
    return index


def _classes(
    rows: Rows, layout: Layout, first: NDArray[np.int64]
) -> tuple[pa.DictionaryArray | None, tuple[str, ...] | None]:
    """The class of each picture, and all names."""
    if layout.kind == "class":
        values = rows.filled(layout.label, first)
        names = tuple(sorted(set(values)))
        return coded(values, names), names
    if layout.kind == "labels":
        return None, tuple(sorted({name for row in first.tolist() for name in rows.names_in(layout.label, row)}))
    if layout.kind == "boxes":
        return None, layout.box_classes(rows)
    return None, None


def _clusters(rows: Rows, layout: Layout, first: NDArray[np.int64]) -> pa.DictionaryArray | None:
    if layout.cluster is None:
        return None
    return coded(value or None for value in rows.texts(layout.cluster, first))


def _groups(
    rows: Rows, layout: Layout, first: NDArray[np.int64]
) -> tuple[dict[str, pa.DictionaryArray], Sequence[str]]:
    """The other columns, but for those that hardly group anything; and the names of these."""
    groups: dict[str, pa.DictionaryArray] = {}
    dropped = []
    for name in layout.others:
        column = rows.texts_array(name).take(pa.array(first))
        if pc.count_distinct(column).as_py() > MOST_GROUPS:
            dropped.append(name)
        else:
            groups[name] = coded(value or None for value in texts_of(column))
    return groups, dropped
