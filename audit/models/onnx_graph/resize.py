"""Resize: every coordinate convention, interpolation and rounding that ONNX has, one axis after another."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node

_Kernel: TypeAlias = Callable[[Tensor], Tensor]
"""Weight of a sample by its distance, which is not negative."""

_MODES = {"nearest": "nearest", "linear": "linear", "bilinear": "linear", "cubic": "cubic"}
_NEAREST: dict[str, Callable[[Tensor], Tensor]] = {
    "round_prefer_floor": lambda place: torch.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: torch.floor(place + 0.5),
    "floor": torch.floor,
    "ceil": torch.ceil,
}
_FARTHEST = 4096
"""How many samples to each side antialiasing may take, one operation each."""
_CROP = "tf_crop_and_resize"


@dataclass(frozen=True)
class _Axis:
    index: int
    size: int
    wanted: int
    scale: float
    start: float
    """Of the region of interest, as a part of the axis."""
    end: float


@dataclass(frozen=True)
class _Method:
    mode: str
    convention: str
    nearest: Callable[[Tensor], Tensor]
    a: float
    """Of the cubic kernel (Keys 1981)."""
    antialias: bool
    exclude_outside: bool
    outside: float
    """What lies beyond the axis, for the convention that can point there."""


def upsample(node: Node, x: Tensor, scales: Tensor) -> Tensor:
    """What Resize took over from: places are ``place / scale``, rounded down where the mode is nearest."""
    method = _Method(node.choice("mode", _MODES), "asymmetric", torch.floor, -0.75, False, False, 0.0)
    return _resized(x, _scaled(x, range(x.dim()), scales.tolist(), [0.0] * x.dim(), [1.0] * x.dim()), method)


def resize(
    node: Node, x: Tensor, roi: Tensor | None = None, scales: Tensor | None = None, sizes: Tensor | None = None
) -> Tensor:
    axes = [axis % x.dim() for axis in node.integers("axes", range(x.dim()))]
    count = len(axes)
    region: list[float] = roi.tolist() if roi is not None and roi.numel() else [0.0] * count + [1.0] * count
    starts, ends = region[:count], region[count:]
    if scales is not None and scales.numel():
        steps = _scaled(x, axes, scales.tolist(), starts, ends)
    elif sizes is not None:
        policy = node.choice(
            "keep_aspect_ratio_policy", {"stretch": None, "not_larger": min, "not_smaller": max}, "stretch"
        )
        ratios = [want / x.shape[axis] for want, axis in zip(sizes.tolist(), axes, strict=True)]
        wanted: list[int] = sizes.tolist()
        if policy is not None:
            ratios = [policy(ratios)] * count
            wanted = [math.floor(ratio * x.shape[axis] + 0.5) for ratio, axis in zip(ratios, axes, strict=True)]
        steps = [
            _Axis(axis, x.shape[axis], *rest) for axis, *rest in zip(axes, wanted, ratios, starts, ends, strict=True)
        ]
    else:
        raise ValueError("has neither scales nor sizes")
    method = _Method(
        node.choice("mode", _MODES),
        node.text("coordinate_transformation_mode"),
        node.choice("nearest_mode", _NEAREST),
        node.number("cubic_coeff_a"),
        node.flag("antialias", False),
        node.flag("exclude_outside"),
        node.number("extrapolation_value"),
    )
    return _resized(x, steps, method)


def _scaled(x: Tensor, axes: Sequence[int], scales: list[float], starts: list[float], ends: list[float]) -> list[_Axis]:
    """Sizes follow from the scales, in onnxruntime whatever the region of interest."""
    return [
        _Axis(axis, x.shape[axis], math.floor(x.shape[axis] * scale + 1e-9), scale, start, end)
        for axis, scale, start, end in zip(axes, scales, starts, ends, strict=True)
    ]


def _resized(x: Tensor, axes: list[_Axis], method: _Method) -> Tensor:
    axes = [axis for axis in axes if axis.wanted != axis.size or axis.scale != 1 or method.convention == _CROP]
    quick = _by_torch(x, axes, method)
    if quick is not None:
        return quick
    dtype = x.dtype
    x = x if dtype.is_floating_point else x.float()
    for axis in axes:
        places = _places(axis, method.convention).to(x.device)
        if method.mode == "nearest":
            resized = x.index_select(axis.index, method.nearest(places).long().clamp(0, axis.size - 1))
        else:
            resized = _interpolated(x, axis, places, method)
        if method.convention == _CROP:
            beyond = ((places < 0) | (places > axis.size - 1)).reshape(-1, *[1] * (x.dim() - 1 - axis.index))
            resized = torch.where(beyond, method.outside, resized)
        x = resized
    return x.to(dtype)


def _by_torch(x: Tensor, axes: list[_Axis], method: _Method) -> Tensor | None:
    """The common cases as one operation of torch; None for the others."""
    plain = (
        x.dim() == 4
        and x.is_floating_point()
        and [axis.index for axis in axes] == [2, 3]
        and all(axis.size * axis.scale == axis.wanted > 1 for axis in axes)
        and not (method.antialias or method.exclude_outside)
    )
    if not plain:
        return None
    size = [axis.wanted for axis in axes]
    whole = all(axis.wanted % axis.size == 0 for axis in axes)
    if method.mode == "nearest":
        down = method.convention == "asymmetric" and method.nearest is torch.floor
        return F.interpolate(x, size, mode="nearest") if down and whole else None
    corners = method.convention == "align_corners"
    if not corners and method.convention not in ("half_pixel", "pytorch_half_pixel"):
        return None
    if method.mode == "cubic" and method.a != -0.75:
        return None
    return F.interpolate(x, size, mode={"linear": "bilinear", "cubic": "bicubic"}[method.mode], align_corners=corners)


def _places(axis: _Axis, convention: str) -> Tensor:
    """Where each place of the resized axis lies on the axis itself; in float32, as onnxruntime: it decides ties."""
    place = torch.arange(axis.wanted, dtype=torch.float32)
    last = axis.size - 1
    match convention:
        case "half_pixel":
            return (place + 0.5) / axis.scale - 0.5
        case "pytorch_half_pixel":
            return (place + 0.5) / axis.scale - 0.5 if axis.wanted > 1 else place * 0
        case "half_pixel_symmetric":
            # The axis' middle stays where it is, though the size was rounded.
            missing = axis.size / 2 * (1 - axis.wanted / (axis.scale * axis.size))
            return missing + (place + 0.5) / axis.scale - 0.5
        case "align_corners":
            return place * (last / (axis.wanted - 1)) if axis.wanted > 1 else place * 0
        case "asymmetric":
            return place / axis.scale
        case "tf_half_pixel_for_nn":
            return (place + 0.5) / axis.scale
        case "tf_crop_and_resize":
            if axis.wanted > 1:
                return axis.start * last + place * ((axis.end - axis.start) * last / (axis.wanted - 1))
            return place * 0 + 0.5 * (axis.start + axis.end) * last
    raise ValueError(f"coordinate_transformation_mode {convention!r} is not one that ONNX has")


def _interpolated(x: Tensor, axis: _Axis, places: Tensor, method: _Method) -> Tensor:
    """Weighted sums of the samples near each place; beyond the ends the last sample goes on, or nothing counts."""
    kernel, reach = (_triangle, 1) if method.mode == "linear" else (_keys(method.a), 2)
    stretch = min(axis.scale, 1.0) if method.antialias else 1.0
    half = math.ceil(reach / stretch)
    if half > _FARTHEST:
        raise ValueError(f"shrinks an axis to {axis.scale:.3g} of its size: each place would take {2 * half} samples")
    places = places.double()
    first = torch.floor(places)
    offsets = torch.arange(1 - half, half + 1, dtype=torch.float64, device=places.device)
    samples = first[:, None] + offsets
    weights = kernel((places[:, None] - samples).abs() * stretch)
    if method.exclude_outside:
        weights = torch.where((samples >= 0) & (samples < axis.size), weights, 0)
    if method.exclude_outside or method.antialias:
        weights = weights / weights.sum(1, keepdim=True)
    indices = samples.long().clamp(0, axis.size - 1)
    tail = [1] * (x.dim() - 1 - axis.index)
    terms = (
        x.index_select(axis.index, indices[:, tap]) * weights[:, tap].to(x.dtype).reshape(-1, *tail)
        for tap in range(len(offsets))
        if bool(weights[:, tap].any())
    )
    return functools.reduce(torch.add, terms)


def _triangle(distance: Tensor) -> Tensor:
    return (1 - distance).clamp(min=0)


def _keys(a: float) -> _Kernel:
    """The cubic convolution kernel of Keys 1981, doi:10.1109/TASSP.1981.1163711."""

    def kernel(d: Tensor) -> Tensor:
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        return torch.where(d <= 1, near, torch.where(d < 2, far, 0))

    return kernel
