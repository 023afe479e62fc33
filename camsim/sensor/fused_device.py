"""A sensor with further effects as the numbers, maps and keys that its fused pass takes."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from camsim.sensor.adc_nonlinearity import S_PEAK, AdcNonlinearityEffect
from camsim.sensor.draws import standard_normal
from camsim.sensor.fused_readings import Bends, Conversion, Device, Draws, FixedMaps, Frames, Merge, padded, read_out
from camsim.sensor.random import SampleId, draw_name, noise_keys, reading_name
from camsim.sensor.tukey_lambda import tukey_deviation
from camsim.sensor.unit import fixed_pattern, kept_map

if TYPE_CHECKING:
    from camsim.sensor.module import SensorModule

KNOWN = (
    *("row_noise", "column_noise", "prnu", "dsnu", "dark_current", "analog_gain", "adc_noise", "digital_gain"),
    *("read_noise_shape", "rolling_shutter", "hot_pixels", "blooming", "black_drift", "adc_nonlinearity"),
    *("stuck_pixels", "hdr"),
)
"""Effects that the pass takes: a sensor with another one goes the plain path until the kernels know it."""


def capture_readings(
    camera: SensorModule, scene: Tensor, seed: int | None, ids: Sequence[SampleId], out: Tensor
) -> Tensor:
    """(B, 3, H, W) light -> (B, 1, H, W) DN in ``out``, float32 or uint16; no gradient.

    Args:
        camera: whose knobs are float32 on the CPU, like the scene; see `SensorModule.can_fuse`.
        scene: linear light.
        seed: of the noise; None: no temporal noise.
        ids: of the samples.
        out: room for the result.

    Raises:
        ValueError: not one id for each sample.
    """
    if seed is not None and len(ids) != scene.shape[0]:
        raise ValueError(f"needs one key for each of {scene.shape[0]} samples, got {len(ids)}")
    with torch.no_grad():
        device, height, width = _kept_device(camera), scene.shape[2], scene.shape[3]
        maps = _maps(camera, height, width)
        draws = None if seed is None else _draws(camera, device, seed, ids, height, width)
        if camera.rolling_shutter is not None:
            scene = camera.rolling_shutter.moved(scene)
        frames = Frames(_pedestals(camera, seed, ids, scene.shape[0]), _row_light(camera, seed, ids, scene))
        return read_out(scene, device, maps, draws, frames, out)


def knobs_of(module: nn.Module) -> list[Tensor]:
    """Its parameters, one for each name: two knobs may be the same tensor."""
    return [knob for _, knob in module.named_parameters(remove_duplicate=False)]


def _number(knob: Tensor | None, otherwise: float = 0.0) -> float:
    return otherwise if knob is None else float(knob)


_devices: WeakKeyDictionary[SensorModule, tuple[list[object], Device]] = WeakKeyDictionary()


def _kept_device(camera: SensorModule) -> Device:
    """That of the last call, unless some number has changed since: for small frames it costs more than the pass."""
    fixed = () if camera.hdr is None else camera.hdr.buffers()
    numbers: list[object] = [knob.tolist() for knob in (*knobs_of(camera), camera.response, *fixed)]
    if camera.adc_nonlinearity is not None and camera.adc_nonlinearity.table is not None:
        numbers.append(camera.adc_nonlinearity.table.data_ptr())  # too long to compare; the device keeps its memory
    known, device = _devices.get(camera, (None, None))
    if device is None or known != numbers:
        device = _device(camera)
        _devices[camera] = numbers, device
    return device


def _device(camera: SensorModule) -> Device:
    diodes, conversions, merge = [(1.0, float(camera.full_well))], [Conversion(0, float(camera.read_noise), 1, 1)], None
    if camera.hdr is not None:
        photodiodes = camera.hdr.photodiodes(camera.full_well)
        diodes = [(float(one.sensitivity), float(one.full_well)) for one in photodiodes]
        gains = camera.hdr.light_gains(camera.full_well, camera.read_noise)
        conversions = [
            Conversion(one.photodiode, float(one.read_noise), float(one.gain), float(light_gain))
            for one, light_gain in zip(camera.hdr.readings(camera.read_noise), gains, strict=True)
        ]
        trusted, blend = camera.hdr.thresholds(camera.black_level)
        merge = Merge(
            trusted=trusted.numpy(),
            blend=None if blend is None else blend.numpy(),
            largest=2**camera.hdr.bits - 1,
            knees=camera.hdr.pieces().numpy(),
            largest_word=2**camera.hdr.word_bits - 1,
        )
    tails = None
    if camera.read_noise_shape is not None:
        tails = float(camera.read_noise_shape), 1 / float(tukey_deviation(camera.read_noise_shape.double()))
    dark = camera.dark_signal(1, 1) if camera.hot_pixels is None else None
    gain = camera.system_gain if camera.analog_gain is None else camera.system_gain * camera.analog_gain
    return Device(
        cfa=camera.cfa,
        response=camera.response.clone(),
        black_level=camera.black_level.numpy().copy(),
        exposure=float(camera.exposure),
        photodiodes=diodes,
        conversions=conversions,
        gain=float(gain),
        largest=2**camera.bit_depth - 1,
        factor=camera.justification if merge is None else 1,
        prnu=0.0 if camera.prnu is None else float(camera.prnu / 100),
        dark=_number(dark),
        dsnu=_number(camera.dsnu),
        row_noise=_number(camera.row_noise),
        column_noise=_number(camera.column_noise),
        adc_noise=None if camera.adc_noise is None else float(camera.adc_noise),
        tails=tails,
        drained=None if camera.blooming is None else float(camera.blooming.drained),
        bends=None if camera.adc_nonlinearity is None else _bends(camera.adc_nonlinearity),
        digital_gain=None if camera.digital_gain is None else float(camera.digital_gain),
        merge=merge,
    )


def _bends(effect: AdcNonlinearityEffect) -> Bends:
    return Bends(
        bow=float(effect.bow),
        s_bend=float(effect.s_bend) / S_PEAK,
        ripple=float(effect.ripple),
        periods=effect.periods,
        dnl=_number(effect.dnl) / math.sqrt(2),
        # One of its own: that of the module may be given other memory.
        steps=None if effect.dnl is None or effect.table is None else effect.table.detach().contiguous(),
    )


def _maps(camera: SensorModule, height: int, width: int) -> FixedMaps:
    """Made once for a unit, a frame size and the knobs that they depend on."""
    unit, size, largest = camera.unit, (height, width), 2**camera.bit_depth - 1

    def pattern(effect: str) -> Tensor:
        return kept_map((effect, unit, *size), lambda: padded(fixed_pattern(unit, effect, *size)))

    dark = stuck = None
    if camera.hot_pixels is not None:
        climate = (camera.dark_current, camera.exposure_time, camera.temperature, camera.doubling)
        knobs = (*knobs_of(camera.hot_pixels), *climate)
        name: Hashable = ("dark", unit, *size, camera.reference_temperature, *map(_known, knobs))
        dark = kept_map(name, lambda: padded(_present(camera.dark_signal(*size))))
    if camera.stuck_pixels is not None:
        shares, effect = knobs_of(camera.stuck_pixels), camera.stuck_pixels
        name = ("stuck", unit, *size, largest, *map(_known, shares))
        stuck = kept_map(name, lambda: padded(effect(torch.full((1, 1, *size), -1.0, device="cpu"), unit, largest)))
    return FixedMaps(
        prnu=None if camera.prnu is None else pattern("prnu"),
        dsnu=None if camera.dsnu is None else pattern("dsnu"),
        dark=dark,
        stuck=stuck,
    )


def _known(knob: Tensor | None) -> float | None:
    return None if knob is None else float(knob)


def _present(image: Tensor | None) -> Tensor:
    if image is None:
        raise ValueError("hot pixels need exposure_time")
    return image


def _draws(camera: SensorModule, device: Device, seed: int, ids: Sequence[SampleId], height: int, width: int) -> Draws:
    readings = range(len(device.conversions))

    def keys(names: Sequence[str]) -> Tensor:
        return torch.cat([noise_keys(seed, ids, name) for name in names])

    def lines(effect: str, count: int) -> Tensor:
        own = keys([draw_name(effect, number) for number in readings])
        return standard_normal(own, 1, count).reshape(len(readings), len(ids), count)

    charges = [draw_name("pixel", number) for number in range(len(device.photodiodes))]
    converters = [draw_name("adc", number) for number in readings] if device.adc_noise is not None else []
    return Draws(
        keys=keys([*charges, *map(reading_name, readings), *converters]),
        rows=None if camera.row_noise is None else lines("row", height),
        columns=None if camera.column_noise is None else padded(lines("column", width)),
    )


def _pedestals(
    camera: SensorModule, seed: int | None, ids: Sequence[SampleId], samples: int
) -> NDArray[np.float32] | None:
    if camera.black_drift is None:
        return None
    drift: Tensor = camera.black_drift(torch.zeros(samples, 1, 1, 1, device="cpu"), camera.warmth(), seed, ids)
    return drift.flatten().numpy()


def _row_light(camera: SensorModule, seed: int | None, ids: Sequence[SampleId], scene: Tensor) -> Tensor | None:
    """What flickering light makes of each row, (B, H); each frame by itself, so that no batch can change it."""
    shutter, height = camera.rolling_shutter, scene.shape[2]
    if shutter is None or shutter.flicker_depth is None:
        return None
    phases = [None] * len(scene) if seed is None else torch.split(noise_keys(seed, ids, "flicker"), 1)
    rows = [shutter.lit(torch.ones(1, 1, height, 1, device="cpu"), camera.exposure_time, phase) for phase in phases]
    return torch.cat(rows).reshape(len(scene), height)
