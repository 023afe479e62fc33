"""Samples in columns: a hundred thousand of them take a few megabytes, and each is made when it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from torch import Tensor

from audit.data.dataset import Dataset, Sample, fingerprint, subset
from audit.data.truth import Truth, TruthKind
from camsim.errors import NoDataError


class Source(Protocol):
    """Where samples come from, asked by row."""

    def loader(self, row: int) -> Callable[[], Tensor]:
        """Reads the scene."""
        ...

    def truth(self, row: int) -> Callable[[], Truth] | None:
        """Reads what is in it; None: nothing but the class is known."""
        ...

    def digest(self, row: int) -> str:
        """SHA-256 of the content, the scene's and that of annotations of its own; says so where it cannot be read."""
        ...


@dataclass(frozen=True)
class Columns:
    """What is known of N samples before any of them is read, row by row."""

    ids: pa.Array
    """(N,) strings."""
    targets: pa.DictionaryArray | None = None
    """(N,) class names."""
    clusters: pa.DictionaryArray | None = None
    groups: Mapping[str, pa.DictionaryArray] = field(default_factory=dict)


class SampleTable(Sequence[Sample]):
    """Samples made from columns and a source when they are asked for."""

    def __init__(self, columns: Columns, source: Source, rows: NDArray[np.int64]) -> None:
        """The samples of these rows, in this order."""
        self.columns = columns
        self.source = source
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Sample: ...
    @overload
    def __getitem__(self, place: slice) -> SampleTable: ...
    def __getitem__(self, place: int | slice) -> Sample | SampleTable:
        if isinstance(place, slice):
            return SampleTable(self.columns, self.source, self.rows[place])
        row = int(self.rows[place])
        columns = self.columns
        return Sample(
            id=columns.ids[row].as_py(),
            target=_at(columns.targets, row),
            loader=self.source.loader(row),
            truth=self.source.truth(row),
            cluster=_at(columns.clusters, row),
            groups={name: value for name, column in columns.groups.items() if (value := _at(column, row)) is not None},
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[place] for place in range(len(self)))

    def __repr__(self) -> str:
        return f"SampleTable of {len(self)}"

    def take(self, places: Sequence[int]) -> SampleTable:
        """The samples at these places, in this order."""
        return SampleTable(self.columns, self.source, self.rows[np.asarray(places, dtype=np.int64)])

    def repeated_id(self) -> str | None:
        """An id that occurs more than once."""
        return repeated(self.columns.ids.take(pa.array(self.rows)))


def repeated(names: pa.Array, at_a_time: int = 4096) -> str | None:
    """A string that occurs more than once."""
    order = pc.sort_indices(names)
    before: str | None = None
    for start in range(0, len(names), at_a_time):
        for text in names.take(order[start : start + at_a_time]).to_pylist():
            if text == before:
                return before
            before = text
    return None


def packed(texts: Iterable[str], at_a_time: int = 4096) -> pa.Array:
    """Strings packed one after the other, whatever their number, without holding them all as Python objects."""
    chunks: list[pa.Array] = []
    waiting: list[str] = []
    for text in texts:
        waiting.append(text)
        if len(waiting) == at_a_time:
            chunks.append(pa.array(waiting, type=pa.large_string()))
            waiting = []
    chunks.append(pa.array(waiting, type=pa.large_string()))
    return pa.concat_arrays(chunks)


def coded(values: Iterable[str | None], names: Sequence[str] | None = None) -> pa.DictionaryArray:
    """Strings as numbers into the list of those that occur, or into ``names``."""
    numbers: dict[str, int] = {} if names is None else {name: number for number, name in enumerate(names)}
    codes = np.fromiter(
        (-1 if value is None else numbers.setdefault(value, len(numbers)) for value in values), dtype=np.int32
    )
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=codes < 0), pa.array(list(numbers), type=pa.string()), safe=True
    )


def texts_of(texts: pa.Array, at_a_time: int = 4096) -> Iterator[str]:
    """The strings of an array, a few at a time in memory."""
    for start in range(0, len(texts), at_a_time):
        yield from texts[start : start + at_a_time].to_pylist()


