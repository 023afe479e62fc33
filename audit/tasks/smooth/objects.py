"""Detection: 1 - soft F1 of what the decoder keeps, with the slope of its scores and boxes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.decoders.detector import Detector
from audit.frame import Frame
from audit.predictions import Detections
from audit.tasks.matching import Regions
from audit.tasks.objects import Objects
from audit.tasks.smooth.candidates import Candidates
from audit.tasks.soft_f1 import OVERLAP


@dataclass(frozen=True)
class ObjectLoss:
    """The loss of `audit.tasks.detection.Detection`, `audit.tasks.soft_f1.soft_f1`, as a function of scores and boxes.

    Which candidates are kept (threshold, suppression, the surest) is decided as the decoder does, and has no slope; the
    number is that of the decoder's own answer.
    """

    decoder: Detector
    names: tuple[str, ...]
    candidates: Callable[[Mapping[str, Tensor], Frame], Candidates]
    regions: Callable[[Detections], Regions]

    def __call__(
        self, outputs: Mapping[str, Tensor], frame: Frame, truth: Objects | None, reference: Detections | None
    ) -> Tensor:
        corners, scores, labels = self.candidates(outputs, frame)
        _, places = self.decoder.finish(corners.detach().numpy(), scores.detach().numpy(), labels.numpy(), frame)
        kept = torch.from_numpy(places)
        boxes = _pictured(corners[kept].to(torch.float64), frame)
        sure = scores[kept].to(torch.float64).clamp(max=1)
        if truth is None:
            assert reference is not None
            expected = self.regions(reference).where(reference.scores >= self.decoder.confidence)
            truth = Objects(expected, np.zeros(len(expected), dtype=np.bool_))
        return 1 - soft_f1(boxes, sure, labels[kept], truth, self.decoder.confidence)


def soft_f1(boxes: Tensor, scores: Tensor, labels: Tensor, objects: Objects, confidence: float) -> Tensor:
    """`audit.tasks.soft_f1.soft_f1` of boxes (K, 4) in torch."""
    squares = scores**2
    total = squares + confidence**2
    worth = squares / torch.where(total > 0, total, 1.0)
    crowd = torch.from_numpy(objects.crowd)
    wanted = int((~crowd).sum())
    if not len(objects.regions) or not len(boxes):
        return 1 / (1 + worth.sum()) if not wanted else worth.sum() * 0
    low, high = OVERLAP
    same = labels[:, None] == torch.from_numpy(objects.regions.labels)
    ramp = ((_overlaps(boxes, objects.regions.shapes, crowd) - low) / (high - low)).clamp(0, 1) * same
    none = torch.zeros(len(boxes), 1, dtype=ramp.dtype)
    claimed = (worth * (1 - torch.cat([none, ramp[:, crowd]], dim=1).amax(dim=1))).sum()
    if not wanted:
        return 1 / (1 + claimed)
    right = (worth[:, None] * ramp[:, ~crowd]).amax(dim=0).sum()
    return 2 * right / (wanted + torch.maximum(claimed, right))


def _overlaps(boxes: Tensor, shapes: Any, crowd: Tensor) -> Tensor:
    """(K, G) of corners (K, 4) and left, top, width, height (G, 4); see `audit.tasks.matching.overlaps`."""
    others = torch.from_numpy(np.asarray(shapes, dtype=np.float64))
    start = torch.maximum(boxes[:, None, :2], others[None, :, :2])
    end = torch.minimum(boxes[:, None, 2:], (others[:, :2] + others[:, 2:])[None])
    both = (end - start).clamp(min=0).prod(dim=2)
    mine = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)[:, None]
    either = torch.where(crowd[None], mine, mine + others[:, 2:].prod(dim=1)[None] - both)
    return both / torch.where(either > 0, either, 1.0)


def _pictured(corners: Tensor, frame: Frame) -> Tensor:
    """`audit.frame.Frame.boxes_to_picture` in torch."""
    height, width = frame.shape
    ends: NDArray[np.float64] = np.array([width, height] * 2, dtype=np.float64)
    scale = ends / np.array([frame.resized[1], frame.resized[0]] * 2)
    start = torch.tensor([frame.left, frame.top] * 2, dtype=torch.float64)
    moved = (corners - start) * torch.from_numpy(scale)
    return torch.minimum(moved.clamp(min=0), torch.from_numpy(ends))
