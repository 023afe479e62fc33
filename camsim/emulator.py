"""Compile a profile into an emulator: a torch module from scene to mosaic to display image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from camsim import catalog
from camsim.errors import CamsimError
from camsim.fused import FusedIsp
from camsim.lowering import LoweringError
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

    def __init__(self, profile: Profile, fused: bool | None = None) -> None:
        super().__init__()
        self.profile = profile
        self.sensor = SensorModule(profile.resolved_sensor())
        self.isp = Isp(profile)
        self._wants_fused = fused
        self._fused: FusedIsp | LoweringError | None = None

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

    def develop(self, raw: Tensor, *, dtype: torch.dtype | None = None, out: Tensor | None = None) -> Tensor:
        """What the ISP makes of a mosaic.

        Args:
            raw: (B, 1, H, W) DN as they lie in the container, of this profile's CFA phase; at least 2x2. Mosaics of
                integers are taken as they are.
            dtype: of the image: None for that of the knobs; torch.uint8 for true 8-bit rounding of values limited to
                [0, 1], without a gradient.
            out: (B, 3, H, W) contiguous memory to write into, of that dtype; without a gradient. For large frames,
                fresh memory costs more than the computation.

        Returns:
            (B, 3, H, W) display-encoded, in [0, 1] where the chain clips; 0..255 for torch.uint8.

        Raises:
            ValueError: wrong shape, DN that this device cannot give, or an ``out`` that does not fit.
            CamsimError: ``fused=True`` was asked for, and is not possible here.
        """
        _check_shape(raw, 1, "raw")
        check_dn(raw, self.profile)
        knob = next(self.parameters())
        if dtype not in (None, knob.dtype, torch.uint8):
            raise ValueError(f"dtype must be None, {knob.dtype} or torch.uint8, got {dtype}")
        as_bytes = dtype is torch.uint8
        if out is not None:
            _check_out(out, (raw.shape[0], 3, *raw.shape[-2:]), torch.uint8 if as_bytes else knob.dtype)
        with_gradient = torch.is_grad_enabled() and not as_bytes and out is None
        with_gradient = with_gradient and (raw.requires_grad or any(p.requires_grad for p in self.isp.parameters()))
        fused = self._fused_isp(raw)
        if fused is not None and not with_gradient:
            mosaic = raw if raw.dtype in (torch.float32, torch.uint16) else raw.to(torch.float32)
            return fused.develop(mosaic, as_bytes=as_bytes, out=out)
        if fused is not None and fused.has_gradient:
            return fused.develop_with_gradient(raw.to(torch.float32))
        image: Tensor = self.isp(raw.to(knob.dtype))
        if as_bytes:
            image = (image.clamp(0, 1) * 255).round().to(torch.uint8)
        return image if out is None else out.copy_(image)

    def _fused_isp(self, raw: Tensor) -> FusedIsp | None:
        """The fused path, where it is wanted and possible for this mosaic."""
        if self._wants_fused is False:
            return None
        knob = next(self.isp.parameters())
        reason = _not_fusable(raw, knob)
        if reason is None:
            if self._fused is None:
                try:
                    self._fused = FusedIsp(self.isp.stages(), self.profile.raw_format.cfa)
                except LoweringError as error:
                    self._fused = error
            if isinstance(self._fused, FusedIsp):
                return self._fused
            reason = str(self._fused)
        if self._wants_fused:
            raise CamsimError(f"{self.profile.name}: fused=True is not possible: {reason}")
        return None

    def __getstate__(self) -> dict[str, object]:
        """What is copied or sent to another process: all but the program, which is quickly made anew."""
        return self.__dict__ | {"_fused": None}

    def forward(self, scene: Tensor, seed: int | None = 0, ids: Sequence[SampleId] | None = None) -> Tensor:
        """``isp(capture(scene))``: (B, 3, H, W) linear light -> (B, 3, H, W) display-encoded."""
        return self.develop(self.capture(scene, seed, ids))


def compile(
    profile: Profile | str | Path,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
    fused: bool | None = None,
) -> Emulator:
    """Make an emulator of a device.

    Args:
        profile: a `Profile`, the name of one that ships with camsim, or a YAML file.
        dtype: of the knobs, and so of the computation: torch.float32 or torch.float64. Ask for it here rather than
            with ``.double()``, which would keep values already rounded to float32.
        device: where the knobs live.
        fused: None: in one pass over rows where that is possible (float32 on the CPU, and not while torch.compile or
            torch.export looks on), else stage by stage; both give the same values but for rounding. False: always
            stage by stage. True: refuse what cannot be fused.

    Raises:
        CamsimError: no such profile, an invalid one, or one that cannot be fused as asked.
    """
    if dtype not in (torch.float32, torch.float64):
        raise CamsimError(f"dtype must be torch.float32 or torch.float64, got {dtype}")
    found = profile if isinstance(profile, Profile) else catalog.load(profile)
    camera = Emulator(found, fused).to(dtype=dtype, device=device)
    if fused:
        camera._fused_isp(torch.empty(1, 1, 2, 2, device=device))
    return camera


def check_dn(raw: Tensor, profile: Profile) -> None:
    """Refuse a mosaic whose numbers this device cannot give.

    Raises:
        ValueError: NaN, negative DN, DN above the container's full scale, or values already scaled to [0, 1].
    """
    if raw.dtype is torch.uint16:  # torch cannot compare these
        numbers = raw.cpu().numpy()
        low, high = float(numbers.min()), float(numbers.max())
    else:
        low, high = (limit.item() for limit in raw.detach().aminmax())
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


def _not_fusable(raw: Tensor, knob: Tensor) -> str | None:
    """Why the fused path cannot take this mosaic with these knobs, if it cannot."""
    if torch.compiler.is_compiling():
        return "torch.compile and torch.export look into the stages"
    if raw.device.type != "cpu" or knob.device.type != "cpu":
        return f"it runs on the CPU, not on {raw.device} with knobs on {knob.device}"
    if knob.dtype != torch.float32 or raw.dtype == torch.float64:
        return f"it computes in torch.float32, not in {knob.dtype} with a mosaic of {raw.dtype}"
    return None


def _check_out(out: Tensor, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    if tuple(out.shape) != shape or out.dtype != dtype or not out.is_contiguous():
        raise ValueError(
            f"out must be contiguous, of shape {shape} and {dtype}, got {tuple(out.shape)}, {out.dtype}"
            f"{'' if out.is_contiguous() else ', not contiguous'}"
        )


def _check_shape(image: Tensor, channels: int, name: str) -> None:
    if image.ndim != 4 or image.shape[1] != channels or min(image.shape[-2:]) < 2 or image.shape[0] < 1:
        raise ValueError(f"{name} needs the shape (B, {channels}, H, W), at least 2x2, got {tuple(image.shape)}")
