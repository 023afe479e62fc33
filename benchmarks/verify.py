"""Whether a subject computes the picture that it is timed for."""

from __future__ import annotations

import torch
from torch import Tensor

import camsim
from benchmarks.chain import PROFILE, frames
from benchmarks.subjects.subject import Subject


def reference(raw: Tensor) -> Tensor:
    """The chain by camsim's plain path in float64: (B, 3, H, W)."""
    with torch.inference_mode():
        return camsim.compile(PROFILE, dtype=torch.float64, fused=False).develop(raw)


def difference(subject: Subject, raw: Tensor) -> float:
    """Largest difference to `reference` in display values, inside the subject's margin."""
    result = subject.picture(subject.prepare(raw)())
    expected = reference(raw)
    if result.shape != expected.shape:
        raise ValueError(f"{subject.name}: gives {tuple(result.shape)}, not {tuple(expected.shape)}")
    # Some end their dark tones above 0; there the lighter of the two is what they would show.
    gap = (result.double() - expected.clamp_min(subject.darkest)).abs()
    edge = subject.margin
    return gap[..., edge : gap.shape[-2] - edge, edge : gap.shape[-1] - edge].max().item()


def verify(subject: Subject) -> None:
    """Hold a subject against the reference on two small frames.

    Raises:
        ValueError: it computes another picture.
    """
    if subject.tolerance is None:
        return
    found = difference(subject, frames(2, 66, 72))
    if not found <= subject.tolerance:
        raise ValueError(f"{subject.name}: differs from camsim's picture by {found:g}, more than {subject.tolerance:g}")
