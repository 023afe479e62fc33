"""The 3x3 matrix that takes one set of colours nearest to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def fit_color_matrix(
    given: ArrayLike, wanted: ArrayLike, white: tuple[ArrayLike, ArrayLike] | None = None
) -> NDArray[np.float64]:
    """M with M · given nearest to wanted, in the sense of least squares over all patches and channels.

    Args:
        given: (N, 3) linear, such as white-balanced camera RGB of a chart's patches; N >= 3.
        wanted: (N, 3) linear, such as the patches' linear sRGB under the light that the camera is to render to.
        white: a pair of (3,) colours, given and wanted, that M is to take one into the other exactly.

    Returns:
        (3, 3), row by row; out = M · rgb, as the stage ``color_matrix`` takes it. Without ``white`` it is that of
        V. Cheung, S. Westland, D. Connah, C. Ripamonti, "A comparative study of the characterisation of colour cameras
        by means of neural networks and polynomial transforms", Coloration Technology 120(1), 2004, with 3 terms; with
        it, the closed form of G. D. Finlayson and M. S. Drew, "White-point preserving color correction", CIC 1997.

    Raises:
        ValueError: shapes that do not fit, or colours that do not span three dimensions.
    """
    first, second = np.asarray(given, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    if first.ndim != 2 or first.shape[1] != 3 or first.shape != second.shape:
        raise ValueError(f"needs two (N, 3) arrays of as many colours each, got {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("colours must be finite")
    if np.linalg.matrix_rank(first) < 3:
        raise ValueError(f"the {len(first)} given colours do not span three dimensions; take a chart with more hues")
    matrix: NDArray[np.float64] = np.asarray(np.linalg.lstsq(first, second, rcond=None)[0].T, dtype=np.float64)
    if white is None:
        return matrix
    source, target = (np.asarray(color, dtype=np.float64) for color in white)
    if source.shape != (3,) or target.shape != (3,) or not source.any():
        raise ValueError("white needs two (3,) colours, the first not black")
    towards = np.linalg.solve(first.T @ first, source)  # Lagrange's condition, the same for the three rows
    off = matrix @ source - target
    kept: NDArray[np.float64] = matrix - np.outer(off, towards) / (source @ towards)
    return kept
