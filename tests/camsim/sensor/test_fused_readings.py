"""The fused capture of sensors with further effects against the plain one, which is the definition."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import camsim
from camsim.errors import CamsimError
from camsim.kernels.readings.run import run
from camsim.sensor import Container, MatrixResponse, SampleId, Sensor, SensorModule, fused_device, unit
from camsim.sensor.hdr import Companding, DualConversionGain, SplitPixel
from camsim.sensor.module import FURTHER

from .sensors import check_independence

MIXED = ((0.8, 0.15, 0.05), (0.1, 0.8, 0.1), (-0.05, 0.25, 0.8))
WARM = {"exposure_time": 0.5, "temperature": 33.0, "reference_temperature": 25.0, "doubling": 8.0}
EFFECTS: dict[str, dict[str, Any]] = {
    "lines": {"row_noise": 3.0, "column_noise": 2.0},
    "pattern": {"prnu": 2.0, "dsnu": 5.0, "unit": 7},
    "dark": {"dark_current": 40.0, "exposure_time": 2.0},
    "warm": {"dark_current": 40.0, **WARM},
    "gains": {"analog_gain": 1.5, "digital_gain": 1.3125, "adc_noise": 2.0},
    "hot": {"hot_pixels": {"fraction": 0.05, "median": 300.0, "spread": 0.7}, "dark_current": 5.0, **WARM},
    "drift": {"black_drift": {"sigma": 3.0, "per_kelvin": 0.2}, "temperature": 33.0, "reference_temperature": 25.0},
    "stuck": {"stuck_pixels": {"low": 0.02, "high": 0.02}},
    "blooming": {"blooming": {"drained": 0.4}},
    "tails": {"read_noise": 20.0, "read_noise_shape": -0.2},
    "bends": {"adc_nonlinearity": {"bow": 20.0, "s_bend": 8.0, "ripple": 3.0, "dnl": 0.15}},
    "bends without steps": {"adc_nonlinearity": {"bow": -20.0, "ripple": 1.0, "ripple_periods": 100}},
    "flicker": {"rolling_shutter": {"line_time": 90.0, "flicker_frequency": 100.0, "flicker_depth": 0.5}}
    | WARM
    | {"dark_current": 1.0},
    "moved": {"rolling_shutter": {"line_time": 90.0, "velocity": (700.0, -300.0)}},
}
ALL = {name: value for effects in EFFECTS.values() for name, value in effects.items()} | {"dark_current": 20.0, **WARM}
KNEES = Companding(knees=((0, 0), (1024, 1024), (8192, 1920), (65535, 4095)))
SPLIT: dict[str, Any] = {
    **{"sensitivity": (0.11,), "full_well": (6000.0,), "gain": (0.25, 2.0, 0.5), "read_noise": (2.0, 1.0, 3.0)},
    **{"photodiode": (0, 1, 1), "bits": 16},
}
HDR: dict[str, Any] = {
    "dual": DualConversionGain(gain=0.2, read_noise=6.0, bits=15),
    "dual, blended": DualConversionGain(gain=0.2, read_noise=6.0, bits=15, blend=0.2),
    "split": SplitPixel(**SPLIT, companding=KNEES),
    "split, blended": SplitPixel(**SPLIT, blend=0.1, companding=KNEES),
    "three exposures": SplitPixel(
        **{"sensitivity": (0.25, 0.05), "full_well": (8000.0, 7500.0), "gain": (1.0, 1.0), "read_noise": (2.5, 2.5)},
        **{"bits": 16, "companding": KNEES, "blend": 0.3},
    ),
}


def sensor(**changes: Any) -> Sensor:
    fields: dict[str, Any] = {
        **{"cfa": "GRBG", "bit_depth": 12, "black_level": (60.0, 61.0, 62.0, 63.0), "white_level": 4095.0},
        **{"system_gain": 0.528, "full_well": 9000.0, "read_noise": 2.5, "exposure": 6000.0},
        "response": MatrixResponse(matrix=MIXED),
    }
    return Sensor(**(fields | changes)).resolve(np.eye(3))


def merged(name: str, **changes: Any) -> Sensor:
    hdr = HDR[name]
    container = None if hdr.companding else Container(bits=16, justify="right")
    return sensor(hdr=hdr, white_level=30000.0, container=container, **({"full_well": 30000.0} | changes))


SENSORS = {
    **{name: sensor(**effects) for name, effects in EFFECTS.items()},
    "all": sensor(**ALL),
    "all, left": sensor(**ALL, container=Container(bits=16, justify="left")),
    **{name: merged(name) for name in HDR},
    "all of three exposures": merged(
        "three exposures", **{name: value for name, value in ALL.items() if name != "digital_gain"}
    ),
}


def cameras(spec: Sensor) -> tuple[SensorModule, SensorModule, SensorModule]:
    """Fused, plain and plain in float64."""
    return SensorModule(spec, fused=True).float(), SensorModule(spec).float(), SensorModule(spec)


def scenes(batch: int, height: int, width: int, scale: float = 1.1) -> Tensor:
    """Of one brightness here and another there, so that each reading of a HDR sensor counts somewhere."""
    light = torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))
    return scale * light * torch.linspace(0, 1, width) ** 2


def step(camera: SensorModule) -> int:
    """DN of the file that one DN of a reading, or one electron, may come to."""
    rough = max(camera.system_gain.item(), 1.0) * (1.0 if camera.digital_gain is None else camera.digital_gain.item())
    if camera.hdr is None:
        return camera.justification * int(np.ceil(rough * (1.0 if camera.analog_gain is None else 1.5)))
    gains = camera.hdr.light_gains(camera.full_well, camera.read_noise)
    return int(np.ceil(1 / min(gain.item() for gain in gains)))


@pytest.mark.parametrize("name", SENSORS)
@pytest.mark.parametrize("size", [(2, 2), (5, 7), (9, 17), (3, 31), (17, 257), (2, 530)])
@pytest.mark.parametrize("seed", [None, 4])
def test_it_is_the_plain_capture(name: str, size: tuple[int, int], seed: int | None) -> None:
    fused, plain, _ = cameras(SENSORS[name])
    scene = scenes(2, *size, 20.0 if fused.hdr else 1.1)
    assert fused.can_fuse(scene)
    with torch.no_grad():
        a, b = fused(scene, seed, ["a", "b"]), plain(scene, seed, ["a", "b"])
    assert a.shape == b.shape
    assert (a - b).abs().max() <= step(fused)
    assert (a != b).float().mean() <= 2 / a.numel()


@pytest.mark.parametrize("name", SENSORS)
@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.1, 30.0])
def test_rounding_alone_sets_it_apart(name: str, scale: float) -> None:
    fused, plain, double = cameras(SENSORS[name])
    scene = scenes(2, 200, 300, scale) - 0.01 * scale
    with torch.no_grad():
        a, b, c = fused(scene, 4, [1, 2]), plain(scene, 4, [1, 2]), double(scene.double(), 4, [1, 2])
    assert (a - b).abs().max() <= step(fused)
    # each of several readings is rounded, and may be rounded to the other side
    assert (a != b).float().mean() < (2e-4 if fused.hdr else 1e-4)
    # and float32, in which a moved picture and codes of 16 bits are rounded as well, does it as often in both
    assert (a != c).float().mean() < 1.2 * (b != c).float().mean() + 1e-4


@pytest.mark.parametrize("cfa", ["mono", "quad-GBRG", "x-trans+1+4", "RCCB", "RGB-IR+1+3"])
def test_any_filter_array(cfa: str) -> None:
    colors = {} if cfa == "mono" else {"matrix": MIXED}
    clear = {"clear": (0.3, 0.6, 0.2)} if cfa in ("mono", "RCCB") else {}
    infrared = {"infrared": (0.1, 0.15, 0.05)} if cfa.startswith("RGB-IR") else {}
    response = MatrixResponse(**colors, **clear, **infrared)  # type: ignore[arg-type]
    for spec in (sensor(**ALL, cfa=cfa, response=response), merged("split, blended", cfa=cfa, response=response)):
        fused, plain, _ = cameras(spec)
        scene = scenes(2, 33, 300, 10.0)
        with torch.no_grad():
            a, b = fused(scene, 4, [1, 2]), plain(scene, 4, [1, 2])
        assert (a - b).abs().max() <= step(fused)
        assert (a != b).float().mean() < 1e-4


@pytest.mark.parametrize("name", ["all", "all of three exposures"])
def test_results_do_not_depend_on_batch_order_or_threads(name: str) -> None:
    check_independence(SensorModule(SENSORS[name], fused=True).float(), scenes(4, 33, 271, 20.0))


@pytest.mark.parametrize("name", ["all, left", "split"])
def test_uint16_into_a_view_and_narrow_images(name: str) -> None:
    fused, _, _ = cameras(SENSORS[name])
    frame = torch.zeros(1, 1, 12, 40, dtype=torch.uint16)
    for width in (5, 20):
        scene = scenes(1, 12, width, 5.0)
        fused.capture_uint16(scene, 0, [0], out=frame[..., 10 : 10 + width])
        with torch.no_grad():
            assert torch.equal(frame[..., 10 : 10 + width].float(), fused(scene, 0, [0]))
    assert not frame[..., :10].float().any()
    assert not frame[..., 30:].float().any()


def test_pixels_see_their_own_noise_whatever_the_readings_around_them() -> None:
    """A later reading is drawn where a block needs it: light elsewhere in the block changes nothing here."""
    fused, _, _ = cameras(SENSORS["split, blended"])
    dim = torch.full((1, 3, 16, 512), 0.02)
    lit = dim.clone()
    lit[..., 3, 7] = lit[..., 9, 300] = 50.0
    with torch.no_grad():
        first, second = fused(dim, 1, ["a"]), fused(lit, 1, ["a"])
    assert (first != second).sum() == 2


def test_moments_of_the_fused_pass() -> None:
    """Variances add up, in the dark and in the light; what is fixed for the unit stays in the mean of many frames."""
    effects = {**EFFECTS["lines"], **EFFECTS["pattern"], "dark_current": 40.0, "exposure_time": 2.0, "adc_noise": 2.0}
    changes = {"bit_depth": 14, "white_level": 16383.0, "system_gain": 1.5, "full_well": 1e5, "exposure": 8000.0}
    camera = SensorModule(sensor(**effects, **changes, response=MatrixResponse(matrix=np.eye(3).tolist()))).float()
    camera.fused = True
    black = torch.tensor([[60.0, 61.0], [62.0, 63.0]]).repeat(32, 32)
    for light in (0.0, 0.4):
        frames = torch.full((1, 3, 64, 64), light).expand(200, 3, 64, 64)
        with torch.no_grad():
            electrons = (camera(frames, 1, list(range(200)))[:, 0] - black) / 1.5
        mean = 8000 * light
        temporal = electrons.var(0).mean().item()
        expected = mean + 80 + 2.5**2 + 3.0**2 + 2.0**2 + (2**2 + 1 / 12) / 1.5**2
        assert temporal == pytest.approx(expected, rel=0.02)
        spatial = electrons.mean(0).var().item() - temporal / 200
        assert spatial == pytest.approx(25 + (0.02 * mean) ** 2, rel=0.1)
        deviates = ((electrons[0] - mean - 80) / np.sqrt(expected + 25 + (0.02 * mean) ** 2)).abs()
        assert 0.001 < (deviates > 2.8).float().mean().item() < 0.02  # 0.005 of a Gaussian


@pytest.mark.parametrize("shape", [-0.45, -0.2, -1e-4, 0.0, 0.05, 0.14, 1.0])
def test_tails_of_the_read_noise(shape: float) -> None:
    """In steps of a thousandth of its deviation, far into the tails."""
    wide = {"bit_depth": 16, "white_level": 65535.0, "black_level": 32000.0, "system_gain": 1.0, "full_well": 1e6}
    fused, plain, _ = cameras(sensor(**wide, read_noise=1000.0, read_noise_shape=shape, adc_noise=0.0))
    dark = torch.zeros(1, 3, 600, 700)
    with torch.no_grad():
        a, b = fused(dark, 3, ["a"]) - 32000, plain(dark, 3, ["a"]) - 32000
    assert (a - b).abs().max() <= 1
    assert (a != b).float().mean() < 1e-3  # float32 has a step of 0.004 at 32000
    if shape > -0.3:  # with heavier tails the deviation of a sample says little
        assert a.std().item() == pytest.approx(1000, rel=0.02)
    if shape < 0:
        assert a.abs().max() > 6000


def test_every_code_of_a_converter_that_is_not_straight() -> None:
    fused, plain, _ = cameras(sensor(**EFFECTS["bends"], black_level=0.0, system_gain=0.7, full_well=1e5))
    ramp = torch.linspace(0, 1.01, 40_000).reshape(1, 1, 40, 1000).expand(1, 3, 40, 1000)
    with torch.no_grad():
        a, b = fused(ramp, None, [0]), plain(ramp, None, [0])
    assert a.unique().numel() > 3500
    assert (a - b).abs().max() <= 1
    assert (a != b).float().mean() < 3e-4


@pytest.mark.parametrize("width", [3, 40])
@pytest.mark.parametrize("drained", [0.0, 0.7, 1.0])
def test_lights_run_over_along_their_columns(width: int, drained: float) -> None:
    """Several streams meet in one column; others leave the frame."""
    fused, plain, double = cameras(sensor(blooming={"drained": drained}, full_well=4000.0, prnu=1.0))
    scene = torch.full((2, 3, 61, width), 0.1)
    scene[0, :, 20, 1] = scene[0, :, 33, 1] = scene[1, :, 58, 2] = 20.0
    with torch.no_grad():
        a, b, c = (camera(scene.to(camera.exposure), None, [0, 1]) for camera in (fused, plain, double))
    assert (a - b).abs().max() <= 1
    assert (a != b).float().mean() < 1e-3
    assert (a != c).float().mean() < 1e-3
    alone = scene.clone()
    alone[scene > 1] = 0.1
    with torch.no_grad():
        trail = (a - fused(alone, None, [0, 1])).abs() > 100
    assert trail.sum() == 3 if drained == 1 else trail.sum() > 20


def test_a_knob_that_is_turned_is_seen_at_once() -> None:
    fused, plain, _ = cameras(SENSORS["all"])
    scene = scenes(1, 20, 40)
    with torch.no_grad():
        before = fused(scene, 1, [0])
    for camera in (fused, plain):
        camera.get_parameter("row_noise").data += 4.0
        camera.get_parameter("hot_pixels.median").data *= 3.0
        camera.get_parameter("stuck_pixels.high").data += 0.1
    with torch.no_grad():
        after = fused(scene, 1, [0])
        assert torch.equal(after, fused.capture_uint16(scene, 1, [0]).float())
        assert (after - plain(scene, 1, [0])).abs().max() <= step(fused)
    assert (before != after).float().mean() > 0.3
    doubled = {"system_gain": 2 * fused.system_gain.detach()}
    with torch.no_grad():
        turned = torch.func.functional_call(fused, doubled, (scene, 1, [0]))
        assert torch.equal(fused(scene, 1, [0]), after)
    assert turned.mean() > 1.3 * after.mean()


def test_maps_of_a_unit_are_made_once_and_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit, "_kept", {})
    made: list[tuple[int, str, int, int]] = []
    original = unit.fixed_pattern

    def counted(number: int, effect: str, height: int, width: int) -> Tensor:
        made.append((number, effect, height, width))
        return original(number, effect, height, width)

    monkeypatch.setattr("camsim.sensor.fused_device.fixed_pattern", counted)
    fused, _, _ = cameras(SENSORS["pattern"])
    for width in (20, 20, 24, 20):
        fused.capture_uint16(scenes(1, 10, width), 0, [0])
    assert sorted(made) == [(7, effect, 10, width) for effect in ("dsnu", "prnu") for width in (20, 24)]
    monkeypatch.setattr(unit, "MOST_KEPT", 3 * 4 * 10 * 24)
    fused.capture_uint16(scenes(1, 10, 22), 0, [0])
    assert sum(image.nbytes for image in unit._kept.values()) <= unit.MOST_KEPT
    monkeypatch.setattr(unit, "MOST_KEPT", 0)
    expected = SensorModule(SENSORS["pattern"]).float().capture_uint16(scenes(1, 10, 21), 0, [0])
    assert (fused.capture_uint16(scenes(1, 10, 21), 0, [0]).float() - expected.float()).abs().max() <= 1
    assert unit._kept == {}


@pytest.mark.parametrize("name", ["all", "split, blended"])
@pytest.mark.parametrize("seed", [None, 3])
def test_gradients_are_those_of_the_plain_path(name: str, seed: int | None) -> None:
    fused, plain, _ = cameras(SENSORS[name])
    light = [scenes(2, 6, 20).requires_grad_() for _ in range(2)]
    weight = torch.randn(2, 1, 6, 20, generator=torch.Generator().manual_seed(1))
    dn = [camera(scene, seed, [0, 1]) for camera, scene in zip((fused, plain), light, strict=True)]
    assert (dn[0] - dn[1]).abs().max() <= step(fused)
    for result in dn:
        result.backward(weight)
    assert light[0].grad is not None
    assert torch.equal(light[0].grad, light[1].grad)  # type: ignore[arg-type]
    for (knob, ours), theirs in zip(fused.named_parameters(), plain.parameters(), strict=True):
        assert (ours.grad is None) == (theirs.grad is None), knob
        assert ours.grad is None or torch.equal(ours.grad, theirs.grad), knob  # type: ignore[arg-type]
    with torch.no_grad():
        assert torch.equal(fused(light[0], seed, [0, 1]), dn[0])


def test_second_derivatives_and_batches_of_gradients_are_those_of_the_plain_path() -> None:
    curves: list[Tensor] = []
    batches: list[Tensor] = []
    for camera in cameras(SENSORS["all"])[:2]:
        scene = scenes(1, 6, 20).requires_grad_()
        dn = camera(scene, 3, [0])
        weights = torch.randn(3, *dn.shape, generator=torch.Generator().manual_seed(1))
        batches += torch.autograd.grad(dn, scene, weights, is_grads_batched=True, retain_graph=True)
        (slope,) = torch.autograd.grad(dn.square().sum(), scene, create_graph=True)
        curves += torch.autograd.grad(slope.sum(), camera.system_gain)
    torch.testing.assert_close(*batches)
    torch.testing.assert_close(*curves, rtol=1e-3, atol=0)


@pytest.mark.parametrize("name", ["all", "split, blended"])
def test_functional_transforms(name: str) -> None:
    """Gradient, vmap over a knob, and both at once, as the search uses them."""
    fused, plain, _ = cameras(SENSORS[name])
    scene = scenes(2, 6, 20)
    knobs = {knob: value.detach() for knob, value in fused.named_parameters()}

    def mean_dn(camera: SensorModule, gain: Tensor) -> Tensor:
        values = (knobs | {"system_gain": gain}, (scene, 3, [0, 1]))
        return torch.func.functional_call(camera, *values).mean()  # type: ignore[no-any-return]

    gains = torch.tensor([0.2, 0.4, 0.6])
    for transform in (torch.func.vmap, torch.func.grad, lambda f: torch.func.vmap(torch.func.grad(f))):
        given = gains[0] if transform is torch.func.grad else gains
        ours, theirs = (
            transform(lambda gain, camera=camera: mean_dn(camera, gain))(given) for camera in (fused, plain)
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=step(fused) / 240)
    ours, theirs = (
        torch.func.grad(lambda g, c=camera: torch.func.vmap(lambda gain: mean_dn(c, gain))(g).sum())(gains)
        for camera in (fused, plain)
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    assert {knob: value for knob, value in fused.named_parameters() if not torch.equal(value, knobs[knob])} == {}


def test_knobs_may_be_the_same_tensor() -> None:
    slopes = []
    for camera in cameras(SENSORS["all"])[:2]:
        both = torch.tensor(3.0, requires_grad=True)
        values = {"row_noise": both, "column_noise": both}
        torch.func.functional_call(camera, values, (scenes(1, 6, 20), 1, [0])).sum().backward()
        slopes.append(both.grad)
    assert slopes[0] is not None
    assert torch.equal(slopes[0], slopes[1])  # type: ignore[arg-type]


def test_gradients_are_those_of_the_buffers_that_light_went_through() -> None:
    slopes = []
    for camera in cameras(SENSORS["all"])[:2]:
        scene = (scenes(1, 6, 20) / 10).requires_grad_()
        dn = torch.func.functional_call(camera, {"response": 3 * camera.response}, (scene, 1, [0]))
        slopes += torch.autograd.grad(dn.sum(), scene)
    assert slopes[0].abs().max() > 0
    assert torch.equal(slopes[0], slopes[1])


def test_other_steps_are_seen_at_once() -> None:
    fused, plain, _ = cameras(SENSORS["bends"])
    scene = scenes(1, 20, 300)
    with torch.no_grad():
        before = fused(scene, None, [0])
        for camera in (fused, plain):
            assert camera.adc_nonlinearity is not None
            camera.adc_nonlinearity.table = -10 * camera.get_buffer("adc_nonlinearity.table")
        after = fused(scene, None, [0])
        assert (before != after).float().mean() > 0.01
        assert (after != plain(scene, None, [0])).float().mean() < 1e-3


def test_numbers_stay_in_memory_while_a_pass_looks_at_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread may make the same ones once more, and put them in their place."""
    fused, _, _ = cameras(SENSORS["gains"])
    scene = scenes(1, 6, 20)
    with torch.no_grad():
        expected = fused(scene, 1, [0])
    device = fused_device._kept_device(fused)
    numbers = weakref.ref(device.arrays.plan)
    seen = []

    def replaced(*arguments: int) -> None:
        device.__dict__.pop("arrays", None)
        seen.append(numbers() is not None)
        run(*arguments)

    monkeypatch.setattr("camsim.kernels.readings.run.run", replaced)
    with torch.no_grad():
        assert torch.equal(fused(scene, 1, [0]), expected)
    assert seen
    assert all(seen)


