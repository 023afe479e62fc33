"""Keypoints in every form land on the same place of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audit.decoders import CoordinatesDecoder, HeatmapsDecoder, SimccDecoder
from audit.decoders.points import peak
from audit.frame import Frame
from camsim.errors import CamsimError

# A picture of 100 x 200 in the middle of 64 x 64, bars of 16 above and below.
LETTERBOX = Frame((100, 200), (64, 64), (32, 64), 16, 0)


def back(x: float, y: float) -> list[float]:
    """From the letterbox to the picture."""
    return [x * 200 / 64, (y - 16) * 100 / 32]


def test_the_peak_moves_a_quarter_cell_towards_its_higher_neighbour() -> None:
    maps = np.zeros((3, 5, 7))
    maps[0, 2, 3], maps[0, 2, 4], maps[0, 1, 3] = 1.0, 0.6, 0.2  # right, up
    maps[1, 4, 6], maps[1, 4, 5] = 0.9, 0.5  # in a corner: it stays
    maps[2, 1, 1] = 0.7  # even neighbours: it stays
    cells, heights = peak(maps)
    np.testing.assert_array_equal(cells, [[3.25, 1.75], [6, 4], [1, 1]])
    np.testing.assert_array_equal(heights, [1.0, 0.9, 0.7])


@pytest.mark.parametrize("shift", [-0.4, -0.2, 0.0, 0.2, 0.4])
def test_the_offset_halves_the_error_of_a_smooth_peak(shift: float) -> None:
    columns = np.arange(16)
    heat = np.exp(-((columns - 8 - shift) ** 2) / 8)
    [[x, _]], _ = peak(np.tile(heat, (1, 3, 1)))
    assert abs(x - 8 - shift) <= max(0.25, abs(shift) - 0.25 + 1e-12)


def test_heatmaps_go_through_the_letterbox() -> None:
    maps = np.zeros((2, 16, 16))
    maps[0, 7, 3] = 1.4
    maps[1, 10, 12] = 0.2
    answer = HeatmapsDecoder().decode({"heat": maps}, LETTERBOX)
    np.testing.assert_allclose(answer.points, [back(3.5 * 4, 7.5 * 4), back(12.5 * 4, 10.5 * 4)])
    np.testing.assert_allclose(answer.scores, [1.0, 0.2])
    assert answer.shape == (100, 200)
    corner = HeatmapsDecoder(cell="corner", channels="last").decode({"h": np.moveaxis(maps, 0, -1)}, LETTERBOX)
    np.testing.assert_allclose(corner.points, [back(3 * 4 + 0.5, 7 * 4 + 0.5), back(12 * 4 + 0.5, 10 * 4 + 0.5)])
    logits = HeatmapsDecoder(holds="logits").decode({"h": maps}, LETTERBOX)
    np.testing.assert_allclose(logits.scores, 1 / (1 + np.exp([-1.4, -0.2])))


@pytest.mark.parametrize(
    ("numbers", "unit", "rows"),
    [
        ("xy", "pixels", [[16, 32], [48, 40]]),
        ("yx", "pixels", [[32, 16], [40, 48]]),
        ("xy", "fraction", [[0.25, 0.5], [0.75, 0.625]]),
        ("xy", "signed", [[-0.5, 0.0], [0.5, 0.25]]),
        ("xyz", "pixels", [[16, 32, 99], [48, 40, -99]]),
        ("yxs", "fraction", [[0.5, 0.25, 0.9], [0.625, 0.75, 0.1]]),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_coordinates_of_every_form_are_the_same_points(numbers: Any, unit: Any, rows: Any, flat: bool) -> None:
    values = np.array(rows, dtype=np.float32)
    decoder = CoordinatesDecoder(numbers=numbers, unit=unit)
    answer = decoder.decode({"points": values.reshape(1, 1, -1) if flat else values}, LETTERBOX)
    np.testing.assert_allclose(answer.points, [back(16, 32), back(48, 40)], rtol=1e-6)
    if "s" in numbers:
        np.testing.assert_allclose(answer.scores, [0.9, 0.1], rtol=1e-6)
    else:
        assert np.isnan(answer.scores).all()


def test_simcc_reads_the_highest_bin_of_each_axis() -> None:
    x, y = np.zeros((2, 128)), np.zeros((2, 128))
    x[0, 20], y[0, 70], x[1, 127], y[1, 33] = 0.8, 0.6, 0.3, 2.0
    answer = SimccDecoder().decode({"simcc_x": x, "simcc_y": y}, LETTERBOX)
    np.testing.assert_allclose(answer.points, [back(10.5, 35.5), back(64.0, 17.0)])
    np.testing.assert_allclose(answer.scores, [0.6, 0.3])
    swapped = SimccDecoder(x="b", y="a").decode({"a": y, "b": x}, LETTERBOX)
    np.testing.assert_array_equal(swapped.points, answer.points)


@pytest.mark.parametrize(
    ("decoder", "outputs", "message"),
    [
        (HeatmapsDecoder(), {"h": np.zeros((4, 4))}, "heatmaps"),
        (HeatmapsDecoder(), {"h": np.full((1, 4, 4), np.inf)}, "NaN or infinity"),
        (CoordinatesDecoder(numbers="xys"), {"p": np.zeros((4, 2))}, "3 numbers"),
        (CoordinatesDecoder(), {"p": np.zeros((4, 3))}, "points"),
        (CoordinatesDecoder(numbers="xys"), {"p": np.array([[1.0, 2.0, 3.0]])}, "scores must lie"),
        (SimccDecoder(), {"x": np.zeros((2, 128))}, "two outputs"),
        (SimccDecoder(), {"x": np.zeros((2, 64)), "y": np.zeros((2, 64))}, "bins for 64 px"),
    ],
)
def test_what_cannot_be_read_is_refused(decoder: Any, outputs: Any, message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        decoder.decode(outputs, LETTERBOX)
