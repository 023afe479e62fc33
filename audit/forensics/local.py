"""How the loss changes with each knob around a device: gradients through the whole camera and the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import open_camera
from audit.data import Sample
from audit.forensics.attribution import percentile, resample
from audit.forensics.knobs import KnobCube
from audit.progress import Progress
from audit.stats import Interval
from audit.task import Task
from camsim.display import eight_bit


@dataclass(frozen=True)
class LocalSensitivity:
    """First-order effect of the knobs on the mean loss."""

    knobs: tuple[str, ...]
    effects: tuple[Interval, ...]
    """Change of the loss, to first order, when the numbers of a knob go to whichever end of their plausible ranges
    raises it: the sum over them of |gradient| · half the range."""
    samples: int


def store_in_8_bits(encoded: Tensor) -> Tensor:
    """(B, 3, H, W) display-encoded -> the values of its 8-bit picture / 255.

    The gradient goes straight through the rounding; it is 0 outside [0, 1].
    """
    limited = encoded.clamp(0, 1)
    return limited + (eight_bit(limited) / 255 - limited).detach()


def local_sensitivity(
    task: Task, samples: Sequence[Sample], cube: KnobCube, *, seed: int, show: Progress
) -> LocalSensitivity:
    """Gradient of the loss with respect to every knob of a device, in units of its plausible range.

    Args:
        task: with gradients.
        samples: scenes, all readable.
        cube: the device and the ranges.
        seed: of the noise and the bootstrap.
        show: told of every sample.
    """
    camera = open_camera(cube.profile).emulator
    parameters = dict(camera.named_parameters())
    chosen = [parameters[name] for name in cube.names]
    halves = [cube.half_ranges(name).ravel() for name in cube.names]
    show.start("Knobs (gradient)", len(samples))
    rows = []
    for sample in samples:
        image = store_in_8_bits(camera(sample.load()[None], seed, [sample.id]))
        loss = task.losses(image, [sample.id]).sum()
        found = torch.autograd.grad(loss, chosen, allow_unused=True)
        rows.append(np.concatenate([_scaled(g, half) for g, half in zip(found, halves, strict=True)]))
        show.advance(1)
    scaled = np.array(rows)
    weights = resample(len(samples), seed)
    stops = np.cumsum([0, *(half.size for half in halves)])
    mean, drawn = np.abs(scaled.mean(axis=0)), np.abs(weights @ scaled)
    return LocalSensitivity(
        knobs=cube.names,
        effects=tuple(percentile(mean[a:b].sum(), drawn[:, a:b].sum(axis=1)) for a, b in pairwise(stops)),
        samples=len(samples),
    )


def _scaled(gradient: Tensor | None, half: NDArray[np.float64]) -> NDArray[np.float64]:
    """A knob's gradient, (n,), in units of half its range; a knob that the picture does not depend on has none."""
    return np.zeros_like(half) if gradient is None else gradient.double().numpy().ravel() * half
