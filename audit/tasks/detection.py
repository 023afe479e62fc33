"""Detection: objects in boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.data import Sample
from audit.data.truth import Boxes
from audit.predictions import Detections
from audit.tasks.matching import Regions, boxes
from audit.tasks.objects import ObjectTask


class Detection(ObjectTask):
    """mAP is COCO's, over all detections that the decoder keeps; all else looks at those of the decoder's confidence or
    more, which a user of the model would be shown.

    The score of a sample is their F1 at an intersection over union of 0.5, against the truth; 1 where there is nothing
    and nothing is found. The agreement is the same against what is found under the reference. A flip: what is found is
    not what is found under the reference; at least one, there or here, has no counterpart of its class at IoU 0.5. The
    confidence is the mean score of what is found. The loss is 1 - soft F1 (see `audit.tasks.soft_f1`), against the
    truth, or without labels against what is found under the reference. Crowds count neither as found nor as missed.

    Sizes (small < 32^2 <= medium <= 96^2 < large) are those of an object's box in pixels of the picture that is shown;
    COCO's own figures take the area of its outline.
    """

    key = "detection"
    also = ("instances",)
    title = "Detection"
    score_title = "F1 at IoU 0.5"

    def regions(self, answer: Detections) -> Regions:
        return boxes(answer.labels, answer.corners)

    def truth_regions(self, sample: Sample, found: Boxes, labels: NDArray[np.int64]) -> Regions:
        return boxes(labels, np.asarray(found.corners, dtype=np.float64).reshape(-1, 4))
