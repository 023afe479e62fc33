"""Formats other than ONNX: the same figures as torch itself, nothing run without trust, hostile files refused."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import struct
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import log_softmax

from audit.models import NoGradient, Trust, load_model, open_gradient, open_network
from audit.models.preprocess import preprocess
from camsim.errors import CamsimError, UnsafeError

SIZED = {"input_size": [8, 8], "mean": 0.5, "std": 0.25}
TRUSTED = Trust(True)


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    parts = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Softplus(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*parts, nn.Dropout(0.5), nn.Linear(6, 4)).eval()


def expected(module: nn.Module, model, images) -> np.ndarray:
    fed = torch.from_numpy(np.stack([preprocess(image, model.prepared) for image in images]))
    with torch.no_grad():
        return log_softmax(module(fed).double(), 1).numpy()


SOURCE = """
import torch
from torch import nn

def network(seed=0):
    torch.manual_seed(seed)
    parts = [nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), nn.Softplus(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*parts, nn.Dropout(0.5), nn.Linear(6, 4))

class Detector(nn.Module):
    def forward(self, x):
        return {"boxes": x.flatten(1)[:, None, :4], "scores": x.flatten(1)[:, :1]}

def judge():
    return lambda picture: picture.mean((0, 1)) / 255

ready = network().eval()
nothing = None

def fails():
    raise RuntimeError("no weights here")

def leaves():
    raise SystemExit(3)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a module of the user's own, whose name no other test has."""
    name = f"mine_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for loaded in set(sys.modules) - before:
        if loaded.startswith(("mine_", "pack_")):
            del sys.modules[loaded]


@pytest.fixture
def place(here: Path) -> Callable[[str], str]:
    (file,) = here.glob("mine_*.py")
    return lambda function: f"{file.stem}:{function}"


def script(path: Path, module: nn.Module, **extra: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(module, torch.zeros(1, 3, 8, 8)), path, _extra_files=extra)
    return path


