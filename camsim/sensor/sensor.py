"""The sensor as a profile states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict, model_validator
from pydantic_core import PydanticCustomError

from camsim.cfa import Cfa, RawFormat
from camsim.sensor.adc_nonlinearity import AdcNonlinearity
from camsim.sensor.black_drift import BlackDrift
from camsim.sensor.blooming import Blooming
from camsim.sensor.container import Container
from camsim.sensor.hdr import Hdr
from camsim.sensor.hot_pixels import HotPixels
from camsim.sensor.response import InverseIspResponse, MatrixResponse, Response, response_problem
from camsim.sensor.rolling_shutter import RollingShutter
from camsim.sensor.stuck_pixels import StuckPixels
from camsim.spec import PerSite, Quantity, Range, Spec, StageSpec, four_sites
from camsim.spectral.response import SpectralResponse, fit_response

MAX_CONDITION = 1e6
"""Of the ISP's colour conversion, for its inverse to make sense as a camera's response."""
EFFECTS = ("rolling_shutter", "hot_pixels", "blooming", "black_drift", "adc_nonlinearity", "stuck_pixels", "hdr")
"""The keys that hold an effect with knobs of its own, in the order in which they act."""
UNIT_EFFECTS = ("prnu", "dsnu", "hot_pixels", "stuck_pixels")
"""The keys that ``unit`` sets the pattern of."""


class Sensor(Spec):
    """``sensor:`` of a profile. DN are at the native bit depth, before justification in the container."""

    cfa: Cfa
    bit_depth: Annotated[int, Field(ge=8, le=16)]
    container: Container | None = None
    """None: as many bits as the ADC has."""
    black_level: Annotated[float | PerSite, Quantity("DN", 0, 65535, Range(relative=0.02))]
    white_level: float | Annotated[PerSite, Strict(False)]
    system_gain: Annotated[float, Quantity("DN/e-", 1e-4, 1e3, Range(relative=0.05))]
    full_well: Annotated[float, Quantity("e-", 1, 1e8, Range(relative=0.05))]
    read_noise: Annotated[float, Quantity("e-", 0, 1e4, Range(relative=0.3))]
    exposure: Annotated[float | None, Quantity("e-", 1e-3, 1e8, Range(relative=0.3))] = None
    """Electrons collected where camera RGB is 1.0; None: those that just reach the white level."""
    response: Response
    iso: Annotated[float | None, Field(gt=0, le=1e7)] = None
    """ISO speed at which the device has this ``system_gain``, so that its other speeds can be told from it."""
    row_noise: Annotated[float | None, Quantity("e-", 0, 1e3, Range(relative=0.3))] = None
    """Temporal, the same for all pixels of a row."""
    column_noise: Annotated[float | None, Quantity("e-", 0, 1e3, Range(relative=0.3))] = None
    """Temporal, the same for all pixels of a column."""
    prnu: Annotated[float | None, Quantity("%", 0, 20, Range(relative=0.3))] = None
    """Standard deviation of the pixels' response, fixed for the ``unit``."""
    dsnu: Annotated[float | None, Quantity("e-", 0, 1e4, Range(relative=0.3))] = None
    """Standard deviation of the pixels' dark signal, fixed for the ``unit``."""
    unit: Annotated[int | None, Field(ge=0, lt=2**31)] = None
    """Which device of this kind: the seed of its fixed patterns; None: 0."""
    dark_current: Annotated[float | None, Quantity("e-/s", 0, 1e6, Range(relative=0.5))] = None
    """Of a pixel, at ``reference_temperature`` where that is given."""
    exposure_time: Annotated[float | None, Quantity("s", 0, 3600, Range(relative=0.3))] = None
    """How long charge is collected, of dark current and hot pixels; ``exposure`` says how much light is collected in
    that time. `Profile.at` tells other times from it."""
    temperature: Annotated[float | None, Quantity("degC", -60, 125, Range(absolute=10))] = None
    """Of the sensor."""
    reference_temperature: Annotated[float | None, Field(ge=-60, le=125)] = None
    """degC, where ``dark_current`` was measured."""
    doubling: Annotated[float | None, Quantity("K", 1, 50, Range(relative=0.15))] = None
    """Rise in temperature that doubles the dark current."""
    analog_gain: Annotated[float | None, Quantity("1", 1e-3, 1e4, Range(relative=0.05))] = None
    """Of the amplifier before the ADC: multiplies ``system_gain``, and so all that is stated in e-; None: 1."""
    adc_noise: Annotated[float | None, Quantity("DN", 0, 1e4, Range(relative=0.3))] = None
    """Temporal noise behind the amplifier, rms: the part of the read noise that no analogue gain multiplies."""
    digital_gain: Annotated[float | None, Quantity("1", 1, 1e3, Range(relative=0.05))] = None
    """Multiplies DN above the pedestal after the ADC, which are then limited to its largest DN; None: 1."""
    read_noise_shape: Annotated[float | None, Quantity("1", -0.45, 1, Range(absolute=0.1))] = None
    """Tukey's lambda of the read noise: 0.14 nearly Gaussian, below it heavier tails; None: Gaussian."""
    hot_pixels: HotPixels | None = None
    blooming: Blooming | None = None
    black_drift: BlackDrift | None = None
    adc_nonlinearity: AdcNonlinearity | None = None
    stuck_pixels: StuckPixels | None = None
    rolling_shutter: RollingShutter | None = None
    hdr: Hdr | None = None
    """Further readings, merged with the one that the other keys describe; ``white_level`` is then a DN of that code."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        self._check_warmth()
        if self.unit is not None and not self.has_pattern:
            raise ValueError(
                "unit changes nothing without prnu or dsnu (or hot_pixels, stuck_pixels); give one of them, or leave "
                "it out"
            )
        bent = 0.0 if self.adc_nonlinearity is None else self.adc_nonlinearity.steepest(self.bit_depth)
        if bent >= 1:
            raise ValueError(
                f"adc_nonlinearity: the slope may stray by {bent:.3g} of 1, so that DN could fall as light rises; "
                "its numbers are in DN at the native bit depth"
            )
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        top = 2 ** (self.bit_depth if self.hdr is None else self.hdr.bits) - 1
        if self.container is not None and self.container.bits < self.bit_depth:
            raise ValueError(f"container.bits is {self.container.bits}, less than bit_depth {self.bit_depth}")
        for white, black in zip(four_sites(self.white_level), four_sites(self.black_level), strict=True):
            if not black < white <= top:
                raise ValueError(
                    f"needs black_level < white_level <= {top} (bit_depth {self.bit_depth}), "
                    f"got black_level {black:g} and white_level {white:g}; levels are in DN at the native bit depth"
                )
        if self.hdr is not None:
            self._check_hdr(self.hdr)
        if self._flickers and self.exposure_time is None:
            raise ValueError("rolling_shutter.flicker_frequency needs exposure_time, in s")
        problem = response_problem(self.response, self.cfa)
        if problem:
            text = problem.replace("{", "(").replace("}", ")")
            raise PydanticCustomError("several", text, {"problems": [(("response",), problem)]})
        return self

    def _check_hdr(self, hdr: Hdr) -> None:
        black = max(four_sites(self.black_level))
        if black >= 2**self.bit_depth - 1:
            raise ValueError(f"hdr: black_level {black:g} is no DN of a reading of {self.bit_depth} bits")
        if self.digital_gain is not None:
            raise ValueError("hdr: digital_gain has no place before readings are merged; multiply in the ISP")
        if self.container is not None and self.container.justify == "left":
            raise ValueError("hdr: a merged code fills its words; take `justify: right`")
        gain = self.system_gain * (self.analog_gain or 1.0)
        problem = hdr.problem(self.bit_depth, self.word_bits, black, gain, self.full_well)
        if problem:
            raise ValueError(f"hdr: {problem}")

    def _check_warmth(self) -> None:
        warm, doubles = self._uses_of_temperature()
        climate = ["temperature", "reference_temperature", "doubling"]
        idle = [name for name in climate if not warm or (name == "doubling" and not doubles)]
        for name in idle:
            if getattr(self, name) is not None:
                raise ValueError(f"{name} changes nothing without dark_current; give that too, or leave it out")
        given = [name for name in climate if getattr(self, name) is not None]
        missing = [name for name in climate if name not in [*given, *idle]]
        if given and missing:
            raise ValueError(f"{' and '.join(given)} given without {' and '.join(missing)}; give all or none of them")
        if doubles and self.exposure_time is None:
            raise ValueError(f"{doubles[0]} needs exposure_time, in s")
        if warm != doubles and missing:
            raise ValueError(f"{warm[-1]} needs {' and '.join(missing)}")

    def _uses_of_temperature(self) -> tuple[list[str], list[str]]:
        """What there is that warmth changes; and of these, what doubles with warmth and grows with the time."""
        doubles = [name for name in ("dark_current", "hot_pixels") if getattr(self, name) is not None]
        drifts = self.black_drift is not None and self.black_drift.per_kelvin is not None
        return [*doubles, *(["black_drift.per_kelvin"] if drifts else [])], doubles

    def knobs(self) -> dict[str, NDArray[np.float64]]:
        """The value of each knob that is set; a time in which nothing is collected is a label, and none."""
        idle = {"exposure_time"} if not (self._uses_of_temperature()[1] or self._flickers) else set()
        return {name: value for name, value in super().knobs().items() if name not in idle}

    @property
    def _flickers(self) -> bool:
        return self.rolling_shutter is not None and self.rolling_shutter.flicker_depth is not None

    @property
    def gain(self) -> float:
        """K from electrons to DN as they leave the sensor, DN/e-: system, analogue and digital gain together."""
        return self.system_gain * (self.analog_gain or 1.0) * (self.digital_gain or 1.0)

    @property
    def has_pattern(self) -> bool:
        """Whether something is fixed for the ``unit``."""
        return any(getattr(self, name) is not None for name in UNIT_EFFECTS)

    @property
    def justification(self) -> int:
        """What a native DN is multiplied by in the container."""
        if self.container is None or self.container.justify == "right":
            return 1
        return int(2 ** (self.container.bits - self.bit_depth))

    @property
    def raw_format(self) -> RawFormat:
        """How this sensor's mosaics are to be read."""
        factor = self.justification
        black, white = (
            tuple(self._written(level) * factor for level in four_sites(levels))
            for levels in (self.black_level, self.white_level)
        )
        return RawFormat(self.cfa, black, white, self.full_scale)  # type: ignore[arg-type]

    @property
    def full_scale(self) -> float:
        """The largest DN of the file's words."""
        return float(2**self.word_bits - 1)

    @property
    def word_bits(self) -> int:
        """Of the file's words."""
        return self.bit_depth if self.container is None else self.container.bits

    def _written(self, level: float) -> float:
        """A DN of the merged code as it is in the file, companded."""
        return level if self.hdr is None else self.hdr.written(level)

    def with_levels(self) -> Sensor:
        """The same sensor with its levels and its exposure written out."""
        if (
            all(isinstance(level, tuple) for level in (self.black_level, self.white_level))
            and self.exposure is not None
        ):
            return self
        changes: dict[str, object] = {
            "black_level": four_sites(self.black_level),
            "white_level": four_sites(self.white_level),
        }
        if self.exposure is None:
            spans = [w - b for w, b in zip(four_sites(self.white_level), four_sites(self.black_level), strict=True)]
            changes["exposure"] = sum(spans) / 4 / self.gain
        return self.replace(changes)

    def resolve(self, isp_color: NDArray[np.float64], isp: Sequence[StageSpec] = ()) -> Sensor:
        """The same sensor with everything written out that is left to defaults.

        Args:
            isp_color: (3, 3), what the profile's white balance and colour matrix do together.
            isp: the profile's stages, some of which make one colour out of several.

        Raises:
            ValueError: it has no inverse, and the response is to be that inverse.
        """
        own = self.with_levels()
        if isinstance(self.response, MatrixResponse):
            return own
        if isinstance(self.response, SpectralResponse):
            matrix = np.array(fit_response(self.response).matrix)
        elif np.linalg.cond(isp_color) > MAX_CONDITION:
            raise ValueError("response: the white balance and colour matrix have no inverse; give a matrix instead")
        else:
            matrix = np.linalg.inv(isp_color)
        rows = dict(zip("RGB", matrix, strict=True))
        if isinstance(self.response, InverseIspResponse):
            if self.response.infrared is not None:
                rows["I"] = np.array(self.response.infrared)
            for stage in reversed(isp):
                rows = stage.response_before(rows)
        response = {"kind": "matrix", "matrix": [rows[color].tolist() for color in "RGB"]}
        others = {"clear": "C", "infrared": "I"}
        response |= {name: rows[letter].tolist() for name, letter in others.items() if letter in rows}
        return own.replace({"response": response})

    def parts(self) -> dict[str, Spec]:
        """What has knobs, by path: ``sensor``, ``sensor.black_drift`` ..."""
        effects = {f"sensor.{name}": getattr(self, name) for name in EFFECTS}
        return {"sensor": self} | {path: spec for path, spec in effects.items() if spec is not None}

    def with_parts(self, parts: Mapping[str, Spec]) -> Sensor:
        """The same sensor of (some) other parts, by path.

        Raises:
            ValueError: they do not fit together.
        """
        own = parts.get("sensor", self)
        effects = {
            path.removeprefix("sensor."): part.model_dump()
            for path, part in parts.items()
            if path.startswith("sensor.")
        }
        return own.replace(effects) if effects else own  # type: ignore[return-value]
