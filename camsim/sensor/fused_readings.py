"""Sensors with further effects in one pass over rows, for float32 on the CPU, without a gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.kernels.memory import empty
from camsim.sensor.fused import site_columns, site_table, wide

Single = np.float32
"""Numbers are made of one another as torch makes them: in float32."""


@dataclass(frozen=True)
class Merge:
    """How several readings become one code; see `camsim.sensor.hdr.HdrEffect.written`."""

    trusted: NDArray[np.float32]
    """(4,) DN of each site, up to which a reading counts."""
    blend: NDArray[np.float32] | None
    """(4,) DN, over which a reading gives way to the next; None: all at once."""
    largest: int
    """DN of the linear code."""
    knees: NDArray[np.float32]
    """(N, 3): where each piece of the companding begins, its value there, its slope; N = 0: none."""
    largest_word: int


@dataclass(frozen=True)
class Conversion:
    """One reading of a photodiode."""

    photodiode: int
    read_noise: float
    """e- rms."""
    gain: float
    """Over that of the first reading."""
    light_gain: float
    """DN for the same light, over those of the first reading."""


@dataclass(frozen=True)
class Bends:
    """What makes a converter's codes stray from a straight line; see `camsim.sensor.adc_nonlinearity`."""

    bow: float
    s_bend: float
    """Factor of x (1 - x) (1 - 2x), DN."""
    ripple: float
    periods: int
    dnl: float
    """Factor of ``steps``, DN."""
    steps: Tensor | None
    """(codes + 1,) float32 standard normal."""


@dataclass(frozen=True)
class FixedMaps:
    """What is fixed for the unit, each (H, W) float32 at least 16 wide, or None."""

    prnu: Tensor | None = None
    """Standard normal."""
    dsnu: Tensor | None = None
    """Standard normal."""
    dark: Tensor | None = None
    """e- of warmth, in place of one number for all."""
    stuck: Tensor | None = None
    """DN of pixels that are stuck, below 0 elsewhere."""


@dataclass(frozen=True)
class Draws:
    """Keys and numbers of a batch that are new with each frame."""

    keys: Tensor
    """(D + 2 R times B,) of `noise_keys`: of D photodiodes' charges, of R readings and of their ADC noise."""
    rows: Tensor | None
    """(R, B, H) standard normal."""
    columns: Tensor | None
    """(R, B, W) standard normal, at least 16 wide."""


@dataclass(frozen=True)
class Frames:
    """What sets one frame apart from the next beside its noise."""

    pedestals: NDArray[np.float32] | None
    """(B,) DN beyond the black level."""
    row_light: Tensor | None
    """(B, H) factors of the light."""


@dataclass(frozen=True)
class Device:
    """All that a sensor does to light. Numbers of effects that it does not have are 0, gains 1."""

    cfa: str
    response: Tensor
    """(N, 3)."""
    black_level: NDArray[np.float32]
    """(4,) DN."""
    exposure: float
    photodiodes: Sequence[tuple[float, float]]
    """Sensitivity over that of the first, and full well in e-."""
    conversions: Sequence[Conversion]
    gain: float
    """DN/e-."""
    largest: int
    """DN of the ADC."""
    factor: int
    """Of the justification."""
    prnu: float
    """Standard deviation, 1."""
    dark: float
    """e- of warmth in each pixel."""
    dsnu: float
    """e-."""
    row_noise: float
    """e-."""
    column_noise: float
    """e-."""
    adc_noise: float | None
    """DN."""
    tails: tuple[float, float] | None
    """Tukey's lambda of the read noise, and what makes its standard deviation 1; None: Gaussian."""
    bends: Bends | None
    drained: float | None
    """Share of what full pixels run over with that is taken away; None: all of it."""
    digital_gain: float | None
    merge: Merge | None

    @cached_property
    def arrays(self) -> _Arrays:
        """The same as the kernel takes it."""
        return _arrays(self)


@dataclass(frozen=True)
class _Arrays:
    """Memory that the plan of a pass points at."""

    plan: NDArray[np.int64]
    """See `camsim.kernels.readings`; a pass adds what belongs to its scene."""
    side: int
    kept: tuple[NDArray[np.float32] | NDArray[np.int64] | Tensor, ...]


