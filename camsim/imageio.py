"""Ordinary images and scene files in, images and mosaics out. Camera RAW is read by ``camsim.rawio``."""

from __future__ import annotations

import io
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from camsim.atomic import atomic_path
from camsim.errors import CamsimError, did_you_mean
from camsim.exr import read_exr
from camsim.hdr import read_hdr

MAX_PIXELS = 100_000_000
"""Larger images are refused before anything is decoded."""
MIN_SIDE = 8
"""Smaller images hold no neighbourhood for an ISP to work on."""

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP")
_GREY_MODES = ("1", "L", "LA")
_MODES = (*_GREY_MODES, "P", "PA", "RGB", "RGBA", "YCbCr")
SCENE_SUFFIXES = (".exr", ".hdr", ".npy")
"""What `read_scene` reads: linear light."""

_NOT_8_BIT = "not a display-encoded 8-bit image; convert it to 8-bit sRGB, or give linear light as .exr, .hdr or .npy"
_SRGB_TOLERANCE = 2
"""Levels by which an embedded profile may differ from sRGB and still be taken as sRGB (they differ in
rounding)."""


def missing_path(path: Path) -> CamsimError:
    """The error for a path that is not there, with the nearest names in its folder."""
    try:
        siblings = [entry.name for entry in islice(path.parent.iterdir(), 1000)]
    except OSError:
        return CamsimError(f"{path}: does not exist, nor does the folder {path.parent}")
    return CamsimError(f"{path}: does not exist{did_you_mean(path.name, siblings)}")


