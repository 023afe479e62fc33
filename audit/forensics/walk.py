"""A scene on its way through two devices: after each stage, their difference, and where the loss looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from audit.camera import open_camera
from audit.data import Sample
from audit.forensics.align import Slot
from audit.forensics.hybrid import SENSOR, Kit
from audit.forensics.local import store_in_8_bits
from audit.search.fidelity import on_grid
from audit.task import Task
from camsim import Profile
from camsim.cfa import RawFormat, per_site
from camsim.isp.gamma import gamma_srgb
from camsim.spec import Domain

GAINS = (8, 4, 2, 1)
"""How many times as large differences are shown, around middle grey: the largest that keeps nearly all in range."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Step:
    """What two devices have made of a scene after one stage. Pictures are (H, W, 3) uint8, as they would look."""

    name: str
    first: Picture | None
    """None: the first device has no such stage."""
    second: Picture | None
    difference: Picture
    """Second minus first, around middle grey."""
    rms: float
    """Root mean square of the difference as shown, in levels of 255."""
    gradient: NDArray[np.float32] | None
    """(H, W): of the loss with respect to the second device's picture here, summed over the channels; None: no stage,
    or no gradients."""


@dataclass(frozen=True)
class Walk:
    """One sample through both chains."""

    sample: str
    steps: tuple[Step, ...]
    gain: int
    """How many times as large the differences are shown, at all steps alike."""


@dataclass(frozen=True)
class _Passage:
    """One device's images by the index of the stage; -1: the mosaic."""

    shown: dict[int, NDArray[np.float64]]
    gradients: dict[int, NDArray[np.float32]]


def walk(task: Task, sample: Sample, kit: Kit, *, seed: int) -> Walk:
    """Follow a sample through the two devices of a kit, in the order of the first one's chain."""
    scene = sample.load()
    first = _pass(task, scene, sample.id, kit.first, seed, gradients=False)
    second = _pass(task, scene, sample.id, kit.second, seed, gradients=task.no_gradient is None)
    slots = (Slot(SENSOR, -1, -1), *kit.slots)
    a, b = first.shown[-1], second.shown[-1]
    reached = []
    for slot in slots:
        a = a if slot.first is None else first.shown[slot.first]
        b = b if slot.second is None else second.shown[slot.second]
        reached.append((a, b, _on_grid(b, a.shape[:2]) - a))
    largest = max(float(np.quantile(np.abs(change), 0.98)) for _, _, change in reached)
    gain = next((gain for gain in GAINS if gain * largest <= 0.5), 1)
    steps = tuple(
        Step(
            name=slot.name,
            first=None if slot.first is None else _picture(a),
            second=None if slot.second is None else _picture(b),
            difference=_picture(0.5 + gain * change),
            rms=float(255 * np.sqrt(np.mean(change**2))),
            gradient=None if slot.second is None else second.gradients.get(slot.second),
        )
        for slot, (a, b, change) in zip(slots, reached, strict=True)
    )
    return Walk(sample.id, steps, gain)


def _pass(task: Task, scene: Tensor, name: str, profile: Profile, seed: int, *, gradients: bool) -> _Passage:
    camera = open_camera(profile).emulator
    raw = camera.capture_uint16(scene[None], seed, [name]).float()
    images = [raw.requires_grad_(gradients)]
    with torch.set_grad_enabled(gradients):
        for stage in camera.isp.children():
            images.append(stage(images[-1]))
    found: Sequence[Tensor] = []
    if gradients:
        found = torch.autograd.grad(task.losses(store_in_8_bits(images[-1]), [name]).sum(), images)
    domains = _domains(profile)
    return _Passage(
        shown={
            place - 1: _shown(image.detach(), domain, profile.raw_format)
            for place, (image, domain) in enumerate(zip(images, domains, strict=True))
        },
        gradients={place - 1: gradient[0].sum(dim=0).numpy() for place, gradient in enumerate(found)},
    )


def _domains(profile: Profile) -> list[Domain]:
    """The domain of the mosaic, then after each stage."""
    domains: list[Domain] = ["dn"]
    for stage in profile.isp:
        domains.append(stage.gives or domains[-1])
    return domains


def _shown(image: Tensor, domain: Domain, raw: RawFormat) -> NDArray[np.float64]:
    """(1, C, H, W) of a domain as it would look: (H, W, 3) in [0, 1]. Linear values get the sRGB curve."""
    if domain == "dn":
        height, width = image.shape[-2:]
        black, white = (per_site(torch.tensor(levels), height, width) for levels in (raw.black, raw.white))
        image = (image - black) / (white - black)
    image = image.expand(-1, 3, -1, -1)
    if domain != "encoded":
        image = gamma_srgb(image.clamp(0, 1))
    shown: NDArray[np.float64] = image[0].clamp(0, 1).permute(1, 2, 0).double().numpy()
    return shown


def _on_grid(shown: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.float64]:
    """(H, W, 3) brought to the other device's height and width where a stage of one of them changes the size."""
    planes = torch.from_numpy(shown).permute(2, 0, 1)[None]
    return on_grid(planes, (size[0], size[1]))[0].permute(1, 2, 0).numpy()


def _picture(shown: NDArray[np.float64]) -> Picture:
    return np.round(255 * shown.clip(0, 1)).astype(np.uint8)
