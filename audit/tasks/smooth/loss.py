"""What a smooth loss is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

from audit.frame import Frame


class SmoothLoss(Protocol):
    """A task's loss of one picture as a differentiable function of the network's raw outputs.

    Searches raise it, with gradients and without: the number is the same whether the outputs come from the model itself
    or from its form in torch.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Of the outputs that it reads."""
        ...

    def __call__(self, outputs: Mapping[str, Tensor], frame: Frame, truth: Any, reference: Any) -> Tensor:
        """The loss, a float64 number, in the graph.

        Args:
            outputs: of one picture, by name, without the batch axis.
            frame: how the picture was laid into the model's input, on to the pixels in which the truth is.
            truth: as `audit.tasks.vision_task.VisionTask.truth` gives it; None: the reference judges.
            reference: the model's answer under the reference camera; None: the truth judges.

        Raises:
            CamsimError: the outputs, the truth and the reference do not fit together.
        """
        ...
