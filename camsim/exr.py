"""Scenes in OpenEXR files, through the optional package OpenEXR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camsim.errors import CamsimError

CODEC_UNDERSHOOT = 0.01
"""How far below zero the lossy EXR codecs (DWA, B44) take dark pixels beside bright ones, in units of diffuse
white. Blender's own DWA panoramas reach -0.0033. Such values are set to 0; anything lower is refused."""

_SRGB_PRIMARIES = np.array([[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]])
_D65 = np.array([0.3127, 0.3290])
_PRIMARIES_TOLERANCE = 0.01
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def read_exr(path: Path, *, max_pixels: int, min_side: int) -> NDArray[np.float32]:
    """Read the channels R, G, B (or Y, replicated) of a flat single-part file: (H, W, 3) linear light.

    Further channels are left out; an alpha channel must be opaque. The ``chromaticities`` must describe sRGB
    primaries, at any white point that Bradford adaptation brings to D65 (Photoshop states them at D50);
    without that attribute EXR means Rec. 709, which has the same primaries.

    Raises:
        CamsimError: OpenEXR is missing, the file is damaged, of several parts, deep, subsampled, without
            colour, too large or small, transparent, or holds NaN, infinite or clearly negative values.
    """
    try:
        import OpenEXR
    except ImportError as error:
        raise CamsimError(f"{path}: reading .exr needs the package OpenEXR: pip install OpenEXR") from error
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            _check_header(path, file, max_pixels, min_side)
        with OpenEXR.File(str(path), separate_channels=True) as file:
            if not file.parts:  # how OpenEXR reports pixel data that it could not read
                raise CamsimError(f"{path}: damaged or cut short")
            channels = {name: channel.pixels for name, channel in file.channels().items()}
    except CamsimError:
        raise
    except Exception as error:  # the C++ library raises RuntimeError, ValueError, TypeError...
        raise CamsimError(f"{path}: not an OpenEXR file, or damaged: {error}") from error
    return _scene(path, channels)


def _check_header(path: Path, file: Any, max_pixels: int, min_side: int) -> None:
    import OpenEXR

    if len(file.parts) != 1:
        raise CamsimError(f"{path}: has {len(file.parts)} parts; give a file of one part")
    header = file.header()
    if header["type"] not in (OpenEXR.scanlineimage, OpenEXR.tiledimage):
        raise CamsimError(f"{path}: holds deep data; flatten it first")
    first, last = header["dataWindow"]
    width, height = (int(side) + 1 for side in np.asarray(last, np.int64) - np.asarray(first, np.int64))
    names = sorted(channel.name for channel in header["channels"])
    if width * height * max(len(names) / 4, 1) > max_pixels:
        raise CamsimError(f"{path}: {width}x{height} in {len(names)} channels is more than {max_pixels // 10**6} MPix")
    if min(width, height) < min_side:
        raise CamsimError(f"{path}: {width}x{height} is smaller than {min_side}x{min_side}")
    if not ({"R", "G", "B"} <= set(names) or "Y" in names):
        raise CamsimError(f"{path}: needs the channels R, G, B or Y, has {', '.join(map(repr, names[:8]))}")
    if any(channel.xSampling != 1 or channel.ySampling != 1 for channel in header["channels"]):
        raise CamsimError(f"{path}: has subsampled channels; save it with all channels at full size")
    stated = header.get("chromaticities")
    if stated is not None and not is_srgb(np.asarray(stated, dtype=np.float64).reshape(4, 2)):
        raise CamsimError(f"{path}: its primaries are not those of sRGB (Rec. 709); convert it to linear sRGB")


def is_srgb(chromaticities: NDArray[np.float64]) -> bool:
    """Whether primaries, xy (4, 2) with the white, are those of sRGB at any white that Bradford adapts to D65."""
    with np.errstate(divide="ignore", invalid="ignore"):
        try:
            matrix = _to_linear_srgb(chromaticities)
        except np.linalg.LinAlgError:
            return False
    return bool(np.abs(matrix - np.eye(3)).max() < _PRIMARIES_TOLERANCE)


def _scene(path: Path, channels: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    names = "RGB" if {"R", "G", "B"} <= set(channels) else "YYY"
    if any(channels[name].dtype.kind != "f" for name in names):
        raise CamsimError(f"{path}: its channels hold integers, not light")
    scene = np.stack([channels[name] for name in names], axis=-1).astype(np.float32)
    if not np.isfinite(scene).all():
        raise CamsimError(f"{path}: holds NaN or infinite values")
    if "A" in channels and not (channels["A"] == 1).all():
        raise CamsimError(f"{path}: has transparent pixels; put it on a background first")
    if scene.min() < -CODEC_UNDERSHOOT:
        raise CamsimError(f"{path}: light is not negative, got {scene.min():g}")
    return np.maximum(scene, np.float32(0))


def _to_linear_srgb(chromaticities: NDArray[np.float64]) -> NDArray[np.float64]:
    """3x3 matrix to linear sRGB from RGB whose primaries and white are given as xy, (4, 2); white goes to
    white.

    Source: Lindbloom, RGB/XYZ matrices and chromatic adaptation (Bradford).
    """
    source_white = _xyz(chromaticities[3:])[:, 0]
    target_white = _xyz(_D65[None])[:, 0]
    gains = (_BRADFORD @ target_white) / (_BRADFORD @ source_white)
    adapt = np.linalg.inv(_BRADFORD) @ (gains[:, None] * _BRADFORD)
    source = _primaries_to_xyz(chromaticities[:3], source_white)
    target = _primaries_to_xyz(_SRGB_PRIMARIES, target_white)
    return np.asarray(np.linalg.inv(target) @ adapt @ source, dtype=np.float64)


def _primaries_to_xyz(primaries: NDArray[np.float64], white: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = _xyz(primaries)
    return columns * np.linalg.solve(columns, white)


def _xyz(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """XYZ at Y = 1 of each xy: (N, 2) -> (3, N)."""
    x, y = xy[:, 0], xy[:, 1]
    return np.stack([x / y, np.ones_like(x), (1 - x - y) / y])
