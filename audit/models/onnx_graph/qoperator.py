"""Operators on quantised numbers: dequantise, compute, quantise again; whole-number products stay exact.

Quantised numbers come as whole-number tensors or, with a gradient, as whole numbers in floating-point tensors
(straight.settle).
"""

from __future__ import annotations

import torch
from torch import Tensor

from audit.models.onnx_graph.convolution import conv
from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.quantise import dequantised, requantised, spread


def conv_integer(
    node: Node, x: Tensor, weight: Tensor, x_zero: Tensor | None = None, weight_zero: Tensor | None = None
) -> Tensor:
    """The convolution of the differences from the zero points, in 32-bit whole numbers."""
    graded = x.requires_grad or weight.requires_grad
    weight_zero = None if weight_zero is None else spread(weight_zero, weight, 0)
    # float64 holds every sum of 8-bit products exactly; torch has no whole-number convolution.
    y = conv(node, _shifted(x, x_zero, torch.float64), _shifted(weight, weight_zero, torch.float64))
    return y.to(x.dtype) if graded else y.to(torch.int32)


def matmul_integer(
    node: Node, a: Tensor, b: Tensor, a_zero: Tensor | None = None, b_zero: Tensor | None = None
) -> Tensor:
    """The product of the differences from the zero points, in 32-bit whole numbers."""
    if a_zero is not None and a_zero.dim() == 1 and a_zero.numel() > 1:
        a_zero = a_zero[:, None]  # one a row
    wide = torch.float64 if a.requires_grad or b.requires_grad else torch.int32
    y = _shifted(a, a_zero, wide) @ _shifted(b, b_zero, wide)
    return y.to(a.dtype if a.requires_grad else b.dtype) if wide == torch.float64 else y


def _shifted(x: Tensor, zero: Tensor | None, dtype: torch.dtype) -> Tensor:
    return x.to(dtype) if zero is None else x.to(dtype) - zero.to(dtype)


def qlinear_conv(
    node: Node,
    x: Tensor,
    x_scale: Tensor,
    x_zero: Tensor,
    weight: Tensor,
    weight_scale: Tensor,
    weight_zero: Tensor,
    scale: Tensor,
    zero: Tensor,
    bias: Tensor | None = None,
) -> Tensor:
    """The bias is in units of ``x_scale * weight_scale``."""
    weights = dequantised(weight, spread(weight_scale, weight, 0), spread(weight_zero, weight, 0))
    shift = None if bias is None else bias.to(x_scale.dtype) * (x_scale * weight_scale)
    return requantised(conv(node, dequantised(x, x_scale, x_zero), weights, shift), scale, zero)


def qlinear_matmul(
    node: Node,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Tensor,
    scale: Tensor,
    zero: Tensor,
) -> Tensor:
    """Scales are one number, one a row of ``a``, or one a column of ``b``."""
    if a_scale.dim() == 1 and a_scale.numel() > 1:
        a_scale, a_zero = a_scale[:, None], a_zero[:, None]
    return requantised(dequantised(a, a_scale, a_zero) @ dequantised(b, b_scale, b_zero), scale, zero)
