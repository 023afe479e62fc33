"""The point spread function: lens and pixel together, as one transfer function."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field, Strict
from torch import Tensor

from camsim.optics.defocus import defocus_otf
from camsim.optics.diffraction import diffraction_mtf
from camsim.optics.effect import Effect
from camsim.optics.frequency import Frequencies
from camsim.optics.gaussian import gaussian_mtf
from camsim.optics.measured_spot import MeasuredSpot, spot_otf
from camsim.optics.pixel_aperture import pixel_aperture_mtf
from camsim.spec import Quantity, Range, Spec

SRGB_PRIMARIES = (611.0, 549.0, 464.0)
"""Dominant wavelengths of sRGB's primaries under D65, nm: the scene's channels are of these colours."""

Wavelength = Annotated[float, Field(ge=200, le=2000)]


class PointSpread(Spec):
    """``psf:``, the blur of lens and pixels. Its transfer function is the product of the parts that are given.

    With ``f_number`` there is diffraction, with ``defocus`` beside it the diffraction of a lens out of focus; a
    ``measured`` spot has its diffraction in it. A scene's pixel is taken for a pixel of the sensor, and the scene for
    free of frequencies above half a cycle a pixel; around a sharp light the image then swings, also below 0, which the
    sensor counts as no light.
    """

    sigma: Annotated[float | None, Quantity("um", 0, 1000, Range(relative=0.3))] = None
    """Of a Gaussian spot, along one axis; None: no Gaussian."""
    defocus: Annotated[float | None, Quantity("um", -1e5, 1e5, Range(absolute=5))] = None
    """From the sensor to the image plane, at most 30 waves; needs ``f_number``; None: in focus."""
    fill_factor: Annotated[float | None, Quantity("1", 0.01, 1)] = None
    """Light-sensitive part of the pixel's area, a square over which light is averaged; 1.0 with good microlenses; None:
    the scene's own pixels are such averages already."""
    measured: MeasuredSpot | None = None
    """``{pitch: 0.5, samples: [[..], ..]}``, um from one sample to the next and the intensity of each, row by row; or
    ``red``, ``green`` and ``blue`` in place of ``samples``. None: no spot was measured."""
    spot_scale: Annotated[float | None, Quantity("1", 0.2, 5, Range(relative=0.15))] = None
    """How much larger the ``measured`` spot is than it was; None: as large."""
    wavelengths: Annotated[tuple[Wavelength, Wavelength, Wavelength], Strict(False)] = SRGB_PRIMARIES
    """nm, of the scene's R, G and B; by default the dominant wavelengths of sRGB's primaries."""


class PointSpreadEffect(Effect):
    """See `PointSpread`; knobs ``sigma``, ``defocus``, ``fill_factor``, ``spot_scale``."""

    wavelengths: Tensor

    def __init__(self, spec: PointSpread, pixel_pitch: float) -> None:
        super().__init__(spec)
        self.pixel_pitch = pixel_pitch
        self.register_buffer("wavelengths", torch.tensor(spec.wavelengths, dtype=torch.float64))
        self.spot_pitch = 0.0 if spec.measured is None else spec.measured.pitch
        for name, spot in zip("rgb", spec.measured.spots() if spec.measured else (None,) * 3, strict=True):
            self.register_buffer(f"spot_{name}", None if spot is None else torch.tensor(spot, dtype=torch.float64))

    def transfer(self, at: Frequencies, channel: int, f_number: Tensor | None) -> Tensor:
        """The transfer function of one channel (0 is R), of the shape of ``at.radius``; complex where a spot is."""
        x, y, radius = at.x / self.pixel_pitch, at.y / self.pixel_pitch, at.radius / self.pixel_pitch
        sigma, defocus, fill_factor = self.knob("sigma"), self.knob("defocus"), self.knob("fill_factor")
        wavelength = self.wavelengths[channel].double() / 1000
        total = torch.ones_like(radius)
        if f_number is not None and defocus is not None:
            total = total * defocus_otf(radius, defocus, f_number, wavelength)
        elif f_number is not None:
            total = total * diffraction_mtf(radius, f_number, wavelength)
        if sigma is not None:
            total = total * gaussian_mtf(radius, sigma)
        if fill_factor is not None:
            total = total * pixel_aperture_mtf(x, y, self.pixel_pitch * fill_factor.sqrt())
        if self.spot_pitch:
            scale = self.knob("spot_scale")
            known = torch.ones_like(wavelength) if scale is None else scale
            total = total * spot_otf(x, y, self.get_buffer(f"spot_{'rgb'[channel]}").double(), self.spot_pitch, known)
        return total
