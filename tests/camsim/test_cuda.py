"""Every stage and every shipped camera on a GPU: the CPU's values and gradients, on the device it was put on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import camsim
from camsim.catalog import shipped
from camsim.spec import StageSpec
from tests.camsim.isp.test_stages import EXAMPLES, build, picture

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
GPU = torch.device("cuda")


def scene(height: int = 66, width: int = 90, dtype: torch.dtype = torch.float64) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    return 0.05 + 0.6 * torch.rand(2, 3, height, width, generator=generator, dtype=dtype)


@pytest.mark.parametrize("spec", EXAMPLES.values(), ids=EXAMPLES)
def test_a_stage_gives_the_same_values_and_gradients(spec: StageSpec) -> None:
    results = []
    for device in (torch.device("cpu"), GPU):
        stage = build(spec).to(device)
        image = picture(spec, 2, 19, 22).to(device).requires_grad_()
        shown = stage(image)
        assert shown.device.type == device.type
        gradients = torch.autograd.grad((shown - 0.3).square().sum(), [image, *stage.parameters()])
        results.append([shown.detach().cpu(), *[gradient.cpu() for gradient in gradients]])
    for here, there in zip(*results, strict=True):
        assert (here - there).abs().max() <= 1e-9 * max(1.0, here.abs().max().item())


@pytest.mark.parametrize("name", shipped())
def test_a_camera_gives_the_same_picture_and_gradients(name: str) -> None:
    results = []
    for device in (torch.device("cpu"), GPU):
        camera = camsim.compile(name, dtype=torch.float64, device=device, fused=False)
        light = scene().to(device).requires_grad_()
        raw = camera.capture(light, seed=3)
        shown = camera.develop(raw)
        knobs = dict(camera.named_parameters())
        gradients = torch.autograd.grad(shown.square().mean(), [light, *knobs.values()], allow_unused=True)
        results.append([raw.detach().cpu(), shown.detach().cpu(), *[g.cpu() for g in gradients if g is not None]])
    for place, (here, there) in enumerate(zip(*results, strict=True)):
        # Of a saturated pixel, which lies on the limit of a clip, rounding decides whether it has a gradient.
        tolerance = 1e-8 if place < 2 else 1e-5
        assert (here - there).abs().max() <= tolerance * max(1.0, here.abs().max().item())


@pytest.mark.parametrize("name", shipped())
def test_a_camera_in_float32(name: str) -> None:
    """Rounding may take a DN to its neighbour, in a few pixels of ten thousand; noise is the same on both."""
    light = scene(dtype=torch.float32)
    with torch.no_grad():
        here = camsim.compile(name, fused=False).capture(light, seed=3)
        there = camsim.compile(name, device=GPU).capture(light.to(GPU), seed=3).cpu()
    step = camsim.load(name).sensor.justification
    assert (here - there).abs().max() <= step
    assert ((here - there).abs() > 0).double().mean() < 0.01


def test_merged_readings_behind_a_rolling_shutter() -> None:
    """Light from shadows to 40 times white, so that every reading counts somewhere."""
    profile = camsim.load("automotive/imx490-hdr")
    shutter = {"line_time": 30.0, "flicker_frequency": 100.0, "flicker_depth": 0.4, "velocity": [5000.0, 900.0]}
    sensor = profile.sensor.replace({"exposure_time": 0.004, "rolling_shutter": shutter})
    profile = profile.model_copy(update={"sensor": sensor})
    light = 60 * scene() ** 3
    with torch.no_grad():
        here = camsim.compile(profile, dtype=torch.float64).capture(light, seed=3)
        there = camsim.compile(profile, dtype=torch.float64, device=GPU).capture(light.to(GPU), seed=3).cpu()
    assert ((here - there).abs() > 0).double().mean() < 1e-3
    torch.testing.assert_close(here, there, rtol=0, atol=20)
