"""Moving elements about: transposing, joining, splitting, repeating, padding, space to depth."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node


def transpose(node: Node, x: Tensor) -> Tensor:
    return x.permute(node.integers("perm", range(x.dim() - 1, -1, -1)))


def concat(node: Node, *x: Tensor) -> Tensor:
    return torch.cat(x, node.integer("axis"))


def split(node: Node, x: Tensor, given: Tensor | None = None) -> tuple[Tensor, ...]:
    """Into the sizes given, or evenly into as many parts as there are outputs (the last may be smaller)."""
    axis = node.integer("axis")
    if given is not None or node.has("split"):
        sizes: Sequence[int] = given.tolist() if given is not None else node.integers("split")
    else:
        count = node.integer("num_outputs", node.outputs)
        if not 0 < count <= max(x.shape[axis], node.outputs):
            raise ValueError(f"num_outputs is {count} for an axis of {x.shape[axis]}")
        part = -(-x.shape[axis] // count)
        sizes = [max(min(part, x.shape[axis] - part * index), 0) for index in range(count)]
    return torch.split(x, list(sizes), axis)


def tile(node: Node, x: Tensor, repeats: Tensor) -> Tensor:
    return x.repeat(repeats.tolist())


def pad(node: Node, x: Tensor, given: Tensor, value: Tensor | None = None, on: Tensor | None = None) -> Tensor:
    """Pads of all axes, or of the axes ``on``: all the sizes before, then all those behind; negative ones crop."""
    rank = x.dim()
    axes = [axis % rank for axis in on.tolist()] if on is not None else list(range(rank))
    sizes = given.reshape(-1).tolist()
    if len(sizes) != 2 * len(axes):
        raise ValueError(f"{len(sizes)} pads for {len(axes)} axes: there must be two an axis")
    before, behind = dict(zip(axes, sizes, strict=False)), dict(zip(axes, sizes[len(axes) :], strict=True))
    mode = node.choice("mode", {word: word for word in ("constant", "reflect", "edge", "wrap")})
    if mode == "constant":
        filling = value.item() if value is not None and value.numel() else 0
        pads = [side.get(axis, 0) for axis in range(rank - 1, -1, -1) for side in (before, behind)]
        return F.pad(x, pads, value=filling)
    for axis in axes:
        # Cropping comes first: what is wrapped is the axis without what was cut off.
        start, end = max(-before[axis], 0), x.shape[axis] - max(-behind[axis], 0)
        x = x.narrow(axis, start, end - start)
        more, further = max(before[axis], 0), max(behind[axis], 0)
        if more or further:
            x = x.index_select(axis, _source(x.shape[axis], more, further, mode).to(x.device))
    return x


def _source(size: int, before: int, behind: int, mode: str) -> Tensor:
    """Which element each place of a padded axis is taken from."""
    index = torch.arange(-before, size + behind)
    if mode == "edge":
        return index.clamp(0, size - 1)
    if mode == "wrap":
        return index % size
    period = max(2 * (size - 1), 1)
    index = index % period
    return torch.where(index < size, index, period - index)


def depth_to_space(node: Node, x: Tensor) -> Tensor:
    """DCR: depth is (block row, block column, channel); CRD: (channel, block row, block column)."""
    block = node.integer("blocksize")
    if node.choice("mode", {"DCR": False, "CRD": True}):
        return F.pixel_shuffle(x, block)
    n, c, h, w = x.shape
    x = x.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, c // block**2, h * block, w * block)


def space_to_depth(node: Node, x: Tensor) -> Tensor:
    block = node.integer("blocksize")
    n, c, h, w = x.shape
    x = x.reshape(n, c, h // block, block, w // block, block)
    order = node.choice("mode", {"DCR": (0, 3, 5, 1, 2, 4), "CRD": (0, 1, 3, 5, 2, 4)}, "DCR")
    return x.permute(order).reshape(n, c * block**2, h // block, w // block)


def triangle(node: Node, x: Tensor, k: Tensor | None = None) -> Tensor:
    """The upper or lower triangle of the last two axes, from the ``k``-th diagonal on."""
    diagonal = int(k) if k is not None else 0
    return torch.triu(x, diagonal) if node.flag("upper") else torch.tril(x, diagonal)


def reverse_sequence(node: Node, x: Tensor, lengths: Tensor) -> Tensor:
    """Of each batch element, turn round the first ``lengths`` steps."""
    time, batch = node.integer("time_axis"), node.integer("batch_axis")
    x = x.movedim((batch, time), (0, 1))
    steps = torch.arange(x.shape[1], device=x.device)[None, :]
    lengths = lengths[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    rows = torch.arange(x.shape[0], device=x.device)[:, None]
    return x[rows, source].movedim((0, 1), (batch, time))


def center_crop_pad(node: Node, x: Tensor, wanted: Tensor) -> Tensor:
    """To the sizes wanted, cropping or padding with zeros on both sides (one more behind where it is odd)."""
    axes = [axis % x.dim() for axis in node.integers("axes", range(x.dim()))]
    for axis, size in zip(axes, wanted.tolist(), strict=True):
        extra = size - x.shape[axis]
        if extra < 0:
            x = x.narrow(axis, -extra // 2, size)
        else:
            pads = [0] * (2 * (x.dim() - axis))
            pads[-2:] = [extra // 2, extra - extra // 2]
            x = F.pad(x, pads)
    return x
