"""How much of the variation of the loss over a device's plausible settings each knob accounts for: Sobol' indices."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc, sobol_indices

from audit.camera import Lineup, open_camera
from audit.data import Sample
from audit.forensics.attribution import CONFIDENCE
from audit.forensics.knobs import KnobCube
from audit.progress import Progress
from audit.stats import Interval
from audit.task import Task, judge_shot
from camsim.atomic import write_text
from camsim.errors import CamsimError

RESAMPLES = 500


@dataclass(frozen=True)
class SobolIndices:
    """Variance-based sensitivity of the mean loss."""

    knobs: tuple[str, ...]
    first: tuple[Interval, ...]
    """Share of the variance that a knob explains by itself."""
    total: tuple[Interval, ...]
    """Share that vanishes when the knob is held: by itself and together with others."""
    rows: int
    settings: int
    """Devices evaluated, (knobs + 2) · rows."""
    samples: int
    mean: float
    """Of the loss over the settings."""
    deviation: float
    """Standard deviation of the loss over the settings; near 0 the shares say nothing."""


def design(groups: Sequence[slice], rows: int, seed: int) -> NDArray[np.float64]:
    """Points to evaluate: (rows, groups + 2, D) of the unit cube.

    In each row: a point A, a point B, and for every group A with the group's axes from B; A and B are the halves of a
    scrambled Sobol' sequence (Saltelli et al., Comput. Phys. Commun. 181 (2010) 259-270). ``rows`` is a power of two.
    """
    size = groups[-1].stop
    drawn = qmc.Sobol(2 * size, rng=np.random.default_rng(seed)).random(rows)
    a, b = drawn[:, :size], drawn[:, size:]
    mixed = np.repeat(a[:, None], len(groups), axis=1)
    for place, axes in enumerate(groups):
        mixed[:, place, axes] = b[:, axes]
    return np.concatenate([a[:, None], b[:, None], mixed], axis=1)


def indices(losses: NDArray[np.float64], seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and total index of each group with limits: two arrays (groups, 3) of value, low, high.

    ``losses``: (rows, groups + 2), at the points of `design`. The limits are a percentile bootstrap over rows.
    """
    rows = len(losses)
    rng = np.random.default_rng(seed)
    drawn = np.array([_indices(losses[rng.integers(rows, size=rows)]) for _ in range(RESAMPLES)])
    tail = (1 - CONFIDENCE) / 2
    value, (low, high) = np.array(_indices(losses)), np.quantile(drawn, [tail, 1 - tail], axis=0)
    stacked = np.stack([value, np.minimum(low, value), np.maximum(high, value)], axis=-1)
    return stacked[0], stacked[1]


def _indices(losses: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    evaluated = {"f_A": losses[None, :, 0], "f_B": losses[None, :, 1], "f_AB": losses[:, 2:].T[:, None]}
    found = sobol_indices(func=evaluated, n=len(losses))
    return np.atleast_1d(found.first_order), np.atleast_1d(found.total_order)


def sobol(
    task: Task,
    samples: Sequence[Sample],
    cube: KnobCube,
    *,
    rows: int,
    seed: int,
    parts: Path | None,
    show: Progress,
) -> SobolIndices:
    """Evaluate a design around a device and work its indices out.

    Args:
        task: its loss is what varies.
        samples: scenes, all readable; few are enough, since every setting sees the same ones.
        cube: the settings; it has axes.
        rows: of the design, a power of two from 8 on; ``(knobs + 2) · rows`` devices are evaluated.
        seed: of the noise and of the design.
        parts: folder where finished rows are kept; None: nowhere.
        show: told of every device evaluated.

    Raises:
        CamsimError: a setting within the ranges is no valid profile, or the model fails.
    """
    points = design(cube.groups, rows, seed)
    show.start("Knobs (Sobol)", points.shape[0] * points.shape[1])
    found = []
    for row, settings in enumerate(points):
        path = None if parts is None else parts / f"sobol-{row:06d}.json"
        if path is not None and path.exists():
            found.append(json.loads(path.read_text(encoding="utf-8")))
        else:
            found.append(_row(task, samples, cube, settings, seed))
            if path is not None:
                write_text(path, json.dumps(found[-1]))
        show.advance(len(settings))
    losses = np.array(found)
    first, total = indices(losses, seed)
    return SobolIndices(
        knobs=cube.names,
        first=tuple(Interval(*map(float, line)) for line in first),
        total=tuple(Interval(*map(float, line)) for line in total),
        rows=rows,
        settings=losses.size,
        samples=len(samples),
        mean=float(losses[:, :2].mean()),
        deviation=float(losses[:, :2].std()),
    )


def _row(
    task: Task, samples: Sequence[Sample], cube: KnobCube, settings: NDArray[np.float64], seed: int
) -> list[float]:
    """Mean loss of each setting. Those with one sensor share its exposure."""
    try:
        cameras = [open_camera(cube.at(point, f"setting/{place}")) for place, point in enumerate(settings)]
    except ValueError as error:
        raise CamsimError(
            f"{cube.profile.name}: a setting within the plausible ranges is no valid profile: "
            f"{str(error).splitlines()[-1].strip()}; narrow its `search` section, or leave Sobol indices out"
        ) from None
    lineup = Lineup(cameras)
    total = dict.fromkeys(lineup.names, 0.0)
    for sample in samples:
        scene = sample.load()
        for shot in lineup.shoot(scene, seed, sample.id):
            judged = judge_shot(task, list(shot.values()), [sample.id] * len(shot), (scene.shape[1], scene.shape[2]))
            for name, loss in zip(shot, judged.losses, strict=True):
                total[name] += float(loss)
    return [total[name] / len(samples) for name in lineup.names]
