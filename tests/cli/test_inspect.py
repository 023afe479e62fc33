"""``camsim inspect``: what it says of models of every kind, and what it refuses as the audit does."""

from __future__ import annotations

import hashlib
import json
import pickle
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from safetensors.torch import save_file

from .conftest import SIDE, Invoke


def save(path: Path, nodes: list[onnx.NodeProto], shape: list, output: list, opset: int = 17, **weights) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, output)],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), path)
    return path


def test_a_classifier(invoke: Invoke, sturdy: Path, pictures: Path) -> None:
    result = invoke("inspect", sturdy, "--data", pictures, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["problem"] is None
    assert found["opset"] == {"ai.onnx": 13}
    assert found["inputs"] == [{"name": "image", "dtype": "float32", "shape": ["batch", 3, SIDE, SIDE]}]
    assert found["operators"] == {"ReduceMean": 1, "Flatten": 1, "Sub": 1, "MatMul": 1}
    assert found["class_count"] == 2
    assert found["gradient"] == {"available": True, "reason": None, "unsupported": [], "checked_on": "2 pictures"}
    parts = {part["name"]: (part["value"], part["source"]) for part in found["preprocessing"]}
    assert parts["input_size"] == ([SIDE, SIDE], "model")
    assert parts["color"] == ("RGB", "declared")
    assert parts["resize"] == ("stretch", "declared")
    assert parts["filter"] == ("bilinear", "assumed")
    assert found["output"] == {"name": "logits", "kind": "logits", "kind_source": "declared"}


def test_text_says_the_same_in_a_narrow_terminal(invoke: Invoke, fragile: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    result = invoke("inspect", fragile)
    assert result.exit_code == 0, result.output
    assert max(len(line.rstrip()) for line in result.stdout.splitlines()) <= 44
    text = " ".join(result.stdout.split())
    assert "gradient yes, checked on 2 pictures" in text
    assert "filter bilinear (assumed)" in text
    assert "sidecar fragile.camsim.yaml" in text
    assert "color RGB (declared)" in text
    assert "layout NCHW (from the model)" in text


def branch() -> onnx.GraphProto:
    value = helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 3])
    return helper.make_graph([helper.make_node("Identity", ["pooled"], ["b"])], "b", [], [value])


def pooled() -> onnx.NodeProto:
    return helper.make_node("ReduceMean", ["image"], ["pooled"], axes=[2, 3], keepdims=0)


def test_the_operator_in_the_way_is_named(invoke: Invoke, tmp_path: Path) -> None:
    nodes = [
        pooled(),
        helper.make_node("ReduceSum", ["pooled"], ["sum"], keepdims=0),
        helper.make_node("Cast", ["sum"], ["yes"], to=TensorProto.BOOL),
        helper.make_node("If", ["yes"], ["scores"], then_branch=branch(), else_branch=branch()),
    ]
    path = save(tmp_path / "if.onnx", nodes, [1, 3, 8, 8], [1, 3])
    found = json.loads(invoke("inspect", path, "--json").stdout)
    assert found["problem"] is None
    assert found["gradient"]["unsupported"] == ["If"]
    assert found["gradient"]["reason"] == "operator without a differentiable form: If"
    assert found["operators"]["Identity"] == 2  # those inside the branches are counted
    assert "gradient   no: operator without a differentiable form: If" in invoke("inspect", path).stdout


def test_an_old_opset_is_said_to_be_that(invoke: Invoke, tmp_path: Path) -> None:
    nodes = [helper.make_node("Relu", ["image"], ["r"]), helper.make_node("ReduceMean", ["r"], ["scores"], axes=[2, 3])]
    path = save(tmp_path / "old.onnx", nodes, [1, 3, 8, 8], [1, 3, 1, 1], opset=9)
    found = json.loads(invoke("inspect", path, "--json").stdout)
    assert found["gradient"]["reason"] == "opset 9: gradients need 11 or later; export the model anew"


