"""The laboratory: an evenly lit sensor without a lens."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.cfa import letters
from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.sensor import MatrixResponse, Sensor, SensorModule
from camsim.sensor.sensor import MAX_CONDITION

_AT_ONCE = 16
"""Frames of one batch."""


def _alike(colors: str) -> dict[str, object]:
    """A response by which pixels of all colours see equal light as 1."""
    even = [1 / 3, 1 / 3, 1 / 3]
    rows = {"matrix": [even] * 3} if set(colors) & set("RGB") else {}
    others = {"C": "clear", "I": "infrared"}
    return {"kind": "matrix", **rows, **{name: even for letter, name in others.items() if letter in colors}}


class Bench:
    """Takes frames of a device's sensor; all colours collect the same electrons, as in light made for it.

    The same profile, seed and size give the same frames.
    """

    def __init__(self, profile: Profile, size: int, seed: int) -> None:
        """Set up.

        Raises:
            CamsimError: the response has no inverse, so that no light is even for all colours; or an HDR sensor.
        """
        self.name, self.size, self.seed = profile.name, size, seed
        self.sensor = profile.resolved_sensor()
        if self.sensor.hdr is not None:
            raise CamsimError(
                f"{profile.name}: sensor.hdr merges several readings, whose code has no one gain and noise to measure; "
                "validate a copy of the profile without it, which is the first reading"
            )
        self._use(self.sensor)

    def _use(self, spec: Sensor) -> None:
        if not isinstance(spec.response, MatrixResponse) or spec.exposure is None:
            raise ValueError("needs a resolved sensor; see Profile.resolved_sensor")
        matrix, exposure, colors = np.array(spec.response.matrix), spec.exposure, letters(spec.cfa)
        spec = spec.replace({"rolling_shutter": None})  # the light is steady, and nothing moves
        if colors != "RGB":  # with more or fewer kinds of pixel than primaries no light is even: they see alike instead
            spec, matrix = spec.replace({"response": _alike(colors)}), np.eye(3)
        if np.linalg.cond(matrix) > MAX_CONDITION:
            raise CamsimError(f"{self.name}: sensor.response has no inverse, so no light is even for all its colours")
        even = np.linalg.solve(matrix, np.ones(3)) / exposure
        self._light = torch.tensor(even, dtype=torch.float64)[None, :, None, None]
        self._module = SensorModule(spec, fused=True).float()

    def with_sensor(self, changes: Mapping[str, object]) -> Bench:
        """A sensor of which some fields are others."""
        other = copy(self)
        other.sensor = self.sensor.replace(changes)
        other._use(other.sensor)
        return other

    def with_size(self, size: int) -> Bench:
        """The same sensor, in frames of another size, px."""
        other = copy(self)
        other.size = size
        return other

    def frames(self, electrons: float, count: int, series: str) -> NDArray[np.float64]:
        """Frames of one level of light.

        Args:
            electrons: expected from light in each pixel, e-.
            count: of frames.
            series: names these frames; others of the same name and level are the same frames.

        Returns:
            (count, size, size) DN at the native bit depth.
        """
        scene: Tensor = (electrons * self._light).float()
        out = np.empty((count, self.size, self.size))
        for start in range(0, count, _AT_ONCE):
            part = min(_AT_ONCE, count - start)
            ids = [f"{series}/{electrons!r}/{start + place}" for place in range(part)]
            light = scene.expand(part, 3, self.size, self.size).contiguous()
            out[start : start + part] = self._module.capture_uint16(light, self.seed, ids)[:, 0].numpy()
        return out / self._module.justification
