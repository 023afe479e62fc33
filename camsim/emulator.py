"""Compile a profile into an emulator: a torch module from scene to mosaic to display image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from camsim import catalog
from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.sensor import SampleId, SensorModule
from camsim.spec import Knob, Stage


class Isp(nn.Module):
    """The ISP chain: (B, 1, H, W) DN to (B, 3, H, W) display-encoded; its children are the stages, by name.

    It checks nothing, so that it can be traced, vmapped and exported; `Emulator.develop` checks its input first.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        stages = [spec.build(profile.raw_format) for spec in profile.resolved_isp()]
        for name, stage in zip(profile.stage_names(), stages, strict=True):
            self.add_module(name, stage)

    def stages(self) -> dict[str, Stage]:
        """The stages by name, in order."""
        return {name: module for name, module in self.named_children() if isinstance(module, Stage)}

    def forward(self, raw: Tensor) -> Tensor:
        image = raw
        for stage in self.children():
            image = stage(image)
        return image


class Emulator(nn.Module):
    """A camera device. Its parameters are the profile's knobs, under the same names.

    Turn a knob for one call with ``torch.func.functional_call(camera, {"isp.white_balance.gains": gains}, (scene,))``.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile
        self.sensor = SensorModule(profile.resolved_sensor())
        self.isp = Isp(profile)

    @property
    def knobs(self) -> dict[str, Knob]:
        """Every knob by name: value now, unit, bounds, plausible range."""
        values = dict(self.named_parameters())
        return {
            name: replace(knob, value=values[name].detach().cpu().double().numpy())
            for name, knob in self.profile.knobs().items()
        }

    def capture(self, scene: Tensor, seed: int | None = 0, ids: Sequence[SampleId] | None = None) -> Tensor:
        """What the sensor makes of a scene.

        Args:
            scene: (B, 3, H, W) linear light, sRGB primaries, 1.0 = diffuse white; at least 2x2.
            seed: of the noise; None leaves shot and read noise out (the ADC still rounds).
            ids: one name for each sample. Noise depends on (seed, id) alone, not on the batch; left out, the ids are
                0, 1, 2 ...

        Returns:
            (B, 1, H, W) DN as they lie in the container.

        Raises:
            ValueError: wrong shape, integers, NaN or infinity, or not one id for each sample.
        """
        _check_shape(scene, 3, "scene")
        if not scene.is_floating_point():
            raise ValueError(
                f"the scene needs floating-point light, got {scene.dtype}; an image goes through unprocess"
            )
        if not torch.isfinite(scene).all():
            raise ValueError("the scene has NaN or infinite values")
        names = list(range(scene.shape[0])) if ids is None else list(ids)
        if len(names) != scene.shape[0]:
            raise ValueError(f"needs one id for each of {scene.shape[0]} samples, got {len(names)}")
        result: Tensor = self.sensor(scene.to(next(self.parameters()).dtype), seed, names)
        return result

    def develop(self, raw: Tensor) -> Tensor:
        """What the ISP makes of a mosaic.

        Args:
            raw: (B, 1, H, W) DN as they lie in the container, of this profile's CFA phase; at least 2x2. Integer
                mosaics are converted.

        Returns:
            (B, 3, H, W) display-encoded, in [0, 1] where the chain clips.

        Raises:
            ValueError: wrong shape or DN that this device cannot give.
        """
        _check_shape(raw, 1, "raw")
        check_dn(raw, self.profile)
        parameter = next(self.parameters())
        result: Tensor = self.isp(raw.to(parameter.dtype))
        return result

    def forward(self, scene: Tensor, seed: int | None = 0, ids: Sequence[SampleId] | None = None) -> Tensor:
        """``isp(capture(scene))``: (B, 3, H, W) linear light -> (B, 3, H, W) display-encoded."""
        result: Tensor = self.isp(self.capture(scene, seed, ids))
        return result


def compile(
    profile: Profile | str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Emulator:
    """Make an emulator of a device.

    Args:
        profile: a `Profile`, the name of one that ships with camsim, or a YAML file.
        dtype: of the knobs, and so of the computation: torch.float32 or torch.float64. Ask for it here rather than
            with ``.double()``, which would keep values already rounded to float32.
        device: where the knobs live.

    Raises:
        CamsimError: no such profile, or an invalid one.
    """
    if dtype not in (torch.float32, torch.float64):
        raise CamsimError(f"dtype must be torch.float32 or torch.float64, got {dtype}")
    found = profile if isinstance(profile, Profile) else catalog.load(profile)
    return Emulator(found).to(dtype=dtype, device=device)


def check_dn(raw: Tensor, profile: Profile) -> None:
    """Refuse a mosaic whose numbers this device cannot give.

    Raises:
        ValueError: NaN, negative DN, DN above the container's full scale, or values already scaled to [0, 1].
    """
    numbers = raw if raw.is_floating_point() else raw.float()  # torch cannot compare uint16
    low, high = numbers.min().item(), numbers.max().item()
    full = profile.raw_format.full_scale
    if not (low >= 0 and high <= full):
        raise ValueError(
            f"the mosaic's values reach from {low:g} to {high:g}, but {profile.name} gives DN from 0 to {full:g}; "
            "check the bit depth and justification"
        )
    if raw.is_floating_point() and 0 < high <= 1 and bool((raw != raw.round()).any()):
        raise ValueError(
            f"the mosaic's values lie in [0, 1]; {profile.name} takes DN from 0 to {full:g}: multiply by {full:g}"
        )


def _check_shape(image: Tensor, channels: int, name: str) -> None:
    if image.ndim != 4 or image.shape[1] != channels or min(image.shape[-2:]) < 2 or image.shape[0] < 1:
        raise ValueError(f"{name} needs the shape (B, {channels}, H, W), at least 2x2, got {tuple(image.shape)}")
