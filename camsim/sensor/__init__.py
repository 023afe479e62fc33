"""The sensor: light to digital numbers, one effect a file, in the order in which they happen."""

from __future__ import annotations

from camsim.sensor.adc import quantize
from camsim.sensor.container import Container, justify
from camsim.sensor.full_well import saturate
from camsim.sensor.gain import amplify
from camsim.sensor.random import SampleId, noise_key, noise_keys
from camsim.sensor.read_noise import read_noise
from camsim.sensor.response import InverseIspResponse, MatrixResponse, Response, respond
from camsim.sensor.sensor import Sensor, SensorModule
from camsim.sensor.shot_noise import shot_noise

__all__ = [
    "Container",
    "InverseIspResponse",
    "MatrixResponse",
    "Response",
    "SampleId",
    "Sensor",
    "SensorModule",
    "amplify",
    "justify",
    "noise_key",
    "noise_keys",
    "quantize",
    "read_noise",
    "respond",
    "saturate",
    "shot_noise",
]
