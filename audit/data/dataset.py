"""What an audit looks at: scenes in linear light, each with an id and perhaps a class."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from audit.data.truth import Truth, TruthKind
from camsim.checks import MOST_LIGHT, limits, too_much
from camsim.errors import CamsimError, NoDataError

MIN_SIDE = 8
"""The smallest side of a scene, in pixels."""


@dataclass(frozen=True)
class Sample:
    """One scene; it is read when it is asked for."""

    id: str
    """Unique in its dataset: a posix path relative to the folder, or a built-in name."""
    target: str | None
    """Name of the class; None when unlabelled."""
    loader: Callable[[], Tensor] = field(repr=False, compare=False)
    """An audit calls it in a thread of its own, one sample after the other, while the model runs."""
    truth: Callable[[], Truth] | None = field(default=None, repr=False, compare=False)
    """Reads what is in it, in pixels of the file; None: nothing but ``target`` is known."""
    cluster: str | None = None
    """What it belongs to with others that resemble it (a video, a site, a patient); None: it stands by itself."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Further facts by which results are broken down, such as ``{"weather": "rain"}``."""

    def load(self) -> Tensor:
        """The scene: (3, H, W) float32, linear light, sRGB primaries, 1.0 = diffuse white.

        Raises:
            CamsimError: it cannot be read, or is no such scene; the message starts with the sample's id.
        """
        try:
            scene = self.loader()
        except CamsimError as error:
            raise CamsimError(f"{self.id}: {error}") from error
        if scene.ndim != 3 or scene.shape[0] != 3 or min(scene.shape[1:]) < MIN_SIDE:
            raise CamsimError(
                f"{self.id}: a scene has shape (3, H, W) with sides of at least {MIN_SIDE}, got {tuple(scene.shape)}"
            )
        if scene.dtype != torch.float32:
            raise CamsimError(f"{self.id}: a scene is float32, got {scene.dtype}")
        low, high = limits(scene)
        if not (math.isfinite(low) and math.isfinite(high)):
            raise CamsimError(f"{self.id}: holds NaN or infinite values")
        if max(-low, high) > MOST_LIGHT:
            raise CamsimError(f"{self.id}: its light reaches {too_much(low, high)}")
        return scene

    def load_truth(self, shape: tuple[int, int]) -> Truth | None:
        """What is in it, in pixels of a scene of ``shape`` (height, width), as `load` gives it; None: not known.

        Raises:
            CamsimError: it cannot be read; the message starts with the sample's id.
        """
        if self.truth is None:
            return None
        try:
            return self.truth().resized(shape)
        except CamsimError as error:
            raise CamsimError(f"{self.id}: {error}") from error


@dataclass(frozen=True)
class Dataset:
    """Samples in the order of their ids."""

    name: str
    samples: Sequence[Sample]
    """A tuple, or a sequence that makes each sample when it is asked for (`audit.data.table.SampleTable`)."""
    class_names: tuple[str, ...] | None
    """Sorted, or in the order that their file gives; also those that a limit left without samples. None when
    unlabelled."""
    sha256: str
    """Of the ids, targets and contents; see ``fingerprint``."""
    description: str
    """One sentence for the report."""
    truth: TruthKind | None = None
    """What the samples say is in them; None: ``class`` where there are class names, else nothing."""
    notes: tuple[str, ...] = ()
    """What was found wrong with the data and what was done about it, counted: one sentence each, for the report."""
    unprocess: Mapping[str, Any] | None = None
    """How pictures become scenes, for the manifest; None: the sRGB curve alone is undone."""

    def __post_init__(self) -> None:
        if not len(self.samples):
            raise NoDataError(f"{self.name}: holds no samples")
        repeated = _repeated_id(self.samples)
        if repeated is not None:
            raise CamsimError(f"{self.name}: the sample id {repeated!r} is not unique")


