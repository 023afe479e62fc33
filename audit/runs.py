"""The run folder: what an audit leaves behind, and what an interrupted one goes on from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit.matrix import Chunk, Unreadable
from audit.outcome import Outcome, read_outcomes, write_outcomes
from camsim.atomic import write_text
from camsim.errors import CamsimError

MANIFEST = "manifest.json"
RESULTS = "results.json"
SAMPLES = "samples.parquet"
REPORT = "report.html"
PARTS = "parts"


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

    def add(self, chunk: Chunk) -> None:
        """Keep a finished chunk; its .json is written last and says that it is whole."""
        part = self.path / PARTS / f"{self._count:06d}"
        write_outcomes(part.with_suffix(".parquet"), chunk.outcomes)
        note = {"samples": chunk.samples, "unreadable": [asdict(item) for item in chunk.unreadable]}
        write_text(part.with_suffix(".json"), json.dumps(note))
        self._count += 1

    def done(self) -> tuple[list[Outcome], list[Unreadable], set[str]]:
        """Outcomes, unreadable samples and ids of all samples that are finished."""
        outcomes: list[Outcome] = []
        unreadable: list[Unreadable] = []
        samples: set[str] = set()
        for note_path in sorted((self.path / PARTS).glob("*.json")):
            note = json.loads(note_path.read_text(encoding="utf-8"))
            outcomes += read_outcomes(note_path.with_suffix(".parquet"))
            unreadable += [Unreadable(**item) for item in note["unreadable"]]
            samples |= set(note["samples"])
        return outcomes, unreadable, samples

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
