"""Chains put into one graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from camsim.cfa import Bayer
from camsim.errors import CamsimError
from camsim.kernels.program import Graph, Op, Program
from camsim.lowering.chain import Chain
from camsim.lowering.coefficients import Coefficients
from camsim.spec import Stage


class LoweringError(CamsimError):
    """A chain that the row machine cannot run."""


class Lowering:
    """Adds chains to a graph, one after the other; what they have in common is there once."""

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

    def add_chain(self, stages: Mapping[str, Stage], cfa: Bayer) -> None:
        """Add a chain; its image is the next output.

        Raises:
            LoweringError: a stage has no row operation.
        """
        chain = Chain(self.operation, self.graph.add_output, cfa)
        for name, stage in stages.items():
            try:
                chain.add(stage)
            except NotImplementedError:
                raise LoweringError(f"{name}: this stage has no fused form; use fused=False") from None
        chain.store()

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
