"""A chain in pieces: what can be fused goes in one pass over rows each, the stages in between go one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

import torch
from torch import Tensor, nn

from camsim.cfa import period
from camsim.display import eight_bit
from camsim.fused import FusedIsp, knobs_of, modules_of
from camsim.isp.clip import ClipStage
from camsim.isp.color_matrix import ColorMatrixStage
from camsim.isp.kernel_path import has_tangent
from camsim.isp.white_balance import WhiteBalanceStage
from camsim.kernels.run import Check
from camsim.lowering.split import split
from camsim.spec import Stage, StageSpec
from camsim.tiling import TILE, TILED_FROM, can_tile, chain_reach, develop_tiled

_LIGHT = {ClipStage: 1, WhiteBalanceStage: 1, ColorMatrixStage: 3}
"""What stages cost that are quick by themselves: in passes over an image of 224x224, as measured."""
_PASS = 5
"""What a fused pass costs at least, in the same unit: below that, stage by stage is quicker."""


@dataclass(frozen=True)
class Step:
    """A stage, and what it reads."""

    name: str
    stage: Stage
    spec: StageSpec
    cfa: str | None
    """Of the mosaic; None: an image of three planes."""


class Segments:
    """An ISP chain as fused passes with plain stages in between; it checks nothing.

    Numbers follow the knobs of the stages, also where others stand in for them.
    """

    def __init__(self, steps: Sequence[Step], *, backwards: bool = False) -> None:
        """Cut a chain.

        Args:
            steps: its stages, in order.
            backwards: whether it is cut for gradients: then what has none that is fused goes stage by stage in both
                directions, and the rest is fused in both.
        """
        self._pieces: list[_Fused | _Plain] = []
        plain: list[Step] = []
        for indices, is_program in split([s.stage for s in steps], [s.cfa for s in steps], backwards=backwards):
            some = [steps[index] for index in indices]
            if is_program and _pays(some):
                self._pieces += [*_plain(plain), _Fused(some)]
                plain = []
            else:
                plain += some
        self._pieces += _plain(plain)
        self._plain = _plain(steps)
        self._modules = modules_of(step.stage for step in steps)

    @property
    def are_worth_it(self) -> bool:
        """Whether anything is fused."""
        return any(isinstance(piece, _Fused) for piece in self._pieces)

    def __call__(
        self, raw: Tensor, *, as_bytes: bool = False, out: Tensor | None = None, check: Check | None = None
    ) -> Tensor:
        """(B, 1, H, W) float32 or uint16 DN -> (B, 3, H', W') float32, or uint8.

        Where gradients are on, they reach the mosaic and the knobs. For ``out`` and ``check`` see `run_program`.
        """
        # What stands in for a knob may be several values at once, those of vmap, and so may be every later image.
        mapped = any(type(knob) is not nn.Parameter for knob in knobs_of(self._modules))
        # Derivatives go forwards through plain stages alone.
        forwards = has_tangent(raw) or (mapped and any(map(has_tangent, knobs_of(self._modules))))
        *before, last = self._plain if forwards else self._pieces
        image = raw
        for piece in before:
            image = piece(image, mapped, check=check)
            check = None
        if as_bytes and isinstance(last, _Plain) and not mapped and not forwards:
            return self._bytes.develop(last(image, mapped, check=check), as_bytes=True, out=out)
        return last(image, mapped, as_bytes=as_bytes, out=out, check=check)

    @cached_property
    def _bytes(self) -> FusedIsp:
        """Rounds an image that a plain stage has made."""
        return FusedIsp({}, None)


class _Plain:
    """Stages one after the other; on large frames tile by tile, so that they stay in the cache."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._stages = [step.stage for step in steps]
        self._can_tile = all(can_tile(step.spec) for step in steps)
        cfa = steps[0].cfa
        self._period = 2 if cfa is None else max(2, period(cfa))
        self._reach = chain_reach([step.spec for step in steps], self._period)

    def __call__(
        self,
        image: Tensor,
        mapped: bool,
        *,
        as_bytes: bool = False,
        out: Tensor | None = None,
        check: Check | None = None,
    ) -> Tensor:
        if check is not None:
            check(None)
        image = image.to(torch.float32)
        if self._can_tile and image.shape[0] * image.shape[-2] * image.shape[-1] >= TILED_FROM:
            image = develop_tiled(self._through, image, self._reach, TILE - TILE % self._period, self._period)
        else:
            image = self._through(image)
        return _stored(image, as_bytes, out)

    def _through(self, image: Tensor) -> Tensor:
        for stage in self._stages:
            image = stage(image)
        return image


class _Fused:
    """Stages in one pass; stage by stage where a gradient is wanted that the pass has not."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._isp = FusedIsp({step.name: step.stage for step in steps}, steps[0].cfa)
        self._plain = _plain(steps)
        self._modules = modules_of(step.stage for step in steps)

    def __call__(
        self,
        image: Tensor,
        mapped: bool,
        *,
        as_bytes: bool = False,
        out: Tensor | None = None,
        check: Check | None = None,
    ) -> Tensor:
        wants_gradient = torch.is_grad_enabled() and (
            mapped or image.requires_grad or any(knob.requires_grad for knob in knobs_of(self._modules))
        )
        if not wants_gradient and not mapped:
            return self._isp.develop(image, as_bytes=as_bytes, out=out, check=check)
        if check is not None:
            check(None)
        image = image.to(torch.float32)
        if not wants_gradient or self._isp.has_gradient:
            return _stored(self._isp.develop_with_gradient(image), as_bytes, out)
        for piece in self._plain:
            image = piece(image, mapped)
        return _stored(image, as_bytes, out)


def _plain(steps: Iterable[Step]) -> list[_Plain]:
    """Pieces of which each goes through tiles in all its stages or in none."""
    return [_Plain(list(some)) for _, some in groupby(steps, lambda step: can_tile(step.spec))]


def _pays(steps: Sequence[Step]) -> bool:
    """Whether one pass is quicker than stage by stage."""
    return sum(_LIGHT.get(type(step.stage), _PASS) for step in steps) >= _PASS


def _stored(image: Tensor, as_bytes: bool, out: Tensor | None) -> Tensor:
    """As it was asked for."""
    if as_bytes:
        image = eight_bit(image).to(torch.uint8)
    return image if out is None else out.copy_(image.detach())
