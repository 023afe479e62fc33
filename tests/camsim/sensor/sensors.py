"""A resolved sensor to put effects into."""

from __future__ import annotations

from typing import Any

import numpy as np

from camsim.sensor import MatrixResponse, Sensor

EYE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def sensor(**changes: Any) -> Sensor:
    """Of 14 bits, K = 1.5 DN/e-, without read noise."""
    fields: dict[str, Any] = {
        **{"cfa": "GRBG", "bit_depth": 14, "black_level": 500.0, "white_level": 16383.0, "system_gain": 1.5},
        **{"full_well": 9000.0, "read_noise": 0.0, "exposure": 8000.0, "response": MatrixResponse(matrix=EYE)},
    }
    return Sensor(**(fields | changes)).resolve(np.eye(3))
