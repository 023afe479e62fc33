"""Text detection by differentiable binarisation (DB): the probability of text for each cell of the input.

PP-OCR's detectors give such a map and draw boxes around its regions. The map itself is what is audited: which pixels
are text. Boxes are not made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from numpy.typing import NDArray

from audit.decoders.class_map import ClassMapDecoder
from audit.decoders.decoder import Decoder
from audit.decoders.label_chances import Threshold
from audit.frame import Frame
from audit.predictions import PixelClasses


class TextMapDecoder(Decoder):
    """(1, h, w) or (h, w) probabilities; the answer is class 0, background, or class 1, text, for every pixel."""

    task: ClassVar[str] = "segmentation"
    classes: ClassVar[tuple[str, ...]] = ("background", "text")

    kind: Literal["text_map"] = "text_map"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    threshold: Threshold = 0.3
    """A pixel is text where its probability is at least this; 0.3 is PP-OCR's."""

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> PixelClasses:
        return self._map().decode(outputs, frame)

    def count(self, outputs: Mapping[str, NDArray[Any]]) -> int:
        """Two classes."""
        return len(self.classes)

    def _map(self) -> ClassMapDecoder:
        return ClassMapDecoder(output=self.output, holds="probabilities", threshold=self.threshold)
