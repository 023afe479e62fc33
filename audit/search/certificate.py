"""The certificate of a case: measured again on the true pipeline, on samples that no search has seen.

Every picture is the device's own: 16-bit ADC, 8-bit rounding, the real JPEG codec where one is asked for. Each sample
is taken with several noise seeds, and counts once. A figure here depends on the profile, the samples, the model and
the seeds alone, so that the profile's YAML gives it again to the last digit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.camera import Camera, open_camera
from audit.data import Sample
from audit.frame import Shape
from audit.jpeg import through_jpeg
from audit.manifest import profile_hash
from audit.repeated import repeated_drop, repeated_rate
from audit.stats import Interval
from audit.stats.drop import MeanDrop
from audit.task import Task, judge_shot
from audit.threads import ahead
from camsim import Profile
from camsim.atomic import write_text
from camsim.errors import CamsimError

REPEATS = 3
"""Noise seeds of a certificate."""
AT_A_TIME = 8
"""Pictures that are made before the model sees them; see `audit.shooting.SHOT_BYTES`."""
WORTH_A_WARNING = 0.01
"""Mean loss by which the cross-check must be ahead, at the least, before gradients count as masked."""

Measure = Literal["drop", "flips"]
"""The case's score below the reference's; or, without labels, predictions that differ from the reference's."""


@dataclass(frozen=True)
class Measured:
    """What a task says of a camera's pictures; N samples, each with R noise seeds."""

    losses: NDArray[np.float64]
    """(N, R)."""
    scores: NDArray[np.float64]
    """(N, R) in [0, 1]."""


@dataclass(frozen=True)
class Certificate:
    """Figures of one case on held-out samples."""

    measure: Measure
    samples: int
    seeds: tuple[int, ...]
    """Noise seeds that each sample was taken with."""
    jpeg: int | None
    """Quality at which the device's pictures went through JPEG; the reference's do not."""
    harm: Interval
    """The drop against the reference, or the rate of flips; a fraction."""
    harm_of_device: Interval
    """The same of the device as it is, before any search."""
    excess: Interval
    """How much lower the case's scores are than those of the device as it is; a fraction."""
    score: float
    """Mean score of the case in [0, 1]: accuracy, agreement or IoU."""
    score_of_device: float
    score_of_reference: float
    loss: float
    """Mean of what the search raised."""
    loss_of_device: float

    def to_json(self) -> dict[str, Any]:
        """JSON-able, as in results.json."""
        return asdict(self) | {"seeds": list(self.seeds)}


