"""Cameras with colour filter arrays other than Bayer, from the profile to the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor

import camsim
from camsim.cfa import CELLS, letters, phases
from camsim.errors import CamsimError, ProfileError
from camsim.export import Source, to_onnx
from camsim.fused import FusedIsp
from camsim.lowering import LoweringError
from camsim.profile import Profile
from camsim.profile_file import read_profiles, to_yaml
from camsim.validation import validate

HEAD = """\
camsim: 1
name: lab/one
title: A camera of the lab
sensor:
  cfa: {cfa}
  bit_depth: 12
  black_level: [240, 242, 238, 244]
  white_level: 4095
  system_gain: 0.35
  full_well: 30000
  read_noise: 2.5
  response: {response}
isp:
"""
COLOR = (
    "{kind: white_balance, gains: [2.0, 1.0, 1.6]}",
    "{kind: color_matrix, matrix: [[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]]}",
)
BALANCE = "balance: [2.0, 1.0, 1.6]"
MIDDLE: dict[str, tuple[str, ...]] = {
    "RGGB": ("{kind: demosaic, method: malvar2004}", *COLOR),
    "x-trans": (f"{{kind: demosaic, method: x_trans, {BALANCE}}}", *COLOR),
    "quad-RGGB": (f"{{kind: quad_remosaic, {BALANCE}}}", "{kind: demosaic, method: malvar2004}", *COLOR),
    "RCCB": ("{kind: demosaic, method: rccb, clear: [0.2, 0.45, 0.2]}", *COLOR),
    "RGB-IR": (
        f"{{kind: rgb_ir, crosstalk: [0.4, 0.2, 0.3], {BALANCE}}}",
        "{kind: demosaic, method: malvar2004}",
        *COLOR,
    ),
    "mono": ("{kind: demosaic, method: mono}",),
}
RESPONSE = {
    "mono": "{kind: matrix, clear: [0.2, 0.7, 0.1]}",
    "RGB-IR": "{kind: inverse_isp, infrared: [0.2, 0.1, 0.05]}",
}
END = ("{kind: clip}", "{kind: gamma, encoding: srgb}")
EVERY = [(name, cfa) for name in MIDDLE for cfa in sorted(phases(name))]
each_phase = pytest.mark.parametrize(("name", "cfa"), EVERY, ids=[cfa for _, cfa in EVERY])
each = pytest.mark.parametrize("name", [name for name in MIDDLE if name != "RGGB"])


def text(cfa: str, stages: Sequence[str], response: str = "{kind: inverse_isp}") -> str:
    return HEAD.format(cfa=cfa, response=response) + "".join(f"  - {stage}\n" for stage in stages)


def device_text(name: str, cfa: str | None = None) -> str:
    stages = ("{kind: black_level}", *MIDDLE[name], *END)
    return text(cfa or name, stages, RESPONSE.get(name, "{kind: inverse_isp}"))


def device(name: str, cfa: str | None = None) -> Profile:
    [profile] = read_profiles(device_text(name, cfa), "lab.yaml")
    return profile


def errors(profile: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read_profiles(profile, "lab.yaml")
    return [str(problem) for problem in caught.value.problems]


def scene(height: int, width: int, seed: int = 0) -> Tensor:
    """A smooth one with some texture."""
    generator = torch.Generator().manual_seed(seed)
    coarse = 0.1 + 0.6 * torch.rand(2, 3, 5, 5, generator=generator, dtype=torch.float64)
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp_min(0.02)
    return smooth * (0.9 + 0.2 * torch.rand(2, 3, height, width, generator=generator, dtype=torch.float64))


@each_phase
@pytest.mark.parametrize("size", [(24, 24), (13, 17)], ids="{0[0]}x{0[1]}".format)
def test_an_even_scene_comes_out_even_and_as_it_is(name: str, cfa: str, size: tuple[int, int]) -> None:
    """Grey and a colour, to the border, at every phase: the response follows from the ISP, other pixels' included."""
    camera = camsim.compile(device(name, cfa), dtype=torch.float64)
    for rgb in ((0.18, 0.18, 0.18), (0.3, 0.1, 0.2)):
        light = torch.tensor(rgb, dtype=torch.float64)
        with torch.no_grad():
            shown = camera(light[None, :, None, None].expand(2, 3, *size).contiguous(), seed=None)
        seen = light if name != "mono" else (light * torch.tensor([0.2, 0.7, 0.1])).sum().expand(3)
        expected = 1.055 * seen ** (1 / 2.4) - 0.055
        assert shown.shape == (2, 3, *size)
        assert (shown - expected[:, None, None]).abs().max() < 2e-3  # the ADC's steps


