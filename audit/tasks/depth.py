"""Depth estimation: a distance for every pixel."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.data import Dataset, Sample
from audit.data.truth import Depth
from audit.decoders.depth import DepthDecoder
from audit.frame import Shape
from audit.models.network import Network
from audit.predictions import DepthMap
from audit.sketch import Distances, Sketch, sketch_truth
from audit.tasks.decoded import AGREEMENT, DecodedTask
from audit.tasks.mark import Mark
from audit.tasks.metric import Metric
from camsim.errors import CamsimError

RATIO = 1.25
"""Two depths of a larger ratio are different ones (Eigen et al., NeurIPS 2014)."""

FLIP_BELOW = 0.9

Floats = NDArray[np.float64]


class DepthTask(DecodedTask[DepthMap]):
    """Pixels whose true depth is NaN, or not above 0, and those that a crop kept from the model, do not count.

    A relative model is aligned with the truth for each picture by itself: ``scale`` by the ratio of the medians,
    ``scale_and_shift`` by least squares; an inverse one in inverse depth. Aligned depth is cut off at ``farthest``, or
    else at the farthest truth of the picture, which also stands where an aligned inverse falls to 0.

    The score of a sample is the share of its pixels within a factor 1.25 of the truth. The agreement is that share
    against the depth under the reference (``scale``: after the ratio of medians); of a ``scale_and_shift`` model the
    squared correlation of both, as ratios of its numbers mean nothing; 1 for two equal maps, 0 where only one is
    constant. A flip is an agreement below 0.9. There is no confidence. The loss is the mean of
    1 - min(d / d*, d* / d), against the truth or else the reference (``scale_and_shift`` without labels:
    1 - agreement).

    Absolute relative error and RMSE are those of each picture, averaged over samples. A depth that is not above 0
    counts as wrong.
    """

    key = "depth"
    title = "Depth estimation"
    score_title = "share within a factor 1.25"
    decoder: DepthDecoder
    columns = MappingProxyType({"abs_rel": pa.float64(), "rmse": pa.float64()})

    def __init__(self, network: Network, decoder: DepthDecoder, data: Dataset) -> None:
        """
        Raises:
            CamsimError: the model cannot run or be read so.
        """
        super().__init__(network, decoder, data, "depth")
        self.metrics = (
            Metric("abs_rel", "Absolute relative error", "mean", ("abs_rel",), better="lower"),
            Metric("rmse", "RMSE", "mean", ("rmse",), "m", 3, "lower"),
            Metric("delta_1", "Within a factor 1.25", "mean", ("score",)),
            AGREEMENT,
        )

    def truth(self, sample: Sample, shape: tuple[int, int]) -> NDArray[np.float32] | None:
        """(H, W) metres; NaN: does not count."""
        if not self.labelled:
            return None
        found = sample.load_truth(shape)
        if not isinstance(found, Depth):
            raise CamsimError(f"{sample.id}: has no depth; label it, leave it out, or audit without labels")
        counts = np.isfinite(found.metres) & (found.metres > 0)
        if not counts.any():
            raise CamsimError(f"{sample.id}: the depth of none of its pixels is known")
        return np.where(counts, found.metres, np.float32(np.nan))

    def mark(self, answer: DepthMap, reference: DepthMap, truth: NDArray[np.float32] | None) -> Mark:
        agreement, apart = self._agree(*_counted(answer.metres, reference.metres))
        if truth is None:
            own: dict[str, object] = dict.fromkeys(self.columns)
            return Mark(None, agreement, agreement < FLIP_BELOW, None, apart, own)
        found, right = _counted(answer.metres, truth)
        if not right.size:
            raise CamsimError("no pixel of known depth was given to the model: its preprocessing crops them away")
        metres = self._aligned(found, right)
        closeness = ratios(metres, right)
        error = abs(metres - right)
        return Mark(
            score=_share(closeness),
            agreement=agreement,
            flip=agreement < FLIP_BELOW,
            confidence=None,
            loss=1 - float(closeness.mean()),
            own={"abs_rel": float((error / right).mean()), "rmse": math.sqrt(float((error**2).mean()))},
        )

    def say(self, answer: DepthMap) -> str:
        """``1.2 to 9.8 m, median 4.1``."""
        known = answer.metres[~np.isnan(answer.metres)]
        if not known.size:
            return "nothing"
        unit = " m" if self.decoder.relative is None else ""
        return f"{known.min():.3g} to {known.max():.3g}{unit}, median {np.median(known):.3g}"

    def sketches(
        self, reference: DepthMap, answer: DepthMap, truth: object, shape: Shape
    ) -> tuple[Sketch | None, Sketch | None, Sketch | None]:
        """Depth in metres where the model or the truth tells metres; else its own numbers, those on the device brought
        to the reference's as the agreement does."""
        right = sketch_truth(truth, shape)
        if right is not None and right.distances is not None:
            aim = right.distances.values
            maps = [self._map_in_metres(one.metres, aim) for one in (reference, answer)]
            unit, inverse = "m", False
        else:
            maps = [reference.metres, answer.metres]
            unit, inverse = ("m", False) if self.decoder.relative is None else ("", self.decoder.inverse)
            found, expected = _counted(answer.metres, reference.metres)
            if self.decoder.relative is not None and found.size:
                fit = _fit(self.decoder.relative, found, expected)
                maps[1] = fit(answer.metres.astype(np.float64)).astype(np.float32)
        before, after = (Sketch(shape, distances=Distances(one, unit, inverse)) for one in maps)
        return before, after, right

    def _map_in_metres(self, values: NDArray[np.float32], truth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of every pixel that the model was given, also where the truth is not known."""
        found, right = _counted(values, truth)
        if not right.size:
            return values
        return self._aligned(found, right, values.astype(np.float64)).astype(np.float32)

    def _agree(self, found: Floats, expected: Floats) -> tuple[float, float]:
        """Agreement and loss of the model's own numbers under two cameras."""
        if np.array_equal(found, expected):
            return 1.0, 0.0
        if self.decoder.relative == "scale_and_shift":
            same = squared_correlation(found, expected)
            return same, 1 - same
        if self.decoder.relative == "scale":
            found = found * median_ratio(found, expected)
        closeness = ratios(found, expected)
        return _share(closeness), 1 - float(closeness.mean())

    def _aligned(self, found: Floats, right: Floats, values: Floats | None = None) -> Floats:
        """The model's numbers as metres; or other ``values``, aligned like them."""
        values = found if values is None else values
        if self.decoder.relative is None:
            return values
        aim = 1 / right if self.decoder.inverse else right
        fitted = _fit(self.decoder.relative, found, aim)(values)
        farthest = self.decoder.farthest or float(right.max())
        if self.decoder.inverse:
            fitted = 1 / np.maximum(fitted, 1 / farthest)
        return np.minimum(fitted, farthest)


def _fit(kind: Literal["scale", "scale_and_shift"], found: Floats, aim: Floats) -> Callable[[Floats], Floats]:
    """What brings ``found`` to ``aim``, for these and other numbers."""
    if kind == "scale":
        factor = median_ratio(found, aim)
        return lambda values: values * factor
    return lambda values: least_squares(found, aim, values)


def median_ratio(found: Floats, aim: Floats) -> float:
    """What makes both medians equal (Zhou et al., CVPR 2017); 1 where that of ``found`` is not above 0."""
    middle = float(np.median(found))
    return float(np.median(aim)) / middle if middle > 0 else 1.0


def least_squares(found: Floats, aim: Floats, values: Floats | None = None) -> Floats:
    """a found + b closest to ``aim`` (Ranftl et al., MiDaS, TPAMI 2022), or a ``values`` + b; constant where ``found``
    is."""
    x, y = found - found.mean(), aim - aim.mean()
    power = float(x @ x)
    slope = float(x @ y) / power if power > 0 else 0.0
    fitted: Floats = slope * (x if values is None else values - found.mean()) + aim.mean()
    return fitted


def squared_correlation(found: Floats, expected: Floats) -> float:
    """In [0, 1]; 0 where one of both is constant."""
    x, y = found - found.mean(), expected - expected.mean()
    power = float(x @ x) * float(y @ y)
    cross = float(x @ y)
    # Turned upside down, near and far are exchanged: that is no agreement.
    return min(1.0, cross**2 / power) if power > 0 and cross > 0 else 0.0


def ratios(found: Floats, right: Floats) -> Floats:
    """min(d / d*, d* / d) in [0, 1]; 0 where one of both is not above 0."""
    good = (found > 0) & (right > 0)
    larger = np.where(good, np.maximum(found, right), 1.0)
    return np.where(good, np.minimum(found, right) / larger, 0.0)


def _share(closeness: Floats) -> float:
    return float((closeness > 1 / RATIO).mean()) if closeness.size else 1.0


def _counted(found: NDArray[np.float32], expected: NDArray[np.float32]) -> tuple[Floats, Floats]:
    if found.shape != expected.shape:
        raise CamsimError(f"the answer is of {found.shape} pixels, what it is compared with of {expected.shape}")
    counted = ~(np.isnan(found) | np.isnan(expected))
    return found[counted].astype(np.float64), expected[counted].astype(np.float64)
