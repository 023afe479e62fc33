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
