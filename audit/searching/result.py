"""What a search gives back, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.gate import EXIT_CODES, Verdict
from audit.report.search import Gallery, render_search
from audit.runs import make_folder, write_report
from camsim import Profile, catalog

DEVICE_FILE = "device.yaml"
"""The device that was searched around, for replays."""


@dataclass(frozen=True)
class SearchResult:
    """The outcome of a search."""

    results: Mapping[str, Any]
    """What results.json holds (schema 1)."""
    manifest: Mapping[str, Any]
    device: Profile
    worst: Profile
    """The worst case found."""
    profiles: Mapping[str, Profile]
    """Every case found, by its file in the run folder."""
    gallery: Gallery

    @property
    def verdict(self) -> Verdict | None:
        """PASS, FAIL or INCONCLUSIVE; None where no margin was given."""
        verdict: Verdict | None = self.results["verdict"]
        return verdict

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 0 PASS or no margin, 1 FAIL, 3 INCONCLUSIVE."""
        return 0 if self.verdict is None else EXIT_CODES[self.verdict]

    def save(self, folder: str | Path) -> Path:
        """Write manifest.json, results.json, report.html, device.yaml and worst/*.yaml.

        Returns:
            The path of the report.

        Raises:
            CamsimError: the folder cannot be written.
        """
        place = make_folder(folder, "worst")
        catalog.save(self.device, place / DEVICE_FILE)
        for file, profile in self.profiles.items():
            catalog.save(profile, place / file)
        page = render_search(self.results, self.manifest, self.gallery)
        return write_report(place, self.results, self.manifest, page)
