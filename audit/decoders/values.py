"""Regression: numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict, field_validator, model_validator

from audit.decoders.decoder import Decoder
from audit.decoders.reading import pick
from audit.frame import Frame
from audit.predictions import Numbers
from camsim.errors import CamsimError

PerNumber = Annotated[tuple[float, ...], Strict(False), Field(min_length=1)]
"""One for all numbers, or one for each."""


class ValuesDecoder(Decoder):
    """(D,), of any shape, numbers: output * std + mean."""

    task: ClassVar[str] = "regression"

    kind: Literal["values"] = "values"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    mean: PerNumber = (0.0,)
    """Of what the model was trained to predict, where it was standardised; one number, or one for each."""
    std: PerNumber = (1.0,)
    """As ``mean``."""
    scale: PerNumber | None = None
    """The error at which an answer is worth nothing, in the unit of the truth; None: the spread of the truths."""

    @field_validator("mean", "std", "scale", mode="before")
    @classmethod
    def _one_number(cls, value: object) -> object:
        return (value,) if isinstance(value, int | float) else value

    @field_validator("std", "scale")
    @classmethod
    def _positive(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and min(value) <= 0:
            raise ValueError(f"must be above 0, got {min(value):g}")
        return value

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        lengths = {len(numbers) for numbers in (self.mean, self.std, self.scale or (1.0,))} - {1}
        if len(lengths) > 1:
            raise ValueError(f"mean, std and scale must be one number or equally many, got {sorted(lengths)}")
        return self

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Numbers:
        name, values = pick(outputs, self.output)
        numbers = np.asarray(values, dtype=np.float64).reshape(-1)
        for key, given in (("mean", self.mean), ("std", self.std), ("scale", self.scale or (1.0,))):
            if len(given) not in (1, numbers.size):
                raise CamsimError(f"output {name!r} holds {numbers.size} numbers, but '{key}' lists {len(given)}")
        return Numbers(numbers * self.std + self.mean)
