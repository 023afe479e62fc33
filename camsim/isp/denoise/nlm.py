"""Non-local means: a pixel becomes the mean of those around it whose neighbourhoods look like its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import conv2d, relu

from camsim.border import mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

Patch = Literal[3, 5, 7]


def denoise_nlm(
    rgb: Tensor, h: Tensor, sigma: Tensor, *, patch: Patch, search: int, channels: DenoiseChannels = "luma"
) -> Tensor:
    """Mean of a window, weighted by exp(-max(0, d - 2 sigma²) / h²), where d is how far two patches differ.

    d is the mean squared difference of the patches' pixels, over the channels too, weighted by a Gaussian of standard
    deviation (patch - 1) / 4. Source: A. Buades, B. Coll, J.-M. Morel, "A review of image denoising algorithms, with a
    new one", Multiscale Modeling and Simulation 4(2), 2005.

    Args:
        rgb: (B, 3, H, W).
        h: () how unlike patches may be, in units of the image.
        sigma: () standard deviation of the noise, in units of the image; 0 for a plain distance.
        patch: side of a patch, px.
        search: pixels on each side of the centre that are looked at.
        channels: on the luma, the chroma (U and V together), or R, G and B together.

    Returns:
        (B, 3, H, W). Same as skimage.restoration.denoise_nl_means(fast_mode=False) away from the border, where no patch
        is so unlike (d > 5 h²) that it drops it. Differentiable, where d is not 2 sigma²; the way back computes each
        weight again, so that memory does not grow with the window.
    """

    def spatial(planes: Tensor) -> Tensor:
        padded = mirror_pad(planes, search + patch // 2)
        if torch.compiler.is_exporting():
            weights, moved = _exported_sums(padded, h, sigma, patch, search)
        elif torch.is_grad_enabled():
            weights, moved = _Recomputed.apply(padded, h, sigma, patch, search)  # type: ignore[no-untyped-call]
        else:
            weights, moved = _sums(padded, h, sigma, patch, search)
        return planes + moved / (1 + weights)

    return filter_channels(rgb, channels, spatial)


def _shifts(search: int) -> Iterator[tuple[int, int]]:
    """One of each pair of opposite shifts."""
    for y in range(search + 1):
        for x in range(-search, search + 1):
            if y > 0 or x > 0:
                yield y, x


def _sums(padded: Tensor, h: Tensor, sigma: Tensor, patch: int, search: int) -> tuple[Tensor, Tensor]:
    """Sum of the weights, (B, 1, H, W), and of weight · difference from the centre, (B, C, H, W), over the window."""
    total: tuple[Tensor, Tensor] | None = None
    for shift in _shifts(search):
        weights, moved = _pair(shift, patch, search, padded, h, sigma)
        total = (weights, moved) if total is None else (total[0] + weights, total[1] + moved)
    assert total is not None
    return total


def _pair(
    shift: tuple[int, int], patch: int, search: int, padded: Tensor, h: Tensor, sigma: Tensor
) -> tuple[Tensor, Tensor]:
    """What a shift and its opposite add to the sums: patches are as far from each other there and back."""
    pad, half, (y, x) = search + patch // 2, patch // 2, shift
    height, width = padded.shape[-2] - 2 * pad, padded.shape[-1] - 2 * pad

    def window(top: int, left: int, more: int = 0) -> Tensor:
        """Of the picture moved by (top, left); of a frame that is larger by the shift and ``more`` on each side."""
        rows = slice(pad + top - more, pad + top + height + (y if more else 0) + more)
        columns = slice(pad + left - more, pad + left + width + (abs(x) if more else 0) + more)
        return padded[..., rows, columns]

    left = min(0, -x)  # the larger frame begins here, y rows above the picture
    apart = (window(0, left + x, half) - window(-y, left, half)).square().mean(dim=-3, keepdim=True)
    weight = torch.exp(-relu(_patch_mean(apart, patch) - 2 * sigma**2) / h**2)
    there = weight[..., y:, -left : -left + width]
    back = weight[..., :height, -left - x : -left - x + width]
    centre = window(0, 0)
    return there + back, there * (window(y, x) - centre) + back * (window(-y, -x) - centre)


def _patch_mean(planes: Tensor, patch: int) -> Tensor:
    """Gaussian mean over each whole patch; smaller by patch - 1 each way."""
    half, taps = patch // 2, _taps(patch)
    for dim in (-2, -1):
        size = planes.shape[dim] - 2 * half
        mean = taps[0] * planes.narrow(dim, half, size)
        for step in range(1, half + 1):
            sides = planes.narrow(dim, half - step, size) + planes.narrow(dim, half + step, size)
            mean = mean + taps[step] * sides
        planes = mean
    return planes


def _taps(patch: int) -> list[float]:
    """A Gaussian's, from the middle of a patch to its side."""
    half = patch // 2
    taps = [math.exp(-0.5 * (2 * step / half) ** 2) for step in range(half + 1)]
    whole = taps[0] + 2 * sum(taps[1:])
    return [tap / whole for tap in taps]


