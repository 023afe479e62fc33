"""What the tests of camsim share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from camsim.profile import Profile
from camsim.profile_file import read_profiles

Golden = dict[str, NDArray[Any]]


@cache
def _load(name: str) -> Golden:
    with np.load(Path(__file__).parents[1] / "golden" / f"{name}.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Golden]:
    """Reference arrays by file name; see tests/golden/README.md."""
    return _load


PROFILE = """\
camsim: 1
name: lab/one
title: A camera of the lab
provenance:
  sensor.read_noise: {source: "EMVA 1288 sheet", status: datasheet}
  isp.sharpen: {source: "guess", status: assumed, note: "by eye"}
sensor:
  cfa: RGGB
  bit_depth: 12
  black_level: 256
  white_level: 4095
  system_gain: 0.5
  full_well: 10000
  read_noise: 3.0
  response: {kind: inverse_isp}
isp:
  - {kind: black_level}
  - {kind: demosaic, method: bilinear}
  - {kind: white_balance, gains: [2.0, 1.0, 1.5]}
  - kind: color_matrix
    matrix:
      - [1.0, 0.0, 0.0]
      - [0.0, 1.0, 0.0]
      - [0.0, 0.0, 1.0]
  - {kind: sharpen, method: unsharp_mask, radius: 1.0, amount: 1.0}
  - {kind: clip}
  - {kind: gamma, encoding: power, gamma: 2.2}
search:
  sensor.read_noise: {relative: 0.2}
"""


@pytest.fixture(scope="session")
def profile_text() -> str:
    """A profile of seven stages, with sources and ranges; tests quote its lines."""
    return PROFILE


EVERY_STAGE = {
    "isp": [
        {"kind": "black_level"},
        {"kind": "demosaic", "method": "menon2007"},
        {"kind": "white_balance", "gains": [2.0, 1.0, 1.5]},
        {"kind": "denoise", "method": "median", "size": 3, "channels": "rgb"},
        {"kind": "color_matrix", "matrix": [[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]]},
        {"kind": "sharpen", "method": "sharpening_filter"},
        {"kind": "denoise", "method": "gaussian", "sigma": 0.8},
        {"kind": "clip"},
        {"kind": "gamma", "encoding": "power", "gamma": 2.2},
        {"kind": "sharpen", "method": "unsharp_mask", "radius": 1.0, "amount": 0.5, "channels": "rgb"},
    ],
    "search": None,
    "provenance": {},
}


@pytest.fixture(scope="session")
def every_stage(profile_text: str) -> Profile:
    """`profile_text`'s sensor with an ISP that has every kind of knob."""
    [profile] = read_profiles(profile_text, "lab.yaml")
    return Profile.model_validate(profile.model_dump() | EVERY_STAGE)
