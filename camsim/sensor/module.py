"""The module that turns a scene into a mosaic: one effect after the other, or all in one pass."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from camsim.cfa import mosaic
from camsim.kernels.memory import empty
from camsim.sensor import fused_device
from camsim.sensor.adc import quantize
from camsim.sensor.adc_noise import adc_noise
from camsim.sensor.adc_nonlinearity import AdcNonlinearityEffect
from camsim.sensor.black_drift import BlackDriftEffect
from camsim.sensor.blooming import BloomingEffect
from camsim.sensor.column_noise import column_noise
from camsim.sensor.container import justify
from camsim.sensor.dark_current import dark_electrons
from camsim.sensor.digital_gain import digital_gain
from camsim.sensor.dsnu import dsnu
from camsim.sensor.effect import Effect
from camsim.sensor.full_well import saturate
from camsim.sensor.fused import Readout, capture, capture_dn
from camsim.sensor.fused_gradient import capture_with_gradient
from camsim.sensor.gain import amplify
from camsim.sensor.hdr import HdrEffect, hdr_effect
from camsim.sensor.hot_pixels import HotPixelsEffect
from camsim.sensor.missing_noise import PresentNoise, add_shot_noise, missing_noise
from camsim.sensor.prnu import prnu
from camsim.sensor.random import SampleId, draw_name, noise_keys, reading_name
from camsim.sensor.read_noise import read_noise
from camsim.sensor.response import MatrixResponse, respond
from camsim.sensor.rolling_shutter import RollingShutterEffect
from camsim.sensor.row_noise import row_noise
from camsim.sensor.sensor import EFFECTS, Sensor
from camsim.sensor.shot_noise import shot_noise
from camsim.sensor.stuck_pixels import StuckPixelsEffect
from camsim.sensor.tukey_lambda import tukey_lambda_noise

FURTHER = (
    *("row_noise", "column_noise", "prnu", "dsnu", "dark_current"),
    *("analog_gain", "adc_noise", "digital_gain", "read_noise_shape", *EFFECTS),
)
"""What a sensor may have beyond what a profile must state."""


class SensorModule(Effect):
    """Scene to mosaic; its parameters are the knobs of a resolved `Sensor`, its children the effects."""

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
    analog_gain: Tensor | None
    adc_noise: Tensor | None
    digital_gain: Tensor | None
    read_noise_shape: Tensor | None

    def __init__(self, spec: Sensor, fused: bool = False) -> None:
        super().__init__(spec)
        if spec.exposure is None or not isinstance(spec.response, MatrixResponse):
            raise ValueError("needs a resolved sensor; see Profile.resolve")
        self.fused = fused
        """Whether the fused pass is used where it is possible; see `can_fuse`."""
        self.cfa = spec.cfa
        self.bit_depth = spec.bit_depth
        self.justification = spec.justification
        self.unit = spec.unit or 0
        self.reference_temperature = spec.reference_temperature
        self.hot_pixels = None if spec.hot_pixels is None else HotPixelsEffect(spec.hot_pixels)
        self.blooming = None if spec.blooming is None else BloomingEffect(spec.blooming)
        self.adc_nonlinearity = (
            None if spec.adc_nonlinearity is None else AdcNonlinearityEffect(spec.adc_nonlinearity, spec.bit_depth)
        )
        self.stuck_pixels = None if spec.stuck_pixels is None else StuckPixelsEffect(spec.stuck_pixels)
        self.black_drift = None if spec.black_drift is None else BlackDriftEffect(spec.black_drift)
        self.rolling_shutter = None if spec.rolling_shutter is None else RollingShutterEffect(spec.rolling_shutter)
        self.hdr = None if spec.hdr is None else hdr_effect(spec.hdr, spec.bit_depth, spec.word_bits)
        self.further = tuple(name for name in FURTHER if getattr(spec, name) is not None)
        """Its effects beyond what a profile must state."""
        self.beyond_fused = tuple(name for name in self.further if name not in fused_device.KNOWN)
        """Those that the fused pass does not know."""
        self.register_buffer("response", torch.tensor(spec.response.rows(spec.cfa), dtype=torch.float64))

    def forward(
        self, scene: Tensor, seed: int | None, ids: Sequence[SampleId], noise: PresentNoise | None = None
    ) -> Tensor:
        """(B, 3, H, W) linear light -> (B, 1, H, W) DN in the container.

        ``seed=None`` leaves temporal noise out; dark current and the unit's fixed patterns are no noise, and stay. Of a
        scene that brings ``noise``, only what is missing is added (`missing_noise`).
        """
        if noise is not None or not (self.fused and self.can_fuse(scene)):
            return self.stage_by_stage(scene, seed, ids, noise)
        if not self.further:
            keys = None if seed is None else noise_keys(seed, ids)
            return capture(scene, self._knobs(), self.response, keys, self._readout())
        return capture_with_gradient(self, scene, seed, ids)

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
            out = empty(shape, torch.uint16, scene.device)
        elif out.shape != shape or out.dtype != torch.uint16 or out.device != scene.device:
            raise ValueError(
                f"out must be {shape}, torch.uint16 on {scene.device}, "
                f"got {tuple(out.shape)}, {out.dtype} on {out.device}"
            )
        with torch.no_grad():
            if self.fused and self.can_fuse(scene):
                if self.further:
                    return fused_device.capture_readings(self, scene, seed, ids, out)
                keys = None if seed is None else noise_keys(seed, ids)
                return capture_dn(scene, self._knobs(), self.response, keys, self._readout(), out)
            return out.copy_(self.stage_by_stage(scene, seed, ids))

    def can_fuse(self, scene: Tensor) -> bool:
        """Whether the fused pass can take this scene: three colours, float32 on the CPU, not traced, no gradient for
        the response, no effect that it does not know."""
        tensors = (scene, *((*self.parameters(), *self.buffers()) if self.further else (*self._knobs(), self.response)))
        return (
            not self.beyond_fused
            and scene.dim() == 4
            and scene.shape[1] == 3
            and all(tensor.dtype is torch.float32 and tensor.is_cpu for tensor in tensors)
            and not torch.compiler.is_compiling()
            and not torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
            and not self.response.requires_grad
        )

    def _knobs(self) -> tuple[Tensor, ...]:
        return self.black_level, self.system_gain, self.full_well, self.read_noise, self.exposure

    def _readout(self) -> Readout:
        return Readout(self.cfa, 2**self.bit_depth - 1, self.justification)

    def stage_by_stage(
        self, scene: Tensor, seed: int | None, ids: Sequence[SampleId], noise: PresentNoise | None = None
    ) -> Tensor:
        """`forward` effect by effect, in torch: the definition of what the fused passes compute."""
        if self.rolling_shutter is not None:
            scene = self.rolling_shutter.moved(scene)
        light = self.exposure * mosaic(respond(scene, self.response), self.cfa)
        if self.rolling_shutter is not None:
            phases = None if seed is None else noise_keys(seed, ids, "flicker")
            light = self.rolling_shutter.lit(light, self.exposure_time, phases)
        if self.hdr is not None:
            return self._merged(self.hdr, light, seed, ids)
        electrons = self._collected(light)
        sigma = self.read_noise
        if seed is not None and noise is None:
            electrons = shot_noise(electrons, noise_keys(seed, ids))
        elif seed is not None and noise is not None:
            present = noise.electrons(self.response, self.exposure, self.cfa)
            shot, share = missing_noise(electrons, present, self.read_noise)
            electrons, sigma = add_shot_noise(electrons, shot, noise_keys(seed, ids)), sigma * share
        return justify(self._read(self._held(electrons, self.full_well), sigma, seed, ids), self.justification)

    def _merged(self, hdr: HdrEffect, light: Tensor, seed: int | None, ids: Sequence[SampleId]) -> Tensor:
        """All readings of a HDR sensor: expected e- of light in the first photodiode -> DN in the container."""
        charges = []
        for number, diode in enumerate(hdr.photodiodes(self.full_well)):
            electrons = self._collected(light * diode.sensitivity)
            if seed is not None:
                electrons = shot_noise(electrons, noise_keys(seed, ids, draw_name("pixel", number)))
            charges.append(self._held(electrons, diode.full_well))
        readings = [
            self._read(charges[reading.photodiode], reading.read_noise, seed, ids, reading.gain, number)
            for number, reading in enumerate(hdr.readings(self.read_noise))
        ]
        return hdr.written(readings, hdr.light_gains(self.full_well, self.read_noise), self.black_level)

    def _held(self, electrons: Tensor, full_well: Tensor) -> Tensor:
        """What a photodiode holds at the end of the exposure of what it collected, and its dark signal: e-."""
        held = saturate(electrons, full_well) if self.blooming is None else self.blooming(electrons, full_well)
        return held if self.dsnu is None else dsnu(held, self.dsnu, self.unit)

    def _read(
        self,
        electrons: Tensor,
        sigma: Tensor,
        seed: int | None,
        ids: Sequence[SampleId],
        gain: Tensor | None = None,
        number: int = 0,
    ) -> Tensor:
        """Electrons -> DN at the native bit depth, in the reading of a number, at a gain over that of the first."""
        if seed is not None:
            keys = noise_keys(seed, ids, reading_name(number))
            if self.read_noise_shape is None:
                electrons = read_noise(electrons, sigma, keys)
            else:
                electrons = tukey_lambda_noise(electrons, sigma, self.read_noise_shape, keys)
        if seed is not None and self.row_noise is not None:
            electrons = row_noise(electrons, self.row_noise, noise_keys(seed, ids, draw_name("row", number)))
        if seed is not None and self.column_noise is not None:
            electrons = column_noise(electrons, self.column_noise, noise_keys(seed, ids, draw_name("column", number)))
        return self._converted(electrons if gain is None else electrons * gain, seed, ids, number)

    def _converted(self, electrons: Tensor, seed: int | None, ids: Sequence[SampleId], number: int) -> Tensor:
        """Electrons as they are read out -> DN at the native bit depth; (B, 1, H, W)."""
        gain = self.system_gain if self.analog_gain is None else self.system_gain * self.analog_gain
        dn = amplify(electrons, gain, self.black_level)
        if self.black_drift is not None:
            dn = self.black_drift(dn, self.warmth(), seed, ids)
        if seed is not None and self.adc_noise is not None:
            dn = adc_noise(dn, self.adc_noise, noise_keys(seed, ids, draw_name("adc", number)))
        if self.adc_nonlinearity is not None:
            dn = self.adc_nonlinearity(dn)
        dn = quantize(dn, self.bit_depth)
        if self.stuck_pixels is not None:
            dn = self.stuck_pixels(dn, self.unit, 2**self.bit_depth - 1)
        if self.digital_gain is not None:
            dn = digital_gain(dn, self.digital_gain, self.black_level, self.bit_depth)
        return dn

    def warmth(self) -> Tensor | None:
        """K above the reference temperature, (); None: the profile states no temperature."""
        if self.temperature is None or self.reference_temperature is None:
            return None
        reference = torch.tensor(self.reference_temperature, device=self.temperature.device)
        return self.temperature - reference.to(self.temperature)

    def dark_signal(self, height: int, width: int) -> Tensor | None:
        """e- of warmth that pixels are expected to collect, () or (1, 1, height, width); None: there are none."""
        rate = self.dark_current
        if self.hot_pixels is not None:
            hot = self.hot_pixels(self.unit, height, width)
            rate = hot if rate is None else rate + hot
        if rate is None or self.exposure_time is None:
            return None
        if self.temperature is None or self.doubling is None or self.reference_temperature is None:
            return rate * self.exposure_time
        reference = torch.tensor(self.reference_temperature, device=self.temperature.device).to(self.temperature)
        return dark_electrons(rate, self.exposure_time, self.temperature, reference, self.doubling)

    def _collected(self, light: Tensor) -> Tensor:
        """What the pixels are expected to collect: e- of light and of warmth; (B, 1, H, W)."""
        electrons = light if self.prnu is None else prnu(light, self.prnu, self.unit)
        dark = self.dark_signal(light.shape[-2], light.shape[-1])
        return electrons if dark is None else electrons + dark
