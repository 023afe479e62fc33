"""The chain in OpenCV on 16-bit integers, to 8 bits through a table: what one writes for speed."""

from __future__ import annotations

import os
from collections.abc import Callable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.chain import SHARPEN, numbers
from benchmarks.subjects.opencv_float import black_frame
from benchmarks.subjects.subject import Subject

ONE = 16384
"""1.0 in integers: room for the sum of two images above it, since OpenCV's integers stop at 65535."""

_TABLE = np.clip(np.arange(65536) / ONE, 0, 1)
TABLE = np.rint(255 * _TABLE ** (1 / numbers().gamma)).astype(np.uint8)


def develop(mosaic: NDArray[np.uint16], black: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(H, W) DN -> (H, W, 3) display values 0..255, RGGB."""
    n = numbers()
    camera = cv2.demosaicing(cv2.subtract(mosaic, black), cv2.COLOR_BayerBG2RGB)
    rgb = cv2.transform(camera, ONE / n.full_scale * n.color)
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)  # the same weights
    smooth = cv2.filter2D(luma, -1, np.array(SHARPEN), borderType=cv2.BORDER_REFLECT_101)
    smooth = cv2.GaussianBlur(smooth, (5, 5), n.sigma, borderType=cv2.BORDER_REFLECT_101)
    rgb = cv2.add(rgb, cv2.merge([smooth, smooth, smooth]), dst=rgb)
    rgb = cv2.subtract(rgb, cv2.merge([luma, luma, luma]), dst=rgb)
    return cv2.LUT(rgb, TABLE)


def prepare(raw: Tensor) -> Callable[[], list[NDArray[np.uint8]]]:
    cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))
    mosaics = raw[:, 0].numpy().astype(np.uint16)
    black = black_frame(*mosaics.shape[1:])
    return lambda: [develop(mosaic, black) for mosaic in mosaics]


def picture(images: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255


# Two steps of 8 bits: its own rounding, and that of each 14-bit stage, which gamma enlarges in the dark.
SUBJECT = Subject("OpenCV uint16 + LUT", prepare, picture, tolerance=2 / 255, margin=4)
