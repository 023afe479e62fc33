"""What a stage is made of: a Spec (numbers from the profile), its knobs, and a Stage (the module that applies them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Strict, ValidationInfo, field_validator, model_validator
from torch import Tensor, nn

from camsim.cfa import RawFormat

Domain = Literal["dn", "mosaic", "linear", "encoded"]
"""What flows between stages: digital numbers, a mosaic in [0,1], linear camera RGB, display-encoded RGB."""

Form = Literal["affine", "pointwise", "local", "global"]
"""What the compiler may do with a stage: *affine* is linear in the image plus an offset, with a fixed neighbourhood;
*pointwise* looks at one pixel only; *local* is a non-linear function of a neighbourhood; *global* is one of the whole
frame, which is never cut into tiles."""

Triple = Annotated[tuple[float, float, float], Strict(False)]
"""One number for each of R, G, B."""
PerSite = Annotated[tuple[float, float, float, float], Strict(False)]
"""One number for each site of the 2x2 CFA cell, row by row from the top left (the order of the CFA's name)."""
Matrix3 = Annotated[tuple[Triple, Triple, Triple], Strict(False)]
"""A 3x3 matrix, row by row; it multiplies a column (R, G, B)."""


def four_sites(value: float | PerSite) -> PerSite:
    """The same number for all four CFA sites, or the four as given."""
    return (value,) * 4 if isinstance(value, int | float) else value


class Model(BaseModel):
    """Frozen data that refuses unknown keys, strings for numbers, NaN and infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Range(Model):
    """How far a knob plausibly strays between units or settings of a device: give exactly one of the three.

    ``relative`` is a fraction of the value's magnitude, ``absolute`` is in the knob's unit (each: value +- that),
    ``interval`` is [low, high] in the knob's unit.
    """

    relative: float | None = None
    absolute: float | None = None
    interval: Annotated[tuple[float, float], Strict(False)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of relative, absolute, interval; got {', '.join(given) or 'none'}")
        if self.interval is not None and self.interval[0] > self.interval[1]:
            raise ValueError(f"interval must be [low, high], got {list(self.interval)}")
        if (self.relative or 0) < 0 or (self.absolute or 0) < 0:
            raise ValueError("must not be negative")
        return self

    def around(self, value: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper limits, each of the shape of ``value``."""
        if self.interval is not None:
            low, high = self.interval
            return np.full_like(value, low), np.full_like(value, high)
        half = np.abs(value) * self.relative if self.relative is not None else np.full_like(value, self.absolute)
        return value - half, value + half


@dataclass(frozen=True)
class Quantity:
    """Marks a field of a Spec as a knob: ``sigma: Annotated[float, Quantity("px", 0, 10, Range(relative=0.5))]``."""

    unit: str
    low: float
    high: float
    plausible: Range | None = None
    """Used by the search where a profile states no range of its own; an assumption, reported as one."""


@dataclass(frozen=True)
class Knob:
    """A continuous parameter of a device: its value now, its unit and the limits that physics or the method sets."""

    name: str
    value: NDArray[np.float64]
    unit: str
    bounds: tuple[float, float]
    plausible: Range | None
    """How far it strays: as the profile's ``search`` says, else as assumed of its kind; None: it is not searched."""


class Spec(Model):
    """Numbers that describe a part of a camera. Fields marked with a Quantity are its knobs."""

    @classmethod
    def quantities(cls) -> dict[str, Quantity]:
        """The knobs of this kind of spec, by field name."""
        return dict(_quantities(cls))

    @field_validator("*", mode="after")
    @classmethod
    def _within_bounds(cls, value: Any, info: ValidationInfo) -> Any:
        quantity = _quantities(cls).get(info.field_name or "")
        if quantity is not None and value is not None:
            for number in np.ravel(value):
                if not quantity.low <= number <= quantity.high:
                    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
                    raise ValueError(f"must lie in [{quantity.low:g}, {quantity.high:g}]{unit}, got {number:g}")
        return value

    def knobs(self) -> dict[str, NDArray[np.float64]]:
        """The value of each knob, by field name; a knob that is not set is left out."""
        return {
            name: np.asarray(getattr(self, name), dtype=np.float64)
            for name in self.quantities()
            if getattr(self, name) is not None
        }

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """A copy with some fields changed, validated anew."""
        return type(self).model_validate(self.model_dump() | dict(changes))


@cache
def _quantities(kind: type[Spec]) -> dict[str, Quantity]:
    return {
        name: mark for name, field in kind.model_fields.items() for mark in field.metadata if isinstance(mark, Quantity)
    }


class StageSpec(Spec):
    """One step of the ISP chain as a profile states it."""

    takes: ClassVar[frozenset[Domain]]
    gives: ClassVar[Domain | None]
    """None: the domain that came in."""
    form: ClassVar[Form]
    cfas: ClassVar[frozenset[str] | None] = None
    """The colour filter arrays whose mosaics it takes (names of `camsim.cfa`); None: any, or none matters."""
    depends_on_place: ClassVar[bool] = False
    """Whether it matters where in the frame a pixel lies, beyond the CFA phase: such a chain needs the whole frame."""

    @property
    def reach(self) -> int:
        """How far from a pixel the input values lie that its output depends on, px; 0 unless a stage looks around.

        Of a stage that changes the size nobody asks: its chain is not developed tile by tile.
        """
        return 0

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of what comes out where that came in; a stage that changes them overrides this."""
        return height, width

    @property
    def any_size(self) -> bool:
        """Whether an exported graph of it can take frames of any size; else it is exported for one."""
        return True

    @classmethod
    def changes_size(cls) -> bool:
        """Whether what comes out may be of another size than what came in."""
        return cls.output_size is not StageSpec.output_size

    def resolve(self, raw: RawFormat) -> Self:
        """The same stage with what it takes over from the sensor written out."""
        return self

    def gives_format(self, raw: RawFormat) -> RawFormat:
        """How mosaics are to be read after this stage, given how before it."""
        return raw

    def response_before(self, rows: Mapping[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
        """What pixels have to see of the light before this stage, so that they seem to see ``rows`` after it: for each
        of some letters of `camsim.cfa.LETTERS` the (3,) row of a response. It is the same unless a stage makes one
        colour out of several."""
        return dict(rows)

    def color(self) -> NDArray[np.float64] | None:
        """(3, 3): how it corrects the colours of the camera; None: not by a matrix that is known beforehand."""
        return None

    def build(self, raw: RawFormat) -> Stage:
        """The module that applies this (resolved) stage to mosaics of the given format."""
        raise NotImplementedError

    @classmethod
    def tags(cls) -> tuple[str, ...]:
        """The words that name this stage in a profile: its kind, then its method where there are several."""
        return _tags(cls)


@cache
def _tags(kind: type[StageSpec]) -> tuple[str, ...]:
    fields = kind.model_fields
    return tuple(get_args(fields[name].annotation)[0] for name in ("kind", "method", "encoding") if name in fields)


class Stage(nn.Module):
    """Applies one spec; its parameters are exactly the spec's knobs (and a network's weights), in float64 until the
    emulator casts them."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        for name, value in spec.knobs().items():
            self.register_parameter(name, nn.Parameter(torch.as_tensor(value, dtype=torch.float64).clone()))

    def __call__(self, image: Tensor) -> Tensor:
        result: Tensor = super().__call__(image)
        return result
