"""Gaussian denoising."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from torch import Tensor

from camsim.cfa import RawFormat
from camsim.isp.gaussian_kernel import gaussian_filter, kernel_radius
from camsim.isp.luma import DenoiseChannels, filter_channels
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec


def denoise_gaussian(rgb: Tensor, sigma: Tensor, *, kernel: int, channels: DenoiseChannels = "luma") -> Tensor:
    """Blur with a Gaussian of standard deviation ``sigma``.

    Args:
        rgb: (B, 3, H, W).
        sigma: () px.
        kernel: pixels on each side of the centre.
        channels: on the luma, the chroma (U and V), or each of R, G, B.

    Returns:
        (B, 3, H, W). Same as scipy.ndimage.gaussian_filter away from the border.
    """
    return filter_channels(rgb, channels, lambda planes: gaussian_filter(planes, sigma, kernel))


class GaussianDenoise(StageSpec):
    """``{kind: denoise, method: gaussian, sigma: 0.5}``."""

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "affine"

    kind: Literal["denoise"] = "denoise"
    method: Literal["gaussian"] = "gaussian"
    sigma: Annotated[float, Quantity("px", 0.1, 10, Range(relative=0.5))]
    channels: DenoiseChannels = "luma"

    @property
    def reach(self) -> int:
        return kernel_radius(self.sigma)

    def build(self, raw: RawFormat) -> Stage:
        return GaussianDenoiseStage(self)


class GaussianDenoiseStage(Stage):
    """See `denoise_gaussian`; knob ``sigma``. The kernel's size is that of the profile's sigma."""

    sigma: Tensor

    def __init__(self, spec: GaussianDenoise) -> None:
        super().__init__(spec)
        self.channels: DenoiseChannels = spec.channels
        self.kernel = kernel_radius(spec.sigma)

    def forward(self, image: Tensor) -> Tensor:
        return denoise_gaussian(image, self.sigma, kernel=self.kernel, channels=self.channels)
