"""Gradients of a network's raw outputs, used only after they have been checked; see gradient.py for classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.models.differentiable import DifferentiablePreprocess
from audit.models.gradient import NoGradient
from audit.models.gradient_check import input_gradient, output_difference, slope_difference, slope_problem
from audit.models.in_torch import InTorch, in_torch
from audit.models.network import Network
from audit.models.onnx_graph.straight import unrounded
from audit.models.onnx_network import OnnxNetwork
from audit.models.torch_network import TorchNetwork
from camsim.errors import CamsimError


class OutputGradient(Protocol):
    """A network whose raw outputs can be differentiated. Only for gradients: figures come from Network."""

    @property
    def allowed(self) -> float:
        """How far an output may be from the network's own, relative to its largest number."""
        ...

    def outputs(self, image: Tensor) -> dict[str, Tensor]:
        """(1, 3, H, W) RGB in [0, 1] (display-encoded: an 8-bit picture / 255) -> outputs, without the batch axis."""
        ...


def open_outputs(
    network: Network, names: Sequence[str], probe: Sequence[NDArray[np.uint8]]
) -> OutputGradient | NoGradient:
    """The gradients of some outputs of a network, once they have passed two checks.

    Parity: each output is that of the network for every probe picture, to 1e-4 of its largest number (float16: 2e-3,
    quantised: 2e-2, see graph_check.py). Slopes: as `audit.models.gradient.open_gradient`, of a random sum of all
    numbers of the outputs, each in units of its largest.

    Args:
        network: an `OnnxNetwork` or a `TorchNetwork`; others have no gradients.
        names: of the outputs.
        probe: pictures (H, W, 3), RGB, 0..255, such as the network will be shown; one or two will do.

    Returns:
        The gradients, or why there are none.

    Raises:
        CamsimError: no probe picture, or the network itself cannot be run on them.
    """
    if not probe:
        raise CamsimError(f"{network.name}: its gradients are checked on pictures; none were given")
    expected = [{name: np.asarray(one[name]) for name in names} for one in network.run(probe)]
    try:
        whole = [name for name in names if not np.issubdtype(expected[0][name].dtype, np.floating)]
        if whole:
            raise CamsimError(f"output {whole[0]!r} holds {expected[0][whole[0]].dtype}, which has no slope")
        if not isinstance(network, OnnxNetwork | TorchNetwork):
            raise CamsimError(f"is neither an ONNX model nor a PyTorch module, but {type(network).__name__}")
        used, exact = in_torch(network, names)
        ranks = {name: array.ndim for name, array in expected[0].items()}
        gradient, double = (
            _Outputs(one, DifferentiablePreprocess(network.prepared, one.dtype), ranks) for one in (used, exact)
        )
        _check_parity(gradient, probe, expected)
        sizes = {name: max(1e-12, float(np.abs(array).max(initial=0))) for name, array in expected[0].items()}
        _check_slopes(double, probe[0], sizes)
        _check_usable(gradient, probe, sizes)
    except CamsimError as error:
        return NoGradient(" ".join(str(error).split()))
    return gradient


@dataclass(frozen=True)
class _Outputs:
    """An `OutputGradient`: preprocessing, network."""

    network: InTorch
    prepare: DifferentiablePreprocess
    ranks: Mapping[str, int]
    """Axes of each output of one picture."""

    @property
    def allowed(self) -> float:
        return self.network.allowed

    def outputs(self, image: Tensor) -> dict[str, Tensor]:
        """See `OutputGradient`.

        Raises:
            CamsimError: images of another form; a network that fails; on the way back, a gradient of NaN or infinity.
        """
        if image.requires_grad:
            image = image.view_as(image)  # a leaf would keep the hook
            image.register_hook(_check_finite)  # type: ignore[no-untyped-call]
        fed = self.prepare(image)
        found = self.network.run(fed.expand(self.network.batch, *fed.shape[1:]))
        return {name: found[name][0] if found[name].ndim > rank else found[name] for name, rank in self.ranks.items()}

    def joined(self, image: Tensor, sizes: Mapping[str, float]) -> Tensor:
        """All numbers of the outputs (N,) in float64, each output in units of its largest."""
        found = self.outputs(image)
        return torch.cat([found[name].reshape(-1).to(torch.float64) / size for name, size in sizes.items()])


def _check_finite(gradient: Tensor) -> None:
    if not gradient.isfinite().all():
        raise CamsimError("the model's gradient holds NaN or infinity for one of the pictures")


def _check_parity(
    gradient: _Outputs, probe: Sequence[NDArray[np.uint8]], expected: Sequence[Mapping[str, NDArray[Any]]]
) -> None:
    for picture, wanted in zip(probe, expected, strict=True):
        with torch.no_grad():
            got = gradient.outputs(_as_image(picture))
        for name, array in wanted.items():
            if got[name].shape != array.shape:
                raise CamsimError(
                    f"parity check: output {name!r} is {tuple(got[name].shape)} in torch, {array.shape} in the model"
                )
            difference = output_difference(got[name].numpy(), array)
            if not difference <= gradient.network.allowed:
                raise CamsimError(
                    f"parity check: output {name!r} in torch differs from the model's by {difference:.1e} of its "
                    f"largest number; at most {gradient.network.allowed:.0e} is allowed"
                )


def _check_slopes(double: _Outputs, picture: NDArray[np.uint8], sizes: Mapping[str, float]) -> None:
    # Away from limits and ties, which pictures of 8 bits are full of, and where slopes differ from side to side.
    noise = torch.randn(picture.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    point = _as_image(picture).to(torch.float64) * 0.8 + 0.1 + 0.01 * noise.permute(2, 0, 1)[None]
    with unrounded():
        problem = slope_problem(slope_difference(lambda image: double.joined(image, sizes), point))
    if problem is not None:
        raise CamsimError(problem)


def _check_usable(gradient: _Outputs, probe: Sequence[NDArray[np.uint8]], sizes: Mapping[str, float]) -> None:
    """The gradient as it is used: finite for every picture, and for one of them not zero."""
    largest = 0.0
    for picture in probe:
        slopes = input_gradient(lambda image: _weighted(gradient.joined(image, sizes)), _as_image(picture))
        _check_finite(slopes)
        largest = max(largest, float(slopes.abs().max()))
    if largest == 0:
        raise CamsimError("gradient check: its gradient is zero everywhere on the probe pictures")


def _weighted(numbers: Tensor) -> Tensor:
    """A sum that is not the same for all probabilities."""
    return (numbers * torch.linspace(1, 2, len(numbers), dtype=numbers.dtype)).sum()


def _as_image(picture: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].to(torch.float32) / 255