def test_a_check_that_fails_is_named(invoke: Invoke, tmp_path: Path) -> None:
    zero = helper.make_node("Sub", ["pooled", "pooled"], ["zero"])
    nodes = [pooled(), zero, helper.make_node("Sqrt", ["zero"], ["root"])]
    nodes.append(helper.make_node("Add", ["pooled", "root"], ["scores"]))
    path = save(tmp_path / "nan.onnx", nodes, [1, 3, 8, 8], [1, 3])
    gradient = json.loads(invoke("inspect", path, "--json").stdout)["gradient"]
    assert not gradient["available"]
    assert "NaN" in gradient["reason"]


@pytest.mark.parametrize("side", [8, "side"])
def test_other_networks_than_classifiers(invoke: Invoke, tmp_path: Path, side: int | str) -> None:
    weights = np.random.default_rng(0).normal(size=(4, 3, 3, 3))
    path = save(
        tmp_path / "map.onnx",
        [helper.make_node("Conv", ["image", "w"], ["scores"])],
        [1, 3, side, side],
        [1, 4, None, None],
        w=weights,
    )
    found = json.loads(invoke("inspect", path, "--json").stdout)
    assert "audits classifiers" in found["problem"]
    assert found["task"] == {"value": None, "source": None}
    assert [part["name"] for part in found["preprocessing"]][:3] == ["input_size", "layout", "color"]
    assert found["gradient"]["available"]
    size = 224 if side == "side" else side
    assert found["gradient"]["checked_on"] == f"noise of 1x3x{size}x{size}"
    text = " ".join(invoke("inspect", path).stdout.split())
    assert "audit no: no classifier, and nothing else was declared or recognised: output 'scores'" in text


def test_unsafe_files_are_refused(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(pickle.dumps({"a": 1}))
    result = invoke("inspect", path)
    assert result.exit_code == 4
    assert "runs code when it is loaded" in result.stderr
    outside = helper.make_tensor("w", TensorProto.FLOAT, [4, 3, 3, 3], np.zeros(108, np.float32).tobytes(), raw=True)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../secret")
    proto = onnx.load(
        save(tmp_path / "net.onnx", [helper.make_node("Conv", ["image", "w"], ["scores"])], [1, 3, 8, 8], [1, 4, 6, 6])
    )
    proto.graph.initializer.append(outside)
    path.write_bytes(proto.SerializeToString())
    result = invoke("inspect", path)
    assert result.exit_code == 4
    assert "not a plain path inside the model's folder" in result.stderr


def test_wrong_inputs(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    missing = invoke("inspect", tmp_path / "none.onnx")
    assert (missing.exit_code, "no such file" in missing.stderr) == (2, True)
    sidecar = tmp_path / "wrong.yaml"
    sidecar.write_text("camsim_model: 1\nmeans: 0\n")
    wrong = invoke("inspect", sturdy, "--sidecar", sidecar)
    assert wrong.exit_code == 2
    assert "wrong.yaml:2: means: unknown key; did you mean 'mean'" in wrong.stderr


def test_hostile_names_do_not_reach_the_terminal(invoke: Invoke, tmp_path: Path) -> None:
    nodes = [helper.make_node("ReduceMean", ["image"], ["scores"], axes=[2, 3], keepdims=0)]
    proto = onnx.load(save(tmp_path / "a.onnx", nodes, [1, 3, 8, 8], [1, 3]))
    proto.producer_name = "\x1b[31mred [bold]bold[/bold]"
    path = tmp_path / "hostile.onnx"
    path.write_bytes(proto.SerializeToString())
    result = invoke("inspect", path)
    assert "\x1b" not in result.stdout
    assert "\\x1b[31mred [bold]bold[/bold]" in result.stdout


def test_a_detector_says_how_it_is_read(invoke: Invoke, tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(6, 3, 8, 8)) / 100
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["cells"], strides=[8, 8]),
        helper.make_node("Sigmoid", ["cells"], ["chances"]),
        helper.make_node("Reshape", ["chances", "shape"], ["scores"]),
    ]
    path = save(tmp_path / "yolo.onnx", nodes, [1, 3, 64, 64], [1, 6, 64], w=weights)
    proto = onnx.load(path)
    proto.graph.initializer.append(numpy_helper.from_array(np.array([1, 6, 64], np.int64), "shape"))
    path.write_bytes(proto.SerializeToString())
    unknown = json.loads(invoke("inspect", path, "--json").stdout)
    assert unknown["problem"].startswith("no classifier, and nothing else was declared or recognised")
    result = invoke("inspect", path, "--decoder", "yolov8", "--json")
    found = json.loads(result.stdout)
    assert (found["problem"], found["task"]) == (None, {"value": "detection", "source": "declared"})
    assert found["decoder"]["value"]["kind"] == "yolov8"
    assert "gradient" not in found
    text = " ".join(invoke("inspect", path, "--decoder", "yolov8").stdout.split())
    assert "task detection (declared) decoder yolov8 (declared): score_threshold 0.001" in text
    assert "gradient" not in text
    undecoded = json.loads(invoke("inspect", path, "--task", "detection", "--json").stdout)
    assert "declare 'decoder' for the task detection" in undecoded["problem"]
    wrong = invoke("inspect", path, "--decoder", "yolo8")
    assert (wrong.exit_code, "--decoder: there is no decoder 'yolo8'; did you mean 'yolov8'" in wrong.stderr) == (
        2,
        True,
    )
    wrong = invoke("inspect", path, "--task", "detect")
    assert (wrong.exit_code, "--task: there is no task 'detect'; did you mean 'detection'" in wrong.stderr) == (2, True)


