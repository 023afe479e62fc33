"""Noise with tails, bent and multiplied DN, and what EMVA 1288 has no figure for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

import camsim
from camsim.sensor import Sensor, step_table, uneven_steps
from camsim.validation import Quantity, validate
from camsim.validation.bench import Bench
from camsim.validation.bent import bent_figures
from camsim.validation.converter import bent, converter
from camsim.validation.expected import expected
from camsim.validation.noise import Noise

CLIMATE = {"temperature": 41.0, "reference_temperature": 25.0, "doubling": 8.0}
HOT = {"hot_pixels": {"fraction": 0.002, "median": 300.0}, "exposure_time": 0.1, "dark_current": 5.0, **CLIMATE}
STUCK = {"stuck_pixels": {"low": 1e-3, "high": 5e-4}}
BENT = {"bow": 40.0, "s_bend": 10.0, "ripple": 0.5, "dnl": 0.2}


def device(**changes: Any) -> camsim.Profile:
    profile = camsim.load("board/rpi-hq-imx477")
    return profile.model_copy(update={"sensor": profile.sensor.replace(changes)})


def quantities(**changes: Any) -> dict[str, Quantity]:
    found = validate(device(**changes))
    assert found.passed, [quantity for quantity in found.quantities if quantity.status == "outside"]
    return {quantity.name: quantity for quantity in found.quantities}


@pytest.mark.parametrize("shape", [-0.25, -0.1, 0.3])
def test_the_tails_are_tukeys(shape: float) -> None:
    values = np.array([-8.0, -3.0, -1.0, 0.0, 0.5, 2.0, 6.0])
    found = Noise(0.0, 2.0, shape).at_most(values)
    exact = stats.tukeylambda.cdf(values / 2 * stats.tukeylambda.std(shape), shape)
    np.testing.assert_allclose(found, exact, rtol=0, atol=3e-4)


def test_both_parts_of_the_noise_add_up() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.normal(0, 1.5, 10**6) + stats.tukeylambda.rvs(-0.2, size=10**6, random_state=rng) * (
        2 / stats.tukeylambda.std(-0.2)
    )
    noise = Noise(1.5, 2.0, -0.2)
    assert noise.sigma == 2.5
    for value in (-6.0, -1.0, 0.3, 4.0):
        assert noise.at_most(np.array(value)) == pytest.approx((drawn <= value).mean(), abs=2.5e-3)


@pytest.mark.parametrize("gain", [1.0, 1.37, 3.0])
def test_moments_behind_a_bent_adc_and_a_digital_gain(gain: float) -> None:
    spec = device(digital_gain=gain, adc_nonlinearity=BENT).resolved_sensor()
    assert spec.adc_nonlinearity is not None
    found = converter(spec)
    rng = np.random.default_rng(0)
    for level, sigma in ((256.0, 2.0), (1500.0, 30.0), (4090.0, 10.0)):
        seen = torch.tensor(bent(rng.normal(level, sigma, 10**6), spec.adc_nonlinearity, 12))
        codes = uneven_steps(seen, torch.tensor(0.2), step_table(12)).round().clamp(0, 4095).numpy()
        dn = np.clip(np.rint(256.3 + gain * (codes - 256.3)), 0, 4095)
        mean, variance = found.moments(np.array([level]), Noise(sigma), 0)
        assert mean[0] == pytest.approx(dn.mean(), abs=4 * dn.std() / 1e3 + 1e-6)
        assert variance[0] == pytest.approx(dn.var(), rel=0.01, abs=1e-3)


@pytest.mark.parametrize(("gain", "rounding"), [(1.0, 1 / 12), (2.0, 4 / 12), (1.5, 2.25 / 12 + 1 / 8)])
def test_what_rounding_adds_after_a_digital_gain(gain: float, rounding: float) -> None:
    spec = device(digital_gain=gain, black_level=256.0).resolved_sensor()
    assert converter(spec).rounding == pytest.approx(rounding, rel=1e-3)


def test_a_straight_adc_has_nothing_to_correct() -> None:
    spec = device(adc_nonlinearity={}).resolved_sensor()
    implied = expected(spec)
    found = bent_figures(spec, implied, np.linspace(0, implied.full, 26)[1:], 24)
    assert found.gain == pytest.approx(1, abs=1e-12)
    assert found.linearity == pytest.approx(0, abs=1e-9)
    assert found.half_slope == pytest.approx(1, abs=1e-12)


def test_gains_and_noise_behind_the_amplifier() -> None:
    found = quantities(read_noise_shape=-0.2, analog_gain=4.0, adc_noise=2.0, blooming={"drained": 0.5})
    assert found["system gain K"].stated == pytest.approx(4 * 0.47)
    assert found["temporal dark noise"].stated == pytest.approx(np.hypot(3, 2 / (4 * 0.47)))
    assert {quantity.status for quantity in found.values()} == {"within"}


def test_blooming_below_the_adcs_limit_and_a_digital_gain() -> None:
    found = quantities(blooming={}, full_well=2000.0, digital_gain=1.5, analog_gain=1.3)
    assert found["system gain K"].stated == pytest.approx(1.5 * 1.3 * 0.47)
    assert found["saturation"].status == found["linearity error"].status == "within"


def test_a_bent_adc_is_found_as_bent_as_stated() -> None:
    found = quantities(adc_nonlinearity={"bow": 30.0, "ripple": 0.3, "dnl": 0.1}, prnu=1.0)
    assert found["linearity error"].stated > 0.6
    assert found["system gain K"].stated < 0.465
    assert found["system gain K"].note == "as found through the bent ADC; K itself is 0.47 DN/e-"
    assert found["PRNU1288"].status == "within"


def test_defects_and_drift_are_measured_by_themselves() -> None:
    found = quantities(**HOT, **STUCK, prnu=1.0, dsnu=3.0, black_drift={"sigma": 3.0, "per_kelvin": 0.5})
    assert found["hot pixels"].stated == pytest.approx(0.002, rel=0.05)
    assert found["stuck pixels, high"].stated == 5e-4
    assert found["black drift"].stated == 3
    assert {quantity.status for quantity in found.values()} == {"within"}


@pytest.mark.parametrize(
    ("stated", "changes", "outside"),
    [
        (HOT, {"hot_pixels": {"fraction": 0.004, "median": 300.0}}, "hot pixels"),
        (HOT, {"hot_pixels": {"fraction": 0.002, "median": 0.3}}, "hot pixels"),
        (STUCK, {"stuck_pixels": {"low": 3e-3, "high": 5e-4}}, "stuck pixels, low"),
        ({"black_drift": {"sigma": 3.0}}, {"black_drift": {"sigma": 3.6}}, "black drift"),
        ({"adc_nonlinearity": {"bow": 4.0}}, {"adc_nonlinearity": {"bow": 16.0}}, "linearity error"),
        ({"digital_gain": 2.0}, {"digital_gain": 2.05}, "system gain K"),
        ({"adc_noise": 2.0}, {"adc_noise": 2.2}, "temporal dark noise"),
    ],
    ids=["hot", "lukewarm", "stuck", "drift", "bent", "digital gain", "ADC noise"],
)
def test_a_device_that_is_not_its_profile_fails(
    monkeypatch: pytest.MonkeyPatch, stated: dict[str, Any], changes: dict[str, Any], outside: str
) -> None:
    """The bench holds another sensor than the profile that is judged; what it switches off stays off."""
    use = Bench._use

    def exchanged(self: Bench, spec: Sensor) -> None:
        given = {name: value for name, value in changes.items() if not _is_off(getattr(spec, name))}
        use(self, spec.replace(given))

    monkeypatch.setattr(Bench, "_use", exchanged)
    found = validate(device(**stated), size=128)
    assert outside in {quantity.name for quantity in found.quantities if quantity.status == "outside"}


def _is_off(effect: Any) -> bool:
    return not isinstance(effect, float) and not any(
        effect.knobs().get(name, 0) for name in ("fraction", "low", "sigma", "bow")
    )