def _exported_sums(padded: Tensor, h: Tensor, sigma: Tensor, patch: int, search: int) -> tuple[Tensor, Tensor]:
    """`_sums` by convolutions, one for each row of the window: every slice of a frame of any size takes long to
    trace."""
    channels, side, half = padded.shape[1], 2 * search + 1, patch // 2
    taps = _taps(patch)
    line = torch.tensor([*taps[:0:-1], *taps], dtype=padded.dtype, device=padded.device)
    gaussian = (line[:, None] * line).expand(side, 1, patch, patch)
    weights, moved = 0.0 * padded[:, :1, :1, :1], [0.0 * padded[:, :1, :1, :1]] * channels
    for row in range(side):
        picks = np.zeros((side, 1, side, side))
        picks[range(side), 0, row, range(side)] += 1
        picks[:, 0, search, search] -= 1  # the pixel itself, whose weight is the 1 that is added elsewhere
        kernels = torch.tensor(picks.tolist(), dtype=padded.dtype, device=padded.device)
        apart = [conv2d(padded[:, channel : channel + 1], kernels) for channel in range(channels)]
        distance = conv2d(
            sum((part.square() for part in apart[1:]), apart[0].square()) / channels, gaussian, groups=side
        )
        weight = torch.exp(-relu(distance - 2 * sigma**2) / h**2)
        if row == search:
            weight = weight * (torch.arange(side, device=padded.device) != search).to(weight)[:, None, None]
        weights = weights + weight.sum(1, keepdim=True)
        moved = [
            total + (weight * part[..., half:-half, half:-half]).sum(1, keepdim=True)
            for total, part in zip(moved, apart, strict=True)
        ]
    return weights, torch.cat(moved, dim=1)


class _Recomputed(torch.autograd.Function):
    """`_sums`, which keeps nothing but its inputs for the way back."""

    generate_vmap_rule = True

    @staticmethod
    def forward(padded: Tensor, h: Tensor, sigma: Tensor, patch: int, search: int) -> tuple[Tensor, Tensor]:
        return _sums(padded, h, sigma, patch, search)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.save_for_backward(*inputs[:3])
        ctx.sizes = inputs[3:]

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor | None, ...]:
        found: list[Tensor] = []
        for shift in _shifts(ctx.sizes[1]):
            pull = torch.func.vjp(partial(_pair, shift, *ctx.sizes), *ctx.saved_tensors)[1]
            gradients: tuple[Tensor, ...] = pull(given)
            found = [a + b for a, b in zip(found, gradients, strict=True)] if found else list(gradients)
        return (*found, None, None)


class NlmDenoise(StageSpec):
    """``{kind: denoise, method: nlm, h: 0.05}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["denoise"] = "denoise"
    method: Literal["nlm"] = "nlm"
    h: Annotated[float, Quantity("1", 0.001, 10, Range(relative=0.5))]
    """How unlike patches may be; about the noise's standard deviation."""
    sigma: Annotated[float, Quantity("1", 0, 1, Range(absolute=0.01))] = 0.0
    """Standard deviation of the noise, which patches differ by in any case."""
    patch: Patch = 5
    """Side of a patch, px."""
    search: Annotated[int, Field(ge=1, le=10)] = 5
    """Pixels on each side of the centre that are looked at."""
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return self.search + self.patch // 2

    def build(self, raw: RawFormat) -> Stage:
        return NlmDenoiseStage(self)


class NlmDenoiseStage(Stage):
    """See `denoise_nlm`; knobs ``h`` and ``sigma``."""

    h: Tensor
    sigma: Tensor

    def __init__(self, spec: NlmDenoise) -> None:
        super().__init__(spec)
        self.patch: Patch = spec.patch
        self.search = spec.search
        self.channels: DenoiseChannels = spec.channels

    def forward(self, image: Tensor) -> Tensor:
        return denoise_nlm(image, self.h, self.sigma, patch=self.patch, search=self.search, channels=self.channels)
