"""Preprocessing against Pillow and numpy written out by hand, and what a declaration may say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from audit.models.preprocess import ImageInput, Preprocess, ResolvedPreprocess, preprocess
from audit.models.resolve import resolve
from camsim.errors import CamsimError

WANTED = ImageInput("image", "float32", "NCHW", 1, 3, 6, 8)
"""The input of a model."""
IMAGE = np.random.default_rng(1).integers(0, 256, (15, 22, 3), dtype=np.uint8)


def resolved(wanted: ImageInput = WANTED, **declared: object) -> ResolvedPreprocess:
    return resolve(Preprocess.model_validate(declared), wanted)[0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_scale_mean_std_color_layout(dtype: str, layout: str, color: str) -> None:
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    got = preprocess(
        IMAGE,
        resolved(replace(WANTED, dtype=dtype, layout=layout, height=15, width=22), color=color, mean=mean, std=std),
    )
    expected = np.empty((3, 15, 22))
    for channel in range(3):
        source = channel if color == "RGB" else 2 - channel
        expected[channel] = (IMAGE[:, :, source] / 255 - mean[channel]) / std[channel]
    if layout == "NHWC":
        expected = np.moveaxis(expected, 0, 2)
    assert got.dtype == dtype
    assert got.flags.c_contiguous
    np.testing.assert_allclose(got, expected, rtol=2 * np.finfo(dtype).eps, atol=2 * np.finfo(dtype).eps)


def test_caffe_style() -> None:
    """Scale 1, BGR, a mean in pixel units in the model's own channel order."""
    got = preprocess(IMAGE, resolved(replace(WANTED, height=15, width=22), color="BGR", scale=1, mean=[104, 117, 123]))
    np.testing.assert_array_equal(got[0], IMAGE[:, :, 2] - np.float32(104))
    np.testing.assert_array_equal(got[2], IMAGE[:, :, 0] - np.float32(123))


def test_one_number_is_for_every_channel() -> None:
    one = preprocess(IMAGE, resolved(scale=0.5, mean=1, std=2.0))
    three = preprocess(IMAGE, resolved(scale=0.5, mean=[1, 1, 1], std=[2, 2, 2]))
    np.testing.assert_array_equal(one, three)


def test_uint8_takes_pixels_as_they_are() -> None:
    wanted = ImageInput("image", "uint8", "NHWC", 1, 3, 15, 22)
    got = preprocess(IMAGE, resolved(wanted))
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, IMAGE)
    for name in ("scale", "mean", "std"):
        with pytest.raises(CamsimError, match=f"{name}: the model's input is uint8"):
            resolved(wanted, **{name: 1.0})


def test_grey() -> None:
    got = preprocess(IMAGE, resolved(replace(WANTED, channels=1, height=15, width=22), scale=1.0))
    luma = IMAGE @ np.array([0.299, 0.587, 0.114])
    assert got.shape == (1, 15, 22)
    assert np.abs(got[0] - luma).max() <= 0.51


@pytest.mark.parametrize("name", ["nearest", "box", "bilinear", "bicubic", "lanczos"])
def test_stretch_is_pillows_resize(name: str) -> None:
    method = Image.Resampling[name.upper()]
    expected = np.asarray(Image.fromarray(IMAGE).resize((8, 6), method))
    got = preprocess(IMAGE, resolved(replace(WANTED, layout="NHWC"), scale=1.0, filter=name))
    np.testing.assert_array_equal(got, expected)


def test_area_shrinks_by_the_mean_of_blocks() -> None:
    got = preprocess(IMAGE[:12, :16], resolved(replace(WANTED, layout="NHWC"), scale=1.0, filter="box"))
    blocks = IMAGE[:12, :16].reshape(6, 2, 8, 2, 3).mean(axis=(1, 3))
    # Pillow rounds to 8 bits twice: across, then down.
    assert np.abs(got - blocks).max() <= 1.0


