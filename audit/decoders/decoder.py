"""What every decoder is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from numpy.typing import NDArray

from audit.frame import Frame
from audit.predictions import Prediction
from camsim import spec


class Decoder(spec.Model):
    """Reads one network's outputs; subclasses state ``kind: Literal[...]``, their fields, and `decode`."""

    task: ClassVar[str]
    """Key of the task that it answers: ``detection`` ..."""

    def resolved(self, folder: Path) -> Self:
        """With the files read that it names; they lie in ``folder``, beside the sidecar.

        Raises:
            CamsimError: a file is elsewhere, or cannot be read.
        """
        return self

    def assumed(self) -> tuple[str, ...]:
        """What it takes for granted since nobody declared it, for reports."""
        return ()

    def check_assumed(self, tried: Iterable[Mapping[str, NDArray[Any]]]) -> None:
        """Hold what nobody declared against the outputs for a few test pictures, of which one alone could mislead.

        Raises:
            CamsimError: they look otherwise; the message says what to declare.
        """

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Prediction:
        """The answer to one picture.

        Args:
            outputs: of one picture, by name, without the batch axis, in the model's order.
            frame: how the picture was laid into the model's input.

        Raises:
            CamsimError: outputs of another shape than the decoder reads, or NaN or infinity in what it reads.
        """
        raise NotImplementedError
