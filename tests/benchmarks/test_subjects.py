"""Every subject computes camsim's picture, and those with gradients camsim's gradients, before anything is timed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import camsim
from benchmarks import cameras, gradient
from benchmarks.chain import frames, numbers
from benchmarks.subjects import SUBJECTS, find
from benchmarks.subjects.subject import Subject
from benchmarks.suites import backward, demosaic, many, median
from benchmarks.verify import difference, verify
from benchmarks.work import UnavailableError

# Other people's libraries warn of their own deprecations.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def available(name: str) -> Subject:
    try:
        return find(name)
    except UnavailableError as error:
        pytest.skip(str(error))


COMPARED = [name for name in SUBJECTS if not name.startswith(("copy", "LibRaw"))]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.parametrize("name", COMPARED)
def test_a_subject_computes_the_same_picture(name: str) -> None:
    subject = available(name)
    assert subject.tolerance is not None
    assert difference(subject, frames(2, 66, 72, seed=5)) <= subject.tolerance


def test_another_picture_is_refused() -> None:
    subject = find("camsim plain")
    wrong = replace(subject, picture=lambda out: out + 1e-3)
    with pytest.raises(ValueError, match=r"differs from camsim's picture by 0\.001"):
        verify(wrong)
    missing = replace(subject, picture=lambda out: out * math.nan)
    with pytest.raises(ValueError, match="differs"):
        verify(missing)


@pytest.mark.parametrize("name", ["copy", "copy, new memory"])
def test_the_floor_moves_four_bytes_in_and_twelve_out(name: str) -> None:
    raw = frames(2, 6, 8)
    out = find(name).prepare(raw)()
    assert out.dtype == torch.float32
    assert torch.equal(out, raw.expand(-1, 3, -1, -1).contiguous())


@pytest.mark.parametrize("name", backward.NAMES)
def test_a_subject_has_the_same_gradients(name: str) -> None:
    assert gradient.difference(available(name)) <= gradient.TOLERANCE


def test_other_gradients_are_refused() -> None:
    subject = find("camsim plain")
    trainable = subject.trainable
    assert trainable is not None

    def doubled(dtype: torch.dtype) -> object:
        right = trainable(dtype)
        return replace(right, develop=lambda raw: 2 * right.develop(raw))

    with pytest.raises(ValueError, match="gradients differ"):
        gradient.verify(replace(subject, trainable=doubled))


@pytest.mark.parametrize("method", demosaic.PLAIN)
def test_demosaicing_is_compared_with_the_same_method(method: str) -> None:
    pytest.importorskip("colour_demosaicing", reason="installed by `make bench`")
    assert demosaic.difference(method) <= demosaic.TOLERANCE


def test_medians_are_the_same() -> None:
    rgb = torch.rand(2, 3, 9, 11, generator=torch.Generator().manual_seed(0))
    ours = median.denoise_median(rgb, 3, "rgb")
    assert np.array_equal(np.reshape(median.scipy_median(rgb), rgb.shape), ours.numpy())


def test_opencvs_median_is_the_same_inside() -> None:
    pytest.importorskip("cv2", reason="OpenCV is installed by `make bench`")
    rgb = torch.rand(1, 3, 9, 11, generator=torch.Generator().manual_seed(0))
    [theirs] = median.opencv_median([rgb[0].permute(1, 2, 0).contiguous().numpy()])
    ours = median.denoise_median(rgb, 3, "rgb")[0].permute(1, 2, 0)
    assert np.array_equal(theirs[1:-1, 1:-1], ours.numpy()[1:-1, 1:-1])


def test_frames_are_mosaics_of_this_camera() -> None:
    raw = frames(2, 34, 36)
    assert raw.shape == (2, 1, 34, 36)
    assert torch.equal(raw % 16, torch.zeros_like(raw))
    assert 0 <= raw.min() < raw.max() <= numbers().full_scale
    assert torch.equal(raw, frames(2, 34, 36))
    assert not torch.equal(raw, frames(2, 34, 36, seed=1))


def test_the_model_has_the_size_of_mobilenet_v2() -> None:
    from benchmarks.mobilenet import mobilenet

    assert sum(parameter.numel() for parameter in mobilenet().parameters()) == 3_504_872


def test_the_cameras_of_the_suites_are_fused() -> None:
    made = [cameras.median(), *(cameras.demosaic(method) for method in ("bilinear", "malvar2004", "menon2007"))]
    assert all(camsim.compile(profile, fused=True).is_fused for profile in made)


def test_twelve_pipelines_of_the_seed_are_timed_together() -> None:
    names = many.pipelines()
    assert len(names) == 12
    assert all(camsim.compile(name, fused=True).is_fused for name in names)
