"""The whole sensor: moments against exact ones, exposure, keyed noise, gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor

from camsim.cfa import color_masks
from camsim.sensor import (
    Container,
    InverseIspResponse,
    MatrixResponse,
    SampleId,
    Sensor,
    SensorModule,
    noise_keys,
    read_noise,
    shot_noise,
)

EYE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def sensor(**changes: Any) -> Sensor:
    fields: dict[str, Any] = {
        "cfa": "RGGB",
        "bit_depth": 12,
        "black_level": 64.0,
        "white_level": 4095.0,
        "system_gain": 0.528,
        "full_well": 7600.0,
        "read_noise": 2.5,
        "response": MatrixResponse(matrix=EYE),
    }
    return Sensor(**(fields | changes))


def module(spec: Sensor, isp_color: NDArray[np.float64] | None = None) -> SensorModule:
    return SensorModule(spec.resolve(np.eye(3) if isp_color is None else isp_color)).double()


def expose(spec: Sensor, scene: Tensor, seed: int | None = None, ids: list[SampleId] | None = None) -> Tensor:
    with torch.no_grad():
        dn: Tensor = module(spec)(scene, seed, list(range(len(scene))) if ids is None else ids)
    return dn


def even(level: float, size: int = 4) -> Tensor:
    return torch.full((1, 3, size, size), level, dtype=torch.float64)


@pytest.mark.parametrize("index", range(13), ids="mean {} of 13".format)
def test_mean_and_variance_are_the_exact_ones(golden: Any, index: int) -> None:
    """From darkness through the linear range into the full well, all within four standard errors."""
    arrays = golden("sensor_moments")
    gain, sigma, offset, bits, well = arrays["sensor_params"].tolist()
    spec = sensor(
        system_gain=gain, read_noise=sigma, black_level=offset, bit_depth=int(bits), full_well=well, exposure=10_000.0
    )
    electrons = float(arrays["sensor_lambda"][index])
    _, mean, variance, *_ = arrays["sensor_mass_mean_var_p0_pmax"][index]
    dn = expose(spec, even(electrons / 10_000, 400), seed=11).numpy().ravel()
    fourth = ((dn - dn.mean()) ** 4).mean()
    assert abs(dn.mean() - mean) < 4 * np.sqrt(variance / dn.size)
    assert abs(dn.var() - variance) < 4 * np.sqrt((fourth - variance**2) / dn.size)


@pytest.mark.parametrize(
    "changes",
    [
        {"full_well": 1e4},
        {"bit_depth": 16, "white_level": 65535.0, "system_gain": 2.174, "full_well": 3e5, "black_level": 0.6444953},
        {"full_well": 1e4, "container": Container(bits=16, justify="left")},
        {"system_gain": 0.0371, "full_well": 1.2e5},
    ],
    ids=["12 bit", "16 bit", "left-justified", "low gain"],
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_camera_rgb_one_just_reaches_white(changes: dict[str, Any], dtype: torch.dtype) -> None:
    spec = sensor(**changes)
    dn = SensorModule(spec.resolve(np.eye(3))).to(dtype)(even(1.0).to(dtype), None, [0])
    assert (dn == torch.tensor(spec.raw_format.white[0])).all()


def test_an_exposure_of_its_own_is_kept() -> None:
    spec = sensor(exposure=1000.0).resolve(np.eye(3))
    assert spec.exposure == 1000
    assert (expose(spec, even(0.5)) == round(500 * 0.528 + 64)).all()


def test_full_well_limits_before_the_adc() -> None:
    assert (expose(sensor(full_well=1000.0), even(1.0)) == round(1000 * 0.528 + 64)).all()


def test_the_adc_limits_what_the_well_lets_through() -> None:
    assert (expose(sensor(full_well=1e6), even(3.0)) == 4095).all()


def test_left_justified_values_are_multiples() -> None:
    spec = sensor(container=Container(bits=16, justify="left"))
    scene = torch.rand(1, 3, 16, 16, dtype=torch.float64)
    dn = expose(spec, scene, seed=0)
    assert torch.equal(dn, 16 * expose(sensor(), scene, seed=0))
    assert dn.max() > 4095


@pytest.mark.parametrize("cfa", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("size", [(4, 6), (5, 7)], ids=["even", "odd"])
def test_each_pixel_sees_its_colour(cfa: Any, size: tuple[int, int]) -> None:
    scene = torch.tensor([0.2, 0.5, 0.8], dtype=torch.float64)[None, :, None, None].expand(1, 3, *size)
    dn = expose(sensor(cfa=cfa, black_level=0.0, full_well=1e5, system_gain=1.0, exposure=1000.0), scene)[0, 0]
    letters = np.array(list(cfa)).reshape(2, 2)
    for y in range(size[0]):
        for x in range(size[1]):
            assert dn[y, x] == {"R": 200, "G": 500, "B": 800}[letters[y % 2, x % 2]]


def test_black_levels_lie_at_their_sites() -> None:
    dn = expose(sensor(black_level=(60.0, 61.0, 62.0, 63.0)), torch.zeros(1, 3, 3, 5, dtype=torch.float64))[0, 0]
    assert dn.tolist() == [[60, 61, 60, 61, 60], [62, 63, 62, 63, 62], [60, 61, 60, 61, 60]]


def test_the_response_is_applied_before_the_mosaic() -> None:
    swap = MatrixResponse(matrix=((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (1.0, 0.0, 0.0)))
    scene = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    assert torch.equal(expose(sensor(response=swap), scene), expose(sensor(), scene[:, [1, 2, 0]]))


def test_the_inverse_of_the_isp_is_written_out() -> None:
    color = np.array([[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]])
    response = sensor(response=InverseIspResponse()).resolve(color).response
    assert isinstance(response, MatrixResponse)
    np.testing.assert_allclose(np.array(response.matrix) @ color, np.eye(3), rtol=0, atol=1e-14)


def test_an_isp_without_inverse_needs_a_matrix() -> None:
    singular = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    with pytest.raises(ValueError, match="no inverse; give a matrix instead"):
        sensor(response=InverseIspResponse()).resolve(singular)
    assert sensor().resolve(singular).response == MatrixResponse(matrix=EYE)


def test_an_unresolved_sensor_is_refused() -> None:
    for spec in (sensor(), sensor(exposure=1.0, response=InverseIspResponse())):
        with pytest.raises(ValueError, match="needs a resolved sensor"):
            SensorModule(spec)


def test_noise_depends_on_seed_and_id_alone() -> None:
    scenes = torch.rand(4, 3, 8, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    ids: list[SampleId] = ["a", "b", 3, "3"]
    whole = expose(sensor(), scenes, seed=5, ids=ids)
    order = [2, 0, 3, 1]
    assert torch.equal(expose(sensor(), scenes[order], 5, [ids[i] for i in order]), whole[order])
    for i in range(4):
        assert torch.equal(expose(sensor(), scenes[[i]], 5, [ids[i]])[0], whole[i])


def test_other_seeds_and_ids_give_other_noise() -> None:
    scene = even(0.3, 16)
    keys: list[tuple[int, SampleId]] = [(0, 0), (1, 0), (0, 1), (0, "0")]
    frames = [expose(sensor(), scene, seed, [sample]) for seed, sample in keys]
    assert all(not torch.equal(a, b) for i, a in enumerate(frames) for b in frames[:i])


def test_shot_and_read_noise_have_nothing_in_common() -> None:
    keys = noise_keys(0, [0, 1, 2])
    light = torch.full((3, 1, 100, 100), 1000.0)
    shot = (shot_noise(light, keys) - light) / light.sqrt()
    read = read_noise(torch.zeros_like(light), torch.tensor(1.0), keys)
    rows = torch.cat([shot.flatten(1), read.flatten(1)])
    assert (torch.corrcoef(rows) - torch.eye(6)).abs().max() < 4.5 / 100


def test_without_a_seed_there_is_no_noise() -> None:
    scene = torch.rand(1, 3, 6, 6, dtype=torch.float64)
    electrons = 4031 / 0.528 * (scene * color_masks("RGGB", 6, 6, like=scene)).sum(1, keepdim=True)
    expected = (electrons.clamp_max(7600) * 0.528 + 64).round()
    assert torch.equal(expose(sensor(), scene), expected)


def test_parameters_are_exactly_the_knobs_and_carry_gradients() -> None:
    spec = sensor(full_well=5000.0)  # below white, so that some pixels saturate
    camera = module(spec)
    names = {name for name, _ in camera.named_parameters()}
    assert names == {"black_level", "system_gain", "full_well", "read_noise", "exposure"}
    scene = torch.rand(1, 3, 12, 12, dtype=torch.float64, requires_grad=True)
    camera(scene, 0, [0]).square().sum().backward()
    assert scene.grad is not None
    assert (scene.grad != 0).any()
    for name, parameter in camera.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert (parameter.grad != 0).all(), name


def test_gradients_are_those_of_the_linear_model() -> None:
    """EMVA 1288: DN = K * electrons + black; the straight-through rounding leaves its derivatives as they are."""
    camera = module(sensor(full_well=1e5, exposure=1000.0))
    scene = even(0.4, 2).requires_grad_()
    camera(scene, None, [0]).sum().backward()
    grads = {name: parameter.grad for name, parameter in camera.named_parameters()}
    assert grads["system_gain"] == pytest.approx(4 * 400)
    assert grads["exposure"] == pytest.approx(4 * 0.4 * 0.528)
    assert grads["black_level"] is not None
    assert grads["black_level"].tolist() == pytest.approx([1] * 4)
    assert scene.grad is not None
    seen = scene.grad[0].sum(0)
    assert seen.flatten().tolist() == pytest.approx([528] * 4)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bit_depth", 7),
        ("bit_depth", 17),
        ("bit_depth", 12.5),
        ("cfa", "RGBG"),
        ("system_gain", 0.0),
        ("full_well", -1.0),
        ("read_noise", -0.1),
        ("read_noise", float("nan")),
        ("exposure", 0.0),
        ("black_level", (64.0, 64.0)),
        ("black_level", "64"),
        ("gain", 1.0),
    ],
)
def test_what_makes_no_sense_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        sensor(**{field: value})
