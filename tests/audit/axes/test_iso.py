"""ISO speed against what a few electrons, amplified, must look like."""

from __future__ import annotations

import pytest
import torch

import camsim
from audit.axes import AXES, axis_profiles
from camsim import Profile
from camsim.errors import CamsimError

PIXEL = camsim.load("phone/pixel-4a-imx363")
DJI = camsim.load("drone/dji-mavic2-pro")
REFERENCE = camsim.load("reference/srgb")


def green(profile: Profile, level: float, seed: int | None) -> torch.Tensor:
    """DN above black, at the native bit depth, of the green pixels before an even scene of that camera green."""
    response = torch.tensor(profile.resolved_sensor().response.matrix, dtype=torch.float64)  # type: ignore[union-attr]
    rgb = torch.linalg.solve(response, torch.full((3,), level, dtype=torch.float64))
    scene = rgb[None, :, None, None].expand(1, 3, 256, 256).contiguous()
    with torch.no_grad():
        raw = camsim.compile(profile, dtype=torch.float64).capture(scene, seed=seed)[0, 0]
    return raw[::2, 1::2] / profile.sensor.justification - profile.resolved_sensor().black_level[1]  # type: ignore[index]


@pytest.mark.parametrize("iso", [55.0, 220.0, 880.0])
def test_brightness_stays_and_noise_follows_the_gain(iso: float) -> None:
    """DN variance K² (electrons + read noise²) + 1/12, with a sixteenth of the electrons at sixteen times the gain."""
    (step,) = axis_profiles(PIXEL, "iso", [iso])
    times = iso / 55
    gain, electrons = 0.1705 * times, 0.4 * (1023 - 64) / 0.1705 / times
    dn = green(step, 0.4, seed=7)
    assert dn.mean() == pytest.approx(gain * electrons, rel=0.01)
    assert dn.var() == pytest.approx(gain**2 * (electrons + 5.0**2) + 1 / 12, rel=0.05)


def test_the_converter_clips_before_the_well_is_full() -> None:
    """The drone's well holds twice what shows at its own ISO 200: 100 shows all of it, 400 a quarter."""
    (step,) = axis_profiles(DJI, "iso", [400])
    dn = green(step, 3.0, seed=None)
    assert dn.max() == 4095 - 256
    assert step.sensor.full_well == 14500
    assert dn.max() / step.sensor.system_gain == pytest.approx(14500 / 4, rel=0.01)


def test_the_profiles_own_speed_is_taken_and_stays_known() -> None:
    assert AXES["iso"].own(PIXEL) == 55
    assert AXES["iso"].ladder(PIXEL) == (55, 110, 220, 440, 880, 1760)
    (step,) = axis_profiles(PIXEL, "iso", [110])
    (back,) = axis_profiles(step, "iso", [55])
    assert step.sensor.iso == 110
    for field in ("system_gain", "exposure", "full_well", "read_noise"):
        assert getattr(back.sensor, field) == pytest.approx(getattr(PIXEL.resolved_sensor(), field))


def test_where_no_speed_is_stated_the_own_gain_is_called_100_and_that_is_said() -> None:
    assert REFERENCE.sensor.iso is None
    (step,) = axis_profiles(REFERENCE, "iso", [400])
    assert step.sensor.system_gain == pytest.approx(4 * REFERENCE.sensor.system_gain)
    assert "states no ISO speed" in step.provenance["sensor.iso"].source
    assert step.provenance["sensor.iso"].status == "assumed"


def test_speeds_that_the_well_does_not_reach_are_refused() -> None:
    """100 / 200 of the gain needs 2 x 7271 e- for white; the well holds 14500."""
    with pytest.raises(CamsimError, match=r"@iso=100: white would take 1\.454e\+04 e-, more .* give 100\.3 or more"):
        axis_profiles(DJI, "iso", [100])
    assert axis_profiles(DJI, "iso", [101])


@pytest.mark.parametrize("iso", [0.0, -100.0])
def test_a_speed_is_above_zero(iso: float) -> None:
    with pytest.raises(CamsimError, match="must be above 0"):
        axis_profiles(PIXEL, "iso", [iso])


def test_a_profile_cannot_state_a_speed_of_nothing() -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        PIXEL.sensor.replace({"iso": 0.0})


def test_noise_behind_the_amplifier_keeps_its_dn() -> None:
    """sigma_d² = read² + (adc / K)²: referred to the pixel the noise falls with the speed."""
    own = camsim.load("machine-vision/imx250")
    own = own.model_copy(update={"sensor": own.sensor.replace({"adc_noise": 4.0})})
    for step in axis_profiles(own, "iso", [100, 400, 1600]):
        gain = step.sensor.system_gain
        with torch.no_grad():
            dn = camsim.compile(step, dtype=torch.float64).capture(torch.zeros(1, 3, 256, 256), seed=3)
        assert dn.var().item() == pytest.approx((gain * 2.45) ** 2 + 16 + 1 / 12, rel=0.03)
