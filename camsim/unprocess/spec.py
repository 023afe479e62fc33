"""How a display picture is taken back to a scene: the choices, as one thing that can be kept with a result."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor

from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.spec import Model
from camsim.unprocess.highlights import Highlights, extrapolate_highlights
from camsim.unprocess.source import SourceCamera, source_camera
from camsim.unprocess.srgb import linearize
from camsim.unprocess.steps import NoInverseError
from camsim.unprocess.tone import inverse_smoothstep


class Unprocess(Model):
    """What is assumed of the camera that a picture is from. As it stands: nothing but the sRGB curve.

    >>> how = Unprocess(source=camsim.load("phone/pixel-4a-imx363"), highlights="preserve")
    >>> scene = how.scene(picture)     # (B, 3, H, W) display values in [0, 1] -> linear light
    >>> how.kept                       # what stays in the scene, and why
    """

    source: Profile | None = None
    """The camera: what of its processing has an inverse is undone, then its exposure and response. None: unknown."""
    tone: Literal["none", "smoothstep"] = "none"
    """Without a source: an S-shaped tone curve that is assumed before the sRGB curve (Brooks et al. 2019)."""
    highlights: Highlights = "clip"
    """``clip``: white is diffuse white, what was brighter is lost. ``preserve``: with a source, white stays white when
    its white balance is undone (Brooks et al. 2019). ``extrapolate``: made brighter, up to ``maximum``; invented."""
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.9
    """Of ``extrapolate``: where it begins, in linear light relative to white."""
    maximum: Annotated[float, Field(ge=1, le=1000)] = 4.0
    """Of ``extrapolate``: what white becomes, in units of white."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.source is not None and self.tone != "none":
            raise ValueError("tone: a source camera brings its own tone curve; give one of the two")
        if self.source is None and self.highlights == "preserve":
            raise ValueError("highlights: preserve needs a source camera, whose white balance gains it is about")
        given = [name for name in ("threshold", "maximum") if name in self.model_fields_set]
        if given and self.highlights != "extrapolate":
            raise ValueError(f"{given[0]} is of highlights: extrapolate; with {self.highlights} it has no effect")
        return self

    @property
    def is_default(self) -> bool:
        """Whether only the sRGB curve is undone."""
        return (self.source, self.tone, self.highlights) == (None, "none", "clip")

    @property
    def kept(self) -> tuple[str, ...]:
        """What stays in the scene: of the source camera, stage by stage; or of any camera, where none is named.

        Raises:
            CamsimError: the source camera cannot be undone.
        """
        camera = self._camera()
        return (
            ("the first camera's colours, tone curve, sharpening, noise and JPEG",) if camera is None else camera.kept
        )

    def scene(self, image: Tensor) -> Tensor:
        """Take a display picture back to the scene.

        Args:
            image: (B, 3, H, W) display values in [0, 1].

        Returns:
            (B, 3, H, W) linear light, sRGB primaries, 1.0 = diffuse white (at the source's exposure); of a source
            camera also values outside [0, 1], where colours lie out of gamut or its exposure is not the usual one.

        Raises:
            ValueError: values outside [0, 1] or another shape.
            CamsimError: the source camera cannot be undone, or gives no such colours.
        """
        check_display(image)
        if self.is_default:
            return linearize(image)
        if image.shape[0] > 1 and self.source is not None:  # sample by sample: results do not depend on the batch
            return torch.cat([self._undone(one[None]) for one in image])
        return self._undone(image)

    def _undone(self, image: Tensor) -> Tensor:
        scene = self._linear(image)
        if self.highlights != "extrapolate":
            return scene
        white = self._linear(torch.ones(1, 3, 2, 2, dtype=image.dtype, device=image.device))[0, :, 0, 0]
        return extrapolate_highlights(scene, white, self.threshold, self.maximum)

    def _linear(self, image: Tensor) -> Tensor:
        camera = self._camera()
        if camera is None:
            linear = linearize(image)
            return inverse_smoothstep(linear) if self.tone == "smoothstep" else linear
        try:
            return camera.undo(image)
        except NoInverseError as error:
            raise CamsimError(f"is no picture of {self.source and self.source.name}: {error}") from None

    def _camera(self) -> SourceCamera | None:
        if self.source is None:
            return None
        return source_camera(self.source, preserve=self.highlights == "preserve")

    def to_json(self) -> dict[str, Any]:
        """The choices, for a manifest: the source by name and by the SHA-256 of its JSON."""
        found: dict[str, Any] = {"tone": self.tone} if self.source is None else {"source_camera": self.source.name}
        if self.source is not None:
            found["source_sha256"] = hashlib.sha256(self.source.model_dump_json(exclude_none=True).encode()).hexdigest()
        found["highlights"] = self.highlights
        if self.highlights == "extrapolate":
            found |= {"threshold": self.threshold, "maximum": self.maximum}
        return found

    def __str__(self) -> str:
        """In a few words, for a report."""
        parts = [
            "the sRGB curve" if self.source is None else f"the processing of {self.source.name}",
            *(["an assumed S-shaped tone curve"] if self.tone == "smoothstep" else []),
        ]
        if self.highlights == "preserve":
            parts.append("the white balance with white kept at white")
        undone = " and ".join(parts) + " undone"
        invented = (
            f"; highlights invented up to {self.maximum:g} times white" if self.highlights == "extrapolate" else ""
        )
        return undone + invented


def check_display(image: Tensor) -> None:
    """Refuse what is no display picture.

    Raises:
        ValueError: values outside [0, 1] or another shape.
    """
    if image.ndim != 4 or image.shape[1] != 3:
        raise ValueError(f"needs an image of shape (B, 3, H, W), got {tuple(image.shape)}")
    low, high = image.min().item(), image.max().item()
    if not (low >= 0 and high <= 1):
        raise ValueError(f"needs display values in [0, 1], got [{low:g}, {high:g}]; divide 8-bit values by 255")
