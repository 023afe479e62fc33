"""Gradients of a network's raw outputs, used only after they have been checked; see gradient.py for classifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.images import as_images
from audit.models.differentiable import DifferentiablePreprocess
from audit.models.gradient import NoGradient
from audit.models.gradient_check import output_difference
from audit.models.in_torch import Named, in_torch
from audit.models.network import Network
from audit.models.onnx_network import OnnxNetwork
from audit.models.picture_gradient import check_slopes, check_usable, with_finite_gradient
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
        check_slopes(lambda image: double.joined(image, sizes), probe[0])
        check_usable(lambda image: _weighted(gradient.joined(image, sizes)), probe)
    except CamsimError as error:
        return NoGradient(" ".join(str(error).split()))
    return gradient


@dataclass(frozen=True)
class _Outputs:
    """An `OutputGradient`: preprocessing, network."""

    network: Named
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
        fed = self.prepare(with_finite_gradient(image))
        found = self.network.run(fed.expand(self.network.batch, *fed.shape[1:]))
        return {name: found[name][0] if found[name].ndim > rank else found[name] for name, rank in self.ranks.items()}

    def joined(self, image: Tensor, sizes: Mapping[str, float]) -> Tensor:
        """All numbers of the outputs (N,) in float64, each output in units of its largest."""
        found = self.outputs(image)
        return torch.cat([found[name].reshape(-1).to(torch.float64) / size for name, size in sizes.items()])


def _check_parity(
    gradient: _Outputs, probe: Sequence[NDArray[np.uint8]], expected: Sequence[Mapping[str, NDArray[Any]]]
) -> None:
    for picture, wanted in zip(probe, expected, strict=True):
        with torch.no_grad():
            got = gradient.outputs(as_images([picture]))
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


def _weighted(numbers: Tensor) -> Tensor:
    """A sum that is not the same for all probabilities."""
    return (numbers * torch.linspace(1, 2, len(numbers), dtype=numbers.dtype)).sum()
