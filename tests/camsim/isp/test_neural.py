"""The small neural processor: its network, its file, and that it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save
from torch import Tensor, nn

import camsim
from camsim.isp import Neural
from camsim.isp.network_file import read_network, shapes
from camsim.isp.neural import NeuralStage
from camsim.profile_file import to_yaml

CHAIN = """
isp:
  - {kind: black_level}
  - {kind: demosaic, method: bilinear}
  - {kind: neural, file: networks/small.safetensors}
  - {kind: clip}
  - {kind: gamma, encoding: srgb}
"""


def network(features: int = 5, layers: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    return {name: random.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes(features, layers).items()}


def written(folder: Path, tensors: dict[str, np.ndarray]) -> Path:
    """A profile in a folder, with a network beside it."""
    (folder / "networks").mkdir()
    (folder / "networks" / "small.safetensors").write_bytes(save(tensors))
    head, _, _ = to_yaml(camsim.load("board/rpi-v1-ov5647")).partition("\nisp:")
    text = "\n".join(line for line in head.splitlines() if not line.startswith(("provenance", "  isp", "name:")))
    sensor = text[text.index("sensor:") :]
    path = folder / "mine.yaml"
    path.write_text(f"camsim: 1\nname: mine\ntitle: mine\n{sensor}\n{CHAIN}")
    return path


def stage_of(spec: Neural) -> NeuralStage:
    stage = spec.build(camsim.load("board/rpi-v1-ov5647").raw_format)
    assert isinstance(stage, NeuralStage)
    return stage


def image(height: int = 11, width: int = 14) -> Tensor:
    return torch.rand(2, 3, height, width, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize(("features", "layers"), [(5, 3), (1, 2), (32, 6)])
def test_a_file_equals_torchs_own_layers(tmp_path: Path, features: int, layers: int) -> None:
    tensors = network(features, layers)
    profile = camsim.load(written(tmp_path, tensors))
    modules: list[nn.Module] = []
    for number in range(layers):
        weight, bias = (torch.from_numpy(tensors[f"layers.{number}.{part}"]).double() for part in ("weight", "bias"))
        layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, dtype=torch.float64)
        layer.load_state_dict({"weight": weight, "bias": bias})
        modules += [layer, nn.ReLU()]
    rgb = image()
    padded = torch.nn.functional.pad(rgb, [layers] * 4, mode="reflect")
    spec = profile.isp[2]
    assert isinstance(spec, Neural)
    torch.testing.assert_close(stage_of(spec)(rgb), rgb + nn.Sequential(*modules[:-1])(padded), rtol=0, atol=1e-13)


def test_to_begin_with_it_changes_nothing_and_is_always_the_same() -> None:
    first, second = stage_of(Neural()), stage_of(Neural())
    assert torch.equal(first(image()), image())
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
    assert first.get_parameter("layers.0.weight").std().item() == pytest.approx(np.sqrt(2 / 27), rel=0.1)


def test_a_profile_that_was_read_holds_the_weights(tmp_path: Path) -> None:
    path = written(tmp_path, network())
    profile = camsim.load(path)
    copy = tmp_path / "elsewhere" / "mine.yaml"
    copy.parent.mkdir()
    copy.write_text(to_yaml(profile))
    assert camsim.load(copy) == profile
    (tmp_path / "networks" / "small.safetensors").write_bytes(save(network(6)))
    assert camsim.load(path) != profile


def test_weights_are_parameters_and_no_knobs(tmp_path: Path) -> None:
    camera = camsim.compile(camsim.load(written(tmp_path, network())))
    assert [name for name in camera.knobs if "neural" in name] == ["isp.neural.strength"]
    assert camera.get_parameter("isp.neural.layers.0.weight").shape == (5, 3, 3, 3)
    assert not camera.is_fused


def test_training_by_gradient_lowers_the_loss_and_the_result_is_kept(tmp_path: Path) -> None:
    """It learns what the white balance, colour matrix and sharpening in its place do, with new noise each time."""
    shipped = camsim.load("board/rpi-v1-ov5647")
    shipped = shipped.model_copy(update={"search": None, "sensor": shipped.resolved_sensor()})
    before, after = shipped.isp[:2], shipped.isp[6:7]
    profile = shipped.model_copy(update={"isp": (*before, Neural(), *after)})
    assert [stage.kind for stage in profile.isp] == ["black_level", "demosaic", "neural", "gamma"]
    camera = camsim.compile(profile)
    coarse = torch.rand(4, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    scene = 0.05 + 0.4 * torch.nn.functional.interpolate(coarse, (32, 32), mode="bilinear")
    with torch.no_grad():
        wanted = camsim.compile(shipped)(scene, seed=None)
    weights = [parameter for name, parameter in camera.named_parameters() if ".layers." in name]
    optimizer = torch.optim.Adam(weights, lr=0.01)
    losses = []
    for step in range(40):
        loss = (camera(scene, seed=step) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.25 * losses[0]

    stage = camera.isp.stages()["neural"]
    assert isinstance(stage, NeuralStage)
    kept = camsim.compile(profile.model_copy(update={"isp": (*before, stage.trained(), *after)}))
    path = tmp_path / "trained.safetensors"
    stage.write(path)
    with torch.no_grad():
        assert torch.equal(kept(scene, seed=9), camera(scene, seed=9))
    arrays, features, layers, _ = read_network(tmp_path, path.name)
    assert (features, layers) == (16, 3)
    for array, parameter in zip(arrays, weights, strict=True):
        np.testing.assert_array_equal(array, parameter.detach().numpy())


def without(tensors: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in tensors.items() if key != name}


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "needs layers.0.weight, layers.0.bias, .* got nothing"),
        (without(network(), "layers.1.bias"), r"needs layers.1.weight of the shape \(3, 5, 3, 3\)"),
        (network(33), r"1 to 32 features, got layers.0.bias \(33,\)"),
        (network(4, 7), "of 2 to 6 layers"),
        (
            network() | {"layers.1.weight": np.zeros((5, 5, 5, 5), np.float32)},
            r"needs layers.1.weight of the shape \(5,",
        ),
        (network() | {"layers.2.bias": np.zeros(3, np.int64)}, "layers.2.bias must be of float16, float32 or float64"),
        (network() | {"layers.0.bias": np.full(5, np.nan, np.float32)}, "layers.0.bias has NaN"),
    ],
)
def test_files_of_other_networks_are_refused(tmp_path: Path, tensors: dict[str, Any], message: str) -> None:
    with pytest.raises(camsim.ProfileError, match=message):
        camsim.load(written(tmp_path, tensors))


@pytest.mark.parametrize("data", [b"", b"\x80\x04\x95pickle", b"\xff" * 4000, b"PK\x03\x04" + bytes(100)])
def test_what_is_no_safetensors_is_refused(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path, network())
    (tmp_path / "networks" / "small.safetensors").write_bytes(data)
    with pytest.raises(camsim.ProfileError, match="is no safetensors file"):
        camsim.load(path)


def test_places_and_pins(tmp_path: Path) -> None:
    path = written(tmp_path, network())
    text = path.read_text()
    for old, new, message in (
        ("networks/small", "../small", "must lie in the profile's folder"),
        ("networks/small", "networks/none", "cannot be read"),
        ("small.safetensors}", f"small.safetensors, sha256: {'0' * 64}}}", "has the sha256"),
        ("small.safetensors}", "small.safetensors, features: 5}", "features come from the file"),
        ("file: networks/small.safetensors", f"sha256: {'0' * 64}", "sha256 is that of a file"),
    ):
        path.write_text(text.replace(old, new))
        with pytest.raises(camsim.ProfileError, match=message):
            camsim.load(path)
    with pytest.raises(ValueError, match="only with a profile that is a file"):
        Neural(file="small.safetensors")
    with pytest.raises(camsim.CamsimError, match=r"written as \.safetensors"):
        stage_of(Neural()).write(tmp_path / "weights.pt")


def test_what_is_not_packed_is_refused() -> None:
    with pytest.raises(ValueError, match="weights is not what camsim packed"):
        Neural(weights="%%%")
    good = stage_of(Neural(features=4)).trained().weights
    with pytest.raises(ValueError, match="does not hold the 1027 numbers of 3 layers of 8 features"):
        Neural(features=8, weights=good)
