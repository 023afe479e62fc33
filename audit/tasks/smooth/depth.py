"""Depth estimation: how far the ratio of found and true depth is from 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.decoders.depth import DepthDecoder
from audit.decoders.resample import seen
from audit.frame import Frame
from audit.predictions import DepthMap
from audit.tasks.smooth.maps import expected_map, on_picture
from camsim.errors import CamsimError


@dataclass(frozen=True)
class DepthLoss:
    """The mean of 1 - min(d / d*, d* / d) after alignment: the loss of `audit.tasks.depth.DepthTask`, smooth as it is.

    The alignment of a relative model, which is found anew for each picture, is part of the slope.
    """

    decoder: DepthDecoder
    name: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def __call__(
        self,
        outputs: Mapping[str, Tensor],
        frame: Frame,
        truth: NDArray[np.float32] | None,
        reference: DepthMap | None,
    ) -> Tensor:
        expected = expected_map(truth, None if reference is None else reference.metres, frame, "depth")
        shown = np.zeros(frame.shape, dtype=np.bool_)
        shown[seen(frame)] = True
        counted = shown & ~np.isnan(expected)
        if not counted.any():
            raise CamsimError("no pixel of known depth was given to the model: its preprocessing crops them away")
        found = self._found(outputs[self.name], frame)[torch.from_numpy(counted)]
        right = torch.from_numpy(expected[counted].astype(np.float64))
        if truth is None:
            if self.decoder.relative == "scale_and_shift":
                return 1 - _squared_correlation(found, right)
            if self.decoder.relative == "scale":
                found = found * _median_ratio(found, right)
            return 1 - _ratios(found, right).mean()
        return 1 - _ratios(self._aligned(found, right), right).mean()

    def _found(self, values: Tensor, frame: Frame) -> Tensor:
        """(H, W): metres, or the model's own numbers where it is relative."""
        flat = values.reshape([side for side in values.shape if side != 1]) if values.ndim > 2 else values
        depth = on_picture(flat[None].to(torch.float64), frame)[0]
        if self.decoder.relative is not None:
            return depth
        if self.decoder.inverse:
            far = torch.full_like(depth, torch.inf)
            metres = torch.where(depth > 0, self.decoder.scale / torch.where(depth > 0, depth, 1.0), far)
        else:
            metres = depth * self.decoder.scale
        return metres if self.decoder.farthest is None else metres.clamp(max=self.decoder.farthest)

    def _aligned(self, found: Tensor, right: Tensor) -> Tensor:
        if self.decoder.relative is None:
            return found
        aim = 1 / right if self.decoder.inverse else right
        fitted = found * _median_ratio(found, aim) if self.decoder.relative == "scale" else _least_squares(found, aim)
        farthest = self.decoder.farthest or right.max().item()
        if self.decoder.inverse:
            fitted = 1 / fitted.clamp(min=1 / farthest)
        return fitted.clamp(max=farthest)


def _median(values: Tensor) -> Tensor:
    """Of an even number the mean of both in the middle, as numpy has it."""
    count = values.numel()
    lower = values.kthvalue((count + 1) // 2).values
    return lower if count % 2 else (lower + values.kthvalue(count // 2 + 1).values) / 2


def _median_ratio(found: Tensor, aim: Tensor) -> Tensor:
    middle = _median(found)
    return _median(aim) / middle if bool(middle > 0) else torch.ones_like(middle)


def _least_squares(found: Tensor, aim: Tensor) -> Tensor:
    x, y = found - found.mean(), aim - aim.mean()
    power = x @ x
    slope = (x @ y) / power if bool(power > 0) else torch.zeros_like(power)
    return slope * x + aim.mean()


def _squared_correlation(found: Tensor, expected: Tensor) -> Tensor:
    x, y = found - found.mean(), expected - expected.mean()
    power, cross = (x @ x) * (y @ y), x @ y
    if not (bool(power > 0) and bool(cross > 0)):
        return cross * 0
    return (cross**2 / power).clamp(max=1)


def _ratios(found: Tensor, right: Tensor) -> Tensor:
    """min(d / d*, d* / d) in [0, 1]; 0 where one of both is not above 0."""
    good = (found > 0) & (right > 0)
    larger = torch.where(good, torch.maximum(found, right), 1.0)
    return torch.where(good, torch.minimum(found, right) / larger, 0.0)