@pytest.mark.parametrize(
    ("shape", "shorter", "size", "expected_resize", "corner"),
    [
        # torchvision: the longer side is int(shorter * long / short), the corner round((side - crop) / 2).
        ((15, 22), 10, (6, 8), (14, 10), (3, 2)),
        ((22, 15), 10, (6, 8), (10, 14), (1, 4)),
        ((400, 500), 256, (224, 224), (320, 256), (48, 16)),
        ((15, 22), None, (6, 8), (8, 6), (0, 0)),
        ((15, 30), None, (6, 8), (12, 6), (2, 0)),
        ((30, 15), None, (6, 8), (8, 16), (0, 5)),
        ((7, 333), None, (7, 7), (333, 7), (163, 0)),
    ],
)
def test_crop(
    shape: tuple[int, int],
    shorter: int | None,
    size: tuple[int, int],
    expected_resize: tuple[int, int],
    corner: tuple[int, int],
) -> None:
    image = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    declared = {"resize": "crop", "scale": 1.0} | ({} if shorter is None else {"resize_shorter": shorter})
    got = preprocess(image, resolved(replace(WANTED, layout="NHWC", height=size[0], width=size[1]), **declared))
    whole = np.asarray(Image.fromarray(image).resize(expected_resize, Image.Resampling.BILINEAR))
    left, top = corner
    np.testing.assert_array_equal(got, whole[top : top + size[0], left : left + size[1]])


@pytest.mark.parametrize(
    ("shape", "inner"), [((12, 4), (6, 2)), ((4, 16), (2, 8)), ((3, 4), (6, 8)), ((5, 999), (1, 8))]
)
def test_pad_fits_the_image_inside(shape: tuple[int, int], inner: tuple[int, int]) -> None:
    image = np.random.default_rng(2).integers(0, 256, (*shape, 3), dtype=np.uint8)
    got = preprocess(image, resolved(replace(WANTED, layout="NHWC"), resize="pad", pad_value=114, scale=1.0))
    expected = np.full((6, 8, 3), 114)
    top, left = (6 - inner[0]) // 2, (8 - inner[1]) // 2
    expected[top : top + inner[0], left : left + inner[1]] = np.asarray(
        Image.fromarray(image).resize(inner[::-1], Image.Resampling.BILINEAR)
    )
    np.testing.assert_array_equal(got, expected)


def test_without_a_size_the_image_keeps_its_own() -> None:
    free = replace(WANTED, height=None, width=None)
    assert preprocess(IMAGE, resolved(free)).shape == (3, 15, 22)
    assert preprocess(IMAGE, resolved(free, input_size=[4, 5])).shape == (3, 4, 5)
    with pytest.raises(CamsimError, match="resize: needs input_size") as error:
        resolved(free, resize="crop", filter="box")
    assert "filter: needs input_size" in str(error.value)
    with pytest.raises(CamsimError, match="only one side of it: 6xany"):
        resolved(replace(WANTED, width=None))


def test_what_is_assumed_is_listed() -> None:
    assert resolve(Preprocess(), WANTED)[1] == (
        "resize stretch",
        "filter bilinear",
        "color RGB",
        "scale 1/255",
        "mean 0",
        "std 1",
    )
    full = Preprocess.model_validate(
        {"color": "RGB", "scale": 1.0, "mean": 0, "std": 1, "resize": "pad", "pad_value": 0, "filter": "box"}
    )
    assert resolve(full, WANTED)[1] == ()
    assert resolve(Preprocess(), replace(WANTED, dtype="uint8", channels=1, height=None, width=None))[1] == (
        "color GRAY",
    )
    assert "pad_value 0" in resolve(Preprocess(resize="pad"), WANTED)[1]


def test_contradictions_with_the_model_all_at_once() -> None:
    with pytest.raises(CamsimError) as error:
        resolved(input_size=[9, 8], color="GRAY", mean=[1, 2, 3], resize="crop", resize_shorter=8)
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [
        "input_size",
        "resize_shorter",
        "color",
        "mean",
    ]
    assert "takes 6x8 (height x width), got 9x8" in str(error.value)


def test_overflow_of_float16_is_refused() -> None:
    with pytest.raises(CamsimError, match="beyond the range of the model's float16"):
        resolved(replace(WANTED, dtype="float16"), scale=1000.0)


