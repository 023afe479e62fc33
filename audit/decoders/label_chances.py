"""Multi-label classification: a score for each class, independent of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from numpy.typing import NDArray
from pydantic import Field

from audit.decoders.decoder import Decoder
from audit.decoders.reading import chances, check_logits, pick, shape_error
from audit.frame import Frame
from audit.predictions import LabelChances

Threshold = Annotated[float, Field(ge=0, le=1)]
"""Of a probability."""


class LabelChancesDecoder(Decoder):
    """(C,), or (C, 1, 1), scores."""

    task: ClassVar[str] = "multilabel"

    kind: Literal["label_chances"] = "label_chances"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    holds: Literal["logits", "probabilities"] | None = None
    """What the output holds; None: logits, which a sigmoid turns into probabilities; refused where all lie in
    [0, 1] for all test pictures."""
    threshold: Threshold = 0.5
    """A class is named where its probability is at least this."""

    def assumed(self) -> tuple[str, ...]:
        return () if self.holds else ("output holds logits",)

    def check_assumed(self, tried: Iterable[Mapping[str, NDArray[Any]]]) -> None:
        if self.holds is None:
            check_logits(pick(outputs, self.output) for outputs in tried)

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> LabelChances:
        name, values = pick(outputs, self.output)
        if values.size == 0 or values.size != max(values.shape, default=0):
            raise shape_error(name, values, "a score for each class, (C,)")
        return LabelChances(chances(name, values.reshape(-1), self.holds or "logits"))
