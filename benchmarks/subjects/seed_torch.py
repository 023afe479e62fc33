"""A pipeline in the seed system's style, written anew: every step over the whole frame in torch ops, all learnable.

Masks spread the mosaic over three planes, fixed 3x3 kernels fill them, colour goes through YUV for the luma filters,
and gamma is exp(log(x) / gamma) above 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.chain import LUMA_WEIGHTS, SHARPEN, numbers
from benchmarks.subjects.subject import Subject, Trainable

DARKEST = 1e-5

_YUV = torch.tensor(
    [LUMA_WEIGHTS, (-0.14714119, -0.28886916, 0.43601035), (0.61497538, -0.51496512, -0.10001026)], dtype=torch.float64
)
_CROSS = [[0.0, 0.25, 0.0], [0.25, 1.0, 0.25], [0.0, 0.25, 0.0]]
_SQUARE = [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]


class SeedPipeline(nn.Module):
    """(B, 1, H, W) DN -> (B, 3, H, W) display values; even sizes, RGGB."""

    masks: Tensor
    interpolation: Tensor
    to_yuv: Tensor
    to_rgb: Tensor

    def __init__(self) -> None:
        super().__init__()
        n = numbers()
        self.full_scale = n.full_scale
        self.black = _parameter(n.black / n.full_scale)
        self.gains = _parameter(n.gains)
        self.matrix = _parameter(n.matrix)
        self.gamma = _parameter(n.gamma)
        self.sharpen = _parameter([[SHARPEN]])
        self.blur = _parameter((n.blur[:, None] * n.blur)[None, None])
        cells = torch.tensor([[[1, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 1]]], dtype=torch.float32)
        self.register_buffer("masks", cells)
        self.register_buffer("interpolation", torch.tensor([_SQUARE, _CROSS, _SQUARE])[:, None])
        self.register_buffer("to_yuv", _YUV.float())
        self.register_buffer("to_rgb", torch.linalg.inv(_YUV).float())

    def forward(self, raw: Tensor) -> Tensor:
        height, width = raw.shape[-2:]
        cells = (height // 2, width // 2)
        signal = raw / self.full_scale - self.black.reshape(2, 2).repeat(*cells)
        planes = signal * self.masks.repeat(1, *cells)
        rgb = F.conv2d(planes, self.interpolation, padding=1, groups=3)
        rgb = torch.einsum("bchw,c->bchw", rgb, self.gains)
        rgb = torch.einsum("bchw,oc->bohw", rgb, self.matrix)
        yuv = torch.einsum("bchw,oc->bohw", rgb, self.to_yuv)
        luma = F.conv2d(yuv[:, :1], self.sharpen, padding=1)
        luma = F.conv2d(luma, self.blur, padding=2)
        yuv = torch.cat([luma, yuv[:, 1:]], dim=1)
        rgb = torch.einsum("bchw,oc->bohw", yuv, self.to_rgb)
        rgb = rgb.clamp(DARKEST, 1)
        return torch.exp(torch.log(rgb) / self.gamma)


def _parameter(value: object) -> nn.Parameter:
    return nn.Parameter(torch.as_tensor(value, dtype=torch.float64).float())


def prepare(raw: Tensor) -> Callable[[], Tensor]:
    pipeline = SeedPipeline()
    return torch.inference_mode()(lambda: pipeline(raw))


def trainable(dtype: torch.dtype) -> Trainable:
    pipeline = SeedPipeline().to(dtype)
    return Trainable(pipeline, dict(pipeline.named_parameters()))


SUBJECT = Subject(
    "seed-style torch",
    prepare,
    picture=lambda out: out,
    tolerance=2e-5,
    margin=4,  # it fills the border with zeros
    darkest=DARKEST ** (1 / numbers().gamma),
    trainable=trainable,
)