@each
def test_yaml_goes_round(name: str) -> None:
    for cfa in sorted(phases(name)):
        profile = device(name, cfa)
        assert read_profiles(to_yaml(profile), "again.yaml") == [profile]
    written_out = device(name).with_knobs({})
    assert written_out.resolved_sensor() == device(name).resolved_sensor()
    assert read_profiles(to_yaml(written_out), "again.yaml") == [written_out]


@each
def test_a_batch_equals_its_samples_with_noise(name: str) -> None:
    camera, light = camsim.compile(device(name)), scene(19, 22).float()
    with torch.no_grad():
        raw = camera.capture(light, seed=5, ids=["a", "b"])
        alone = torch.cat([camera.capture(light[i : i + 1], seed=5, ids=[name]) for i, name in enumerate("ab")])
        assert torch.equal(raw, alone)
        assert (raw[0] - raw[1]).abs().max() > 10
        each_by_itself = torch.cat([camera.develop(raw[i : i + 1]) for i in range(2)])
        assert (camera.develop(raw) - each_by_itself).abs().max() < 2e-6


@each
def test_gradients_reach_scene_and_knobs(name: str) -> None:
    camera = camsim.compile(device(name), dtype=torch.float64)
    light = scene(12, 13)[:1].requires_grad_()
    camera(light, seed=None).square().sum().backward()
    assert light.grad is not None
    assert (light.grad.abs().amax(1) > 0).double().mean() > 0.9
    for knob, parameter in camera.named_parameters():
        if knob not in ("sensor.full_well", "sensor.read_noise"):  # neither is reached
            assert parameter.grad is not None, knob
            assert parameter.grad.abs().max() > 0, knob


@each
def test_float32_agrees_with_float64(name: str) -> None:
    profile, light = device(name), scene(31, 33)
    with torch.no_grad():
        raw = camsim.compile(profile).capture(light.float(), seed=3)
        exact = camsim.compile(profile, dtype=torch.float64).develop(raw.double())
        assert (camsim.compile(profile).develop(raw) - exact).abs().max() < 1e-5
        as_bytes = camsim.compile(profile).develop(raw, dtype=torch.uint8)
    assert (as_bytes.double() - 255 * exact).abs().max() < 0.51


@pytest.mark.parametrize("name", [name for name in MIDDLE if name not in ("RGGB", "mono")])
def test_the_fused_development_is_refused_and_not_taken(name: str) -> None:
    profile = device(name)
    assert not camsim.compile(profile).is_fused
    with pytest.raises(CamsimError, match=rf"lab/one: fused=True is not possible: .*{name}|no fused form"):
        camsim.compile(profile, fused=True)
    assert camsim.compile(profile).sensor.can_fuse(scene(12, 14).float())


def test_lowering_refuses_other_arrays_in_one_line() -> None:
    stages = camsim.compile(device("RGGB")).isp.stages()
    with pytest.raises(LoweringError, match=r"^the fused path develops Bayer mosaics, and this is x-trans"):
        FusedIsp(stages, "x-trans")


