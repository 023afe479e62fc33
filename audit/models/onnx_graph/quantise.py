"""Quantising and dequantising, whole tensors, axes or blocks, with straight-through gradients.

Where a number is clipped by the range of its type the gradient is zero, elsewhere that of the number itself.
"""

from __future__ import annotations

import torch
from onnx import TensorProto
from torch import Tensor

from audit.models.onnx_graph.element import dtype_of, whole_range
from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.straight import settle, straight_through

_ELEMENTS = {
    torch.uint8: TensorProto.UINT8,
    torch.int8: TensorProto.INT8,
    torch.uint16: TensorProto.UINT16,
    torch.int16: TensorProto.INT16,
    torch.int32: TensorProto.INT32,
}


def quantize_linear(node: Node, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    """``clip(round(x / scale) + zero)``, ties to even."""
    element = _element(node, zero)
    dtype = node.dtype_of(element)
    axis, block = node.integer("axis", 1), node.integer("block_size", 0)
    scale = spread(scale, x, axis, block).to(x.dtype)
    if dtype.is_floating_point:
        limit = torch.finfo(dtype).max
        shifted = x / scale if zero is None else x / scale + spread(zero.to(x.dtype), x, axis, block)
        if node.flag("saturate", True):
            shifted = shifted.clamp(-limit, limit)
        return straight_through(shifted, lambda y: y.to(dtype).to(x.dtype)) if x.requires_grad else shifted.to(dtype)
    return quantised(x / scale, None if zero is None else spread(zero, x, axis, block), element)


def _element(node: Node, zero: Tensor | None) -> int:
    """The type to quantise to: that of the zero point, or the one asked for, or 8 bits unsigned."""
    asked = node.integer("output_dtype", 0)
    if zero is None:
        return asked or TensorProto.UINT8
    if node.element(2) or asked:
        return node.element(2) or asked
    if zero.dtype not in _ELEMENTS:
        node.refuse(f"quantises to {zero.dtype}")
    return _ELEMENTS[zero.dtype]


def quantised(ratio: Tensor, zero: Tensor | None, element: int) -> Tensor:
    """Round a ratio of values to scale, add the zero point and clip to the type's range."""
    low, high = whole_range(element)
    whole = straight_through(ratio, torch.round)
    if zero is not None:
        whole = whole + zero.to(whole.dtype)
    return settle(whole.clamp(low, high), dtype_of(element))


def requantised(x: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """Quantise to the type of a zero point, one scale for all."""
    return quantised(x / scale, zero, _ELEMENTS[zero.dtype])


def dequantize_linear(node: Node, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    """``(x - zero) * scale``."""
    axis, block = node.integer("axis", 1), node.integer("block_size", 0)
    asked = node.integer("output_dtype", 0)
    scale = spread(scale, x, axis, block)
    zero = None if zero is None else spread(zero, x, axis, block)
    y = dequantised(x, scale, zero)
    return y.to(node.dtype_of(asked)) if asked else y


def dequantised(x: Tensor, scale: Tensor, zero: Tensor | None) -> Tensor:
    """``(x - zero) * scale`` in the type of the scale; half precision is too coarse for the difference."""
    wide = torch.float32 if scale.dtype in (torch.float16, torch.bfloat16) else scale.dtype
    difference = x.to(wide) if zero is None else x.to(wide) - zero.to(wide)
    return (difference * scale.to(wide)).to(scale.dtype)


def dynamic_quantize_linear(node: Node, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """To 8 bits by the tensor's own range, widened to hold 0; scale and zero point count as constants backward."""
    seen = x.detach()
    high, low = seen.amax().clamp(min=0), seen.amin().clamp(max=0)
    scale = (high - low) / 255
    zero = torch.where(scale == 0, 0, torch.round((0 - low) / scale)).clamp(0, 255).to(torch.uint8)
    ratio = torch.where(scale == 0, 0, x / scale)
    shift = zero.to(ratio.dtype)
    # The range is the tensor's own: it is rounding alone that its ends are clipped by.
    whole = straight_through(ratio, lambda y: y.round().clamp(0 - shift, 255 - shift)) + shift
    return settle(whole, torch.uint8), scale, zero


def spread(parameter: Tensor, x: Tensor, axis: int, block: int = 0) -> Tensor:
    """A scale or zero point in a shape that fits ``x``: one number, one for each index of an axis, or one a block."""
    if block:
        return parameter.repeat_interleave(block, axis).narrow(axis, 0, x.shape[axis])
    if parameter.numel() == 1:
        return parameter.reshape(())
    shape = [1] * x.dim()
    shape[axis] = -1
    return parameter.reshape(shape)
