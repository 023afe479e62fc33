"""Tune the processing of a camera for a frozen model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from audit.camera import open_camera
from audit.data import Sample
from audit.optimize.box import Box, Limits
from audit.optimize.descent import descend
from audit.optimize.direct import search
from audit.optimize.exposure import at_exposure
from audit.optimize.fit import Plan
from audit.optimize.judge import REPEATS, Gain, repeated_scores
from audit.optimize.outcome import Outcome
from audit.optimize.parts import Parts, three_parts
from audit.progress import Progress, Silent
from audit.search.groups import ALL
from audit.task import Task
from audit.threads import one_torch_thread
from camsim import Profile


@dataclass(frozen=True)
class Tuning:
    """How a camera was tuned, and what came of it on samples that nothing was chosen by."""

    base: Profile
    frozen: Profile
    """The base at the exposure."""
    box: Box
    parts: Parts
    plan: Plan
    outcome: Outcome
    gain: Gain

    @property
    def learned(self) -> Profile:
        """The camera as it did best on the validation part."""
        return self.outcome.learned


def tune_camera(
    task: Task,
    samples: Sequence[Sample],
    profile: Profile,
    *,
    group: str = ALL,
    exposure: float = 1.0,
    limits: Limits = "plausible",
    plan: Plan | None = None,
    seed: int = 0,
    state: Path | None = None,
    key: str = "",
    progress: Progress | None = None,
) -> Tuning:
    """Lower a task's mean loss by the knobs of a camera's processing.

    With gradients by descent along that of the true pipeline, its rounding passed straight through; without, by pattern
    search. What is kept is what did best on the validation part, the camera as it is among it.

    Args:
        task: the frozen model and what it should say.
        samples: all readable; dealt into three parts by their ids and the seed.
        profile: the camera.
        group: of knobs; see `audit.search.groups`. Of the sensor none is tuned.
        exposure: the light, as a multiple of the profile's.
        limits: how far a knob may go.
        plan: steps, rate, batch, patience.
        seed: of the parts, the batches and the noise.
        state: file that an interrupted tuning goes on from.
        key: what else decides the outcome, such as the hashes of model and data; a state of others is refused.
        progress: told how far it has come.

    Raises:
        NoDataError: too few samples.
        CamsimError: no such group, no knob in it, an impossible exposure or plan, or the model fails.
    """
    plan, show = plan or Plan(), progress or Silent()
    frozen = at_exposure(profile, exposure)
    box = replace(Box.of(profile, group, limits), profile=frozen)
    parts = three_parts(samples, seed)
    name, kept = f"learned/{profile.name}", dict[str, Tensor]()
    with one_torch_thread():
        if task.no_gradient is None:
            outcome = descend(task, box, name, parts, plan, seed, state, kept, show)
        else:
            outcome = search(task, box, name, parts, plan, seed, state, key, kept, show)
        show.start("Held-out samples", 2 * REPEATS * len(parts.held_out))
        gain = Gain.of(
            *(
                repeated_scores(open_camera(camera), task, parts.held_out, seed, kept, show.advance)
                for camera in (frozen, outcome.learned)
            )
        )
    return Tuning(profile, frozen, box, parts, plan, outcome, gain)
