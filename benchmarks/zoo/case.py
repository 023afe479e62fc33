"""One model of the zoo: where it comes from and what it is fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True)
class Feed:
    """A photograph, as the model's makers would feed it."""

    shape: tuple[int, int, int, int]
    """Of the input; channels are the axis of 1 or 3 that is not the first."""
    scale: float = 1 / 255
    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.25,)
    dtype: str = "float32"
    picture: str = "astronaut"
    """Of scikit-image."""

    def array(self) -> NDArray[np.generic]:
        """(pixels * scale - mean) / std in the input's layout; for uint8, the pixels."""
        last = self.shape[1] not in (1, 3)
        height, width = self.shape[1:3] if last else self.shape[2:]
        picture = Image.fromarray(getattr(skimage.data, self.picture)())
        picture = picture.convert("L" if 1 in self.shape[1:] and 3 not in self.shape[1:] else "RGB")
        pixels = np.asarray(picture.resize((width, height))).reshape(height, width, -1)
        values = pixels if self.dtype == "uint8" else (pixels * self.scale - np.array(self.mean)) / np.array(self.std)
        one = values if last else values.transpose(2, 0, 1)
        return np.broadcast_to(one, self.shape).astype(self.dtype)


@dataclass(frozen=True)
class Case:
    """A model, and how it is checked."""

    name: str
    source: str
    """Who wrote the file: an exporter, or a package."""
    make: Callable[[Path], None]
    """Writes the ONNX file."""
    feed: Feed
    outputs: tuple[str, ...] | None = None
    """What the gradient is of; None: every output of floating-point numbers."""
