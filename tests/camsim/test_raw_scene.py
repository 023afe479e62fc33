"""RAW of one device as the scene for another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import camsim
from camsim import CamsimError, Profile
from camsim.emulator import Emulator
from camsim.raw_scene import RawScene, nothing_added, scene_from_raw
from camsim.sensor.missing_noise import PresentNoise, add_shot_noise, missing_noise
from camsim.sensor.random import noise_keys

A, B = "still/nikon-d5000", "phone/pixel-4a-imx363"
SIDE = 256
COLOR = torch.tensor([1.0, 0.8, 0.5])


def flat(level: float, side: int) -> Tensor:
    return (COLOR * level)[None, :, None, None].expand(1, 3, side, side)


@torch.no_grad()
def taken(name: str, level: float, folder: Path, seed: int = 1) -> RawScene:
    """An even scene as this device measures it, saved and read again."""
    mosaic = camsim.compile(name).capture(flat(level, 2 * SIDE), seed=seed)
    np.save(folder / "mosaic.npy", mosaic[0, 0].numpy())
    return scene_from_raw(folder / "mosaic.npy", camsim.load(name))


def moments(dn: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Mean and variance for each site of the cell, (4,), each with its standard error."""
    sites = torch.stack([dn[0, 0, y::2, x::2].double().flatten() for y in (0, 1) for x in (0, 1)])
    away = sites - sites.mean(dim=1, keepdim=True)
    variance, fourth = (away**2).mean(dim=1), (away**4).mean(dim=1)
    count = sites.shape[1]
    return sites.mean(dim=1), (variance / count).sqrt(), variance, ((fourth - variance**2) / count).sqrt()


def agree(found: Tensor, expected: Tensor) -> None:
    """Within four standard errors of their differences, means and variances."""
    mean, mean_error, variance, error = moments(found)
    other_mean, other_mean_error, other, other_error = moments(expected)
    assert ((mean - other_mean).abs() < 4 * (mean_error**2 + other_mean_error**2).sqrt()).all()
    assert ((variance - other).abs() < 4 * (error**2 + other_error**2).sqrt()).all()


@pytest.mark.parametrize("ev", [-4, -1, 0, 1])
@pytest.mark.parametrize("level", [0.3, 0.03, 0.002])
@torch.no_grad()
def test_another_device_has_its_own_noise_in_all(level: float, ev: int, tmp_path: Path) -> None:
    """Total variance at B as if B had looked at the clean scene; B collects fewer electrons here than A did."""
    camera = camsim.compile(B)
    scene = taken(A, level, tmp_path).exposed(ev)
    assert scene.noise is not None
    direct = camera.capture(flat(level * 2.0**ev, SIDE), seed=3)
    agree(camera.capture(scene.light, seed=2, noise=scene.noise), direct)
    assert nothing_added(camera.sensor, scene) < 0.01
    if level > 0.1 and ev >= 0:  # without it, A's noise would be counted twice
        naive = moments(camera.capture(scene.light, seed=2))
        assert ((naive[2] - moments(direct)[2]) > 4 * naive[3]).any()


@torch.no_grad()
def test_where_the_first_device_is_noisier_nothing_is_added(tmp_path: Path) -> None:
    camera = camsim.compile("still/nikon-d850")
    scene = taken(B, 0.2, tmp_path)
    assert scene.noise is not None
    assert nothing_added(camera.sensor, scene) == 1.0
    brought = camsim.compile("still/nikon-d850", fused=False).capture(scene.light, seed=None)
    assert torch.equal(camera.capture(scene.light, seed=5, noise=scene.noise), brought)
    assert (moments(brought)[2] > 2 * moments(camera.capture(flat(0.2, SIDE), seed=0))[2]).all()
    darker = scene.exposed(-5)  # A gathered enough light for that
    assert darker.noise is not None
    agree(camera.capture(darker.light, seed=5, noise=darker.noise), camera.capture(flat(0.2 / 32, SIDE), seed=6))


