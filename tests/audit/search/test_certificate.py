"""The certificate against the audit's own matrix, and what makes it cheap to go on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

import audit
import camsim
from audit.camera import open_camera
from audit.jpeg import through_jpeg
from audit.search.certificate import Bench, Measured, ahead_of, masks_gradients
from audit.task import ClassTask, DisagreementTask, Judged
from camsim.errors import CamsimError

from ..conftest import PythonModel, by_brightness, make_dataset

REFERENCE = camsim.load("reference/srgb")
DEVICE = camsim.load("still/nikon-d850")
DARK = DEVICE.with_knobs({"sensor.exposure": 0.17}, name="dark")
SEEDS = (0, 1, 2)
DATA = make_dataset(12)
AIMS = {sample.id: ("dark", "bright").index(str(sample.target)) for sample in DATA.samples}


@pytest.fixture
def task() -> ClassTask:
    return ClassTask(PythonModel(by_brightness), AIMS)


def test_is_what_the_audit_measures_seed_by_seed(task: ClassTask) -> None:
    bench = Bench(DATA.samples, dict.fromkeys(SEEDS, task), REFERENCE, measure="drop")
    found = bench.certify(DARK, DEVICE)
    frames = [audit.run(task.model, DATA, profiles=[DARK, DEVICE], seed=seed).to_frame() for seed in SEEDS]
    right = [frame.assign(right=frame.prediction == frame.target).groupby("profile").right.mean() for frame in frames]
    for profile, score in (
        ("dark", found.score),
        (DEVICE.name, found.score_of_device),
        (REFERENCE.name, found.score_of_reference),
    ):
        assert score == pytest.approx(np.mean([seed[profile] for seed in right]), abs=1e-12)
    assert found.harm.value == pytest.approx(found.score_of_reference - found.score)
    assert found.excess.value == pytest.approx(found.score_of_device - found.score)
    assert found.harm.value > 0.3
    assert found.harm.low < found.harm.value < found.harm.high
    assert found.harm_of_device.value == 0
    assert (found.samples, found.seeds, found.jpeg) == (12, SEEDS, None)
    assert found.loss > found.loss_of_device


def test_flips_compare_with_the_reference_of_the_same_noise() -> None:
    """The reference itself never flips, whatever the noise; a model that answers by chance of the noise shows it."""
    noisy = PythonModel(lambda image: (float(image[0, 0, 0] % 2), 0.5))
    camera = open_camera(REFERENCE)
    tasks = {}
    for seed in SEEDS:
        pictures = {sample.id: camera.shoot(sample.load(), seed, sample.id) for sample in DATA.samples}
        answers = {name: noisy.log_probabilities([picture])[0] for name, picture in pictures.items()}
        tasks[seed] = DisagreementTask(noisy, answers)
    bench = Bench(DATA.samples, tasks, REFERENCE, measure="flips")
    own = bench.certify(REFERENCE, REFERENCE)
    assert own.harm.value == 0
    assert own.score == 1
    other = bench.certify(DARK, DEVICE)
    assert other.harm.value == pytest.approx(1 - other.score)
    assert other.harm.value > 0


def test_goes_on_where_it_stopped_and_gives_the_same(task: ClassTask, tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Broken:
        no_gradient = "none"

        def judge(self, pictures: Sequence[NDArray[np.uint8]], ids: Sequence[str]) -> Judged:
            raise AssertionError("measured twice")

        def losses(self, images: Tensor, ids: Sequence[str]) -> Tensor:
            raise AssertionError

    store = tmp_path / "measured.json"
    steps: list[int] = []
    first = Bench(
        DATA.samples, dict.fromkeys(SEEDS, task), REFERENCE, measure="drop", store=store, step=steps.append
    ).certify(DARK, DEVICE)
    assert sum(steps) == 3 * len(DATA.samples) * len(SEEDS)
    again = Bench(DATA.samples, dict.fromkeys(SEEDS, Broken()), REFERENCE, measure="drop", store=store)
    assert again.certify(DARK, DEVICE) == first
    store.write_text('{"a": {"losses": 1}}')
    with pytest.raises(CamsimError, match="damaged"):
        Bench(DATA.samples, {0: task}, REFERENCE, measure="drop", store=store)


def test_jpeg_is_the_devices_and_not_the_references() -> None:
    seen: list[NDArray[np.uint8]] = []

    def logits(image: NDArray[np.uint8]) -> tuple[float, float]:
        seen.append(image)
        return by_brightness(image)

    (sample,) = DATA.samples[:1]
    tasks = {7: ClassTask(PythonModel(logits), AIMS)}
    found = Bench([sample], tasks, REFERENCE, measure="drop", jpeg=40).certify(DEVICE, DEVICE)
    assert found.jpeg == 40
    plain, device = (open_camera(p).shoot(sample.load(), 7, sample.id) for p in (REFERENCE, DEVICE))
    assert [image.tolist() for image in seen] == [plain.tolist(), through_jpeg(device, 40).tolist()]


def test_the_profile_alone_decides_and_not_its_neighbours(task: ClassTask) -> None:
    """Measured beside others, on its own or in another order: the same to the last digit."""
    together = Bench(DATA.samples, dict.fromkeys(SEEDS, task), REFERENCE, measure="drop")
    together.certify(DEVICE, DEVICE)
    alone = Bench(DATA.samples, dict.fromkeys(SEEDS, task), REFERENCE, measure="drop")
    assert together.certify(DARK, DEVICE) == alone.certify(DARK, DEVICE)


@pytest.mark.parametrize(
    ("ahead", "spread", "masked"), [(0.05, 0.02, True), (0.05, 0.6, False), (0.002, 0.0, False), (-0.05, 0.02, False)]
)
def test_masked_only_where_the_lead_is_real_and_matters(ahead: float, spread: float, masked: bool) -> None:
    rng = np.random.default_rng(0)
    losses = rng.random((60, 3))
    lead = ahead + spread * np.tile(np.array([[-1.0], [1.0]]), (30, 1))
    other = Measured(losses + lead, losses)
    assert masks_gradients(ahead_of(other, Measured(losses, losses))) is masked
