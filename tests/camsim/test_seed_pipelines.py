"""The 24 pipelines of "From Lens to Logit" against the libraries it used: colour-demosaicing, scipy, scikit-image."""

from __future__ import annotations

import itertools
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from scipy.signal import convolve2d
from skimage.color import rgb2yuv, yuv2rgb
from skimage.filters import unsharp_mask

import camsim

with warnings.catch_warnings():  # it says that matplotlib is not installed
    warnings.simplefilter("ignore")
    import colour_demosaicing

Image = NDArray[np.float64]

CAMERAS = {
    "microscope": {
        "black": [9.834368023181512e-06] * 4,
        "gains": [-0.6567, 1.9673, 3.5304],
        "matrix": [[-2.0338, 0.0933, 0.4157], [-0.0286, 2.6464, -0.0574], [-0.5516, -0.0947, 2.9308]],
    },
    "drone": {
        "black": [0.0625, 0.0626, 0.0625, 0.0626],
        "gains": [2.86653646, 1.0, 1.73079425],
        "matrix": [
            [1.50768983, -0.33571374, -0.17197604],
            [-0.23048614, 1.70698738, -0.47650126],
            [-0.03119153, -0.32803956, 1.35923111],
        ],
    },
}
DEMOSAIC = {
    "bi": colour_demosaicing.demosaicing_CFA_Bayer_bilinear,
    "ma": colour_demosaicing.demosaicing_CFA_Bayer_Malvar2004,
    "me": colour_demosaicing.demosaicing_CFA_Bayer_Menon2007,
}
PIPELINES = [
    (camera, *stages) for camera in CAMERAS for stages in itertools.product(DEMOSAIC, ("s", "u"), ("ga", "me"))
]
MARGIN = 32
"""Even, so that the CFA phase stays, and wider than anything in the chain looks."""


@cache
def demosaiced(camera: str, method: str, mosaic: bytes) -> Image:
    """Black level and demosaic of the mosaic, extended by its mirror image.

    The libraries' own borders (half-sample mirror, zeros) differ from camsim's in the outermost pixels; with the
    extension there is no border to differ in.
    """
    raw = np.frombuffer(mosaic, np.float64).reshape(96, 96) / 65535
    level = np.tile(np.reshape(CAMERAS[camera]["black"], (2, 2)), (48, 48))
    rgb: Image = DEMOSAIC[method](np.pad(raw - level, MARGIN, mode="reflect"), "RGGB")
    return rgb


def reference(mosaic: Image, camera: str, demosaic: str, sharpen: str, denoise: str) -> tuple[Image, Image]:
    """(96, 96, 3) before the clip, in linear light, and at the end; numpy, scipy and scikit-image only."""
    rgb = demosaiced(camera, demosaic, mosaic.tobytes()) * np.array(CAMERAS[camera]["gains"])
    rgb = rgb @ np.array(CAMERAS[camera]["matrix"]).T

    yuv = rgb2yuv(rgb)
    if sharpen == "s":
        yuv[..., 0] = convolve2d(yuv[..., 0], [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], mode="same")
    else:  # columns taken for channels: the blur runs down the columns only
        yuv[..., 0] = unsharp_mask(yuv[..., 0], radius=1, amount=1, preserve_range=True, channel_axis=1)
    rgb = yuv2rgb(yuv)

    yuv = rgb2yuv(rgb)
    yuv[..., 0] = (
        ndimage.gaussian_filter(yuv[..., 0], 0.5) if denoise == "ga" else ndimage.median_filter(yuv[..., 0], 3)
    )
    linear = yuv2rgb(yuv)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return linear, np.clip(linear, 0, 1) ** (1 / 2.2)


@pytest.mark.parametrize("pipeline", PIPELINES, ids="-".join)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-5)], ids=["f64", "f32"])
def test_equals_the_libraries(golden: Any, pipeline: Any, dtype: torch.dtype, tolerance: float) -> None:
    """Before the clip and at the end, at every pixel up to the border.

    Left out, in float32 only: encoded values where the linear reference is within 0.004 of 0, since x^(1/2.2) has a
    slope above 9 there and turns the rounding of the linear values (2e-6) into more than the tolerance. The linear
    values are compared there too, and float64 leaves nothing out.
    """
    camera, *stages = pipeline
    mosaic = golden("seed_mosaics")[camera].astype(np.float64)
    expected_linear, expected = reference(mosaic, camera, *stages)

    emulator = camsim.compile(f"seed/{camera}/{'-'.join(stages)}", dtype=dtype)
    raw = torch.from_numpy(mosaic).to(dtype)[None, None]
    with torch.no_grad():
        linear = raw
        for name, stage in emulator.isp.stages().items():
            if name == "clip":
                break
            linear = stage(linear)
        encoded = emulator.develop(raw)
    assert linear.dtype == encoded.dtype == dtype
    assert np.abs(linear[0].permute(1, 2, 0).numpy() - expected_linear).max() <= tolerance
    error = np.abs(encoded[0].permute(1, 2, 0).numpy() - expected)
    if dtype == torch.float32:
        error = error[np.abs(expected_linear) > 0.004]
    assert error.max() <= tolerance


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_mosaics_tell_the_pipelines_apart(golden: Any, camera: str) -> None:
    """Values that the clip cuts off, edges for the sharpening, and no tie between menon2007's directions."""
    mosaic = golden("seed_mosaics")[camera].astype(np.float64)
    linear = {stages: reference(mosaic, *stages)[0] for stages in PIPELINES if stages[0] == camera}
    assert all(image.min() < 0 for image in linear.values())
    assert max(image.max() for image in linear.values()) > 1
    for one, other in itertools.combinations(linear.values(), 2):
        assert np.abs(one - other).max() > 0.01
    nudged = mosaic * (1 + 1e-7 * np.random.default_rng(0).standard_normal(mosaic.shape))
    moved = reference(nudged, camera, "me", "u", "ga")[0] - linear[camera, "me", "u", "ga"]
    assert np.abs(moved).max() < 1e-5
