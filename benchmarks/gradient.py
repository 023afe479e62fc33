"""Forward and backward through a subject: what is timed, and whether the gradients are camsim's."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

import camsim
from benchmarks.chain import PROFILE, frames
from benchmarks.subjects.camsim_knobs import trainable_of
from benchmarks.subjects.subject import Subject, Trainable

EDGE = 4
"""Output pixels at the border that the compared loss leaves out, since subjects differ in their borders."""
TOLERANCE = 1e-4
"""Largest difference of a gradient, relative to the largest entry of the same gradient."""


def backward(subject: Trainable, raw: Tensor, weights: Tensor, *, to_input: bool) -> Callable[[], dict[str, Tensor]]:
    """Make a call that gives the gradients of sum(weights · picture) by the knobs, and by the mosaic as ``raw``."""
    leaf = raw.detach().clone().requires_grad_(to_input)
    names = [*subject.knobs, *(["raw"] if to_input else [])]
    inputs = [*subject.knobs.values(), *([leaf] if to_input else [])]

    def run() -> dict[str, Tensor]:
        picture = subject.develop(leaf)
        return dict(zip(names, torch.autograd.grad(picture, inputs, weights), strict=True))

    return run


def difference(subject: Subject) -> float:
    """Largest relative difference of the gradients by mosaic, gains and matrix to camsim's plain float64."""
    if subject.trainable is None:
        raise ValueError(f"{subject.name} has no gradients")
    raw = frames(2, 34, 40)
    weights = torch.randn(2, 3, 34, 40, generator=torch.Generator().manual_seed(1))
    inside = torch.zeros_like(weights)
    inside[..., EDGE:-EDGE, EDGE:-EDGE] = weights[..., EDGE:-EDGE, EDGE:-EDGE]
    exact = trainable_of(camsim.compile(PROFILE, dtype=torch.float64, fused=False))
    expected = backward(exact, raw.double(), inside.double(), to_input=True)()
    found = backward(subject.trainable(torch.float32), raw, inside, to_input=True)()
    gaps = [
        (found[name].double() - expected[name]).abs().max() / expected[name].abs().max()
        for name in ("raw", "gains", "matrix")
    ]
    return float(torch.stack(gaps).max())


def verify(subject: Subject) -> None:
    """Hold a subject's gradients against camsim's.

    Raises:
        ValueError: they differ.
    """
    found = difference(subject)
    if not found <= TOLERANCE:
        raise ValueError(f"{subject.name}: its gradients differ from camsim's by {found:g}, more than {TOLERANCE:g}")
