"""Depth maps as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from audit.data.truth import Depth
from camsim.errors import CamsimError
from camsim.imageio import MAX_PIXELS

MILLIMETRES = 1e-3


def read_depth(path: Path) -> Depth:
    """``.npy``: floats in metres; ``.png``: 16 bits in millimetres. What is not above 0, or NaN, is not known.

    Raises:
        CamsimError: something else.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            with path.open("rb") as file:
                if file.read(6) != b"\x93NUMPY":
                    raise CamsimError(f"{path.name}: is no .npy array")
            stored = np.load(path, mmap_mode="r", allow_pickle=False)
            if stored.dtype.kind != "f" or stored.ndim != 2 or stored.size > MAX_PIXELS:
                raise CamsimError(f"{path.name}: needs floats of shape (H, W), got {stored.dtype} of {stored.shape}")
            metres = np.array(stored, dtype=np.float32)
        elif suffix == ".png":
            with Image.open(path, formats=("PNG",)) as image:
                if image.mode not in ("I;16", "I") or image.width * image.height > MAX_PIXELS:
                    raise CamsimError(f"{path.name}: needs 16 bits a pixel, in millimetres, got mode {image.mode}")
                metres = np.asarray(image).astype(np.float32) * np.float32(MILLIMETRES)
        else:
            raise CamsimError(f"{path.name}: a depth map is .npy in metres or .png of 16 bits in millimetres")
    except CamsimError:
        raise
    except FileNotFoundError as error:
        raise CamsimError(f"{path.name}: the depth map is not there") from error
    except Exception as error:  # decoders may raise anything on damaged bytes
        raise CamsimError(f"{path.name}: cannot be read: {str(error).replace(str(path), path.name)}") from error
    with np.errstate(invalid="ignore"):
        return Depth(np.where(metres > 0, metres, np.float32(np.nan)))
