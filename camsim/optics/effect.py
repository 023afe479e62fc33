"""What the modules of optical effects share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from camsim.spec import Spec


class Effect(nn.Module):
    """Applies one spec; its parameters are the spec's knobs that are set, in float64 until the emulator casts them."""

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        for name, value in spec.knobs().items():
            self.register_parameter(name, nn.Parameter(torch.as_tensor(value, dtype=torch.float64).clone()))

    def knob(self, name: str) -> Tensor | None:
        """The value of a knob in float64, in which optics is computed; None: it is not set."""
        value: Tensor | None = getattr(self, name, None)
        return None if value is None else value.double()

    def set_knob(self, name: str) -> Tensor:
        """The value of a knob that the spec requires, in float64."""
        value: Tensor = getattr(self, name)
        return value.double()
