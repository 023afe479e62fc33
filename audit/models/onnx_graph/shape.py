"""Shapes: asking for them, changing them without moving an element, tensors made from them."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from audit.models.onnx_graph.node import Node


def shape_of(node: Node, x: Tensor) -> Tensor:
    end = node.integer("end") if node.has("end") else None
    return torch.tensor(list(x.shape)[node.integer("start", 0) : end], dtype=torch.int64)


def size_of(node: Node, x: Tensor) -> Tensor:
    return torch.tensor(x.numel(), dtype=torch.int64)


def reshape(node: Node, x: Tensor, wanted: Tensor) -> Tensor:
    """0 takes the size over from ``x`` (unless ``allowzero``), -1 is what remains."""
    shape: list[int] = wanted.tolist()
    if not node.flag("allowzero", False):
        shape = [x.shape[axis] if size == 0 else size for axis, size in enumerate(shape)]
    return x.reshape(shape)


def flatten(node: Node, x: Tensor) -> Tensor:
    """To two axes: those before ``axis``, and the others."""
    axis = node.integer("axis")
    axis += x.dim() if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), math.prod(x.shape[axis:]))


def squeeze(node: Node, x: Tensor, given: Tensor | None = None) -> Tensor:
    if given is None and not node.has("axes"):
        return x.squeeze()
    axes = tuple(given.tolist() if given is not None else node.integers("axes"))
    if any(x.shape[axis] != 1 for axis in axes):
        raise ValueError(f"axes {list(axes)} of a tensor of shape {list(x.shape)} are not all of size 1")
    return x.squeeze(axes)


def unsqueeze(node: Node, x: Tensor, given: Tensor | None = None) -> Tensor:
    axes = given.reshape(-1).tolist() if given is not None else node.integers("axes")
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def expand(node: Node, x: Tensor, wanted: Tensor) -> Tensor:
    """Broadcast both ways: sizes of ``x`` may stay where 1 is wanted."""
    shape: list[int] = wanted.tolist()
    kept = [1] * (len(shape) - x.dim()) + list(x.shape)
    shape = [1] * (x.dim() - len(shape)) + shape
    return x.expand([size if want == 1 else want for size, want in zip(kept, shape, strict=True)])


def constant_of_shape(node: Node, wanted: Tensor) -> Tensor:
    shape: list[int] = wanted.tolist()
    if not node.has("value"):
        return torch.zeros(shape, dtype=node.floating(torch.float32))
    value = node.tensor("value").reshape(())
    return value.to(node.floating(value.dtype)).expand(shape).clone()


def eye_like(node: Node, x: Tensor) -> Tensor:
    """Ones on the diagonal that lies ``k`` above the main one."""
    rows, columns = (torch.arange(size) for size in x.shape)
    dtype = node.dtype_of(node.integer("dtype")) if node.has("dtype") else x.dtype
    return (columns[None, :] - rows[:, None] == node.integer("k")).to(dtype)


def arange(node: Node, start: Tensor, limit: Tensor, step: Tensor) -> Tensor:
    first, last, delta = start.item(), limit.item(), step.item()
    count = max(math.ceil((last - first) / delta), 0)
    steps = torch.arange(count, dtype=torch.float64 if start.is_floating_point() else torch.int64)
    return (first + steps * delta).to(start.dtype)
