"""The fused path of an ISP: its chain in one pass over rows on the CPU, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from camsim.cfa import Bayer
from camsim.kernels.run import run_program
from camsim.lowering import Lowering
from camsim.spec import Stage


class FusedIsp:
    """An ISP chain as a program; its numbers follow the knobs of the stages, also where others stand in for them."""

    def __init__(self, stages: Mapping[str, Stage], cfa: Bayer) -> None:
        """Lower a chain.

        Raises:
            LoweringError: a stage has no row operation, or the chain reaches too far.
        """
        lowering = Lowering()
        lowering.add_chain(stages, cfa)
        self.program = lowering.graph.program()
        self._numbers = lowering.coefficients
        self._stages = tuple(stages.values())
        self._kept: tuple[object, Tensor] | None = None

    def coefficients(self) -> Tensor:
        """The numbers of all operations as functions of the knobs: (n,) float64, differentiable."""
        knobs = [knob for stage in self._stages for knob in stage.parameters()]
        if torch.is_grad_enabled() and any(knob.requires_grad for knob in knobs):
            return self._compute()
        if any(not isinstance(knob, nn.Parameter) or knob.is_inference() for knob in knobs):
            return self._compute()
        state = [(id(knob), knob._version) for knob in knobs]
        if self._kept is None or self._kept[0] != state:
            self._kept = (state, self._compute().detach())
        return self._kept[1]

    def develop(self, raw: Tensor, *, as_bytes: bool = False, out: Tensor | None = None) -> Tensor:
        """(B, 1, H, W) float32 or uint16 DN -> (B, 3, H, W) float32, or uint8; no gradient."""
        (image,) = run_program(self.program, self.coefficients()[None], raw, as_bytes=as_bytes, out=out)
        return image[0]

    def _compute(self) -> Tensor:
        return torch.cat([numbers() for numbers in self._numbers])


def develop_chains(
    chains: Sequence[tuple[Mapping[str, Stage], Bayer]], raw: Tensor, *, as_bytes: bool = False
) -> list[Tensor]:
    """Develop the same mosaics with several chains; what they have in common, with the same numbers, is done once.

    Returns:
        For each chain (B, 3, H, W) float32, or uint8; the same values as from each chain alone.
    """
    lowering = Lowering()
    for stages, cfa in chains:
        lowering.add_chain(stages, cfa)
    numbers = torch.cat([numbers() for numbers in lowering.coefficients])
    images = run_program(lowering.graph.program(), numbers[None], raw, as_bytes=as_bytes)
    return [image[0] for image in images]
