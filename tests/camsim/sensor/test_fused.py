"""The fused capture against the plain one, which is the definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from camsim.errors import CamsimError
from camsim.sensor import Container, MatrixResponse, SampleId, Sensor, SensorModule
from camsim.sensor import fused as fused_module

MIXED = ((0.8, 0.15, 0.05), (0.1, 0.8, 0.1), (-0.05, 0.25, 0.8))
CLEAR, INFRARED = (0.3, 0.6, 0.2), (0.1, 0.15, 0.05)
OTHERS = {
    "mono": MatrixResponse(clear=CLEAR),
    "quad-GBRG": MatrixResponse(matrix=MIXED),
    "x-trans": MatrixResponse(matrix=MIXED),
    "x-trans+1+4": MatrixResponse(matrix=MIXED),
    "RCCB": MatrixResponse(matrix=MIXED, clear=CLEAR),
    "RGB-IR+1+3": MatrixResponse(matrix=MIXED, infrared=INFRARED),
}
"""Arrays other than Bayer's, whose cells are 1, 2, 4 and 6 px wide, with what their pixels see."""
NAMES = ["black_level", "system_gain", "full_well", "read_noise", "exposure"]


def sensor(**changes: Any) -> Sensor:
    fields: dict[str, Any] = {
        "cfa": "GRBG",
        "bit_depth": 12,
        "black_level": (60.0, 61.0, 62.0, 63.0),
        "white_level": 4095.0,
        "system_gain": 0.528,
        "full_well": 5000.0,
        "read_noise": 2.5,
        "exposure": 6000.0,
        "response": MatrixResponse(matrix=MIXED),
    }
    return Sensor(**(fields | changes)).resolve(np.eye(3))


def cameras(spec: Sensor) -> tuple[SensorModule, SensorModule, SensorModule]:
    """Fused, plain and plain in float64."""
    return SensorModule(spec, fused=True).float(), SensorModule(spec).float(), SensorModule(spec)


def scenes(batch: int, height: int, width: int, scale: float = 1.1) -> Tensor:
    return scale * torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG", *OTHERS])
@pytest.mark.parametrize("size", [(2, 2), (5, 7), (4, 16), (9, 17), (3, 31), (17, 257), (2, 530)])
@pytest.mark.parametrize("seed", [None, 4])
def test_it_is_the_plain_capture(cfa: Any, size: tuple[int, int], seed: int | None) -> None:
    fused, plain, _ = cameras(sensor(cfa=cfa, response=OTHERS.get(cfa, MatrixResponse(matrix=MIXED))))
    scene = scenes(2, *size)
    a, b = fused(scene, seed, ["a", "b"]), plain(scene, seed, ["a", "b"])
    assert a.shape == b.shape
    assert (a - b).abs().max() <= 1
    assert (a != b).float().mean() <= 2 / a.numel()


@pytest.mark.parametrize("scale", [1e-4, 2e-3, 0.05, 1.1], ids=["under 1 e-", "12 e-", "300 e-", "bright"])
@pytest.mark.parametrize("seed", [None, 4])
@pytest.mark.parametrize("cfa", ["GRBG", "mono", "x-trans", "RGB-IR+1+3"])
def test_rounding_alone_sets_it_apart(cfa: Any, scale: float, seed: int | None) -> None:
    fused, plain, double = cameras(sensor(cfa=cfa, response=OTHERS.get(cfa, MatrixResponse(matrix=MIXED))))
    scene = scenes(4, 256, 256, scale) - 0.01 * scale
    with torch.no_grad():
        a, b, c = fused(scene, seed, range(4)), plain(scene, seed, range(4)), double(scene.double(), seed, range(4))
    assert (a - b).abs().max() <= 1
    assert (a != b).float().mean() < 1e-4
    assert (a - c).abs().max() <= 1
    assert (a != c).float().mean() < 3e-4


