"""Does an emulated device measure as its profile says? The measurements are those of EMVA 1288."""

from __future__ import annotations

from camsim.validation.measure import validate
from camsim.validation.report import Quantity, Validation

__all__ = ["Quantity", "Validation", "validate"]
