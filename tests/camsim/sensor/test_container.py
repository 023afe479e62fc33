"""Justification of the ADC's bits in the words of a file."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from pydantic import ValidationError

from camsim.sensor import Container, Sensor, justify
from camsim.sensor.response import InverseIspResponse


def sensor(**changes: Any) -> Sensor:
    fields: dict[str, Any] = {
        "cfa": "RGGB",
        "bit_depth": 12,
        "black_level": (256.0, 257.0, 258.0, 259.0),
        "white_level": 4095.0,
        "system_gain": 0.5,
        "full_well": 1e4,
        "read_noise": 2.0,
        "response": InverseIspResponse(),
    }
    return Sensor(**(fields | changes))


def test_justify_multiplies() -> None:
    assert justify(torch.tensor([0.0, 1.0, 4095.0]), 16).tolist() == [0, 16, 65520]


@pytest.mark.parametrize(
    ("bit_depth", "container", "factor", "full_scale"),
    [
        (12, None, 1, 4095),
        (12, Container(bits=16, justify="left"), 16, 65535),
        (12, Container(bits=16, justify="right"), 1, 65535),
        (10, Container(bits=16, justify="left"), 64, 65535),
        (12, Container(bits=12, justify="left"), 1, 4095),
        (16, None, 1, 65535),
    ],
)
def test_levels_of_the_file(bit_depth: int, container: Container | None, factor: int, full_scale: int) -> None:
    raw = sensor(bit_depth=bit_depth, container=container, white_level=1000.0).raw_format
    assert raw.black == tuple(factor * level for level in (256.0, 257.0, 258.0, 259.0))
    assert raw.white == (1000.0 * factor,) * 4
    assert raw.full_scale == full_scale


def test_a_container_smaller_than_the_adc_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"container.bits is 10, less than bit_depth 12"):
        sensor(container=Container(bits=10, justify="left"))


@pytest.mark.parametrize("white", [256.0, 100.0, 4096.0, (4095.0, 4095.0, 257.0, 4095.0)])
def test_levels_that_do_not_fit_are_refused(white: Any) -> None:
    with pytest.raises(ValidationError, match=r"needs black_level < white_level <= 4095 \(bit_depth 12\)"):
        sensor(white_level=white)
