"""What each task's network is trained on: targets from the truths as an audit reads them, and a loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Labels, Poses, Text, Truth, Values
from benchmarks.tasks.networks import Found

Given = Sequence[Truth | str]
"""Truths, or names of classes."""
Targets = tuple[Tensor, ...]
"""Each with the samples first."""
Aim = tuple[Callable[[Given], Targets], Callable[..., Tensor]]
"""Truths of all samples to targets; outputs and targets of some samples to a loss."""


def one_class(names: Sequence[str]) -> Aim:
    """Logits (B, C) of the class."""
    return lambda given: (torch.tensor([names.index(str(name)) for name in given]),), F.cross_entropy


def alike(names: Sequence[str]) -> Aim:
    """Vectors (B, D) that point the same way for one class: the supervised contrastive loss of Khosla et al. (2020)."""

    def loss(vectors: Tensor, classes: Tensor) -> Tensor:
        directions = F.normalize(vectors, dim=1)
        itself = torch.eye(len(classes), dtype=torch.bool)
        likeness = (directions @ directions.T / 0.1).masked_fill(itself, -1e9)
        same = ((classes[:, None] == classes) & ~itself).float()
        each = (same * likeness.log_softmax(dim=1)).sum(dim=1) / same.sum(dim=1).clamp(min=1)
        return -each.mean()

    return one_class(names)[0], loss


def many_classes(names: Sequence[str]) -> Aim:
    """Logits (B, C) of each class by itself."""

    def targets(given: Given) -> Targets:
        found = [one.names for one in given if isinstance(one, Labels)]
        return (torch.tensor([[float(name in there) for name in names] for there in found]),)

    return targets, F.binary_cross_entropy_with_logits


def class_map() -> Aim:
    """Logits (B, C, h, w), brought to the picture's pixels."""

    def targets(given: Given) -> Targets:
        return (torch.from_numpy(np.stack([one.indices for one in given if isinstance(one, ClassMap)])).long(),)

    return targets, lambda maps, wanted: F.cross_entropy(_to(maps, wanted), wanted)


def numbers(mean: Sequence[float], std: Sequence[float]) -> Aim:
    """Standardised numbers (B, D)."""

    def targets(given: Given) -> Targets:
        found = np.stack([one.numbers for one in given if isinstance(one, Values)])
        return (torch.from_numpy((found - mean) / std).float(),)

    return targets, F.smooth_l1_loss


def heatmaps(side: int, cells: int) -> Aim:
    """Logits (B, K, cells, cells) of a Gaussian around each point, one cell wide."""

    def targets(given: Given) -> Targets:
        points = torch.from_numpy(np.stack([one.points for one in given if isinstance(one, Keypoints)])).float()
        x, y = (points * cells / side)[..., None, None].unbind(dim=2)
        places = torch.arange(cells) + 0.5
        return (torch.exp(-((places - x) ** 2 + (places[:, None] - y) ** 2) / 2),)

    return targets, lambda maps, wanted: F.binary_cross_entropy_with_logits(maps, wanted) * 10


def depth() -> Aim:
    """Metres (B, 1, h, w), brought to the picture's pixels."""

    def targets(given: Given) -> Targets:
        return (torch.from_numpy(np.stack([one.metres for one in given if isinstance(one, Depth)])),)

    return targets, lambda maps, wanted: (_to(maps, wanted)[:, 0].clamp(min=0.1).log() - wanted.log()).abs().mean()


def text(characters: str) -> Aim:
    """Logits (B, T, C) for connectionist temporal classification, the blank first."""

    def targets(given: Given) -> Targets:
        found = [one.text for one in given if isinstance(one, Text)]
        rows = torch.zeros(len(found), max(map(len, found)), dtype=torch.long)
        for row, written in zip(rows, found, strict=True):
            row[: len(written)] = torch.tensor([1 + characters.index(one) for one in written])
        return rows, torch.tensor([len(written) for written in found])

    def loss(logits: Tensor, rows: Tensor, lengths: Tensor) -> Tensor:
        chances = logits.log_softmax(dim=2).transpose(0, 1)
        return F.ctc_loss(chances, rows, torch.full_like(lengths, len(chances)), lengths)

    return targets, loss


