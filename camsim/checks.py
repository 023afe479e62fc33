"""What an emulator refuses at its door: images of another shape, kind or range."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.sensor.missing_noise import PresentNoise

MOST_LIGHT = 1e20
"""Times diffuse white: no scene has so much, and electrons of more would not fit into float32."""
_WORTH_A_KERNEL = 2**15
"""Numbers below which NumPy's two passes are quick enough."""


def check_shape(image: Tensor, channels: int, name: str) -> None:
    """Refuse an image of another shape.

    Raises:
        ValueError: not (B, channels, H, W) of at least 2x2.
    """
    if image.ndim != 4 or image.shape[1] != channels or min(image.shape[-2:]) < 2 or image.shape[0] < 1:
        raise ValueError(f"{name} needs the shape (B, {channels}, H, W), at least 2x2, got {tuple(image.shape)}")


def check_scene(scene: Tensor) -> None:
    """Refuse what cannot be light.

    Raises:
        ValueError: wrong shape, integers, NaN, infinity or beyond `MOST_LIGHT`.
    """
    check_shape(scene, 3, "scene")
    if not scene.is_floating_point():
        raise ValueError(f"the scene needs floating-point light, got {scene.dtype}; an image goes through unprocess")
    low, high = limits(scene)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("the scene has NaN or infinite values")
    if max(-low, high) > MOST_LIGHT:
        raise ValueError(f"the scene's light reaches {too_much(low, high)}")


def too_much(low: float, high: float) -> str:
    """What is said of light beyond `MOST_LIGHT`."""
    return f"{max(-low, high):g} times diffuse white, and at most {MOST_LIGHT:g} is taken; check its unit"


def check_noise(noise: PresentNoise, scene: Tensor, profile: Profile) -> PresentNoise:
    """The noise, where a device can tell how much of it is missing.

    Raises:
        ValueError: of another shape than the scene, negative or not finite.
        CamsimError: the device's optics would blur it or make it uneven, or its sensor reads a pixel several
            times or row after row.
    """
    if noise.variance.shape != scene.shape:
        raise ValueError(f"noise needs a variance of shape {tuple(scene.shape)}, got {tuple(noise.variance.shape)}")
    low, high = limits(noise.variance)
    if not (low >= 0 and math.isfinite(high)):
        raise ValueError(f"a variance is not negative and finite, got [{low:g}, {high:g}]")
    if profile.optics is not None:
        raise CamsimError(
            f"{profile.name}: its optics would blur the noise that the scene brings along, so that what is missing is "
            "not known; leave optics out of the profile, or give the scene without its noise"
        )
    for name in ("hdr", "rolling_shutter"):
        if getattr(profile.sensor, name) is not None:
            raise CamsimError(
                f"{profile.name}: how much is missing of the noise that the scene brings along is not known with "
                f"sensor.{name}; leave that out of the profile, or give the scene without its noise"
            )
    return noise


def check_dn(raw: Tensor, profile: Profile, found: tuple[float, float] | None = None) -> None:
    """Refuse a mosaic whose numbers this device cannot give.

    Args:
        raw: the mosaic.
        profile: of the device.
        found: its `limits`, where they are known.

    Raises:
        ValueError: NaN, negative DN, DN above the container's full scale, or values already scaled to [0, 1].
    """
    low, high = limits(raw) if found is None else found
    full = profile.sensor.full_scale
    if not (low >= 0 and high <= full):
        raise ValueError(
            f"the mosaic's values reach from {low:g} to {high:g}, but {profile.name} gives DN from 0 to {full:g}; "
            "check the bit depth and justification"
        )
    if raw.is_floating_point() and 0 < high <= 1 and bool((raw != raw.round()).any()):
        raise ValueError(
            f"the mosaic's values lie in [0, 1]; {profile.name} takes DN from 0 to {full:g}: multiply by {full:g}"
        )


def limits(image: Tensor) -> tuple[float, float]:
    """Smallest and largest value; NaN if there is one."""
    held = image.detach().cpu() if image.dtype is torch.uint16 else image.detach()  # torch cannot compare these
    if held.device.type == "cpu" and not torch.compiler.is_compiling():
        # Not by torch: its threads would go on spinning where those of the kernels want to run.
        # What torch.func has wrapped has no memory to show, and NumPy no bfloat16.
        with contextlib.suppress(RuntimeError, TypeError):
            return _limits(held.numpy())
    low, high = held.aminmax()
    return float(low.item()), float(high.item())


def _limits(numbers: NDArray[Any]) -> tuple[float, float]:
    if numbers.dtype in (np.float32, np.uint16) and numbers.size >= _WORTH_A_KERNEL and numbers.flags.c_contiguous:
        from camsim.kernels.limits import limits_of_positive

        found = limits_of_positive(numbers)
        if found is not None:
            return found
    return float(numbers.min()), float(numbers.max())


def check_out(out: Tensor, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> None:
    """Refuse memory that an image does not fit.

    Raises:
        ValueError: another shape, type, layout or device.
    """
    if out.device.type != device.type:  # a kernel would write to its address
        raise ValueError(f"out must be on {device}, as the mosaic is, got {out.device}")
    if tuple(out.shape) != shape or out.dtype != dtype or not out.is_contiguous():
        layout = "" if out.is_contiguous() else ", not contiguous"
        raise ValueError(f"out must be contiguous {dtype} of {shape}, got {out.dtype} of {tuple(out.shape)}{layout}")
