"""The whole sensor in one pass over rows, for float32 on the CPU; `camsim.sensor.module` says what it computes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor
from torch.autograd.function import FunctionCtx

from camsim.cfa import cell, letters, period
from camsim.errors import CamsimError
from camsim.kernels.memory import empty

_LANES = 16
_KNOBS = 5


@dataclass(frozen=True)
class Readout:
    """What no gradient goes to."""

    cfa: str
    """See `camsim.cfa.Cfa`."""
    largest: int
    """DN of the ADC."""
    factor: int
    """Of the justification."""


@dataclass(frozen=True)
class _Call:
    """The arguments of the kernel, kept alive while it runs."""

    scene: Tensor
    shape: Tensor
    sites: Tensor
    columns: Tensor
    numbers: Tensor
    keys: Tensor | None
    width: int

    @property
    def tiles(self) -> int:
        from camsim.kernels.capture import ROWS

        return self.scene.shape[0] * -(-self.scene.shape[2] // ROWS)

    def run(
        self,
        out: Tensor | None = None,
        gradient: Tensor | None = None,
        scene_gradient: Tensor | None = None,
        sums: Tensor | None = None,
    ) -> None:
        from camsim.kernels import capture
        from camsim.kernels.threads import run_tiles

        fresh = _fresh(self.scene.shape[-1])
        arguments: tuple[Any, ...] = (
            *(
                _address(tensor)
                for tensor in (self.scene, self.shape, self.sites, self.columns, self.numbers, self.keys, out)
            ),
            out is not None and out.dtype == torch.uint16,
            *(_address(tensor) for tensor in (gradient, scene_gradient, fresh, sums)),
        )
        run_tiles(lambda first, last: capture.run(first, last, *arguments), self.tiles)


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def wide(image: Tensor) -> Tensor:
    """At least 16 pixels a row, with zeros."""
    room = _LANES - image.shape[-1]
    return functional.pad(image, (0, room)) if room > 0 else image.contiguous()


@lru_cache(maxsize=64)
def site_table(cfa: str, more: int) -> tuple[int, Tensor]:
    """Where the kernels' table of sites takes its numbers from.

    Args:
        cfa: see `camsim.cfa.Cfa`.
        more: how many numbers each place of a 2x2 grid has, such as its black level.

    Returns:
        The side of the table's cell, that of the CFA and of the 2x2 grid together; and (side, side, 3 + more, 16)
        places in (weights of the CFA's letters, (N, 3), then ``more`` times (4,)), flattened: for each row, each column
        that a vector of 16 pixels may begin with, each number and each of the 16 pixels.
    """
    seen, rows, own = letters(cfa), cell(cfa), period(cfa)
    side = math.lcm(own, 2)
    sites = [[seen.index(rows[y % own][x % own]) for x in range(side)] for y in range(side)]
    colors = torch.tensor(sites, device="cpu")  # whatever the default device is, here and below: a kernel reads it
    first, lanes = torch.arange(side, device="cpu")[:, None], torch.arange(_LANES, device="cpu")
    y, x = first[:, None], (first + lanes) % side
    weights = [3 * colors[y, x] + channel for channel in range(3)]
    others = [3 * len(seen) + 4 * number + 2 * (y % 2) + x % 2 for number in range(more)]
    return side, torch.stack(weights + [place.expand(side, side, _LANES) for place in others], dim=2).contiguous()


@lru_cache(maxsize=64)
def site_columns(pitch: int, side: int, vectors: int) -> Tensor:
    """For each vector of a row of ``pitch`` pixels the bytes from the first column's part of the table of sites to its
    own, where each part has so many vectors."""
    first = torch.arange(0, pitch, _LANES, device="cpu").clamp(max=pitch - _LANES)
    return first % side * (4 * _LANES * vectors)


@lru_cache(maxsize=64)
def _fresh(pitch: int) -> Tensor:
    """0 for the pixels of a row's last vector that the one before it has, else 1."""
    return (torch.arange(_LANES, device="cpu") >= -pitch % _LANES).float()


@lru_cache(maxsize=64)
def _constant(value: int) -> Tensor:
    return torch.tensor(value, dtype=torch.float32, device="cpu")


def _prepare(scene: Tensor, knobs: tuple[Tensor, ...], matrix: Tensor, keys: Tensor | None, readout: Readout) -> _Call:
    black_level, system_gain, full_well, read_noise, exposure = knobs
    scene_rows = wide(scene)
    height, pitch = scene_rows.shape[2:]
    side, places = site_table(readout.cfa, 1)
    return _Call(
        scene=scene_rows,
        shape=torch.tensor([height, pitch, scene.shape[3], side], device="cpu"),
        sites=torch.cat([matrix.flatten(), black_level])[places],
        columns=site_columns(pitch, side, 4),
        numbers=torch.stack(
            [exposure, full_well, read_noise, system_gain, _constant(readout.largest), _constant(readout.factor)]
        ),
        keys=None if keys is None else keys.contiguous(),
        width=scene.shape[3],
    )


def capture_dn(
    scene: Tensor,
    knobs: tuple[Tensor, ...],
    matrix: Tensor,
    keys: Tensor | None,
    readout: Readout,
    out: Tensor,
) -> Tensor:
    """(B, 3, H, W) light -> (B, 1, H, W) DN in ``out``, float32 or uint16; no gradient; arguments as in `capture`."""
    call = _prepare(scene, knobs, matrix, keys, readout)
    samples, _, height, pitch = call.scene.shape
    if pitch == call.width and out.is_contiguous():
        call.run(out=out)
    else:
        room = torch.empty((samples, 1, height, pitch), dtype=out.dtype, device="cpu")
        call.run(out=room)
        out.copy_(room[..., : call.width])
    return out


class _Gradient(torch.autograd.Function):
    """The gradient of `_Capture`; it has none of its own."""

    @staticmethod
    def forward(
        gradient: Tensor, wants_scene: bool, scene: Tensor, *rest: Any
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        from camsim.kernels import capture

        *knobs, matrix, keys, readout = rest
        call = _prepare(scene, tuple(knobs), matrix, keys, readout)
        downward = empty(call.scene.shape, call.scene.dtype, call.scene.device) if wants_scene else None
        sums = torch.zeros((call.tiles, capture.SUMS, _LANES), dtype=torch.float64, device="cpu")
        call.run(gradient=wide(gradient), scene_gradient=downward, sums=sums)
        added = sums.sum(0)
        parity = added[capture.BLACK :].reshape(2, 2, _LANES // 2, 2)  # (y, first column, pair, column)
        black = (parity[:, 0] + parity[:, 1].flip(-1)).sum(1).reshape(4)
        well, sigma, gain, exposure = (
            added[place].sum() for place in (capture.WELL, capture.READ_NOISE, capture.GAIN, capture.EXPOSURE)
        )
        of_scene = scene.new_zeros(0) if downward is None else downward[..., : call.width].contiguous()
        return of_scene, black.float(), gain.float(), well.float(), sigma.float(), exposure.float()

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise CamsimError(
            "the fused capture has no second derivatives; compile the camera with fused=False for the plain path"
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        results = [
            _Gradient.apply(*item)  # type: ignore[no-untyped-call]
            for item in items(info.batch_size, in_dims, inputs)
        ]
        return tuple(torch.stack(parts) for parts in zip(*results, strict=True)), (0,) * (1 + _KNOBS)


class _Capture(torch.autograd.Function):
    @staticmethod
    def forward(scene: Tensor, *rest: Any) -> Tensor:
        *knobs, matrix, keys, readout = rest
        out = empty((scene.shape[0], 1, *scene.shape[2:]), scene.dtype, scene.device)
        return capture_dn(scene, tuple(knobs), matrix, keys, readout, out)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        scene, *knobs, matrix, keys, readout = inputs
        ctx.save_for_backward(scene, *knobs, matrix, keys)
        ctx.readout = readout
        ctx.noisy = keys is not None

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        wants_scene = ctx.needs_input_grad[0]
        of_scene, black, gain, well, sigma, exposure = _Gradient.apply(  # type: ignore[no-untyped-call]
            gradient, wants_scene, *ctx.saved_tensors, ctx.readout
        )
        return (
            of_scene if wants_scene else None,
            *(black, gain, well, sigma if ctx.noisy else None, exposure),
            *(None, None, None),
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Tensor, int]:
        results = [
            _Capture.apply(*item)  # type: ignore[no-untyped-call]
            for item in items(info.batch_size, in_dims, inputs)
        ]
        return torch.stack(results), 0


def items(count: int, in_dims: tuple[Any, ...], inputs: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The arguments of each call of a batch of calls."""
    return [
        tuple(value if dim is None else value.select(dim, i) for value, dim in zip(inputs, in_dims, strict=True))
        for i in range(count)
    ]


def capture(scene: Tensor, knobs: tuple[Tensor, ...], matrix: Tensor, keys: Tensor | None, readout: Readout) -> Tensor:
    """(B, 3, H, W) light -> (B, 1, H, W) DN, differentiable in the scene and the knobs, once.

    Args:
        scene: float32 on the CPU, like everything else.
        knobs: black_level (4,) DN, system_gain () DN/e-, full_well () e-, read_noise () e- rms, exposure () e-.
        matrix: (N, 3) response, a row for each of the letters of the CFA.
        keys: (B,) of `noise_keys`; None: no noise.
        readout: of the ADC.
    """
    result: Tensor = _Capture.apply(scene, *knobs, matrix, keys, readout)  # type: ignore[no-untyped-call]
    return result