def boxes(names: Sequence[str], side: int, stride: int, masks: bool = False) -> Aim:
    """A `benchmarks.tasks.networks.Grid`: cells near an object's centre are to find it, cells in crowds nothing."""

    def targets(given: Given) -> Targets:
        rows = [_cells(one, names, side, stride) for one in given if isinstance(one, Boxes)]
        labels, corners, objects = (torch.stack(column) for column in zip(*rows, strict=True))
        if not masks:
            return labels, corners
        return labels, corners, objects, torch.stack([_outlines(one, side) for one in given if isinstance(one, Boxes)])

    return targets, _mask_loss if masks else partial(_box_loss)


def poses(names: Sequence[str], side: int, stride: int, sigma: float) -> Aim:
    """A `benchmarks.tasks.networks.Grid` with points: `boxes`, and the points of the object that a cell is to find.

    Their distances are measured as the object keypoint similarity does, e = d^2 / (2 s^2 (2 sigma)^2), but cost
    log(1 + e) rather than 1 - exp(-e), which has no slope far away; of points that are not labelled, nothing.
    """

    def targets(given: Given) -> Targets:
        rows = [_pose_cells(one, names, side, stride) for one in given if isinstance(one, Poses)]
        return tuple(torch.stack(column) for column in zip(*rows, strict=True))

    def loss(table: Tensor, labels: Tensor, corners: Tensor, points: Tensor, seen: Tensor, areas: Tensor) -> Tensor:
        boxed, chosen = 4 + len(names), labels >= 0
        found = table[:, boxed:].transpose(1, 2)[chosen].unflatten(1, (-1, 3))
        seen = seen[chosen]
        away = (found[..., :2] - points[chosen]).square().sum(dim=2) / areas[chosen][:, None] / (8 * sigma**2)
        placed = (away.log1p() * seen).sum() / seen.sum().clamp(min=1)
        sure = F.binary_cross_entropy(found[..., 2].clamp(1e-6, 1 - 1e-6), seen)
        return _box_loss(table[:, :boxed], labels, corners) + placed + sure

    return targets, loss


REACH = 1.0
"""Cells, along each axis, from the middle of a cell that is to find an object to the object's centre."""
IGNORED = -2
MOST = 4
"""Objects with masks in a picture."""


