"""Arithmetic, comparison, logic and bits, element by element with broadcasting."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.straight import straight_through


def div(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """Whole numbers are divided as in C: towards zero."""
    whole = not a.is_floating_point() and not b.is_floating_point()
    return torch.div(a, b, rounding_mode="trunc" if whole else None)


def mod(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """``fmod=0``: the sign of the divisor, as Python's ``%``; ``fmod=1``: of the dividend, as C's ``fmod``."""
    return torch.fmod(a, b) if node.flag("fmod") else torch.remainder(a, b)


def power(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """The result has the base's type; a whole base with a fractional exponent is computed in float64."""
    if not a.is_floating_point() and b.is_floating_point():
        return torch.pow(a.double(), b.double()).to(a.dtype)
    if b.numel() == 1 and b.dim() <= a.dim() and not b.requires_grad:
        return torch.pow(a, b.item()).to(a.dtype)  # a square is quicker than a power
    return torch.pow(a, b).to(a.dtype)


def maximum(node: Node, *x: Tensor) -> Tensor:
    return functools.reduce(torch.maximum, x)


def minimum(node: Node, *x: Tensor) -> Tensor:
    return functools.reduce(torch.minimum, x)


def total(node: Node, *x: Tensor) -> Tensor:
    return functools.reduce(torch.add, x)


def mean(node: Node, *x: Tensor) -> Tensor:
    return total(node, *x) / len(x)


def clip(node: Node, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    """``min(max(x, low), high)``: ``high`` wins where the two cross."""
    if low is None and high is None:
        return x
    return torch.clamp(x, low, high)


def round_half_even(node: Node, x: Tensor) -> Tensor:
    """Straight-through backward: exports of quantised networks spell out rounding with it."""
    return straight_through(x, torch.round)


def is_inf(node: Node, x: Tensor) -> Tensor:
    high = torch.isposinf(x) if node.flag("detect_positive") else torch.zeros_like(x, dtype=torch.bool)
    return high | torch.isneginf(x) if node.flag("detect_negative") else high


def bit_shift(node: Node, a: Tensor, b: Tensor) -> Tensor:
    shift = node.choice("direction", {"LEFT": torch.bitwise_left_shift, "RIGHT": torch.bitwise_right_shift})
    return shift(a, b)


def where(node: Node, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return torch.where(condition, a, b)
