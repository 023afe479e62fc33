"""Compile a profile into an emulator: a torch module from scene to mosaic to display image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from camsim import catalog
from camsim.cfa import period
from camsim.checks import check_dn, check_noise, check_out, check_scene, check_shape
from camsim.display import eight_bit
from camsim.errors import CamsimError, did_you_mean
from camsim.fused import FusedIsp
from camsim.isp.kernel_path import has_tangent
from camsim.lowering import LoweringError
from camsim.optics import OpticsModule
from camsim.profile import Profile
from camsim.segments import Segments, Step
from camsim.sensor import SampleId, SensorModule
from camsim.sensor.missing_noise import PresentNoise
from camsim.spec import Knob, Stage
from camsim.tiling import TILE, TILED_FROM, can_tile, chain_reach, develop_tiled


class Isp(nn.Module):
    """The ISP chain: (B, 1, H, W) DN to (B, 3, H', W') display-encoded; its children are the stages, by name.

    H' and W' are those of `Profile.output_size`: H and W, unless a stage changes the size.

    It goes stage by stage and checks nothing, so that it can be traced, vmapped and exported; `Emulator.develop` checks
    its input first, and is the quick way.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        for name, stage in zip(profile.stage_names(), profile.built_isp(), strict=True):
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
    """A camera device. Its parameters are the profile's knobs, under the same names, and the weights of a network.

    Turn a knob for one call with ``torch.func.functional_call(camera, {"isp.white_balance.gains": gains}, (scene,))``.
    """

    def __init__(self, profile: Profile, fused: bool | None = None) -> None:
        super().__init__()
        self.profile = profile
        self.optics = None if profile.optics is None else OpticsModule(profile.optics)
        self.sensor = SensorModule(profile.resolved_sensor(), fused=fused is not False)
        self.isp = Isp(profile)
        self._wants_fused = fused
        self._period = max(2, period(profile.raw_format.cfa))
        self._reach = chain_reach(profile.resolved_isp(), self._period)
        self._can_tile = all(can_tile(stage) for stage in profile.isp)
        self._fused: FusedIsp | LoweringError | None = None
        self._cut: dict[bool, Segments] = {}

    @property
    def knobs(self) -> dict[str, Knob]:
        """Every knob by name: value now, unit, bounds, plausible range."""
        values = dict(self.named_parameters())
        return {
            name: replace(knob, value=values[name].detach().cpu().double().numpy())
            for name, knob in self.profile.knobs().items()
        }

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of what `develop` gives for a mosaic of that height and width, and so of what comes of a
        scene: the same, unless a stage of the ISP changes them."""
        return self.profile.output_size(height, width)

    def capture(
        self,
        scene: Tensor,
        seed: int | None = 0,
        ids: Sequence[SampleId] | None = None,
        *,
        dtype: torch.dtype | None = None,
        noise: PresentNoise | None = None,
    ) -> Tensor:
        """What the optics and the sensor make of a scene.

        Args:
            scene: (B, 3, H, W) linear light, sRGB primaries, 1.0 = diffuse white; at least 2x2.
            seed: of the noise; None leaves temporal noise out (the ADC still rounds; dark current and the fixed
                patterns of the unit stay).
            ids: one name for each sample. Noise depends on (seed, id) alone, not on the batch; left out, the ids are
                0, 1, 2 ...
            dtype: of the mosaic: None for that of the knobs; torch.uint16 for the integers that it holds, without a
                gradient.
            noise: what the scene brings along of the sensor that measured it (`camsim.scene_from_raw`): only what is
                missing to this device's shot and read noise is added. None: the scene is free of noise.

        Returns:
            (B, 1, H, W) DN as they lie in the container.

        Raises:
            ValueError: wrong shape, integers, NaN or infinity, or not one id for each sample.
            CamsimError: ``fused=True`` was asked for, and is not possible here; or noise that this device's optics
                would change, or whose share its sensor cannot tell.
        """
        check_scene(scene)
        names = list(range(scene.shape[0])) if ids is None else list(ids)
        if len(names) != scene.shape[0]:
            raise ValueError(f"needs one id for each of {scene.shape[0]} samples, got {len(names)}")
        light = self._through_optics(scene.to(next(self.parameters()).dtype))
        if noise is not None:
            if self._wants_fused:
                raise CamsimError(f"{self.profile.name}: fused=True is not possible: the scene brings noise along")
            dn: Tensor = self.sensor(light, seed, names, check_noise(noise, scene, self.profile))
            return dn.to(torch.uint16) if dtype is torch.uint16 else dn
        if self._wants_fused and not self.sensor.can_fuse(light):
            unknown = [f"the fused pass knows no {name}" for name in self.sensor.beyond_fused]
            reason = _not_fusable(scene, next(self.parameters())) or next(
                iter(unknown), "the response asks for a gradient"
            )
            raise CamsimError(f"{self.profile.name}: fused=True is not possible: {reason}")
        if dtype is torch.uint16:
            return self.sensor.capture_uint16(light, seed, names)
        if dtype not in (None, light.dtype):
            raise ValueError(f"dtype must be None, {light.dtype} or torch.uint16, got {dtype}")
        result: Tensor = self.sensor(light, seed, names)
        return result

    def capture_uint16(self, scene: Tensor, seed: int | None, ids: Sequence[SampleId]) -> Tensor:
        """`capture` to torch.uint16 without its checks, for scenes in the knobs' dtype that are known to be right."""
        with torch.no_grad():
            return self.sensor.capture_uint16(self._through_optics(scene), seed, ids)

    def _through_optics(self, scene: Tensor) -> Tensor:
        if self.optics is None:
            return scene
        light: Tensor = self.optics(scene)
        return light

    def develop(self, raw: Tensor, *, dtype: torch.dtype | None = None, out: Tensor | None = None) -> Tensor:
        """What the ISP makes of a mosaic.

        Args:
            raw: (B, 1, H, W) DN as they lie in the container, of this profile's CFA phase; at least 2x2; floats or
                integers.
            dtype: of the image: None for that of the knobs; torch.uint8 for true 8-bit rounding of values limited to
                [0, 1], without a gradient.
            out: (B, 3, H', W') contiguous memory to write into, of that dtype; without a gradient. For large frames,
                fresh memory costs more than the computation.

        Returns:
            (B, 3, H', W'), of the height and width of `output_size`, display-encoded, in [0, 1] where the chain clips;
            0..255 for torch.uint8.

        Raises:
            ValueError: wrong shape, DN that this device cannot give, or an ``out`` that does not fit.
            CamsimError: ``fused=True`` was asked for, and is not possible here.
        """
        check_shape(raw, 1, "raw")
        knob = next(self.parameters())
        if dtype not in (None, knob.dtype, torch.uint8):
            raise ValueError(f"dtype must be None, {knob.dtype} or torch.uint8, got {dtype}")
        as_bytes = dtype is torch.uint8
        if out is not None:
            shape = (raw.shape[0], 3, *self.output_size(*raw.shape[-2:]))
            check_out(out, shape, torch.uint8 if as_bytes else knob.dtype, raw.device)
        wants_gradient = not as_bytes and out is None and self._wants_gradient(raw)
        fused, check = self._fused_isp(raw), partial(check_dn, raw, self.profile)
        if fused is not None and not wants_gradient:
            return fused.develop(raw, as_bytes=as_bytes, out=out, check=check)
        if fused is None or (wants_gradient and not fused.has_gradient):
            segments = self._segments(raw, wants_gradient)
            if segments is not None:
                with torch.set_grad_enabled(wants_gradient and torch.is_grad_enabled()):
                    return segments(raw, as_bytes=as_bytes, out=out, check=check)
        check()
        if fused is not None and fused.has_gradient:
            return fused.develop_with_gradient(raw.to(torch.float32))
        image = self._plain(raw.to(knob.dtype))
        if as_bytes:
            image = eight_bit(image).to(torch.uint8)
        return image if out is None else out.copy_(image.detach())

    def develop_each(self, raw: Tensor, knobs: Mapping[str, Tensor]) -> Tensor:
        """Develop the same mosaics with several settings in one call, as a search does.

        Args:
            raw: (B, 1, H, W) DN; see `develop`.
            knobs: (K, ...) values for each of some knobs of the ISP, by name; the others stay as they are.

        Returns:
            (K, B, 3, H', W') display-encoded, of the size of `output_size`. Kernels of filters keep the size that the
            profile gives them. A gradient reaches the values given here, and nothing else.

        Raises:
            ValueError: no such knob of the ISP, values of another shape, or a mosaic that wants a gradient; and see
                `develop`.
        """
        if raw.requires_grad:
            raise ValueError("develop_each has no gradient for the mosaic; detach it, or call develop for each setting")
        known = {name: knob for name, knob in self.named_parameters() if name.startswith("isp.")}
        for name, values in knobs.items():
            if name not in known:
                raise ValueError(f"{name!r} is not a knob of the ISP{did_you_mean(name, known)}")
            if values.shape[1:] != known[name].shape or values.shape[0] != next(iter(knobs.values())).shape[0]:
                wanted = ("K", *known[name].shape)
                raise ValueError(
                    f"{name} needs values of shape {wanted}, K the same for all, got {tuple(values.shape)}"
                )
        if not knobs:
            raise ValueError("needs the values of at least one knob")

        def one(values: dict[str, Tensor]) -> Tensor:
            result: Tensor = torch.func.functional_call(self, values, (raw,), {"mosaic": True})
            return result

        turned = {name: values.to(known[name].dtype) for name, values in knobs.items()}
        wants_gradient = torch.is_grad_enabled() and any(values.requires_grad for values in turned.values())
        with torch.set_grad_enabled(wants_gradient):
            return torch.func.vmap(one)(turned)

    def forward(
        self, scene: Tensor, seed: int | None = 0, ids: Sequence[SampleId] | None = None, *, mosaic: bool = False
    ) -> Tensor:
        """``develop(capture(scene))``: (B, 3, H, W) linear light -> (B, 3, H', W') display-encoded, see `output_size`.

        With ``mosaic=True`` what comes in is the mosaic, so that ``torch.func.functional_call`` can turn knobs for
        `develop` alone.
        """
        if mosaic:
            return self.develop(scene)
        keeps_gradient = self._wants_gradient(scene) or next(self.parameters()).dtype != torch.float32
        return self.develop(self.capture(scene, seed, ids, dtype=None if keeps_gradient else torch.uint16))

    def _wants_gradient(self, image: Tensor) -> bool:
        if torch.is_grad_enabled() and (image.requires_grad or any(p.requires_grad for p in self.parameters())):
            return True
        return forward_ad._current_level >= 0 and any(map(has_tangent, (image, *self.parameters())))

    def _plain(self, raw: Tensor) -> Tensor:
        """Stage by stage; on the CPU, large frames tile by tile, so that they stay in its cache."""
        small = raw.device.type != "cpu" or raw.numel() < TILED_FROM
        if small or not self._can_tile or torch.compiler.is_compiling():
            image: Tensor = self.isp(raw)
            return image
        return develop_tiled(self.isp, raw, self._reach, TILE - TILE % self._period, self._period)

    def _fused_isp(self, raw: Tensor) -> FusedIsp | None:
        """The fused path, where it is wanted and possible for this mosaic."""
        if self._wants_fused is False:
            return None
        reason = _not_fusable(raw, next(self.parameters()))
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

    def _segments(self, raw: Tensor, backwards: bool) -> Segments | None:
        """The chain in pieces, for pictures or for gradients, where some of them are fused for this mosaic."""
        if self._wants_fused is not None or _not_fusable(raw, next(self.parameters())) is not None:
            return None
        found = self._cut.get(backwards)
        if found is None:
            parts = (self.isp.stages().items(), self.profile.resolved_isp(), self.profile.mosaics())
            steps = [Step(name, stage, spec, cfa) for (name, stage), spec, cfa in zip(*parts, strict=True)]
            found = self._cut[backwards] = Segments(steps, backwards=backwards)
        return found if found.are_worth_it else None

    @property
    def is_fused(self) -> bool:
        """Whether mosaics of 16 bits on the CPU are developed in one pass over rows, each frame by itself."""
        return self._fused_isp(torch.empty(1, 1, 2, 2)) is not None

    @property
    def captures_frame_by_frame(self) -> bool:
        """Whether scenes in float32 on the CPU become mosaics of 16 bits in one pass, each frame by itself."""
        return self.optics is None and self.sensor.can_fuse(torch.empty(1, 3, 2, 2))

    def __getstate__(self) -> dict[str, object]:
        """What is copied or sent to another process: all but the program, which is quickly made anew."""
        return self.__dict__ | {"_fused": None, "_cut": {}}


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
            torch.export looks on); else in several, with the stages between them that have no such form; else stage by
            stage. All give the same values but for rounding. False: always stage by stage. True: refuse what is not
            one pass; gradients that this pass has not, such as those of a median, then go stage by stage.

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


def _not_fusable(image: Tensor, knob: Tensor) -> str | None:
    """Why the fused path cannot take this image with these knobs, if it cannot."""
    if torch.compiler.is_compiling():
        return "torch.compile and torch.export look into the stages"
    if image.device.type != "cpu" or knob.device.type != "cpu":
        return f"it runs on the CPU, not on {image.device} with knobs on {knob.device}"
    if knob.dtype != torch.float32 or image.dtype == torch.float64:
        return f"it computes in torch.float32, not in {knob.dtype} with an image of {image.dtype}"
    return None
