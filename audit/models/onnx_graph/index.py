"""Taking elements out by index and putting them in: Slice, Gather, Scatter, OneHot."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from audit.models.onnx_graph.node import Node

_REDUCTIONS = {"none": None, "add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


def slice_(
    node: Node, x: Tensor, starts: Tensor, ends: Tensor, on: Tensor | None = None, steps: Tensor | None = None
) -> Tensor:
    count = starts.numel()
    axes: Sequence[int] = on.tolist() if on is not None else range(count)
    strides: Sequence[int] = steps.tolist() if steps is not None else [1] * count
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes, strides, strict=True):
        places = _places(start, end, step, x.shape[axis])
        if step > 0:
            x = x[(slice(None),) * (axis % x.dim()) + (slice(places.start, places.stop, step),)]
        else:
            x = x.index_select(axis, torch.tensor(list(places), dtype=torch.int64, device=x.device))
    return x


def _places(start: int, end: int, step: int, size: int) -> range:
    """Both ends counted from the back where negative, then kept within the axis."""
    start, end = (place + size if place < 0 else place for place in (start, end))
    if step > 0:
        return range(min(max(start, 0), size), min(max(end, 0), size), step)
    return range(min(max(start, 0), size - 1), min(max(end, -1), size - 1), step)


def gather(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    axis = node.integer("axis") % x.dim()
    places = _from_front(indices, x.shape[axis])
    picked = x.index_select(axis, places.reshape(-1))
    return picked.reshape(x.shape[:axis] + indices.shape + x.shape[axis + 1 :])


def gather_elements(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    axis = node.integer("axis")
    return torch.gather(x, axis, _from_front(indices, x.shape[axis]))


def gather_nd(node: Node, x: Tensor, indices: Tensor) -> Tensor:
    """The last axis of ``indices`` points at elements or slices, within each of the first ``batch_dims`` axes."""
    batch, depth = node.integer("batch_dims", 0), indices.shape[-1]
    shape = indices.shape[:-1] + x.shape[batch + depth :]
    rows = math.prod(x.shape[:batch])
    x = x.reshape(rows, *x.shape[batch:])
    places = _from_front(indices, torch.tensor(x.shape[1 : 1 + depth])).reshape(rows, -1, depth)
    row = torch.arange(rows, device=x.device)[:, None]
    return x[(row, *places.unbind(-1))].reshape(shape)


def scatter_elements(node: Node, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    axis = node.integer("axis")
    reduction = node.choice("reduction", _REDUCTIONS, "none")
    places = _from_front(indices, x.shape[axis])
    if reduction is None:
        return x.scatter(axis, places, updates)
    return x.scatter_reduce(axis, places, updates, reduction)


def scatter_nd(node: Node, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    reduction = node.choice("reduction", _REDUCTIONS, "none")
    depth = indices.shape[-1]
    places = _from_front(indices, torch.tensor(x.shape[:depth])).reshape(-1, depth)
    if reduction is None:
        return x.index_put(tuple(places.unbind(-1)), updates.reshape(-1, *x.shape[depth:]))
    rows = x.reshape(-1, math.prod(x.shape[depth:]))
    row = torch.zeros(len(places), dtype=torch.int64, device=x.device)
    for place, size in zip(places.unbind(-1), x.shape[:depth], strict=True):
        row = row * size + place
    filled = rows.scatter_reduce(
        0, row[:, None].expand(-1, rows.shape[1]), updates.reshape(-1, rows.shape[1]), reduction
    )
    return filled.reshape(x.shape)


def tensor_scatter(node: Node, cache: Tensor, update: Tensor, first: Tensor | None = None) -> Tensor:
    """Write ``update`` into ``cache`` along an axis, from place ``first`` of each batch element on."""
    axis = node.integer("axis") % cache.dim()
    steps = torch.arange(update.shape[axis], device=cache.device)
    first = torch.zeros(cache.shape[0], dtype=torch.int64) if first is None else first
    places = first[:, None] + steps[None, :]
    if node.choice("mode", {"linear": False, "circular": True}):
        places = places % cache.shape[axis]
    shape = [1] * cache.dim()
    shape[0], shape[axis] = places.shape
    return cache.scatter(axis, places.reshape(shape).expand(update.shape), update)


def one_hot(node: Node, indices: Tensor, depth: Tensor, values: Tensor) -> Tensor:
    """``values`` is (off, on); indices beyond the depth are off everywhere."""
    count = int(depth)
    axis = node.integer("axis")
    axis += indices.dim() + 1 if axis < 0 else 0
    places = _from_front(indices, count).unsqueeze(axis)
    shape = [1] * (indices.dim() + 1)
    shape[axis] = count
    hot = places == torch.arange(count, device=indices.device).reshape(shape)
    return torch.where(hot, values[1], values[0])


def non_zero(node: Node, x: Tensor) -> Tensor:
    return torch.nonzero(x).T.contiguous()


def compress(node: Node, x: Tensor, condition: Tensor) -> Tensor:
    """The slices along an axis (elements, without one) whose condition holds."""
    axis = node.integer("axis") if node.has("axis") else None
    if axis is None:
        x, axis = x.reshape(-1), 0
    return x.index_select(axis, torch.nonzero(condition).reshape(-1))


def unique(node: Node, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Different elements (or slices along an axis), where each stands first, which one each is, and how often."""
    if node.has("axis"):
        axis = node.integer("axis")
        values, inverse, counts = torch.unique(x, dim=axis, return_inverse=True, return_counts=True)
    else:
        axis = 0
        values, inverse, counts = torch.unique(x.reshape(-1), return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1)
    places = torch.arange(len(inverse))
    first = torch.full_like(counts, len(inverse)).scatter_reduce(0, inverse, places, "amin")
    if not node.flag("sorted"):
        order = torch.argsort(first)
        inverse = torch.argsort(order)[inverse]
        values, first, counts = values.index_select(axis, order), first[order], counts[order]
    return values, first, inverse, counts


def _from_front(indices: Tensor, size: int | Tensor) -> Tensor:
    """Negative indices count from the back."""
    indices = indices.long()
    return torch.where(indices < 0, indices + size, indices)
