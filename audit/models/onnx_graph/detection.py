"""What detectors do with their boxes."""

from __future__ import annotations

import torch
from torch import Tensor

from audit.models.onnx_graph.node import Node


def non_max_suppression(
    node: Node,
    boxes: Tensor,
    scores: Tensor,
    most: Tensor | None = None,
    overlap: Tensor | None = None,
    threshold: Tensor | None = None,
) -> Tensor:
    """Rows (batch, class, box) of the boxes that stay, (N, 3); indices carry no gradient."""
    limit = int(most) if most is not None else 0
    most_overlap = float(overlap) if overlap is not None else 0.0
    corners = _corners(boxes.detach(), node.flag("center_point_box"))
    scores = scores.detach()
    kept = []
    for image in range(scores.shape[0]):
        for label in range(scores.shape[1]):
            row = scores[image, label]
            order = torch.argsort(row, descending=True, stable=True)
            if threshold is not None:
                order = order[row[order] > threshold]
            kept += [(image, label, index) for index in _suppressed(corners[image], order, limit, most_overlap)]
    return torch.tensor(kept, dtype=torch.int64).reshape(-1, 3)


def _corners(boxes: Tensor, centred: bool) -> Tensor:
    """Boxes as (low, low, high, high); given as (centre, size), or by any two opposite corners."""
    a, b = boxes[..., :2], boxes[..., 2:]
    if centred:
        return torch.cat([a - b / 2, a + b / 2], -1)
    return torch.cat([torch.minimum(a, b), torch.maximum(a, b)], -1)


def _suppressed(boxes: Tensor, order: Tensor, limit: int, most_overlap: float) -> list[int]:
    """Go through the boxes by score; each one kept throws out those that overlap it too much."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    kept: list[int] = []
    while len(order) and len(kept) < limit:
        best, order = order[0], order[1:]
        kept.append(int(best))
        sides = torch.minimum(boxes[best, 2:], boxes[order, 2:]) - torch.maximum(boxes[best, :2], boxes[order, :2])
        common = sides.clamp(min=0).prod(1)
        order = order[common / (areas[best] + areas[order] - common) <= most_overlap]
    return kept
