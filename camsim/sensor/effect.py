"""What the modules of the sensor's effects share."""

from __future__ import annotations

import torch
from torch import nn

from camsim.spec import Spec


class Effect(nn.Module):
    """Applies one spec; its parameters are the spec's knobs, in float64 until the emulator casts them.

    A knob that is not set is a parameter that is None.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__()
        knobs = spec.knobs()
        for name in spec.quantities():
            known = torch.as_tensor(knobs[name], dtype=torch.float64).clone() if name in knobs else None
            self.register_parameter(name, None if known is None else nn.Parameter(known))
