"""What a tuning gives back, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.optimize.judge import Gain
from audit.optimize.results import FROZEN, LEARNED
from audit.report.optimize import render_optimize
from audit.runs import make_folder, write_report
from camsim import Profile, catalog


@dataclass(frozen=True)
class Tuned:
    """The outcome of `audit.tune`."""

    results: Mapping[str, Any]
    """What results.json holds (schema 1)."""
    manifest: Mapping[str, Any]
    frozen: Profile
    """The camera as it was, at the exposure."""
    learned: Profile
    """The tuned camera."""
    gain: Gain
    """Both on the held-out samples."""
    pictures: Mapping[str, Mapping[str, NDArray[np.uint8]]]
    """Some held-out scenes: sample -> profile -> (H, W, 3)."""

    def save(self, folder: str | Path) -> Path:
        """Write manifest.json, results.json, frozen.yaml, learned.yaml and report.html.

        Returns:
            The path of the report.

        Raises:
            CamsimError: the folder cannot be written.
        """
        place = make_folder(folder)
        catalog.save(self.frozen, place / FROZEN)
        catalog.save(self.learned, place / LEARNED)
        page = render_optimize(self.results, self.manifest, self.pictures)
        return write_report(place, self.results, self.manifest, page)
