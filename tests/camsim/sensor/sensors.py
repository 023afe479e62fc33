"""A resolved sensor to put effects into, and what holds of it whatever they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from camsim.sensor import MatrixResponse, SampleId, Sensor, SensorModule

EYE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def sensor(**changes: Any) -> Sensor:
    """Of 14 bits, K = 1.5 DN/e-, without read noise."""
    fields: dict[str, Any] = {
        **{"cfa": "GRBG", "bit_depth": 14, "black_level": 500.0, "white_level": 16383.0, "system_gain": 1.5},
        **{"full_well": 9000.0, "read_noise": 0.0, "exposure": 8000.0, "response": MatrixResponse(matrix=EYE)},
    }
    return Sensor(**(fields | changes)).resolve(np.eye(3))


def check_independence(camera: SensorModule, scene: Tensor) -> None:
    """The mosaics of four scenes do not depend on the batch, its order or the number of threads."""
    ids: list[SampleId] = ["a", "b", 3, "3"]
    before = torch.get_num_threads()
    try:
        with torch.no_grad():
            torch.set_num_threads(1)
            whole = camera(scene, 5, ids)
            torch.set_num_threads(3)
            assert torch.equal(camera(scene, 5, ids), whole)
    finally:
        torch.set_num_threads(before)
    order = [2, 0, 3, 1]
    with torch.no_grad():
        assert torch.equal(camera(scene[order], 5, [ids[i] for i in order]), whole[order])
        for i in range(4):
            assert torch.equal(camera(scene[[i]], 5, [ids[i]]), whole[[i]])
            assert torch.equal(camera.capture_uint16(scene[[i]], 5, [ids[i]]).float(), whole[[i]])
