"""Retrieval: how near the nearest picture of another class is, or how far the vector turned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from audit.frame import Frame
from audit.predictions import Embedding
from audit.tasks.retrieval import WARMTH, Gallery, Query
from camsim.errors import CamsimError


@dataclass(frozen=True)
class EmbeddingLoss:
    """The loss of `audit.tasks.retrieval.Retrieval`, smooth as it is: sigmoid((best other class - best own) / 0.1) of
    the similarities to the gallery; without labels 1 - cosine to the vector under the reference."""

    name: str
    pool: Literal["first", "mean"] | None
    gallery: Callable[[], Gallery]
    """Made when it is first asked for."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def __call__(
        self, outputs: Mapping[str, Tensor], frame: Frame, truth: Query | None, reference: Embedding | None
    ) -> Tensor:
        vector = outputs[self.name].to(torch.float64)
        if self.pool == "first" and vector.ndim == 2:
            vector = vector[0]
        elif self.pool == "mean" and vector.ndim in (2, 3):
            vector = vector.mean(dim=0 if vector.ndim == 2 else (1, 2))
        mine = _unit(vector.reshape(-1))
        if truth is None:
            assert reference is not None
            wanted = torch.from_numpy(reference.vector)
            if torch.equal(vector.detach().reshape(-1), wanted):  # also where both are of zeros
                return (mine.sum() - mine.sum().detach()) * 0
            return 1 - (mine @ _unit(wanted)).clamp(0, 1)
        gallery = self.gallery()
        others = gallery.ids != truth.sample
        near = torch.from_numpy(np.ascontiguousarray(gallery.vectors[others])) @ mine
        right = torch.from_numpy(gallery.targets[others] == truth.target)
        if not right.any():
            raise CamsimError(f"no other sample of the gallery that could be read is a {truth.target!r}")
        wrong = near[~right].amax() if (~right).any() else near.new_tensor(-1.0)
        return torch.sigmoid((wrong - near[right].amax()) / WARMTH)


def _unit(vector: Tensor) -> Tensor:
    length = vector.norm()
    return vector / length if bool(length > 0) else vector