@pytest.mark.parametrize(
    "changes",
    [
        {"container": Container(bits=16, justify="left")},
        {"container": Container(bits=16, justify="right")},
        {"bit_depth": 16, "white_level": 65535.0, "system_gain": 13.0},
        {"full_well": 1e6, "system_gain": 2.0},
    ],
    ids=["left", "right", "16 bit", "clipped by the ADC"],
)
def test_both_containers_of_the_result(changes: dict[str, Any]) -> None:
    fused, plain, _ = cameras(sensor(**changes))
    scene = scenes(2, 40, 50)
    with torch.no_grad():
        dn = fused(scene, 0, [0, 1])
    words = fused.capture_uint16(scene, 0, [0, 1])
    assert words.dtype == torch.uint16
    assert torch.equal(words.float(), dn)
    difference = (dn - plain(scene, 0, [0, 1])).abs().max()
    # a rounding to the other side is one DN of the ADC; a mean rounded to the other side one electron
    assert difference <= fused.justification * np.ceil(fused.system_gain.item())
    out = torch.empty(2, 1, 40, 50, dtype=torch.uint16)
    assert fused.capture_uint16(scene, 0, [0, 1], out=out) is out
    assert torch.equal(out.float(), dn)
    assert torch.equal(plain.capture_uint16(scene, 0, [0, 1], out=out).float(), plain(scene, 0, [0, 1]))


def test_uint16_into_a_view_and_narrow_images() -> None:
    fused, _, _ = cameras(sensor())
    frame = torch.zeros(1, 1, 12, 40, dtype=torch.uint16)
    for width in (5, 20):
        scene = scenes(1, 12, width)
        fused.capture_uint16(scene, 0, [0], out=frame[..., 10 : 10 + width])
        assert torch.equal(frame[..., 10 : 10 + width].float(), fused(scene, 0, [0]))
    assert not frame[..., :10].float().any()
    assert not frame[..., 30:].float().any()


@pytest.mark.parametrize(
    "out",
    [torch.empty(1, 1, 4, 5, dtype=torch.uint16), torch.empty(1, 1, 4, 4), torch.empty(1, 4, 4, dtype=torch.uint16)],
    ids=["size", "type", "rank"],
)
def test_room_that_does_not_fit_is_refused(out: Tensor) -> None:
    with pytest.raises(ValueError, match=r"out must be \(1, 1, 4, 4\), torch.uint16 on cpu"):
        cameras(sensor())[0].capture_uint16(scenes(1, 4, 4), 0, [0], out=out)


def gradients(
    camera: SensorModule, scene: Tensor, seed: int | None, weight: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    scene = scene.to(camera.exposure.dtype, copy=True).requires_grad_()
    camera.zero_grad()
    camera(scene, seed, list(range(len(scene)))).backward(weight.to(scene.dtype))
    assert scene.grad is not None
    return scene.grad, {name: knob.grad for name, knob in camera.named_parameters() if knob.grad is not None}


@pytest.mark.parametrize("size", [(3, 5), (8, 16), (9, 31), (20, 300)])
@pytest.mark.parametrize("seed", [None, 4])
@pytest.mark.parametrize("cfa", ["GRBG", "mono", "x-trans+1+4", "RGB-IR+1+3"])
def test_gradients_are_those_of_the_plain_path(cfa: Any, size: tuple[int, int], seed: int | None) -> None:
    """Some pixels are full, some are limited by the ADC at either end, one is black."""
    dark = {"full_well": 6000.0, "bit_depth": 11, "white_level": 2000.0, "exposure": 8000.0}
    response = OTHERS.get(cfa, MatrixResponse(matrix=MIXED))
    spec = sensor(cfa=cfa, response=response, black_level=(2.0, 1.0, 2.0, 3.0), **dark)
    fused, _, double = cameras(spec)
    scene = scenes(3, *size) - 0.05
    scene[0, :, 0, 0] = 0
    weight = torch.randn(3, 1, *size, generator=torch.Generator().manual_seed(1))
    ours, knobs = gradients(fused, scene, seed, weight)
    exact, exact_knobs = gradients(double, scene, seed, weight)
    torch.testing.assert_close(ours.double(), exact, rtol=1e-5, atol=1e-8 * float(exact.abs().max()))
    assert set(knobs) == set(exact_knobs) == set(NAMES) - (set() if seed is not None else {"read_noise"})
    _, sizes = gradients(double, scene, seed, weight.abs())  # what the signed sums are made of
    for name, value in knobs.items():
        assert ((value.double() - exact_knobs[name]).abs() <= 1e-5 * sizes[name].abs()).all(), name


def test_a_tie_with_the_full_well_is_halved_as_in_torch() -> None:
    spec = sensor(response=MatrixResponse(matrix=((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))), full_well=5000.0)
    fused, plain, _ = cameras(spec)
    scene = torch.full((1, 3, 4, 20), 5000 / 6000)
    scene[..., 7:] = 0.5
    scene = (scene.double() * 6000).round().div(6000).float()  # the float32 product is whole electrons
    assert torch.equal(torch.tensor(6000.0) * scene[0, 0, 0, 0], torch.tensor(5000.0))
    _, knobs = gradients(fused, scene, None, torch.ones(1, 1, 4, 20))
    assert knobs["full_well"].item() == pytest.approx(28 * 0.5 * 0.528)
    assert gradients(plain, scene, None, torch.ones(1, 1, 4, 20))[1]["full_well"].item() == pytest.approx(
        28 * 0.5 * 0.528
    )


def test_noise_does_not_depend_on_batch_order_or_threads() -> None:
    fused, _, _ = cameras(sensor())
    scene = scenes(5, 33, 70)
    ids: list[SampleId] = ["a", "b", 3, "3", 4]
    weight = torch.randn(5, 1, 33, 70, generator=torch.Generator().manual_seed(1))

    def everything() -> list[Tensor]:
        light = scene.clone().requires_grad_()
        fused.zero_grad()
        dn = fused(light, 5, ids)
        dn.backward(weight)
        return [dn.detach(), light.grad, *(knob.grad.clone() for knob in fused.parameters())]  # type: ignore[union-attr, list-item]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = everything()
        torch.set_num_threads(3)
        three = everything()
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(one, three, strict=True))
    order = [2, 0, 4, 3, 1]
    assert torch.equal(fused(scene[order], 5, [ids[i] for i in order]), one[0][order])
    for i in range(5):
        assert torch.equal(fused(scene[[i]], 5, [ids[i]]), one[0][[i]])


