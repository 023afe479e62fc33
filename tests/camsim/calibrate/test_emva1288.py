"""EMVA 1288 against the package of the EMVA's working group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from camsim.calibrate import (
    dsnu,
    linearity,
    nonuniformity,
    nonuniformity_of_sums,
    pair_statistics,
    prnu,
    saturation_index,
    sensitivity,
)

Arrays = dict[str, NDArray[Any]]


def answers(arrays: Arrays, mean: NDArray[np.float64], variance: NDArray[np.float64], dark: Any) -> dict[str, float]:
    """What camsim makes of the series, under the package's names."""
    photons = arrays["photons"][1:]
    found = sensitivity(photons, mean, variance, dark)
    line = linearity(photons, mean - dark[0], found.saturation_index)
    frames = int(arrays["spatial_L"])
    black, grey = (
        nonuniformity_of_sums(arrays[f"spatial_{name}_sum"], arrays[f"spatial_{name}_sumsq"], frames)
        for name in ("dark", "bright")
    )
    return {
        "K": found.system_gain,
        "R": found.responsivity,
        "QE": 100 * found.quantum_efficiency,
        "sigma_y_dark": found.dark_noise_dn,
        "sigma_d": found.dark_noise,
        "u_p_min": found.threshold / found.quantum_efficiency,
        "u_e_min": found.threshold,
        "u_p_sat": found.saturation_photons,
        "u_e_sat": found.saturation,
        "SNR_max": found.largest_snr,
        "DR": found.dynamic_range,
        "LE_min": line.lowest,
        "LE_max": line.highest,
        "s_2_y": grey.total,
        "s_2_y_dark": black.total,
        "DSNU1288": dsnu(black.total, found.system_gain),
        "DSNU1288_col": dsnu(black.column, found.system_gain),
        "DSNU1288_pixel": dsnu(black.pixel, found.system_gain),
        "PRNU1288": prnu(grey, black),
        "index_u_ysat": found.saturation_index,
        "index_linearity_min": line.first,
        "index_linearity_max": line.last,
    }


def check(arrays: Arrays, found: dict[str, float]) -> None:
    wanted = dict(zip(arrays["result_names"].tolist(), arrays["result_values"].tolist(), strict=True))
    assert set(found) == set(wanted) - {"index_sensitivity_max"}
    for name, value in found.items():
        assert value == pytest.approx(wanted[name], rel=1e-6), name


def test_the_packages_answers(golden: Any) -> None:
    arrays = golden("emva1288")
    dark = (arrays["u_ydark"][0], arrays["s2_ydark"][0])
    check(arrays, answers(arrays, arrays["u_y"], arrays["s2_y"], dark))
    line = linearity(arrays["photons"][1:], arrays["u_y"] - dark[0], 37)
    np.testing.assert_allclose(line.deviation, arrays["linearity_relative_deviation_percent"], rtol=0, atol=1e-10)
    np.testing.assert_allclose((line.slope, line.offset), arrays["linearity_slope_offset"], rtol=1e-9)


def test_pairs_of_frames(golden: Any) -> None:
    arrays = golden("emva1288")
    means, variances = (
        np.concatenate([arrays[dark][:1], arrays[light]]) for dark, light in (("u_ydark", "u_y"), ("s2_ydark", "s2_y"))
    )
    for index, (first, second) in zip(arrays["frame_indices"], arrays["frames"], strict=True):
        assert pair_statistics(first, second) == pytest.approx((means[index], variances[index]), rel=1e-12)


@pytest.mark.shared
def test_all_frames(shared: Path) -> None:
    with np.load(shared / "reference" / "emva1288.npz") as file:
        arrays = dict(file)
    series = np.array([pair_statistics(first, second) for first, second in arrays["frames"]])
    check(arrays, answers(arrays, series[1:, 0], series[1:, 1], tuple(series[0])))


def test_a_stack_is_what_its_sums_are() -> None:
    stack = np.random.default_rng(0).integers(0, 4096, (5, 12, 14)).astype(np.uint16)
    whole = stack.astype(np.int64)
    found, sums = nonuniformity(stack), nonuniformity_of_sums(whole.sum(0), (whole**2).sum(0), 5)
    assert found == pytest.approx(sums) if isinstance(found, float) else vars(found) == pytest.approx(vars(sums))
    assert found.temporal == pytest.approx(whole.var(0, ddof=1).mean())


def test_rows_columns_and_pixels_are_told_apart() -> None:
    """Seeded patterns of known strength, with temporal noise on top."""
    rng = np.random.default_rng(1)
    shape = (400, 420)
    pattern = 3 * rng.normal(size=(400, 1)) + 2 * rng.normal(size=(1, 420)) + 1.5 * rng.normal(size=shape)
    found = nonuniformity(100 + pattern + 4 * rng.normal(size=(16, *shape)))
    assert found.row == pytest.approx(9, rel=4 * (2 / 400) ** 0.5)
    assert found.column == pytest.approx(4, rel=4 * (2 / 420) ** 0.5)
    assert found.pixel == pytest.approx(2.25, rel=0.05)
    assert found.total == pytest.approx(found.row + found.column + found.pixel, rel=0.01)


def test_one_noisy_level_does_not_end_the_climb_to_saturation() -> None:
    assert saturation_index(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 0.1, 0.0])) == 4
    assert saturation_index(np.array([1.0, 2.0, 5.0, 3.9, 4.0, 0.1])) == 2
    assert saturation_index(np.array([1.0, 9.0, 3.0, 3.8, 4.0, 0.1])) == 4


def test_too_little_to_go_by() -> None:
    levels = np.array([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="at least 2 frames, got 1"):
        nonuniformity(np.zeros((1, 4, 4)))
    with pytest.raises(ValueError, match="no level lies below 70%"):
        sensitivity(levels, np.array([500.0, 500, 500]), np.array([3.0, 2, 1]), (0.0, 0.0))
    with pytest.raises(ValueError, match="fewer than three levels"):
        linearity(levels, levels, 2)