@pytest.mark.parametrize("name", ["all", "dual", "all of three exposures", "none"])
def test_a_default_device_that_is_not_the_scenes_does_not_matter(name: str) -> None:
    spec, scene = SENSORS.get(name, sensor()), scenes(1, 11, 23)  # a size that no other test has: tables are kept
    camera = SensorModule(spec, fused=True).float()
    with torch.device("meta"):
        ours = camera(scene.requires_grad_(), 1, [0])
    assert torch.equal(ours, camera(scene, 1, [0]))


def test_scenes_of_one_channel_take_the_plain_path() -> None:
    """The kernels would read two more behind it."""
    for name in ("gains", "none"):
        spec = SENSORS.get(name, sensor())
        fused, plain = SensorModule(spec, fused=True).float(), SensorModule(spec).float()
        grey = scenes(1, 6, 20)[:, :1]
        assert not fused.can_fuse(grey)
        with torch.no_grad():
            assert torch.equal(fused(grey, 1, [0]), plain(grey, 1, [0]))


def test_what_does_not_fit_is_refused() -> None:
    fused, _, _ = cameras(SENSORS["split"])
    ids: list[SampleId] = [0, 1]
    with pytest.raises(ValueError, match="needs one key for each of 1 samples, got 2"):
        fused.capture_uint16(scenes(1, 4, 6), 0, ids)
    with pytest.raises(ValueError, match=r"out must be \(1, 1, 4, 6\), torch.uint16 on cpu"):
        fused.capture_uint16(scenes(1, 4, 6), 0, [0], out=torch.empty(1, 1, 4, 6))


