"""The fused path of an ISP: its chain in one pass over rows on the CPU, forward and backward."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from camsim.display import eight_bit
from camsim.errors import CamsimError
from camsim.kernels.adjoint.program import adjoint
from camsim.kernels.program import Op, Program
from camsim.kernels.run import Check, run_adjoint_program, run_program
from camsim.lowering import Lowering, add_chain
from camsim.spec import Stage


def modules_of(stages: Iterable[Stage]) -> list[nn.Module]:
    """The stages and what is in them, for `knobs_of`."""
    return [module for stage in stages for module in stage.modules()]


def knobs_of(modules: Iterable[nn.Module]) -> Iterator[Tensor]:
    """What stands for their knobs now: `Module.parameters` takes ten times as long, as long as a small picture."""
    return (knob for module in modules for knob in module._parameters.values() if knob is not None)


class FusedIsp:
    """An ISP chain, or a part of one, as a program; its numbers follow the knobs of the stages, also where others
    stand in for them."""

    def __init__(self, stages: Mapping[str, Stage], cfa: str | None) -> None:
        """Lower a chain, or a part of one: of a mosaic with this colour filter array; None: of an image, which is then
        what is called raw below, (B, 3, H, W) float32.

        Raises:
            LoweringError: a stage has no row operation, or the chain reaches too far.
        """
        lowering = Lowering()
        add_chain(lowering, stages, cfa)
        self._graph = lowering.graph
        self.program = lowering.program()
        self._numbers = lowering.coefficients
        self._modules = modules_of(stages.values())
        self._kept: tuple[Tensor, Tensor] | None = None

    def coefficients(self) -> Tensor:
        """The numbers of all operations as functions of the knobs: (n,) float64, differentiable."""
        return self._coefficients(self._knobs())

    def _coefficients(self, knobs: Sequence[Tensor]) -> Tensor:
        if torch.is_grad_enabled() and any(knob.requires_grad for knob in knobs):
            return self._compute()
        if any(type(knob) is not nn.Parameter or knob.is_inference() for knob in knobs):  # a stand-in
            return self._compute()
        # Compared by value: ``knob.data`` may be written without any other trace.
        values = torch.cat([torch.empty(0), *(knob.detach().reshape(-1) for knob in knobs)])
        kept = self._kept
        if kept is None or not torch.equal(kept[0], values):
            with torch.inference_mode(False), torch.no_grad():  # what is made in that mode, no graph can hold
                kept = self._kept = (values, self._compute())
        return kept[1]

    def develop(
        self, raw: Tensor, *, as_bytes: bool = False, out: Tensor | None = None, check: Check | None = None
    ) -> Tensor:
        """(B, 1, H, W) DN -> (B, 3, H, W) float32, or uint8; no gradient. See `run_program`."""
        knobs = self._knobs()
        coefficients = self._coefficients(knobs)
        if all(type(knob) is nn.Parameter for knob in knobs):
            (image,) = run_program(self.program, coefficients[None], raw, as_bytes=as_bytes, out=out, check=check)
            return image[0] if out is None else out
        if check is not None:
            check(None)
        # What stands in for a knob may be several values at once, those of vmap.
        made: Tensor = _Develop.apply(raw, coefficients, self)  # type: ignore[no-untyped-call]
        if as_bytes:
            made = eight_bit(made).to(torch.uint8)
        return made if out is None else out.copy_(made)

    def develop_with_gradient(self, raw: Tensor) -> Tensor:
        """(B, 1, H, W) float32 DN -> (B, 3, H, W) float32; the gradient reaches the mosaic and the knobs.

        Raises:
            CamsimError: on the way back, where not `has_gradient`.
        """
        image: Tensor = _Develop.apply(raw, self.coefficients(), self)  # type: ignore[no-untyped-call]
        return image

    @cached_property
    def has_gradient(self) -> bool:
        """Whether the chain also runs backwards in one pass: medians, bilateral filters, directional demosaics, tables
        of colours, repairs of a mosaic and what reaches too far do not."""
        try:
            _ = self.adjoint_program
        except CamsimError:
            return False
        return True

    @cached_property
    def adjoint_program(self) -> Program:
        """The program that runs the chain backwards."""
        return adjoint(self._graph).program()

    def coefficient_gradient(self, sums: Tensor, coefficients: Tensor) -> Tensor:
        """Gradient of the coefficients (n,) from the sums that the adjoint program leaves."""
        gradient = sums.clone()
        for node in self._graph.nodes:
            if node.op is Op.VERTICAL:
                start, stop = node.coefficient + 2, node.coefficient + 3 + node.down
                taps, share = coefficients[start:stop], coefficients[start - 1]
                gradient[start - 1] = (taps * sums[start:stop]).sum()
                gradient[start:stop] = share * sums[start:stop]
        return gradient

    def _knobs(self) -> list[Tensor]:
        return list(knobs_of(self._modules))

    def _compute(self) -> Tensor:
        return torch.cat([numbers() for numbers in self._numbers])


class _Develop(torch.autograd.Function):
    """A chain forward, and backward by running it again: only the mosaic is kept."""

    @staticmethod
    def forward(raw: Tensor, coefficients: Tensor, fused: FusedIsp) -> Tensor:
        return run_program(fused.program, coefficients[None], raw)[0][0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, FusedIsp], output: Tensor) -> None:
        raw, coefficients, ctx.fused = inputs
        ctx.save_for_backward(raw, coefficients)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        raw, coefficients = ctx.saved_tensors
        wants_raw = ctx.needs_input_grad[0]
        adjoint: Any = _Adjoint.apply
        of_raw, of_coefficients = adjoint(raw, coefficients, *gradients, ctx.fused, wants_raw)
        return of_raw if wants_raw else None, of_coefficients, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> None:
        raise CamsimError("the fused path has no forward-mode derivative; compile the camera with fused=False")

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, int | None, None], raw: Tensor, coefficients: Tensor, fused: FusedIsp
    ) -> tuple[Tensor, int]:
        mosaics, settings = in_dims[0], in_dims[1]
        if settings is None:
            assert mosaics is not None
            batch = raw.movedim(mosaics, 0)
            images = _Develop.apply(batch.flatten(0, 1), coefficients, fused)  # type: ignore[no-untyped-call]
            return images.unflatten(0, batch.shape[:2]), 0
        numbers = coefficients.movedim(settings, 0)
        each = raw.expand(info.batch_size, *raw.shape) if mosaics is None else raw.movedim(mosaics, 0)
        if mosaics is None and not (torch.is_grad_enabled() and (raw.requires_grad or coefficients.requires_grad)):
            return run_program(fused.program, numbers, raw)[0], 0  # all settings in one call
        images = [_Develop.apply(m, c, fused) for m, c in zip(each, numbers, strict=True)]  # type: ignore[no-untyped-call]
        return torch.stack(images), 0


class _Adjoint(torch.autograd.Function):
    """The chain backwards; a function of its own, so that torch.func can map it and a second derivative is refused."""

    @staticmethod
    def forward(
        raw: Tensor, coefficients: Tensor, gradient: Tensor, fused: FusedIsp, for_raw: bool
    ) -> tuple[Tensor, Tensor]:
        sums, of_raw = run_adjoint_program(fused.adjoint_program, coefficients, raw, gradient, for_raw=for_raw)
        of_coefficients = fused.coefficient_gradient(sums, coefficients.detach())
        return raw.new_empty(0) if of_raw is None else of_raw, of_coefficients

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> None:
        raise CamsimError("the fused path has no second derivative; compile the camera with fused=False")

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], raw: Tensor, coefficients: Tensor, gradient: Tensor, *rest: Any
    ) -> tuple[tuple[Tensor, Tensor], tuple[int, int]]:
        each = [
            tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
            for tensor, dim in zip((raw, coefficients, gradient), in_dims[:3], strict=True)
        ]
        results = [_Adjoint.apply(*one, *rest) for one in zip(*each, strict=True)]  # type: ignore[no-untyped-call]
        of_raw, of_coefficients = (torch.stack(part) for part in zip(*results, strict=True))
        return (of_raw, of_coefficients), (0, 0)


class FusedChains:
    """Several chains over the same mosaic as one program; what they have in common, with the same numbers, is there
    once."""

    def __init__(self, program: Program, numbers: Tensor) -> None:
        """A program, and the numbers (n,) of its operations."""
        self.program = program
        self._numbers = numbers

    @classmethod
    def of(cls, fused: FusedIsp) -> FusedChains:
        """One chain, with its knobs as they are now."""
        return cls(fused.program, fused.coefficients().detach().clone())

    @classmethod
    def lowered(cls, chains: Sequence[tuple[Mapping[str, Stage], str]]) -> FusedChains:
        """Lower chains, with their knobs as they are now.

        Raises:
            LoweringError: see `FusedIsp`.
        """
        lowering = Lowering(shares=True)
        for stages, cfa in chains:
            add_chain(lowering, stages, cfa)
        return cls(lowering.program(), torch.cat([numbers() for numbers in lowering.coefficients]).detach())

    def develop(self, raw: Tensor, *, as_bytes: bool = False, check: Check | None = None) -> list[Tensor]:
        """For each chain: (B, 1, H, W) DN -> (B, 3, H, W) float32, or uint8; see `run_program`."""
        images = run_program(self.program, self._numbers[None], raw, as_bytes=as_bytes, check=check)
        return [image[0] for image in images]