def export(path: Path, module: nn.Module, batch: int = 1, free: bool = False) -> Path:
    sides = {2: torch.export.Dim("h", min=4, max=64), 3: torch.export.Dim("w", min=4, max=64)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = (sides,) if free else None
        program = torch.export.export(module, (torch.zeros(batch, 3, 8, 8),), dynamic_shapes=shapes)
        torch.export.save(program, path)
    return path


def test_torchscript(tmp_path: Path, images) -> None:
    path = script(tmp_path / "net.pt", network())
    model = load_model(path, overrides=SIZED, trust=TRUSTED)
    np.testing.assert_allclose(model.log_probabilities(images), expected(network(), model, images), rtol=1e-6)
    assert model.describe()["format"] == "TorchScript"
    gradient = open_gradient(model, images[:1])
    assert not isinstance(gradient, NoGradient), gradient.reason
    assert model.sha256 != load_model(path, overrides=SIZED | {"mean": 0.1}, trust=TRUSTED).sha256
    assert model.sha256 == load_model(path, overrides=SIZED, trust=TRUSTED).sha256


@pytest.mark.parametrize(("batch", "free"), [(1, False), (3, False), (1, True)])
def test_torch_export(tmp_path: Path, images, batch: int, free: bool) -> None:
    path = export(tmp_path / "net.pt2", network(), batch, free)
    declared = {"mean": 0.5, "std": 0.25} | ({"input_size": [10, 12]} if free else {})
    model = load_model(path, overrides=declared, trust=TRUSTED)
    assert model.prepared.size == ((10, 12) if free else (8, 8))
    np.testing.assert_allclose(
        model.log_probabilities(images), expected(network(), model, images), rtol=1e-5, atol=1e-6
    )
    if batch == 1:
        gradient = open_gradient(model, images[:1])
        assert not isinstance(gradient, NoGradient), gradient.reason
    if not free:
        with pytest.raises(CamsimError, match="input_size: the model takes 8x8"):
            load_model(path, overrides=SIZED | {"input_size": [9, 8]}, trust=TRUSTED)


@pytest.mark.parametrize("form", ["safetensors", "pt", "checkpoint"])
def test_weights_with_a_factory(here: Path, place, images, form: str) -> None:
    module = network(3)
    path = here / f"weights.{form}"
    if form == "safetensors":
        save_file(module.state_dict(), path)
    else:
        state = module.state_dict()
        torch.save(state if form == "pt" else {"state_dict": state, "epoch": 3}, path)
    declared = SIZED | {"factory": place("network")}
    with pytest.raises(UnsafeError, match=r"mine_\w+:network is code, which runs code .*--trust-model=[0-9a-f]{64}"):
        load_model(path, overrides=declared)
    assert not any(name.startswith("mine_") for name in sys.modules), "not even imported"
    model = load_model(path, overrides=declared, trust=TRUSTED)
    np.testing.assert_allclose(model.log_probabilities(images), expected(module, model, images), rtol=1e-6)
    assert not isinstance(open_gradient(model, images[:1]), NoGradient)


def test_the_sidecar_may_name_the_factory(here: Path, place, images) -> None:
    save_file(network(3).state_dict(), here / "w.safetensors")
    (here / "w.camsim.yaml").write_text(f"camsim_model: 1\ninput_size: [8, 8]\nfactory: {place('network')}\n")
    with pytest.raises(UnsafeError):
        load_model(here / "w.safetensors")
    assert load_model(here / "w.safetensors", trust=TRUSTED).log_probabilities(images).shape == (11, 4)


def test_a_module_of_code(here: Path, place, images) -> None:
    with pytest.raises(UnsafeError):
        open_network(place("network"))
    model = load_model(place("network"), overrides=SIZED, trust=TRUSTED)
    np.testing.assert_allclose(model.log_probabilities(images), expected(network(), model, images), rtol=1e-6)
    same = load_model(place("ready"), overrides=SIZED, trust=TRUSTED)
    np.testing.assert_array_equal(same.log_probabilities(images), model.log_probabilities(images))
    detector = open_network(place("Detector"), overrides=SIZED, trust=TRUSTED)
    assert {name: array.shape for name, array in detector.run(images[:1])[0].items()} == {
        "boxes": (1, 4),
        "scores": (1,),
    }
    function = open_network(place("judge"), overrides={"classes": ["r", "g", "b"]}, trust=TRUSTED)
    np.testing.assert_allclose(function.run(images[:1])[0]["output"], images[0].mean((0, 1)) / 255)


def test_a_sidecar_lies_beside_the_module(here: Path, place) -> None:
    (file,) = here.glob("mine_*.py")
    file.with_suffix(".camsim.yaml").write_text("camsim_model: 1\ninput_size: [8, 8]\nclasses: [a, b, c, d]\n")
    model = load_model(place("network"), trust=TRUSTED)
    assert (model.classes, model.prepared.size) == (("a", "b", "c", "d"), (8, 8))


def test_the_hash_follows_the_code(here: Path, place) -> None:
    first = load_model(place("network"), overrides=SIZED, trust=TRUSTED).sha256
    (file,) = here.glob("mine_*.py")
    other = here / "pack_other.py"
    other.write_text(file.read_text() + "\n# changed\n")
    assert first != load_model("pack_other:network", overrides=SIZED, trust=TRUSTED).sha256


def test_a_pin_lets_one_file_run(here: Path, place, tmp_path: Path, images) -> None:
    (file,) = here.glob("mine_*.py")
    pin = hashlib.sha256(file.read_bytes()).hexdigest()
    assert load_model(place("network"), overrides=SIZED, trust=Trust(True, pin.upper())).classes is None
    with pytest.raises(UnsafeError, match=f"has the SHA-256 {pin}, --trust-model names {'0' * 64}"):
        open_network(place("network"), trust=Trust(True, "0" * 64))
    path = script(tmp_path / "net.pt", network())
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_model(path, overrides=SIZED, trust=Trust.of(f"sha256:{right}")).log_probabilities(images).size
    with pytest.raises(UnsafeError, match="is not the file that is trusted"):
        load_model(path, overrides=SIZED, trust=Trust(True, pin))
    with pytest.raises(CamsimError, match="a SHA-256 has 64 hexadecimal digits, got 'abc'"):
        Trust.of("abc")
    assert (Trust.of(None), Trust.of("")) == (Trust(False), Trust(True))


def test_packages_are_not_run_before_the_pin_is_checked(here: Path) -> None:
    package = here / "pack_age"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('the package ran')")
    (package / "inner.py").write_text("make = dict")
    with pytest.raises(UnsafeError, match="is not the file that is trusted"):
        open_network("pack_age.inner:make", trust=Trust(True, "0" * 64))
    with pytest.raises(CamsimError, match=r"importing pack_age.inner fails: RuntimeError: the package ran"):
        open_network("pack_age.inner:make", trust=TRUSTED)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("netwerk", "has no 'netwerk'; did you mean 'network'"),
        ("fails", "called without arguments, it fails: RuntimeError: no weights here"),
        ("leaves", "called without arguments, it fails: SystemExit: 3"),
        ("nothing", "gives NoneType; an nn.Module, or a function of a picture"),
    ],
)
def test_wrong_factories(place, function: str, message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        open_network(place(function), trust=TRUSTED)


def test_modules_that_are_not_there(here: Path) -> None:
    with pytest.raises(CamsimError, match="there is no module 'nowhere'"):
        open_network("nowhere.at_all:make", trust=TRUSTED)
    with pytest.raises(CamsimError, match="there is no module 'sys'"):
        open_network("sys:exit", trust=TRUSTED)
    (here / "pack_empty").mkdir()
    with pytest.raises(CamsimError, match="is no module with a file of its own"):
        open_network("pack_empty:make", trust=TRUSTED)
    (here / "json.py").write_text("make = dict")
    with pytest.raises(CamsimError, match="another module of this name is loaded already"):
        open_network("json:make", trust=TRUSTED)


def test_weights_that_do_not_fit(here: Path, place) -> None:
    state = network().state_dict()
    state["extra"] = torch.zeros(1)
    state["6.weight"] = torch.zeros(9, 6)
    del state["0.bias"]
    save_file(state, here / "w.safetensors")
    with pytest.raises(CamsimError) as error:
        load_model(here / "w.safetensors", overrides=SIZED | {"factory": place("network")}, trust=TRUSTED)
    text = str(error.value)
    assert "missing: 0.bias; not in the network: extra; of another shape: 6.weight (9x6 in the file, 4x6" in text
    with pytest.raises(CamsimError, match=r"weights need an nn.Module"):
        load_model(here / "w.safetensors", overrides={"factory": place("judge")}, trust=TRUSTED)


def test_weights_without_a_network(here: Path) -> None:
    save_file({"w": torch.zeros(2)}, here / "w.safetensors")
    with pytest.raises(CamsimError, match="holds weights without a network: name what makes it with --factory"):
        load_model(here / "w.safetensors", trust=TRUSTED)
    torch.save(network().state_dict(), here / "w.pt")
    with pytest.raises(UnsafeError, match="a PyTorch archive"):
        load_model(here / "w.pt")


class Trap:
    """Unpickling it makes a folder: proof that a file was loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_pickles_never_run_not_even_when_trusted(here: Path, place) -> None:
    trapped = here / "trapped"
    torch.save({"w": Trap(trapped)}, here / "bomb.pt")
    with pytest.raises(UnsafeError, match=r"holds more than tensors.*camsim never does that, trusted or not"):
        load_model(here / "bomb.pt", overrides={"factory": place("network")}, trust=TRUSTED)
    torch.save(network(), here / "whole.pt")
    with pytest.raises(UnsafeError, match="holds more than tensors"):
        load_model(here / "whole.pt", overrides={"factory": place("network")}, trust=TRUSTED)
    (here / "plain.pt").write_bytes(pickle.dumps(Trap(trapped)))
    with pytest.raises(UnsafeError, match="a Python pickle"):
        load_model(here / "plain.pt", overrides={"factory": place("network")}, trust=TRUSTED)
    torch.save([torch.zeros(1)], here / "list.pt")
    with pytest.raises(CamsimError, match="holds no tensors by name"):
        load_model(here / "list.pt", overrides={"factory": place("network")}, trust=TRUSTED)
    assert not trapped.exists()


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 1 << 62) + b"{" + bytes(100),
        struct.pack("<Q", 100 << 20) + b"{" + bytes(10),
        struct.pack("<Q", 60) + b'{"w":{"dtype":"F32","shape":[99999999],"data_offsets":[0,4]}}'[:60] + bytes(4),
        struct.pack("<Q", 20) + b"{" * 20 + bytes(8),
        struct.pack("<Q", 52) + b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,99]'[:52] + bytes(8),
    ],
)
def test_damaged_safetensors(here: Path, place, content: bytes) -> None:
    path = here / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(CamsimError, match=r"damaged safetensors|of no kind"):
        load_model(path, overrides={"factory": place("network")}, trust=TRUSTED)


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_cut_archives(tmp_path: Path, kept: float) -> None:
    for path in (script(tmp_path / "a.pt", network()), export(tmp_path / "b.pt2", network())):
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * kept)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(CamsimError) as error:
                load_model(path, overrides=SIZED, trust=TRUSTED)
        assert "\n" not in str(error.value)


def test_a_program_that_is_no_image_model(tmp_path: Path) -> None:
    class Two(nn.Module):
        def forward(self, x, y):
            return x + y

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = tmp_path / "two.pt2"
        torch.export.save(torch.export.export(Two(), (torch.zeros(1, 3, 8, 8), torch.zeros(1))), path)
        with pytest.raises(CamsimError, match="has 2 inputs; camsim audits models with one"):
            open_network(path, trust=TRUSTED)
        torch.export.save(torch.export.export(nn.Linear(4, 2), (torch.zeros(1, 4),)), path)
        with pytest.raises(CamsimError, match="is not an image: it must have 4 axes"):
            open_network(path, trust=TRUSTED)


def test_what_ultralytics_writes_into_torchscript_is_read(tmp_path: Path) -> None:
    config = {"names": {"0": "cat", "1": "dog"}, "imgsz": [8, 8], "stride": 4, "task": "detect"}
    path = script(tmp_path / "yolo.torchscript", nn.Conv2d(3, 6, 1), **{"config.txt": json.dumps(config)})
    found = open_network(path, trust=TRUSTED)
    assert (found.classes, found.task, found.prepared.size) == (("cat", "dog"), "detection", (8, 8))
    assert (found.prepared.resize, found.prepared.pad_value, found.prepared.antialias) == ("pad", 114, False)


def test_hugging_face_folder(tmp_path: Path, images) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=16,
        patch_size=8,
        id2label={0: "cat", 1: "dog", 2: "cup"},
        label2id={"cat": 0, "dog": 1, "cup": 2},
    )
    torch.manual_seed(0)
    module = transformers.ViTForImageClassification(config).eval()
    module.save_pretrained(tmp_path)
    settings = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": 16, "width": 16},
        "resample": 3,
        "do_normalize": True,
        "image_mean": [0.5, 0.4, 0.3],
        "image_std": [0.2, 0.2, 0.2],
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    model = load_model(f"hf:{tmp_path}")
    assert model.classes == ("cat", "dog", "cup")
    assert (model.prepared.size, model.prepared.filter, model.prepared.mean) == ((16, 16), "bicubic", (0.5, 0.4, 0.3))
    assert model.describe()["assumed"] == []
    fed = torch.from_numpy(np.stack([preprocess(image, model.prepared) for image in images]))
    with torch.no_grad():
        right = log_softmax(module(fed).logits.double(), 1).numpy()
    np.testing.assert_allclose(model.log_probabilities(images), right, atol=1e-5)
    assert not isinstance(open_gradient(model, images[:1]), NoGradient)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings | {"size_divisor": 32}))
    with pytest.raises(CamsimError, match="has size_divisor, which camsim does not do; declare"):
        load_model(f"hf:{tmp_path}")


def test_hostile_hugging_face_folders(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(CamsimError, match=r"config.json cannot be read"):
        open_network(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(CamsimError, match=r"config.json is not a JSON object"):
        open_network(f"hf:{tmp_path}")
    config = {"architectures": ["ViTForImageClassification"], "model_type": "vit"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CamsimError, match="has no weights"):
        open_network(f"hf:{tmp_path}")
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(tmp_path / "trapped")))
    with pytest.raises(UnsafeError, match=r"pytorch_model.bin, a pickle"):
        open_network(f"hf:{tmp_path}")
    (tmp_path / "model.safetensors").write_bytes(bytes(20))
    (tmp_path / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "code.Model"}}))
    with pytest.raises(UnsafeError, match="is code in the folder"):
        open_network(f"hf:{tmp_path}")
    inner = {"backbone_config": {"_attn_implementation": "someone/kernel"}}
    (tmp_path / "config.json").write_text(json.dumps(config | inner))
    with pytest.raises(UnsafeError, match="asks for code from elsewhere: _attn_implementation 'someone/kernel'"):
        open_network(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text(json.dumps(config | {"architectures": ["BertForQuestionAnswering"]}))
    with pytest.raises(CamsimError, match="this one is BertForQuestionAnswering"):
        open_network(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CamsimError, match="transformers cannot load it"):
        open_network(f"hf:{tmp_path}")
    assert not (tmp_path / "trapped").exists()


def test_a_folder_is_named_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(CamsimError, match="give it as hf:"):
        open_network(tmp_path)


def test_timm_needs_weights() -> None:
    with pytest.raises(CamsimError, match=r"has no weights, and camsim downloads none.*--factory timm:resnet18"):
        open_network("timm:resnet18")


def test_timm_network(tmp_path: Path, images) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    module = timm.create_model("resnet18", num_classes=3).eval()
    save_file(module.state_dict(), tmp_path / "w.safetensors")
    model = load_model(tmp_path / "w.safetensors", overrides={"factory": "timm:resnet18"})
    np.testing.assert_allclose(model.log_probabilities(images[:2]), expected(module, model, images[:2]), rtol=1e-5)
    right = timm.data.resolve_model_data_config(module)
    assert model.prepared.size == right["input_size"][1:]
    assert model.prepared.mean == right["mean"]
    assert model.prepared.resize_shorter == int(model.prepared.size[0] / right["crop_pct"])
    with pytest.raises(CamsimError, match=r"timm .* has no such network; did you mean"):
        load_model(tmp_path / "w.safetensors", overrides={"factory": "timm:resnett18"})
