"""Activation functions."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node


def leaky_relu(node: Node, x: Tensor) -> Tensor:
    return F.leaky_relu(x, node.number("alpha", 0.01))


def prelu(node: Node, x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x < 0, x * slope, x)


def elu(node: Node, x: Tensor) -> Tensor:
    return F.elu(x, node.number("alpha"))


def celu(node: Node, x: Tensor) -> Tensor:
    return F.celu(x, node.number("alpha"))


def selu(node: Node, x: Tensor) -> Tensor:
    """``gamma * x`` for positive x, else ``gamma * alpha * (exp(x) - 1)``."""
    below = node.number("alpha") * torch.expm1(torch.clamp(x, max=0))
    return node.number("gamma") * torch.where(x > 0, x, below)


def thresholded_relu(node: Node, x: Tensor) -> Tensor:
    return torch.where(x > node.number("alpha"), x, torch.zeros_like(x))


def hard_sigmoid(node: Node, x: Tensor) -> Tensor:
    return torch.clamp(x * node.number("alpha") + node.number("beta"), 0, 1)


def gelu(node: Node, x: Tensor) -> Tensor:
    return F.gelu(x, approximate=node.choice("approximate", {"none": "none", "tanh": "tanh"}, "none"))


def swish(node: Node, x: Tensor) -> Tensor:
    """``x * sigmoid(alpha * x)``."""
    return x * torch.sigmoid(node.number("alpha") * x)


def swiglu(node: Node, gate: Tensor, x: Tensor) -> Tensor:
    """``gate * sigmoid(alpha * gate) * x``."""
    return swish(node, gate) * x


def shrink(node: Node, x: Tensor) -> Tensor:
    """Towards zero by ``bias`` beyond ``+-lambd``, zero between."""
    edge, bias = node.number("lambd"), node.number("bias")
    return torch.where(x < -edge, x + bias, torch.where(x > edge, x - bias, torch.zeros_like(x)))


def softmax(node: Node, x: Tensor) -> Tensor:
    return _along(node, x, torch.softmax)


def log_softmax(node: Node, x: Tensor) -> Tensor:
    return _along(node, x, torch.log_softmax)


def hardmax(node: Node, x: Tensor) -> Tensor:
    """One at the first of the largest numbers, zero elsewhere."""
    return _along(node, x, _one_at_largest)


def _one_at_largest(x: Tensor, axis: int) -> Tensor:
    return torch.zeros_like(x).scatter(axis, x.argmax(axis, keepdim=True), 1)


def _along(node: Node, x: Tensor, function: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Along one axis; before opset 13 along all axes from that one on, taken as one."""
    axis = node.integer("axis")
    if node.opset >= 13 or x.dim() == 0:
        return function(x, axis if x.dim() else 0)
    axis %= x.dim()
    rows = math.prod(x.shape[:axis])
    return function(x.reshape(rows, math.prod(x.shape[axis:])), 1).reshape(x.shape)
