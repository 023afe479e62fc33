"""onnxruntime's own operators (domain com.microsoft) on quantised numbers; QLinearConv and the like are in qoperator.

https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.linear import scaled
from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.pooling import average_pool
from audit.models.onnx_graph.qoperator import matmul_integer
from audit.models.onnx_graph.quantise import dequantised, dynamic_quantize_linear, requantised, spread


def qlinear_add(node: Node, *inputs: Tensor | None) -> Tensor:
    a, b, scale, zero = _two(node, inputs)
    return requantised(a + b, scale, zero)


def qlinear_mul(node: Node, *inputs: Tensor | None) -> Tensor:
    a, b, scale, zero = _two(node, inputs)
    return requantised(a * b, scale, zero)


def _two(node: Node, inputs: Sequence[Tensor | None]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two dequantised tensors; scale and zero point of the result."""
    a, a_scale, a_zero, b, b_scale, b_zero, scale, zero = _all(node, inputs)
    return dequantised(a, a_scale, a_zero), dequantised(b, b_scale, b_zero), scale, zero


def _all(node: Node, inputs: Sequence[Tensor | None]) -> tuple[Tensor, ...]:
    given = tuple(x for x in inputs if x is not None)
    if len(given) != len(inputs):
        node.refuse("leaves a zero point out")
    return given


def qlinear_concat(node: Node, scale: Tensor, zero: Tensor, *inputs: Tensor) -> Tensor:
    """Of tensors that each come with a scale and a zero point."""
    triples = zip(inputs[0::3], inputs[1::3], inputs[2::3], strict=True)
    return requantised(torch.cat([dequantised(*triple) for triple in triples], node.integer("axis")), scale, zero)


def qlinear_where(
    node: Node,
    condition: Tensor,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Tensor,
    scale: Tensor,
    zero: Tensor,
) -> Tensor:
    chosen = torch.where(condition, dequantised(a, a_scale, a_zero), dequantised(b, b_scale, b_zero))
    return requantised(chosen, scale, zero)


def qlinear_global_average_pool(
    node: Node, x: Tensor, x_scale: Tensor, x_zero: Tensor, scale: Tensor, zero: Tensor
) -> Tensor:
    axes = range(1, x.dim() - 1) if node.flag("channels_last", False) else range(2, x.dim())
    return requantised(dequantised(x, x_scale, x_zero).mean(tuple(axes), keepdim=True), scale, zero)


def qlinear_average_pool(node: Node, x: Tensor, x_scale: Tensor, x_zero: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    last = node.flag("channels_last", False)
    values = dequantised(x, x_scale, x_zero)
    pooled = average_pool(node, values.movedim(-1, 1) if last else values)
    return requantised(pooled.movedim(1, -1) if last else pooled, scale, zero)


def qlinear_sigmoid(node: Node, x: Tensor, x_scale: Tensor, x_zero: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    return requantised(torch.sigmoid(dequantised(x, x_scale, x_zero)), scale, zero)


def qlinear_leaky_relu(node: Node, x: Tensor, x_scale: Tensor, x_zero: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    return requantised(F.leaky_relu(dequantised(x, x_scale, x_zero), node.number("alpha", 0.01)), scale, zero)


def qlinear_softmax(node: Node, x: Tensor, x_scale: Tensor, x_zero: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """``opset`` says whose definition of Softmax it follows: before 13, over all axes from ``axis`` on."""
    values, axis = dequantised(x, x_scale, x_zero), node.integer("axis", -1)
    if node.integer("opset", 13) < 13:
        flat = values.flatten(axis % x.dim())
        return requantised(flat.softmax(-1).reshape(x.shape), scale, zero)
    return requantised(values.softmax(axis), scale, zero)


def qgemm(
    node: Node,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Tensor,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Tensor,
    c: Tensor | None = None,
    scale: Tensor | None = None,
    zero: Tensor | None = None,
) -> Tensor:
    """``c`` is in units of ``alpha * a_scale * b_scale``; without a scale the result is not quantised."""
    across = node.flag("transB", False)
    columns = dequantised(b, spread(b_scale, b, 0 if across else 1), spread(b_zero, b, 0 if across else 1))
    rows = dequantised(a, a_scale, a_zero)
    alpha = node.number("alpha", 1.0)
    y = scaled((rows.T if node.flag("transA", False) else rows) @ (columns.T if across else columns), alpha)
    if c is not None:
        y = y + c.to(y.dtype) * (a_scale * b_scale * alpha)
    return y if scale is None or zero is None else requantised(y, scale, zero)


def matmul_integer_to_float(
    node: Node,
    a: Tensor,
    b: Tensor,
    a_scale: Tensor,
    b_scale: Tensor,
    a_zero: Tensor | None = None,
    b_zero: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    y = matmul_integer(node, a, b, a_zero, b_zero).to(a_scale.dtype) * (a_scale * b_scale)
    return y if bias is None else y + bias


def dynamic_quantize_matmul(
    node: Node, a: Tensor, b: Tensor, b_scale: Tensor, b_zero: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    rows, scale, zero = dynamic_quantize_linear(node, a)
    return matmul_integer_to_float(node, rows, b, scale, b_scale, zero, b_zero, bias)
