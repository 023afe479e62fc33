"""Measure a camera from its frames, as a laboratory does; frames of a real device serve as well as emulated ones."""

from __future__ import annotations

from camsim.calibrate.linearity import Linearity, linearity
from camsim.calibrate.nonuniformity import Nonuniformity, dsnu, nonuniformity, nonuniformity_of_sums, prnu
from camsim.calibrate.photon_transfer import Sensitivity, pair_statistics, saturation_index, sensitivity
from camsim.spectral.color_fit import fit_color_matrix

__all__ = [
    "Linearity",
    "Nonuniformity",
    "Sensitivity",
    "dsnu",
    "fit_color_matrix",
    "linearity",
    "nonuniformity",
    "nonuniformity_of_sums",
    "pair_statistics",
    "prnu",
    "saturation_index",
    "sensitivity",
]
