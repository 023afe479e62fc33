"""Random draws as torch operators: on a CUDA GPU by `draws_on_gpu`, else on the CPU by `camsim.kernels.noise`."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor

MOST_PIXELS = 2**32
"""Of a sample: a pixel's index has 32 bits."""
_LEAST_PIXELS = 16


# torch.library.custom_op would say this shorter, but its first call loads all of torch.compile: more than a second.
_LIBRARY = torch.library.Library("camsim", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define("poisson_counts(Tensor means, Tensor keys) -> Tensor")  # type: ignore[no-untyped-call]
_LIBRARY.define("standard_normal(Tensor keys, SymInt height, SymInt width) -> Tensor")  # type: ignore[no-untyped-call]


def poisson_counts(means: Tensor, keys: Tensor) -> Tensor:
    """Poisson-distributed counts: (B, 1, H, W) float32 means, negative ones as 0; (B,) int64 keys; same shape."""
    counts: Tensor = torch.ops.camsim.poisson_counts(means, keys)
    return counts


def standard_normal(keys: Tensor, height: int, width: int) -> Tensor:
    """Standard normal numbers: (B,) int64 keys -> (B, 1, height, width) float32 on the keys' device."""
    normal: Tensor = torch.ops.camsim.standard_normal(keys, height, width)
    return normal


def _draw(means: Tensor | None, shape: tuple[int, ...], keys: Tensor) -> Tensor:
    from camsim.kernels import noise
    from camsim.kernels.threads import run_tiles

    samples, pixels = shape[0], math.prod(shape[1:])
    _check_keys(keys, samples)
    if pixels > MOST_PIXELS:
        raise ValueError(f"a sample may have 2^32 pixels, got {pixels}")
    room = max(0, _LEAST_PIXELS - pixels)
    out = torch.empty(samples, pixels + room, dtype=torch.float32, device="cpu")
    address = 0
    if means is not None:
        flat = means.cpu().reshape(samples, pixels).contiguous()
        flat = functional.pad(flat, (0, room)) if room else flat
        address = flat.data_ptr()
    keys = keys.cpu().contiguous()
    arguments = (address, out.data_ptr(), pixels + room, keys.data_ptr())
    tiles = samples * -(-(pixels + room) // noise.TILE)
    run_tiles(lambda first, last: noise.run(first, last, *arguments), tiles)
    return out[:, :pixels].reshape(shape).clone() if room else out.reshape(shape)


def _check_keys(keys: Tensor, samples: int) -> None:
    if keys.shape != (samples,):
        raise ValueError(f"needs one key for each of {samples} samples, got {tuple(keys.shape)}")


def _poisson_counts(means: Tensor, keys: Tensor) -> Tensor:
    if means.device.type == "cuda":
        from camsim.sensor import draws_on_gpu

        _check_keys(keys, means.shape[0])
        counts = draws_on_gpu.poisson_counts(means.reshape(len(means), -1), keys.to(means.device))
        return counts.reshape(means.shape)
    return _draw(means, tuple(means.shape), keys).to(means.device)


def _standard_normal(keys: Tensor, height: int, width: int) -> Tensor:
    shape = (keys.shape[0], 1, height, width)
    if keys.device.type == "cuda":
        from camsim.sensor import draws_on_gpu

        return draws_on_gpu.standard_normal(keys, height * width).reshape(shape)
    return _draw(None, shape, keys).to(keys.device)


def _fake_counts(means: Tensor, keys: Tensor) -> Tensor:
    return torch.empty_like(means)


def _fake_normal(keys: Tensor, height: int, width: int) -> Tensor:
    return torch.empty((keys.shape[0], 1, height, width), dtype=torch.float32, device=keys.device)


def _batched_counts(info: Any, in_dims: tuple[int | None, ...], means: Tensor, keys: Tensor) -> tuple[Tensor, int]:
    batches = [
        tensor.expand(info.batch_size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
        for tensor, dim in zip((means, keys), in_dims, strict=True)
    ]
    return torch.stack([poisson_counts(*pair) for pair in zip(*batches, strict=True)]), 0


_LIBRARY.impl("poisson_counts", _poisson_counts, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
_LIBRARY.impl("standard_normal", _standard_normal, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
torch.library.register_fake("camsim::poisson_counts", _fake_counts, lib=_LIBRARY)
torch.library.register_fake("camsim::standard_normal", _fake_normal, lib=_LIBRARY)
torch.library.register_vmap("camsim::poisson_counts", _batched_counts, lib=_LIBRARY)
