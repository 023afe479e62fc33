"""A model as arrays in, arrays out, with its preprocessing; what the outputs mean is a decoder's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.decoders.decoder import Decoder
from audit.frame import Frame


class Network(Protocol):
    """Any model of one picture. The result for a picture does not depend on the pictures given beside it."""

    name: str
    """The file's name, or what reports call it."""
    classes: tuple[str, ...] | None
    """Class names in the order of the output, where they are declared or stated by the file."""
    task: str | None
    """What it is for, where that is declared, stated by the file, or follows from its decoder: ``detection`` ..."""
    decoder: Decoder | None
    """How its outputs are read, where that is declared or stated by the file."""

    @property
    def sha256(self) -> str:
        """Of everything that decides the outputs: weights, preprocessing."""
        ...

    @property
    def output_names(self) -> tuple[str, ...]:
        """In the model's order; a module in code that gives a tensor has one, ``output``."""
        ...

    def run(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Mapping[str, NDArray[Any]]]:
        """All outputs, by name, without the batch axis, of N pictures (H, W, 3), RGB, 0..255; each run by itself.

        Raises:
            CamsimError: a picture of another form, or a model that fails. NaN is not looked for: decoders do that.
        """
        ...

    def frame(self, shape: tuple[int, int]) -> Frame:
        """How a picture of ``shape`` (height, width) is laid into the model's input."""
        ...

    def describe(self) -> dict[str, object]:
        """JSON-able: format, input, outputs, preprocessing, and ``assumed``: what nobody declared."""
        ...
