"""Depth, or its inverse, for each cell of a grid over the model's input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from audit.decoders.decoder import Decoder
from audit.decoders.reading import pick, shape_error
from audit.decoders.resample import seen, to_picture
from audit.frame import Frame
from audit.predictions import DepthMap
from camsim.errors import CamsimError

Positive = Annotated[float, Field(gt=0)]


class DepthDecoder(Decoder):
    """(h, w), (1, h, w) or (h, w, 1), brought to the picture's pixels bilinearly; NaN where a crop kept it from the
    model.

    Metric depth is ``scale`` times the output, of an ``inverse`` model ``scale`` over the output. A relative model's
    output is left as it is, also if inverse: depth is known only once it is aligned with a truth.
    """

    task: ClassVar[str] = "depth"

    kind: Literal["depth"] = "depth"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    inverse: bool = False
    """The output is large where it is near (disparity)."""
    relative: Literal["scale", "scale_and_shift"] | None = None
    """What is unknown of the output, found anew for each picture; None: nothing, it is metric."""
    scale: Positive = 1.0
    """Metres of one unit of the output; of an inverse one, metres where the output is 1."""
    farthest: Positive | None = None
    """Metres at which depth is cut off; needed where an inverse output reaches 0."""

    @model_validator(mode="after")
    def _scale_is_metric(self) -> Self:
        if self.relative is not None and self.scale != 1:
            raise ValueError("a relative model has no scale in metres: give 'scale' or 'relative'")
        return self

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> DepthMap:
        name, values = pick(outputs, self.output)
        flat = values.reshape([side for side in values.shape if side != 1]) if values.ndim > 2 else values
        if flat.ndim != 2 or flat.size == 0:
            raise shape_error(name, values, "a map (h, w)")
        maps = np.asarray(flat, dtype=np.float64)[None]
        depth = np.concatenate([block[0] for _, block in to_picture(maps, frame)])
        if self.relative is None:
            depth = self._metres(name, depth)
        rows, columns = seen(frame)
        kept = np.full(frame.shape, np.nan, dtype=np.float32)
        with np.errstate(over="ignore"):
            kept[rows, columns] = depth[rows, columns]
        if np.isinf(kept).any():
            hint = "; declare 'farthest' to cut depth off" if self.relative is None else ""
            raise CamsimError(f"output {name!r} gives numbers too large for float32{hint}")
        return DepthMap(kept)

    def _metres(self, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.inverse:
            metres = values * self.scale
        else:
            if values.min() <= 0 and self.farthest is None:
                raise CamsimError(
                    f"output {name!r} is declared as inverse depth, but falls to {values.min():.4g}: infinitely far. "
                    "Declare 'farthest', the metres at which to cut off"
                )
            with np.errstate(divide="ignore"):
                metres = np.where(values > 0, self.scale / values, np.inf)
        return metres if self.farthest is None else np.minimum(metres, self.farthest)
