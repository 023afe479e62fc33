"""Several readings of the same light made into one code."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def merge_readings(
    readings: Sequence[Tensor], signals: Sequence[Tensor], trusted: Tensor, blend: Tensor | None
) -> Tensor:
    """At each pixel the most sensitive reading that has not come near its end.

    Reading k counts in full up to ``trusted - blend`` DN and not at all from ``trusted`` on; in between its share falls
    in a straight line, and the rest is left to the readings after it. The last one counts wherever no other does.

    Args:
        readings: each (B, 1, H, W) DN, from the most to the least sensitive.
        signals: each (B, 1, H, W), the same readings on one scale.
        trusted: () or (H, W) DN.
        blend: the same, above 0; None: a hard switch.

    Returns:
        (B, 1, H, W) on the scale of the signals. Where readings are blended, gradients go through the shares as well;
        a hard switch has no gradient of its own.
    """
    merged = signals[-1]
    for reading, signal in zip(reversed(readings[:-1]), reversed(signals[:-1]), strict=True):
        if blend is None:
            merged = torch.where(reading < trusted, signal, merged)
        else:
            share = ((trusted - reading) / blend).clamp(0, 1)
            merged = share * signal + (1 - share) * merged
    return merged
