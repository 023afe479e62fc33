"""The sensor: light to digital numbers, one effect a file, in the order in which they happen."""

from __future__ import annotations

from camsim.sensor.adc import quantize
from camsim.sensor.column_noise import column_noise
from camsim.sensor.container import Container, justify
from camsim.sensor.dark_current import dark_electrons
from camsim.sensor.dsnu import dsnu
from camsim.sensor.full_well import saturate
from camsim.sensor.gain import amplify
from camsim.sensor.prnu import prnu
from camsim.sensor.random import SampleId, noise_key, noise_keys
from camsim.sensor.read_noise import read_noise
from camsim.sensor.response import InverseIspResponse, MatrixResponse, Response, respond
from camsim.sensor.row_noise import row_noise
from camsim.sensor.sensor import Sensor, SensorModule
from camsim.sensor.shot_noise import shot_noise
from camsim.sensor.unit import fixed_pattern

__all__ = [
    "Container",
    "InverseIspResponse",
    "MatrixResponse",
    "Response",
    "SampleId",
    "Sensor",
    "SensorModule",
    "amplify",
    "column_noise",
    "dark_electrons",
    "dsnu",
    "fixed_pattern",
    "justify",
    "noise_key",
    "noise_keys",
    "prnu",
    "quantize",
    "read_noise",
    "respond",
    "row_noise",
    "saturate",
    "shot_noise",
]