def take(samples: Sequence[Sample], places: Sequence[int]) -> Sequence[Sample]:
    """The samples at these places, in this order; of a sequence that makes its samples, again such a one."""
    if isinstance(samples, Takes):
        return samples.take(places)
    return tuple(samples[place] for place in places)


@runtime_checkable
class Takes(Protocol):
    """A sequence of samples that knows parts of itself without making the samples."""

    def take(self, places: Sequence[int]) -> Sequence[Sample]:
        """The samples at these places, in this order."""
        ...

    def repeated_id(self) -> str | None:
        """An id that occurs more than once."""
        ...


def _repeated_id(samples: Sequence[Sample]) -> str | None:
    if isinstance(samples, Takes):
        return samples.repeated_id()
    return next((name for name, count in Counter(sample.id for sample in samples).items() if count > 1), None)


def fingerprint(parts: Iterable[tuple[str, str | None, str]]) -> str:
    """SHA-256 (hex) over (id, target, SHA-256 of the content) of each sample, in the given order."""
    digest = hashlib.sha256()
    for part in parts:
        # repr separates and escapes, so that no two lists of parts read the same.
        digest.update(repr(part).encode("utf-8") + b"\n")
    return digest.hexdigest()


def subset(targets: Sequence[Hashable], limit: int | None) -> list[int]:
    """Indices of at most ``limit`` samples: evenly over the classes, evenly spaced within each; always the
    same.

    Each class gets the same number as far as it has samples; what is left over goes to evenly spaced classes.
    Within a class of n samples, k are taken at (i + 1/2) n / k. The indices are ascending. A smaller limit is
    not in general a subset of a larger one.

    Raises:
        CamsimError: ``limit`` is below 1.
    """
    if limit is None:
        return list(range(len(targets)))
    if limit < 1:
        raise CamsimError(f"--limit must be at least 1, got {limit}")
    members: dict[Hashable, list[int]] = {}
    for index, target in enumerate(targets):
        members.setdefault(target, []).append(index)
    chosen: list[int] = []
    for indices, quota in zip(members.values(), _quotas([len(m) for m in members.values()], limit), strict=True):
        chosen += [indices[place] for place in _spaced(len(indices), quota)]
    return sorted(chosen)


def check_max_side(max_side: int) -> None:
    """Raises CamsimError for a limit on the longer side that leaves no scene."""
    if max_side < MIN_SIDE:
        raise CamsimError(f"max_side must be at least {MIN_SIDE} px, got {max_side}")


def reduce(scene: Tensor, max_side: int) -> Tensor:
    """Shrink (3, H, W) so that its longer side is at most ``max_side``, in linear light, keeping the aspect.

    Each new pixel is a mean of the old ones under a triangle as wide as two new pixels (antialiased
    bilinear), so that light is kept and nothing aliases, rings or turns negative.
    """
    height, width = scene.shape[-2:]
    longer = max(height, width)
    if longer <= max_side:
        return scene
    size = (max(1, round(height * max_side / longer)), max(1, round(width * max_side / longer)))
    if min(size) < MIN_SIDE:
        raise CamsimError(f"{width}x{height} is too elongated to be reduced to {max_side} px")
    return interpolate(scene[None], size, mode="bilinear", align_corners=False, antialias=True)[0]


def _quotas(counts: Sequence[int], limit: int) -> list[int]:
    quotas = [0] * len(counts)
    left = min(limit, sum(counts))
    while left:
        unfilled = [index for index, count in enumerate(counts) if quotas[index] < count]
        share = left // len(unfilled)
        if share == 0:
            unfilled, share = [unfilled[place] for place in _spaced(len(unfilled), left)], 1
        for index in unfilled:
            taken = min(share, counts[index] - quotas[index])
            quotas[index] += taken
            left -= taken
    return quotas


def _spaced(count: int, wanted: int) -> list[int]:
    """``wanted`` <= ``count`` places out of range(count), evenly spaced."""
    return [(2 * place + 1) * count // (2 * wanted) for place in range(wanted)]
