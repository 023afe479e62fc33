"""From an 8-bit RGB image to the array a model wants: resize, colour order, scale, mean and std, layout."""

from __future__ import annotations

from dataclasses import MISSING, asdict, dataclass, fields
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field, Strict, ValidationInfo, field_validator

from audit.frame import Frame
from audit.models.fit import frame_of
from audit.models.opencv import resize_linear
from audit.models.opencv_area import resize_area
from camsim import spec
from camsim.errors import CamsimError

T = TypeVar("T")

Layout = Literal["NCHW", "NHWC"]
Color = Literal["RGB", "BGR", "GRAY"]
Resize = Literal["stretch", "crop", "pad", "longest", "shortest", "height", "keep"]
PadPlace = Literal["centre", "top_left"]
StrideBy = Literal["pad", "stretch"]
Rounding = Literal["nearest", "down", "up"]
Filter = Literal["nearest", "box", "bilinear", "bicubic", "lanczos", "inter_area"]
DType = Literal["float16", "float32", "float64", "uint8"]

Pixels = Annotated[int, Field(ge=1, le=16_384)]
PerChannel = Annotated[tuple[float, ...], Strict(False)]

LUMA = (19595, 38470, 7471)
"""BT.601 luma in 1/65536, as Pillow turns a picture grey."""

_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
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
    the image inside. Without an input size: *longest* or *shortest*: that side gets the length of resize_longer or
    resize_shorter; *height*: the height becomes resize_height and the width follows, as readers of text lines want it;
    *keep*: as it is. None: stretch, or keep without an input size."""
    filter: Filter | None = None
    """Pillow's antialiased resampling; or *inter_area*, OpenCV's INTER_AREA, to the bit. None: bilinear."""
    antialias: bool | None = None
    """false: bilinear as OpenCV does it (``cv2.resize``, INTER_LINEAR), to the bit. None: true."""
    resize_shorter: Pixels | None = None
    """Length of the shorter side with *shortest*, or before the crop; None, with *crop*: the least that covers the
    input size."""
    resize_longer: Pixels | None = None
    """Length of the longer side with *longest*; with *shortest*, the most that it may get."""
    resize_height: Pixels | None = None
    """Height with *height*; None: as the model states it."""
    resize_round: Rounding | None = None
    """How the resized image's sides become whole pixels with *pad*, *longest* or *height*; *down* is Python's
    ``int()``, as in YOLOX. None: nearest; with *height*, down."""
    pad_value: Annotated[int, Field(ge=0, le=255)] | None = None
    """Pixel value 0..255 of the letterbox's bars; None: 0, black."""
    pad_place: PadPlace | None = None
    """Where the image lies between the bars: *centre* or *top_left*. None: centre."""
    stride: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Both sides of the model's input are multiples of it; with *pad*, no more bars than that takes, for models that
    take any size. None: 1."""
    stride_by: StrideBy | None = None
    """How multiples of stride are reached: *pad* to the next, or *stretch* to the nearest. None: pad."""

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

    @field_validator("filter", mode="before")
    @classmethod
    def _whose_area(cls, value: object) -> object:
        if value == "area":
            raise ValueError("'area' may be either of two: 'box', Pillow's, or 'inter_area', OpenCV's INTER_AREA")
        return value

    @field_validator("antialias")
    @classmethod
    def _is_bilinear(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value is False and info.data.get("filter") not in (None, "bilinear"):
            raise ValueError(f"'false' is OpenCV's bilinear resizing, but filter is {info.data['filter']}")
        return value

    @field_validator(
        "resize_shorter", "resize_longer", "resize_height", "resize_round", "pad_value", "pad_place", "stride_by"
    )
    @classmethod
    def _has_its_resize(cls, value: T, info: ValidationInfo) -> T:
        # A resize that failed its own check is absent from info.data and reported there.
        if value is None or "resize" not in info.data or info.field_name == "stride_by":
            return value
        needs = _NEEDS[str(info.field_name)]
        if info.data["resize"] not in needs:
            given = info.data["resize"] or "not given"
            homes = " or ".join(f"'resize: {kind}'" for kind in needs)
            raise ValueError(f"belongs to {homes}, but resize is {given}")
        return value


_NEEDS: dict[str, tuple[Resize, ...]] = {
    "resize_shorter": ("crop", "shortest"),
    "resize_longer": ("longest", "shortest"),
    "resize_height": ("height",),
    "resize_round": ("pad", "longest", "height"),
    "pad_value": ("pad", "longest", "shortest", "height", "keep"),
    "pad_place": ("pad", "longest", "shortest", "height", "keep"),
}
"""Which ways of resizing a key belongs to."""

FREE_RESIZES: tuple[Resize, ...] = ("longest", "shortest", "height", "keep")
"""Those of models that take images of any size."""


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
    batched: bool = True
    """false: it has no axis for the batch, (C, H, W) or (H, W, C)."""

    def stated(self) -> dict[str, Any]:
        """JSON-able."""
        parts = asdict(self)
        if self.batched:
            del parts["batched"]
        return parts


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
    resize_longer: int | None = None
    resize_height: int | None = None
    resize_round: Rounding = "nearest"
    antialias: bool = True
    pad_place: PadPlace = "centre"
    stride: int = 1
    stride_by: StrideBy = "pad"

    def stated(self) -> dict[str, Any]:
        """JSON-able, for hashes and reports: without what is seldom declared and was not."""
        parts = asdict(self)
        for part in fields(self):
            if part.default is not MISSING and parts[part.name] == part.default:
                del parts[part.name]
        return parts

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

    @cached_property
    def tables(self) -> NDArray[np.generic]:
        """(channels, 256): the same, channel after channel."""
        return np.ascontiguousarray(self.table.T)

    @cached_property
    def lines(self) -> NDArray[np.float64] | None:
        """(channels, 2): slope and offset of each channel where they give its table to the bit, else None."""
        if self.dtype != "float32":
            return None
        from audit.models.lookup import gives

        std = np.broadcast_to(np.array(self.std), self.channels)
        lines = np.stack([self.scale / std, -np.array(self.mean) / std], axis=1)
        return lines if gives(lines, cast("NDArray[np.float32]", self.tables)) else None

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Of the array that the model is fed at this size."""
        return (self.channels, height, width) if self.layout == "NCHW" else (height, width, self.channels)


