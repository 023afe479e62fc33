"""The 3x3 median alone, on R, G and B each."""

from __future__ import annotations

import os

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

import camsim
from benchmarks import cameras
from benchmarks.chain import BATCH, frames
from benchmarks.launch import Launch, interleave
from benchmarks.report import Table
from benchmarks.suites import forward
from benchmarks.suites.common import check, rounds, rows
from benchmarks.work import UnavailableError, Work
from camsim.isp import denoise_median

FUSED, BILINEAR = "camsim fused, with black level, bilinear, clip, gamma", "camsim fused, the same without median"
TORCH, SCIPY, OPENCV = "camsim plain", "scipy", "OpenCV"


def scipy_median(rgb: Tensor) -> list[np.ndarray]:
    """(B, 3, H, W) float32: each plane by scipy."""
    return [ndimage.median_filter(plane, size=3, mode="mirror") for image in rgb.numpy() for plane in image]


def opencv_median(images: list[np.ndarray]) -> list[np.ndarray]:
    """Images (H, W, 3) float32 by OpenCV, which repeats the edge pixel at the border."""
    import cv2

    return [cv2.medianBlur(image, 3) for image in images]


def work(subject: str, batch: int, height: int, width: int) -> Work:
    """In a worker: the median by one subject."""
    raw = frames(batch, height, width)
    amount = float(raw.numel())
    if subject in (FUSED, BILINEAR):
        profile = cameras.median() if subject == FUSED else cameras.demosaic("bilinear")
        camera = camsim.compile(profile, fused=True)
        return Work(torch.inference_mode()(lambda: camera.develop(raw)), amount)
    rgb = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    if subject == TORCH:
        return Work(torch.inference_mode()(lambda: denoise_median(rgb, 3, "rgb")), amount)
    if subject == SCIPY:
        return Work(lambda: scipy_median(rgb), amount)
    try:
        import cv2
    except ModuleNotFoundError:
        raise UnavailableError("cv2 is not installed; `make bench` installs it") from None
    cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
    images = list(rgb.permute(0, 2, 3, 1).contiguous().numpy())
    return Work(lambda: opencv_median(images), amount)


def run(quick: bool) -> Table:
    batch, height, width = BATCH
    arguments = {"batch": batch, "height": height, "width": width}
    launches = [forward.launch(forward.BASELINE, BATCH)]
    launches += [
        Launch(name, "benchmarks.suites.median:work", arguments | {"subject": name})
        for name in (FUSED, BILINEAR, TORCH, SCIPY, OPENCV)
    ]
    timings, skips = interleave(launches, rounds(quick))
    return Table(
        "median",
        "3x3 median of R, G and B each, 32 x 256x256",
        "CPU time",
        forward.BASELINE,
        tuple(rows("3 planes", timings, forward.BASELINE, "pix")),
        tuple(skips),
        tuple(check("scipy's median over camsim fused, chain included", timings, SCIPY, FUSED, 10, at_most=False)),
        "camsim's fused path has no way to run one stage alone; the same chain without the median stands beside it.",
    )
