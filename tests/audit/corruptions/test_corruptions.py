"""The common corruptions against pictures that the original code made, and what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audit.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from audit.corruptions.plasma import plasma
from audit.corruptions.streak import streaked
from audit.corruptions.zoom import zoomed
from camsim.errors import CamsimError

RANDOM = {
    "gaussian_noise",
    "shot_noise",
    "impulse_noise",
    "glass_blur",
    "motion_blur",
    "snow",
    "frost",
    "fog",
    "elastic_transform",
}
HERE = [name for name, corruption in CORRUPTIONS.items() if corruption.missing() is None]
GOLDEN = Path(__file__).parents[2] / "golden" / "corruptions.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, NDArray[np.uint8]]:
    with np.load(GOLDEN) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (45, 38, 3), dtype=np.uint8)


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", [name for name in CORRUPTIONS if name != "frost"])
def test_pictures_are_those_of_the_original_code(
    golden: dict[str, NDArray[np.uint8]], name: str, severity: int
) -> None:
    """But for values that lie on a whole number before fractions are cut off."""
    found = corrupt(golden["picture"], name, severity, seed=7, sample="golden")
    off = np.abs(found.astype(int) - golden[name][severity - 1])
    assert off.max() <= 1
    assert (off > 0).mean() < 0.02


@pytest.mark.parametrize("name", HERE)
def test_a_picture_depends_on_seed_sample_and_severity_alone(picture: NDArray[np.uint8], name: str) -> None:
    before = picture.copy()
    first = corrupt(picture, name, 3, seed=1, sample="a")
    corrupt(picture, name, 3, seed=1, sample="b")
    assert np.array_equal(corrupt(picture, name, 3, seed=1, sample="a"), first)
    assert np.array_equal(picture, before)
    assert first.shape == picture.shape
    assert first.dtype == np.uint8
    others = [corrupt(picture, name, 3, seed=1, sample="b"), corrupt(picture, name, 3, seed=2, sample="a")]
    assert [np.array_equal(other, first) for other in others] == [name not in RANDOM] * 2


@pytest.mark.parametrize("name", HERE)
def test_memory_order_does_not_matter(picture: NDArray[np.uint8], name: str) -> None:
    """Cameras hand out pictures plane after plane."""
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)).transpose(1, 2, 0)
    planes.flags.writeable = False
    assert np.array_equal(corrupt(planes, name, 4, 0, "a"), corrupt(picture, name, 4, 0, "a"))


@pytest.mark.parametrize("name", HERE)
def test_more_severe_is_further_from_the_picture(golden: dict[str, NDArray[np.uint8]], name: str) -> None:
    """Mean absolute difference rises from 1 to 5; in between some fall, as published."""
    clean = np.kron(golden["picture"], np.ones((3, 3, 1), np.uint8)).astype(float)
    mild, severe = (
        np.mean([np.abs(corrupt(clean.astype(np.uint8), name, s, 0, str(n)) - clean).mean() for n in range(3)])
        for s in (1, 5)
    )
    assert severe > 1.2 * mild > 0


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", HERE)
def test_black_and_white_pictures_survive(name: str, level: int) -> None:
    flat = np.full((33, 40, 3), level, dtype=np.uint8)
    found = corrupt(flat, name, 5, 0, "a")
    assert found.shape == flat.shape
    if name in ("defocus_blur", "glass_blur", "zoom_blur", "contrast", "elastic_transform", "pixelate"):
        assert np.abs(found.astype(int) - level).max() <= 1


@pytest.mark.parametrize(
    ("name", "severity", "shape", "dtype", "words"),
    [
        ("fgo", 1, (40, 40, 3), np.uint8, "did you mean 'fog'"),
        ("fog", 0, (40, 40, 3), np.uint8, "severity is 1, 2, 3, 4 or 5, got 0"),
        ("fog", 6, (40, 40, 3), np.uint8, "got 6"),
        ("fog", 1, (40, 40), np.uint8, r"takes a picture \(H, W, 3\)"),
        ("fog", 1, (40, 40, 3), np.float32, "of float32"),
        ("fog", 1, (31, 40, 3), np.uint8, "at least 32 px, got 40x31"),
    ],
)
def test_what_cannot_be_corrupted_is_refused(
    name: str, severity: int, shape: tuple[int, ...], dtype: type, words: str
) -> None:
    with pytest.raises(CamsimError, match=words):
        corrupt(np.zeros(shape, dtype), name, severity, 0, "a")


def test_a_point_that_moved_is_a_streak_of_the_same_light() -> None:
    point = np.zeros((61, 61))
    point[30, 30] = 1
    level = streaked(point, 10, 3.0, 0.0)
    assert level.sum() == pytest.approx(1)
    assert (level[30, 10:31] > 0).all()
    assert level[:30].sum() + level[31:].sum() == 0
    assert (np.diff(level[30, 10:31]) > 0).all()  # ever weaker to one side
    slanted = streaked(point, 10, 3.0, 90.0)
    np.testing.assert_allclose(slanted[10:31, 30], level[30, 10:31])


def test_clouds_fill_the_range_and_are_smooth_or_rough() -> None:
    smooth, rough = (plasma(64, decay, np.random.default_rng(0)) for decay in (3.0, 1.2))
    for clouds in (smooth, rough):
        assert clouds.min() == 0
        assert clouds.max() == 1
    assert np.abs(np.diff(rough)).mean() > 2 * np.abs(np.diff(smooth)).mean()


def test_a_zoomed_picture_is_its_middle() -> None:
    ramp = np.linspace(0, 1, 101)[None, :, None] * np.ones((50, 1, 1))
    closer = zoomed(ramp, 2.0)
    assert closer.shape == ramp.shape
    assert closer.min() == pytest.approx(0.25, abs=0.02)
    assert closer.max() == pytest.approx(0.75, abs=0.02)