def _arrays(device: Device) -> _Arrays:
    from camsim.kernels.readings import plan as kernel

    merge = device.merge
    nothing = np.zeros(4, Single)
    blend = None if merge is None else merge.blend
    levels = [device.black_level, nothing if merge is None else merge.trusted, nothing if blend is None else blend]
    side, places = site_table(device.cfa, len(levels))
    sites = torch.cat([device.response.detach().flatten(), torch.from_numpy(np.concatenate(levels))])[places]
    numbers = np.zeros(kernel.MORE_NUMBERS, Single)
    for place, value in (
        *((kernel.EXPOSURE, device.exposure), (kernel.PRNU, device.prnu), (kernel.DARK, device.dark)),
        *((kernel.DSNU, device.dsnu), (kernel.ROW, device.row_noise), (kernel.COLUMN, device.column_noise)),
        *(
            (kernel.ADC, device.adc_noise or 0.0),
            (kernel.DIGITAL, 1.0 if device.digital_gain is None else device.digital_gain),
        ),
        *((kernel.GAIN, device.gain), (kernel.TOP, device.largest), (kernel.FACTOR, device.factor)),
        *((kernel.TOP_CODE, merge.largest if merge else 0), (kernel.TOP_WORD, merge.largest_word if merge else 0)),
    ):
        numbers[place] = value
    steps = None
    if device.tails is not None:
        numbers[[kernel.SHAPE, kernel.TAIL_FACTOR]] = device.tails
    if device.bends is not None:
        bends, steps = device.bends, device.bends.steps
        numbers[[kernel.BOW, kernel.S_BEND, kernel.RIPPLE]] = bends.bow, bends.s_bend, bends.ripple
        numbers[[kernel.PERIODS, kernel.DNL]] = bends.periods, bends.dnl
    diodes = np.array(device.photodiodes, Single)
    own = np.array([(one.read_noise, one.gain, one.light_gain) for one in device.conversions], Single)
    diode_of = np.array([one.photodiode for one in device.conversions], np.int64)
    knees = np.zeros((0, 3), Single) if merge is None else np.ascontiguousarray(merge.knees)
    plan = np.zeros(kernel.PLAN, np.int64)
    plan[[kernel.SIDE, kernel.DIODES, kernel.READINGS, kernel.KNEES]] = side, len(diodes), len(own), len(knees)
    plan[kernel.HAS_ADC_NOISE] = device.adc_noise is not None
    plan[kernel.HAS_DIGITAL_GAIN] = device.digital_gain is not None
    plan[kernel.IS_BLENDED] = blend is not None
    plan[kernel.HAS_TAILS], plan[kernel.IS_BENT] = device.tails is not None, device.bends is not None
    plan[kernel.SITES], plan[kernel.STEPS] = sites.data_ptr(), 0 if steps is None else steps.data_ptr()
    for slot, array in (
        *((kernel.NUMBERS, numbers), (kernel.DIODE_NUMBERS, diodes), (kernel.READING_NUMBERS, own)),
        *((kernel.PLACES, diode_of), (kernel.KNEE_NUMBERS, knees)),
    ):
        plan[slot] = array.ctypes.data
    pointed_at = (sites, numbers, diodes, own, diode_of, knees)
    return _Arrays(plan, side, pointed_at if steps is None else (*pointed_at, steps))


def padded(image: Tensor) -> Tensor:
    """(..., H, W) in float32, contiguous and at least 16 wide."""
    return wide(image.to(torch.float32))


def read_out(
    scene: Tensor,
    device: Device,
    maps: FixedMaps,
    draws: Draws | None,
    frames: Frames,
    out: Tensor,
) -> Tensor:
    """(B, 3, H, W) light -> (B, 1, H, W) DN in ``out``, float32 or uint16.

    Args:
        scene: float32 on the CPU.
        device: what the sensor does.
        maps: what is fixed for the unit.
        draws: what is new with each frame; None: no noise.
        frames: what differs from frame to frame.
        out: room for the result.
    """
    from camsim.kernels.capture import ROWS
    from camsim.kernels.readings import plan as kernel
    from camsim.kernels.readings.run import run
    from camsim.kernels.threads import run_tiles

    scene_rows = wide(scene)
    samples, _, height, pitch = scene_rows.shape
    direct = pitch == scene.shape[3] and out.is_contiguous()
    room = out if direct else empty((samples, 1, height, pitch), out.dtype, out.device)
    arrays = device.arrays  # held until the pass is over: another thread may put others in their place
    columns = site_columns(pitch, arrays.side, kernel.SITE_VECTORS)
    plan = arrays.plan.copy()
    plan[kernel.SAMPLES], plan[kernel.HEIGHT], plan[kernel.PITCH] = samples, height, pitch
    plan[kernel.WIDTH], plan[kernel.OUT_IS_UINT16] = scene.shape[3], out.dtype == torch.uint16
    tensors: tuple[tuple[int, Tensor | None], ...] = (
        *((kernel.SCENE, scene_rows), (kernel.OUT, room), (kernel.COLUMNS, columns)),
        *((kernel.PRNU_MAP, maps.prnu), (kernel.DSNU_MAP, maps.dsnu), (kernel.DARK_MAP, maps.dark)),
        *((kernel.STUCK_MAP, maps.stuck), (kernel.ROW_LIGHT, frames.row_light)),
    )
    if draws is not None:
        drawn = ((kernel.KEYS, draws.keys), (kernel.ROW_NUMBERS, draws.rows), (kernel.COLUMN_NUMBERS, draws.columns))
        tensors = (*tensors, *drawn)
    for slot, tensor in tensors:
        plan[slot] = 0 if tensor is None else tensor.data_ptr()
    plan[kernel.PEDESTALS] = 0 if frames.pedestals is None else frames.pedestals.ctypes.data
    address, tiles = plan.ctypes.data, samples * -(-height // ROWS)
    if device.drained is not None:
        charges = empty((len(device.photodiodes), samples, 1, height, pitch), torch.float32, scene.device)
        plan[kernel.CHARGES], plan[kernel.IS_COLLECTING] = charges.data_ptr(), 1
        run_tiles(lambda first, last: run(first, last, address), tiles)
        for charge, (_, full_well) in zip(charges, device.photodiodes, strict=True):
            _bloom(charge, full_well, device.drained)
        plan[kernel.IS_COLLECTING] = 0
    run_tiles(lambda first, last: run(first, last, address), tiles)
    return out if direct else out.copy_(room[..., : scene.shape[3]])


def _bloom(charge: Tensor, full_well: float, drained: float) -> None:
    """(B, 1, H, W) e- as collected become e- as held, in their own place."""
    from camsim.kernels.readings.blooming import GROUP, run
    from camsim.kernels.threads import run_tiles

    samples, _, height, pitch = charge.shape
    frames = (charge.data_ptr(), height, pitch, full_well, drained)
    run_tiles(lambda first, last: run(first, last, *frames), samples * -(-pitch // GROUP))
