"""What a validation found: one entry a quantity, and a verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["within", "outside", "not measurable"]
Scale = Literal["%", "dB", "absolute"]
"""How a deviation is counted: relative, as 20 log10 of the ratio, or in the quantity's own unit."""


@dataclass(frozen=True)
class Quantity:
    """One number of the device."""

    name: str
    unit: str
    stated: float
    """By the profile, or by the standard's formula from the profile's numbers."""
    measured: float | None
    """None: not measurable; ``note`` says why."""
    deviation: float | None
    scale: Scale
    tolerance: float
    note: str = ""

    @property
    def status(self) -> Status:
        """``not measurable`` is no failure, and no success."""
        if self.deviation is None:
            return "not measurable"
        return "within" if abs(self.deviation) <= self.tolerance else "outside"


@dataclass(frozen=True)
class Level:
    """One point of the photon transfer."""

    electrons: float
    """Expected from light, e-."""
    mean: float
    """DN, at the native bit depth."""
    variance: float
    """Temporal, DN^2."""


@dataclass(frozen=True)
class Validation:
    """The whole finding for one profile."""

    profile: str
    seed: int
    size: int
    """Height and width of the frames, px."""
    quantities: tuple[Quantity, ...]
    levels: tuple[Level, ...]
    """Dark first."""

    @property
    def passed(self) -> bool:
        """Whether everything that can be measured is within its tolerance."""
        return all(quantity.status != "outside" for quantity in self.quantities)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "schema": 1,
            "profile": self.profile,
            "passed": self.passed,
            "seed": self.seed,
            "size": self.size,
            "quantities": [asdict(quantity) | {"status": quantity.status} for quantity in self.quantities],
            "levels": [asdict(level) for level in self.levels],
        }
