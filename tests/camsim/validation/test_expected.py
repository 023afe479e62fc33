"""What a laboratory would find, by calculation, against drawn numbers and exact sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import camsim
from camsim.sensor import Sensor
from camsim.validation.converter import Converter
from camsim.validation.expected import dark_electrons, expected
from camsim.validation.noise import Noise


def sensor(**changes: Any) -> Sensor:
    return camsim.load("board/rpi-hq-imx477").resolved_sensor().replace(changes)


def straight(largest: int) -> Converter:
    codes = np.arange(largest + 1.0)
    return Converter(codes[1:] - 0.5, np.broadcast_to(codes, (4, largest + 1)))


@pytest.mark.parametrize(("mean", "sigma"), [(64.3, 0.2), (0.6, 5.0), (256.0, 1.4), (4094.0, 3.0), (-9.0, 1.0)])
def test_rounded_numbers(mean: float, sigma: float) -> None:
    drawn = np.clip(np.rint(np.random.default_rng(0).normal(mean, sigma, 10**6)), 0, 4095)
    first, second = straight(4095).moments(np.array([mean]), Noise(sigma), 0)
    assert first[0] == pytest.approx(drawn.mean(), abs=5e-3 * max(sigma, 0.5))
    assert second[0] == pytest.approx(drawn.var(), rel=0.01, abs=1e-3)


def test_without_noise_a_number_is_only_rounded() -> None:
    first, second = straight(1023).moments(np.array([64.3, -2.0]), Noise(0.0), 0)
    assert first.tolist() == [64, 0]
    assert second.tolist() == [0, 0]


def test_sheppard_where_the_noise_spans_the_step() -> None:
    found = expected(sensor())
    assert found.dark_variance == pytest.approx((0.47 * 3) ** 2 + 1 / 12, rel=1e-6)
    assert found.dark_noise == 3
    assert found.dark_spatial == pytest.approx(0, abs=1e-9)
    assert found.full == min(8180, (4095 - 256.3) / 0.47)


@pytest.mark.parametrize(
    "changes",
    [{}, {"full_well": 5000.0}, {"full_well": 5000.0, "read_noise": 0.0}, {"prnu": 1.0}, {"read_noise": 40.0}],
    ids=["ADC", "well", "no read noise", "PRNU", "read noise"],
)
def test_the_variance_is_largest_where_drawn_numbers_say(changes: dict[str, Any]) -> None:
    spec = sensor(**changes)
    found = expected(spec)
    rng = np.random.default_rng(0)
    light = np.linspace(0.85, 1.02, 35) * found.full
    gains = 1 + (spec.prnu or 0) / 100 * rng.normal(size=(400, 1))
    variances = []
    for level in light:
        electrons = np.minimum(rng.poisson(level * gains, (400, 1500)), spec.full_well)
        dn = 256.3 + 0.47 * (electrons + spec.read_noise * rng.normal(size=electrons.shape))
        variances.append(np.clip(np.rint(dn), 0, 4095).var(axis=1).mean())
    assert found.saturation == pytest.approx(light[int(np.argmax(variances))], rel=0.012)


def test_dark_electrons() -> None:
    assert dark_electrons(sensor()) == 0
    assert dark_electrons(sensor(dark_current=10.0, exposure_time=0.5)) == 5
    climate = {"temperature": 41.0, "reference_temperature": 25.0, "doubling": 8.0}
    assert dark_electrons(sensor(dark_current=10.0, exposure_time=0.5, **climate)) == pytest.approx(20)
