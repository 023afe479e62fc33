"""Gradients of a model's log-probabilities, used only after they have been checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import log_softmax

from audit.images import as_images
from audit.models.differentiable import DifferentiablePreprocess
from audit.models.gradient_check import output_difference
from audit.models.in_torch import InTorch, Named, graph_in_torch, in_double
from audit.models.model import Model
from audit.models.onnx import OnnxModel
from audit.models.output import SMALLEST, ClassScores
from audit.models.picture_gradient import check_slopes, check_usable, with_finite_gradient
from audit.models.torch_module import TorchModel
from camsim.errors import CamsimError

_SAME = 1e-5
"""How far scores in a batch may differ from those alone, relative to the largest: rounding in another order."""


class GradientModel(Protocol):
    """A classifier whose log-probabilities can be differentiated. Only for gradients: figures come from Model."""

    def log_probabilities(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) RGB in [0, 1] (display-encoded: an 8-bit picture / 255) -> (B, C) natural-log probabilities."""
        ...


@dataclass(frozen=True)
class NoGradient:
    """There are no gradients."""

    reason: str
    """One line for people: which operator or check stands in the way."""


def open_gradient(model: Model, probe: Sequence[NDArray[np.uint8]]) -> GradientModel | NoGradient:
    """A model's gradients, once they have passed two checks.

    Parity: the log-probabilities of the probe pictures are those of the model, to 1e-4 of the largest (a model whose
    output is float16: 2e-3; a quantised one: its probabilities, to 2e-2, see graph_check.py). Slopes: for the first
    picture and in float64, the gradient of a random sum of the scores is that of finite differences, to 1e-3, without
    NaN, and not zero everywhere.

    Args:
        model: an `OnnxModel` or a `TorchModel`; others have no gradients.
        probe: pictures (H, W, 3), RGB, 0..255, such as the model will be shown; one or two will do.

    Returns:
        The gradients, or why there are none. What `log_probabilities` of them gives is the model's own result for the
        8-bit picture nearest to its input; its gradient takes every rounding for the identity.

    Raises:
        CamsimError: no probe picture, or the model itself cannot be run on them.
    """
    if not probe:
        raise CamsimError(f"{model.name}: its gradients are checked on pictures; none were given")
    expected = model.log_probabilities(probe)
    try:
        if isinstance(model, OnnxModel):
            network, exact = _of_graph(model)
        elif isinstance(model, TorchModel):
            network, exact = _of_module(model)
        else:
            return NoGradient(f"is neither an ONNX model nor a PyTorch module, but {type(model).__name__}")
        gradient = _Gradient(network, model.scores, DifferentiablePreprocess(model.prepared, network.dtype))
        double = DifferentiablePreprocess(model.prepared, torch.float64)
        _check_parity(gradient, probe, expected)
        check_slopes(_Gradient(exact, model.scores, double).rows, probe[0])
        # That of the scores: the log-probabilities of a model that is very sure hardly have one.
        check_usable(lambda images: _weighted(gradient.rows(images)), probe)
    except CamsimError as error:
        return NoGradient(_one_line(str(error)))
    return replace(gradient, together=gradient.takes_batches(probe[0]))


@dataclass(frozen=True)
class _Gradient:
    """A `GradientModel`: preprocessing, network, log-probabilities."""

    network: InTorch[Tensor]
    scores: ClassScores
    prepare: DifferentiablePreprocess
    together: bool = False
    """Whether the network is fed several pictures at once, which takes half the time or less."""

    def log_probabilities(self, images: Tensor) -> Tensor:
        """See `GradientModel`; float64, each at least log(1e-30).

        Raises:
            CamsimError: images of another form; a network that fails; on the way back, a gradient of NaN or infinity.
        """
        rows = self.rows(with_finite_gradient(images))
        if self.scores.kind == "probabilities":
            rows = rows.clamp(min=SMALLEST).log()
        return log_softmax(rows, dim=1).clamp(min=math.log(SMALLEST))

    def rows(self, images: Tensor) -> Tensor:
        """What the network gives: scores (B, C) in float64."""
        if self.together:
            return self.network.run(self.prepare(images)).flatten(1).to(torch.float64)
        return torch.cat([self._row(self.prepare(image[None])) for image in images])

    def _row(self, fed: Tensor) -> Tensor:
        scores = self.network.run(fed.expand(self.network.batch, *fed.shape[1:]))
        return scores[:1].flatten(1).to(torch.float64)

    def takes_batches(self, picture: NDArray[np.uint8]) -> bool:
        """Whether two pictures at once give the scores of each alone: not where a batch of one is written into the
        graph, or where pictures of a batch are not independent."""
        if self.network.batch != 1:
            return False
        pair = as_images([picture, 255 - picture])
        try:
            with torch.no_grad():
                alone, both = self.rows(pair), replace(self, together=True).rows(pair)
        except CamsimError:
            return False
        return alone.shape == both.shape and output_difference(both.numpy(), alone.numpy()) <= _SAME


def _of_graph(model: OnnxModel) -> tuple[InTorch[Tensor], InTorch[Tensor]]:
    """The network as it is used, and in float64.

    Raises:
        CamsimError: what stands in the way.
    """
    name = model.scores.output.name

    def scores(graph: Named) -> InTorch[Tensor]:
        return InTorch(lambda x: graph.run(x)[name], graph.dtype, graph.batch, graph.allowed, graph.quantised)

    used, exact = graph_in_torch(model.network, [name])
    return scores(used), scores(exact)


def _of_module(model: TorchModel) -> tuple[InTorch[Tensor], InTorch[Tensor]]:
    """As `_of_graph`."""
    double = in_double(model.module)
    dtype = {"float16": torch.float16, "float64": torch.float64}.get(model.wanted.dtype, torch.float32)
    return InTorch(partial(model.forward, model.module), dtype), InTorch(partial(model.forward, double), torch.float64)


def _check_parity(gradient: _Gradient, probe: Sequence[NDArray[np.uint8]], expected: NDArray[np.float64]) -> None:
    with torch.no_grad():
        rows = [gradient.log_probabilities(as_images([picture])) for picture in probe]
    got = torch.cat(rows).numpy()
    if got.shape != expected.shape:
        raise CamsimError(f"parity check: {got.shape[1]} scores in torch, {expected.shape[1]} in the model")
    # The logarithm of a probability of a few steps says nothing.
    what = "probabilities" if gradient.network.quantised else "log-probabilities"
    difference = output_difference(
        *((np.exp(got), np.exp(expected)) if gradient.network.quantised else (got, expected))
    )
    if not difference <= gradient.network.allowed:
        raise CamsimError(
            f"parity check: its {what} in torch differ from the model's by {difference:.1e} of the largest; "
            f"at most {gradient.network.allowed:.0e} is allowed"
        )


def _weighted(rows: Tensor) -> Tensor:
    """A sum of scores that is not the same for all probabilities."""
    return (rows * torch.arange(1, rows.shape[1] + 1)).sum()


def _one_line(text: str) -> str:
    return " ".join(text.split())
