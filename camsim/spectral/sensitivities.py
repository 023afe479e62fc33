"""What a camera sees of each wavelength."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Discriminator, Field, Strict, Tag, ValidationInfo, model_validator

from camsim.beside import read_beside
from camsim.spec import Spec
from camsim.spectral.grid import FIRST, LAST, STEP, WAVELENGTHS
from camsim.spectral.names import CameraName

MAX_SAMPLES = 1001
COVERED = (400.0, 680.0)
"""nm that a table must span; beyond its ends the camera is taken to see nothing."""
_MAX_BYTES = 2**20

Samples = Annotated[tuple[float, ...], Strict(False), Field(min_length=2, max_length=MAX_SAMPLES)]


class SensitivityTable(Spec):
    """``{wavelengths: [400, 410, ...], red: [...], green: [...], blue: [...]}``, or ``{file: curves.csv}``.

    The file lies in the profile's folder or below it: lines of wavelength, red, green, blue; a first line of words is
    passed over. A profile that was read holds the numbers and no longer needs the file, whose name it keeps.
    """

    file: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    wavelengths: Samples
    """nm, increasing."""
    red: Samples
    """Signal per unit of radiant power (not per photon), in any unit that the three colours share."""
    green: Samples
    blue: Samples

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, Mapping) or given.get("file") is None or "wavelengths" in given:
            return given
        folder = (info.context or {}).get("folder")
        if not isinstance(folder, Path):
            raise ValueError("file is read only with a profile that is a file itself, from its folder")
        columns = _parse_csv(read_beside(folder, str(given["file"]), _MAX_BYTES), str(given["file"]))
        return {**dict(zip(("wavelengths", "red", "green", "blue"), columns, strict=True)), **given}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name in ("red", "green", "blue"):
            curve = getattr(self, name)
            if len(curve) != len(self.wavelengths):
                raise ValueError(f"{name} has {len(curve)} numbers for {len(self.wavelengths)} wavelengths")
            if min(curve) < 0:
                raise ValueError(f"{name} must not be negative, got {min(curve):g}")
        if any(after <= before for before, after in zip(self.wavelengths, self.wavelengths[1:], strict=False)):
            raise ValueError("wavelengths must increase, in nm")
        if self.wavelengths[0] > COVERED[0] or self.wavelengths[-1] < COVERED[1]:
            raise ValueError(
                f"wavelengths must span {COVERED[0]:g} to {COVERED[1]:g} nm, "
                f"got {self.wavelengths[0]:g} to {self.wavelengths[-1]:g}"
            )
        if np.linalg.matrix_rank(self.on_grid(), tol=1e-6 * max(map(max, (self.red, self.green, self.blue)))) < 3:
            raise ValueError("red, green and blue must be three different curves")
        return self

    def on_grid(self) -> NDArray[np.float64]:
        """(71, 3) at `WAVELENGTHS`: straight between samples, 0 beyond them."""
        curves = [
            np.interp(WAVELENGTHS, self.wavelengths, curve, left=0, right=0)
            for curve in (self.red, self.green, self.blue)
        ]
        return np.stack(curves, axis=1)


def _parse_csv(data: bytes, name: str) -> list[tuple[float, ...]]:
    rows: list[list[float]] = []
    for number, line in enumerate(data.decode("utf-8-sig", errors="replace").splitlines(), start=1):
        cells = [cell.strip() for cell in line.split(",")]
        if not any(cells):
            continue
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            if rows or number > 1:
                raise ValueError(f"file {name!r}, line {number}: expected numbers, got {line[:60]!r}") from None
            continue
        if len(row) != 4:
            raise ValueError(f"file {name!r}, line {number}: expected wavelength, red, green, blue, got {len(row)}")
        rows.append(row)
    if not 2 <= len(rows) <= MAX_SAMPLES:
        raise ValueError(f"file {name!r} has {len(rows)} rows of numbers; 2 to {MAX_SAMPLES} are read")
    return list(zip(*rows, strict=True))


Sensitivities = Annotated[
    Annotated[CameraName, Tag("name")] | Annotated[SensitivityTable, Tag("table")],
    Discriminator(lambda given: "table" if isinstance(given, Mapping | SensitivityTable) else "name"),
]


def sensitivity_curves(given: Sensitivities) -> NDArray[np.float64]:
    """(71, 3) at `WAVELENGTHS`, relative; 0 where nothing was measured."""
    if isinstance(given, SensitivityTable):
        return given.on_grid()
    import colour

    curves = colour.MSDS_CAMERA_SENSITIVITIES[given].copy()
    measured = (curves.wavelengths[0] <= WAVELENGTHS) & (curves.wavelengths[-1] >= WAVELENGTHS)
    values = np.array(curves.align(colour.SpectralShape(FIRST, LAST, STEP)).values, dtype=np.float64)
    limited: NDArray[np.float64] = np.where(measured[:, None], values, 0.0).clip(min=0)
    return limited