def test_what_the_model_sees_is_written_beside_the_picture(
    invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path
) -> None:
    sidecar = tmp_path / "s.yaml"
    sidecar.write_text("camsim_model: 1\ncolor: BGR\nmean: 0.5\nstd: 0.25\noutput_kind: logits\n")
    out = tmp_path / "seen.png"
    result = invoke("inspect", sturdy, "--data", pictures, "--sidecar", sidecar, "--picture", out)
    assert result.exit_code == 0, result.output
    both = np.asarray(Image.open(out))
    seen = both[:SIDE, -SIDE:].astype(int)
    original = Image.fromarray(both[:, : both.shape[1] - SIDE - 8]).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    assert np.abs(seen - np.asarray(original)).max() == 0, "normalisation and channel order are undone"
    wrong = invoke("inspect", sturdy, "--picture", tmp_path / "seen.jpg")
    assert (wrong.exit_code, "writes a PNG file" in wrong.stderr) == (2, True)


def scripted(path: Path) -> Path:
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(module.eval(), torch.zeros(1, 3, 8, 8)), path)
    return path


def test_programs_are_opened_for_those_who_trust_them(invoke: Invoke, tmp_path: Path) -> None:
    path = scripted(tmp_path / "net.pt")
    refused = invoke("inspect", path)
    assert refused.exit_code == 4
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"--trust-model={digest}" in refused.stderr
    for trust in ("--trust-model", f"--trust-model={digest}"):
        result = invoke("inspect", trust, path, "--json")
        assert result.exit_code == 0, result.output
        found = json.loads(result.stdout)
        assert (found["format"], found["problem"], found["class_count"]) == ("TorchScript", None, 2)
        assert found["parameters"] == 56
        assert found["gradient"]["available"]
    other = invoke("inspect", path, f"--trust-model={'0' * 64}")
    assert (other.exit_code, "is not the file that is trusted" in other.stderr) == (4, True)
    assert invoke("inspect", path, "--trust-model=abc").exit_code == 2


def test_weights_and_code(invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inspected_code.py").write_text(
        "from torch import nn\n"
        "def make():\n    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4))\n"
    )
    save_file({"2.weight": torch.zeros(4, 3), "2.bias": torch.zeros(4)}, tmp_path / "w.safetensors")
    factory = ("--factory", "inspected_code:make")
    assert invoke("inspect", "w.safetensors", *factory).exit_code == 4
    result = invoke("inspect", "w.safetensors", *factory, "--trust-model")
    assert "a classifier of 4 classes" in " ".join(result.stdout.split()), result.output
    assert invoke("inspect", "inspected_code:make").exit_code == 4
    assert invoke("inspect", "inspected_code:make", "--trust-model").exit_code == 0