@dataclass(frozen=True)
class Found:
    """What a format has found, before a limit is applied."""

    name: str
    columns: Columns
    source: Source
    class_names: tuple[str, ...] | None
    kind: TruthKind | None
    what: str
    """Goes into the description: where the labels come from."""
    notes: tuple[str, ...] = ()
    declared: str = ""
    """SHA-256 of annotations that all samples share; empty where there are none."""
    unit: str = "files"
    """What is counted."""
    left_out: str = ""


def assemble(found: Found, limit: int | None, max_side: int) -> Dataset:
    """A dataset in the order of its ids, cut to the limit, with its fingerprint.

    Every content is read once, one after the other, for the fingerprint.

    Raises:
        NoDataError: nothing was found.
        CamsimError: an id occurs twice.
    """
    columns = found.columns
    total = len(columns.ids)
    if not total:
        raise NoDataError(f"{found.name}: holds no samples{found.left_out}")
    rows = np.asarray(pc.sort_indices(columns.ids), dtype=np.int64)
    if limit is not None:
        rows = rows[subset(_codes(columns.targets, rows), limit)]
    samples = SampleTable(columns, found.source, rows)
    contents = _Contents(samples, found.declared)
    sha256 = fingerprint(contents)
    return Dataset(
        name=found.name,
        samples=samples,
        class_names=found.class_names,
        sha256=sha256,
        description=_describe(found, len(samples), total, contents.repeats, max_side),
        truth=found.kind,
        notes=found.notes,
    )


class _Contents:
    """The parts of a fingerprint, one after the other; counts the contents that repeat another."""

    def __init__(self, samples: SampleTable, declared: str) -> None:
        self._samples = samples
        self._declared = declared
        self._seen = np.empty(len(samples), dtype=np.uint64)
        """The first eight bytes of each: enough to count repeats."""

    def __iter__(self) -> Iterator[tuple[str, str | None, str]]:
        if self._declared:
            yield "", None, self._declared
        columns, source = self._samples.columns, self._samples.source
        for place, row in enumerate(self._samples.rows.tolist()):
            digest = source.digest(row)
            self._seen[place] = int.from_bytes(hashlib.blake2b(digest.encode(), digest_size=8).digest(), "little")
            yield columns.ids[row].as_py(), _at(columns.targets, row), digest

    @property
    def repeats(self) -> int:
        return len(self._seen) - len(np.unique(self._seen))


def _codes(targets: pa.DictionaryArray | None, rows: NDArray[np.int64]) -> Sequence[Hashable]:
    if targets is None:
        return [None] * len(rows)
    codes: list[Hashable] = targets.indices.take(pa.array(rows)).to_pylist()
    return codes


def _at(column: pa.DictionaryArray | None, row: int) -> Any:
    return None if column is None else column[row].as_py()


def _describe(found: Found, taken: int, total: int, repeats: int, max_side: int) -> str:
    count = f"{total} {found.unit}" if taken == total else f"{taken} of {total} {found.unit}, evenly spaced"
    parts = [f"{count}{found.left_out}", found.what, f"scenes longer than {max_side} px are reduced to that"]
    if repeats:
        parts.append(f"{repeats} {found.unit} repeat the content of another and are not independent of it")
    return "; ".join(part for part in parts if part) + "."


def unlabelled(dataset: Dataset) -> Dataset:
    """The same samples without anything that says what is in them."""
    samples = dataset.samples
    if isinstance(samples, SampleTable):
        samples = SampleTable(replace(samples.columns, targets=None), _Silent(samples.source), samples.rows)
    return replace(
        dataset,
        samples=samples,
        class_names=None,
        sha256=hashlib.sha256(f"without labels {dataset.sha256}".encode()).hexdigest(),
        description=dataset.description.removesuffix(".") + "; taken without labels.",
        truth=None,
    )


@dataclass(frozen=True)
class _Silent:
    """A source whose annotations are not asked for."""

    source: Source

    def loader(self, row: int) -> Callable[[], Tensor]:
        return self.source.loader(row)

    def truth(self, row: int) -> None:
        return None

    def digest(self, row: int) -> str:
        return self.source.digest(row)
