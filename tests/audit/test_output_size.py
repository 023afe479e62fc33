"""Cameras whose pictures have another size than their scenes: answers are compared in the scene's pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

import audit
from audit.camera import Lineup, open_camera
from audit.data import Dataset, Sample
from audit.data.truth import ClassMap, Depth, Keypoints, Truth, TruthKind
from audit.decoders import ClassMapDecoder, CoordinatesDecoder, DepthDecoder
from audit.forensics.hybrid import Kit
from audit.forensics.walk import walk
from audit.frame import Frame
from audit.matrix import measure
from audit.search.fidelity import Measure, on_grid
from audit.search.fidelity import measure as fidelity
from audit.searching.marked import MarkedTask
from audit.task import Judged, PixelTask, judge_shot
from audit.tasks.custom import CustomTask
from audit.tasks.depth import DepthTask
from audit.tasks.detection import Detection
from audit.tasks.instances import Instances
from audit.tasks.keypoints import KeypointsTask
from audit.tasks.mark import Mark
from audit.tasks.segmentation import Segmentation
from audit.tasks.vision_task import VisionTask, ask
from camsim import Profile, catalog
from camsim.errors import CamsimError
from camsim.isp import HalfSize
from camsim.unprocess import linearize
from tests.audit.tasks.simple import Simple
from tests.audit.tasks.test_detection import NAMES, READ, READ_MASKS, detect, drawing

FULL = catalog.load("reference/srgb")
HALF = FULL.model_copy(
    update={
        "name": "reference/half",
        "isp": tuple(HalfSize() if stage.kind == "demosaic" else stage for stage in FULL.isp),
    }
)
SHAPE = (120, 160)
COUNT = 8


def scene(picture: NDArray[np.uint8]) -> torch.Tensor:
    return linearize(torch.from_numpy(picture).permute(2, 0, 1).float() / 255)


DRAWINGS = [drawing(seed) for seed in range(COUNT)]


def dataset(
    truths: Sequence[Truth],
    kind: TruthKind,
    names: tuple[str, ...] | None = NAMES,
    pictures: Sequence[NDArray[np.uint8]] = tuple(picture for picture, _ in DRAWINGS),
) -> Dataset:
    samples = tuple(
        Sample(f"{place}", None, lambda picture=picture: scene(picture), lambda truth=truth: truth)
        for place, (picture, truth) in enumerate(zip(pictures, truths, strict=True))
    )
    return Dataset("drawings", samples, names, "0" * 64, "Drawings.", kind)


def marks(task: VisionTask[Any], cameras: Sequence[Profile] = (FULL, HALF)) -> dict[str, list[Mark]]:
    lineup = Lineup([open_camera(profile) for profile in cameras])
    found: dict[str, list[Mark]] = {profile.name: [] for profile in cameras}
    for chunk in measure(task, task.data.samples, lineup, seed=0, batch=3):  # type: ignore[attr-defined]
        for outcome in chunk.outcomes:
            assert outcome.mark is not None, outcome.error
            found[outcome.profile].append(outcome.mark)
    return found


def test_the_camera_halves() -> None:
    camera = open_camera(HALF)
    assert camera.shoot(scene(DRAWINGS[0][0]), 0, "0").shape == (60, 80, 3)
    assert HALF.output_size(120, 160) == camera.emulator.output_size(120, 160) == (60, 80)
    assert FULL.output_size(120, 161) == (120, 161)


@pytest.mark.parametrize("kind", [Detection, Instances])
def test_boxes_and_masks_of_a_good_detector_stay_right(kind: type[Detection]) -> None:
    decoder = READ if kind is Detection else READ_MASKS
    task = kind(Simple(detect, NAMES), decoder, dataset([truth for _, truth in DRAWINGS], "boxes"))
    found = marks(task)
    assert [mark.score for mark in found[FULL.name]] == [1.0] * COUNT
    assert [mark.score for mark in found[HALF.name]] == [1.0] * COUNT  # F1 at IoU 0.5
    assert [mark.agreement for mark in found[HALF.name]] == [1.0] * COUNT
    assert not any(mark.flip for mark in found[HALF.name])
    results = audit.run(task, task.data, profiles=[HALF], reference=FULL).results
    (row,) = (row for row in results["profiles"] if row["profile"] == HALF.name)
    assert abs(row["drop"]["value"]) < 0.05  # of mAP 50:95, which is hard on edges that are a pixel off
    assert row["metrics"]["map50"]["value"] == 1.0
    assert row["flips"]["value"] == 0.0


def by_colour(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """0: background, else 1 + the channel that is above the others."""
    values = picture.astype(int)
    above = values.max(axis=2) - np.median(values, axis=2) > 60
    return np.where(above, 1 + values.argmax(axis=2), 0)


CLASSES = ("background", *NAMES)
EVEN = [picture[::2, ::2].repeat(2, axis=0).repeat(2, axis=1) for picture, _ in DRAWINGS]
"""The same with all edges between cells of the CFA."""
MAPS = [by_colour(picture).astype(np.int32) for picture in EVEN]


def test_class_maps_are_brought_to_the_label_s_pixels() -> None:
    data = dataset([ClassMap(indices) for indices in MAPS], "class_map", CLASSES, EVEN)
    found = marks(Segmentation(Simple(by_colour, CLASSES), ClassMapDecoder(holds="indices"), data))
    assert min(mark.score or 0 for mark in found[FULL.name]) > 0.9
    assert [mark.score for mark in found[HALF.name]] == [1.0] * COUNT
    assert min(mark.agreement for mark in found[HALF.name]) > 0.9
    assert all(mark.own["pixels"] == 120 * 160 for mark in found[HALF.name])


def blob(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A soft white spot on grey, and the place (x, y) of its middle; pixel centres lie at + 1/2."""
    x, y = np.random.default_rng(seed).uniform([40, 40], [120, 80])
    down, across = np.mgrid[:120, :160] + 0.5
    spot = np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * 6**2))
    return np.repeat((40 + 180 * spot).round().astype(np.uint8)[..., None], 3, axis=2), np.array([[x, y]])


