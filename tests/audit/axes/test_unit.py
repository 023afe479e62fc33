"""Other units of the same device."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import camsim
from audit.axes import axis_profiles
from camsim import Profile
from camsim.errors import CamsimError
from camsim.spec import Range

DEVICE = camsim.load("phone/oneplus-6-imx519")
GAINS, MATRIX, BLACK = "isp.white_balance.gains", "isp.color_matrix.matrix", "sensor.black_level"


def values(profile: Profile, knob: str) -> np.ndarray:
    return profile.knobs()[knob].value


def test_units_differ_and_are_always_the_same() -> None:
    three = axis_profiles(DEVICE, "unit", [1, 2, 3])
    assert axis_profiles(DEVICE, "unit", [3]) == [three[2]]
    for knob in (GAINS, MATRIX, BLACK):
        drawn = [values(profile, knob) for profile in (DEVICE, *three)]
        assert len({value.tobytes() for value in drawn}) == 4
    (other,) = axis_profiles(DEVICE, "unit", [3], seed=1)
    assert not np.array_equal(values(other, GAINS), values(three[2], GAINS))


def test_they_stay_within_what_is_assumed_and_reach_most_of_it() -> None:
    units = axis_profiles(DEVICE, "unit", list(range(1, 101)))
    gains, matrices, blacks = (np.array([values(unit, knob) for unit in units]) for knob in (GAINS, MATRIX, BLACK))
    own_gains, own_matrix, own_black = (values(DEVICE, knob) for knob in (GAINS, MATRIX, BLACK))
    assert (gains[:, 1] == own_gains[1]).all()
    off = np.abs(gains / own_gains - 1).max(axis=0)
    assert (off <= 0.03 + 1e-12).all()
    assert (off[[0, 2]] > 0.025).all()
    assert np.abs(matrices - own_matrix).max() <= 0.02 + 1e-12
    np.testing.assert_allclose(matrices.sum(axis=-1), np.broadcast_to(own_matrix.sum(axis=-1), (100, 3)))
    assert np.ptp(blacks - own_black, axis=1).max() < 1e-9
    assert np.abs(blacks / own_black - 1).max() <= 0.02 + 1e-12


def test_the_isp_takes_off_the_usual_pedestal() -> None:
    """So that a pedestal that is off shows in the picture."""
    (unit,) = axis_profiles(DEVICE, "unit", [1])
    assert values(unit, "isp.black_level.level") == pytest.approx(values(DEVICE, BLACK))
    assert values(unit, BLACK) != pytest.approx(values(DEVICE, BLACK))


def test_a_tighter_range_of_the_profile_is_taken_and_what_it_leaves_out_stays() -> None:
    tight = DEVICE.model_copy(update={"search": {GAINS: Range(relative=0.001)}})
    units = axis_profiles(tight, "unit", list(range(1, 21)))
    off = np.array([values(unit, GAINS) / values(DEVICE, GAINS) - 1 for unit in units])
    assert 0 < np.abs(off).max() <= 0.001 + 1e-12
    assert all(np.array_equal(values(unit, MATRIX), values(DEVICE, MATRIX)) for unit in units)


def test_pixels_of_another_unit_have_another_pattern() -> None:
    sensor = DEVICE.sensor.replace({"prnu": 1.0})
    patterned = Profile.model_validate(DEVICE.model_copy(update={"sensor": sensor}).model_dump())
    first, second = axis_profiles(patterned, "unit", [1, 2])
    assert (first.sensor.unit, second.sensor.unit) == (1, 2)
    scene = torch.full((1, 3, 64, 64), 0.3)
    with torch.no_grad():
        one, other = (camsim.compile(unit).capture(scene, seed=None)[0, 0, ::2, 1::2] for unit in (first, second))
    correlation = torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1]
    assert abs(correlation) < 0.1


def test_without_anything_that_varies_it_is_refused() -> None:
    rigid = DEVICE.model_copy(update={"search": {"sensor.read_noise": Range(relative=0.1)}})
    with pytest.raises(CamsimError, match="nothing of this device is known to vary"):
        axis_profiles(rigid, "unit", [1])


@pytest.mark.parametrize("unit", [-1.0, 1.5, 1e7])
def test_a_unit_is_a_whole_number(unit: float) -> None:
    with pytest.raises(CamsimError, match="whole number"):
        axis_profiles(DEVICE, "unit", [unit])