@each
def test_tiles_are_cut_at_whole_cells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    camera = camsim.compile(device(name), dtype=torch.float64)
    monkeypatch.setattr("camsim.emulator.TILED_FROM", 1)
    monkeypatch.setattr("camsim.emulator.TILE", 32)
    with torch.no_grad():
        raw = camera.capture(scene(75, 101), seed=1)
        assert (camera.develop(raw) - camera.isp(raw)).abs().max() < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize(("name", "source"), [("x-trans", "raw"), ("RCCB", "scene")])
def test_a_graph_of_any_size_gives_the_same(name: str, source: Source) -> None:
    camera = camsim.compile(device(name))
    graph = ort.InferenceSession(to_onnx(camera, source).SerializeToString(), providers=["CPUExecutionProvider"])
    for height, width in ((24, 36), (13, 17)):
        light = scene(height, width).float()
        with torch.no_grad():
            given = camera.capture(light, seed=2) if source == "raw" else light
            expected = camera.isp(given if source == "raw" else camera.capture(given, seed=None))
        (image,) = graph.run(None, {source: given.numpy()})
        assert image.std() > 0.01
        away = np.abs(image - expected.numpy())
        assert np.quantile(away, 0.99) < 2e-6
        assert away.max() < (2e-6 if source == "raw" else 5e-3)  # the ADC's step, where both lie on its edge


@pytest.mark.parametrize("name", ["x-trans", "mono", "RGB-IR", "RCCB"])
def test_a_laboratory_finds_what_the_profile_says(name: str) -> None:
    found = {quantity.name: quantity for quantity in validate(device(name), size=128).quantities}
    assert all(found[key].status == "within" for key in ("system gain K", "exposure", "temporal dark noise"))


def test_colours_that_other_pixels_see_follow_from_the_isp() -> None:
    matrix = np.array([[1.5, -0.3, -0.2], [-0.2, 1.7, -0.5], [0.0, -0.3, 1.3]]) @ np.diag([2.0, 1.0, 1.6])
    plain = np.linalg.inv(matrix)
    clear = device("RCCB").resolved_sensor().response
    np.testing.assert_allclose(clear.clear, np.array([0.2, 0.45, 0.2]) @ plain, rtol=0, atol=1e-12)  # type: ignore[union-attr]
    np.testing.assert_allclose(clear.matrix, plain, rtol=0, atol=1e-12)  # type: ignore[union-attr]
    infrared = device("RGB-IR").resolved_sensor().response
    leaked = plain + np.outer([0.4, 0.2, 0.3], [0.2, 0.1, 0.05])
    np.testing.assert_allclose(infrared.matrix, leaked, rtol=0, atol=1e-12)  # type: ignore[union-attr]
    assert infrared.infrared == (0.2, 0.1, 0.05)  # type: ignore[union-attr]
    assert device("RGGB").resolved_sensor().response.model_dump(exclude_none=True).keys() == {"kind", "matrix"}


@pytest.mark.parametrize("cfa", [name for name in CELLS if name not in ("RGGB", "BGGR", "GRBG", "GBRG")])
def test_a_demosaic_of_another_array_is_told_with_its_line_and_what_fits(cfa: str) -> None:
    response = "{kind: matrix, clear: [0.2, 0.7, 0.1]}" if cfa == "mono" else RESPONSE.get(cfa, "{kind: inverse_isp}")
    stages = ("{kind: black_level}", "{kind: demosaic, method: malvar2004}", *END)
    found = errors(text(cfa, stages, response))
    fits = {"x-trans": "demosaic/x_trans", "mono": "demosaic/mono", "RGB-IR": "rgb_ir"}
    expected = fits.get(cfa) or ("quad_remosaic" if cfa.startswith("quad") else "demosaic/rccb")
    place, words = found[0].split(
        ": demosaic/malvar2004 takes a mosaic of BGGR, GBRG, GRBG or RGGB, but it gets one of "
    )
    assert place == "lab.yaml:15: isp[1].demosaic"
    assert words.startswith(f"{cfa}; what takes that: ")
    assert expected in words


