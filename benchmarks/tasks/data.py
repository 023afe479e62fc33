"""The pictures as datasets, whose scenes and truths are made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256

import numpy as np
import torch
from torch import Tensor

from audit.data import Dataset, Sample, open_dataset
from audit.data.dataset import fingerprint
from audit.data.truth import Boxes, ClassMap, Depth, Keypoints, Labels, Poses, Text, Truth, TruthKind, Values
from benchmarks.launch import ROOT
from benchmarks.tasks.scenes import COLORS, KINDS, SIDE, Picture, Scene, Shape, floor, line, shapes
from camsim.unprocess import from_display

Make = Callable[[int, int], Dataset]
"""A seed and a number of samples -> data. Other seeds give other samples, of the same kind."""

PHOTOS = ROOT.parent / "shared" / "data" / "aerial_trees"
"""Aerial photographs with boxes around tree crowns; not part of the repository."""
TILE = 96
"""Side of what is cut out of them, px."""
TRAINED_ROWS, JUDGED_ROWS = (0.0, 0.6), (0.65, 1.0)
"""Of each photograph: what is trained on and what is judged do not touch."""

SHAPED = tuple(f"{color} {kind}" for kind in KINDS for color in COLORS)
NUMBERS = ("count", "covered")
"""What regression predicts: how many shapes, and how much of the picture they cover, in %."""
ONE = partial(shapes, least=1, most=1)
TRIANGLE = partial(shapes, least=1, most=1, kinds=(2,))
TRIANGLES = partial(shapes, kinds=(2,))
ANY = partial(shapes, least=0, most=4)


def classification(seed: int, count: int) -> Dataset:
    """One shape: its kind."""
    return _targets(ONE, seed, count, lambda shape: KINDS[shape.kind], KINDS)


def retrieval(seed: int, count: int) -> Dataset:
    """One shape: its colour and kind."""
    return _targets(ONE, seed, count, lambda shape: SHAPED[shape.kind * len(COLORS) + shape.color], SHAPED)


def multilabel(seed: int, count: int) -> Dataset:
    """Up to four shapes: their colours."""
    names = list(COLORS)
    return _shapes(ANY, seed, count, lambda one: Labels(frozenset(names[s.color] for s in one.shapes)), "labels")


def boxes(seed: int, count: int) -> Dataset:
    """One to four shapes: their boxes."""
    return _shapes(shapes, seed, count, partial(_boxes, masks=False), "boxes")


def masks(seed: int, count: int) -> Dataset:
    """One to four shapes: their boxes and outlines."""
    return _shapes(shapes, seed, count, partial(_boxes, masks=True), "boxes")


def class_maps(seed: int, count: int) -> Dataset:
    """One to four shapes: the kind of each pixel."""
    return _shapes(shapes, seed, count, lambda one: ClassMap(one.class_map), "class_map")


def numbers(seed: int, count: int) -> Dataset:
    """Up to four shapes: `NUMBERS`."""

    def truth(one: Scene) -> Truth:
        covered = 100 * float(np.mean(one.class_map > 0))
        return Values(np.array([len(one.shapes), covered], dtype=np.float64))

    return _shapes(ANY, seed, count, truth, "values")


def keypoints(seed: int, count: int) -> Dataset:
    """One triangle: its corners."""

    def truth(one: Scene) -> Truth:
        [shape] = one.shapes
        return Keypoints(shape.points, np.ones(3, dtype=np.bool_), 2 * shape.radius * 2**0.5, (SIDE, SIDE))

    return _shapes(TRIANGLE, seed, count, truth, "keypoints")


def poses(seed: int, count: int) -> Dataset:
    """One to four triangles: their boxes and corners."""

    def truth(one: Scene) -> Truth:
        found, points = _boxes(one, masks=False), np.array([shape.points for shape in one.shapes])
        areas = np.array([shape.mask.sum() for shape in one.shapes], dtype=np.float64)
        seen = np.ones(points.shape[:2], dtype=np.bool_)
        return Poses(found.corners, found.names, found.crowd, found.shape, points=points, visible=seen, areas=areas)

    return _shapes(TRIANGLES, seed, count, truth, "poses")


def depth(seed: int, count: int) -> Dataset:
    """A floor with boxes: metres."""
    return _dataset(
        "floors", seed, count, lambda n: floor(seed, n)[0], lambda n: Depth(floor(seed, n)[1]), "depth", None
    )


def text(seed: int, count: int) -> Dataset:
    """Digits."""
    return _dataset("digits", seed, count, lambda n: line(seed, n)[0], lambda n: Text(line(seed, n)[1]), "text", None)


def tree_crowns(seed: int, count: int) -> Dataset:
    """Tiles of aerial photographs: boxes around tree crowns. Of a crown that a tile cuts the rest counts, if it is half
    of it or more; else it neither counts nor costs, as where a model's own crop cuts an object.

    Seed 0 takes the upper rows of each photograph, another seed the lower ones. Tiles of one photograph are a cluster.

    Raises:
        CamsimError: the photographs are not there.
    """
    photos = _photos()
    rng = np.random.default_rng(seed)
    rows = TRAINED_ROWS if seed == 0 else JUDGED_ROWS
    samples = []
    for number in range(count):
        name = sorted(photos)[number % len(photos)]
        height, width = photos[name].scene.shape[1:]
        top = int(rng.integers(int(rows[0] * height), int(rows[1] * height) - TILE + 1))
        left = int(rng.integers(0, width - TILE + 1))
        samples.append(
            Sample(
                f"{number:04d}",
                None,
                partial(_tile, name, top, left),
                partial(_crowns, name, top, left),
                cluster=name,
            )
        )
    key = fingerprint([(_whole().sha256, str(seed), str(count))])
    return Dataset("tree crowns", tuple(samples), ("tree",), key, "Tiles of aerial photographs.", "boxes")


@dataclass(frozen=True)
class Photo:
    """A whole photograph."""

    scene: Tensor
    crowns: Boxes


@cache
def _whole() -> Dataset:
    return open_dataset(PHOTOS, max_side=4096)


@cache
def _photos() -> dict[str, Photo]:
    """By name."""
    found: dict[str, Photo] = {}
    for sample in _whole().samples:
        scene = sample.load()
        crowns = sample.load_truth((scene.shape[1], scene.shape[2]))
        assert isinstance(crowns, Boxes)
        found[sample.id] = Photo(scene, crowns)
    return found


def _tile(photo: str, top: int, left: int) -> Tensor:
    return _photos()[photo].scene[:, top : top + TILE, left : left + TILE].contiguous()


def _crowns(photo: str, top: int, left: int) -> Truth:
    found = _photos()[photo].crowns
    corners = found.corners - [left, top, left, top]
    cut = np.clip(corners, 0, TILE)
    there = (cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1])
    names = ("tree",) * int(there.sum())  # the photographs tell some of the dead from those alive
    areas, left_over = (np.prod(some[:, 2:] - some[:, :2], axis=1) for some in (corners, cut))
    crowd = found.crowd | (left_over < areas / 2)
    return Boxes(cut[there], names, crowd[there], (TILE, TILE))


def _boxes(one: Scene, masks: bool) -> Boxes:
    corners = np.array([shape.corners for shape in one.shapes])
    names = tuple(KINDS[shape.kind] for shape in one.shapes)
    outlines = tuple(shape.mask for shape in one.shapes) if masks else None
    return Boxes(corners, names, np.zeros(len(names), dtype=np.bool_), (SIDE, SIDE), outlines)


def _shapes(
    draw: Callable[[int, int], Scene], seed: int, count: int, truth: Callable[[Scene], Truth], kind: TruthKind
) -> Dataset:
    known = {"labels": tuple(COLORS), "boxes": KINDS, "poses": KINDS[2:], "class_map": ("ground", *KINDS)}
    classes = known.get(kind)
    return _dataset(
        "shapes", seed, count, lambda n: draw(seed, n).picture, lambda n: truth(draw(seed, n)), kind, classes
    )


def _targets(
    draw: Callable[[int, int], Scene], seed: int, count: int, name: Callable[[Shape], str], classes: tuple[str, ...]
) -> Dataset:
    plain = _dataset("shapes", seed, count, lambda n: draw(seed, n).picture, None, None, tuple(sorted(classes)))
    samples = tuple(
        Sample(sample.id, name(draw(seed, number).shapes[0]), sample.loader)
        for number, sample in enumerate(plain.samples)
    )
    key = fingerprint([(sample.id, sample.target, plain.sha256) for sample in samples])
    return Dataset(plain.name, samples, plain.class_names, key, plain.description)


def _dataset(
    name: str,
    seed: int,
    count: int,
    picture: Callable[[int], Picture],
    truth: Callable[[int], Truth] | None,
    kind: TruthKind | None,
    classes: tuple[str, ...] | None,
) -> Dataset:
    def load(number: int) -> Tensor:
        return from_display(torch.from_numpy(picture(number)))

    samples = tuple(
        Sample(f"{number:04d}", None, partial(load, number), None if truth is None else partial(truth, number))
        for number in range(count)
    )
    key = fingerprint([(sample.id, kind, sha256(picture(n).tobytes()).hexdigest()) for n, sample in enumerate(samples)])
    return Dataset(name, samples, classes, key, f"Generated {name}.", kind)
