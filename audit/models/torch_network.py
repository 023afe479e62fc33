"""PyTorch modules, and other functions of tensors, as networks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audit.decoders.decoder import Decoder
from audit.frame import Frame
from audit.models.fit import frame_of
from audit.models.metadata import NOTHING, Stated, read_metadata, with_stated
from audit.models.named import named_outputs, to_array
from audit.models.preprocess import DType, ImageInput, preprocess
from audit.models.resolve import resolve
from audit.models.session import first_line
from audit.models.sidecar import Declaration, declaration_of
from camsim.errors import CamsimError

DTYPES: dict[torch.dtype, DType] = {
    torch.float16: "float16",
    torch.float32: "float32",
    torch.float64: "float64",
}
_TRIED = 224
"""Height and width of what a module of any size is tried on."""


@dataclass(frozen=True)
class Origin:
    """Where a module comes from."""

    format: str = "PyTorch module"
    sha256: str | None = None
    """Of what it was made from and never changes; None: the module's make and present weights are hashed."""
    sidecar: str | None = None
    code: str | None = None
    """SHA-256 of the code that made it, where that lies in a file."""
    wanted: ImageInput | None = None
    """Its input, where its format states it; None: any size, in the type of its weights."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """What its file says about itself; see metadata.py."""
    known: Stated = NOTHING
    """What is known of its preprocessing from elsewhere, such as files beside it."""


class TorchNetwork:
    """A network in this process: see `audit.models.network.Network`.

    It is run one image at a time, so that the result for an image does not depend on those beside it, and an
    ``nn.Module`` must be in evaluation mode whenever it is run. It may be trained in between: ``sha256`` is always that
    of its present weights.
    """

    def __init__(
        self,
        module: Callable[[Tensor], object],
        name: str,
        declared: Declaration | Mapping[str, object] | None = None,
        origin: Origin | None = None,
    ) -> None:
        """
        Args:
            module: takes (B, C, H, W), or (B, H, W, C) with ``layout: NHWC``, in the type of its weights, and gives a
                tensor, a tuple or list, or a dict of them, each with B first, or a list of one dict an image.
            name: what reports call it.
            declared: its preprocessing, with the keys of a sidecar (``input_size``, ``color``, ``mean`` ...); what is
                not there is assumed and reported, as for a file.
            origin: where it comes from; None: it was made in code.

        Raises:
            ProfileError: what is wrong in ``declared``.
            CamsimError: a module in training mode, or of mixed or other types, or one that fails on a grey image.
        """
        self.name = name
        self.module = module
        self.origin = origin or Origin()
        self.metadata = {key: str(value) for key, value in self.origin.metadata.items()}
        given = declared if isinstance(declared, Declaration) else declaration_of(declared or {}, name)
        try:
            self.wanted = self.origin.wanted or _wanted(module, given)
            stated = read_metadata(self.origin.metadata, self.wanted, {})
            stated = stated if stated.keys or stated.unread else self.origin.known
            self.declared, self.from_model = with_stated(given, stated)
            if self.declared.size_input is not None:
                raise CamsimError("size_input: a module is called with the image alone; wrap it")
            self.prepared, assumed = resolve(self.declared, self.wanted)
        except CamsimError as error:
            lines = "\n".join(f"{name}: {line}" for line in str(error).splitlines())
            raise type(error)(lines) from None
        self.assumed = (*assumed, *(f"not {text}" for text in stated.unread))
        self.batch = self.wanted.batch or 1
        self.classes = self.declared.classes
        self.decoder: Decoder | None = self.declared.decoder
        self.task = self.declared.task or (None if self.decoder is None else self.decoder.task)

    @property
    def sha256(self) -> str:
        """Of the weights and buffers, the module's make and its preprocessing."""
        return self.digest({"preprocessing": self.prepared.stated()})

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """Those for a grey image."""
        size = self.prepared.size or (_TRIED, _TRIED)
        outputs, _ = self.feed(preprocess(np.full((*size, 3), 128, dtype=np.uint8), self.prepared))
        return tuple(outputs)

    def run(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Mapping[str, NDArray[Any]]]:
        """All outputs of each picture (H, W, 3), RGB, 0..255; see Network."""
        if not pictures:
            raise CamsimError("no images were given to the model")
        return [self._first(*self.feed(preprocess(picture, self.prepared))) for picture in pictures]

    def feed(self, array: NDArray[np.generic]) -> tuple[dict[str, Tensor], bool]:
        """What the module gives for a prepared image, by name, and whether it begins with the batch axis.

        Raises:
            CamsimError: it is in training mode, fails, or gives something else than tensors.
        """
        self.check_evaluation()
        fed = torch.from_numpy(array)[None]
        if self.batch > 1:
            fed = fed.expand(self.batch, *array.shape).contiguous()
        with torch.no_grad():
            return self.call(self.module, fed)

    def call(self, module: Callable[[Tensor], object], fed: Tensor) -> tuple[dict[str, Tensor], bool]:
        """As `feed`, for this module in another precision, with gradients.

        Raises:
            CamsimError: it fails, or gives something else than tensors.
        """
        try:
            given = module(fed)
        except CamsimError:
            raise
        except Exception as error:  # a module may raise anything
            raise CamsimError(
                f"{self.name}: the module fails on an input of {tuple(fed.shape)}, {str(fed.dtype)[6:]}: "
                f"{first_line(error)}"
            ) from None
        try:
            return named_outputs(given)
        except CamsimError as error:
            raise CamsimError(f"{self.name}: the module {error}") from None

    def frame(self, shape: tuple[int, int]) -> Frame:
        """How a picture of ``shape`` (height, width) is laid into the model's input."""
        return frame_of(shape, self.prepared)

    def check_evaluation(self) -> None:
        """Raises CamsimError where a part of the module is in training mode: dropout and batch statistics would act."""
        if not isinstance(self.module, nn.Module):
            return
        training = [name or "the module itself" for name, part in self.module.named_modules() if part.training]
        if training:
            raise CamsimError(
                f"{self.name}: is in training mode ({training[0]}); call module.eval() before it is audited"
            )

    def describe(self) -> dict[str, object]:
        """JSON-able; see Network."""
        return self.facts() | {"outputs": list(self.output_names), "assumed": list(self.assumed)}

    def facts(self) -> dict[str, object]:
        """What `describe` says of all but the outputs."""
        return {
            "format": self.origin.format,
            "input": self.wanted.stated(),
            "run": "one image at a time" + (f", {self.batch} copies of it" if self.batch > 1 else ""),
            "preprocessing": self.prepared.stated(),
            "sidecar": self.origin.sidecar,
        } | ({"from_model": list(self.from_model)} if self.from_model else {})

    def digest(self, settings: Mapping[str, object]) -> str:
        """SHA-256 of the module and these settings together."""
        stated = json.dumps(dict(settings), sort_keys=True)
        if self.origin.sha256 is not None:
            return hashlib.sha256(f"{self.origin.sha256}\n{stated}".encode()).hexdigest()
        assert isinstance(self.module, nn.Module)  # others have an origin
        code = "" if self.origin.code is None else f"{self.origin.code}\n"
        digest = hashlib.sha256(f"{code}{type(self.module).__qualname__}\n{self.module}\n".encode())
        digest.update(stated.encode())
        for name, tensor in sorted(self.module.state_dict().items()):
            values = tensor.detach().cpu().contiguous()
            digest.update(f"\n{name} {values.dtype} {tuple(values.shape)}\n".encode())
            digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def _first(self, outputs: Mapping[str, Tensor], batched: bool) -> dict[str, NDArray[Any]]:
        """Without the batch axis, where there is one."""
        if not batched:
            return {name: to_array(tensor) for name, tensor in outputs.items()}
        for name, tensor in outputs.items():
            if tensor.ndim == 0 or tensor.shape[0] != self.batch:
                raise CamsimError(
                    f"{self.name}: the module gives {name!r} of {tuple(tensor.shape)} for one image; it must begin "
                    f"with the batch axis of {self.batch}, or lie in a list with one dict for each image: wrap it"
                )
        return {name: to_array(tensor[0]) for name, tensor in outputs.items()}


def _wanted(module: Callable[[Tensor], object], declared: Declaration) -> ImageInput:
    channels = None if declared.color is None else 1 if declared.color == "GRAY" else 3
    dtype = _dtype(module) if isinstance(module, nn.Module) else "float32"
    return ImageInput("image", dtype, declared.layout or "NCHW", None, channels, None, None)


def _dtype(module: nn.Module) -> DType:
    found = {value.dtype for value in (*module.parameters(), *module.buffers()) if value.is_floating_point()}
    if len(found - set(DTYPES)) or len(found) > 1:
        listed = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in found))
        raise CamsimError(
            f"its weights are of {listed}; camsim feeds modules of one type, {', '.join(DTYPES.values())}: "
            f"wrap the module, or convert it"
        )
    return DTYPES[found.pop()] if found else "float32"
