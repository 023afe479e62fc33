"""The sensor as a profile states it, and the module that turns a scene into a mosaic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, Strict, model_validator
from torch import Tensor, nn

from camsim.cfa import Bayer, RawFormat, mosaic
from camsim.sensor.adc import quantize
from camsim.sensor.column_noise import column_noise
from camsim.sensor.container import Container, justify
from camsim.sensor.dark_current import dark_electrons
from camsim.sensor.dsnu import dsnu
from camsim.sensor.full_well import saturate
from camsim.sensor.fused import Readout, capture, capture_dn
from camsim.sensor.gain import amplify
from camsim.sensor.prnu import prnu
from camsim.sensor.random import SampleId, noise_keys
from camsim.sensor.read_noise import read_noise
from camsim.sensor.response import MatrixResponse, Response, respond
from camsim.sensor.row_noise import row_noise
from camsim.sensor.shot_noise import shot_noise
from camsim.spec import PerSite, Quantity, Range, Spec, four_sites

MAX_CONDITION = 1e6
"""Of the ISP's colour conversion, for its inverse to make sense as a camera's response."""
BEYOND_FUSED = ("row_noise", "column_noise", "prnu", "dsnu", "dark_current")
"""Effects that the fused pass does not know: a sensor with one of them goes the plain path."""


class Sensor(Spec):
    """``sensor:`` of a profile. DN are at the native bit depth, before justification in the container."""

    cfa: Bayer
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
    """How long dark current is collected; ``exposure`` says how much light is."""
    temperature: Annotated[float | None, Quantity("degC", -60, 125, Range(absolute=10))] = None
    """Of the sensor."""
    reference_temperature: Annotated[float | None, Field(ge=-60, le=125)] = None
    """degC, where ``dark_current`` was measured."""
    doubling: Annotated[float | None, Quantity("K", 1, 50, Range(relative=0.15))] = None
    """Rise in temperature that doubles the dark current."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        climate = ("temperature", "reference_temperature", "doubling")
        given = [name for name in climate if getattr(self, name) is not None]
        if given and len(given) < len(climate):
            missing = [name for name in climate if name not in given]
            raise ValueError(f"{' and '.join(given)} given without {' and '.join(missing)}; give all three or none")
        if self.dark_current is not None and self.exposure_time is None:
            raise ValueError("dark_current needs exposure_time, in s")
        if self.dark_current is None and (given or self.exposure_time is not None):
            idle = given[0] if given else "exposure_time"
            raise ValueError(f"{idle} changes nothing without dark_current; give that too, or leave it out")
        if self.unit is not None and self.prnu is None and self.dsnu is None:
            raise ValueError("unit changes nothing without prnu or dsnu; give one of them, or leave it out")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        top = 2**self.bit_depth - 1
        if self.container is not None and self.container.bits < self.bit_depth:
            raise ValueError(f"container.bits is {self.container.bits}, less than bit_depth {self.bit_depth}")
        for white, black in zip(four_sites(self.white_level), four_sites(self.black_level), strict=True):
            if not black < white <= top:
                raise ValueError(
                    f"needs black_level < white_level <= {top} (bit_depth {self.bit_depth}), "
                    f"got black_level {black:g} and white_level {white:g}; levels are in DN at the native bit depth"
                )
        return self

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
            tuple(level * factor for level in four_sites(levels)) for levels in (self.black_level, self.white_level)
        )
        bits = self.bit_depth if self.container is None else self.container.bits
        return RawFormat(self.cfa, black, white, float(2**bits - 1))  # type: ignore[arg-type]

    def resolve(self, isp_color: NDArray[np.float64]) -> Sensor:
        """The same sensor with everything written out that is left to defaults.

        Args:
            isp_color: (3, 3), what the profile's white balance and colour matrix do together.

        Raises:
            ValueError: it has no inverse, and the response is to be that inverse.
        """
        given = (self.black_level, self.white_level)
        if (
            all(isinstance(level, tuple) for level in given)
            and self.exposure is not None
            and isinstance(self.response, MatrixResponse)
        ):
            return self
        changes: dict[str, object] = {
            "black_level": four_sites(self.black_level),
            "white_level": four_sites(self.white_level),
        }
        if self.exposure is None:
            spans = [w - b for w, b in zip(four_sites(self.white_level), four_sites(self.black_level), strict=True)]
            changes["exposure"] = sum(spans) / 4 / self.system_gain
        if not isinstance(self.response, MatrixResponse):
            if np.linalg.cond(isp_color) > MAX_CONDITION:
                raise ValueError("response: the white balance and colour matrix have no inverse; give a matrix instead")
            changes["response"] = {"kind": "matrix", "matrix": np.linalg.inv(isp_color).tolist()}
        return self.replace(changes)


