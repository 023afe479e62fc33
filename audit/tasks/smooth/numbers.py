"""Regression: the absolute error on the task's scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.decoders.values import ValuesDecoder
from audit.frame import Frame
from audit.predictions import Numbers


@dataclass(frozen=True)
class NumberLoss:
    """|error| / (|error| + scale), averaged: the loss of `audit.tasks.regression.Regression`, smooth as it is."""

    decoder: ValuesDecoder
    name: str
    scale: NDArray[np.float64]
    """(D,)."""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def __call__(
        self, outputs: Mapping[str, Tensor], frame: Frame, truth: NDArray[np.float64] | None, reference: Numbers | None
    ) -> Tensor:
        mean, std = (torch.tensor(given, dtype=torch.float64) for given in (self.decoder.mean, self.decoder.std))
        numbers = outputs[self.name].reshape(-1).to(torch.float64) * std + mean
        if truth is None:
            assert reference is not None
            truth = reference.numbers
        error = (numbers - torch.from_numpy(truth)).abs() / torch.from_numpy(self.scale)
        return (error / (1 + error)).mean()
