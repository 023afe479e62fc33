"""Stages whose formulas are not plain arithmetic, as ONNX graphs of any size."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
import torch

import camsim
from camsim import Profile
from camsim.export import to_onnx
from camsim.isp.cube import pack
from camsim.isp.packed import pack_numbers

FOUR = (0.0, 0.3, 0.6, 1.0)
LOOK = {
    "kind": "lut3d",
    "size": 3,
    "table": pack(np.random.default_rng(3).random((3, 3, 3, 3), dtype=np.float32)),
}
NETWORK = pack_numbers(np.random.default_rng(3).normal(0, 0.1, 168).astype(np.float32))
ROWS = [[1.3, -0.3, -0.2], [-0.2, 1.5, -0.5], [0.0, -0.3, 1.1]]
MIDDLES = {
    "shades of grey, interpolated matrix, Hable, BT.709, tetrahedral": [
        {"kind": "white_balance", "method": "shades_of_grey"},
        {"kind": "color_matrix", "method": "interpolated", "cct": 5000, "temperatures": [2850, 6500]}
        | {"matrices": [ROWS, ROWS]},
        {"kind": "tone", "method": "hable"},
        {"kind": "gamma", "encoding": "bt709"},
        LOOK,
    ],
    "white patch, root polynomial, spline, hue, saturation, curve, trilinear": [
        {"kind": "white_balance", "method": "white_patch"},
        {"kind": "color_matrix", "method": "root_polynomial", "matrix": [[*row, 0.1, 0.0, 0.1] for row in ROWS]},
        {"kind": "tone", "method": "spline", "x": FOUR, "y": (0.0, 0.4, 0.8, 1.0)},
        {"kind": "hue", "angle": 20},
        {"kind": "saturation", "factor": 1.3},
        {"kind": "gamma", "encoding": "curve", "samples": (0.0, 0.5, 0.8, 1.0)},
        LOOK | {"interpolation": "trilinear"},
    ],
    "grey world, affine matrix, Reinhard, filmic": [
        {"kind": "white_balance", "method": "grey_world"},
        {"kind": "color_matrix", "method": "affine", "matrix": [[*row, 0.01] for row in ROWS]},
        {"kind": "tone", "method": "reinhard", "white": 2.0},
        {"kind": "tone", "method": "aces"},
        {"kind": "tone", "method": "filmic"},
    ],
    "guided by the luma, wavelet, threshold, local": [
        {"kind": "denoise", "method": "guided", "radius": 2, "eps": 0.01, "guide": "luma", "channels": "chroma"},
        {"kind": "denoise", "method": "wavelet", "threshold": 0.05, "levels": 1},
        {"kind": "sharpen", "method": "unsharp_mask_threshold", "radius": 1, "amount": 1, "threshold": 0.02},
        {"kind": "tone", "method": "local", "compression": 2, "radius": 4},
        {"kind": "gamma", "encoding": "bt709"},
    ],
    "non-local means, total variation, a network": [
        {"kind": "denoise", "method": "nlm", "h": 0.1, "search": 1},
        {"kind": "denoise", "method": "tv_chambolle", "weight": 0.05, "iterations": 3},
        {"kind": "denoise", "method": "tv_bregman", "weight": 20, "iterations": 2},
        {"kind": "neural", "features": 3, "layers": 2, "weights": NETWORK},
        {"kind": "gamma", "encoding": "bt709"},
    ],
    "fft, CLAHE": [
        {"kind": "denoise", "method": "fft", "keep": 0.3},
        {"kind": "tone", "method": "clahe", "clip_limit": 2, "grid": [3, 4], "bins": 64},
        {"kind": "gamma", "encoding": "bt709"},
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("middle", MIDDLES.values(), ids=MIDDLES)
def test_a_graph_develops_as_the_stages_do(middle: list[dict[str, object]]) -> None:
    plain = camsim.load("board/rpi-v1-ov5647")
    first = [
        {"kind": "linearize", "given": [0, 300, 1023], "linear": [0, 300, 4092]},
        {"kind": "black_level"},
        {"kind": "demosaic", "method": "bilinear"},
    ]
    profile = Profile.model_validate(
        plain.model_dump(exclude={"provenance", "search", "choices", "orders"})
        | {"isp": first + middle, "sensor": plain.resolved_sensor().model_dump()}
    )
    camera = camsim.compile(profile)
    graph = ort.InferenceSession(to_onnx(camera).SerializeToString(), providers=["CPUExecutionProvider"])
    for batch, height, width in ((1, 37, 43), (3, 64, 31)):
        coarse = 0.2 + 0.3 * torch.rand(batch, 3, 4, 4, generator=torch.Generator().manual_seed(height))
        with torch.no_grad():
            raw = camera.capture(torch.nn.functional.interpolate(coarse, (height, width), mode="bilinear"), seed=None)
            expected = camera.isp(raw).numpy()
        (image,) = graph.run(["image"], {"raw": raw.numpy()})
        assert image.std() > 0.01
        np.testing.assert_allclose(image, expected, rtol=0, atol=1e-4)
