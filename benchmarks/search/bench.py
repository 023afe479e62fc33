"""A case made ready: scenes in memory, evaluations on disk, and the judge of what was found."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from audit.camera import open_camera
from audit.search import MixedSpace, Problem, Setting
from audit.search.ledger import Ledger
from audit.search.scenes import Scenes
from benchmarks.search.case import Case
from camsim import Profile


@dataclass(frozen=True)
class Held:
    """What a camera does on samples that no search saw."""

    score: float
    """Mean, in [0, 1]."""
    loss: float


class Bench:
    """Problems of one case. They share a ledger: what one strategy evaluated, another need not compute again."""

    def __init__(self, case: Case, folder: Path | None = None, seed: int = 0) -> None:
        """Nothing is evaluated yet.

        Args:
            case: what is searched and judged.
            folder: for the ledger; None keeps it in memory.
            seed: another one draws other noise, in the search as well as where the cases found are judged.
        """
        self.case = case
        self._noise = 2 * seed
        self._scenes = Scenes(case.search, self._noise)
        self._held = Scenes(case.held_out, self._noise + 1)
        self._judged: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
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
            seed=self._noise,
            gradient_cost=gradient_cost,
            ledger=self._ledgers.get(base.name) or self._path(base),
            key=self.case.sha256,
        )
        self._ledgers[base.name] = problem.oracle.ledger
        return problem

    def held_out(self, profile: Profile) -> Held:
        """Judge a camera, each only once."""
        scores, losses = self._judge(profile)
        return Held(float(scores.mean()), float(losses.mean()))

    def held_out_scores(self, profile: Profile) -> NDArray[np.float64]:
        """Of each held-out sample, (N,), to compare cameras on the same samples."""
        return self._judge(profile)[0]

    def _judge(self, profile: Profile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        key = profile.model_dump_json(exclude={"name", "provenance"})
        if key not in self._judged:
            camera = open_camera(profile)
            judged = [self.case.task.judge(pictures, ids) for ids, pictures in self._held.shoot(camera)]
            scores, losses = (np.concatenate([getattr(j, name) for j in judged]) for name in ("scores", "losses"))
            self._judged[key] = (scores, losses)
        return self._judged[key]

    def costs(self, repeats: int = 7) -> tuple[float, float]:
        """CPU seconds of one evaluation, and of one with its gradient: medians over random settings."""
        rng = np.random.default_rng(0)
        space = MixedSpace(self.case.profile)
        start = space.start()
        plain, both = [], []
        for repeat in range(repeats + 1):
            point = rng.uniform(0.2, 0.8, start.point.shape)
            problem = Problem(self.case.profile, self.case.task, self._scenes, budget=1e6, seed=self._noise)
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
