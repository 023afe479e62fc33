"""PyTorch modules in code as models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from audit.models.graph import ClassOutput
from audit.models.output import ClassScores
from audit.models.preprocess import DType, ImageInput, preprocess
from audit.models.resolve import resolve
from audit.models.session import first_line
from audit.models.sidecar import declaration_of
from camsim.errors import CamsimError

_DTYPES: dict[torch.dtype, DType] = {
    torch.float16: "float16",
    torch.float32: "float32",
    torch.float64: "float64",
}


class TorchModel:
    """A classifier that is an ``nn.Module`` in this process.

    It is run one image at a time, so that the result for an image does not depend on those beside it, and it must be in
    evaluation mode whenever it is run. It may be trained in between: ``sha256`` is always that of its present weights.
    """

    def __init__(self, module: nn.Module, name: str, declared: Mapping[str, object] | None = None) -> None:
        """
        Args:
            module: takes (B, C, H, W), or (B, H, W, C) with ``layout: NHWC``, in the type of its weights, and gives
                scores (B, classes).
            name: what reports call it.
            declared: its preprocessing and output, with the keys of a sidecar (``input_size``, ``color``, ``mean``,
                ``output_kind``, ``classes`` ...); what is not there is assumed and reported, as for a file.

        Raises:
            ProfileError: what is wrong in ``declared``.
            CamsimError: a module in training mode, of mixed or other types, or whose output is not one score a class.
        """
        self.name = name
        self.module = module
        declaration = declaration_of(declared or {}, name)
        try:
            if declaration.output is not None:
                raise CamsimError("output: a module has one output; remove it")
            channels = None if declaration.color is None else 1 if declaration.color == "GRAY" else 3
            dtype = _dtype(module)
            self.wanted = ImageInput("image", dtype, declaration.layout or "NCHW", None, channels, None, None)
            self.prepared, assumed = resolve(declaration, self.wanted)
        except CamsimError as error:
            lines = "\n".join(f"{name}: {line}" for line in str(error).splitlines())
            raise type(error)(lines) from None
        self.classes = declaration.classes
        output = ClassOutput("scores", dtype, None, None, False, 0.0)
        self.scores = ClassScores(output, declaration.output_kind, declaration.classes, name)
        self._assumed = (*assumed, *self.scores.assumed)
        size = self.prepared.size or (224, 224)
        self.log_probabilities([np.full((*size, 3), 128, dtype=np.uint8)])

    @property
    def sha256(self) -> str:
        """Of the weights and buffers, the module's make, its preprocessing, output and class names."""
        digest = hashlib.sha256(f"{type(self.module).__qualname__}\n{self.module}\n".encode())
        digest.update(json.dumps({**self._settings(), "classes": self.classes}, sort_keys=True).encode())
        for name, tensor in sorted(self.module.state_dict().items()):
            values = tensor.detach().cpu().contiguous()
            digest.update(f"\n{name} {values.dtype} {tuple(values.shape)}\n".encode())
            digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Natural-log class probabilities (N, C) of N images (H, W, 3), RGB, 0..255; see Model."""
        if not images:
            raise CamsimError("no images were given to the model")
        self.check_evaluation()
        rows = []
        with torch.no_grad():
            for image in images:
                fed = torch.from_numpy(preprocess(image, self.prepared))[None]
                try:
                    scores = self.module(fed)
                except CamsimError:
                    raise
                except Exception as error:  # a module may raise anything
                    raise CamsimError(
                        f"{self.name}: the module fails on an input of {tuple(fed.shape)}: {first_line(error)}"
                    ) from None
                rows.append(self._row(scores))
        return self.scores.log_probabilities(np.concatenate(rows))

    def check_evaluation(self) -> None:
        """Raises CamsimError where a part of the module is in training mode: dropout and batch statistics would act."""
        training = [name or "the module itself" for name, part in self.module.named_modules() if part.training]
        if training:
            raise CamsimError(
                f"{self.name}: is in training mode ({training[0]}); call module.eval() before it is audited"
            )

    def describe(self) -> dict[str, object]:
        """JSON-able: input, output, preprocessing, and ``assumed``: what nobody declared."""
        return {
            "format": "PyTorch module",
            "input": asdict(self.wanted),
            "run": "one image at a time",
            **self._settings(),
            "sidecar": None,
            "assumed": list(self._assumed),
            "class_count": self.scores.count,
        }

    def _settings(self) -> dict[str, object]:
        output = {"name": self.scores.output.name, "kind": self.scores.kind}
        return {"preprocessing": asdict(self.prepared), "output": output}

    def _row(self, scores: object) -> NDArray[np.float64]:
        if not isinstance(scores, Tensor) or not scores.is_floating_point():
            found = f"{scores.dtype} numbers" if isinstance(scores, Tensor) else type(scores).__name__
            raise CamsimError(
                f"{self.name}: the module gives {found}; camsim needs a tensor of scores (B, classes): wrap the module"
            )
        return self.scores.rows(scores.detach().cpu().double().numpy(), 1)


def _dtype(module: nn.Module) -> DType:
    found = {value.dtype for value in (*module.parameters(), *module.buffers()) if value.is_floating_point()}
    if len(found - set(_DTYPES)) or len(found) > 1:
        listed = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in found))
        raise CamsimError(
            f"its weights are of {listed}; camsim feeds modules of one type, {', '.join(_DTYPES.values())}: "
            f"wrap the module, or convert it"
        )
    return _DTYPES[found.pop()] if found else "float32"
