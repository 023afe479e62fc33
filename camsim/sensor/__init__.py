"""The sensor: light to digital numbers, one effect a file, in the order in which they happen."""

from __future__ import annotations

from camsim.sensor.adc import quantize
from camsim.sensor.adc_noise import adc_noise
from camsim.sensor.adc_nonlinearity import AdcNonlinearity, bend, step_table, uneven_steps
from camsim.sensor.black_drift import BlackDrift, black_drift
from camsim.sensor.blooming import Blooming, bloom
from camsim.sensor.column_noise import column_noise
from camsim.sensor.container import Container, justify
from camsim.sensor.dark_current import dark_electrons
from camsim.sensor.digital_gain import digital_gain
from camsim.sensor.dsnu import dsnu
from camsim.sensor.full_well import saturate
from camsim.sensor.gain import amplify
from camsim.sensor.hot_pixels import HotPixels, hot_rates
from camsim.sensor.module import SensorModule
from camsim.sensor.prnu import prnu
from camsim.sensor.random import SampleId, noise_key, noise_keys
from camsim.sensor.read_noise import read_noise
from camsim.sensor.response import InverseIspResponse, MatrixResponse, Response, respond
from camsim.sensor.row_noise import row_noise
from camsim.sensor.sensor import EFFECTS, UNIT_EFFECTS, Sensor
from camsim.sensor.setting import setting_changes
from camsim.sensor.shot_noise import shot_noise
from camsim.sensor.stuck_pixels import StuckPixels, stick
from camsim.sensor.tukey_lambda import tukey_deviation, tukey_lambda_noise, tukey_quantile
from camsim.sensor.unit import chosen_pixels, fixed_pattern

__all__ = [
    "EFFECTS",
    "UNIT_EFFECTS",
    "AdcNonlinearity",
    "BlackDrift",
    "Blooming",
    "Container",
    "HotPixels",
    "InverseIspResponse",
    "MatrixResponse",
    "Response",
    "SampleId",
    "Sensor",
    "SensorModule",
    "StuckPixels",
    "adc_noise",
    "amplify",
    "bend",
    "black_drift",
    "bloom",
    "chosen_pixels",
    "column_noise",
    "dark_electrons",
    "digital_gain",
    "dsnu",
    "fixed_pattern",
    "hot_rates",
    "justify",
    "noise_key",
    "noise_keys",
    "prnu",
    "quantize",
    "read_noise",
    "respond",
    "row_noise",
    "saturate",
    "setting_changes",
    "shot_noise",
    "step_table",
    "stick",
    "tukey_deviation",
    "tukey_lambda_noise",
    "tukey_quantile",
    "uneven_steps",
]
