"""What an audit gives back, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audit.gate import EXIT_CODES, Verdict
from audit.outcome import Outcomes, write_batches
from audit.report import render_html
from audit.runs import SAMPLES, make_folder, write_report
from audit.spoiled import Spoiled
from camsim import Profile, catalog

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Result:
    """The outcome of an audit."""

    results: Mapping[str, Any]
    """What results.json holds (schema 1)."""
    manifest: Mapping[str, Any]
    outcomes: Outcomes
    """One row for each sample and profile."""
    worst: tuple[Profile, ...]
    """The worst settings found."""
    pictures: Mapping[str, Mapping[str, NDArray[np.uint8]]]
    """A few scenes as every profile shows them: sample -> profile -> (H, W, 3)."""
    spoiled: tuple[Spoiled, ...]
    """Of ``results["most_changed"]``, in its order."""

    @property
    def verdict(self) -> Verdict:
        """PASS, FAIL or INCONCLUSIVE."""
        verdict: Verdict = self.results["verdict"]
        return verdict

    @property
    def exit_code(self) -> int:
        """What the command line exits with: 0 PASS, 1 FAIL, 3 INCONCLUSIVE."""
        return EXIT_CODES[self.verdict]

    def to_frame(self) -> pd.DataFrame:
        """One row for each sample and profile, as in samples.parquet."""
        return self.outcomes.table().to_pandas()

    def save(self, folder: str | Path) -> Path:
        """Write manifest.json, results.json, samples.parquet, report.html and worst/*.yaml.

        Returns:
            The path of the report.

        Raises:
            CamsimError: the folder cannot be written.
        """
        place = make_folder(folder, *(["worst"] if self.worst else []))
        for profile, case in zip(self.worst, self.results["worst_cases"], strict=True):
            catalog.save(profile, place / case["file"])
        write_batches(place / SAMPLES, self.outcomes.schema, self.outcomes.batches())
        page = render_html(self.results, self.manifest, self.pictures, self.spoiled)
        return write_report(place, self.results, self.manifest, page)
