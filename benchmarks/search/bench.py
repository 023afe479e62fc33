"""A case made ready: scenes in memory, evaluations on disk, and the judge of what was found."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from audit.camera import open_camera
from audit.search import MixedSpace, Problem, Setting
from audit.search.ledger import Ledger
from audit.search.scenes import Scenes
from benchmarks.search.case import Case
from camsim import Profile

NOISE, HELD_OUT_NOISE = 0, 1
"""Seeds of the noise: in the search, and where the cases found are judged."""


@dataclass(frozen=True)
class Held:
    """What a camera does on samples that no search saw."""

    score: float
    """Mean, in [0, 1]."""
    loss: float


class Bench:
    """Problems of one case. They share a ledger: what one strategy evaluated, another need not compute again."""

    def __init__(self, case: Case, folder: Path | None = None) -> None:
        """Nothing is evaluated yet; ``folder`` is for the ledger, None keeps it in memory."""
        self.case = case
        self._scenes = Scenes(case.search, NOISE)
        self._held = Scenes(case.held_out, HELD_OUT_NOISE)
        self._judged: dict[str, Held] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._folder = folder

    def problem(
        self,
        budget: float,
        gradient_cost: float = 1.0,
        *,
        gradient: bool = True,
        profile: Profile | None = None,
    ) -> Problem:
        """The search for the worst of the case's device, or of a variant of it."""
        base = profile or self.case.profile
        task = self.case.task if gradient else self.case.task_without_gradient
        problem = Problem(
            base,
            task,
            self._scenes,
            budget=budget,
            seed=NOISE,
            gradient_cost=gradient_cost,
            ledger=self._ledgers.get(base.name) or self._path(base),
            key=self.case.sha256,
        )
        self._ledgers[base.name] = problem.oracle.ledger
        return problem

    def held_out(self, profile: Profile) -> Held:
        """Judge a camera, each only once."""
        key = profile.model_dump_json(exclude={"name", "provenance"})
        if key not in self._judged:
            camera = open_camera(profile)
            judged = [self.case.task.judge(pictures, ids) for ids, pictures in self._held.shoot(camera)]
            scores, losses = (np.concatenate([getattr(j, name) for j in judged]) for name in ("scores", "losses"))
            self._judged[key] = Held(float(scores.mean()), float(losses.mean()))
        return self._judged[key]

    def costs(self, repeats: int = 7) -> tuple[float, float]:
        """CPU seconds of one evaluation, and of one with its gradient: medians over random settings."""
        rng = np.random.default_rng(0)
        space = MixedSpace(self.case.profile)
        start = space.start()
        plain, both = [], []
        for repeat in range(repeats + 1):
            point = rng.uniform(0.2, 0.8, start.point.shape)
            problem = Problem(self.case.profile, self.case.task, self._scenes, budget=1e6, seed=NOISE)
            began = time.process_time()
            problem.value(Setting(start.choice, point))
            middle = time.process_time()
            problem.value_and_gradient(Setting(start.choice, 1 - point))
            if repeat:  # the first one warms up
                plain.append(middle - began)
                both.append(time.process_time() - middle)
        return median(plain), median(both)

    def _path(self, base: Profile) -> Path | None:
        if self._folder is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        # A ledger of another device or model would be refused, and is of no use.
        digest = hashlib.sha256(f"{self.case.sha256} {base.model_dump_json()}".encode()).hexdigest()[:8]
        return self._folder / f"{self.case.name}-{base.name.replace('/', '-')}-{digest}.jsonl"
