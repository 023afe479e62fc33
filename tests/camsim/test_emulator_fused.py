"""When an emulator takes the fused path, what it refuses, and that it may be copied, shared and forked."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

import camsim
from camsim.errors import CamsimError

from .fusing import BILINEAR, BLACK, CCM, CLIP, MALVAR, MENON, POWER, SRGB, WB, chain, cross, gaussian, median, mosaic

# What torch says of itself when derivatives first go forwards.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

PROFILE = chain(BLACK, MALVAR, WB, CCM, cross(), gaussian(), CLIP, POWER)
WIDE = chain(BLACK, BILINEAR, gaussian(sigma=10.0), gaussian(sigma=10.0), gaussian(sigma=5.0), SRGB)


@pytest.fixture(scope="module")
def raw() -> Tensor:
    return mosaic(PROFILE, 2, 19, 35)


@pytest.fixture
def camera() -> camsim.Emulator:
    return camsim.compile(PROFILE, fused=True)


def test_what_fused_true_refuses(raw: Tensor) -> None:
    with pytest.raises(CamsimError, match=r"lab/x: fused=True is not possible: it computes in torch.float32, not in"):
        camsim.compile(PROFILE, dtype=torch.float64, fused=True)
    with pytest.raises(CamsimError, match=r"lab/x: fused=True is not possible: the chain looks 101 px.* up to 96 px"):
        camsim.compile(WIDE, fused=True)
    camera = camsim.compile(PROFILE, fused=True)
    with pytest.raises(CamsimError, match=r"not in torch.float32 with an image of torch.float64"):
        camera.develop(raw.double())
    with pytest.raises(CamsimError, match=r"it computes in torch.float32, not in torch.float64"):
        camera.double().develop(raw)


def test_tracing_looks_into_the_stages(raw: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    camera, either = camsim.compile(PROFILE, fused=True), camsim.compile(PROFILE)
    plain = camsim.compile(PROFILE, fused=False).develop(raw)
    assert not torch.equal(either.develop(raw), plain)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    assert torch.equal(either.develop(raw), plain)
    with pytest.raises(CamsimError, match=r"torch\.compile and torch\.export look into the stages"):
        camera.develop(raw)


def test_what_cannot_be_fused_goes_stage_by_stage(raw: Tensor) -> None:
    with torch.no_grad():
        either, plain = (camsim.compile(PROFILE, dtype=torch.float64, fused=fused) for fused in (None, False))
        assert torch.equal(either.develop(raw.double()), plain.develop(raw.double()))
        either, plain = (camsim.compile(PROFILE, fused=fused) for fused in (None, False))
        assert torch.equal(either.develop(raw.double()), plain.develop(raw.double()))
        assert not torch.equal(either.develop(raw), plain.develop(raw))  # fused: other roundings


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("dtype", [None, torch.uint8])
def test_out_is_written_and_returned(raw: Tensor, fused: bool, dtype: torch.dtype | None) -> None:
    camera = camsim.compile(PROFILE, fused=fused)
    with torch.no_grad():
        expected = camera.develop(raw, dtype=dtype)
    out = torch.empty(expected.shape, dtype=expected.dtype)
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            image = camera.develop(raw, dtype=dtype, out=out.fill_(7))
        assert image is out
        assert not image.requires_grad
        assert torch.equal(out, expected)
    part = torch.full((4, *expected.shape[1:]), 7, dtype=expected.dtype)
    camera.develop(raw, dtype=dtype, out=part[1:3])
    assert torch.equal(part[1:3], expected)
    assert (part[[0, 3]] == 7).all()


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize(
    ("out", "dtype", "message"),
    [
        (torch.empty(2, 3, 19, 34), None, r"out must be contiguous torch.float32 of \(2, 3, 19, 35\), got.*19, 34\)"),
        (torch.empty(1, 3, 19, 35), None, r"of \(2, 3, 19, 35\), got torch.float32 of \(1, 3, 19, 35\)"),
        (torch.empty(2, 3, 19, 35, dtype=torch.uint8), None, "contiguous torch.float32 of .* got torch.uint8"),
        (torch.empty(2, 3, 19, 35), torch.uint8, "contiguous torch.uint8 of .* got torch.float32"),
        (torch.empty(2, 3, 35, 19).transpose(2, 3), None, r"19, 35\), not contiguous"),
        (torch.empty(2, 3, 19, 35, device="meta"), None, "must be on cpu, as the mosaic is, got meta"),
    ],
    ids=["size", "batch", "bytes for floats", "floats for bytes", "layout", "device"],
)
def test_out_that_does_not_fit_is_refused(
    raw: Tensor, fused: bool, out: Tensor, dtype: torch.dtype | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        camsim.compile(PROFILE, fused=fused).develop(raw, dtype=dtype, out=out)


@pytest.mark.parametrize("dtype", [torch.float16, torch.int32, torch.uint16, torch.float64])
@pytest.mark.parametrize("fused", [True, False])
def test_other_dtypes_of_the_image_are_refused(raw: Tensor, dtype: torch.dtype, fused: bool) -> None:
    with pytest.raises(ValueError, match=rf"dtype must be None, torch.float32 or torch.uint8, got {dtype}"):
        camsim.compile(PROFILE, fused=fused).develop(raw, dtype=dtype)


def test_bytes_of_the_plain_path(raw: Tensor) -> None:
    plain = camsim.compile(PROFILE, fused=False)
    image = plain.develop(raw, dtype=torch.uint8)
    assert image.dtype == torch.uint8
    assert torch.equal(image, (plain.develop(raw).clamp(0, 1) * 255).round().to(torch.uint8))


def test_bytes_have_no_gradient(camera: camsim.Emulator, raw: Tensor) -> None:
    assert camera.develop(raw.clone().requires_grad_()).requires_grad
    assert not camera.develop(raw.clone().requires_grad_(), dtype=torch.uint8).requires_grad


@pytest.mark.parametrize("fused", [None, True])
@pytest.mark.parametrize("with_gradient", [True, False])
def test_a_mosaic_with_a_tangent_is_refused(raw: Tensor, fused: bool | None, with_gradient: bool) -> None:
    camera = camsim.compile(PROFILE, fused=fused).requires_grad_(False)
    with torch.set_grad_enabled(with_gradient), forward_ad.dual_level():
        with pytest.raises(CamsimError, match="no forward-mode derivative; compile the camera with fused=False"):
            camera.develop(forward_ad.make_dual(raw, torch.ones_like(raw)))
        assert forward_ad.unpack_dual(camera.develop(raw)).tangent is None


def test_tangents_of_the_sensors_knobs_do_not_end_at_whole_dn() -> None:
    plain = camsim.compile(PROFILE, fused=False).requires_grad_(False)
    scene, name = torch.full((1, 3, 6, 8), 0.4), "sensor.system_gain"
    gain = plain.get_parameter(name)
    with forward_ad.dual_level():
        turned = {name: forward_ad.make_dual(gain, torch.ones_like(gain))}
        tangent = forward_ad.unpack_dual(torch.func.functional_call(plain, turned, (scene, None))).tangent
    assert tangent is not None
    assert tangent.abs().max() > 0


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda camera: pickle.loads(pickle.dumps(camera))],
    ids=["copy", "deep", "pickle"],
)
def test_copies_after_a_develop(camera: camsim.Emulator, raw: Tensor, copied: object) -> None:
    expected = camera.develop(raw)
    other = copied(camera)  # type: ignore[operator]
    assert torch.equal(other.develop(raw), expected)
    with torch.no_grad():
        if copied is not copy.copy:  # which shares its knobs
            other.get_parameter("isp.gamma.gamma").fill_(1.0)
            assert not torch.equal(other.develop(raw), expected)
        assert torch.equal(camera.develop(raw), expected)
    with pytest.raises(CamsimError, match="fused=True"):
        other.develop(raw.double())


@pytest.mark.parametrize("each", [1, 2])
def test_several_python_threads_at_once(raw: Tensor, each: int) -> None:
    """One emulator, not used before, with gradients and without."""
    expected = camsim.compile(PROFILE).develop(raw).detach()
    camera = camsim.compile(PROFILE, fused=True)

    def develop(index: int) -> Tensor:
        torch.set_num_threads(each)
        with torch.set_grad_enabled(index % 2 == 0):
            return camera.develop(raw).detach()

    before = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(torch.equal(image, expected) for image in pool.map(develop, range(24)))
    finally:
        torch.set_num_threads(before)


def _develop_in_child(camera: camsim.Emulator, raw: Tensor) -> bytes:
    with torch.no_grad():
        return bytes(camera.develop(raw).numpy().tobytes())


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes(camera: camsim.Emulator, raw: Tensor, method: str) -> None:
    """As a data loader has them, after kernels have run in this one."""
    expected = _develop_in_child(camera, raw)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.apply(_develop_in_child, (camera, raw)) == expected


def fresh(script: str) -> None:
    """Run in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_imports_numba_before_a_kernel_is_needed() -> None:
    fresh(
        """
import sys
import camsim, camsim.cli, camsim.emulator, camsim.group
assert "numba" not in sys.modules
camera = camsim.compile("seed/drone/bi-s-ga")
assert "numba" not in sys.modules
import torch
camera.develop(torch.full((1, 1, 4, 4), 9000.0))
assert "camsim.kernels.index" in sys.modules
"""
    )


