"""A small convolutional network in the place of hand-made processing, which learns from a loss."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field, ValidationInfo, model_validator
from torch import Tensor, nn
from torch.nn.functional import conv2d, relu

from camsim.border import mirror_pad
from camsim.cfa import RawFormat
from camsim.isp.network_file import MAX_FEATURES, MAX_LAYERS, Weights, read_network, shapes, write_network
from camsim.isp.packed import pack_numbers, unpack_numbers
from camsim.spec import Domain, Form, Quantity, Range, Stage, StageSpec

_MAX_TEXT = 400_000
"""Characters that the largest network takes, packed."""


def neural(rgb: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor], strength: Tensor) -> Tensor:
    """rgb + strength · network(rgb): 3x3 convolutions with a rectifier between them, and none at the end.

    Args:
        rgb: (B, 3, H, W).
        weights: of each layer, (out, in, 3, 3), three channels at both ends.
        biases: of each layer, (out,).
        strength: () of what the network adds.

    Returns:
        (B, 3, H, W); nothing is clipped. The picture is continued by its mirror image before the first layer.
        Differentiable, but where a feature is 0. A residual network, as in K. Zhang et al., "Beyond a Gaussian
        denoiser: residual learning of deep CNN for image denoising", IEEE Transactions on Image Processing 26(7), 2017,
        without its batch normalisation.
    """
    features = mirror_pad(rgb, len(weights))
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        features = conv2d(features if number == 0 else relu(features), weight, bias)
    return rgb + strength * features


class Neural(StageSpec):
    """``{kind: neural, file: denoiser.safetensors}``, a file in the profile's folder or below it.

    The file holds ``layers.0.weight`` (features, 3, 3, 3), ``layers.0.bias`` (features,), ``layers.1.weight`` ...,
    the last of three channels. A profile that was read holds the weights themselves, packed, and no longer needs the
    file: ``file`` and ``sha256`` then say where they came from. Without a file it is a network that does not change the
    picture yet, to be trained. The weights are parameters of the emulator, and no knobs: a search leaves them alone.
    """

    takes: ClassVar[frozenset[Domain]] = frozenset({"linear", "encoded"})
    gives: ClassVar[Domain | None] = None
    form: ClassVar[Form] = "local"

    kind: Literal["neural"] = "neural"
    file: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """A .safetensors file; its name, once the weights are read."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Of the file, which is refused if it has another."""
    strength: Annotated[float, Quantity("1", 0, 1, Range(absolute=0.2))] = 1.0
    """1 for all that the network adds, 0 changes nothing."""
    features: Annotated[int, Field(ge=1, le=MAX_FEATURES)] = 16
    """Channels between the layers. Read from the file."""
    layers: Annotated[int, Field(ge=2, le=MAX_LAYERS)] = 3
    """Convolutions. Read from the file."""
    weights: Annotated[str, Field(max_length=_MAX_TEXT)] | None = None
    """Weights and biases, packed. Read from the file."""

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: Any, info: ValidationInfo) -> Any:
        """Read the file where the weights are not there yet."""
        if not isinstance(given, Mapping) or given.get("weights") is not None:
            return given
        name, folder = given.get("file"), (info.context or {}).get("folder")
        if not isinstance(name, str) or not name:
            if given.get("sha256") is not None:
                raise ValueError("sha256 is that of a file; name it by the key file")
            return given
        if not isinstance(folder, Path):
            raise ValueError("file is read only with a profile that is a file itself, from its folder")
        if told := [key for key in ("features", "layers") if key in given]:
            raise ValueError(f"{', '.join(told)} come from the file; leave them out")
        weights, features, layers, digest = read_network(folder, name)
        if given.get("sha256", digest) != digest:
            raise ValueError(f"file {name!r} has the sha256 {digest}, not the one that is given")
        return {**given, "sha256": digest, "features": features, "layers": layers, "weights": _packed(weights)}

    @model_validator(mode="after")
    def _sound(self) -> Self:
        self.arrays()
        return self

    def arrays(self) -> Weights:
        """Weight and bias of each layer; where there are none yet, those to begin with.

        Raises:
            ValueError: they are not what camsim packed.
        """
        sizes = shapes(self.features, self.layers)
        if self.weights is None:
            return _beginning(self.features, self.layers)
        count = sum(math.prod(shape) for shape in sizes.values())
        expected = f"the {count} numbers of {self.layers} layers of {self.features} features"
        numbers = unpack_numbers(self.weights, count, "weights", expected)
        ends = np.cumsum([math.prod(shape) for shape in sizes.values()])[:-1]
        return [part.reshape(shape) for part, shape in zip(np.split(numbers, ends), sizes.values(), strict=True)]

    @property
    def reach(self) -> int:
        return self.layers

    def build(self, raw: RawFormat) -> Stage:
        return NeuralStage(self)


def _packed(weights: Weights) -> str:
    return pack_numbers(np.concatenate([part.reshape(-1) for part in weights]))


def _beginning(features: int, layers: int) -> Weights:
    """Random weights, always the same, that keep a feature's variance; zeros in the last layer, so that nothing is
    added. Source: K. He et al., "Delving deep into rectifiers", ICCV 2015."""
    random = np.random.default_rng(0)
    weights: Weights = []
    for name, shape in shapes(features, layers).items():
        last = name.startswith(f"layers.{layers - 1}.")
        deviation = 0.0 if last or len(shape) == 1 else math.sqrt(2 / math.prod(shape[1:]))
        weights.append((deviation * random.standard_normal(shape)).astype(np.float32))
    return weights


class NeuralStage(Stage):
    """See `neural`; knob ``strength``. Its layers' weights and biases are parameters too, and no knobs."""

    strength: Tensor

    def __init__(self, spec: Neural) -> None:
        super().__init__(spec)
        self.spec = spec
        arrays = spec.arrays()
        self.layers = nn.ModuleList()
        for weight, bias in zip(arrays[::2], arrays[1::2], strict=True):
            layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, dtype=torch.float64)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weight))
                layer.bias.copy_(torch.from_numpy(bias))  # type: ignore[union-attr]
            self.layers.append(layer)

    def forward(self, image: Tensor) -> Tensor:
        parameters = list(self.layers.parameters())
        return neural(image, parameters[::2], parameters[1::2], self.strength)

    def trained(self) -> Neural:
        """The spec with the weights as they are now, for a profile that holds them."""
        changes = {
            "strength": float(self.strength.detach()),
            "weights": _packed(self._arrays()),
            "file": None,
            "sha256": None,
        }
        return self.spec.replace(changes)

    def write(self, path: Path) -> None:
        """Write the weights as they are now, as safetensors, for a profile that names the file.

        Raises:
            CamsimError: another suffix than .safetensors, or a place that cannot be written.
        """
        write_network(self._arrays(), self.spec.features, self.spec.layers, path)

    def _arrays(self) -> Weights:
        return [parameter.detach().float().cpu().numpy() for parameter in self.layers.parameters()]
