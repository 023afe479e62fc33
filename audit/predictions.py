"""What models say of a picture, task by task, in the picture's own pixels (see `audit.data.truth` for coordinates)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelChances:
    """Multi-label classification."""

    probabilities: NDArray[np.float64]
    """(C,), each in [0, 1] by itself."""


@dataclass(frozen=True)
class Detections:
    """K objects found, the surest first."""

    corners: NDArray[np.float64]
    """(K, 4): left, top, right, bottom; within the picture."""
    scores: NDArray[np.float64]
    """(K,) in [0, 1]."""
    labels: NDArray[np.int64]
    """(K,), indices into the model's classes."""
    masks: tuple[NDArray[np.bool_], ...] | None = None
    """(H, W) of each, for instance segmentation."""
    points: NDArray[np.float64] | None = None
    """(K, P, 2): x, y of named points of each, for poses; they may lie outside the picture."""
    seen: NDArray[np.float64] | None = None
    """(K, P) in [0, 1]: how sure each point is to be seen; NaN where the model does not say."""


@dataclass(frozen=True)
class PixelClasses:
    """Semantic segmentation."""

    indices: NDArray[np.int32]
    """(H, W), into the model's classes."""
    confidence: float
    """Mean over pixels of the winning class's probability; NaN where the model gives no probabilities."""


@dataclass(frozen=True)
class Numbers:
    """Regression."""

    numbers: NDArray[np.float64]
    """(D,)."""


@dataclass(frozen=True)
class Points:
    """Keypoints of one object."""

    points: NDArray[np.float64]
    """(K, 2): x, y."""
    scores: NDArray[np.float64]
    """(K,) in [0, 1]; NaN where the model gives none."""
    shape: tuple[int, int]
    """(height, width) of the picture."""


@dataclass(frozen=True)
class DepthMap:
    """Depth estimation."""

    metres: NDArray[np.float32]
    """(H, W); of a relative model, up to scale and shift."""


@dataclass(frozen=True)
class Embedding:
    """A vector whose direction tells what is alike."""

    vector: NDArray[np.float64]
    """(D,), not normalised."""


@dataclass(frozen=True)
class Reading:
    """Text recognition."""

    text: str
    confidence: float
    """Mean probability of the characters, in [0, 1]; NaN where the model gives none."""


Prediction = LabelChances | Detections | PixelClasses | Numbers | Points | DepthMap | Embedding | Reading
