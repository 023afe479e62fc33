"""Pools over sliding windows and over the whole."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.window import Window, pad_spatial, window_of, windows

_MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def _window(node: Node, x: Tensor) -> Window:
    return window_of(node, node.integers("kernel_shape"), x.shape[2:])


def _end(window: Window) -> list[int]:
    return [pad + extra for pad, extra in zip(window.behind, window.ceil, strict=True)]


def max_pool(node: Node, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
    window = _window(node, x)
    if node.outputs > 1:
        return _max_pool_with_places(node, x, window)
    values = x if x.is_floating_point() else x.float()  # 8-bit numbers: exact
    rank = len(window.kernel)
    if rank not in _MAX:
        return windows(values, window, -torch.inf).amax(tuple(range(-rank, 0))).to(x.dtype)
    values = pad_spatial(values, window.before, _end(window), -torch.inf)
    return _MAX[rank](values, window.kernel, window.strides, 0, window.dilations).to(x.dtype)


def _max_pool_with_places(node: Node, x: Tensor, window: Window) -> tuple[Tensor, Tensor]:
    """Also where each maximum lies in the flattened input, counted row by row or column by column."""
    sizes, rank = x.shape[2:], len(window.kernel)
    if node.flag("storage_order"):
        strides = [math.prod(sizes[:axis]) for axis in range(rank)]
    else:
        strides = [math.prod(sizes[axis + 1 :]) for axis in range(rank)]
    place = torch.arange(math.prod(x.shape[:2])).reshape(*x.shape[:2], *[1] * rank) * math.prod(sizes)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        place = place + (torch.arange(size) * stride).reshape(-1, *[1] * (rank - 1 - axis))
    values = windows(x if x.is_floating_point() else x.float(), window, -torch.inf).flatten(-rank)
    # float64 holds every place up to 2^53 exactly.
    places = windows(place.double(), window, -1).flatten(-rank)
    largest = values.argmax(-1, keepdim=True)
    return values.gather(-1, largest)[..., 0].to(x.dtype), places.gather(-1, largest)[..., 0].long()


def average_pool(node: Node, x: Tensor) -> Tensor:
    window = _window(node, x)
    rank = len(window.kernel)
    if window.padded:
        # Pads count where the node says so; what ceil_mode adds behind them never does.
        counted = torch.ones_like(x[:1, :1])
        counted = pad_spatial(counted, window.before, window.behind, float(node.flag("count_include_pad", False)))
        counted = pad_spatial(counted, [0] * rank, window.ceil)
        x = pad_spatial(x, window.before, _end(window))
        return _average(x, window) / _average(counted, window)
    return _average(x, window)


def _average(x: Tensor, window: Window) -> Tensor:
    rank = len(window.kernel)
    if rank in _AVERAGE and all(dilation == 1 for dilation in window.dilations):
        return _AVERAGE[rank](x, window.kernel, window.strides)
    none = (0,) * rank
    plain = Window(window.kernel, window.strides, window.dilations, none, none, none)
    return windows(x, plain).mean(tuple(range(-rank, 0)))


def lp_pool(node: Node, x: Tensor) -> Tensor:
    window = _window(node, x)
    axes = tuple(range(-len(window.kernel), 0))
    norm: Tensor = torch.linalg.vector_norm(windows(x, window), node.integer("p"), axes)
    return norm


def global_average_pool(node: Node, x: Tensor) -> Tensor:
    return x.mean(tuple(range(2, x.dim())), keepdim=True)


def global_max_pool(node: Node, x: Tensor) -> Tensor:
    return x.amax(tuple(range(2, x.dim())), keepdim=True)


def global_lp_pool(node: Node, x: Tensor) -> Tensor:
    norm: Tensor = torch.linalg.vector_norm(x, node.integer("p"), tuple(range(2, x.dim())), True)
    return norm


def max_unpool(node: Node, x: Tensor, places: Tensor, wanted: Tensor | None = None) -> Tensor:
    """Each value back to its place in the flattened output, zeros elsewhere."""
    window = window_of(node, node.integers("kernel_shape"), x.shape[2:])
    sizes = [
        (size - 1) * stride - before - behind + kernel
        for size, stride, before, behind, kernel in zip(
            x.shape[2:], window.strides, window.before, window.behind, window.kernel, strict=True
        )
    ]
    shape = [*x.shape[:2], *sizes]
    if wanted is not None and wanted.tolist() != shape:
        # Places count in the pool's input, which is smaller than this by what its windows left over.
        coordinates = torch.unravel_index(places.reshape(-1), shape)
        return x.new_zeros(wanted.tolist()).index_put(tuple(coordinates), x.reshape(-1))
    return x.new_zeros(math.prod(shape)).scatter(0, places.reshape(-1), x.reshape(-1)).reshape(shape)
