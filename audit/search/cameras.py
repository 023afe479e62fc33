"""Cameras of a search: quickly turned from one setting to the next, and differentiated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import Camera, open_camera
from audit.images import as_images
from audit.search.mixed import Choice, MixedSpace, Setting
from audit.search.scenes import Scenes
from camsim import Emulator

_KEPT = 64
"""Emulators that a search keeps."""


class Cameras:
    """The camera of each setting of a space. Only the latest one is valid: they share their emulators."""

    def __init__(self, space: MixedSpace) -> None:
        self._space = space
        self._kept: dict[tuple[Choice, tuple[int, ...]], Emulator] = {}

    def at(self, setting: Setting) -> Camera:
        """The camera as it comes out of compiling the profile at that setting.

        Raises:
            ValueError: the setting is no valid profile.
        """
        profile = self._space.at(setting)
        # Knobs enter an emulator as its parameters, and as the sizes of its kernels: with the same sizes it is enough
        # to write the parameters, which takes a fraction of the time.
        key = setting.choice, tuple(stage.reach for stage in profile.isp)
        emulator = self._kept.pop(key, None)
        if emulator is None:
            camera = open_camera(profile)
        else:
            emulator.profile = profile
            parameters = dict(emulator.named_parameters())
            with torch.no_grad():
                for name, value in self._space.space(setting.choice).knobs_at(setting.point).items():
                    parameters[name].copy_(torch.as_tensor(value, dtype=torch.float64))
            camera = Camera(profile, emulator)
        self._kept[key] = camera.emulator  # at the end: the one used last goes last
        if len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return camera


def knob_gradients(
    camera: Camera,
    scenes: Scenes,
    names: Sequence[str],
    objective: Callable[[Tensor, tuple[str, ...]], Tensor],
) -> dict[str, NDArray[np.float64]]:
    """The gradient of a sum over samples with regard to knobs.

    What goes into the objective is exactly the picture that the camera hands out, with its true ADC and 8-bit rounding;
    backward, both pass the gradient straight through, and limits have their true one.

    Args:
        camera: where the gradient is taken.
        scenes: the samples.
        names: of the knobs.
        objective: pictures (B, 3, H, W) in [0, 1] and the ids of their samples -> a scalar, summed over the batches.

    Returns:
        For each knob an array of its shape; it holds NaN or infinity where the objective's gradient does.
    """
    parameters = dict(camera.emulator.named_parameters())
    knobs = [parameters[name] for name in names]
    totals = [torch.zeros_like(knob, dtype=torch.float64) for knob in knobs]
    for ids, scene in scenes.batches():
        shot = as_images(camera.shoot_together(scene, scenes.seed, ids))
        with torch.enable_grad():
            image = camera.emulator(scene, scenes.seed, ids).clamp(0, 1)
            value = objective(_as_shot(image, shot), ids)
            # A knob may be of no consequence: the well of an exposure that never fills it, say.
            parts = torch.autograd.grad(value, knobs, allow_unused=True)
        for total, part in zip(totals, parts, strict=True):
            if part is not None:
                total += part
    return {name: total.numpy() for name, total in zip(names, totals, strict=True)}


class _AsShot(torch.autograd.Function):
    """Forward the picture that was shot, backward the gradient of the image it was rounded from."""

    @staticmethod
    def forward(image: Tensor, shot: Tensor) -> Tensor:
        return shot.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def _as_shot(image: Tensor, shot: Tensor) -> Tensor:
    result: Tensor = _AsShot.apply(image, shot)  # type: ignore[no-untyped-call]
    return result
