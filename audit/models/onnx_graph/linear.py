"""Matrix products."""

from __future__ import annotations

import torch
from torch import Tensor

from audit.models.onnx_graph.node import Node


def gemm(node: Node, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """``alpha * a @ b + beta * c``, each matrix transposed where the node says so."""
    a = a.T if node.flag("transA", False) else a
    b = b.T if node.flag("transB", False) else b
    y = scaled(a @ b, node.number("alpha", 1.0))
    return y if c is None else y + scaled(c, node.number("beta", 1.0))


def scaled(x: Tensor, factor: float) -> Tensor:
    """``factor * x`` in the type of ``x``."""
    return x if factor == 1 else (x * factor).to(x.dtype)


def einsum(node: Node, *x: Tensor) -> Tensor:
    return torch.einsum(node.text("equation"), *x)
