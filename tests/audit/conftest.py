"""Scenes and models made in Python, for tests that need no files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax

from audit.data import Dataset, Sample
from camsim.errors import CamsimError


class PythonModel:
    """A classifier given by a function from one picture to its logits."""

    name = "python"
    sha256 = "0" * 64
    classes: tuple[str, ...] | None = ("dark", "bright")

    def __init__(self, logits: Callable[[NDArray[np.uint8]], Sequence[float]]) -> None:
        self.logits = logits

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        rows = np.array([self.logits(image) for image in images], dtype=np.float64)
        if not np.isfinite(rows).all():
            raise CamsimError("python: gave NaN")
        result: NDArray[np.float64] = log_softmax(rows, axis=1)
        return result

    def describe(self) -> dict[str, object]:
        return {"assumed": []}


def by_brightness(image: NDArray[np.uint8]) -> tuple[float, float]:
    """Bright above the middle; steep, but not a step."""
    level = image.mean() / 255 - 0.5
    return -20 * level, 20 * level


def make_dataset(count: int = 20, *, labelled: bool = True, side: int = 24) -> Dataset:
    """Alternating dark and bright scenes with a little texture."""

    def scene(number: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(number)
        level = 0.05 if number % 2 == 0 else 0.5
        return level * (1 + 0.2 * torch.rand(3, side, side, generator=generator))

    samples = tuple(
        Sample(f"{number:03d}", ("dark", "bright")[number % 2] if labelled else None, lambda n=number: scene(n))
        for number in range(count)
    )
    return Dataset("made", samples, ("bright", "dark") if labelled else None, "1" * 64, "Made for a test.")


@pytest.fixture
def brightness() -> PythonModel:
    return PythonModel(by_brightness)


@pytest.fixture
def dataset() -> Dataset:
    return make_dataset()