@torch.no_grad()
def test_the_brought_noise_is_what_was_measured(tmp_path: Path) -> None:
    scene = taken(A, 0.2, tmp_path)
    assert scene.noise is not None
    signals = torch.einsum("oc,bchw->bohw", torch.linalg.inv(scene.noise.to_scene).float(), scene.light)[0]
    measured = signals.double().flatten(1).var(dim=1)
    expected = scene.noise.variance[0].double().flatten(1).mean(dim=1)
    assert ((measured - expected).abs() < 4 * expected * (2 / SIDE**2) ** 0.5).all()
    correlation = torch.corrcoef(torch.stack([signals[1, :, :-1].flatten(), signals[1, :, 1:].flatten()]))[0, 1]
    assert correlation.abs() < 4 / SIDE  # nothing was interpolated


def test_without_noise_of_its_own_a_scene_gets_all_of_the_devices() -> None:
    camera = camsim.compile(B)
    scene = torch.rand(2, 3, 24, 26, generator=torch.Generator().manual_seed(0)) * 0.9
    clean = PresentNoise(torch.zeros_like(scene), torch.eye(3, dtype=torch.float64))
    with torch.no_grad():
        plain = camsim.compile(B, fused=False).capture(scene, seed=4, ids=["a", "b"])
        found = camera.capture(scene, seed=4, ids=["a", "b"], noise=clean)
        one = camera.capture(scene[1:], seed=4, ids=["b"], noise=PresentNoise(clean.variance[1:], clean.to_scene))
    assert (plain - found).abs().max() <= 1  # shot noise less its mean plus its mean, which rounds
    assert torch.equal(found[1:], one)


def test_missing_variance_is_split() -> None:
    electrons = torch.tensor([100.0, 100.0, 100.0, 100.0, -2.0])
    present = torch.tensor([0.0, 60.0, 105.0, 200.0, 0.0])
    shot, share = missing_noise(electrons, present, torch.tensor(3.0))
    assert torch.allclose(shot, torch.tensor([100.0, 40.0, 0.0, 0.0, 0.0]))
    assert torch.allclose(share**2 * 9, torch.tensor([9.0, 9.0, 4.0, 0.0, 7.0]), atol=1e-5)
    _, none = missing_noise(electrons, present, torch.tensor(0.0))
    assert not none.any()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_shot_noise_alone_is_close_to_binomial_thinning(share: float) -> None:
    """Mean and variance of a Poisson number; of its third moment 1 + 2 t - 2 t², as the docstring says."""
    many, expected = 400_000, 6.0
    rng = np.random.default_rng(4)
    brought = torch.from_numpy(rng.poisson(expected / share, (1, 1, 1, many))) * share
    shot, _ = missing_noise(brought, brought * share, torch.tensor(0.0, dtype=torch.float64))
    assert torch.allclose(shot, brought * (1 - share))
    keys = noise_keys(9, ["thinned"])
    found = add_shot_noise(brought, shot, keys).flatten()
    third = ((found - expected) ** 3).mean()
    error = ((found - expected) ** 3).std() / many**0.5
    assert abs(found.mean() - expected) < 4 * (expected / many) ** 0.5
    assert abs(found.var() - expected) < 4 * ((3 * expected**2 + expected) / many) ** 0.5
    assert abs(third - expected * (1 + 2 * share - 2 * share**2)) < 5 * error


@torch.no_grad()
def test_colours_come_through_and_highlights_stay_neutral(tmp_path: Path) -> None:
    scene = taken(A, 0.4, tmp_path)
    assert torch.allclose(scene.light[0].mean(dim=(1, 2)), COLOR * 0.4, rtol=3e-3)
    white = camsim.compile(A).capture(torch.full((1, 3, 64, 64), 20.0), seed=0)
    np.save(tmp_path / "white.npy", white[0, 0].numpy())
    cut = scene_from_raw(tmp_path / "white.npy", camsim.load(A))
    spread = cut.light.amax(dim=1) / cut.light.amin(dim=1)
    assert (spread - 1).abs().max() < 2e-3
    assert cut.noise is not None
    assert not cut.noise.variance.any()
    assert any("is cut to neutral" in note for note in cut.notes)


