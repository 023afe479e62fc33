"""Where a picture of any size lies in a model's input, in whole pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from audit.frame import Frame, Shape
from camsim.errors import CamsimError

if TYPE_CHECKING:
    from audit.models.preprocess import ResolvedPreprocess

_ROUNDED: dict[str, Callable[[float], int]] = {"nearest": round, "down": math.floor, "up": math.ceil}

MAX_RESIZED_PIXELS = 1 << 28
"""A very long image whose shorter side is enlarged could ask for any amount of memory."""


@lru_cache(maxsize=64)  # most pictures of an audit are of one size
def frame_of(shape: Shape, resolved: ResolvedPreprocess) -> Frame:
    """How a picture of ``shape`` (height, width) is laid into the model's input.

    Raises:
        CamsimError: it would take too much memory.
    """
    frame = _frame_of(shape, resolved)
    for height, width in (frame.resized, frame.fed):
        if width * height > MAX_RESIZED_PIXELS:
            raise CamsimError(
                f"an image of {shape[0]}x{shape[1]} (height x width) would be resized to {height}x{width}; "
                f"at most {MAX_RESIZED_PIXELS} pixels are allowed"
            )
    return frame


def _frame_of(shape: Shape, resolved: ResolvedPreprocess) -> Frame:
    tall, wide = shape
    if resolved.size is not None:
        height, width = resolved.size
        if resolved.resize == "stretch":
            return Frame(shape, resolved.size, resolved.size, 0, 0)
        if resolved.resize == "crop":
            # Sizes and offsets as torchvision's Resize and CenterCrop round them.
            above, below = (height, tall) if height * wide >= width * tall else (width, wide)
            if resolved.resize_shorter is not None:
                above, below = resolved.resize_shorter, min(tall, wide)
            new = (tall * above // below, wide * above // below)
            return Frame(shape, resolved.size, new, -round((new[0] - height) / 2), -round((new[1] - width) / 2))
        ratio = min(height / tall, width / wide)
        whole = _ROUNDED[resolved.resize_round]
        # Rounding up must not go beyond the input where the product is not exact.
        new = (min(height, max(1, whole(tall * ratio))), min(width, max(1, whole(wide * ratio))))
        if resolved.stride == 1:
            return _padded(shape, new, resolved.size, resolved)
    else:
        new = _free_size(shape, resolved)
    step = resolved.stride
    if resolved.stride_by == "stretch":
        new = (max(step, round(new[0] / step) * step), max(step, round(new[1] / step) * step))
    return _padded(shape, new, (-(-new[0] // step) * step, -(-new[1] // step) * step), resolved)


def _free_size(shape: Shape, resolved: ResolvedPreprocess) -> Shape:
    """Of the resized image, for a model that takes any."""
    shorter, longer = min(shape), max(shape)
    whole = _ROUNDED[resolved.resize_round]
    if resolved.resize == "longest" and resolved.resize_longer is not None:
        above, below = resolved.resize_longer, longer
        return max(1, whole(shape[0] * above / below)), max(1, whole(shape[1] * above / below))
    if resolved.resize == "height" and resolved.resize_height is not None:
        return resolved.resize_height, max(1, whole(shape[1] * resolved.resize_height / shape[0]))
    if resolved.resize == "shortest" and resolved.resize_shorter is not None:
        side = resolved.resize_shorter
        if resolved.resize_longer is not None and side * longer > resolved.resize_longer * shorter:
            side = max(1, round(resolved.resize_longer * shorter / longer))
        return shape[0] * side // shorter, shape[1] * side // shorter
    return shape


def _padded(shape: Shape, new: Shape, size: Shape, resolved: ResolvedPreprocess) -> Frame:
    top, left = ((size[0] - new[0]) // 2, (size[1] - new[1]) // 2) if resolved.pad_place == "centre" else (0, 0)
    return Frame(shape, size, new, top, left)
