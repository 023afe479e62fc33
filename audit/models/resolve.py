"""Decide a model's preprocessing from what was declared and what its graph states; list what neither says."""

from __future__ import annotations

import numpy as np

from audit.models.preprocess import FREE_RESIZES, Color, ImageInput, Preprocess, ResolvedPreprocess
from camsim.errors import CamsimError

MAX_INPUT_BYTES = 1 << 30


def resolve(declared: Preprocess, wanted: ImageInput) -> tuple[ResolvedPreprocess, tuple[str, ...]]:
    """Fill in a declaration for one model.

    Args:
        declared: from the sidecar and the command line.
        wanted: the image input that the model's graph states.

    Returns:
        The preprocessing to apply, and each of its parts that was assumed, such as ``"scale 1/255"``.

    Raises:
        CamsimError: every declaration that contradicts the model, one a line.
    """
    problems: list[str] = []
    assumed: list[str] = []

    size = _size(declared, wanted, problems)
    if size is not None:
        fed = (wanted.batch or 1) * (wanted.channels or 3) * size[0] * size[1] * np.dtype(wanted.dtype).itemsize
        if fed > MAX_INPUT_BYTES:
            problems.append(f"input: one batch would take {fed} bytes; at most {MAX_INPUT_BYTES} are allowed")
        if declared.resize in FREE_RESIZES:
            problems.append(
                f"resize: {declared.resize} is for models that take any size, this one takes {size[0]}x{size[1]} "
                f"(height x width); use stretch, crop or pad"
            )
        if declared.resize is None:
            assumed.append("resize stretch")
        if declared.filter is None and declared.antialias is not False:
            assumed.append("filter bilinear")
        if declared.resize == "crop" and declared.resize_shorter is None:
            assumed.append("resize_shorter as small as covers input_size")
        if declared.resize == "crop" and declared.resize_shorter is not None and declared.resize_shorter < max(size):
            problems.append(
                f"resize_shorter: must be at least {max(size)}, the longer side of the model's input, "
                f"so that the crop lies inside the image; got {declared.resize_shorter}"
            )
        if declared.stride is not None and (declared.resize != "pad" or None not in (wanted.height, wanted.width)):
            problems.append("stride: belongs to models that take any size, with 'resize: pad' if input_size is given")
    else:
        if declared.resize in ("stretch", "crop", "pad"):
            problems.append("resize: needs input_size, because this model takes images of any size")
        sides = {"longest": "resize_longer", "shortest": "resize_shorter", "height": "resize_height"}
        missing = sides.get(declared.resize or "")
        if missing is not None and getattr(declared, missing) is None and missing != "resize_height":
            problems.append(f"{missing}: must be given with 'resize: {declared.resize}'")
        if declared.filter is not None and missing is None and declared.stride_by != "stretch":
            problems.append("filter: needs input_size, because this model takes images of any size")
        resized = missing is not None or declared.stride_by == "stretch"
        if declared.filter is None and declared.antialias is not False and resized:
            assumed.append("filter bilinear")
    height = _height(declared, wanted, problems) if declared.resize == "height" else None
    padded = declared.resize == "pad" or ((declared.stride or 1) > 1 and declared.stride_by != "stretch")
    if padded and declared.pad_value is None:
        assumed.append("pad_value 0")
    if declared.stride_by is not None and declared.stride is None:
        problems.append("stride_by: needs stride")

    color = _color(declared, wanted, problems, assumed)
    channels = 1 if color == "GRAY" else 3
    for name in ("scale", "mean", "std"):
        given = getattr(declared, name)
        if wanted.dtype == "uint8":
            if given is not None:
                problems.append(f"{name}: the model's input is uint8 and takes the pixels as they are; remove it")
        elif given is None:
            assumed.append({"scale": "scale 1/255", "mean": "mean 0", "std": "std 1"}[name])
        elif isinstance(given, tuple) and len(given) not in (1, channels):
            problems.append(f"{name}: must be one number, as the model's input has 1 channel; got {len(given)}")
    if problems:
        raise CamsimError("\n".join(problems))

    floats = wanted.dtype != "uint8"
    resolved = ResolvedPreprocess(
        size=size,
        layout=wanted.layout,
        dtype=wanted.dtype,
        color=color,
        scale=1.0 if not floats else 1 / 255 if declared.scale is None else declared.scale,
        mean=declared.mean or (0.0,),
        std=declared.std or (1.0,),
        resize=declared.resize or "stretch",
        filter=declared.filter or "bilinear",
        resize_shorter=declared.resize_shorter,
        pad_value=declared.pad_value or 0,
        resize_longer=declared.resize_longer,
        resize_height=height,
        resize_round=declared.resize_round or ("down" if declared.resize == "height" else "nearest"),
        antialias=declared.antialias is not False,
        pad_place=declared.pad_place or "centre",
        stride=declared.stride or 1,
        stride_by=declared.stride_by or "pad",
    )
    if floats and not np.isfinite(resolved.table).all():
        raise CamsimError(f"scale, mean, std: they take pixels beyond the range of the model's {wanted.dtype} input")
    return resolved, tuple(assumed)


def _size(declared: Preprocess, wanted: ImageInput, problems: list[str]) -> tuple[int, int] | None:
    stated = (wanted.height, wanted.width)
    if declared.input_size is not None:
        if any(have not in (None, given) for have, given in zip(stated, declared.input_size, strict=True)):
            problems.append(
                f"input_size: the model takes {_side(wanted.height)}x{_side(wanted.width)} (height x width), "
                f"got {declared.input_size[0]}x{declared.input_size[1]}"
            )
        return declared.input_size
    if wanted.height is not None and wanted.width is not None:
        return wanted.height, wanted.width
    if stated != (None, None) and (wanted.height is None or declared.resize != "height"):
        hint = " (or 'resize: height', after which the width follows the picture's)" if wanted.height else ""
        problems.append(
            f"input_size: must be given, as the model states only one side of it: "
            f"{_side(wanted.height)}x{_side(wanted.width)} (height x width){hint}"
        )
    return None


def _height(declared: Preprocess, wanted: ImageInput, problems: list[str]) -> int | None:
    if declared.resize_height is None and wanted.height is None:
        problems.append("resize_height: must be given with 'resize: height', as the model states no height")
    if None not in (declared.resize_height, wanted.height) and declared.resize_height != wanted.height:
        problems.append(f"resize_height: the model takes a height of {wanted.height}, got {declared.resize_height}")
    height = wanted.height if declared.resize_height is None else declared.resize_height
    if height is not None and height % (declared.stride or 1):
        problems.append(f"stride: with 'resize: height' the height must be a multiple of it; {height} is none")
    return height


def _side(pixels: int | None) -> str:
    return "any" if pixels is None else str(pixels)


def _color(declared: Preprocess, wanted: ImageInput, problems: list[str], assumed: list[str]) -> Color:
    if declared.color is None:
        color: Color = "GRAY" if wanted.channels == 1 else "RGB"
        assumed.append(f"color {color}")
        return color
    channels = 1 if declared.color == "GRAY" else 3
    if wanted.channels not in (None, channels):
        problems.append(
            f"color: {declared.color} is {channels} channel{'s'[: channels > 1]}, the model takes {wanted.channels}"
        )
    return declared.color
