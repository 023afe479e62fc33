"""A preprocessed picture as people can look at it: what the model is fed, with normalisation undone."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.models.network import Network
from audit.models.preprocess import ResolvedPreprocess, preprocess
from camsim.errors import CamsimError

_GAP = 8
_AROUND = 128


def fed_picture(picture: NDArray[np.uint8], prepared: ResolvedPreprocess) -> NDArray[np.uint8]:
    """(h, w, 3) RGB: each number that the model is fed as the pixel value that becomes it."""
    fed = preprocess(picture, prepared)
    planes = fed if prepared.layout == "NCHW" else fed.transpose(2, 0, 1)
    levels = [_levels(plane, prepared.table[:, channel]) for channel, plane in enumerate(planes)]
    if prepared.color == "GRAY":
        levels *= 3
    found: NDArray[np.uint8] = np.stack(levels[::-1] if prepared.color == "BGR" else levels, axis=-1)
    return found


def side_by_side(network: Network, picture: NDArray[np.uint8]) -> bytes:
    """A PNG: the picture as it is on the left, as the model sees it on the right, pixel for pixel.

    Raises:
        CamsimError: the model prepares its pictures itself.
    """
    prepared = getattr(network, "prepared", None)
    if not isinstance(prepared, ResolvedPreprocess):
        raise CamsimError(f"{network.name}: prepares its pictures itself, so that there is none to show")
    seen = fed_picture(picture, prepared)
    height = max(picture.shape[0], seen.shape[0])
    canvas = np.full((height, picture.shape[1] + _GAP + seen.shape[1], 3), _AROUND, dtype=np.uint8)
    canvas[: picture.shape[0], : picture.shape[1]] = picture
    canvas[: seen.shape[0], picture.shape[1] + _GAP :] = seen
    stream = io.BytesIO()
    Image.fromarray(canvas).save(stream, "PNG")
    return stream.getvalue()


def _levels(plane: NDArray[np.generic], column: NDArray[np.generic]) -> NDArray[np.uint8]:
    """The pixel value 0..255 of each number; a channel's table rises, as scale and std are positive."""
    found = np.searchsorted(column.astype(np.float64), plane.astype(np.float64))
    return np.minimum(found, 255).astype(np.uint8)
