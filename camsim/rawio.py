"""Reading RAW: camera files through LibRaw, and mosaics saved as TIFF, PNG or .npy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rawpy
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from camsim.camera_rgb import camera_rgb
from camsim.cfa import BAYER, CELLS, bayer, named
from camsim.errors import CamsimError
from camsim.isp import demosaic_half_size

CAMERA_SUFFIXES = frozenset({".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".orf", ".rw2", ".pef"})
MOSAIC_SUFFIXES = frozenset({".tif", ".tiff", ".png", ".npy"})
MAX_PIXELS = 200_000_000

_SRGB_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""IEC 61966-2-1 primaries, D65 white."""


@dataclass(frozen=True)
class RawFile:
    """A mosaic and what the file says of it; for a plain mosaic file only the DN are known."""

    mosaic: NDArray[np.float32]
    """(H, W) DN, the visible area only."""
    cfa: str | None
    black: tuple[float, float, float, float] | None
    """DN for each place of a 2x2 grid from the top left, row by row."""
    white: float | None
    white_balance: tuple[float, float, float] | None
    """The camera's own gains, green = 1."""
    camera_to_srgb: NDArray[np.float64] | None
    """(3, 3), white-balanced camera RGB to linear sRGB."""
    flip: int
    """LibRaw's code: 0 upright, 3 = 180 degrees, 5 = 90 anticlockwise, 6 = 90 clockwise."""


def read_raw(path: Path) -> RawFile:
    """Read a camera file or a mosaic in DN.

    Raises:
        CamsimError: missing, unreadable, too large, or a mosaic of an unknown colour filter array.
    """
    if not path.is_file():
        raise CamsimError(f"{path}: no such file")
    suffix = path.suffix.lower()
    if suffix in CAMERA_SUFFIXES:
        return _read_camera(path)
    if suffix in MOSAIC_SUFFIXES:
        return RawFile(_read_mosaic(path), None, None, None, None, None, 0)
    allowed = ", ".join(sorted(CAMERA_SUFFIXES | MOSAIC_SUFFIXES))
    raise CamsimError(f"{path}: a RAW file ends in one of {allowed}")


def _read_camera(path: Path) -> RawFile:
    try:
        with rawpy.imread(str(path)) as raw:
            if raw.raw_type != rawpy.RawType.Flat:
                raise CamsimError(f"{path}: holds no mosaic (a linear or demosaiced RAW)")
            if raw.raw_image_visible.size > MAX_PIXELS:
                raise CamsimError(f"{path}: has more than {MAX_PIXELS} pixels")
            cfa = _cfa(raw, path)
            black = _black(raw)
            gains = np.array(raw.camera_whitebalance[:3], dtype=np.float64)
            if not gains.min() > 0:
                gains = np.array(raw.daylight_whitebalance[:3], dtype=np.float64)
            known = gains.min() > 0 and np.any(raw.rgb_xyz_matrix[:3])
            gains = gains / gains[1] if gains.min() > 0 else gains
            return RawFile(
                mosaic=raw.raw_image_visible.astype(np.float32),
                cfa=cfa,
                black=black,
                white=float(raw.white_level),
                white_balance=tuple(gains.tolist()) if known else None,
                camera_to_srgb=camera_to_srgb(raw.rgb_xyz_matrix[:3]) if known else None,
                flip=int(raw.sizes.flip),
            )
    except rawpy.LibRawError as error:
        text = error.args[0] if error.args else error
        text = text.decode() if isinstance(text, bytes) else text
        raise CamsimError(f"{path}: LibRaw cannot read it: {text}") from None


def _black(raw: Any) -> tuple[float, float, float, float]:
    """DN for each place of the 2x2 grid: LibRaw counts black levels by colour number, and the cell says which colour
    number sits where. Where a place sees several colours, as in X-Trans, the mean of theirs."""
    levels = np.array(raw.black_level_per_channel, dtype=np.float64)
    colors = np.asarray(raw.raw_colors_visible[:12, :12])
    cell = levels[np.where(colors < len(levels), colors, 0)]  # LibRaw numbers the only colour of a mono sensor 6
    return tuple(float(cell[y::2, x::2].mean()) for y in (0, 1) for x in (0, 1))  # type: ignore[return-value]


def _cfa(raw: Any, path: Path) -> str:
    if raw.num_colors == 1:
        return "mono"
    rows = _dng_cell(path) if path.suffix.lower() == ".dng" else None
    if rows is None and raw.raw_pattern is not None:
        letters = raw.color_desc.decode()
        height, width = raw.raw_pattern.shape
        rows = tuple("".join(letters[color] for color in row) for row in raw.raw_colors_visible[:height, :width])
    name = None if rows is None else named(rows)
    if name is None:
        shown = "unknown" if rows is None else "/".join(rows)
        raise CamsimError(
            f"{path}: its colour filter array ({shown}) is not one that is read; those are, at any phase: "
            f"{', '.join(CELLS)}"
        )
    return name


def _dng_cell(path: Path) -> tuple[str, ...] | None:
    """The cell that a DNG states, by colours R, G, B and white, which is clear here; None: it states none.

    LibRaw keeps two columns of any cell that is not 6x6, and takes a quad-Bayer file for another.
    """
    try:
        with tifffile.TiffFile(path) as file:
            tops = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
            for page in [*tops, *(below for top in tops for below in top.pages or ())]:
                tags: Any = page.tags if isinstance(page, tifffile.TiffPage) else {}
                if "CFARepeatPatternDim" in tags and "CFAPattern" in tags:
                    height, width = tags["CFARepeatPatternDim"].value
                    letters = [_DNG_COLORS.get(code, "?") for code in bytes(tags["CFAPattern"].value)]
                    return tuple("".join(letters[width * y : width * (y + 1)]) for y in range(height))
    except (tifffile.TiffFileError, OSError, ValueError, TypeError):  # LibRaw has the last word on what is readable
        return None
    return None


