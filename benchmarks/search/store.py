"""What was measured: a file for every piece, so that a rerun goes on where it stopped, and parts run side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from camsim.atomic import write_text

Entry = dict[str, Any]


class Store:
    """Results in a folder, by a key that says what they are of (``cell/trees/cma/0/50``); JSON-able entries."""

    def __init__(self, folder: Path) -> None:
        """Read what is there."""
        self._folder = folder
        self._entries: dict[str, Entry] = {}
        for path in sorted(folder.rglob("*.json")):
            key = path.relative_to(folder).with_suffix("").as_posix()
            self._entries[key] = json.loads(path.read_text(encoding="utf-8"))

    def find(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def put(self, key: str, entry: Entry) -> Entry:
        """Keep an entry, on disk at once."""
        self._entries[key] = entry
        path = self._folder / f"{key}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(entry) + "\n")
        return entry

    def of(self, kind: str) -> list[Entry]:
        """The entries whose key begins with ``kind/``, by key."""
        return [self._entries[key] for key in sorted(self._entries) if key.startswith(f"{kind}/")]

    def json(self) -> dict[str, Entry]:
        """Everything, by key."""
        return {key: self._entries[key] for key in sorted(self._entries)}