def preprocess(
    image: NDArray[np.uint8], resolved: ResolvedPreprocess, room: NDArray[np.generic] | None = None
) -> NDArray[np.generic]:
    """Prepare one image for a model.

    Args:
        image: (H, W, 3), RGB, 0..255, in any order of memory; quickest where each channel is a plane.
        resolved: what the model wants.
        room: an array that came of this before and is no longer needed: overwritten and handed back where it fits, as
            fresh memory costs time.

    Returns:
        (C, H, W) or (H, W, C) as ``resolved.layout`` says, C-contiguous, in the model's dtype, without a batch axis.

    Raises:
        CamsimError: the image is not (H, W, 3) uint8, or resizing it would take too much memory.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise CamsimError(f"an image must be (H, W, 3) of uint8, got {image.shape} of {image.dtype}")
    frame = frame_of((image.shape[0], image.shape[1]), resolved)
    if resolved.color == "GRAY" or frame != Frame.unchanged(frame.shape):
        picture = _picture(image)
        if resolved.color == "GRAY":
            picture = picture.convert("L")
        picture = _laid(_resized(picture, frame, resolved), frame, resolved)
        image = np.asarray(picture).reshape(picture.height, picture.width, resolved.channels)
    if resolved.color == "BGR":
        image = image[..., ::-1]
    height, width, _ = image.shape
    shape = resolved.shape(height, width)
    values = np.empty(shape, resolved.dtype) if room is None or room.shape != shape else room
    _look_up(image.transpose(2, 0, 1), resolved, values if resolved.layout == "NCHW" else values.transpose(2, 0, 1))
    return values


def prepared_grey(resolved: ResolvedPreprocess, size: tuple[int, int]) -> NDArray[np.generic]:
    """What a grey image of the model's input ``size`` (height, width) becomes."""
    grey = resolved.table[128]
    values = np.empty(resolved.shape(*size), resolved.dtype)
    values[...] = grey[:, None, None] if resolved.layout == "NCHW" else grey
    return values


def _look_up(planes: NDArray[np.uint8], resolved: ResolvedPreprocess, values: NDArray[np.generic]) -> None:
    """``values[c, y, x] = tables[c, planes[c, y, x]]``, all (C, H, W)."""
    tables = resolved.tables
    if resolved.dtype == "float32":
        from audit.models.lookup import along, look_up

        numbers, lines = cast("NDArray[np.float32]", values), resolved.lines
        if lines is not None and planes.flags.c_contiguous and numbers.flags.c_contiguous:
            along(planes.reshape(len(planes), -1), lines, numbers.reshape(len(planes), -1))
        else:
            look_up(planes, cast("NDArray[np.float32]", tables), numbers)
        return
    for table, plane, place in zip(tables, planes, values, strict=True):
        # No byte lies outside the table; with the default mode, numpy would make a copy before it writes.
        np.take(table, plane, out=place, mode="clip")


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    """An RGB picture of (H, W, 3); channels that lie plane after plane are not put pixel by pixel first."""
    if image.strides[1] != 1:
        return Image.fromarray(image)
    return Image.merge("RGB", [Image.fromarray(image[..., channel]) for channel in range(3)])


def _resized(picture: Image.Image, frame: Frame, resolved: ResolvedPreprocess) -> Image.Image:
    height, width = frame.resized
    if frame.resized == frame.shape:
        return picture
    if resolved.antialias and resolved.filter != "inter_area":
        return picture.resize((width, height), _RESAMPLING[resolved.filter])
    pixels = np.asarray(picture).reshape(*frame.shape, resolved.channels)
    resized = (resize_linear if not resolved.antialias else resize_area)(pixels, height, width)
    return Image.fromarray(resized[:, :, 0] if resolved.channels == 1 else resized)


def _laid(picture: Image.Image, frame: Frame, resolved: ResolvedPreprocess) -> Image.Image:
    """On the canvas that the model is fed."""
    height, width = frame.fed
    if resolved.resize == "crop":
        left, top = -frame.left, -frame.top
        return picture.crop((left, top, left + width, top + height))
    if frame.fed == frame.resized:
        return picture
    canvas = Image.new(picture.mode, (width, height), (resolved.pad_value,) * resolved.channels)
    canvas.paste(picture, (frame.left, frame.top))
    return canvas