@pytest.mark.parametrize("flip", [3, 5, 6])
def test_light_and_noise_are_turned_together(flip: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    import camsim.raw_scene as module

    upright = taken(A, 0.2, tmp_path)
    plain = module.read_raw
    monkeypatch.setattr(module, "read_raw", lambda path: replace(plain(path), flip=flip))
    turned = taken(A, 0.2, tmp_path)
    assert upright.noise is not None
    assert turned.noise is not None
    times = {3: 2, 5: 1, 6: -1}[flip]
    assert torch.equal(turned.light, upright.light.rot90(times, (-2, -1)))
    assert torch.equal(turned.noise.variance, upright.noise.variance.rot90(times, (-2, -1)))


def replaced(name: str, stages: list[dict[str, object]], **sensor: object) -> Profile:
    raw = camsim.load(name).model_dump(exclude_none=True)
    raw = {key: value for key, value in raw.items() if key in ("camsim", "name", "title", "sensor", "isp")}
    raw["sensor"] |= sensor
    raw["isp"] = [raw["isp"][0], *stages, *raw["isp"][1:]]
    return Profile.model_validate(raw)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "high.npy", np.full((16, 16), 60000, dtype=np.float32))
    np.save(tmp_path / "tiny.npy", np.full((3, 2), 10, dtype=np.float32))
    np.save(tmp_path / "good.npy", np.full((16, 17), 500, dtype=np.float32))
    device = camsim.load(B)
    with pytest.raises(CamsimError, match=r"high\.npy: its values reach .* gives DN from 0 to 1023; give the device"):
        scene_from_raw(tmp_path / "high.npy", device)
    with pytest.raises(CamsimError, match="2x3 is too small"):
        scene_from_raw(tmp_path / "tiny.npy", device)
    with pytest.raises(CamsimError, match="a plain mosaic says nothing of its camera; name the device: --as-shot-by"):
        scene_from_raw(tmp_path / "good.npy")
    quad = replaced("reference/srgb", [{"kind": "quad_remosaic"}], cfa="quad-RGGB")
    with pytest.raises(CamsimError, match="needs a Bayer CFA"):
        scene_from_raw(tmp_path / "good.npy", quad)
    assert scene_from_raw(tmp_path / "good.npy", device).light.shape == (1, 3, 8, 8)


def test_noise_that_cannot_be_told_is_refused() -> None:
    scene = torch.full((1, 3, 16, 16), 0.2)
    noise = PresentNoise(torch.zeros(1, 3, 16, 16), torch.eye(3))
    camera = camsim.compile(B)
    with pytest.raises(ValueError, match=r"noise needs a variance of shape \(1, 3, 16, 16\), got \(1, 3, 8, 8\)"):
        camera.capture(scene, noise=PresentNoise(torch.zeros(1, 3, 8, 8), torch.eye(3)))
    with pytest.raises(ValueError, match="a variance is not negative and finite"):
        camera.capture(scene, noise=PresentNoise(torch.full_like(scene, -1), torch.eye(3)))
    lens = camsim.load(B).model_dump(exclude_none=True) | {"optics": {"glare": {"uniform": 0.02}}, "provenance": {}}
    with pytest.raises(CamsimError, match="its optics would blur the noise"):
        Emulator(Profile.model_validate(lens)).capture(scene, noise=noise)
    with pytest.raises(CamsimError, match=r"is not known with sensor\.hdr"):
        camsim.compile("automotive/imx490-hdr").capture(scene, noise=noise)
    with pytest.raises(CamsimError, match="fused=True is not possible: the scene brings noise along"):
        camsim.compile(B, fused=True).capture(scene, noise=noise)


@pytest.mark.shared
def test_a_camera_file_by_itself_and_with_its_device(shared: Path) -> None:
    path = shared / "data" / "raw" / "nikon_d5000.dng"
    alone, known = scene_from_raw(path), scene_from_raw(path, camsim.load(A))
    assert alone.noise is None
    assert "its noise is not known" in alone.notes[0]
    assert known.noise is not None
    assert alone.light.shape == known.light.shape == known.noise.variance.shape == (1, 3, 1434, 2155)
    ratio = (known.light / alone.light)[alone.light > 0.05]
    assert ratio.median().item() == pytest.approx(1, rel=0.02)
    with pytest.raises(CamsimError, match="does not fit profile phone/pixel-4a-imx363: its CFA is GBRG"):
        scene_from_raw(path, camsim.load(B))
