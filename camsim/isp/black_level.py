"""Linearisation: subtract the pedestal and, normally, scale white to 1 for each CFA site."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import Strict, model_validator
from torch import Tensor

from camsim.cfa import RawFormat, per_site
from camsim.spec import Domain, Form, PerSite, Quantity, Range, Stage, StageSpec, four_sites


def black_level(raw: Tensor, level: Tensor, scale: Tensor) -> Tensor:
    """(raw - level) / scale for each CFA site. Nothing is clipped: values below black stay negative.

    Args:
        raw: (B, 1, H, W) DN.
        level: (4,) DN, per CFA site row by row.
        scale: (4,) DN that become 1.0.

    Returns:
        (B, 1, H, W) linear mosaic, 1.0 at white. Source: Adobe DNG specification 1.7, chapter 5 (mapping raw values
        to linear reference values).
    """
    height, width = raw.shape[-2:]
    return (raw - per_site(level, height, width)) / per_site(scale, height, width)


class BlackLevel(StageSpec):
    """``{kind: black_level}``: subtract the black level and divide by white - black.

    ``level`` and ``white`` are in DN as they lie in the container, a number or one for each CFA site; left out, they
    are the sensor's. ``normalize: false`` divides by the container's full scale instead, as the seed system did.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"dn"})
    gives: ClassVar[Domain | None] = "mosaic"
    form: ClassVar[Form] = "affine"

    kind: Literal["black_level"] = "black_level"
    level: Annotated[float | PerSite | None, Quantity("DN", 0, 65535, Range(relative=0.05))] = None
    white: float | Annotated[PerSite, Strict(False)] | None = None
    normalize: bool = True

    @model_validator(mode="after")
    def _white_is_used(self) -> Self:
        if self.white is not None and not self.normalize:
            raise ValueError("white has no effect with normalize: false; leave one of them out")
        return self

    def resolve(self, raw: RawFormat) -> Self:
        level = raw.black if self.level is None else four_sites(self.level)
        if not self.normalize:
            return self.replace({"level": level})
        white = raw.white if self.white is None else four_sites(self.white)
        if any(w <= b for w, b in zip(white, level, strict=True)):
            raise ValueError(f"white {list(white)} DN must lie above the black level {list(level)} DN at every site")
        return self.replace({"level": level, "white": white})

    def build(self, raw: RawFormat) -> Stage:
        return BlackLevelStage(self.resolve(raw), raw)


class BlackLevelStage(Stage):
    """See `black_level`; knob ``level``."""

    level: Tensor
    white: Tensor

    def __init__(self, spec: BlackLevel, raw: RawFormat) -> None:
        super().__init__(spec)
        self.normalize = spec.normalize
        white = spec.white if spec.normalize else (raw.full_scale,) * 4
        self.register_buffer("white", torch.as_tensor(white, dtype=torch.float64).clone())

    def forward(self, image: Tensor) -> Tensor:
        scale = self.white - self.level if self.normalize else self.white
        return black_level(image, self.level, scale)
