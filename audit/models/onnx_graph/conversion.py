"""Conversions between element types, and between their bits."""

from __future__ import annotations

import torch
from torch import Tensor

from audit.models.onnx_graph.element import WIDER, is_narrow, whole_range
from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.straight import straight_through

_QUANTISED = (torch.uint8, torch.int8, torch.uint16, torch.int16)


def cast(node: Node, x: Tensor) -> Tensor:
    return _convert(node, x, node.integer("to"))


def cast_like(node: Node, x: Tensor, like: Tensor) -> Tensor:
    element = node.element(1)
    if element:
        return _convert(node, x, element)
    return _to(node, x, like.dtype)


def _convert(node: Node, x: Tensor, element: int) -> Tensor:
    dtype = node.dtype_of(element)
    if not is_narrow(element):
        return _to(node, x, dtype)
    low, high = whole_range(element)
    if x.requires_grad:
        return straight_through(x, torch.trunc).clamp(low, high)
    # Of a number out of range the higher bits are lost.
    return ((x.to(torch.int64) - low) % (high - low + 1) + low).to(dtype)


def _to(node: Node, x: Tensor, dtype: torch.dtype) -> Tensor:
    if dtype in _QUANTISED and x.requires_grad:
        # How some exporters spell out quantisation: Div, Round, Clip, Cast.
        return straight_through(x, torch.trunc)
    if dtype.is_floating_point and dtype.itemsize == 1:
        return _to_float8(x, dtype, node.flag("saturate", True))
    if x.is_floating_point() and dtype in WIDER:
        # torch converts negative numbers to these types in a way that depends on the machine.
        return x.to(WIDER[dtype]).to(dtype)
    return x.to(dtype)


def _to_float8(x: Tensor, dtype: torch.dtype, saturate: bool) -> Tensor:
    """Numbers beyond the largest become the largest, or what the type has for that: infinity or NaN."""
    limit = torch.finfo(dtype).max
    if saturate:
        return x.clamp(-limit, limit).to(dtype)
    if dtype == torch.float8_e4m3fn:
        # torch saturates here. 464 lies half-way between 448 and what would come next.
        x = torch.where(x.abs() > 464, torch.nan, x)
    return x.to(dtype)


def bit_cast(node: Node, x: Tensor) -> Tensor:
    element = node.integer("to")
    dtype = node.dtype_of(element)
    if node.dtype is not None and (x.is_floating_point() or dtype.is_floating_point):
        node.refuse(f"reads bits of numbers that are computed in {node.dtype} here")
    if is_narrow(element) or is_narrow(node.element(0)) or dtype.itemsize != x.dtype.itemsize:
        node.refuse("reads bits as a type of another size")
    if x.dtype == torch.bool:
        x = x.to(torch.uint8)
    return x.view(dtype)
