"""Local tone mapping: large differences of light are reduced, fine detail is kept or strengthened."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.guided_filter import guided_filter
from camsim.isp.tone.reinhard import LUMINANCE
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def tone_local(
    rgb: Tensor, compression: Tensor, detail: Tensor, anchor: Tensor, eps: Tensor, floor: Tensor, *, radius: int
) -> Tensor:
    """R, G and B times exp(new log-luminance - log-luminance), new = anchor + (base - anchor) / compression + detail.

    The base is the log-luminance through a guided filter, which keeps high edges, so that no halo appears around them;
    the detail is the rest, times a factor. Source: F. Durand, J. Dorsey, "Fast bilateral filtering for the display of
    high-dynamic-range images", SIGGRAPH 2002; with the guided filter of K. He, J. Sun, X. Tang, 2010, for the bilateral
    one, and the anchor a setting of the device for the brightest base of the picture, so that a pixel depends on its
    neighbourhood alone.

    Args:
        rgb: (B, 3, H, W) linear RGB.
        compression: () how many times less the base's contrast becomes, in stops.
        detail: () factor of the detail.
        anchor: () the luminance that stays as it is where it is even.
        eps: () variance of the log-luminance (natural logarithm) within a window that is detail, not an edge.
        floor: () luminance of the deepest shadow: of L, log √(L² + floor²) is taken, which is smooth, and finite at 0
            and below.
        radius: of the window, pixels on each side of the centre.

    Returns:
        (B, 3, H, W) linear RGB; ratios of R, G and B stay, and nothing is clipped. Differentiable everywhere.
    """
    weights = torch.tensor(LUMINANCE, dtype=rgb.dtype, device=rgb.device)
    luminance = (rgb * weights[:, None, None]).sum(dim=-3, keepdim=True)
    light = 0.5 * torch.log(luminance.square() + floor.square())
    base = guided_filter(light, light, eps, radius)
    middle = torch.log(anchor)
    made = middle + (base - middle) / compression + detail * (light - base)
    return rgb * torch.exp(made - light)


class LocalTone(StageSpec):
    """``{kind: tone, method: local, compression: 2.0}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear"})
    gives: ClassVar[Domain | None] = "linear"
    form: ClassVar[Form] = "local"

    kind: Literal["tone"] = "tone"
    method: Literal["local"] = "local"
    compression: Annotated[float, Quantity("1", 0.5, 10, Range(relative=0.2))]
    """How many times less the contrast of large areas becomes, in stops."""
    detail: Annotated[float, Quantity("1", 0, 5, Range(relative=0.2))] = 1.0
    """Factor of what is finer than that."""
    anchor: Annotated[float, Quantity("1", 0.001, 1000, Range(relative=0.2))] = 1.0
    """The luminance that stays as it is: 1 for diffuse white."""
    eps: Annotated[float, Quantity("1", 0.0001, 10, Range(relative=0.5))] = 0.1
    """Variance of the natural logarithm of the luminance, within a window, that is detail and not an edge."""
    floor: Annotated[float, Quantity("1", 0.00001, 1, Range(relative=0.5))] = 0.001
    """Luminance of the deepest shadow that is lifted."""
    radius: Annotated[int, Field(ge=1, le=64)] = 16
    """Of the window that tells large from fine, px on each side of the centre."""

    @property
    def reach(self) -> int:
        return 2 * self.radius

    def build(self, raw: RawFormat) -> Stage:
        return LocalToneStage(self)


class LocalToneStage(Stage):
    """See `tone_local`; knobs ``compression``, ``detail``, ``anchor``, ``eps`` and ``floor``."""

    compression: Tensor
    detail: Tensor
    anchor: Tensor
    eps: Tensor
    floor: Tensor

    def __init__(self, spec: LocalTone) -> None:
        super().__init__(spec)
        self.radius = spec.radius

    def forward(self, image: Tensor) -> Tensor:
        return tone_local(image, self.compression, self.detail, self.anchor, self.eps, self.floor, radius=self.radius)