class SensorModule(nn.Module):
    """Scene to mosaic; its parameters are the knobs of a resolved `Sensor`."""

    black_level: Tensor
    system_gain: Tensor
    full_well: Tensor
    read_noise: Tensor
    exposure: Tensor
    response: Tensor
    row_noise: Tensor | None
    column_noise: Tensor | None
    prnu: Tensor | None
    dsnu: Tensor | None
    dark_current: Tensor | None
    exposure_time: Tensor | None
    temperature: Tensor | None
    doubling: Tensor | None

    def __init__(self, spec: Sensor, fused: bool = False) -> None:
        super().__init__()
        if spec.exposure is None or not isinstance(spec.response, MatrixResponse):
            raise ValueError("needs a resolved sensor; see Profile.resolve")
        self.fused = fused
        """Whether the fused pass is used where it is possible; see `can_fuse`."""
        self.cfa: Bayer = spec.cfa
        self.bit_depth = spec.bit_depth
        self.justification = spec.justification
        self.unit = spec.unit or 0
        self.reference_temperature = spec.reference_temperature
        knobs = spec.knobs()
        for name in spec.quantities():
            known = torch.as_tensor(knobs[name], dtype=torch.float64).clone() if name in knobs else None
            self.register_parameter(name, None if known is None else nn.Parameter(known))
        self.beyond_fused = tuple(name for name in BEYOND_FUSED if name in knobs)
        """The effects it has that the fused pass does not know."""
        self.register_buffer("response", torch.tensor(spec.response.matrix, dtype=torch.float64))

    def forward(self, scene: Tensor, seed: int | None, ids: Sequence[SampleId]) -> Tensor:
        """(B, 3, H, W) linear light -> (B, 1, H, W) DN in the container.

        ``seed=None`` leaves temporal noise out; dark current and the unit's fixed patterns are no noise, and stay.
        """
        if self.fused and self.can_fuse(scene):
            keys = None if seed is None else noise_keys(seed, ids)
            return capture(scene, self._knobs(), self.response, keys, self._readout())
        return self._plain(scene, seed, ids)

    def capture_uint16(
        self, scene: Tensor, seed: int | None, ids: Sequence[SampleId], out: Tensor | None = None
    ) -> Tensor:
        """The same DN as uint16, without a gradient.

        Args:
            scene: (B, 3, H, W) linear light.
            seed: of the noise.
            ids: of the samples.
            out: (B, 1, H, W) uint16 to fill on the scene's device: large frames spend most of their time on new memory.

        Returns:
            (B, 1, H, W) uint16; ``out`` where it is given.

        Raises:
            ValueError: ``out`` has another shape, type or device.
        """
        shape = (scene.shape[0], 1, *scene.shape[2:])
        if out is None:
            out = torch.empty(shape, dtype=torch.uint16, device=scene.device)
        elif out.shape != shape or out.dtype != torch.uint16 or out.device != scene.device:
            raise ValueError(
                f"out must be {shape}, torch.uint16 on {scene.device}, "
                f"got {tuple(out.shape)}, {out.dtype} on {out.device}"
            )
        with torch.no_grad():
            if self.fused and self.can_fuse(scene):
                keys = None if seed is None else noise_keys(seed, ids)
                return capture_dn(scene, self._knobs(), self.response, keys, self._readout(), out)
            return out.copy_(self._plain(scene, seed, ids))

    def can_fuse(self, scene: Tensor) -> bool:
        """Whether the fused pass can take this scene: float32 on the CPU, not traced, no gradient for the response,
        no effect that it does not know."""
        tensors = (scene, self.response, *self._knobs())
        return (
            not self.beyond_fused
            and all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in tensors)
            and not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
            and not self.response.requires_grad
        )

    def _knobs(self) -> tuple[Tensor, ...]:
        return self.black_level, self.system_gain, self.full_well, self.read_noise, self.exposure

    def _readout(self) -> Readout:
        return Readout(self.cfa, 2**self.bit_depth - 1, self.justification)

    def _plain(self, scene: Tensor, seed: int | None, ids: Sequence[SampleId]) -> Tensor:
        electrons = self._collected(self.exposure * mosaic(respond(scene, self.response), self.cfa))
        keys = None if seed is None else noise_keys(seed, ids)
        if keys is not None:
            electrons = shot_noise(electrons, keys)
        electrons = saturate(electrons, self.full_well)
        if self.dsnu is not None:
            electrons = dsnu(electrons, self.dsnu, self.unit)
        if keys is not None:
            electrons = read_noise(electrons, self.read_noise, keys)
        if seed is not None and self.row_noise is not None:
            electrons = row_noise(electrons, self.row_noise, noise_keys(seed, ids, "row"))
        if seed is not None and self.column_noise is not None:
            electrons = column_noise(electrons, self.column_noise, noise_keys(seed, ids, "column"))
        return justify(
            quantize(amplify(electrons, self.system_gain, self.black_level), self.bit_depth), self.justification
        )

    def _collected(self, light: Tensor) -> Tensor:
        """What the pixels are expected to collect: e- of light and of warmth; (B, 1, H, W)."""
        electrons = light if self.prnu is None else prnu(light, self.prnu, self.unit)
        if self.dark_current is None or self.exposure_time is None:
            return electrons
        if self.temperature is None or self.doubling is None or self.reference_temperature is None:
            return electrons + self.dark_current * self.exposure_time
        reference = torch.tensor(self.reference_temperature).to(self.temperature)
        return electrons + dark_electrons(
            self.dark_current, self.exposure_time, self.temperature, reference, self.doubling
        )
