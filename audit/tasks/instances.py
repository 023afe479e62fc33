"""Instance segmentation: objects with their outlines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.data import Sample
from audit.data.truth import Boxes
from audit.predictions import Detections
from audit.tasks.matching import Regions, masks
from audit.tasks.objects import ObjectTask
from camsim.errors import CamsimError


class Instances(ObjectTask):
    """As `audit.tasks.detection.Detection`, with the overlap and the size of masks in place of boxes."""

    key = "instances"
    title = "Instance segmentation"
    score_title = "F1 at mask IoU 0.5"

    def regions(self, answer: Detections) -> Regions:
        assert answer.masks is not None  # decoders of this task give them
        return masks(answer.labels, answer.masks)

    def truth_regions(self, sample: Sample, found: Boxes, labels: NDArray[np.int64]) -> Regions:
        if found.masks is None and len(labels):
            raise CamsimError(
                f"{sample.id}: has boxes, but no masks; give data with masks, or audit with --task detection"
            )
        return masks(labels, found.masks or ())
