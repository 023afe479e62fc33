"""Rows of one profile beside the same samples under the reference, as arrays.

Text stays in Arrow's compact form: as Python objects it would be most of an audit's memory.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
"""Each (N,): float64 for numbers (NaN: null), bool, or objects (lists, None)."""

TEXTS = ("sample", "profile", "cluster", "groups", "error")
"""Columns that are not made into arrays."""


@dataclass(frozen=True)
class Pair:
    """The N samples that were measured under both a profile and the reference, in the same order."""

    own: Columns
    reference: Columns
    ids: pa.Array
    """Of the samples, text (N,), as the next two."""
    cluster: pa.Array
    """Null: it stands by itself."""
    groups: pa.Array
    """JSON, see `audit.outcome.Outcome.groups`; null: nothing is known."""
    expected: int
    """Samples that should have been measured."""
    errors: tuple[str, ...]
    """Distinct reasons why some were not."""

    @property
    def samples(self) -> int:
        """Measured under both."""
        return len(self.ids)

    @cached_property
    def clusters(self) -> NDArray[Any] | None:
        """Number of each sample's cluster; one without a cluster is its own. None where none has one."""
        if self.cluster.null_count == len(self.cluster):
            return None
        # A cluster's name may be another sample's id.
        together = pc.binary_join_element_wise("cluster", self.cluster, " ")
        alone = pc.binary_join_element_wise("sample", self.ids, " ")
        numbers: NDArray[Any] = pc.coalesce(together, alone).dictionary_encode().indices.to_numpy()
        return numbers

    def facts(self) -> dict[str, list[str | None]]:
        """What is known of the samples: by fact, the value of each; None: not known. The class comes first."""
        found = self.groups.dictionary_encode()
        known: list[dict[str, str]] = [json.loads(text) for text in found.dictionary.to_pylist()]
        places = found.indices.fill_null(-1).to_numpy()
        names = dict.fromkeys(fact for one in known for fact in one)
        return {
            fact: [None if place < 0 else known[place].get(fact) for place in places]
            for fact in sorted(names, key=lambda fact: (fact != "class", fact))
        }

    def fingerprint(self, kept: NDArray[np.bool_]) -> str:
        """The same for the same samples in the same order."""
        digest = hashlib.blake2b(digest_size=16)
        for buffer in self.ids.filter(pa.array(kept)).buffers():
            digest.update(b"" if buffer is None else buffer)
        return digest.hexdigest()


def pair(own: pa.Table, reference: pa.Table) -> Pair:
    """Put the rows of a profile beside those of the reference for the same samples."""
    errors = tuple(sorted(pc.unique(own["error"].drop_null()).to_pylist()))
    measured = own.filter(pc.is_valid(own["flip"]))
    places = pc.index_in(measured["sample"], reference["sample"])
    ids, cluster, groups = (measured[name].combine_chunks() for name in ("sample", "cluster", "groups"))
    return Pair(to_columns(measured), to_columns(reference.take(places)), ids, cluster, groups, own.num_rows, errors)


def to_columns(table: pa.Table) -> Columns:
    """Arrow columns as arrays, but for the texts that every task has."""
    return {name: _array(table[name]) for name in table.column_names if name not in TEXTS}


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
