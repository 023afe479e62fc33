"""Mask R-CNN and its like: boxes, scores and labels ready made, and a mask for each."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from audit.decoders.boxes import BoxOutputs
from audit.decoders.detector import Count, Fraction
from audit.decoders.masks import box_mask, map_mask
from audit.decoders.outputs import Outputs, take
from audit.frame import Frame
from audit.predictions import Detections
from camsim.errors import CamsimError


class MaskRcnn(BoxOutputs):
    """The outputs of decoder ``boxes``, and masks (N, h, w) or (N, 1, h, w) of probabilities."""

    kind: Literal["maskrcnn"] = "maskrcnn"
    task: ClassVar[str] = "instances"
    max_detections: Count = 100
    masks: str = "masks"
    """Name of the output with a mask for each box."""
    mask_extent: Literal["box", "input"] = "box"
    """What a mask covers: its box (28x28 mostly), or the whole of the model's input (torchvision)."""
    mask_threshold: Fraction = 0.5
    """Above it a pixel belongs to the object."""

    def decode(self, outputs: Outputs, frame: Frame) -> Detections:
        corners, scores, labels, rows = self.read(outputs, frame)
        found, places = self.finish(corners, scores, labels, frame)
        values = take(outputs, self.masks, "masks")
        if values.ndim == 4 and values.shape[1] == 1:
            values = values[:, 0]
        if values.ndim != 3 or len(values) <= max(rows[places], default=-1):
            raise CamsimError(
                f"decoder maskrcnn: output {self.masks!r} is {tuple(values.shape)}; a mask for each box is wanted, "
                "(N, h, w) or (N, 1, h, w)"
            )
        masks = []
        for place, cut in zip(places, found.corners, strict=True):
            one = values[rows[place]].astype(np.float64)
            if self.mask_extent == "input":
                masks.append(map_mask(one, cut, frame, self.mask_threshold))
            else:
                whole = frame.points_to_picture(corners[place].reshape(2, 2)).reshape(4)
                masks.append(box_mask(one, whole, frame, self.mask_threshold))
        return Detections(found.corners, found.scores, found.labels, tuple(masks))
