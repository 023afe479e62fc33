"""Every coalition on every sample: each scene is exposed once for each sensor, and judged through every device."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.camera import Lineup, open_camera
from audit.data import Sample
from audit.frame import Shape
from audit.matrix import Unreadable
from audit.progress import Progress
from audit.task import Task, judge_shot
from audit.threads import ahead
from camsim import Profile
from camsim.atomic import atomic_path, write_text
from camsim.errors import CamsimError, NoDataError

JUDGED_AT_ONCE = 64
"""Pictures that the model is given in one call; bounds the memory, results do not depend on it."""


@dataclass(frozen=True)
class Table:
    """What came out: a row for each coalition, a column for each sample."""

    samples: tuple[str, ...]
    masks: tuple[int, ...]
    scores: NDArray[np.float64]
    """(K, N) in [0, 1], 1 = right."""
    losses: NDArray[np.float64]
    """(K, N)."""
    left_out: tuple[Unreadable, ...]
    """Samples that could not be read, or that the model failed on through one device at least."""

    def drops(self) -> dict[int, NDArray[np.float64]]:
        """The game: score of the first device minus score of the coalition, by mask; (N,) each."""
        first = self.scores[self.masks.index(0)]
        return {mask: first - row for mask, row in zip(self.masks, self.scores, strict=True)}

    def harms(self) -> dict[int, NDArray[np.float64]]:
        """The same game of the loss: loss of the coalition minus loss of the first device."""
        first = self.losses[self.masks.index(0)]
        return {mask: row - first for mask, row in zip(self.masks, self.losses, strict=True)}

    def save(self, path: Path) -> None:
        """Write a Parquet file: one row for each coalition and sample."""
        count = len(self.samples)
        table = pa.table(
            {
                "coalition": np.repeat(np.array(self.masks, dtype=np.int64), count),
                "sample": pa.array(list(self.samples) * len(self.masks), pa.string()),
                "score": self.scores.ravel(),
                "loss": self.losses.ravel(),
            }
        )
        with atomic_path(path) as temporary:
            pq.write_table(table, temporary)


@dataclass(frozen=True)
class _Chunk:
    samples: list[str]
    scores: list[list[float]]
    """One list for each sample, over the coalitions."""
    losses: list[list[float]]
    left_out: list[list[str]]


def play(
    task: Task,
    samples: Sequence[Sample],
    profiles: Mapping[int, Profile],
    *,
    seed: int,
    batch: int,
    parts: Path | None,
    show: Progress,
) -> Table:
    """Judge every sample through the device of every coalition.

    Args:
        task: says how good a picture is.
        samples: scenes.
        profiles: the device of each coalition, by mask; mask 0, the first device, among them.
        seed: of the noise.
        batch: samples that are kept together on disk.
        parts: folder where finished samples are kept, and taken from if they are there; None: nowhere.
        show: told of every picture judged.

    Raises:
        NoDataError: no sample could be measured; the message has the first reason.
    """
    masks = tuple(profiles)
    lineup = Lineup([open_camera(profile) for profile in profiles.values()])
    chunks = [] if parts is None else _finished(parts)
    done = {name for chunk in chunks for name in (*chunk.samples, *(item[0] for item in chunk.left_out))}
    show.start("Devices between", len(samples) * len(masks))
    show.advance(len(done) * len(masks))
    rest = [sample for sample in samples if sample.id not in done]
    with closing(ahead(_shoot(rest, lineup, seed))) as shots:
        for start in range(0, len(rest), batch):
            chunk = _Chunk([], [], [], [])
            for sample in rest[start : start + batch]:
                judged = _judge_sample(task, sample, lineup, shots, show)
                if isinstance(judged, str):
                    chunk.left_out.append([sample.id, judged])
                    continue
                chunk.samples.append(sample.id)
                chunk.scores.append([judged[name][0] for name in lineup.names])
                chunk.losses.append([judged[name][1] for name in lineup.names])
            if parts is not None:
                write_text(parts / f"coalitions-{len(chunks):06d}.json", json.dumps(asdict(chunk)))
            chunks.append(chunk)
    return _table(samples, masks, chunks)


def _finished(parts: Path) -> list[_Chunk]:
    paths = sorted(parts.glob("coalitions-*.json"))
    try:
        return [_Chunk(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    except (ValueError, TypeError):
        raise CamsimError(f"{parts}: holds a damaged file; delete the folder of the run and start anew") from None


def _table(samples: Sequence[Sample], masks: tuple[int, ...], chunks: Sequence[_Chunk]) -> Table:
    place = {sample.id: index for index, sample in enumerate(samples)}
    rows = [row for c in chunks for row in zip(c.samples, c.scores, c.losses, strict=True)]
    rows.sort(key=lambda row: place[row[0]])
    left_out = sorted((Unreadable(*item) for c in chunks for item in c.left_out), key=lambda item: place[item.sample])
    if not rows:
        raise NoDataError(f"none of the {len(samples)} samples could be measured; the first: {left_out[0].reason}")
    return Table(
        samples=tuple(row[0] for row in rows),
        masks=masks,
        scores=np.array([row[1] for row in rows]).T.copy(),
        losses=np.array([row[2] for row in rows]).T.copy(),
        left_out=tuple(left_out),
    )


Pictures = dict[str, NDArray[np.uint8]]


def _shoot(samples: Sequence[Sample], lineup: Lineup, seed: int) -> Iterator[tuple[Pictures, Shape] | str]:
    """The pictures of each sample, in as many pieces as there are sensors, and its scene's size; or why it has none."""
    for sample in samples:
        try:
            scene = sample.load()
        except CamsimError as error:
            yield str(error)
            continue
        for shot in lineup.shoot(scene, seed, sample.id):
            yield shot, (scene.shape[1], scene.shape[2])


def _judge_sample(
    task: Task, sample: Sample, lineup: Lineup, shots: Iterator[tuple[Pictures, Shape] | str], show: Progress
) -> dict[str, tuple[float, float]] | str:
    """Score and loss of each device, by name; or why there are none."""
    judged: dict[str, tuple[float, float]] = {}
    failed: str | None = None
    seen = 0
    while seen < len(lineup.cameras):
        taken = next(shots)
        if isinstance(taken, str):
            show.advance(len(lineup.cameras))
            return taken
        shot, shape = taken
        seen += len(shot)
        show.advance(len(shot))
        names = list(shot)
        for start in range(0, len(names), JUDGED_AT_ONCE):
            some = names[start : start + JUDGED_AT_ONCE]
            try:
                found = judge_shot(task, [shot[name] for name in some], [sample.id] * len(some), shape)
            except CamsimError as error:
                failed = failed or f"{sample.id}: {error}"
                break
            judged |= {n: (float(s), float(x)) for n, s, x in zip(some, found.scores, found.losses, strict=True)}
    return judged if failed is None else failed
