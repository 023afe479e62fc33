"""Thumbnails, the knobs of a worst case, and escaping."""

from __future__ import annotations

import base64
import html
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from audit.report import data_uri, thumbnail
from audit.report.escape import plotly_text, shorten, visible
from audit.report.knobs import changes


@pytest.mark.parametrize(
    ("shape", "small"),
    [((480, 640), (120, 160)), ((640, 480), (160, 120)), ((161, 161), (160, 160)), ((3, 4000), (1, 160))],
)
def test_thumbnail_keeps_the_proportions(shape: tuple[int, int], small: tuple[int, int]) -> None:
    image = np.full((*shape, 3), (10, 200, 90), np.uint8)
    shrunk = thumbnail(image)
    assert shrunk.dtype == np.uint8
    assert shrunk.shape == (*small, 3)
    assert (shrunk == (10, 200, 90)).all()


def test_thumbnail_averages() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 32:] = 255
    shrunk = thumbnail(image, side=8)
    assert shrunk[:, :2].max() < 12
    assert shrunk[:, 6:].min() > 243
    assert shrunk.mean() == pytest.approx(127.5, abs=2)


def test_small_images_stay_as_they_are() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 20, 3), np.uint8)
    assert np.array_equal(thumbnail(image), image)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)],
)  # fmt: skip
def test_no_image_no_thumbnail(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8 image"):
        thumbnail(image)


def test_thumbnail_needs_a_size() -> None:
    with pytest.raises(ValueError, match="side"):
        thumbnail(np.zeros((4, 4, 3), np.uint8), side=0)


def test_data_uri_is_the_picture() -> None:
    y, x = np.mgrid[0:40, 0:60]
    image = np.stack([4 * x, 6 * y, 255 - 4 * x], axis=-1).astype(np.uint8)[:, ::-1]  # not contiguous
    kind, _, data = data_uri(image).partition(",")
    assert kind == "data:image/jpeg;base64"
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(data, validate=True))), int)
    assert np.abs(decoded - image).mean() < 2


def test_knob_changes_by_travel() -> None:
    knobs = [
        {"name": "a", "unit": "px", "from": [0.5], "to": [0.6], "low": [0.0], "high": [1.0]},
        {"name": "m", "unit": "1", "from": [[1.0, 0.0], [0.0, 1.0]], "to": [[1.0, -0.4], [0.0, 1.0]],
         "low": [[0.5] * 2, [-0.5] * 2], "high": [[1.5] * 2, [0.5] * 2]},
    ]  # fmt: skip
    knobs[1]["low"], knobs[1]["high"] = [[0.5, -0.5], [-0.5, 0.5]], [[1.5, 0.5], [0.5, 1.5]]
    moved, kept = changes(knobs)
    assert [(change.name, change.unit) for change in moved] == [("m[0,1]", ""), ("a", "px")]
    assert [change.travel for change in moved] == pytest.approx([0.4, 0.1])
    assert kept == 3
    assert (moved[0].start, moved[0].end) == pytest.approx((0.5, 0.1))


def test_a_knob_without_room_does_not_move() -> None:
    knob = {"name": "a", "unit": "px", "from": [2.0], "to": [2.0], "low": [2.0], "high": [2.0]}
    assert changes([knob]) == ([], 1)


@given(st.text())
def test_visible_is_printable_and_leaves_the_rest(text: str) -> None:
    assert visible(text).isprintable()
    visible(text).encode("utf-8")
    if text.isprintable():
        assert visible(text) == text


@given(st.text(st.characters(exclude_categories=("C", "Z"))))
def test_plotly_text_is_the_text_and_no_markup(text: str) -> None:
    assert "<" not in plotly_text(text)
    assert html.unescape(plotly_text(text)) == text


@given(st.text(), st.integers(3, 40))
def test_shorten_keeps_both_ends(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) == min(len(text), limit)
    head, _, tail = short.partition("…") if len(text) > limit else (text, "", "")
    assert text.startswith(head)
    assert text.endswith(tail)
