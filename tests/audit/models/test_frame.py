"""Where a picture lies in the model's input: against known recipes, and against the pixels themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audit.frame import Frame
from audit.models.differentiable import DifferentiablePreprocess
from audit.models.fit import frame_of
from audit.models.preprocess import ImageInput, Preprocess, ResolvedPreprocess, preprocess
from audit.models.resolve import resolve
from camsim.errors import CamsimError, ProfileError

FREE = ImageInput("image", "float32", "NCHW", 1, 3, None, None)
FIXED = ImageInput("image", "float32", "NCHW", 1, 3, 64, 96)
LINE = ImageInput("image", "float32", "NCHW", None, 3, 48, None)
TALL = ImageInput("image", "float32", "NCHW", None, 3, None, 48)


def resolved(wanted: ImageInput = FREE, **declared: object) -> ResolvedPreprocess:
    return resolve(Preprocess(**declared), wanted)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("declared", "shape", "frame"),
    [
        ({}, (30, 50), Frame((30, 50), (30, 50), (30, 50), 0, 0)),
        ({"input_size": (64, 96)}, (30, 50), Frame((30, 50), (64, 96), (64, 96), 0, 0)),
        # torchvision: Resize(32), CenterCrop(24)
        (
            {"input_size": (24, 24), "resize": "crop", "resize_shorter": 32},
            (30, 50),
            Frame((30, 50), (24, 24), (32, 53), -4, -14),
        ),
        # Ultralytics: LetterBox(640), LetterBox(640, auto=True), stride 32
        ({"input_size": (640, 640), "resize": "pad"}, (480, 640), Frame((480, 640), (640, 640), (480, 640), 80, 0)),
        (
            {"input_size": (640, 640), "resize": "pad", "stride": 32},
            (333, 500),
            Frame((333, 500), (448, 640), (426, 640), 11, 0),
        ),
        # Segment Anything: longest side 1024, padded below and to the right
        (
            {"input_size": (1024, 1024), "resize": "pad", "pad_place": "top_left"},
            (600, 800),
            Frame((600, 800), (1024, 1024), (768, 1024), 0, 0),
        ),
        # DETR: shorter side 800, longer at most 1333
        (
            {"resize": "shortest", "resize_shorter": 800, "resize_longer": 1333},
            (480, 640),
            Frame((480, 640), (800, 1066), (800, 1066), 0, 0),
        ),
        (
            {"resize": "shortest", "resize_shorter": 800, "resize_longer": 1333},
            (400, 1200),
            Frame((400, 1200), (444, 1332), (444, 1332), 0, 0),
        ),
        # PP-OCR's detector: sides rounded to multiples of 32 by stretching
        (
            {"resize": "shortest", "resize_shorter": 736, "stride": 32, "stride_by": "stretch"},
            (500, 700),
            Frame((500, 700), (736, 1024), (736, 1024), 0, 0),
        ),
        (
            {"resize": "longest", "resize_longer": 100, "stride": 16},
            (50, 33),
            Frame((50, 33), (112, 80), (100, 66), 6, 7),
        ),
        (
            {"resize": "keep", "stride": 32, "pad_place": "top_left"},
            (33, 64),
            Frame((33, 64), (64, 64), (33, 64), 0, 0),
        ),
        # YOLOX: int(), with the bars at the right and below; 393 * (416 / 393) is a little less than 416
        (
            {"input_size": (416, 416), "resize": "pad", "resize_round": "down", "pad_place": "top_left"},
            (176, 393),
            Frame((176, 393), (416, 416), (186, 415), 0, 0),
        ),
        # PP-OCR: ceil()
        (
            {"input_size": (48, 192), "resize": "pad", "resize_round": "up", "pad_place": "top_left"},
            (31, 100),
            Frame((31, 100), (48, 192), (48, 155), 0, 0),
        ),
        (
            {"resize": "height", "resize_height": 48, "resize_round": "up"},
            (30, 211),
            Frame((30, 211), (48, 338), (48, 338), 0, 0),
        ),
        # readers of text lines: the height is theirs, the width the picture's
        ({"resize": "height", "resize_height": 48}, (30, 211), Frame((30, 211), (48, 337), (48, 337), 0, 0)),
        ({"resize": "height", "resize_height": 48}, (90, 45), Frame((90, 45), (48, 24), (48, 24), 0, 0)),
        (
            {"resize": "height", "resize_height": 48, "stride": 8, "pad_place": "top_left"},
            (30, 211),
            Frame((30, 211), (48, 344), (48, 337), 0, 0),
        ),
    ],
)
def test_known_recipes(declared: dict[str, object], shape: tuple[int, int], frame: Frame) -> None:
    settings = resolved(**declared)
    assert frame_of(shape, settings) == frame
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    fed = preprocess(image, settings)
    assert fed.shape == (3, *frame.fed)
    tensor = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].double() / 255
    same = DifferentiablePreprocess(settings, torch.float32)(tensor)
    np.testing.assert_array_equal(same[0].numpy(), fed)


@pytest.mark.parametrize(
    "declared",
    [
        {"input_size": (96, 64), "resize": "pad", "pad_place": "centre"},
        {"input_size": (96, 64), "resize": "pad", "pad_place": "top_left"},
        {"input_size": (80, 80), "resize": "crop", "resize_shorter": 90},
        {"input_size": (50, 120)},
        {"resize": "longest", "resize_longer": 90, "stride": 32},
    ],
)
def test_a_bright_spot_is_found_where_the_frame_says(declared: dict[str, object]) -> None:
    settings = resolved(**declared)
    image = np.zeros((60, 40, 3), dtype=np.uint8)
    image[24:32, 16:24] = 255  # centre at x 20, y 28
    plane = preprocess(image, settings)[0]
    rows, columns = (np.arange(side) + 0.5 for side in plane.shape)
    centre = np.array([(plane.sum(axis=0) * columns).sum(), (plane.sum(axis=1) * rows).sum()]) / plane.sum()
    found = frame_of((60, 40), settings).points_to_picture(centre)
    np.testing.assert_allclose(found, [20, 28], atol=0.2)


@pytest.mark.parametrize(
    ("wanted", "declared", "message"),
    [
        (FIXED, {"resize": "longest", "resize_longer": 9}, "resize: longest is for models that take any size"),
        (FIXED, {"resize": "pad", "stride": 32}, "stride: belongs to models that take any size"),
        (FREE, {"resize": "longest"}, "resize_longer: must be given with 'resize: longest'"),
        (FREE, {"resize": "shortest"}, "resize_shorter: must be given"),
        (FREE, {"resize": "crop"}, "resize: needs input_size"),
        (FREE, {"stride_by": "pad"}, "stride_by: needs stride"),
        (FREE, {"filter": "box"}, "filter: needs input_size"),
        (FREE, {"resize": "height"}, "resize_height: must be given"),
        (FREE, {"resize": "height", "resize_height": 48, "stride": 32}, "the height must be a multiple of it; 48"),
        (LINE, {"resize": "height", "resize_height": 32}, "resize_height: the model takes a height of 48, got 32"),
        (LINE, {}, "input_size: must be given, as the model states only one side"),
        (LINE, {"resize": "keep"}, "or 'resize: height', after which the width follows"),
        (TALL, {"resize": "height", "resize_height": 48}, "input_size: must be given"),
    ],
)
def test_contradictions(wanted: ImageInput, declared: dict[str, object], message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        resolve(Preprocess(**declared), wanted)  # type: ignore[arg-type]


def test_the_height_that_a_model_states() -> None:
    settings, _ = resolve(Preprocess(resize="height"), LINE)
    assert (settings.size, settings.resize_height) == (None, 48)
    assert frame_of((24, 100), settings).fed == (48, 200)


def test_what_does_not_happen_is_not_assumed() -> None:
    scale = {"color": "RGB", "scale": 1.0, "mean": 0.0, "std": 1.0}
    for declared, assumed in (
        ({"resize": "height", "resize_height": 48}, ("filter bilinear",)),
        ({"resize": "height", "resize_height": 48, "antialias": False}, ()),  # OpenCV's is bilinear
        ({"resize": "keep", "stride": 32, "stride_by": "stretch", "antialias": False}, ()),  # no bars
        ({"resize": "keep", "stride": 32}, ("pad_value 0",)),
    ):
        assert resolve(Preprocess(**scale, **declared), FREE)[1] == assumed  # type: ignore[arg-type]
    assert resolve(Preprocess(**scale, resize="pad", antialias=False), FIXED)[1] == ("pad_value 0",)  # type: ignore[arg-type]


def test_keys_that_belong_elsewhere() -> None:
    from audit.models.sidecar import declaration_of

    for declared, message in (
        ({"pad_place": "top_left", "resize": "crop"}, "belongs to 'resize: pad' or 'resize: longest'"),
        ({"resize_longer": 9, "resize": "stretch"}, "belongs to 'resize: longest' or 'resize: shortest'"),
        ({"antialias": False, "filter": "box"}, "OpenCV's bilinear resizing, but filter is box"),
        ({"resize_round": "up", "resize": "stretch"}, "belongs to 'resize: pad'"),
        ({"stride": 0}, "greater than or equal to 1"),
    ):
        with pytest.raises(ProfileError, match=message):
            declaration_of(declared, "here")


def test_an_enormous_result_is_refused_before_it_is_made() -> None:
    settings = resolved(resize="shortest", resize_shorter=16_384)
    with pytest.raises(CamsimError, match="at most 268435456 pixels are allowed"):
        preprocess(np.zeros((2, 60, 3), dtype=np.uint8), settings)


def test_what_is_seldom_declared_is_not_listed_where_it_was_not() -> None:
    assert "stride" not in resolved(FIXED).stated()
    assert resolved(resize="keep", stride=8).stated()["stride"] == 8
