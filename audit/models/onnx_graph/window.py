"""What convolutions and pools share: strides, dilations, pads and the sizes that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from audit.models.onnx_graph.node import Node


@dataclass(frozen=True)
class Window:
    """A window that slides over the spatial axes; one number an axis each."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    before: tuple[int, ...]
    """Pads at the axes' beginnings."""
    behind: tuple[int, ...]
    """Pads at their ends."""
    ceil: tuple[int, ...]
    """What the last window reaches beyond the pads (``ceil_mode``)."""

    @property
    def padded(self) -> bool:
        return any((*self.before, *self.behind, *self.ceil))


def window_of(node: Node, kernel: Sequence[int], sizes: Sequence[int]) -> Window:
    """The window of a node over axes of given sizes."""
    rank = len(kernel)
    if len(sizes) != rank:
        raise ValueError(f"a kernel of {rank} axes on {len(sizes)} spatial axes")
    strides, dilations = node.integers("strides", [1] * rank), node.integers("dilations", [1] * rank)
    reach = [(size - 1) * dilation + 1 for size, dilation in zip(kernel, dilations, strict=True)]
    before, behind = _pads(node, reach, strides, sizes)
    ceil = [0] * rank
    if node.flag("ceil_mode", False):
        ceil = [_beyond(*axis) for axis in zip(sizes, reach, strides, before, behind, strict=True)]
    return Window(tuple(kernel), strides, dilations, tuple(before), tuple(behind), tuple(ceil))


def pads_of(node: Node, rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The attribute ``pads``: of the axes' beginnings, and of their ends."""
    pads = node.integers("pads", [0] * (2 * rank)) or (0,) * (2 * rank)
    if len(pads) != 2 * rank:
        raise ValueError(f"{len(pads)} pads for {rank} spatial axes: there must be two an axis")
    return pads[:rank], pads[rank:]


def _pads(
    node: Node, reach: Sequence[int], strides: Sequence[int], sizes: Sequence[int]
) -> tuple[Sequence[int], Sequence[int]]:
    automatic = node.choice(
        "auto_pad", {word: word for word in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")}, "NOTSET"
    )
    if automatic == "NOTSET":
        return pads_of(node, len(reach))
    if automatic == "VALID":
        return [0] * len(reach), [0] * len(reach)
    # As many outputs as there are strides in the input, an odd pad at the end (UPPER) or at the beginning.
    totals = [
        max((-(-size // stride) - 1) * stride + far - size, 0)
        for size, stride, far in zip(sizes, strides, reach, strict=True)
    ]
    small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
    return (small, large) if automatic == "SAME_UPPER" else (large, small)


def _beyond(size: int, reach: int, stride: int, before: int, behind: int) -> int:
    padded = size + before + behind
    outputs = -(-(padded - reach) // stride) + 1
    if (outputs - 1) * stride >= size + before:  # a window that begins in the pads behind does not count
        outputs -= 1
    return max((outputs - 1) * stride + reach - padded, 0)


def pad_spatial(x: Tensor, before: Sequence[int], behind: Sequence[int], value: float = 0.0) -> Tensor:
    """Pad the last axes; negative numbers crop."""
    if not any((*before, *behind)):
        return x
    pads = [size for pair in zip(reversed(before), reversed(behind), strict=True) for size in pair]
    return F.pad(x, pads, value=value)


def windows(x: Tensor, window: Window, value: float = 0.0) -> Tensor:
    """All windows of (N, C, ...) as (N, C, outputs ..., kernel ...), pads filled with ``value``."""
    behind = [pad + extra for pad, extra in zip(window.behind, window.ceil, strict=True)]
    x = pad_spatial(x, window.before, behind, value)
    for axis, (size, stride, dilation) in enumerate(
        zip(window.kernel, window.strides, window.dilations, strict=True), start=2
    ):
        x = x.unfold(axis, (size - 1) * dilation + 1, stride)[..., ::dilation]
    return x
