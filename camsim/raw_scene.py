"""RAW of one device as the scene for another, with the noise that it brings along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from camsim.cfa import BAYER, mosaic, per_site, phases
from camsim.errors import CamsimError
from camsim.isp import demosaic_half_size
from camsim.linear_sensor import LinearSensor
from camsim.profile import Profile
from camsim.rawio import RawFile, orient, read_raw
from camsim.sensor import SensorModule
from camsim.sensor.missing_noise import PresentNoise
from camsim.sensor.response import respond

_AVERAGED = torch.tensor([1.0, 0.5, 1.0], dtype=torch.float64)[:, None, None]
"""Factor on the variance: a cell has two greens."""


@dataclass(frozen=True)
class RawScene:
    """A scene as a sensor measured it.

    >>> scene = camsim.scene_from_raw("photo.dng", camsim.load("still/nikon-d5000"))
    >>> raw = camera.capture(scene.light, seed=0, noise=scene.noise)
    """

    light: Tensor
    """(1, 3, H, W) linear light, sRGB primaries, one pixel for each 2x2 cell; below 0 where noise takes it there."""
    noise: PresentNoise | None
    """Of the device that took it; None: not known."""
    notes: tuple[str, ...]
    """What was done and left, for people."""

    def exposed(self, ev: float) -> RawScene:
        """The same scene 2^ev times as bright."""
        noise = None if self.noise is None else self.noise.exposed(2.0**ev)
        return replace(self, light=self.light * 2.0**ev, noise=noise)


def scene_from_raw(path: Path | str, device: Profile | None = None) -> RawScene:
    """Read a RAW file as a scene for another device.

    Black level, exposure and the response of the device that took it are undone. The four pixels of each 2x2 cell
    become one, the two greens averaged, and nothing is interpolated: the noise of neighbours stays independent, and its
    variance is known. Highlights are cut where the first channel of a neutral saturates, so that they stay neutral.

    Args:
        path: a camera file; with a device also a TIFF, PNG or .npy mosaic in its DN.
        device: that took it, with its gain and noise; 1.0 is what exposes its sensor as its ``exposure`` says.
            None: the file's own levels, white balance and matrix; 1.0 saturates green; its noise is not known.

    Raises:
        CamsimError: unreadable; not a Bayer mosaic; without colour, where no device is given; or not of this device.
    """
    path = Path(path)
    raw = read_raw(path)
    height, width = (side // 2 * 2 for side in raw.mosaic.shape)
    if min(height, width) < 4:
        raise CamsimError(f"{path}: {raw.mosaic.shape[1]}x{raw.mosaic.shape[0]} is too small for a scene")
    dn = torch.from_numpy(raw.mosaic[:height, :width]).double()[None, None]
    return _as_file_says(path, raw, dn) if device is None else _of_device(path, raw, dn, device)


def _of_device(path: Path, raw: RawFile, dn: Tensor, device: Profile) -> RawScene:
    sensor = LinearSensor.of(device, f"{path}: as shot by {device.name}")
    form = device.raw_format
    if form.cfa not in BAYER:
        raise CamsimError(
            f"{path}: {device.name} has the CFA {form.cfa}; cells of 2x2 are binned, which needs a Bayer CFA"
        )
    check_format(path, raw, device)
    low, high = float(dn.min()), float(dn.max())
    if not (low >= 0 and high <= form.full_scale):
        raise CamsimError(
            f"{path}: its values reach from {low:g} to {high:g}, but {device.name} gives DN from 0 to "
            f"{form.full_scale:g}; give the device that took it"
        )
    pedestal = per_site(sensor.black + sensor.offset, *dn.shape[-2:])
    electrons = (dn - pedestal) / sensor.gain
    camera = demosaic_half_size(electrons / sensor.exposure, form.cfa)
    # The estimate of the signal is off by its noise, but right on average, also below 0.
    variance = (camera * sensor.exposure + sensor.dark_variance).clamp_min(0) * _AVERAGED / sensor.exposure**2
    neutral = sensor.response.sum(dim=1)
    if neutral.min() <= 0:
        raise CamsimError(f"{path}: {device.name} does not respond to white in all channels; give another device")
    limit = (sensor.brightest / neutral).min() * neutral[:, None, None]
    cut = camera > limit
    scene = torch.linalg.inv(sensor.response)
    light = torch.einsum("oc,bchw->bohw", scene, torch.minimum(camera, limit))
    margin = 3 * sensor.dark_variance**0.5 / sensor.exposure  # a full pixel varies by no more than what reads it
    variance = torch.where(camera > limit - margin, 0, variance)
    notes = (
        f"as shot by {device.name}: {sensor.gain:.4g} DN/e-, {sensor.dark_variance**0.5:.3g} e- in the dark",
        *_cut_note(cut),
    )
    noise = PresentNoise(orient(variance, raw.flip).float(), scene)
    return RawScene(orient(light, raw.flip).float(), noise, notes)


def _as_file_says(path: Path, raw: RawFile, dn: Tensor) -> RawScene:
    if raw.cfa is None or raw.black is None or raw.white is None:
        raise CamsimError(f"{path}: a plain mosaic says nothing of its camera; name the device: --as-shot-by PROFILE")
    if raw.cfa not in BAYER:
        raise CamsimError(f"{path}: its CFA is {raw.cfa}; cells of 2x2 are binned, which needs a Bayer CFA")
    if raw.white_balance is None or raw.camera_to_srgb is None:
        raise CamsimError(f"{path}: has no white balance or colour matrix; name the device: --as-shot-by PROFILE")
    black = per_site(torch.tensor(raw.black, dtype=torch.float64), *dn.shape[-2:])
    camera = demosaic_half_size((dn - black) / (raw.white - black), raw.cfa)
    balanced = camera * torch.tensor(raw.white_balance, dtype=torch.float64)[:, None, None]
    cut = balanced > 1
    light = torch.einsum("oc,bchw->bohw", torch.from_numpy(raw.camera_to_srgb), balanced.clamp_max(1))
    notes = ("its noise is not known and stays, below what the device adds; --as-shot-by PROFILE tells it",)
    return RawScene(orient(light, raw.flip).float(), None, (*notes, *_cut_note(cut)))


def _cut_note(cut: Tensor) -> Iterator[str]:
    share = float(cut.any(dim=1).double().mean())
    if share:
        yield f"{100 * share:.2g} % of it is cut to neutral, since a channel saturated or would before the others"


def check_format(path: Path, raw: RawFile, device: Profile) -> None:
    """Refuse a camera file whose own statements contradict the profile; a plain mosaic states nothing.

    Raises:
        CamsimError: another CFA, white or black level.
    """
    expected = device.raw_format
    problems = []
    if raw.cfa is not None and raw.cfa != expected.cfa:
        hint = f" (the same at another phase: copy the profile, with cfa: {raw.cfa})"
        same = raw.cfa in phases(expected.cfa)
        problems.append(f"its CFA is {raw.cfa}, the profile's is {expected.cfa}{hint if same else ''}")
    if raw.white is not None and not 0.5 <= raw.white / max(expected.white) <= 2:
        problems.append(f"its white level is {raw.white:g} DN, the profile's is {max(expected.white):g} DN")
    if raw.black is not None and raw.white is not None:
        apart = max(abs(own - other) for own, other in zip(raw.black, expected.black, strict=True))
        if apart > 0.02 * raw.white:
            shown = ", ".join(f"{level:g}" for level in raw.black)
            wanted = ", ".join(f"{level:g}" for level in expected.black)
            problems.append(f"its black level is [{shown}] DN, the profile's is [{wanted}] DN")
    if problems:
        raise CamsimError(
            f"{path} does not fit profile {device.name}: {'; '.join(problems)}; choose the profile of its camera"
        )


def nothing_added(sensor: SensorModule, scene: RawScene) -> float:
    """Share of the pixels that get no noise from this sensor, since they bring at least as much; 0 to 1.

    There the picture is noisier than this device's would be.
    """
    if scene.noise is None:
        return 0.0
    with torch.no_grad():
        light = scene.light.to(sensor.exposure)
        electrons = sensor.exposure * mosaic(respond(light, sensor.response), sensor.cfa)
        present = scene.noise.electrons(sensor.response, sensor.exposure, sensor.cfa)
        return float((present >= electrons + sensor.read_noise**2).double().mean())
