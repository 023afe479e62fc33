"""Scenes and a model whose drops are known: what a stage costs is planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import log_softmax

import camsim
from audit.camera import open_camera
from audit.data import Dataset, Sample
from camsim import Profile

SCENES = 100


def altered(stages: dict[str, dict[str, object]], *, name: str, base: str = "reference/srgb") -> Profile:
    """A device with some stages of another replaced or, where it has none of the kind, put in before its clip."""
    profile = camsim.load(base)
    isp = [stages.pop(stage.tags()[0], stage.model_dump()) for stage in profile.isp]
    place = next(index for index, stage in enumerate(isp) if stage["kind"] == "clip")
    isp[place:place] = [dict(stage) for stage in stages.values()]
    return Profile.model_validate(profile.model_dump() | {"name": name, "isp": isp})


REDDISH = {"white_balance": {"kind": "white_balance", "gains": [0.8, 1.0, 1.0]}}
SHARP = {
    "sharpen": {"kind": "sharpen", "method": "unsharp_mask", "radius": 1.0, "amount": 0.8, "channels": "rgb"},
}


def scenes(count: int = SCENES, *, labelled: bool = True) -> Dataset:
    """One texture in red and green for all, and in blue the number of the scene, from dark to bright."""
    texture = 0.3 + 0.1 * torch.rand(24, 24, generator=torch.Generator().manual_seed(1))

    def scene(number: int) -> torch.Tensor:
        return torch.stack([texture, texture, torch.full_like(texture, (number + 0.5) / count)])

    samples = tuple(
        Sample(f"{number:03d}", "right" if labelled else None, lambda n=number: scene(n)) for number in range(count)
    )
    names = ("right", "wrong") if labelled else None
    return Dataset("planted", samples, names, "2" * 64, "Made for a test.")


def linear(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The inverse of the sRGB curve."""
    x = picture / 255.0
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def redness(picture: NDArray[np.uint8]) -> float:
    """Mean red over mean green: the white balance alone changes it."""
    light = linear(picture)
    return float(light[..., 0].mean() / light[..., 1].mean())


def detail(picture: NDArray[np.uint8]) -> float:
    """How much green varies from pixel to pixel: sharpening changes it, the gain of red does not."""
    return float(np.abs(np.diff(linear(picture)[..., 1], axis=0)).mean())


@dataclass
class Planted:
    """Says "right" where the blue of a scene exceeds what the two statistics cost: additive, and known."""

    cost_of_redness: float
    cost_of_detail: float
    name = "planted"
    sha256 = "3" * 64
    classes: tuple[str, ...] | None = ("right", "wrong")

    def __post_init__(self) -> None:
        """Measure what the stages do to the statistics, so that they cost what was asked for."""
        sample = scenes().samples[50]
        plain, red, sharp = (
            open_camera(profile).shoot(sample.load(), 0, sample.id)
            for profile in (
                camsim.load("reference/srgb"),
                altered(dict(REDDISH), name="red"),
                altered(dict(SHARP), name="sharp"),
            )
        )
        self.base = redness(plain), detail(plain)
        self.change = redness(red) - self.base[0], detail(sharp) - self.base[1]

    def log_probabilities(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        rows = []
        for image in images:
            cost = self.cost_of_redness * (redness(image) - self.base[0]) / self.change[0]
            cost += self.cost_of_detail * (detail(image) - self.base[1]) / self.change[1]
            blue = float(linear(image)[..., 2].mean())
            rows.append((40 * (blue - cost), 0.0))
        result: NDArray[np.float64] = log_softmax(np.array(rows), axis=1)
        return result

    def describe(self) -> dict[str, object]:
        return {"assumed": []}
