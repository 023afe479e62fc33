"""LibRaw through rawpy, from a camera file's mosaic to 8 bits. Its chain is its own: no picture is compared."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import rawpy
from torch import Tensor

from benchmarks.subjects.subject import Subject
from benchmarks.work import UnavailableError

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "raw"


@cache
def _camera_file() -> Any:
    files = sorted(FOLDER.glob("*.dng"))
    if not files:
        raise UnavailableError(f"there is no camera file (*.dng) in {FOLDER}")
    return rawpy.imread(str(files[0]))


def pixels() -> int:
    """Pixels of the camera file."""
    return int(_camera_file().raw_image_visible.size)


def subject(name: str, algorithm: Any) -> Subject:
    """LibRaw with one of its demosaic algorithms; the mosaics given are not used, since it takes files only."""

    def prepare(raw: Tensor) -> Callable[[], Any]:
        file = _camera_file()
        return lambda: file.postprocess(
            demosaic_algorithm=algorithm, use_camera_wb=True, no_auto_bright=True, gamma=(2.2, 0), output_bps=8
        )

    return Subject(name, prepare, picture=lambda out: out, tolerance=None, pixels=pixels)
