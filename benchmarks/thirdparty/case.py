"""One model of other people: where it comes from, what it is shown, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.launch import ROOT
from benchmarks.thirdparty.compare import Compare
from benchmarks.thirdparty.scenes import Scenes

SIDECARS = ROOT / "examples" / "sidecars"

Pictures = Sequence[NDArray[np.uint8]]
"""(H, W, 3) each, RGB, as the reference camera takes them."""

Other = Callable[[Pictures, Path], Sequence[Any]]
"""What other code says of pictures; the path is the model's file."""


@dataclass(frozen=True)
class Check:
    """Other code that reads the same model."""

    what: str
    """In words, for the table."""
    other: Other
    compare: Compare


@dataclass(frozen=True)
class Case:
    """A model and how it is tried."""

    name: str
    """Of its file and its sidecar."""
    title: str
    source: str
    """Package and file."""
    make: Callable[[Path], None]
    """Writes the file as the package has it."""
    scenes: Scenes
    shown: str
    """The scenes in words, for the table."""
    checks: tuple[Check, ...] = ()

    @property
    def sidecar(self) -> Path | None:
        """The example that is put beside the model; None: it needs none."""
        path = SIDECARS / f"{self.name}.camsim.yaml"
        return path if path.exists() else None
