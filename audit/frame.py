"""How a picture came to a model's input, and the way back: model pixels to picture pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int]
"""(height, width) in pixels."""


@dataclass(frozen=True)
class Frame:
    """A picture of ``shape`` was resized to ``resized`` and laid on a canvas of ``fed``, which cut the rest off."""

    shape: Shape
    """Of the picture; or of the scene that it shows, where a camera gives pictures of another size (see `of_scene`)."""
    fed: Shape
    """Of what the model was given."""
    resized: Shape
    """Of the whole picture at the model's scale."""
    top: int
    """Row of the canvas where the resized picture begins; negative where the canvas is a crop of it."""
    left: int

    @classmethod
    def unchanged(cls, shape: Shape) -> Frame:
        """Of a model that takes pictures as they are."""
        return cls(shape, shape, shape, 0, 0)

    def of_scene(self, shape: Shape) -> Frame:
        """The same way back, on to the pixels of a scene of ``shape`` that the whole picture shows.

        Labels are drawn on the scene, so that is where answers are compared, as the field does: of boxes and points the
        coordinates are scaled, with pixel edges at whole numbers (a pixel's centre lies at + 1/2); maps are resampled
        to the scene's pixels. Where a stage leaves out a last odd row or column, that is up to one pixel of the scene
        off at the far border.
        """
        return replace(self, shape=shape)

    def points_to_picture(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) x, y in pixels of the model's input -> in pixels of the picture; not cut at its border."""
        scale = [self.shape[1] / self.resized[1], self.shape[0] / self.resized[0]]
        return np.asarray((points - [self.left, self.top]) * scale, dtype=np.float64)

    def boxes_to_picture(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K, 4) left, top, right, bottom in the model's input -> in the picture, cut at its border."""
        points = self.points_to_picture(np.reshape(corners, (-1, 2, 2)))
        height, width = self.shape
        return np.clip(points, 0.0, [float(width), float(height)]).reshape(-1, 4)
