"""From an 8-bit RGB image to the array a model wants: resize, colour order, scale, mean and std, layout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, Strict, ValidationInfo, field_validator

from camsim import spec
from camsim.errors import CamsimError

Layout = Literal["NCHW", "NHWC"]
Color = Literal["RGB", "BGR", "GRAY"]
Resize = Literal["stretch", "crop", "pad"]
Filter = Literal["nearest", "area", "bilinear", "bicubic", "lanczos"]
DType = Literal["float16", "float32", "float64", "uint8"]

Pixels = Annotated[int, Field(ge=1, le=16_384)]
PerChannel = Annotated[tuple[float, ...], Strict(False)]

MAX_RESIZED_PIXELS = 1 << 28
"""A very long image whose shorter side is enlarged could ask for any amount of memory."""

LUMA = (19595, 38470, 7471)
"""BT.601 luma in 1/65536, as Pillow turns a picture grey."""

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class Preprocess(spec.Model):
    """What a model's maker declares about its input. What is None is read from the model or assumed, and reported."""

    input_size: Annotated[tuple[Pixels, Pixels], Strict(False)] | None = None
    """[height, width] in pixels; None: as the model states it, or the image's own size where it states none."""
    layout: Layout | None = None
    """Order of the input's axes; None: read from the model."""
    color: Color | None = None
    """Order of the channels; None: RGB, or GRAY (ITU-R BT.601 luma) for a model of one channel."""
    scale: float | None = None
    """Multiplies the pixels 0..255; None: 1/255. Refused, like mean and std, by a model of uint8 input."""
    mean: PerChannel | None = None
    """Subtracted after scale: one number, or one a channel in the order of ``color``; None: 0."""
    std: PerChannel | None = None
    """Divides after mean: (x * scale - mean) / std; one number, or one a channel; None: 1."""
    resize: Resize | None = None
    """*stretch* to the input size; *crop*: resize the shorter side, then cut out the centre; *pad*: letterbox, fit
    the image inside, centred. None: stretch."""
    filter: Filter | None = None
    """Pillow's antialiased resampling; *area* is its box filter. None: bilinear."""
    resize_shorter: Pixels | None = None
    """Length of the shorter side before the crop; None: the least that covers the input size."""
    pad_value: Annotated[int, Field(ge=0, le=255)] | None = None
    """Pixel value 0..255 of the letterbox's bars; None: 0, black."""

    @field_validator("mean", "std", mode="before")
    @classmethod
    def _one_number(cls, value: object) -> object:
        return (value,) if isinstance(value, int | float | str) else value

    @field_validator("mean", "std")
    @classmethod
    def _one_or_three(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and len(value) not in (1, 3):
            raise ValueError(f"must be one number or 3, got {len(value)}")
        return value

    @field_validator("scale", "std")
    @classmethod
    def _positive(cls, value: float | tuple[float, ...] | None) -> float | tuple[float, ...] | None:
        if value is not None and np.min(value) <= 0:
            raise ValueError(f"must be above 0, got {np.min(value):g}")
        return value

    @field_validator("resize_shorter", "pad_value")
    @classmethod
    def _has_its_resize(cls, value: int | None, info: ValidationInfo) -> int | None:
        needs = "crop" if info.field_name == "resize_shorter" else "pad"
        # A resize that failed its own check is absent from info.data and reported there.
        if value is not None and "resize" in info.data and info.data["resize"] != needs:
            given = info.data["resize"] or "not given"
            raise ValueError(f"belongs to 'resize: {needs}', but resize is {given}")
        return value


@dataclass(frozen=True)
class ImageInput:
    """The image input of a model as its graph states it. None: free, decided by what is fed."""

    name: str
    dtype: DType
    layout: Layout
    batch: int | None
    channels: int | None
    height: int | None
    width: int | None


@dataclass(frozen=True)
class ResolvedPreprocess:
    """A Preprocess with everything decided for one model (see resolve.py)."""

    size: tuple[int, int] | None
    """Height and width that the model is fed; None: the image's own."""
    layout: Layout
    dtype: DType
    color: Color
    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: Resize
    filter: Filter
    resize_shorter: int | None
    pad_value: int

    @property
    def channels(self) -> int:
        """Of the array that the model is fed."""
        return 1 if self.color == "GRAY" else 3

    @cached_property
    def table(self) -> NDArray[np.generic]:
        """(256, channels) in the model's dtype: what each pixel value becomes; exact, as it is computed in float64."""
        values = np.arange(256.0)[:, None]
        if self.dtype != "uint8":
            values = (values * self.scale - np.array(self.mean)) / np.array(self.std)
        with np.errstate(over="ignore"):
            table = np.broadcast_to(values, (256, self.channels)).astype(self.dtype)
        return cast("NDArray[np.generic]", table)


def preprocess(image: NDArray[np.uint8], resolved: ResolvedPreprocess) -> NDArray[np.generic]:
    """Prepare one image for a model.

    Args:
        image: (H, W, 3), RGB, 0..255, in any order of memory; quickest where each channel is a plane.
        resolved: what the model wants.

    Returns:
        (C, H, W) or (H, W, C) as ``resolved.layout`` says, C-contiguous, in the model's dtype, without a batch axis.

    Raises:
        CamsimError: the image is not (H, W, 3) uint8, or resizing it would take too much memory.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CamsimError(f"an image must be (H, W, 3) of uint8, got {image.shape} of {image.dtype}")
    if resolved.color == "GRAY" or not _fits(image.shape[:2], resolved):
        picture = _picture(image)
        if resolved.color == "GRAY":
            picture = picture.convert("L")
        if resolved.size is not None:
            picture = _fit(picture, resolved, resolved.size)
        image = np.asarray(picture).reshape(picture.height, picture.width, resolved.channels)
    if resolved.color == "BGR":
        image = image[..., ::-1]
    return _look_up(image, resolved.table, resolved.layout)


def _look_up(pixels: NDArray[np.uint8], table: NDArray[np.generic], layout: Layout) -> NDArray[np.generic]:
    """``table[pixels[y, x, c], c]`` in the order of ``layout``; channel by channel, which is much quicker."""
    height, width, channels = pixels.shape
    values = np.empty((channels, height, width) if layout == "NCHW" else pixels.shape, table.dtype)
    planes = values if layout == "NCHW" else values.transpose(2, 0, 1)
    for channel, plane in enumerate(planes):
        # No byte lies outside the table; with the default mode, numpy would make a copy before it writes.
        np.take(table[:, channel], pixels[..., channel], out=plane, mode="clip")
    return values


def _fits(shape: tuple[int, ...], resolved: ResolvedPreprocess) -> bool:
    """Whether `_fit` would change nothing."""
    if resolved.size is None:
        return True
    return shape == resolved.size and resolved.resize_shorter in (None, min(shape))


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    """An RGB picture of (H, W, 3); channels that lie plane after plane are not put pixel by pixel first."""
    if image.strides[1] != 1:
        return Image.fromarray(image)
    return Image.merge("RGB", [Image.fromarray(image[..., channel]) for channel in range(3)])


@dataclass(frozen=True)
class Placement:
    """How an image comes to the model's size: resized, then laid on a canvas of that size, which cuts the rest off."""

    height: int
    """Of the resized image."""
    width: int
    top: int
    """Of the resized image on the canvas; negative where the canvas is a crop of it."""
    left: int


def placement(shape: tuple[int, int], resolved: ResolvedPreprocess, size: tuple[int, int]) -> Placement:
    """Where an image of ``shape`` (height, width) goes on its way to ``size``; in integers, so exactly."""
    (height, width), (tall, wide) = size, shape
    if resolved.resize == "stretch":
        return Placement(height, width, 0, 0)
    if resolved.resize == "crop":
        # Sizes and offsets as torchvision's Resize and CenterCrop round them.
        above, below = (height, tall) if height * wide >= width * tall else (width, wide)
        if resolved.resize_shorter is not None:
            above, below = resolved.resize_shorter, min(tall, wide)
        tall, wide = (side * above // below for side in (tall, wide))
        return Placement(tall, wide, -round((tall - height) / 2), -round((wide - width) / 2))
    ratio = min(height / tall, width / wide)
    tall, wide = (max(1, round(side * ratio)) for side in (tall, wide))
    return Placement(tall, wide, (height - tall) // 2, (width - wide) // 2)


def check_resized(shape: tuple[int, int], height: int, width: int) -> None:
    """Raises CamsimError where an image of ``shape`` (height, width) would take too much memory once resized."""
    if width * height > MAX_RESIZED_PIXELS:
        raise CamsimError(
            f"an image of {shape[0]}x{shape[1]} (height x width) would be resized to {height}x{width}; "
            f"at most {MAX_RESIZED_PIXELS} pixels are allowed"
        )


def _fit(picture: Image.Image, resolved: ResolvedPreprocess, size: tuple[int, int]) -> Image.Image:
    shape = (picture.height, picture.width)
    place = placement(shape, resolved, size)
    check_resized(shape, place.height, place.width)
    resized = picture.resize((place.width, place.height), _RESAMPLING[resolved.filter])
    height, width = size
    if resolved.resize != "pad":
        left, top = -place.left, -place.top
        return resized.crop((left, top, left + width, top + height))
    canvas = Image.new(picture.mode, (width, height), (resolved.pad_value,) * resolved.channels)
    canvas.paste(resized, (place.left, place.top))
    return canvas
