"""Reductions over axes, running sums, the largest and smallest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from audit.models.onnx_graph.node import Node

_Reduce: TypeAlias = Callable[[Tensor, tuple[int, ...], bool], Tensor]


def reduce_sum(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, _sum)


def reduce_mean(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, _mean)


def reduce_max(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, _max)


def reduce_min(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, _min)


def reduce_product(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, _product)


def reduce_l1(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, lambda x, axes, keep: _sum(x.abs(), axes, keep))


def reduce_l2(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, _l2)


def reduce_sum_square(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, lambda x, axes, keep: _sum(x * x, axes, keep))


def reduce_log_sum(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, lambda x, axes, keep: _sum(x, axes, keep).log())


def reduce_log_sum_exp(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    return _reduce(node, x, axes, torch.logsumexp)


def _reduce(node: Node, x: Tensor, given: Tensor | None, function: _Reduce) -> Tensor:
    """Over the axes of the input or, in older opsets, of the attribute; over all where there are none."""
    axes: Sequence[int] = given.tolist() if given is not None else node.integers("axes", ())
    if not axes:
        if node.flag("noop_with_empty_axes", False):
            return x
        axes = range(x.dim())
    keep = node.flag("keepdims")
    axes = tuple(sorted(axis % x.dim() for axis in axes)) if x.dim() else ()
    if not axes:
        return function(x.reshape(1), (0,), False).to(x.dtype)
    return function(x, axes, keep).to(x.dtype)


def _sum(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return x.sum(axes, keep)


def _mean(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return x.mean(axes, keep) if x.is_floating_point() else x.double().mean(axes, keep)


def _l2(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    # Unlike the square root of a sum, it has a gradient at zero.
    norm: Tensor = torch.linalg.vector_norm(x if x.is_floating_point() else x.double(), 2, axes, keep)
    return norm


def _max(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return _extreme(x, axes, keep, torch.amax, largest=False)


def _min(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    return _extreme(x, axes, keep, torch.amin, largest=True)


def _extreme(x: Tensor, axes: tuple[int, ...], keep: bool, function: _Reduce, *, largest: bool) -> Tensor:
    """Over no elements at all: the type's largest number for a minimum, its smallest for a maximum."""
    if all(x.shape[axis] for axis in axes):
        return function(x, axes, keep)
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
    if x.is_floating_point():
        none = torch.inf if largest else -torch.inf
    else:
        info = torch.iinfo(x.dtype) if x.dtype != torch.bool else None
        none = float(largest) if info is None else info.max if largest else info.min
    full = torch.full(shape, none, dtype=x.dtype, device=x.device)
    return full if keep else full.reshape([size for axis, size in enumerate(x.shape) if axis not in axes])


def _product(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    for axis in reversed(axes):
        x = x.prod(axis, keep)
    return x


def arg_max(node: Node, x: Tensor) -> Tensor:
    return _arg(node, x, torch.argmax)


def arg_min(node: Node, x: Tensor) -> Tensor:
    return _arg(node, x, torch.argmin)


def _arg(node: Node, x: Tensor, function: Callable[[Tensor, int, bool], Tensor]) -> Tensor:
    axis, keep = node.integer("axis"), node.flag("keepdims")
    if node.flag("select_last_index", False):
        return x.shape[axis] - 1 - function(x.flip(axis), axis, keep)
    return function(x, axis, keep)


def cumulative_sum(node: Node, x: Tensor, axis: Tensor) -> Tensor:
    return _cumulative(node, x, int(axis), torch.cumsum, 0)


def cumulative_product(node: Node, x: Tensor, axis: Tensor) -> Tensor:
    return _cumulative(node, x, int(axis), torch.cumprod, 1)


def _cumulative(node: Node, x: Tensor, axis: int, function: Callable[[Tensor, int], Tensor], start: int) -> Tensor:
    """Running result; ``exclusive``: of the elements before each one; ``reverse``: from the end."""
    dtype = x.dtype
    if node.flag("reverse"):
        x = x.flip(axis)
    if node.flag("exclusive") and x.shape[axis]:
        first = torch.full_like(x.narrow(axis, 0, 1), start)
        x = torch.cat([first, x.narrow(axis, 0, x.shape[axis] - 1)], axis)
    x = function(x, axis).to(dtype)
    return x.flip(axis) if node.flag("reverse") else x


def top_k(node: Node, x: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
    """The k largest or smallest in order, equal ones by their place; indices carry no gradient."""
    axis = node.integer("axis")
    # torch.topk does not say which of equal elements it takes.
    values, indices = torch.sort(x, dim=axis, descending=node.flag("largest"), stable=True)
    return values.narrow(axis, 0, int(k)), indices.narrow(axis, 0, int(k))
