"""Stages of the mosaic, directional demosaics, highlights and the curve of lights, as ONNX graphs of any size."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import torch

import camsim
from camsim import Profile
from camsim.export import to_onnx

CURVE = {"temperatures": (2500, 4000, 6500), "red": (1.2, 0.8, 0.6), "blue": (0.5, 0.7, 0.9)}
SHADE = torch.linspace(1.0, 1.5, 12).reshape(3, 4).tolist()
CHAINS = {
    "dynamic median, green, radial, Hamilton-Adams, curve, blend": [
        {"kind": "defect_pixel_correction", "method": "dynamic", "threshold": 0.02},
        {"kind": "green_equalization", "threshold": 0.1},
        {"kind": "lens_shading", "method": "radial", "coefficients": (0.3, 0.1)},
        {"kind": "demosaic", "method": "hamilton_adams"},
        {"kind": "white_balance", "method": "cct_curve", **CURVE},
        {"kind": "highlight_recovery", "method": "blend", "saturation": (0.8, 0.4, 0.6)},
    ],
    "map, least gradient, grid, AHD, cct, opposed, clip, unclip": [
        {"kind": "defect_pixel_correction", "method": "map", "pixels": [[3, 4], [20, 11]]},
        {"kind": "defect_pixel_correction", "method": "dynamic", "replacement": "least_gradient", "threshold": 0.02},
        {"kind": "lens_shading", "method": "grid", "cct": 4000, "temperatures": (2850, 6500), "points": "cells"}
        | {"gains": [[SHADE, SHADE, SHADE], [SHADE[::-1], SHADE, SHADE]]},
        {"kind": "demosaic", "method": "ahd"},
        {"kind": "white_balance", "method": "cct", "cct": 4500, **CURVE},
        {"kind": "highlight_recovery", "method": "opposed", "saturation": (0.8, 0.5, 0.7)},
        {"kind": "highlight_recovery", "method": "clip", "saturation": (1.5, 1.0, 1.3)},
        {"kind": "highlight_recovery", "method": "unclip", "saturation": (1.5, 1.0, 1.3)},
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("middle", CHAINS.values(), ids=CHAINS)
def test_a_graph_develops_as_the_stages_do(middle: list[dict[str, object]]) -> None:
    plain = camsim.load("board/rpi-v1-ov5647")
    chain = [{"kind": "black_level"}, *middle, {"kind": "gamma", "encoding": "srgb"}]
    sensor = plain.resolved_sensor().model_dump(exclude_none=True)
    kept = plain.model_dump(exclude={"provenance", "search", "choices", "orders"}, exclude_none=True)
    profile = Profile.model_validate(kept | {"isp": chain, "sensor": sensor})
    camera = camsim.compile(profile)
    graph = ort.InferenceSession(to_onnx(camera).SerializeToString(), providers=["CPUExecutionProvider"])
    for batch, height, width in ((1, 37, 43), (3, 64, 31)):
        generator = torch.Generator().manual_seed(height)
        coarse = 0.2 + 0.3 * torch.rand(batch, 3, 4, 4, generator=generator)
        with torch.no_grad():
            raw = camera.capture(torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear"), seed=None)
            raw[..., 20, 11] = 1000.0
            expected = camera.isp(raw).numpy()
        (image,) = graph.run(["image"], {"raw": raw.numpy()})
        assert image.std() > 0.01
        np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4)
