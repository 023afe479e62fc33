"""Semantic segmentation: the soft error of pixels, or their cross-entropy, every class with the same weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from audit.decoders.class_map import ClassMapDecoder
from audit.decoders.resample import seen
from audit.frame import Frame
from audit.predictions import PixelClasses
from audit.task import Loss, soft_errors_of
from audit.tasks.smooth.maps import expected_map, rows_of_picture
from camsim.errors import CamsimError

_LEAST = 1e-12
"""Of a probability whose logarithm is taken."""


@dataclass(frozen=True)
class PixelLoss:
    """The mean over the classes that the aim holds of the mean over their pixels of sigmoid(-margin / 1.5), or of
    -log p.

    Unweighted, a large background would hide that small objects are lost, which the IoU does not. The margin of a pixel
    is its class's score less the best other one, of logits or of logarithms of probabilities; of a single channel the
    logit of the probability less that of the decoder's threshold. Scores are brought to the picture's pixels as the
    decoder does. Pixels marked -1, and those that a crop kept from the model, do not count.
    """

    decoder: ClassMapDecoder
    """Of scores, not of indices."""
    name: str
    loss: Loss = "soft_error"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def __call__(
        self,
        outputs: Mapping[str, Tensor],
        frame: Frame,
        truth: NDArray[np.int32] | None,
        reference: PixelClasses | None,
    ) -> Tensor:
        aim = _aim(truth, reference, frame)
        classes = np.unique(aim[aim >= 0])
        if not classes.size:
            raise CamsimError("no pixel that counts was given to the model: its preprocessing crops them away")
        maps = self._maps(outputs[self.name])
        count = max(2, len(maps))
        if classes[-1] >= count:
            raise CamsimError(f"the aim of a pixel is class {classes[-1]}, the model has {count}")
        wanted = torch.from_numpy(aim.astype(np.int64))
        sums = torch.zeros(count, dtype=torch.float64)
        for rows, block in rows_of_picture(maps, frame):
            # Of large pictures every block is worked out again on the way back, instead of being kept.
            whole = rows.stop - rows.start == frame.shape[0]
            part = wanted[rows]
            errors = self._errors(block, part) if whole else checkpoint(self._errors, block, part, use_reentrant=False)
            assert isinstance(errors, Tensor)
            inside = part >= 0
            sums = sums.index_add(0, part[inside], errors[inside].to(torch.float64))
        sizes = torch.from_numpy(np.bincount(aim[aim >= 0], minlength=count)).to(torch.float64)
        there = torch.from_numpy(classes.astype(np.int64))
        return (sums[there] / sizes[there]).mean()

    def _maps(self, values: Tensor) -> Tensor:
        """(C, h, w), as the decoder's `_maps`; a single channel as probabilities."""
        maps = values[None] if values.ndim == 2 else values
        if self.decoder.channels == "last" and values.ndim == 3:
            maps = maps.movedim(-1, 0)
        maps = maps if maps.dtype == torch.float64 else maps.to(torch.float32)
        if len(maps) > 1:
            return maps
        maps = maps.to(torch.float64)
        return maps.clamp(0, 1) if self.decoder.holds == "probabilities" else maps.sigmoid()

    def _errors(self, block: Tensor, wanted: Tensor) -> Tensor:
        """(H, W) of scores (C, H, W) in the picture's pixels; of a pixel that does not count any."""
        chosen = wanted.clamp(min=0)[None]
        if len(block) == 1:
            block = _two(block, self.decoder.threshold)
        elif self.decoder.holds == "probabilities":
            block = block.clamp(min=_LEAST).log()
        if self.loss == "cross_entropy":
            return cross_entropy(block[None], chosen, reduction="none")[0]
        return soft_errors_of(block[None], chosen)[0]


def _two(chance: Tensor, threshold: float) -> Tensor:
    """Scores (2, H, W) of the probability (1, H, W) of the second class, equal at the threshold."""
    inside = min(max(threshold, _LEAST), 1 - _LEAST)
    logit = chance.clamp(_LEAST, 1 - _LEAST).logit() - float(np.log(inside) - np.log1p(-inside))
    return torch.cat([torch.zeros_like(logit), logit])


def _aim(truth: NDArray[np.int32] | None, reference: PixelClasses | None, frame: Frame) -> NDArray[np.int32]:
    """(H, W) classes, -1 where a pixel does not count."""
    found = expected_map(truth, None if reference is None else reference.indices, frame, "a class map")
    rows, columns = seen(frame)
    aim = np.full_like(found, -1)
    aim[rows, columns] = found[rows, columns]
    return aim
