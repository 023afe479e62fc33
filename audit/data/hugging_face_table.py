"""Rows of Arrow files, mapped into memory, or of Parquet files, whose pictures are read a row group at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from audit.data.paths import check_name, stay_inside
from camsim.errors import CamsimError, NoDataError

SPLITS = ("test", "validation", "train")
"""The first that is there is used."""
HEAVY = (pa.types.is_struct, pa.types.is_binary, pa.types.is_large_binary)
"""Columns that hold pictures."""


@dataclass
class Rows:
    """All rows of a dataset; what is not heavy is in memory or mapped into it."""

    light: pa.Table
    """Every column (Arrow files), or those without pictures (Parquet files)."""
    schema: pa.Schema
    files: tuple[Path, ...] = ()
    """Parquet files."""
    groups: list[tuple[int, int]] = field(default_factory=list)
    """File and row group of each."""
    starts: list[int] = field(default_factory=list)
    """First row of each group."""
    _held: tuple[int, pa.Table] | None = None
    """The row group that was read last."""

    def __len__(self) -> int:
        return int(self.light.num_rows)

    def cell(self, name: str, row: int) -> Any:
        """One value."""
        if name in self.light.column_names:
            return self.light.column(name)[row].as_py()
        group = int(np.searchsorted(self.starts, row, side="right")) - 1
        held = self._held
        if held is None or held[0] != group:
            place, number = self.groups[group]
            heavy = [column for column in self.schema.names if column not in self.light.column_names]
            held = (group, pyarrow.parquet.ParquetFile(self.files[place]).read_row_group(number, columns=heavy))
            self._held = held
        return held[1].column(name)[row - self.starts[group]].as_py()

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_held": None}


def split_of(root: Path) -> tuple[Path, str]:
    """The folder of one split, and its name; the folder itself where there are none.

    Raises:
        CamsimError: splits of other names.
    """
    marker = root / "dataset_dict.json"
    if not marker.is_file():
        return root, ""
    try:
        names = [str(name) for name in json.loads(marker.read_text("utf-8"))["splits"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CamsimError(f"{marker}: cannot be read: {error}") from error
    chosen = next((name for name in SPLITS if name in names), None)
    if chosen is None:
        raise CamsimError(f"{root}: has the splits {', '.join(names)}; give the folder of one of them")
    return root / check_name(chosen, str(root)), chosen


def read_table(folder: Path) -> tuple[Rows, dict[str, Any]]:
    """The rows, and the features that are declared of them.

    Args:
        folder: one split, or one file.

    Raises:
        CamsimError: unreadable.
        NoDataError: no files.
        UnsafeError: a link leads out of the folder.
    """
    files = [folder] if folder.is_file() else sorted(folder.glob("*.arrow")) or sorted(folder.glob("**/*.parquet"))
    folder = folder.parent if folder.is_file() else folder
    for file in files:
        stay_inside(file, folder.resolve())
    if not files:
        raise NoDataError(f"{folder}: holds neither .arrow nor .parquet files")
    try:
        rows = _from_parquet(files) if files[0].suffix == ".parquet" else _from_arrow(files)
    except (pa.ArrowException, OSError) as error:
        raise CamsimError(f"{folder}: cannot be read as a Hugging Face dataset: {error}") from error
    return rows, _declared(folder, rows.schema)


def _from_arrow(files: list[Path]) -> Rows:
    table = pa.concat_tables([_open_arrow(file) for file in files])
    return Rows(table, table.schema)


def _open_arrow(path: Path) -> pa.Table:
    mapped = pa.memory_map(str(path))
    try:
        return pa.ipc.open_stream(mapped).read_all()
    except pa.ArrowInvalid:
        return pa.ipc.open_file(mapped).read_all()


def _from_parquet(files: list[Path]) -> Rows:
    schema = pyarrow.parquet.read_schema(files[0])
    light = [part.name for part in schema if not any(is_heavy(part.type) for is_heavy in HEAVY)]
    groups, starts, total = [], [], 0
    for place, file in enumerate(files):
        metadata = pyarrow.parquet.ParquetFile(file).metadata
        for number in range(metadata.num_row_groups):
            groups.append((place, number))
            starts.append(total)
            total += metadata.row_group(number).num_rows
    table = pa.concat_tables([pyarrow.parquet.read_table(file, columns=light) for file in files])
    if not light:  # a table without columns does not know how long it is
        table = pa.table({"": pa.nulls(total)})
    return Rows(table, schema, tuple(files), groups, starts)


def _declared(folder: Path, schema: pa.Schema) -> dict[str, Any]:
    """Of dataset_info.json, else of the files' own metadata."""
    info = folder / "dataset_info.json"
    try:
        if info.is_file():
            found = json.loads(info.read_text("utf-8")).get("features")
        else:
            stored = (schema.metadata or {}).get(b"huggingface", b"{}")
            found = json.loads(stored).get("info", {}).get("features")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise CamsimError(f"{info}: the features cannot be read: {error}") from error
    return found if isinstance(found, dict) else {}
