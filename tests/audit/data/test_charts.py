from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from audit.data.charts import CHARTS, DARK, LIGHT, color_checker, dead_leaves, siemens_star, slanted_edge

GOLDEN = np.load(Path(__file__).parents[2] / "golden" / "color_checker.npz")
"""From /reference/chart_deltaE.npz: X-Rite's xyY of the patches under D50, and their linear sRGB."""


@pytest.mark.parametrize("name", CHARTS)
def test_charts_are_scenes(name: str) -> None:
    chart = CHARTS[name]()
    assert chart.dtype == torch.float32
    assert chart.is_contiguous()
    assert chart.shape[0] == 3
    assert min(chart.shape[1:]) >= 256
    assert 0 <= chart.min() <= chart.max() <= 1


@pytest.mark.parametrize("angle", [5.0, -5.0, 12.0])
def test_the_edge_has_its_angle_and_contrast(angle: float) -> None:
    edge = slanted_edge(angle)[1].double().numpy()
    assert edge.min() == pytest.approx(DARK)
    assert edge.max() == pytest.approx(4 * edge.min())
    # The dark area of a row ends where the edge crosses the middle of the row.
    crossing = ((LIGHT - edge) / (LIGHT - DARK)).sum(axis=1)
    slope, offset = np.polyfit(np.arange(384) - 191.5, crossing, 1)
    assert np.degrees(np.arctan(-slope)) == pytest.approx(angle, abs=0.01)
    assert offset == pytest.approx(192, abs=0.01)
    assert np.abs(crossing - (offset + slope * (np.arange(384) - 191.5))).max() < 1 / 8


def test_the_star_is_symmetric_and_has_its_cycles() -> None:
    star = siemens_star()[0].double().numpy()
    mean = (LIGHT + DARK) / 2
    np.testing.assert_allclose(star, np.rot90(star), atol=1e-6)
    np.testing.assert_allclose(star, star[::-1], atol=1e-6)
    assert star[192, 192] == pytest.approx(mean)
    assert star[0, 0] == pytest.approx(mean)
    for radius in (60, 120, 170):
        angle = np.arange(2048) * 2 * np.pi / 2048
        ring = sample_at(star, 191.5 + radius * np.sin(angle), 191.5 + radius * np.cos(angle))
        spectrum = np.abs(np.fft.rfft(ring)) / 1024
        assert spectrum[1:].argmax() + 1 == 72
        # what the mean over a square pixel leaves of the amplitude, and bilinear sampling a little less
        frequency = 72 / (2 * np.pi * radius)
        assert spectrum[72] == pytest.approx((LIGHT - DARK) / 2 * np.sinc(frequency), rel=0.03 + frequency)
        assert spectrum[0] / 2 == pytest.approx(mean, rel=0.01)


def sample_at(image: NDArray[np.float64], y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bilinear."""
    top, left = np.floor(y).astype(int), np.floor(x).astype(int)
    dy, dx = y - top, x - left
    upper = image[top, left] * (1 - dx) + image[top, left + 1] * dx
    lower = image[top + 1, left] * (1 - dx) + image[top + 1, left + 1] * dx
    return upper * (1 - dy) + lower * dy


def test_dead_leaves_fall_the_same_way_for_the_same_seed() -> None:
    first = dead_leaves()
    assert torch.equal(dead_leaves.__wrapped__(0), first)
    assert not torch.equal(dead_leaves.__wrapped__(1), first)


def test_dead_leaves_cover_all_with_uniform_colours_and_natural_spectrum() -> None:
    leaves = dead_leaves().double().numpy()
    assert leaves.min() >= DARK - 1e-6
    assert leaves.max() <= LIGHT + 1e-6
    for channel in leaves:
        assert channel.mean() == pytest.approx((LIGHT + DARK) / 2, abs=0.03)
    spectrum = np.abs(np.fft.fft2(leaves - leaves.mean(axis=(1, 2), keepdims=True))) ** 2
    frequency = np.hypot(np.fft.fftfreq(384)[:, None], np.fft.fftfreq(384))
    octaves = 2.0 ** -np.arange(7, 1, -1)
    power = [spectrum[:, (frequency >= f / 1.4) & (frequency < f * 1.4)].mean() for f in octaves]
    slope, _ = np.polyfit(np.log(octaves), np.log(power), 1)
    # Natural images: power falls as 1/f^2; discs that cut off at 1.5 px make it a little steeper.
    assert -3 < slope < -1.8


def test_the_checker_has_the_published_colours() -> None:
    chart = color_checker().numpy()
    patches = [chart[:, 64 * row + 32, 64 * column + 32] for row in range(4) for column in range(6)]
    np.testing.assert_allclose(patches, np.maximum(GOLDEN["sRGB_linear"], 0), atol=1e-6)


def test_the_checker_agrees_with_a_bradford_adaptation_written_out() -> None:
    x, y, big_y = GOLDEN["xyY"].T
    xyz = np.stack([x / y * big_y, big_y, (1 - x - y) / y * big_y])
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

    def white(x: float, y: float) -> NDArray[np.float64]:
        return np.array([x / y, 1, (1 - x - y) / y])

    gains = bradford @ white(0.3127, 0.3290) / (bradford @ white(*GOLDEN["illuminant_xy"]))
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    linear = (to_srgb @ np.linalg.inv(bradford) @ (gains[:, None] * (bradford @ xyz))).T
    chart = color_checker().numpy()
    patches = [chart[:, 64 * (i // 6) + 32, 64 * (i % 6) + 32] for i in range(24)]
    np.testing.assert_allclose(patches, np.maximum(linear, 0), atol=1e-3)
    assert linear[17, 0] == pytest.approx(-0.044, abs=1e-3)  # cyan, the only one outside sRGB
    assert np.delete(linear, 17, axis=0).min() > 0


def test_the_patches_of_the_checker_are_flat_and_apart() -> None:
    chart = color_checker().numpy()
    patch = chart[:, 64 + 4 : 64 + 60, 128 + 4 : 128 + 60]
    assert (patch == patch[:, :1, :1]).all()
    frame = chart[:, :4]
    assert (frame == frame[0, 0, 0]).all()
    assert frame[0, 0, 0] < 0.02
