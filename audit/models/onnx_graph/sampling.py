"""Sampling at places that the graph computes: grids and regions of interest."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node

_MODES = {
    "bilinear": "bilinear",
    "linear": "bilinear",
    "nearest": "nearest",
    "bicubic": "bicubic",
    "cubic": "bicubic",
}


def grid_sample(node: Node, x: Tensor, grid: Tensor) -> Tensor:
    mode = node.choice("mode", _MODES)
    padding = node.choice("padding_mode", {word: word for word in ("zeros", "border", "reflection")})
    if x.dim() not in (4, 5) or (x.dim() == 5 and mode == "bicubic"):
        node.refuse(f"samples {x.dim() - 2} spatial axes in mode {node.text('mode')}")
    return F.grid_sample(x, grid, mode, padding, node.flag("align_corners"))


def affine_grid(node: Node, theta: Tensor, size: Tensor) -> Tensor:
    return F.affine_grid(theta, size.tolist(), node.flag("align_corners"))
