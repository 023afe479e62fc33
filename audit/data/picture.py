"""How large a picture is, and how its file says it is to be turned: annotations may mean either."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rawpy
from numpy.typing import NDArray
from PIL import Image

from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Poses, Shape, Truth
from camsim.errors import CamsimError
from camsim.hdr import hdr_size
from camsim.rawio import CAMERA_SUFFIXES

ORIENTATION = 274
"""The EXIF tag. 1: as stored; 2 mirrored; 3 upside down; 4 both; 5 to 8: on its side."""
_UPRIGHT_FROM_LIBRAW = {0: 1, 3: 3, 5: 8, 6: 6}


@dataclass(frozen=True)
class Picture:
    """What a file's header says."""

    stored: Shape
    orientation: int

    @property
    def upright(self) -> Shape:
        """Shape of the scene that is read from it, before it is reduced."""
        return self.stored[::-1] if self.orientation >= 5 else self.stored

    def is_turned(self, annotated: Shape | None) -> bool:
        """Whether annotations of a picture of this shape have to be turned with it.

        Raises:
            CamsimError: they were drawn on another size, or it cannot be told which way they were drawn.
        """
        if self.orientation == 1:
            if annotated not in (None, self.stored):
                raise CamsimError(_other_size(annotated, self.upright))
            return False
        sideways = self.orientation >= 5 and self.stored[0] != self.stored[1]
        if annotated is None or not sideways:
            if annotated not in (None, self.stored, self.upright):
                raise CamsimError(_other_size(annotated, self.upright))
            raise CamsimError(
                f"its EXIF orientation is {self.orientation}, and it cannot be told whether the annotations mean the "
                "picture as stored or as shown; store it upright, without the tag"
            )
        if annotated not in (self.stored, self.upright):
            raise CamsimError(_other_size(annotated, self.upright))
        return annotated == self.stored


def read_picture(path: Path) -> Picture:
    """From the header of an image, camera RAW, .npy, EXR or Radiance file.

    Raises:
        CamsimError: it cannot be read; the message does not repeat the path.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in CAMERA_SUFFIXES:
            with rawpy.imread(str(path)) as raw:
                return Picture((raw.sizes.height, raw.sizes.width), _UPRIGHT_FROM_LIBRAW.get(raw.sizes.flip, 1))
        if suffix == ".npy":
            return Picture(np.load(path, mmap_mode="r", allow_pickle=False).shape[:2], 1)
        if suffix == ".exr":
            return Picture(_exr_shape(path), 1)
        if suffix == ".hdr":
            return Picture(hdr_size(path), 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large or odd files; reading them says what is wrong
            with Image.open(path) as image:
                width, height = image.size
                return Picture((height, width), _orientation(image))
    except CamsimError:
        raise
    except Exception as error:  # decoders may raise anything on damaged bytes
        raise CamsimError(f"cannot be read: {str(error).replace(str(path), path.name)}") from error


def picture_of_bytes(content: bytes, suffix: str = "") -> Picture:
    """`read_picture` of a file with this content."""
    with tempfile.NamedTemporaryFile(suffix=suffix or ".image") as file:
        file.write(content)
        file.flush()
        return read_picture(Path(file.name))


def turned(truth: Truth, orientation: int) -> Truth:
    """What was annotated on the picture as stored, on the picture as shown."""
    if isinstance(truth, ClassMap):
        return ClassMap(_turn(truth.indices, orientation))
    if isinstance(truth, Depth):
        return Depth(_turn(truth.metres, orientation))
    if isinstance(truth, Poses):
        flat = _turn_points(truth.points.reshape(-1, 2), truth.shape, orientation)
        truth = replace(truth, points=flat.reshape(truth.points.shape))
    if isinstance(truth, Boxes):
        points = _turn_points(truth.corners.reshape(-1, 2), truth.shape, orientation).reshape(-1, 2, 2)
        masks = None if truth.masks is None else tuple(_turn(mask, orientation) for mask in truth.masks)
        corners = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
        return replace(truth, corners=corners, masks=masks, shape=_turned_shape(truth.shape, orientation))
    if isinstance(truth, Keypoints):
        points = _turn_points(truth.points, truth.shape, orientation)
        return replace(truth, points=points, shape=_turned_shape(truth.shape, orientation))
    return truth


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def _exr_shape(path: Path) -> Shape:
    try:
        import OpenEXR
    except ImportError as error:
        raise CamsimError("reading .exr needs the package OpenEXR: pip install OpenEXR") from error
    with OpenEXR.File(str(path), header_only=True) as file:
        first, last = file.header()["dataWindow"]
    width, height = (int(side) + 1 for side in np.asarray(last, np.int64) - np.asarray(first, np.int64))
    return height, width


def _other_size(annotated: Shape | None, shape: Shape) -> str:
    height, width = annotated or (0, 0)
    return (
        f"its annotations say {width}x{height} and the picture is {shape[1]}x{shape[0]}; "
        "give the picture that was annotated"
    )


def _turned_shape(shape: Shape, orientation: int) -> Shape:
    return shape[::-1] if orientation >= 5 else shape


def _turn(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """What Pillow's exif_transpose does with the pixels."""
    match orientation:
        case 2:
            return image[:, ::-1]
        case 3:
            return image[::-1, ::-1]
        case 4:
            return image[::-1]
        case 5:
            return image.T
        case 6:
            return np.rot90(image, -1)
        case 7:
            return image[::-1, ::-1].T
        case 8:
            return np.rot90(image)
        case _:
            return image


def _turn_points(points: NDArray[np.float64], shape: Shape, orientation: int) -> NDArray[np.float64]:
    """(N, 2) x, y on the stored picture of ``shape`` -> on the picture as shown."""
    height, width = shape
    x, y = points[:, 0], points[:, 1]
    ways = {
        1: (x, y),
        2: (width - x, y),
        3: (width - x, height - y),
        4: (x, height - y),
        5: (y, x),
        6: (height - y, x),
        7: (height - y, width - x),
        8: (y, width - x),
    }
    return np.stack(ways[orientation], axis=1)


def laid_upright(path: Path, annotated: Shape | None, draw: Callable[[Shape], Truth]) -> Truth:
    """Annotations in pixels of the scene that is read from a file.

    Args:
        path: of the picture.
        annotated: shape of what they were drawn on; None: not stated.
        draw: makes them, in pixels of a picture of the given shape.

    Raises:
        CamsimError: the file cannot be read, or it cannot be told how the annotations lie on it.
    """
    picture = read_picture(path)
    if picture.is_turned(annotated):
        return turned(draw(picture.stored), picture.orientation)
    return draw(picture.upright)


def laid_upright_bytes(content: bytes, suffix: str, annotated: Shape | None, draw: Callable[[Shape], Truth]) -> Truth:
    """`laid_upright` for a picture that is no file."""
    with tempfile.NamedTemporaryFile(suffix=suffix or ".image") as file:
        file.write(content)
        file.flush()
        return laid_upright(Path(file.name), annotated, draw)
