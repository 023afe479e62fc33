"""A device profile: optics, sensor, ISP chain, where its numbers come from and how far they plausibly stray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from camsim import profile_copies as copies
from camsim.cfa import RawFormat
from camsim.errors import did_you_mean
from camsim.isp import IspStage
from camsim.isp.order import order_problems
from camsim.optics import Optics
from camsim.profile_choices import Choices, Omit, Orders, choice_knobs, choice_problems, stage_names
from camsim.provenance import Provenance as Provenance  # it was here first
from camsim.sensor import InverseIspResponse, Sensor
from camsim.spec import Domain, Knob, Model, Range, Spec, Stage, StageSpec
from camsim.spectral.response import SpectralResponse
from camsim.stage_classes import cfa_problems

Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*(@[a-z][a-z-]*=-?[0-9]+(\.[0-9]+)?)*$",
        max_length=120,
    ),
]
"""Words joined by ``/``; then, of a device somewhere along an axis of drift, ``@iso=400``."""


class Profile(Model):
    """A camera. ``isp`` is ordered; a stage may repeat (its second is addressed as ``isp.sharpen_2``)."""

    camsim: Literal[1] = 1
    name: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    provenance: dict[str, Provenance] = Field(default_factory=dict)
    optics: Optics | None = None
    sensor: Sensor
    isp: Annotated[tuple[IspStage, ...], Field(strict=False, min_length=1)]
    search: dict[str, Range] | None = None
    """The knobs that plausibly vary; None: every knob, within the assumed range of its kind."""
    choices: Choices = Field(default_factory=dict)
    """What a search may put in the place of a stage."""
    orders: Orders = ()
    """Neighbouring stages that a search may swap."""

    @field_validator("isp")
    @classmethod
    def _ordered(cls, stages: tuple[StageSpec, ...]) -> tuple[StageSpec, ...]:
        problems = order_problems([type(stage) for stage in stages])
        if problems:
            raise _several([((index,), text) for index, text in problems])
        return stages

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        misfits = cfa_problems(self.isp, self.raw_format)
        problems: list[tuple[tuple[str | int, ...], str]] = [(("isp", index), text) for index, text in misfits]
        for index, (stage, raw) in enumerate(zip(self.isp, self._formats(), strict=True)):
            try:
                stage.resolve(raw)
            except ValueError as error:
                problems.append((("isp", index), _plain(error)))
        try:
            # A spectral response can always be fitted; what does it takes a second to import.
            # What another response follows from has to fit first.
            if not misfits and not isinstance(self.sensor.response, SpectralResponse):
                self.resolved_sensor()
        except ValueError as error:
            problems.append((("sensor",), _plain(error)))
        if not problems:
            problems += choice_problems(self.isp, self.choices, self.orders, self.raw_format)
        if not problems:
            problems += self._search_problems()
        fields = self.field_paths()
        for path in self.provenance:
            if path not in fields:
                problems.append((("provenance", path), f"is not a field of this profile{did_you_mean(path, fields)}"))
        if problems:
            raise _several(problems)
        return self

    def _search_problems(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if not self.search:
            return
        knobs = self.knobs()
        offered = choice_knobs(self.isp, self.choices)
        for path, given in self.search.items():
            if path not in knobs and path not in offered:
                text = f"is not a knob of this profile{did_you_mean(path, [*knobs, *offered])}"
                yield ("search", path), f"{text} (knobs: {', '.join(dict.fromkeys([*knobs, *offered]))})"
                continue
            knob = knobs[path] if path in knobs else _knobs(path.rpartition(".")[0], offered[path])[path]
            low, high = given.around(knob.value)
            if np.any(low < knob.bounds[0]) or np.any(high > knob.bounds[1]):
                limits = f"[{knob.bounds[0]:g}, {knob.bounds[1]:g}]" + ("" if knob.unit == "1" else f" {knob.unit}")
                text = f"reaches from {low.min():g} to {high.max():g}, outside the knob's bounds {limits}"
                yield ("search", path), text
            elif np.any(knob.value < low) or np.any(knob.value > high):
                yield ("search", path), f"must contain the profile's own value {knob.value.tolist()}"

    def stage_names(self) -> tuple[str, ...]:
        """Each stage's name within the chain: its kind, with ``_2``, ``_3`` ... for repeats."""
        return stage_names(self.isp)

    def field_paths(self) -> set[str]:
        """Every path that provenance may name: ``sensor.black_level``, ``isp.color_matrix``, ``isp.clip.low`` ..."""
        paths = {"sensor", "isp", "choices", "orders"} | {f"choices.{name}" for name in self.choices}
        for prefix, part in (self._optics_parts() | self.sensor.parts()).items():
            paths |= {prefix} | {f"{prefix}.{field}" for field in type(part).model_fields}
        for name, stage in zip(self.stage_names(), self.isp, strict=True):
            paths |= {f"isp.{name}"} | {f"isp.{name}.{field}" for field in type(stage).model_fields}
        return paths

    @property
    def raw_format(self) -> RawFormat:
        """How the mosaics of this device are to be read."""
        return self.sensor.raw_format

    def resolved_sensor(self) -> Sensor:
        """The sensor with its defaults (exposure, response) written out."""
        inverse = isinstance(self.sensor.response, InverseIspResponse)
        return self.sensor.resolve(self._isp_color() if inverse else np.eye(3), self.isp)

    def resolved_isp(self) -> tuple[StageSpec, ...]:
        """The ISP chain with what it takes from the sensor written out."""
        return tuple(stage.resolve(raw) for stage, raw in zip(self.isp, self._formats(), strict=True))

    def built_isp(self) -> list[Stage]:
        """The stages as modules, in order."""
        return [stage.build(raw) for stage, raw in zip(self.resolved_isp(), self._formats(), strict=True)]

    def mosaics(self) -> list[str | None]:
        """For each stage the colour filter array of the mosaic that it reads; None: it reads an image of three
        planes."""
        found: list[str | None] = []
        domain: Domain = "dn"
        for stage, raw in zip(self.isp, self._formats(), strict=True):
            found.append(raw.cfa if domain in ("dn", "mosaic") else None)
            domain = stage.gives or domain
        return found

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the picture that the ISP makes of a mosaic of that height and width."""
        for stage in self.isp:
            height, width = stage.output_size(height, width)
        return height, width

    @property
    def changes_size(self) -> bool:
        """Whether a stage of the ISP may give another size than it takes."""
        return any(stage.changes_size() for stage in self.isp)

    def _formats(self) -> list[RawFormat]:
        """How each stage has to read the mosaic."""
        formats = [self.raw_format]
        for stage in self.isp[:-1]:
            formats.append(stage.gives_format(formats[-1]))
        return formats

    def _optics_parts(self) -> dict[str, Spec]:
        """The optics and each of its effects, by path; nothing where there is no optics."""
        return {} if self.optics is None else self.optics.parts()

    def resolved_parts(self) -> dict[str, Spec]:
        """The optics, the sensor, their effects, then each stage under its name, everything written out."""
        return self._parts(self.resolved_sensor())

    def _parts(self, sensor: Sensor) -> dict[str, Spec]:
        stages = zip(self.stage_names(), self.resolved_isp(), strict=True)
        parts = self._optics_parts() | sensor.parts()
        return parts | {f"isp.{name}": stage for name, stage in stages}

    def _isp_color(self) -> NDArray[np.float64]:
        """What the white balance and colour matrix do together: (3, 3).

        Raises:
            ValueError: one of them is no matrix that is known beforehand.
        """
        total = np.eye(3)
        for stage in self.isp:
            if stage.kind in ("white_balance", "color_matrix"):
                matrix = stage.color()
                if matrix is None:
                    words = "/".join(stage.tags())
                    raise ValueError(
                        f"response: {words} has no inverse that is known beforehand; give a matrix instead"
                    )
                total = matrix @ total
        return total

    def knobs(self) -> dict[str, Knob]:
        """Every knob by name, with its value here: ``sensor.read_noise``, ``isp.white_balance.gains`` ..."""
        parts = self._parts(self.sensor.with_levels())
        knobs = {name: knob for prefix, spec in parts.items() for name, knob in _knobs(prefix, spec).items()}
        if self.search is None:
            return knobs
        return {name: replace(knob, plausible=self.search.get(name)) for name, knob in knobs.items()}

    def ranges(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Plausible limits (low, high) of each knob that varies, cut to the knob's physical bounds."""
        result = {}
        for name, knob in self.knobs().items():
            if knob.plausible is not None:
                low, high = knob.plausible.around(knob.value)
                result[name] = (np.clip(low, *knob.bounds), np.clip(high, *knob.bounds))
        return result

    def with_knobs(self, values: Mapping[str, Any], *, name: str | None = None) -> Profile:
        """A copy in which some knobs have other values and everything left to defaults is written out first.

        Turning an ISP knob therefore never changes the sensor, nor the other way round. The provenance of what was
        turned says so. Give a new name where both profiles are to be used together.

        Raises:
            ValueError: an unknown knob, a wrong shape or a value out of bounds.
        """
        return copies.with_knobs(self, values, name)

    def at(self, *, iso: float | None = None, exposure_time: float | None = None, name: str | None = None) -> Profile:
        """The device at another ISO speed, another exposure time, or both; nothing is metered.

        Analogue gain goes with the speed, electrons of light and of warmth go with the time, so that a picture gets
        brighter with either. With g times the speed and 1/g of the time it is as bright as before, of fewer electrons:
        to the light, this is what the drift axis ``iso`` does. What an ISP does otherwise at another speed stays.

        Args:
            iso: speed; the profile must state its own, ``sensor.iso``.
            exposure_time: s; the profile must state its own, ``sensor.exposure_time``.
            name: of the copy; needed where both profiles are used together.

        Raises:
            ValueError: the profile does not state its own setting, or a value is out of bounds.
        """
        return copies.at(self, iso, exposure_time, name)

    def with_choice(
        self,
        stages: Mapping[str, StageSpec | Omit],
        swaps: Sequence[tuple[str, str]] = (),
        *,
        name: str | None = None,
    ) -> Profile:
        """A copy with other stages in some places, as a search chooses among `choices` and `orders`.

        What was left to defaults is written out first, as in `with_knobs`. Ranges and provenance stay with their
        stages; what was changed is told in the provenance. The copy offers no choices of its own.

        Args:
            stages: what stands in the place of a stage, by the stage's name (``isp.denoise``), or ``"omit"``.
            swaps: neighbours that change places, one pair after the other, before that.
            name: of the copy.

        Raises:
            ValueError: no such stage, no neighbours, or a chain whose stages do not fit together.
        """
        return copies.with_choice(self, stages, swaps, name)


def _knobs(prefix: str, spec: Spec) -> dict[str, Knob]:
    """The knobs of a (resolved) spec, with the ranges assumed of their kind."""
    knobs = {}
    for field, value in spec.knobs().items():
        quantity, name = spec.quantities()[field], f"{prefix}.{field}"
        knobs[name] = Knob(name, value, quantity.unit, (quantity.low, quantity.high), quantity.plausible)
    return knobs


def _plain(error: ValueError) -> str:
    """The text of an error, without pydantic's preamble where it is one of pydantic's."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return ": ".join([*map(str, first["loc"]), first["msg"].removeprefix("Value error, ")])


def _several(problems: list[tuple[tuple[str | int, ...], str]]) -> PydanticCustomError:
    """Several problems, each with its own place, in the one error that a validator can raise."""
    text = "; ".join(message for _, message in problems).replace("{", "(").replace("}", ")")
    return PydanticCustomError("several", text, {"problems": problems})
