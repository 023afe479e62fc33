"""Lateral chromatic aberration: the colours of a picture are of different sizes."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor

from camsim.optics.effect import Effect
from camsim.spec import Quantity, Range, Spec

_SCALE = Quantity("1", 0.9, 1.1, Range(absolute=5e-4))


class ChromaticAberration(Spec):
    """``{red: 1.0004, blue: 0.9996}``: how large the red and the blue picture are, over the green one.

    It acts on the scene's channels, which have sRGB's primaries: a camera whose filters overlap sees less of it.
    """

    red: Annotated[float, _SCALE] = 1.0
    blue: Annotated[float, _SCALE] = 1.0


class ChromaticAberrationEffect(Effect):
    """See `ChromaticAberration`; knobs ``red``, ``blue``."""

    def source(self, x: Tensor, y: Tensor, channel: int) -> tuple[Tensor, Tensor]:
        """Where to look for (x, y) in a channel (0 is R): x / scale, y / scale."""
        if channel == 1:
            return x, y
        scale = self.set_knob("red" if channel == 0 else "blue")
        return x / scale, y / scale