def test_memory_is_bounded() -> None:
    with pytest.raises(CamsimError, match="one batch would take"):
        resolved(replace(WANTED, batch=10_000, height=4000, width=4000))
    with pytest.raises(CamsimError, match="at most"):
        preprocess(
            np.zeros((1, 20_000, 3), np.uint8), resolved(replace(WANTED, height=1000, width=1000), resize="crop")
        )


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((3, 4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_images_are_refused(image: np.ndarray) -> None:
    with pytest.raises(CamsimError, match=r"must be \(H, W, 3\) of uint8"):
        preprocess(image, resolved())


@pytest.mark.parametrize(
    "declared",
    [
        {"scale": "1/255"},
        {"scale": 0},
        {"scale": float("nan")},
        {"mean": [1, 2]},
        {"mean": []},
        {"mean": True},
        {"std": [1, 1, 0]},
        {"input_size": 224},
        {"input_size": [224]},
        {"input_size": [224, 0]},
        {"input_size": [224.0, 224]},
        {"layout": "CHW"},
        {"color": "rgb"},
        {"resize": "crop", "pad_value": 0},
        {"resize_shorter": 256},
        {"resize": "pad", "pad_value": 256},
        {"means": [0, 0, 0]},
    ],
)
def test_wrong_declarations_are_refused(declared: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Preprocess.model_validate(declared)


def by_table(image: np.ndarray, how: ResolvedPreprocess) -> np.ndarray:
    """Through Pillow and the table, pixel by pixel in memory: the plain way, for images of the right size."""
    picture = Image.fromarray(np.ascontiguousarray(image))
    if how.color == "GRAY":
        picture = picture.convert("L")
    pixels = np.asarray(picture).reshape(picture.height, picture.width, how.channels)
    if how.color == "BGR":
        pixels = pixels[..., ::-1]
    values = how.table[pixels, np.arange(how.channels)]
    return values.transpose(2, 0, 1) if how.layout == "NCHW" else values


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "uint8"])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("color", ["RGB", "BGR", "GRAY"])
def test_every_byte_becomes_what_the_table_says(dtype: str, layout: str, color: str, planar: bool) -> None:
    levels = np.random.default_rng(4).permuted(np.tile(np.arange(256, dtype=np.uint8), (3, 2)), axis=1)
    image = levels.reshape(3, 16, 32).transpose(1, 2, 0)
    if not planar:
        image = np.ascontiguousarray(image)
    channels = 1 if color == "GRAY" else 3
    wanted = ImageInput("image", dtype, layout, 1, channels, 16, 32)  # type: ignore[arg-type]
    scaled = (
        {} if dtype == "uint8" else {"mean": [0.485, 0.456, 0.406][:channels], "std": [0.229, 0.224, 0.225][:channels]}
    )
    for resize in ("stretch", "crop", "pad"):
        how = resolved(wanted, color=color, resize=resize, **scaled)
        got = preprocess(image, how)
        assert got.dtype == dtype
        assert got.flags.c_contiguous
        np.testing.assert_array_equal(got, by_table(image, how))


@pytest.mark.parametrize("name", ["nearest", "box", "bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("color", ["RGB", "GRAY"])
@pytest.mark.parametrize(
    "how", [{"resize": "stretch"}, {"resize": "crop", "resize_shorter": 9}, {"resize": "pad", "pad_value": 7}]
)
def test_planes_are_resized_as_pixels_are(name: str, color: str, how: dict[str, object]) -> None:
    wanted = replace(WANTED, channels=1 if color == "GRAY" else 3)
    planar = np.ascontiguousarray(IMAGE.transpose(2, 0, 1)).transpose(1, 2, 0)
    settings = resolved(wanted, filter=name, color=color, **how)
    np.testing.assert_array_equal(preprocess(planar, settings), preprocess(IMAGE, settings))


def test_a_crop_from_a_longer_shorter_side_is_not_skipped() -> None:
    """The image has the model's size already, but is to be enlarged and cut."""
    how = resolved(replace(WANTED, height=12, width=12), resize="crop", resize_shorter=18, scale=1.0)
    image = IMAGE[:12, :12]
    enlarged = np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((18, 18), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(preprocess(image, how), enlarged[3:15, 3:15].transpose(2, 0, 1))