def read_image(path: Path | str) -> NDArray[np.uint8]:
    """Read a display image as sRGB: (H, W, 3), 0..255.

    PNG, JPEG, TIFF, WebP and BMP, recognised by content. The EXIF orientation is applied, an embedded ICC
    profile other than sRGB is converted (relative colorimetric, black point compensation), grey is
    replicated, palettes are expanded, an alpha channel that is opaque everywhere is dropped. Of an MPO file
    (a phone's JPEG with further pictures inside) the main picture is read, as any JPEG reader does.

    Raises:
        CamsimError: no such image, damaged or cut short, CMYK, transparent, more than 8 bits a channel,
            animated or of several pages, more than 100 MPix, or smaller than 8x8.
    """
    path = Path(path)
    _require_file(path)
    try:
        # Pillow warns from 89 MPix; the limit here is checked below, before decoding.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            opened = Image.open(path, formats=_FORMATS)
        with opened:
            _check_header(path, opened)
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            return np.array(_to_srgb(path, _without_alpha(path, upright)))
    except (CamsimError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise CamsimError(f"{path}: more than {MAX_PIXELS // 10**6} MPix") from error
    except UnidentifiedImageError as error:
        raise CamsimError(f"{path}: not an image: {_what_is_there(path)}, not PNG, JPEG, TIFF, WebP or BMP") from error
    except Exception as error:  # a decoder may raise anything on hostile bytes
        raise CamsimError(f"{path}: damaged or cut short: {error}") from error


def read_scene(path: Path | str) -> NDArray[np.float32]:
    """Read a scene: linear light, sRGB primaries, 1.0 = diffuse white, (H, W, 3), finite and not negative.

    ``.exr`` is described in ``camsim.exr``, ``.hdr`` in ``camsim.hdr``; ``.npy`` holds floats of shape (H, W, 3).

    Raises:
        CamsimError: no such file, another suffix, damaged, another shape or type, more than 100 MPix, smaller
            than 8x8, infinite, NaN or negative values, or OpenEXR is not installed.
    """
    path = Path(path)
    _require_file(path)
    suffix = path.suffix.lower()
    if suffix == ".exr":
        return read_exr(path, max_pixels=MAX_PIXELS, min_side=MIN_SIDE)
    if suffix == ".hdr":
        return read_hdr(path, max_pixels=MAX_PIXELS, min_side=MIN_SIDE)
    if suffix == ".npy":
        return _read_npy(path)
    raise CamsimError(f"{path}: a scene is .exr, .hdr or .npy, got {suffix or 'no suffix'}")


def write_image(path: Path | str, rgb: NDArray[np.floating[Any]]) -> None:
    """Write a developed image, (H, W, 3) in [0, 1]: ``.png`` 8-bit, ``.tiff``/``.tif`` 16-bit, ``.npy``
    float32.

    Integers are rounded to nearest. ``.npy`` keeps values outside [0, 1] as they are.

    Raises:
        CamsimError: another suffix or shape, NaN or infinite values, values outside [0, 1] for an integer
            format, or the file cannot be written.
    """
    path = Path(path)
    suffix = _suffix(path, (".png", ".tiff", ".tif", ".npy"))
    if rgb.ndim != 3 or rgb.shape[2] != 3:
        raise CamsimError(f"{path}: needs an image of shape (H, W, 3), got {rgb.shape}")
    low, high = _finite_range(path, rgb)
    if suffix == ".npy":
        _save_npy(path, rgb)
        return
    rounding = 1e-6  # of float32; a chain that clips still ends on 1 + 1 ulp
    if low < -rounding or high > 1 + rounding:
        raise CamsimError(
            f"{path}: values reach [{low:g}, {high:g}] and {suffix} holds [0, 1]; "
            "end the profile's isp with {kind: clip}, or write .npy"
        )
    levels = 255 if suffix == ".png" else 65535
    codes = np.rint(np.clip(rgb, 0, 1).astype(np.float64) * levels)
    with atomic_path(path) as temporary:
        if suffix == ".png":
            Image.fromarray(codes.astype(np.uint8)).save(temporary, format="PNG")
        else:
            tifffile.imwrite(temporary, codes.astype(np.uint16), photometric="rgb", metadata=None)


def write_mosaic(path: Path | str, dn: NDArray[Any]) -> None:
    """Write a raw mosaic in DN, (H, W): ``.tiff``/``.tif`` uint16 or ``.npy`` float32.

    Raises:
        CamsimError: another suffix or shape, NaN or infinite values, for TIFF also values that are not whole
            numbers in 0..65535, or the file cannot be written.
    """
    path = Path(path)
    suffix = _suffix(path, (".tiff", ".tif", ".npy"))
    if dn.ndim != 2:
        raise CamsimError(f"{path}: needs a mosaic of shape (H, W), got {dn.shape}")
    low, high = _finite_range(path, dn)
    if suffix == ".npy":
        _save_npy(path, dn)
        return
    if low < 0 or high > 65535 or np.any(dn != np.rint(dn)):
        raise CamsimError(
            f"{path}: {suffix} holds whole DN in 0..65535, got values in [{low:g}, {high:g}]"
            f"{'' if low < 0 or high > 65535 else ' with fractions'}; write .npy"
        )
    with atomic_path(path) as temporary:
        tifffile.imwrite(temporary, dn.astype(np.uint16), photometric="minisblack", metadata=None)


def _require_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        exists = path.exists()
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error
    raise CamsimError(f"{path}: is a folder or a device, not a file") if exists else missing_path(path)


def _check_header(path: Path, image: Image.Image) -> None:
    """Refuse by what the header says, before any pixel is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise CamsimError(f"{path}: {image.width}x{image.height} is more than {MAX_PIXELS // 10**6} MPix")
    if min(image.size) < MIN_SIDE:
        raise CamsimError(f"{path}: {image.width}x{image.height} is smaller than {MIN_SIDE}x{MIN_SIDE}")
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise CamsimError(f"{path}: animated or of several pages; give one image a file")
    if image.mode == "CMYK":
        raise CamsimError(f"{path}: CMYK; convert it to sRGB first")
    if _bits(path, image) > 8:
        raise CamsimError(f"{path}: {_bits(path, image)} bits a channel: {_NOT_8_BIT}")
    if image.mode not in _MODES:
        raise CamsimError(f"{path}: colour mode {image.mode!r}: {_NOT_8_BIT}")


def _bits(path: Path, image: Image.Image) -> int:
    """Bits a channel as the file has them: Pillow quietly reduces some 16-bit files to 8."""
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24]  # IHDR is the first chunk; ISO/IEC 15948, 11.2.2
    if image.format == "TIFF":
        bits_per_sample = getattr(image, "tag_v2", {}).get(258, (1,))
        return int(np.max(bits_per_sample))
    return 8


def _without_alpha(path: Path, image: Image.Image) -> Image.Image:
    """The image as L or RGB."""
    if image.has_transparency_data:
        alpha_low, _ = image.convert("RGBA").getchannel("A").getextrema()
        if alpha_low != 255:
            raise CamsimError(f"{path}: has transparent pixels; put it on a background first")
        image.info.pop("transparency", None)
    return image.convert("L" if image.mode in _GREY_MODES else "RGB")


def _to_srgb(path: Path, image: Image.Image) -> Image.Image:
    """Convert from the embedded ICC profile, if there is one and it is not sRGB."""
    embedded = image.info.get("icc_profile")
    if not embedded:
        return image.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(embedded))
        if profile.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        if image.mode == "L":  # the table that LittleCMS would make of a grey curve is off by up to 10 dark levels
            flags |= ImageCms.Flags.NOOPTIMIZE
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags,
        )
        probe = _probe(image.mode)
        moved = np.abs(_pixels(transform.apply(probe)) - _pixels(probe.convert("RGB"))).max()
        return image.convert("RGB") if moved <= _SRGB_TOLERANCE else transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise CamsimError(f"{path}: its embedded ICC profile cannot be used ({error}); convert it to sRGB") from error


def _probe(mode: str) -> Image.Image:
    """Every grey level, or a 9x9x9 lattice of colours."""
    if mode == "L":
        return Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    steps = np.linspace(0, 255, 9).astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3))


def _pixels(image: Image.Image) -> NDArray[np.int64]:
    return np.asarray(image, dtype=np.int64)


def _what_is_there(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(8)
    return f"it starts with the bytes {start!r}" if start else "it is empty"


def _read_npy(path: Path) -> NDArray[np.float32]:
    try:
        with path.open("rb") as file:
            if file.read(6) != b"\x93NUMPY":
                raise CamsimError(f"{path}: not a .npy array: {_what_is_there(path)}")
        # Mapped, so that the header is judged before any memory is taken.
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except CamsimError:
        raise
    except Exception as error:  # numpy evaluates the header with Python's tokenizer, which raises errors of its own
        raise CamsimError(f"{path}: damaged, cut short, or not an array of floats: {error}") from error
    if array.dtype.kind != "f":
        raise CamsimError(f"{path}: a scene holds floats in linear light, got {array.dtype}")
    if array.ndim != 3 or array.shape[2] != 3:
        raise CamsimError(f"{path}: a scene has shape (H, W, 3), got {array.shape}")
    height, width = array.shape[:2]
    if height * width > MAX_PIXELS:
        raise CamsimError(f"{path}: {width}x{height} is more than {MAX_PIXELS // 10**6} MPix")
    if min(height, width) < MIN_SIDE:
        raise CamsimError(f"{path}: {width}x{height} is smaller than {MIN_SIDE}x{MIN_SIDE}")
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused next
        scene = np.array(array, dtype=np.float32, order="C")
    low, _ = _finite_range(path, scene)
    if low < 0:
        raise CamsimError(f"{path}: light is not negative, got {low:g}")
    return scene


def _suffix(path: Path, allowed: tuple[str, ...]) -> str:
    suffix = path.suffix.lower()
    if suffix not in allowed:
        raise CamsimError(f"{path}: cannot write {suffix or 'a file without suffix'}; allowed: {', '.join(allowed)}")
    return suffix


def _finite_range(path: Path, values: NDArray[Any]) -> tuple[float, float]:
    if values.size == 0:
        raise CamsimError(f"{path}: the array is empty, shape {values.shape}")
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise CamsimError(f"{path}: holds NaN or infinite values")
    return low, high


def _save_npy(path: Path, array: NDArray[Any]) -> None:
    with atomic_path(path) as temporary:
        np.save(temporary, array.astype(np.float32), allow_pickle=False)
