"""Embeddings: a vector for each picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from audit.decoders.decoder import Decoder
from audit.decoders.reading import pick, shape_error
from audit.frame import Frame
from audit.predictions import Embedding


class EmbeddingDecoder(Decoder):
    """(D,), or with ``pool`` (T, D) tokens or (D, h, w) cells."""

    task: ClassVar[str] = "retrieval"

    kind: Literal["embedding"] = "embedding"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    pool: Literal["first", "mean"] | None = None
    """Of tokens (T, D) the *first* (a ViT's class token) or their *mean*; of a map (D, h, w) the *mean* over it."""

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Embedding:
        name, values = pick(outputs, self.output)
        vector = np.asarray(values, dtype=np.float64)
        if self.pool == "first" and vector.ndim == 2:
            vector = vector[0]
        elif self.pool == "mean" and vector.ndim in (2, 3):
            vector = vector.mean(axis=0 if vector.ndim == 2 else (1, 2))
        elif self.pool is not None or vector.size != max(vector.shape, default=0):
            raise shape_error(name, values, "a vector (D,), or with 'pool' tokens (T, D) or a map (D, h, w)")
        return Embedding(vector.reshape(-1))
