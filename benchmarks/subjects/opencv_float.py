"""The chain in OpenCV, in float32 after the demosaic, which takes integers only."""

from __future__ import annotations

import os
from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.chain import LUMA_WEIGHTS, SHARPEN, numbers
from benchmarks.subjects.subject import Subject

Image = NDArray[np.float32]


def black_frame(height: int, width: int) -> NDArray[np.uint16]:
    """(H, W) black level of each pixel, in whole DN since the demosaic takes no fractions; even sizes."""
    return np.tile(np.rint(numbers().black).astype(np.uint16).reshape(2, 2), (height // 2, width // 2))


def develop(mosaic: NDArray[np.uint16], black: NDArray[np.uint16]) -> Image:
    """(H, W) DN -> (H, W, 3) display values, RGGB."""
    n = numbers()
    # OpenCV names the phase by its second row and column.
    camera = cv2.demosaicing(cv2.subtract(mosaic, black), cv2.COLOR_BayerBG2RGB)
    rgb = cv2.transform(camera.astype(np.float32), n.color / n.full_scale)
    luma = cv2.transform(rgb, np.array([LUMA_WEIGHTS]))
    smooth = cv2.filter2D(luma, cv2.CV_32F, np.array(SHARPEN), borderType=cv2.BORDER_REFLECT_101)
    smooth = cv2.GaussianBlur(smooth, (5, 5), n.sigma, borderType=cv2.BORDER_REFLECT_101)
    change = cv2.subtract(smooth, luma, dst=smooth)
    rgb = cv2.add(rgb, cv2.merge([change, change, change]), dst=rgb)
    np.clip(rgb, 0, 1, out=rgb)
    return cv2.pow(rgb, 1 / n.gamma, dst=rgb)


def prepare(raw: Tensor) -> Callable[[], list[Image]]:
    cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
    mosaics = raw[:, 0].numpy().astype(np.uint16)
    black = black_frame(*mosaics.shape[1:])
    return lambda: [develop(mosaic, black) for mosaic in mosaics]


def picture(images: list[Image]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


# Half a DN of rounding in the black level and again in the demosaic, times gains, sharpening and the slope of gamma.
SUBJECT = Subject("OpenCV float32", prepare, picture, tolerance=1e-3, margin=4)