def middle(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(1, 2): the middle of what is brighter than the surroundings."""
    weight = (picture.mean(axis=2) - 50).clip(1e-9)
    down, across = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    return np.array([[(weight * across).sum(), (weight * down).sum()]]) / weight.sum()


BLOBS = [blob(seed) for seed in range(COUNT)]


def test_keypoints_are_scaled_with_pixel_edges_at_whole_numbers() -> None:
    truths = [Keypoints(place, np.ones(1, dtype=bool), 20.0, SHAPE) for _, place in BLOBS]
    data = dataset(truths, "keypoints", None, [picture for picture, _ in BLOBS])
    found = marks(KeypointsTask(Simple(middle), CoordinatesDecoder(), data))
    for profile in (FULL, HALF):
        assert max(20.0 * mark.own["normalised_error"] for mark in found[profile.name]) < 0.1  # px of the scene


def test_depth_is_brought_to_the_label_s_pixels() -> None:
    def depth(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        return (1 + picture.max(axis=2) / 255).astype(np.float32)

    data = dataset([Depth(depth(picture)) for picture, _ in DRAWINGS], "depth", None)
    found = marks(DepthTask(Simple(depth), DepthDecoder(), data))
    assert min(mark.score or 0 for mark in found[HALF.name]) > 0.95


def test_a_crop_that_shows_another_part_is_refused() -> None:
    """The middle 100x100 of 120x160 is another part than that of 60x80, which the truth could not be cut to."""

    def cropped(shape: tuple[int, int]) -> Frame:
        return Frame(shape, (50, 50), shape, -(shape[0] - 50) // 2, -(shape[1] - 50) // 2)

    def seen(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        frame = cropped((picture.shape[0], picture.shape[1]))
        return detect(picture[-frame.top :][:50, -frame.left :][:, :50])

    task = Detection(Simple(seen, NAMES, cropped), READ, dataset([truth for _, truth in DRAWINGS], "boxes"))
    half = open_camera(HALF).shoot(scene(DRAWINGS[0][0]), 0, "0")
    with pytest.raises(CamsimError, match="cuts another part out of a picture of 80x60 than of the scene's 160x120"):
        task.predict([half], SHAPE)
    assert len(task.predict([half])) == 1


def test_a_decoder_of_one_s_own_is_given_the_way_back_to_the_scene() -> None:
    def decode(outputs: Mapping[str, NDArray[Any]], frame: Frame) -> NDArray[np.float64]:
        return frame.points_to_picture(outputs["output"])

    def near(found: Any, other: Any) -> float:
        return float(np.hypot(*(found - other)[0]) < 0.2)

    data = dataset([ClassMap(indices) for indices in MAPS], "class_map", CLASSES, [picture for picture, _ in BLOBS])
    found = marks(CustomTask(Simple(middle), data, agreement=near, decode=decode))
    assert [mark.agreement for mark in found[HALF.name]] == [1.0] * COUNT


def test_a_search_judges_by_labels_of_the_scene() -> None:
    data = dataset([truth for _, truth in DRAWINGS], "boxes")
    judge = MarkedTask(Detection(Simple(detect, NAMES), READ, data), {s.id: s for s in data.samples}, None)
    picture = open_camera(HALF).shoot(data.samples[0].load(), 0, "0")
    judged = judge_shot(judge, [picture], ["0"], SHAPE)
    assert judged.scores.tolist() == [1.0]


def test_logits_are_brought_to_the_pixels_of_masks_in_code() -> None:
    class Colours(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            others = torch.stack([images[:, [1, 2]].amax(1), images[:, [0, 2]].amax(1), images[:, [0, 1]].amax(1)], 1)
            return torch.cat([torch.full_like(images[:, :1], 0.2), images - others], dim=1) * 50

    task = PixelTask(Colours(), {str(place): indices for place, indices in enumerate(MAPS)})
    for profile, least in ((FULL, 0.9), (HALF, 0.9)):
        camera = open_camera(profile)
        pictures = [camera.shoot(scene(picture), 0, str(place)) for place, picture in enumerate(EVEN)]
        ids = [str(place) for place in range(COUNT)]
        assert judge_shot(task, pictures, ids, SHAPE).scores.min() > least
        images = torch.stack([torch.from_numpy(p.copy()).permute(2, 0, 1) for p in pictures]).float() / 255
        np.testing.assert_allclose(task.losses(images, ids), task.judge(pictures, ids).losses, atol=1e-6)
    with pytest.raises(CamsimError, match="has the size"):
        task.judge([np.zeros((60, 60, 3), dtype=np.uint8)], ["0"])


@pytest.mark.parametrize("name", ["ssim", "psnr", "l2", "delta_e"])
def test_fidelity_is_measured_on_the_reference_s_grid(name: Measure) -> None:
    smooth = torch.rand(2, 3, 6, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    whole = interpolate(smooth, (48, 64), mode="bicubic").clamp(0, 1)
    half = interpolate(whole, (24, 32), mode="area")
    for images, references in ((half, whole), (whole, half)):
        on = interpolate(images, references.shape[-2:], mode="bilinear", antialias=True)
        torch.testing.assert_close(fidelity(name, images, references), fidelity(name, on, references))
    rough = torch.rand(whole.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    lost = interpolate(rough, (24, 32), mode="area")  # detail that the smaller picture cannot show
    sign = 1 if name in ("ssim", "psnr") else -1
    assert (sign * fidelity(name, half, whole) > sign * fidelity(name, lost, rough)).all()
    assert on_grid(whole, (48, 64)) is whole


def test_a_walk_through_devices_of_two_sizes() -> None:
    sample = Sample("0", None, lambda: scene(DRAWINGS[0][0]))
    steps = walk(
        PixelTask(torch.nn.Identity(), {}, differentiable=False), sample, Kit(FULL, HALF, split_sensor=False), seed=0
    ).steps
    last = steps[-1]
    assert last.first is not None
    assert last.second is not None
    assert (last.first.shape, last.second.shape) == ((120, 160, 3), (60, 80, 3))
    assert last.difference.shape == (120, 160, 3)
    assert 0 < last.rms < 20


def test_a_task_of_one_s_own_need_know_nothing_of_sizes_where_they_are_the_same() -> None:
    class Counting:
        def predict(self, pictures: Sequence[NDArray[np.uint8]]) -> list[int]:
            return [picture.size for picture in pictures]

        def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str]) -> Judged:
            return Judged(np.zeros(len(ids)), np.array(self.predict(pictures)))

    own: Any = Counting()
    pictures = [np.zeros((6, 8, 3), dtype=np.uint8)] * 2
    assert ask(own, pictures, (6, 8)) == [144, 144]
    assert judge_shot(own, pictures, ["a", "b"], (6, 8)).scores.tolist() == [144, 144]
    with pytest.raises(TypeError):
        ask(own, pictures, (12, 16))
