"""LibRaw as a reference: a mosaic as a DNG file, and what LibRaw makes of it without tone curve or colour matrix."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import rawpy
import tifffile
from numpy.typing import NDArray

from camsim.cfa import cell

WHITE = 65535


def dng(mosaic: NDArray[np.uint16], cfa: str, xyz_to_camera: NDArray[np.float64]) -> io.BytesIO:
    """A DNG file of a mosaic, black 0, white 65535."""
    rows = cell(cfa)
    rational = [part for value in xyz_to_camera.ravel() for part in (round(value * 10000), 10000)]
    tags = [
        (33421, "H", 2, (len(rows), len(rows)), False),  # CFARepeatPatternDim
        (33422, "B", len(rows) ** 2, bytes("RGB...C".index(site) for site in "".join(rows)), False),  # CFAPattern
        (50706, "B", 4, bytes([1, 4, 0, 0]), False),  # DNGVersion
        (50708, "s", 0, "camsim", False),  # UniqueCameraModel
        (50717, "I", 1, WHITE, False),  # WhiteLevel
        (50721, "2i", 9, tuple(rational), False),  # ColorMatrix1
        (50778, "H", 1, 21, False),  # CalibrationIlluminant1: D65
    ]
    file = io.BytesIO()
    tifffile.imwrite(file, mosaic, photometric="cfa", extratags=tags, metadata=None)
    file.seek(0)
    return file


def developed(
    mosaic: NDArray[np.uint16],
    cfa: str,
    *,
    algorithm: rawpy.DemosaicAlgorithm,
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0),
    highlights: rawpy.HighlightMode = rawpy.HighlightMode.Clip,
    xyz_to_camera: NDArray[np.float64] | None = None,
    bad_pixels: Path | None = None,
) -> NDArray[np.float64]:
    """(H, W, 3) camera RGB in [0, 1], rounded to 16 bits; LibRaw divides the gains by their least or greatest."""
    params = rawpy.Params(
        demosaic_algorithm=algorithm,
        user_wb=[gains[0], gains[1], gains[2], gains[1]],
        highlight_mode=highlights,
        output_color=rawpy.ColorSpace.raw,
        gamma=(1, 1),
        no_auto_bright=True,
        adjust_maximum_thr=0.0,
        output_bps=16,
        user_flip=0,
    )
    if bad_pixels is not None:
        params.bad_pixels = os.fsencode(bad_pixels)  # the argument wants str, and the code behind it bytes
    with rawpy.imread(dng(mosaic, cfa, np.eye(3) if xyz_to_camera is None else xyz_to_camera)) as raw:
        return raw.postprocess(params) / WHITE
