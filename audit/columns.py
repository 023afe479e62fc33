"""Rows of one profile beside the same samples under the reference, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
"""Each (N,): float64 for numbers (NaN: null), bool, or objects (text, lists, None)."""


@dataclass(frozen=True)
class Pair:
    """The samples that were measured under both a profile and the reference, in the same order."""

    own: Columns
    reference: Columns
    expected: int
    """Samples that should have been measured."""
    errors: tuple[str, ...]
    """Distinct reasons why some were not."""

    @property
    def samples(self) -> int:
        """Measured under both."""
        return len(self.own["sample"])

    @property
    def clusters(self) -> NDArray[Any] | None:
        """Of each sample; one without a cluster is its own. None where none has one."""
        found = self.own["cluster"]
        known = np.array([name is not None for name in found], dtype=bool)
        if not known.any():
            return None
        # A cluster's name may be another sample's id.
        both = zip(found, self.own["sample"], strict=True)
        names = [f"c {name}" if name is not None else f"s {own}" for name, own in both]
        return np.unique(names, return_inverse=True)[1]


def pair(own: pa.Table, reference: pa.Table) -> Pair:
    """Put the rows of a profile beside those of the reference for the same samples."""
    errors = tuple(sorted(pc.unique(own["error"].drop_null()).to_pylist()))
    measured = own.filter(pc.is_valid(own["flip"]))
    places = pc.index_in(measured["sample"], reference["sample"])
    return Pair(to_columns(measured), to_columns(reference.take(places)), own.num_rows, errors)


def to_columns(table: pa.Table) -> Columns:
    """Arrow columns as arrays."""
    return {name: _array(table[name]) for name in table.column_names}


def _array(column: pa.ChunkedArray) -> NDArray[Any]:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        values: NDArray[Any] = column.cast(pa.float64()).fill_null(np.nan).to_numpy()
        return values
    if pa.types.is_boolean(column.type) and column.null_count == 0:
        flags: NDArray[Any] = column.to_numpy(zero_copy_only=False)
        return flags.astype(bool)
    objects = np.empty(len(column), dtype=object)
    for place, value in enumerate(column.to_pylist()):
        objects[place] = value
    return objects
