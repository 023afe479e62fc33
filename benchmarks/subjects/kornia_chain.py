"""The chain put together from kornia's functions, float32."""

from __future__ import annotations

from collections.abc import Callable

import torch
from kornia.color import CFA, raw_to_rgb, rgb_to_yuv, yuv_to_rgb
from kornia.enhance import adjust_gamma
from kornia.filters import filter2d, gaussian_blur2d
from torch import Tensor

from benchmarks.chain import SHARPEN, numbers
from benchmarks.subjects.subject import Subject


def prepare(raw: Tensor) -> Callable[[], Tensor]:
    n = numbers()
    height, width = raw.shape[-2:]
    black = torch.from_numpy(n.black).float().reshape(2, 2).repeat(height // 2, width // 2)
    color = torch.from_numpy(n.color).float()
    kernel = torch.tensor([SHARPEN])

    @torch.inference_mode()
    def develop() -> Tensor:
        rgb = raw_to_rgb((raw - black) / n.full_scale, CFA.BG)  # kornia names phases as OpenCV does: this is RGGB
        yuv = rgb_to_yuv(torch.einsum("oc,bchw->bohw", color, rgb))
        luma = filter2d(yuv[:, :1], kernel, border_type="reflect")
        luma = gaussian_blur2d(luma, (5, 5), (n.sigma, n.sigma), border_type="reflect")
        rgb = yuv_to_rgb(torch.cat([luma, yuv[:, 1:]], dim=1))
        return adjust_gamma(rgb.clamp(0, 1), 1 / n.gamma)

    return develop


# kornia's YUV matrices are rounded to three digits, forth and back.
SUBJECT = Subject("kornia", prepare, picture=lambda out: out, tolerance=5e-3, margin=4)