class Bench:
    """Measures cameras on held-out samples, each camera once."""

    def __init__(
        self,
        samples: Sequence[Sample],
        tasks: Mapping[int, Task],
        reference: Profile,
        *,
        measure: Measure,
        jpeg: int | None = None,
        store: Path | None = None,
        step: Callable[[int], None] = lambda pictures: None,
    ) -> None:
        """A bench for one run.

        Args:
            samples: held-out ones; all readable.
            tasks: by noise seed: what the model should say of the samples (without labels, it depends on the noise).
            reference: what drift is measured from.
            measure: ``drop``, or ``flips`` where the scores compare with the reference's predictions.
            jpeg: quality of the devices' JPEG; None: they hand out their pixels.
            store: file of what was measured, so that an interrupted run goes on where it stopped; None: memory alone.
            step: told of every picture judged.
        """
        self.samples, self.tasks, self.measure, self.jpeg = tuple(samples), dict(tasks), measure, jpeg
        self._reference, self._store, self._step = reference, store, step
        self._known = _read(store)

    @property
    def cells(self) -> int:
        """Pictures that one camera costs."""
        return len(self.samples) * len(self.tasks)

    def certify(self, case: Profile, device: Profile) -> Certificate:
        """The certificate of ``case``, a setting found around ``device``.

        Raises:
            CamsimError: the model fails.
        """
        reference = self.measured(self._reference, jpeg=None)
        before, after = self.measured(device, jpeg=self.jpeg), self.measured(case, jpeg=self.jpeg)
        return Certificate(
            measure=self.measure,
            samples=len(self.samples),
            seeds=tuple(self.tasks),
            jpeg=self.jpeg,
            harm=self._harm(reference, after),
            harm_of_device=self._harm(reference, before),
            excess=repeated_drop(before.scores, after.scores),
            score=float(after.scores.mean()),
            score_of_device=float(before.scores.mean()),
            score_of_reference=float(reference.scores.mean()),
            loss=float(after.losses.mean()),
            loss_of_device=float(before.losses.mean()),
        )

    def measured(self, profile: Profile, *, jpeg: int | None) -> Measured:
        """Loss and score of every sample with every noise seed; not measured again where they are known."""
        key = f"{profile_hash(profile)} {jpeg}"
        if key not in self._known:
            self._known[key] = self._measure(open_camera(profile), jpeg)
            if self._store is not None:
                _write(self._store, self._known)
        else:
            self._step(self.cells)
        return self._known[key]

    def _harm(self, reference: Measured, other: Measured) -> Interval:
        if self.measure == "flips":
            return repeated_rate(1 - other.scores)
        return repeated_drop(reference.scores, other.scores)

    def _measure(self, camera: Camera, jpeg: int | None) -> Measured:
        losses = np.empty((len(self.samples), len(self.tasks)))
        scores = np.empty_like(losses)
        start = 0
        with closing(ahead(self._shoot(camera, jpeg))) as groups:
            for shape, group in groups:
                rows = slice(start, start + len(group))
                ids = [sample.id for sample in self.samples[rows]]
                for column, task in enumerate(self.tasks.values()):
                    judged = judge_shot(task, [pictures[column] for pictures in group], ids, shape)
                    losses[rows, column], scores[rows, column] = judged.losses, judged.scores
                    self._step(len(ids))
                start = rows.stop
        return Measured(losses, scores)

    def _shoot(self, camera: Camera, jpeg: int | None) -> Iterator[tuple[Shape, list[list[NDArray[np.uint8]]]]]:
        """A few samples of one size at a time, in order: the size of their scenes, and of each a picture for every
        noise seed."""
        group: list[list[NDArray[np.uint8]]] = []
        shape: Shape = (0, 0)
        for sample in self.samples:
            scene = sample.load()
            if group and (len(group) == AT_A_TIME or shape != (scene.shape[1], scene.shape[2])):
                yield shape, group
                group = []
            shape = scene.shape[1], scene.shape[2]
            pictures = [camera.shoot(scene, seed, sample.id) for seed in self.tasks]
            group.append([through_jpeg(picture, jpeg) for picture in pictures] if jpeg else pictures)
        if group:
            yield shape, group


def ahead_of(cross_check: Measured, found: Measured) -> Interval:
    """By how much the cross-check's mean loss exceeds that of the case found, sample by sample."""
    return MeanDrop((cross_check.losses - found.losses).mean(axis=1)).interval(0.95)


def masks_gradients(lead: Interval) -> bool:
    """Whether a search without gradients is ahead (see `ahead_of`) by more than the noise of the measurement.

    Gradients that lead nowhere, since they vanish or point astray, make a model look sturdier than it is: Athalye,
    Carlini and Wagner, ICML 2018.
    """
    return lead.low > 0 and lead.value > WORTH_A_WARNING


def _read(path: Path | None) -> dict[str, Measured]:
    if path is None or not path.exists():
        return {}
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {key: Measured(np.array(entry["losses"]), np.array(entry["scores"])) for key, entry in stored.items()}
    except (ValueError, TypeError, KeyError):
        raise CamsimError(f"{path}: is damaged; delete it to measure anew") from None


def _write(path: Path, known: Mapping[str, Measured]) -> None:
    entries = {key: {"losses": one.losses.tolist(), "scores": one.scores.tolist()} for key, one in known.items()}
    write_text(path, json.dumps(entries))
