"""The wavelengths at which spectra are multiplied and summed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIRST, LAST, STEP = 380, 730, 5
"""nm. Within these lie the charts' measurements; beyond, eyes and cameras with an IR-cut filter see next to nothing."""
WAVELENGTHS: NDArray[np.float64] = np.arange(FIRST, LAST + 1, STEP, dtype=np.float64)
"""(71,) nm."""
