"""Multi-label classification: the soft error of each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.frame import Frame
from audit.predictions import LabelChances


@dataclass(frozen=True)
class LabelLoss:
    """The loss of `audit.tasks.multilabel.Multilabel`, which is smooth as it is."""

    name: str
    holds: Literal["logits", "probabilities"]
    known: NDArray[np.intp]
    """Places in the output of the data's classes."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def __call__(
        self,
        outputs: Mapping[str, Tensor],
        frame: Frame,
        truth: NDArray[np.bool_] | None,
        reference: LabelChances | None,
    ) -> Tensor:
        values = outputs[self.name].reshape(-1).to(torch.float64)
        p = values.sigmoid() if self.holds == "logits" else values.clamp(0, 1)
        if truth is None:
            assert reference is not None
            q = torch.from_numpy(reference.probabilities)
            most = torch.maximum(p, q).sum()
            return (p - q).abs().sum() / most if bool(most > 0) else p.sum() * 0
        mine, present = p[torch.from_numpy(self.known)], torch.from_numpy(truth)
        parts = [part.mean() for part in (1 - mine[present], mine[~present]) if part.numel()]
        return torch.stack(parts).mean()
