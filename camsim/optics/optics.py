"""The optics as a profile states it, and the module that makes of a scene the light that falls on the sensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from camsim.optics.chromatic_aberration import ChromaticAberration, ChromaticAberrationEffect
from camsim.optics.defocus import MAX_WAVES
from camsim.optics.distortion import Distortion, DistortionEffect, folds
from camsim.optics.effect import Effect
from camsim.optics.field import field_grid, half_diagonal_px
from camsim.optics.frequency import Frequencies, filter_mirrored, frequencies
from camsim.optics.glare import Glare, GlareEffect
from camsim.optics.motion import Motion, MotionEffect
from camsim.optics.psf import PointSpread, PointSpreadEffect
from camsim.optics.vignetting import Cos4Vignetting, Vignetting
from camsim.optics.vignetting.cos4 import Cos4Effect
from camsim.optics.vignetting.polynomial import PolynomialEffect
from camsim.resample import Interpolation, resample
from camsim.spec import Quantity, Range, Spec

EFFECTS = ("distortion", "chromatic_aberration", "vignetting", "glare", "motion", "psf")
"""The keys that hold an effect, in the order in which they act."""


class Optics(Spec):
    """``optics:`` of a profile, from the scene to the light on the sensor; left out, the scene is that light.

    What depends on the place in the picture takes the frame for the whole picture, whatever its number of pixels; the
    point spread function takes a pixel of the scene for one of the sensor.
    """

    pixel_pitch: Annotated[float | None, Field(ge=0.01, le=1000)] = None
    """um, from one pixel to the next; needed with ``psf``."""
    f_number: Annotated[float | None, Quantity("1", 0.5, 256, Range(relative=0.1))] = None
    """Of the lens as it is set; with ``psf`` it brings diffraction."""
    focal_length: Annotated[float | None, Quantity("mm", 0.01, 1e5, Range(relative=0.02))] = None
    """Needed with ``distortion`` and ``cos4``."""
    half_diagonal: Annotated[float | None, Field(ge=0.001, le=1000)] = None
    """mm, from the centre to the corner of the picture; needed with ``focal_length``."""
    interpolation: Interpolation = "bicubic"
    """Of ``distortion`` and ``chromatic_aberration``."""
    distortion: Distortion | None = None
    chromatic_aberration: ChromaticAberration | None = None
    vignetting: Vignetting | None = None
    glare: Glare | None = None
    motion: Motion | None = None
    psf: PointSpread | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if all(getattr(self, name) is None for name in EFFECTS):
            raise ValueError(f"names no effect; give at least one of {', '.join(EFFECTS)}, or leave optics out")
        if self.psf is not None and self.pixel_pitch is None:
            raise ValueError("psf needs pixel_pitch, in um")
        if self.psf is not None and self.psf.defocus is not None and self.f_number is None:
            raise ValueError("psf.defocus needs f_number")
        if self.psf is None and self.f_number is not None:
            raise ValueError("f_number has an effect in a psf alone; add `psf: {}` for diffraction, or leave it out")
        self._check_psf()
        users = [name for name, used in self._in_angles().items() if used]
        if users and (self.focal_length is None or self.half_diagonal is None):
            raise ValueError(f"{users[0]} needs focal_length and half_diagonal, in mm")
        if not users and self.focal_length is not None:
            raise ValueError("focal_length has an effect in distortion and in cos4 vignetting alone; leave it out")
        self._check_defocus()
        self._check_distortion()
        return self

    def _in_angles(self) -> dict[str, bool]:
        """The effects that are stated for angles, and whether they are there."""
        cos4 = isinstance(self.vignetting, Cos4Vignetting)
        return {"distortion": self.distortion is not None, "vignetting of kind cos4": cos4}

    def _check_psf(self) -> None:
        psf = self.psf
        if psf is None or self.pixel_pitch is None:
            return
        if (self.f_number, psf.sigma, psf.fill_factor, psf.measured) == (None,) * 4:
            raise ValueError("psf blurs nothing without f_number, sigma, fill_factor and measured; give one of them")
        if psf.measured is None and psf.spot_scale is not None:
            raise ValueError("psf.spot_scale has an effect on a measured spot alone; leave it out")
        if psf.measured is not None and psf.measured.pitch > self.pixel_pitch:
            raise ValueError(
                f"psf.measured.pitch is {psf.measured.pitch:g} um; at most pixel_pitch, {self.pixel_pitch:g} um, tells "
                "how a pixel is blurred; sample the spot more finely"
            )
        if psf.measured is not None and self.f_number is not None:
            raise ValueError("a measured spot has its diffraction in it; leave out f_number, or measured")

    def _check_defocus(self) -> None:
        if self.psf is None or self.psf.defocus is None or self.f_number is None:
            return
        waves = abs(self.psf.defocus) / (8 * self.f_number**2 * min(self.psf.wavelengths) / 1000)
        if waves > MAX_WAVES:
            limit = abs(self.psf.defocus) * MAX_WAVES / waves
            raise ValueError(
                f"psf.defocus of {self.psf.defocus:g} um is {waves:.0f} waves at f/{self.f_number:g}; at most "
                f"{MAX_WAVES:g} are computed, which is {limit:.3g} um"
            )

    def _check_distortion(self) -> None:
        given = self.distortion
        if given is None or self.half_diagonal is None or self.focal_length is None:
            return
        tangent = self.half_diagonal / self.focal_length
        if folds(tangent, (given.k1, given.k2, given.p1, given.p2, given.k3)):
            raise ValueError(
                f"distortion folds the picture over within the field ({tangent:.3g} focal lengths from the axis); "
                "check the signs and that focal_length and half_diagonal are those of the calibration"
            )

    def parts(self) -> dict[str, Spec]:
        """What has knobs, by path: ``optics``, ``optics.psf`` ..."""
        effects = {f"optics.{name}": getattr(self, name) for name in EFFECTS}
        return {"optics": self} | {path: spec for path, spec in effects.items() if spec is not None}

    def with_parts(self, parts: Mapping[str, Spec]) -> Optics:
        """The same optics of (some) other parts, by path.

        Raises:
            ValueError: they do not fit together.
        """
        own = parts.get("optics", self)
        return own.replace(  # type: ignore[return-value]
            {
                path.removeprefix("optics."): part.model_dump()
                for path, part in parts.items()
                if path.startswith("optics.")
            }
        )


class OpticsModule(Effect):
    """Scene to the light on the sensor; its parameters are the knobs of an `Optics`, its children the effects."""

    def __init__(self, spec: Optics) -> None:
        super().__init__(spec)
        self.half_diagonal = spec.half_diagonal
        self.interpolation: Interpolation = spec.interpolation
        self.distortion = None if spec.distortion is None else DistortionEffect(spec.distortion)
        self.chromatic_aberration = (
            None if spec.chromatic_aberration is None else ChromaticAberrationEffect(spec.chromatic_aberration)
        )
        self.vignetting: Cos4Effect | PolynomialEffect | None = None
        if spec.vignetting is not None:
            cos4 = isinstance(spec.vignetting, Cos4Vignetting)
            self.vignetting = Cos4Effect(spec.vignetting) if cos4 else PolynomialEffect(spec.vignetting)
        self.glare = None if spec.glare is None else GlareEffect(spec.glare)
        self.motion = None if spec.motion is None else MotionEffect(spec.motion)
        self.psf = None
        if spec.psf is not None and spec.pixel_pitch is not None:
            self.psf = PointSpreadEffect(spec.psf, spec.pixel_pitch)

    def forward(self, scene: Tensor) -> Tensor:
        """(B, 3, H, W) linear light -> (B, 3, H, W), each sample by itself, so that no batch changes another's."""
        image = self._warped(scene)
        if self.vignetting is not None:
            x, y = field_grid(scene.shape[-2], scene.shape[-1], scene.device)
            image = image * self.vignetting.gain(x * x + y * y, self._tangent()).to(image.dtype)
        if self.glare is not None:
            image = self.glare.veil(image)
        if self.psf is not None or self.motion is not None or self._has_halo():
            image = self._blurred(image)
        return image

    def _tangent(self) -> Tensor | None:
        """Half diagonal over focal length."""
        focal_length = self.knob("focal_length")
        return None if focal_length is None or self.half_diagonal is None else self.half_diagonal / focal_length

    def _has_halo(self) -> bool:
        return self.glare is not None and self.glare.knob("halo_sigma") is not None

    def _warped(self, scene: Tensor) -> Tensor:
        """Distortion and lateral chromatic aberration together, so that the picture is interpolated once."""
        if self.distortion is None and self.chromatic_aberration is None:
            return scene
        height, width = scene.shape[-2:]
        x, y = field_grid(height, width, scene.device)
        tangent = self._tangent()
        if self.distortion is not None and tangent is not None:
            x, y = self.distortion.source(x, y, tangent)
        radius = half_diagonal_px(height, width)
        planes = []
        for channel in range(3):
            plane = scene[:, channel : channel + 1]
            if self.distortion is not None or channel != 1:
                u, v = (x, y)
                if self.chromatic_aberration is not None:
                    u, v = self.chromatic_aberration.source(x, y, channel)
                columns, rows = u * radius + (width - 1) / 2, v * radius + (height - 1) / 2
                plane = resample(plane, columns, rows, self.interpolation)
            planes.append(plane)
        return torch.cat(planes, dim=1)

    def _blurred(self, image: Tensor) -> Tensor:
        """Everything that is a convolution, in one pass; channel by channel, since a transform takes much memory."""
        height, width = image.shape[-2:]
        at = frequencies(height, width, image.device)
        planes = []
        for channel in range(3):
            transfer = self.transfer(at, channel, half_diagonal_px(height, width))
            planes.append(torch.stack([filter_mirrored(one, transfer) for one in image[:, channel]]))
        return torch.stack(planes, dim=1)

    def transfer(self, at: Frequencies, channel: int, half_diagonal: float) -> Tensor:
        """The transfer function of all blurs together, of the shape of ``at.radius``.

        Args:
            at: where.
            channel: of the scene; 0 is R.
            half_diagonal: of the frame, px.
        """
        total = torch.ones_like(at.radius)
        if self.psf is not None:
            total = total * self.psf.transfer(at, channel, self.knob("f_number"))
        if self.motion is not None:
            total = total * self.motion.transfer(at)
        halo = None if self.glare is None else self.glare.transfer(at, half_diagonal)
        return total if halo is None else total * halo
