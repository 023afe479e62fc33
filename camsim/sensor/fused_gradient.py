"""The gradient of a fused capture with further effects: that of the plain path, which is run again on the way back."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from camsim.kernels.memory import empty
from camsim.sensor.fused import items
from camsim.sensor.fused_device import capture_readings, knobs_of
from camsim.sensor.random import SampleId

if TYPE_CHECKING:
    from camsim.sensor.module import SensorModule

M = TypeVar("M", bound=nn.Module)


def turned(module: M, knobs: Sequence[Tensor], fixed: Sequence[Tensor]) -> M:
    """The same module with other values of its parameters, in the order of `knobs_of`, and of its buffers, in that of
    `_fixed_of`; the module itself is left alone, since another thread may be using it."""
    return _turned(module, iter(knobs), iter(fixed))


def _turned(module: M, knobs: Iterator[Tensor], fixed: Iterator[Tensor]) -> M:
    changed = copy.copy(module)
    # What a module looks up is in these three, and a copy shares them.
    changed.__dict__["_parameters"] = {
        name: knob if knob is None else next(knobs) for name, knob in module._parameters.items()
    }
    changed.__dict__["_buffers"] = {
        name: buffer if buffer is None else next(fixed) for name, buffer in module._buffers.items()
    }
    changed.__dict__["_modules"] = {
        name: child if child is None else _turned(child, knobs, fixed) for name, child in module._modules.items()
    }
    return changed


def _fixed_of(module: nn.Module) -> tuple[Tensor, ...]:
    """Its buffers, one for each name."""
    return tuple(buffer for _, buffer in module.named_buffers(remove_duplicate=False))


@dataclass(frozen=True)
class _Exposure:
    """What no gradient goes to."""

    camera: SensorModule
    seed: int | None
    ids: tuple[SampleId, ...]
    fixed: tuple[Tensor, ...]
    """The camera's buffers: on the way back, those that `torch.func.functional_call` put there may be gone."""


class _Capture(torch.autograd.Function):
    @staticmethod
    def forward(scene: Tensor, exposure: _Exposure, *knobs: Tensor) -> Tensor:
        camera = exposure.camera
        if any(given is not knob for given, knob in zip(knobs, knobs_of(camera), strict=True)):
            camera = turned(camera, knobs, exposure.fixed)
        out = empty((scene.shape[0], 1, *scene.shape[2:]), scene.dtype, scene.device)
        return capture_readings(camera, scene, exposure.seed, exposure.ids, out)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        scene, ctx.exposure, *knobs = inputs
        ctx.save_for_backward(scene, *knobs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        exposure, given = ctx.exposure, ctx.saved_tensors
        needs = [ctx.needs_input_grad[0], *ctx.needs_input_grad[2:]]
        wanted = [place for place, needed in enumerate(needs) if needed]

        def plain(*values: Tensor) -> Tensor:
            put = dict(zip(wanted, values, strict=True))
            scene, *knobs = [put.get(place, tensor) for place, tensor in enumerate(given)]
            camera = turned(exposure.camera, knobs, exposure.fixed)
            dn: Tensor = camera.stage_by_stage(scene, exposure.seed, exposure.ids)
            return dn

        values = [given[place] for place in wanted]
        if torch.is_grad_enabled():  # the gradient is to have one itself, as in torch.func
            slopes = torch.func.vjp(plain, *values)[1](gradient)
        else:
            with torch.enable_grad():
                leaves = [value.detach().requires_grad_() for value in values]
                slopes = torch.autograd.grad(plain(*leaves), leaves, gradient, allow_unused=True)
        found = dict(zip(wanted, slopes, strict=True))
        of_scene, *of_knobs = [found.get(place) for place in range(len(given))]
        return of_scene, None, *of_knobs

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], *inputs: Any) -> tuple[Tensor, int]:
        results = [
            _Capture.apply(*item)  # type: ignore[no-untyped-call]
            for item in items(info.batch_size, in_dims, inputs)
        ]
        return torch.stack(results), 0


def capture_with_gradient(camera: SensorModule, scene: Tensor, seed: int | None, ids: Sequence[SampleId]) -> Tensor:
    """(B, 3, H, W) light -> (B, 1, H, W) DN, differentiable in the scene and all knobs; see `capture_readings`."""
    exposure = _Exposure(camera, seed, tuple(ids), _fixed_of(camera))
    result: Tensor = _Capture.apply(scene, exposure, *knobs_of(camera))  # type: ignore[no-untyped-call]
    return result