@pytest.mark.parametrize(
    ("cfa", "response", "message"),
    [
        ("RGGB", "{kind: matrix}", "matrix is missing, what the red, green and blue pixels of RGGB see of linear sRGB"),
        ("RCCB", "{kind: matrix, matrix: [[1,0,0],[0,1,0],[0,0,1]]}", "clear is missing, what the clear pixels"),
        ("RGB-IR", "{kind: inverse_isp}", "infrared is missing, what the infrared pixels of RGB-IR see"),
        ("mono", "{kind: inverse_isp}", "mono sees no colours that its ISP could be the inverse of; give what its"),
        (
            "mono",
            "{kind: matrix, matrix: [[1,0,0],[0,1,0],[0,0,1]], clear: [0, 1, 0]}",
            "matrix changes nothing: mono has no such pixels; leave it out",
        ),
        ("RGGB", "{kind: inverse_isp, infrared: [0, 1, 0]}", "infrared changes nothing: RGGB has no such pixels"),
        ("RCCB", "{kind: spectral, sensitivities: Nikon 5100 (NPL), illuminant: D65}", "says nothing of clear pixels"),
    ],
)
def test_rows_of_the_response_are_those_of_the_pixels(cfa: str, response: str, message: str) -> None:
    found = errors(text(cfa, ("{kind: black_level}", *MIDDLE[cfa], *END), response))
    assert len(found) == 1
    assert found[0].startswith("lab.yaml:12: sensor.response: ")
    assert message in found[0]


def test_choices_of_another_array_are_refused() -> None:
    found = errors(device_text("x-trans") + "choices:\n  isp.demosaic: [{kind: demosaic, method: bilinear}]\n")
    assert len(found) == 1
    assert "choices.isp.demosaic[0]: does not fit into the chain: demosaic/bilinear takes a mosaic of BGGR" in found[0]


def test_gains_of_nothing_are_refused() -> None:
    found = errors(device_text("x-trans").replace("2.0, 1.0, 1.6]}", "0.0, 1.0, 1.6]}", 1))
    assert found[0].startswith("lab.yaml:15: isp[1].demosaic.balance: needs gains above 0, got [0.0, 1.0, 1.6]")


def test_a_binned_camera_equals_the_one_that_states_binned_pixels() -> None:
    """Four pixels of the phone's sensor, averaged by its ISP, have the noise of the profile that PMRID measured."""
    binned, bayer = camsim.load("phone/oppo-reno-10x-binned"), camsim.load("phone/oppo-reno-10x")
    assert binned.output_size(401, 300) == (200, 150)
    with torch.no_grad():
        found = {}
        for profile, side in ((binned, 512), (bayer, 256)):
            camera = camsim.compile(profile)
            raw = camera.capture(torch.full((1, 3, side, side), 0.1), seed=1)
            linear = camera.isp.stages()["black_level"]
            mosaic = linear(camera.isp.stages()["bin"](raw)) if profile is binned else linear(raw)
            found[profile.name] = [
                (site.mean().item(), site.var().item())
                for site in (mosaic[..., y::2, x::2] for y in (0, 1) for x in (0, 1))
            ]
    for (mean, variance), (other_mean, other) in zip(*found.values(), strict=True):
        assert mean == pytest.approx(other_mean, rel=0.01)
        assert variance == pytest.approx(other, rel=0.06)  # five standard errors of 16384 pixels


def test_the_smallest_frames() -> None:
    for name, side in (("x-trans", 6), ("quad-RGGB", 4), ("RGB-IR", 4), ("RCCB", 2), ("mono", 2)):
        camera = camsim.compile(device(name))
        with torch.no_grad():
            assert camera.develop(torch.full((1, 1, side, side), 900.0)).shape == (1, 3, side, side)
            if side > 2:
                with pytest.raises(ValueError, match=f"needs at least {side}x{side} pixels"):
                    camera.develop(torch.full((1, 1, side - 1, side), 900.0))


def test_letters_and_rows_go_together() -> None:
    for name in MIDDLE:
        camera = camsim.compile(device(name))
        assert camera.sensor.response.shape == (len(letters(name)), 3)
