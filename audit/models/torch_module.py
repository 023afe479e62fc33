"""PyTorch modules as classifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from audit.models.graph import ClassOutput
from audit.models.named import to_array
from audit.models.output import ClassScores
from audit.models.preprocess import preprocess
from audit.models.torch_network import TorchNetwork
from camsim.errors import CamsimError, did_you_mean

_SCORES = "scores"
"""What the only output of a module is called."""


class TorchModel:
    """A classifier that is an ``nn.Module`` in this process; see `TorchNetwork` for how it is run."""

    def __init__(
        self, module: nn.Module | TorchNetwork, name: str = "", declared: Mapping[str, object] | None = None
    ) -> None:
        """
        Args:
            module: takes (B, C, H, W), or (B, H, W, C) with ``layout: NHWC``, in the type of its weights, and gives
                scores (B, classes); or a network that is open already, with its name and what is declared.
            name: what reports call it.
            declared: its preprocessing and output, with the keys of a sidecar (``input_size``, ``color``, ``mean``,
                ``output_kind``, ``classes`` ...); what is not there is assumed and reported, as for a file.

        Raises:
            ProfileError: what is wrong in ``declared``.
            CamsimError: a module in training mode, of mixed or other types, or whose output is not one score a class.
        """
        self.network = module if isinstance(module, TorchNetwork) else TorchNetwork(module, name, declared)
        self.name = self.network.name
        self.module = self.network.module
        self.wanted = self.network.wanted
        self.prepared = self.network.prepared
        self.classes = self.network.classes
        self._wanted_output = self.network.declared.output
        output = ClassOutput(self._wanted_output or _SCORES, self.wanted.dtype, None, None, False, 0.0)
        self.scores = ClassScores(output, self.network.declared.output_kind, self.classes, self.name)
        size = self.prepared.size or (224, 224)
        self.log_probabilities([np.full((*size, 3), 128, dtype=np.uint8)])

    @property
    def sha256(self) -> str:
        """Of the weights and buffers, the module's make, its preprocessing, output and class names."""
        return self.network.digest({**self._settings(), "classes": self.classes})

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Natural-log class probabilities (N, C) of N images (H, W, 3), RGB, 0..255; see Model."""
        if not images:
            raise CamsimError("no images were given to the model")
        rows = []
        for image in images:
            outputs, _ = self.network.feed(preprocess(image, self.prepared))
            scores = to_array(self.chosen(outputs)).astype(np.float64)
            rows.append(self.scores.rows(scores, self.network.batch)[:1])
        return self.scores.log_probabilities(np.concatenate(rows))

    def forward(self, module: Callable[[Tensor], object], fed: Tensor) -> Tensor:
        """Scores of a prepared batch, with gradients, from this module in any precision.

        Raises:
            CamsimError: it is in training mode or fails.
        """
        self.check_evaluation()
        outputs, _ = self.network.call(module, fed)
        return self.chosen(outputs)

    def chosen(self, outputs: Mapping[str, Tensor]) -> Tensor:
        """The output with the scores, of all those that the module gives.

        Raises:
            CamsimError: there is none of that name, there are several and none was named, or it holds no numbers.
        """
        name = self._wanted_output or (next(iter(outputs)) if len(outputs) == 1 else None)
        listed = ", ".join(repr(known) for known in list(outputs)[:8])
        if name is None:
            raise CamsimError(
                f"{self.name}: the module gives {len(outputs)} outputs: {listed}; name the one with the class scores, "
                f"as in 'output: NAME'"
            )
        if name not in outputs:
            hint = did_you_mean(name, outputs) or f"; it gives {listed}"
            raise CamsimError(f"{self.name}: the module has no output {name!r}{hint}")
        scores = outputs[name]
        if not scores.is_floating_point():
            raise CamsimError(
                f"{self.name}: the module gives {scores.dtype} numbers; camsim needs a tensor of scores (B, classes): "
                f"wrap the module"
            )
        return scores

    def check_evaluation(self) -> None:
        """Raises CamsimError where a part of the module is in training mode: dropout and batch statistics would act."""
        self.network.check_evaluation()

    def describe(self) -> dict[str, object]:
        """JSON-able: input, output, preprocessing, and ``assumed``: what nobody declared."""
        return {
            **self.network.facts(),
            **self._settings(),
            "assumed": [*self.network.assumed, *self.scores.assumed],
            "class_count": self.scores.count,
        }

    def _settings(self) -> dict[str, object]:
        output = {"name": self.scores.output.name, "kind": self.scores.kind}
        return {"preprocessing": self.network.facts()["preprocessing"], "output": output}