_DNG_COLORS = {0: "R", 1: "G", 2: "B", 6: "C"}
"""Adobe DNG specification 1.7, CFAPlaneColor."""


def camera_to_srgb(xyz_to_camera: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """White-balanced camera RGB to linear sRGB from a DNG-style XYZ-to-camera matrix (3, 3).

    The rows of the sRGB-to-camera matrix are scaled to sum to 1, so that balanced white stays white. Source: dcraw's
    and LibRaw's cam_xyz_coeff.
    """
    srgb_to_camera = np.asarray(xyz_to_camera, dtype=np.float64) @ _SRGB_TO_XYZ
    inverse: NDArray[np.float64] = np.linalg.inv(srgb_to_camera / srgb_to_camera.sum(axis=1, keepdims=True))
    return inverse


def _read_mosaic(path: Path) -> NDArray[np.float32]:
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                if file.read(6) != b"\x93NUMPY":  # numpy would also open an archive or a pickle of this name
                    raise CamsimError(f"{path}: cannot be read as a mosaic: it is not a .npy array")
            array = np.load(path, mmap_mode="r", allow_pickle=False)
            _check_mosaic(path, array.shape, str(array.dtype), array.dtype.kind in "uif")
        elif path.suffix.lower() == ".png":
            with Image.open(path, formats=("PNG",)) as image:
                # Other modes have several channels, a palette or single bits.
                _check_mosaic(path, image.size[::-1], f"PNG mode {image.mode}", image.mode in ("L", "I", "I;16"))
                array = np.asarray(image)
        else:
            with tifffile.TiffFile(path) as tiff:
                series = tiff.series[0]
                _check_mosaic(path, series.shape, str(series.dtype), np.dtype(series.dtype).kind in "uif")
                array = series.asarray()
    except CamsimError:
        raise
    except Exception as error:  # decoders may raise anything on damaged bytes
        raise CamsimError(f"{path}: cannot be read as a mosaic: {error}") from error
    return np.array(array, dtype=np.float32)  # a copy: a mapped file cannot be written to


def _check_mosaic(path: Path, shape: tuple[int, ...], kind: str, numbers: bool) -> None:
    """Refuse by what the header says, before any pixel is decoded."""
    if not numbers or len(shape) != 2 or min(shape) < 2:
        raise CamsimError(
            f"{path}: a mosaic is one value a pixel, (H, W), got shape {shape} of {kind}; "
            "an ordinary image goes to `camsim emulate`"
        )
    if shape[0] * shape[1] > MAX_PIXELS:
        raise CamsimError(f"{path}: has more than {MAX_PIXELS} pixels")


def orient(image: Tensor, flip: int) -> Tensor:
    """Turn (..., H, W) upright by LibRaw's flip code.

    Raises:
        CamsimError: a code LibRaw does not define.
    """
    match flip:
        case 0:
            return image
        case 3:
            return image.rot90(2, (-2, -1))
        case 5:
            return image.rot90(1, (-2, -1))
        case 6:
            return image.rot90(-1, (-2, -1))
        case _:
            raise CamsimError(f"unknown orientation code {flip}; allowed: 0, 3, 5, 6")


def read_scene(path: Path, max_side: int | None = None) -> Tensor:
    """A camera file as a scene: the file's own levels, white balance and matrix, demosaiced by `camera_rgb`.

    Args:
        path: the camera file.
        max_side: the longest side that is wanted. Where half the size is enough, each 2x2 cell of a Bayer mosaic
            becomes one pixel instead, which is much quicker; the result may still be longer than ``max_side``.

    Returns:
        (3, H, W) linear light, sRGB primaries, upright; 1.0 where the sensor saturates in green. The first camera's
        noise and blur stay in it. Cut to what green can hold before the matrix, so that highlights stay neutral,
        and to 0 after it, since light is not negative.

    Raises:
        CamsimError: unreadable, or without white balance or colour matrix.
    """
    raw = read_raw(path)
    if raw.cfa is None or raw.black is None or raw.white is None:
        raise CamsimError(f"{path}: a plain mosaic has no colour; develop it with a profile: `camsim develop`")
    if raw.white_balance is None or raw.camera_to_srgb is None:
        raise CamsimError(f"{path}: has no white balance or colour matrix; develop it with a profile instead")
    height, width = raw.mosaic.shape
    black = np.tile(np.reshape(raw.black, (2, 2)), ((height + 1) // 2, (width + 1) // 2))[:height, :width]
    linear = torch.from_numpy(((raw.mosaic - black) / (raw.white - black)).astype(np.float32))
    if raw.cfa in BAYER and max_side is not None and max(height, width) // 2 >= max_side:
        rgb = demosaic_half_size(linear[None, None], bayer(raw.cfa))[0]
    else:
        try:
            rgb = camera_rgb(linear[None, None], raw.cfa, raw.white_balance)[0]
        except ValueError as error:
            raise CamsimError(f"{path}: {error}") from None
    balanced = rgb * torch.tensor(raw.white_balance, dtype=torch.float32)[:, None, None]
    # Saturated pixels would turn pink, since red and blue are gained up above green's limit.
    neutral = balanced.clamp_max(1)
    scene = torch.einsum("oc,chw->ohw", torch.from_numpy(raw.camera_to_srgb).float(), neutral)
    return orient(scene.clamp_min(0), raw.flip)
