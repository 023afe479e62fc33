"""What forensics gives back, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.forensics.divide import Division
from audit.forensics.swaps import Swaps
from audit.forensics.walk import Walk
from audit.report.forensics import render_forensics
from audit.runs import make_folder, write_report
from camsim import catalog

COALITIONS = "coalitions.parquet"


@dataclass(frozen=True)
class Explanation:
    """Which differences between two devices cause the drop."""

    results: Mapping[str, Any]
    """What results.json holds (schema 1)."""
    manifest: Mapping[str, Any]
    division: Division
    """The players, the devices between, and score and loss of each on every sample."""
    walks: tuple[Walk, ...]
    swaps: tuple[Swaps, ...]

    def save(self, folder: str | Path) -> Path:
        """Write results.json, manifest.json, coalitions.parquet, report.html and the profiles of all single exchanges.

        Returns:
            The path of the report.

        Raises:
            CamsimError: the folder cannot be written.
        """
        place = make_folder(folder, "profiles")
        catalog.save(self.division.alignment.kit.first, place / self.results["reference"]["file"])
        catalog.save(self.division.alignment.kit.second, place / self.results["device"]["file"])
        for player in self.results["players"]:
            for kind in ("alone", "healed"):
                swap = player[kind]
                name = "forensics/" + Path(swap["file"]).stem.replace("+", "-")
                profile = self.division.profiles[swap["coalition"]].model_copy(update={"name": name[:120]})
                catalog.save(profile, place / swap["file"])
        self.division.table.save(place / COALITIONS)
        page = render_forensics(self.results, self.manifest, self.walks, self.swaps)
        return write_report(place, self.results, self.manifest, page)
