"""The evaluations of searches, on disk as they come, so that an interrupted one goes on without repeating any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from camsim.atomic import write_text
from camsim.errors import CamsimError


@dataclass(frozen=True)
class Measured:
    """What one setting did on the samples."""

    loss: float
    """Mean loss."""
    score: float
    """Mean score."""
    fidelity: float | None
    """Mean of the constraint's measure; None without a constraint."""


@dataclass(frozen=True)
class Refused:
    """A setting that is no valid profile: its values contradict each other."""

    reason: str


@dataclass(frozen=True)
class Slope:
    """The gradient of the objective in the unit cube at one setting."""

    gradient: tuple[float, ...] | None
    """None: the model gave NaN or infinity."""


Entry = Measured | Refused | Slope
_KINDS: Mapping[str, type[Entry]] = {"measured": Measured, "refused": Refused, "slope": Slope}


@dataclass
class Ledger:
    """Entries by scope, which is what besides the setting decides the outcome, and the exact setting."""

    path: Path | None
    values: dict[tuple[str, str], Measured | Refused] = field(default_factory=dict)
    slopes: dict[tuple[str, str], Slope] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path | None, key: str) -> Ledger:
        """Read the file if it is there, else start it; None keeps everything in memory.

        A last line that was cut off as it was written is left out.

        Args:
            path: the file: a line of JSON for the key, then one for each entry.
            key: what decides the outcomes of all entries: model, data, profile, seed.

        Raises:
            CamsimError: the file is damaged, or holds another search.
        """
        ledger = cls(path)
        if path is None:
            return ledger
        if not path.exists():
            write_text(path, json.dumps({"key": key}) + "\n")
            return ledger
        text = path.read_text(encoding="utf-8")
        whole, _, cut = text.rpartition("\n")
        try:
            header, *lines = [json.loads(line) for line in whole.split("\n")]
            found = header["key"]
            for line in lines:
                ledger._keep(line["scope"], line["at"], _entry(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise CamsimError(f"{path}: is damaged; delete it to search anew") from None
        if found != key:
            raise CamsimError(f"{path}: holds another search (other model, data, profile or seed); name another file")
        if cut:
            write_text(path, whole + "\n")
        return ledger

    def find(self, scope: str, at: str) -> Measured | Refused | None:
        """What was measured at exactly this setting."""
        return self.values.get((scope, at))

    def find_slope(self, scope: str, at: str) -> Slope | None:
        """The gradient at exactly this setting."""
        return self.slopes.get((scope, at))

    def add(self, scope: str, at: str, entry: Entry) -> None:
        """Remember an entry, on disk at once."""
        self._keep(scope, at, entry)
        kind = next(name for name, made in _KINDS.items() if isinstance(entry, made))
        if self.path is not None:
            # One short line at a time is as good as a replaced file, and does not write it all anew each time.
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"scope": scope, "at": at, "kind": kind, **asdict(entry)}) + "\n")

    def _keep(self, scope: str, at: str, entry: Entry) -> None:
        if isinstance(entry, Slope):
            self.slopes[scope, at] = entry
        else:
            self.values[scope, at] = entry


def _entry(line: Mapping[str, object]) -> Entry:
    values = {name: value for name, value in line.items() if name not in ("scope", "at", "kind")}
    if isinstance(values.get("gradient"), list):
        values["gradient"] = tuple(values["gradient"])  # type: ignore[arg-type]
    return _KINDS[str(line["kind"])](**values)  # type: ignore[arg-type]
