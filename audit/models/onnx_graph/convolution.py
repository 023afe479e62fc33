"""Convolutions over one to three spatial axes."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node
from audit.models.onnx_graph.window import pad_spatial, pads_of, window_of

_CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def conv(node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    rank = weight.dim() - 2
    if rank not in _CONV:
        node.refuse(f"has {rank} spatial axes; 1 to 3 have a differentiable form")
    window = window_of(node, weight.shape[2:], x.shape[2:])
    pads = window.before
    if window.before != window.behind:
        x, pads = pad_spatial(x, window.before, window.behind), (0,) * rank
    return _CONV[rank](x, weight, bias, window.strides, pads, window.dilations, node.integer("group", 1))


def conv_transpose(node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The whole output without pads, then cropped by them."""
    rank = weight.dim() - 2
    if rank not in _TRANSPOSED:
        node.refuse(f"has {rank} spatial axes; 1 to 3 have a differentiable form")
    strides, dilations = node.integers("strides", [1] * rank), node.integers("dilations", [1] * rank)
    whole = _TRANSPOSED[rank](x, weight, None, strides, 0, 0, node.integer("group", 1), dilations)
    extra = node.integers("output_padding", [0] * rank)
    before, behind = _crops(node, x.shape[2:], whole.shape[2:], strides, extra)
    behind = [crop - more for crop, more in zip(behind, extra, strict=True)]
    cropped = pad_spatial(whole, [-crop for crop in before], [-crop for crop in behind])
    return cropped if bias is None else cropped + bias.reshape(-1, *[1] * rank)


def _crops(
    node: Node, sizes: Sequence[int], whole: Sequence[int], strides: Sequence[int], extra: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    automatic = node.text("auto_pad", "NOTSET")
    if not node.has("output_shape") and not automatic.startswith("SAME"):
        return pads_of(node, len(sizes))
    if node.has("output_shape"):
        wanted: Sequence[int] = node.integers("output_shape")[-len(sizes) :]
    else:
        wanted = [size * stride for size, stride in zip(sizes, strides, strict=True)]
    totals = [full + more - want for full, more, want in zip(whole, extra, wanted, strict=True)]
    # As onnxruntime, nothing is added at the beginning, and at the end only where a shape is asked for.
    cropped = [max(total, 0) for total in totals]
    before = [total // 2 if automatic == "SAME_UPPER" else total - total // 2 for total in cropped]
    ends = totals if node.has("output_shape") else cropped
    return before, [total - start for total, start in zip(ends, before, strict=True)]
