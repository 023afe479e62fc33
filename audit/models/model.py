"""What the audit asks of a model, whatever format it came in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeIs


class Model(Protocol):
    """A classifier of RGB images. The result for an image does not depend on the images given beside it."""

    name: str
    """The file's name."""
    classes: tuple[str, ...] | None
    """Class names in the order of the output, where they are known."""

    @property
    def sha256(self) -> str:
        """Of everything that decides the result: weights, preprocessing, output, class names."""
        ...

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Natural-log class probabilities, (N, C), all finite, of N images (H, W, 3), RGB, 0..255.

        An image may lie in memory plane after plane, as a view of (3, H, W).

        Raises:
            CamsimError: an image of another form, a model that fails, or one that gives NaN or infinity.
        """
        ...

    def describe(self) -> dict[str, object]:
        """JSON-able: input and output, the preprocessing that is applied, and ``assumed``: what nobody declared."""
        ...


def is_classifier(given: object) -> TypeIs[Model]:
    """Whether it has what the audit asks of a classifier."""
    return hasattr(given, "log_probabilities")