def _cells(truth: Boxes, names: Sequence[str], side: int, stride: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of each cell: its class (-1: none, -2: not asked), corners (A, 4) of its object, and that object's number."""
    places = (np.arange(side // stride) + 0.5) * stride
    x, y = (axis.ravel() for axis in np.meshgrid(places, places))
    labels, nearest = np.full(x.size, -1), np.full(x.size, np.inf)
    corners, objects = np.zeros((x.size, 4)), np.zeros(x.size, dtype=np.int64)
    for number, (box, name, crowd) in enumerate(zip(truth.corners, truth.names, truth.crowd, strict=True)):
        away = np.maximum(abs(x - (box[0] + box[2]) / 2), abs(y - (box[1] + box[3]) / 2)) / stride
        inside = (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])
        if crowd:
            labels[inside & (labels == -1)] = IGNORED
            continue
        own = (away <= REACH) & (away < nearest)
        labels[own], corners[own], nearest[own], objects[own] = names.index(name), box, away[own], number
    return torch.from_numpy(labels), torch.from_numpy(corners).float(), torch.from_numpy(objects)


def _pose_cells(truth: Poses, names: Sequence[str], side: int, stride: int) -> Targets:
    """Of each cell: class and corners as `_cells` has them; its object's points (A, P, 2), which of them are labelled
    (A, P), and its area (A,)."""
    labels, corners, objects = _cells(truth, names, side, stride)
    each = (torch.from_numpy(numbers).float()[objects] for numbers in (truth.points, truth.visible, truth.areas))
    return labels, corners, *each


def _outlines(truth: Boxes, side: int) -> Tensor:
    """(4, side / 2, side / 2) shares of each cell that a mask covers."""
    found = np.zeros((MOST, side, side), dtype=np.float32)
    for number, mask in enumerate(truth.masks or ()):
        found[number] = mask
    return F.avg_pool2d(torch.from_numpy(found), 2)


def _box_loss(given: Tensor | Found, labels: Tensor, corners: Tensor) -> Tensor:
    """Cross-entropy of scores, and 1 - generalised IoU (Rezatofighi et al., CVPR 2019) of boxes."""
    table = (given.table if isinstance(given, Found) else given).transpose(1, 2)
    classes = _classes(given)
    positive, asked = labels >= 0, labels != IGNORED
    wanted = F.one_hot(labels.clamp(min=0), classes).float() * positive[..., None]
    scores = table[..., 4 : 4 + classes]
    each = F.binary_cross_entropy(scores.clamp(1e-6, 1 - 1e-6), wanted, reduction="none")
    # Cells without an object are many, and most are easy: they count by how wrong they are (Lin et al., ICCV 2017).
    each = each * torch.where(wanted > 0, 1.0, scores.detach() ** 2)
    count = positive.sum().clamp(min=1)
    found = each[asked].sum() / count
    return found + 2 * (1 - _generalised_iou(table[..., :4][positive], corners[positive])).sum() / count


def _classes(given: Tensor | Found) -> int:
    if isinstance(given, Found):
        return given.table.shape[1] - 4 - given.prototypes.shape[1]
    return given.shape[1] - 4


def _mask_loss(given: Found, labels: Tensor, corners: Tensor, objects: Tensor, outlines: Tensor) -> Tensor:
    """Boxes, and cross-entropy of masks within their boxes, each by its area (Bolya et al., YOLACT, ICCV 2019)."""
    loss = _box_loss(given, labels, corners)
    sample, cell = torch.nonzero(labels >= 0, as_tuple=True)
    weights = given.table.transpose(1, 2)[sample, cell, -given.prototypes.shape[1] :]
    maps = torch.einsum("np,nphw->nhw", weights, given.prototypes[sample])
    wanted = outlines[sample, objects[sample, cell]]
    places = (torch.arange(maps.shape[-1]) + 0.5) * 2
    left, top, right, bottom = (corners[sample, cell].T)[..., None]
    across, down = (places > left) & (places < right), (places > top) & (places < bottom)
    inside = (down[:, :, None] & across[:, None]).float()
    each = F.binary_cross_entropy_with_logits(maps, wanted, reduction="none") * inside
    return loss + 2 * (each.sum(dim=(1, 2)) / inside.sum(dim=(1, 2)).clamp(min=1)).mean()


def _generalised_iou(found: Tensor, wanted: Tensor) -> Tensor:
    """Of (N, 4) centre, size and (N, 4) corners."""
    start, end = found[:, :2] - found[:, 2:] / 2, found[:, :2] + found[:, 2:] / 2
    both = (torch.minimum(end, wanted[:, 2:]) - torch.maximum(start, wanted[:, :2])).clamp(min=0).prod(dim=1)
    either = found[:, 2:].prod(dim=1) + (wanted[:, 2:] - wanted[:, :2]).prod(dim=1) - both
    hull = (torch.maximum(end, wanted[:, 2:]) - torch.minimum(start, wanted[:, :2])).prod(dim=1)
    return both / either - (hull - either) / hull


def _to(maps: Tensor, wanted: Tensor) -> Tensor:
    return F.interpolate(maps, wanted.shape[-2:], mode="bilinear")
