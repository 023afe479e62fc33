"""A program as it is put together."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from camsim.errors import CamsimError
from camsim.kernels.program import Graph, Op, Program
from camsim.lowering.coefficients import Coefficients


class LoweringError(CamsimError):
    """A chain that the row machine cannot run."""


class Lowering:
    """Operations added one after the other, for one chain or several; what chains have in common can be there once."""

    def __init__(self, *, shares: bool = False) -> None:
        """Start with an empty graph.

        Args:
            shares: whether operations that do the same with the same numbers become one. The knobs are read for that;
                in a single chain nothing is there twice.
        """
        self.graph = Graph()
        self.coefficients: list[Coefficients] = []
        self._shares = shares
        self._known: dict[object, tuple[int, ...]] = {}

    def program(self) -> Program:
        """What the machine runs.

        Raises:
            LoweringError: a chain reaches too far.
        """
        try:
            return self.graph.program()
        except CamsimError as error:
            raise LoweringError(str(error)) from None

    def operation(
        self,
        op: Op,
        inputs: Sequence[int],
        coefficients: Coefficients | None,
        *,
        outputs: int,
        radius: int = 0,
        settings: tuple[int, int] = (0, 0),
    ) -> tuple[int, ...]:
        """Output planes of an operation: of the one that is there already, if it does the same with the same
        numbers."""
        numbers = torch.empty(0) if coefficients is None else coefficients().detach()
        key = None
        if self._shares and op is not Op.STORE:
            key = (op, tuple(inputs), radius, settings, numbers.to(torch.float32).cpu().numpy().tobytes())
            if key in self._known:
                return self._known[key]
        if coefficients is not None:
            self.coefficients.append(coefficients)
        planes = self.graph.add(
            op, inputs, outputs=outputs, coefficients=numbers.numel(), radius=radius, settings=settings
        )
        if key is not None:
            self._known[key] = planes
        return planes