def test_tracing_takes_the_plain_path() -> None:
    fused, plain, _ = cameras(SENSORS["gains"])
    scene = scenes(1, 6, 8)
    with torch.no_grad():
        compiled = torch.compile(lambda light: fused(light, None, [0]), backend="eager", fullgraph=True)
        assert torch.equal(compiled(scene), plain(scene, None, [0]))


def test_every_effect_is_among_those_that_are_tried_here() -> None:
    assert set(FURTHER) <= {*ALL, "hdr"}
    assert set(fused_device.KNOWN) == set(FURTHER)


def test_an_effect_that_it_does_not_know_takes_the_plain_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_device, "KNOWN", ("prnu",))
    spec = sensor(row_noise=1.0, prnu=1.0)
    fused, scene = SensorModule(spec, fused=True).float(), scenes(1, 6, 8)
    assert (fused.further, fused.beyond_fused) == (("row_noise", "prnu"), ("row_noise",))
    assert not fused.can_fuse(scene)
    with torch.no_grad():
        assert torch.equal(fused(scene, 1, [0]), SensorModule(spec).float()(scene, 1, [0]))
    profile = camsim.load("board/rpi-hq-imx477")
    profile = profile.model_copy(update={"sensor": profile.sensor.replace({"row_noise": 1.0})})
    with pytest.raises(CamsimError, match="the fused pass knows no row_noise"):
        camsim.compile(profile, fused=True).capture(scene)


def test_float64_takes_the_plain_path() -> None:
    fused, _, double = cameras(SENSORS["all"])
    scene = scenes(1, 6, 8).double()
    assert not fused.can_fuse(scene)
    fused = SensorModule(SENSORS["all"], fused=True)
    assert fused.further == double.further
    with torch.no_grad():
        assert torch.equal(fused(scene, 1, [0]), double(scene, 1, [0]))
