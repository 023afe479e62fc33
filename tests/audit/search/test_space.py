from __future__ import annotations

import numpy as np
import pytest

import camsim
from audit.search import Space
from camsim import Range
from camsim.errors import CamsimError


def test_the_start_is_the_profile() -> None:
    base = camsim.load("board/rpi-hq-imx477")
    space = Space.of(base)
    again = space.at(space.start(), name=base.name)
    for name, knob in base.knobs().items():
        np.testing.assert_allclose(again.knobs()[name].value, knob.value, rtol=1e-12)


def test_corners_are_the_limits_and_only_searched_knobs_move() -> None:
    base = camsim.load("seed/drone/ma-u-ga")
    space = Space.of(base)
    for corner, limits in ((np.zeros(space.size), space.low), (np.ones(space.size), space.high)):
        knobs = space.at(corner).knobs()
        for name, knob in knobs.items():
            expected = limits.get(name, base.knobs()[name].value)
            np.testing.assert_allclose(knob.value, expected, rtol=1e-12)


def test_an_axis_without_width_is_no_axis() -> None:
    base = camsim.load("machine-vision/imx250")
    gains = base.knobs()["isp.white_balance.gains"].value
    narrow = base.model_copy(
        update={"search": {"isp.white_balance.gains": Range(relative=0.1), "sensor.exposure": Range(relative=0.0)}}
    )
    space = Space.of(narrow)
    assert space.size == gains.size
    with pytest.raises(CamsimError, match="no knob has a plausible range"):
        Space.of(base.model_copy(update={"search": {"sensor.exposure": Range(relative=0.0)}}))


def test_the_start_is_the_profile_to_the_bit() -> None:
    for name in ("seed/microscope/bi-s-ga", "phone/pixel-4a-imx363"):
        base = camsim.load(name)
        space = Space.of(base)
        assert space.at(space.start()).resolved_isp() == base.resolved_isp()
        assert space.at(space.start()).sensor == base.resolved_sensor()


def test_gradients_are_scaled_to_the_unit_cube() -> None:
    """The derivative of a linear function of the knobs, by the chain rule and by differences in the cube."""
    space = Space.of(camsim.load("still/nikon-d850"))
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(low.shape) for name, low in space.low.items()}

    def value(point: np.ndarray) -> float:
        return sum(float((weights[name] * knob).sum()) for name, knob in space.knobs_at(point).items())

    point = np.full(space.size, 0.3)
    expected = [(value(point + move) - value(point - move)) / 0.2 for move in 0.1 * np.eye(space.size)]
    np.testing.assert_allclose(space.gradient(weights), expected, rtol=1e-6)
    assert len(space.axes) == len(set(space.axes)) == space.size
    assert not space.gradient({}).any()


def test_a_point_of_another_size_is_refused_and_not_taken_for_an_invalid_profile() -> None:
    space = Space.of(camsim.load("board/rpi-hq-imx477"))
    with pytest.raises(CamsimError, match=f"has {space.size} numbers, got an array of shape"):
        space.at(np.zeros(space.size + 1))
