"""A sensor whose DN are in proportion to the light, as numbers with which that can be undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from camsim.cfa import cell
from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.sensor import MatrixResponse, SensorModule
from camsim.sensor.sensor import MAX_CONDITION

_SIDE = 24
"""Of the even scenes on which a sensor is tried: holds whole cells of every CFA."""
_LEVELS = 9


@dataclass(frozen=True)
class LinearSensor:
    """DN = black + offset + gain · (exposure · (response · scene) + noise), where nothing saturates."""

    name: str
    black: Tensor
    """(4,) DN in the container, per site."""
    offset: float
    """DN in the container that the sensor adds to that, of dark current say."""
    gain: float
    """DN in the container per e-."""
    exposure: float
    """e- where camera RGB is 1.0."""
    response: Tensor
    """(3, 3) linear sRGB to camera RGB."""
    brightest: float
    """Camera RGB at which the first site saturates."""
    dark_variance: float
    """e-², of all temporal noise that does not grow with the light: read, row, column and ADC noise, and rounding."""

    @classmethod
    def of(cls, profile: Profile, what: str) -> LinearSensor:
        """The sensor of a profile; ``what`` begins the error.

        Raises:
            CamsimError: it sees other colours than red, green and blue, or is not linear.
        """
        sensor = profile.resolved_sensor()
        response = sensor.response
        matrix = np.array(response.matrix if isinstance(response, MatrixResponse) else ())
        if set("".join(cell(sensor.cfa))) != set("RGB") or matrix.shape != (3, 3):
            raise CamsimError(
                f"{what}: its sensor ({sensor.cfa}) does not see red, green and blue, from which the scene's colours "
                "could be told; choose one with a CFA of R, G and B"
            )
        if np.linalg.cond(matrix) > MAX_CONDITION:
            raise CamsimError(f"{what}: its sensor.response has no inverse, so its pictures do not tell colours")
        if sensor.exposure is None:
            raise TypeError("a resolved sensor has an exposure")
        raw = profile.raw_format
        black, white = (torch.tensor(levels, dtype=torch.float64) for levels in (raw.black, raw.white))
        analog = sensor.system_gain * (sensor.analog_gain or 1.0)
        gain = analog * (sensor.digital_gain or 1.0) * sensor.justification
        most = min(float((white - black).min()) / gain, sensor.full_well)
        noises = [
            sensor.read_noise,
            sensor.row_noise or 0.0,
            sensor.column_noise or 0.0,
            (sensor.adc_noise or 0.0) / analog,
        ]
        rounding = 1 / 12 / analog**2
        found = cls(
            profile.name, black, 0.0, gain, sensor.exposure, torch.tensor(matrix), most / sensor.exposure,
            sum(noise**2 for noise in noises) + rounding,
        )  # fmt: skip
        return cls(**(vars(found) | {"offset": _offset(found, profile, what)}))


def _offset(sensor: LinearSensor, profile: Profile, what: str) -> float:
    """What the sensor as it is emulated adds to every level, DN in the container.

    Raises:
        CamsimError: its DN are not in proportion to the light.
    """
    spec = profile.resolved_sensor()
    grey = MatrixResponse(matrix=((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    module = SensorModule(spec.replace({"response": grey})).double()
    light = torch.linspace(0.01, 0.9, _LEVELS, dtype=torch.float64) * sensor.brightest
    with torch.no_grad():
        scenes = light[:, None, None, None].expand(-1, 3, _SIDE, _SIDE)
        measured = module(scenes, None, list(range(_LEVELS))).mean(dim=(1, 2, 3))
    signal = sensor.gain * sensor.exposure * light
    away = measured - signal - sensor.black.mean()
    offset = float(away.median())
    if (away - offset).abs().max() > max(spec.justification, 0.01 * float(signal.max())):
        raise CamsimError(
            f"{what}: its sensor's DN are not in proportion to the light (companding, several gains, an uneven ADC); "
            "choose a device with a linear sensor"
        )
    return offset if abs(offset) > 0.5 * spec.justification else 0.0
