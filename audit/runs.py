"""The run folder: what an audit leaves behind, and what an interrupted one goes on from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from audit.matrix import Chunk, Unreadable
from audit.outcome import Outcomes, schema, to_table, write_batches, write_table
from camsim.atomic import write_text
from camsim.errors import CamsimError

MANIFEST = "manifest.json"
RESULTS = "results.json"
SAMPLES = "samples.parquet"
REPORT = "report.html"
PARTS = "parts"

ROWS_AT_A_TIME = 100_000
"""Of samples.parquet, in memory at once."""


class RunFolder:
    """A folder of one run. Finished chunks are kept as parts until the run is complete."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._count = 0

    @classmethod
    def open(cls, path: Path, key: Mapping[str, Any], *, resume: bool) -> RunFolder:
        """Start a run in a new or empty folder, or go on with an unfinished one.

        Args:
            path: the folder; made where it does not exist.
            key: what decides the outcomes (hashes, seed ...); a resumed run must have the same.
            resume: go on with what is there.

        Raises:
            CamsimError: not writable, already holding something, or a run of something else.
        """
        folder = cls(path)
        try:
            if path.exists() and not path.is_dir():
                raise CamsimError(f"{path}: is a file; --out takes a folder")
            path.mkdir(parents=True, exist_ok=True)
            used = any(path.iterdir())
        except OSError as error:
            raise CamsimError(f"{path}: cannot be used for the run: {error.strerror}; choose another --out") from None
        if used and not (path / "key.json").exists():
            finished = (path / RESULTS).exists()
            what = "already holds a finished run" if finished else "is not empty and holds no unfinished run"
            raise CamsimError(f"{path}: {what}; choose another --out")
        if used and not resume:
            raise CamsimError(
                f"{path}: holds an unfinished run; add --resume to go on with it, or choose another --out"
            )
        if resume and not used:
            raise CamsimError(f"{path}: there is nothing to resume; leave --resume out to start a run there")
        if used:
            folder._check_key(key)
            folder._count = len(list((path / PARTS).glob("*.json")))
        else:
            write_text(path / "key.json", json.dumps(key, indent=1))
            (path / PARTS).mkdir(exist_ok=True)
        return folder

    def _check_key(self, key: Mapping[str, Any]) -> None:
        stored = json.loads((self.path / "key.json").read_text(encoding="utf-8"))
        given = json.loads(json.dumps(key))
        changed = [name for name in given if stored.get(name) != given[name]]
        if changed:
            raise CamsimError(
                f"{self.path}: cannot be resumed, the run there had another {', '.join(changed)}; choose another --out"
            )

    def add(self, chunk: Chunk, columns: Mapping[str, pa.DataType]) -> None:
        """Keep a finished chunk; its .json is written last and says that it is whole."""
        part = self.path / PARTS / f"{self._count:06d}"
        write_table(part.with_suffix(".parquet"), to_table(chunk.outcomes, columns))
        note = {"samples": chunk.samples, "unreadable": [asdict(item) for item in chunk.unreadable]}
        write_text(part.with_suffix(".json"), json.dumps(note))
        self._count += 1

    def done(self) -> tuple[list[Unreadable], set[str]]:
        """Unreadable samples, and ids of all samples that are finished."""
        unreadable: list[Unreadable] = []
        samples: set[str] = set()
        for note_path in self._notes():
            note = json.loads(note_path.read_text(encoding="utf-8"))
            unreadable += [Unreadable(**item) for item in note["unreadable"]]
            samples |= set(note["samples"])
        return unreadable, samples

    def outcomes(self, columns: Mapping[str, pa.DataType]) -> Outcomes:
        """All chunks in one file, in the order in which they came; memory does not grow with their number."""
        shape = schema(columns)
        write_batches(self.path / SAMPLES, shape, self._batches(shape))
        return Outcomes(self.path / SAMPLES)

    def _batches(self, shape: pa.Schema) -> Iterator[pa.RecordBatch]:
        waiting: list[pa.Table] = []
        for note_path in self._notes():
            waiting.append(pq.read_table(note_path.with_suffix(".parquet"), schema=shape))
            if sum(table.num_rows for table in waiting) >= ROWS_AT_A_TIME:
                yield from pa.concat_tables(waiting).combine_chunks().to_batches()
                waiting = []
        if waiting:
            yield from pa.concat_tables(waiting).combine_chunks().to_batches()

    def _notes(self) -> list[Path]:
        return sorted((self.path / PARTS).glob("*.json"))

    def finish(self) -> None:
        """The run is complete: drop what only an unfinished one needs."""
        (self.path / "key.json").unlink(missing_ok=True)
        shutil.rmtree(self.path / PARTS, ignore_errors=True)


def make_folder(folder: str | Path, *inside: str) -> Path:
    """The folder that a result is saved in, made with the folders inside it where they do not exist.

    Raises:
        CamsimError: it cannot be written.
    """
    place = Path(folder)
    try:
        for part in (place, *(place / name for name in inside)):
            part.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CamsimError(f"{place}: cannot be written: {error.strerror}") from None
    return place


def write_report(place: Path, results: Mapping[str, Any], manifest: Mapping[str, Any], html: str) -> Path:
    """Write manifest.json, report.html and, last, results.json, which says that the run is finished.

    Returns:
        The path of the report.
    """
    write_json(place / MANIFEST, manifest)
    write_text(place / REPORT, html)
    write_json(place / RESULTS, results)
    return place / REPORT


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON, atomically; NaN is refused, since other readers do not know it."""
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
