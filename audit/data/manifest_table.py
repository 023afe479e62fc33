"""The rows of a CSV or Parquet file, kept in Arrow's memory; every message about one names its line."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from audit.data.paths import content_sha256
from camsim.errors import CamsimError, NoDataError

MAX_BYTES = 2 * 2**30
SEPARATOR = ";"
"""Between the names in one cell."""


@dataclass(frozen=True)
class Rows:
    """A table of texts and lists."""

    path: Path
    table: pa.Table
    sha256: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.table.column_names)

    def where(self, row: int) -> str:
        """``data.csv:7``, or ``data.parquet: row 5``."""
        if self.path.suffix.lower() == ".csv":
            return f"{self.path}:{row + 2}"
        return f"{self.path}: row {row}"

    def texts_array(self, name: str) -> pa.Array:
        """A column as texts, empty where nothing is given."""
        column = self.table.column(name)
        if pa.types.is_nested(column.type):
            raise CamsimError(f"{self.path}: the column {name!r} holds {column.type}, where one value is needed")
        return pc.fill_null(column.cast(pa.large_string()), "").combine_chunks()

    def texts(self, name: str, rows: NDArray[np.int64]) -> Iterator[str]:
        """Some of them, in this order."""
        column = self.table.column(name)
        for start in range(0, len(rows), 4096):
            for value in column.take(pa.array(rows[start : start + 4096])).to_pylist():
                yield "" if value is None else str(value)

    def text(self, name: str, row: int) -> str:
        """One of them."""
        return next(self.texts(name, np.array([row])))

    def filled(self, name: str, rows: NDArray[np.int64]) -> list[str]:
        """Some of them.

        Raises:
            CamsimError: one is empty; the message names its line.
        """
        values = []
        for row, text in zip(rows.tolist(), self.texts(name, rows), strict=True):
            if not text.strip():
                raise CamsimError(f"{self.where(row)}: {name} is empty; give every picture one, or leave the row out")
            values.append(text)
        return values

    def names_in(self, name: str, row: int) -> list[str]:
        """The names in one cell: a list, or a text with ``;`` between them."""
        value = self.table.column(name)[row].as_py()
        parts = value if isinstance(value, list) else str(value or "").split(SEPARATOR)
        return [str(part).strip() for part in parts if part is not None and str(part).strip()]

    def number(self, name: str, row: int) -> float:
        """One number; NaN where it is empty.

        Raises:
            CamsimError: something else.
        """
        value = self.table.column(name)[row].as_py()
        if value is None or (isinstance(value, str) and not value.strip()):
            return math.nan
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise CamsimError(f"{self.where(row)}: {name} must be a number, got {str(value)[:60]!r}") from error


def read_rows(path: Path) -> Rows:
    """Read a file; all columns of a CSV file as texts.

    Raises:
        CamsimError: unreadable, too large, columns of the same name.
        NoDataError: without rows.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CamsimError(f"{path}: is larger than {MAX_BYTES >> 30} GiB; split it")
        if not path.stat().st_size:
            raise NoDataError(f"{path}: is empty")
        table = pyarrow.parquet.read_table(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error}") from error
    except pa.ArrowInvalid as error:
        raise CamsimError(f"{path}: cannot be read as a table: {error}") from error
    names = [name.strip() for name in table.column_names]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise CamsimError(f"{path}: has two columns {name!r}; rename one")
    if not table.num_rows:
        raise NoDataError(f"{path}: has no rows")
    return Rows(path, table.rename_columns(names).combine_chunks(), content_sha256(path))


def _read_csv(path: Path) -> pa.Table:
    with path.open("rb") as file:
        header = file.readline(2**20).decode("utf-8-sig", "replace")
    # Without quoted line ends, so that row and line keep step.
    names = pyarrow.csv.read_csv(
        pa.BufferReader(header.encode()), parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False)
    ).column_names
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False, newlines_in_values=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=True, null_values=[""]
        ),
    )


def digest_of(parts: list[str]) -> str:
    """SHA-256 over several digests."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def read_header(path: Path, *, nested: bool = False) -> list[str]:
    """Names of the columns; empty where the file is no table.

    Args:
        path: a CSV or Parquet file.
        nested: of Parquet, those within columns instead: ``image.bytes``.
    """
    try:
        if path.suffix.lower() == ".parquet":
            schema = pyarrow.parquet.read_schema(path)
            if not nested:
                return list(schema.names)
            structs = [part for part in schema if pa.types.is_struct(part.type)]
            return [f"{part.name}.{child.name}" for part in structs for child in part.type]
        with path.open("rb") as file:
            line = file.readline(2**16).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError, pa.ArrowException):
        return []
    return [name.strip().strip('"') for name in line.split(",")]