def test_the_plain_path_needs_no_kernel() -> None:
    fresh(
        """
import sys, torch, camsim
camera = camsim.compile("seed/drone/bi-s-ga", fused=False)
camera(torch.rand(1, 3, 8, 8), seed=None)  # noise comes from a kernel in any case
out = torch.empty(1, 3, 8, 8, dtype=torch.uint8)
camera.develop(torch.full((1, 1, 8, 8), 9000.0), dtype=torch.uint8, out=out)
camera.develop_each(torch.full((1, 1, 8, 8), 9000.0), {"isp.gamma.gamma": torch.tensor([2.0, 2.2])})
assert "numba" not in sys.modules
"""
    )


def test_help_needs_neither_numba_nor_torch() -> None:
    fresh(
        """
import sys
from camsim.cli import main
sys.argv = ["camsim", "--help"]
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
assert not {"numba", "torch"} & set(sys.modules)
"""
    )


def test_medians_and_menon_are_fused_too(raw: Tensor) -> None:
    profile = chain(BLACK, MENON, WB, median(), SRGB)
    with torch.no_grad():
        fused, plain = (camsim.compile(profile, fused=fused).develop(raw) for fused in (True, False))
    assert not torch.equal(fused, plain)
    assert (fused - plain).abs().max() < 5e-6
