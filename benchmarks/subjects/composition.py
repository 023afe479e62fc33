"""The chain put together from colour-demosaicing, scipy and scikit-image, in float64 as these compute it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from colour_demosaicing import demosaicing_CFA_Bayer_bilinear
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2yuv, yuv2rgb
from skimage.exposure import adjust_gamma
from skimage.filters import gaussian
from torch import Tensor

from benchmarks.chain import SHARPEN, numbers
from benchmarks.subjects.subject import Subject

Image = NDArray[np.float64]


def develop(mosaic: Image) -> Image:
    """(H, W) DN -> (H, W, 3) display values; even sizes, RGGB."""
    n = numbers()
    height, width = mosaic.shape
    linear = (mosaic - np.tile(n.black.reshape(2, 2), (height // 2, width // 2))) / n.full_scale
    rgb = demosaicing_CFA_Bayer_bilinear(linear, "RGGB")
    rgb *= n.gains
    rgb = rgb @ n.matrix.T
    yuv = rgb2yuv(rgb)
    sharp = ndimage.convolve(yuv[..., 0], np.array(SHARPEN), mode="mirror")
    yuv[..., 0] = gaussian(sharp, sigma=n.sigma, mode="mirror", truncate=4.0, preserve_range=True)
    return adjust_gamma(np.clip(yuv2rgb(yuv), 0, 1), 1 / n.gamma)


def prepare(raw: Tensor) -> Callable[[], list[Image]]:
    mosaics = raw[:, 0].numpy()
    return lambda: [develop(mosaic) for mosaic in mosaics]


def picture(images: list[Image]) -> Tensor:
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2)


SUBJECT = Subject("colour-demosaicing + scipy + scikit-image", prepare, picture, tolerance=1e-6, margin=4)