def test_functional_transforms() -> None:
    """Gradient, vmap over a knob, and both at once, as the search uses them."""
    fused, plain, _ = cameras(sensor())
    scene = scenes(2, 6, 20)
    knobs = {name: knob.detach() for name, knob in fused.named_parameters()}

    def mean_dn(camera: SensorModule, gain: Tensor) -> Tensor:
        values = knobs | {"system_gain": gain}
        return torch.func.functional_call(camera, values, (scene, 3, [0, 1])).mean()  # type: ignore[no-any-return]

    gains = torch.tensor([0.2, 0.4, 0.6])
    for transform in (torch.func.vmap, torch.func.grad, lambda f: torch.func.vmap(torch.func.grad(f))):
        given = gains[0] if transform is torch.func.grad else gains
        ours, theirs = (
            transform(lambda gain, camera=camera: mean_dn(camera, gain))(given) for camera in (fused, plain)
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1 / 240)


def test_what_is_kept_from_an_inference_serves_gradients() -> None:
    """Tables are kept: those that were made while no gradients were allowed must not forbid them later."""
    for kept in (fused_module.site_table, fused_module.site_columns):
        kept.cache_clear()
    fused, plain, _ = cameras(sensor(cfa="quad-RGGB"))
    scene = scenes(1, 6, 20)
    with torch.inference_mode():
        fused(scene, 0, [0])
    ours, theirs = (gradients(camera, scene, 0, torch.ones(1, 1, 6, 20))[0] for camera in (fused, plain))
    torch.testing.assert_close(ours, theirs)


def test_there_are_no_second_derivatives() -> None:
    fused, _, _ = cameras(sensor())
    scene = scenes(1, 4, 6).requires_grad_()
    (slope,) = torch.autograd.grad(fused(scene, 0, [0]).square().sum(), scene, create_graph=True)
    with pytest.raises(CamsimError, match="no second derivatives; compile the camera with fused=False"):
        slope.sum().backward()


def test_it_is_used_where_it_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("camsim.sensor.module.capture", lambda *args: calls.append(args))
    fused, plain, _ = cameras(sensor())
    scene = scenes(1, 4, 6)
    assert not fused.can_fuse(scene.double())
    assert fused.double()(scene.double(), 0, [0]) is not None
    assert plain(scene, 0, [0]) is not None
    assert calls == []
    fused.float()(scene, 0, [0])
    assert len(calls) == 1


def test_tracing_takes_the_plain_path() -> None:
    fused, plain, _ = cameras(sensor())
    scene = scenes(1, 6, 8)
    compiled = torch.compile(lambda light: fused(light, None, [0]), backend="eager", fullgraph=True)
    assert torch.equal(compiled(scene), plain(scene, None, [0]))
