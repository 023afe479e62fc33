"""Search, forensics and tuning with gradients for a task other than classification: segmentation, as an ONNX file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

import camsim

from .conftest import SIDE, Invoke

DEVICE = "still/nikon-d5000"
SIDECAR = """\
camsim_model: 1
task: segmentation
classes: [ground, disc]
color: RGB
scale: 0.00392156862745098
mean: 0
std: 1
resize: stretch
decoder: {kind: class_map, holds: logits}
"""


@pytest.fixture(scope="module")
def discs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 pictures of a bright disc on darker ground, with masks."""
    root = tmp_path_factory.mktemp("discs") / "data"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    (root / "classes.txt").write_text("ground\ndisc\n")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    for number in range(24):
        x, y, radius = *rng.uniform(10, SIDE - 10, 2), rng.uniform(5, 9)
        inside = np.hypot(columns - x, rows - y) < radius
        picture = np.where(inside, rng.uniform(0.62, 0.8), rng.uniform(0.3, 0.48))[..., None]
        picture = np.clip(picture + rng.normal(0, 0.02, (SIDE, SIDE, 3)), 0, 1)
        Image.fromarray((255 * picture).round().astype(np.uint8)).save(root / "images" / f"{number:02d}.png")
        Image.fromarray(inside.astype(np.uint8)).save(root / "masks" / f"{number:02d}.png")
    return root


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],
    sidecar: str = SIDECAR,
    kind: int = TensorProto.FLOAT,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "level",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("maps", kind, None)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    path.with_suffix(".camsim.yaml").write_text(sidecar)
    return path


def level(*tail: onnx.NodeProto, output: str = "maps") -> tuple[list[onnx.NodeProto], dict[str, np.ndarray]]:
    """Logits of ground and disc on half the grid: how bright it is, and a little what colour."""
    weights = np.array([[-4.0, -8.0, -6.0], [4.0, 8.0, 6.0]], dtype=np.float32)[:, :, None, None] / 4
    kernel = np.broadcast_to(weights, (2, 3, 2, 2)).astype(np.float32)
    bias = np.array([9.9, -9.9], dtype=np.float32)
    node = helper.make_node("Conv", ["image", "kernel", "bias"], [output], strides=[2, 2])
    return [node, *tail], {"kernel": kernel, "bias": bias}


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("segmenter") / "level.onnx", *level())


@pytest.fixture(scope="module")
def indices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, which gives the class of each cell instead of scores."""
    tail = helper.make_node("ArgMax", ["logits"], ["maps"], axis=1, keepdims=0)
    path = tmp_path_factory.mktemp("indices") / "level.onnx"
    return save(
        path, *level(tail, output="logits"), SIDECAR.replace("holds: logits", "holds: indices"), TensorProto.INT64
    )


def results(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(folder) / "results.json").read_text())
    return found


def search(model: Path, discs: Path, *more: str) -> list[str | Path]:
    return ["search", model, "--data", discs, "--profile", DEVICE, "--budget", "30", "--curve", "0", *more]


def test_a_search_with_gradients_finds_at_least_as_bad_a_case(invoke: Invoke, segmenter: Path, discs: Path) -> None:
    done = invoke(*search(segmenter, discs, "--out", "with"))
    assert done.exit_code == 0, done.output
    assert "straight-through gradients of the model" in " ".join(done.output.split())
    found = results("with")
    assert found["strategy"]["gradients"] is True
    assert found["strategy"]["why_not"] is None
    led, without = found["runs"]  # the cross-check has the same budget, and no gradients
    assert without["name"] == "cross-check, without gradients"
    start, best = led["best_so_far"][0][1], led["best_so_far"][-1][1]
    assert best >= without["best_so_far"][-1][1] - 1e-3
    assert best > start + 0.02
    assert "straight-through gradients" in (Path("with") / "report.html").read_text()
    # A case that is measured again gives the same figures.
    replay = ["--profile", "with/device.yaml", "--replay", next(Path("with/worst").glob("*.yaml"))]
    again = invoke("search", segmenter, "--data", discs, *replay, "--json")
    assert json.loads(again.stdout)["loss"] == found["cases"][0]["certificate"]["loss"]


def test_without_labels_the_answer_under_the_reference_is_the_aim(invoke: Invoke, segmenter: Path, discs: Path) -> None:
    done = invoke(*search(segmenter, discs, "--labels", "none", "--no-cross-check", "--out", "a"))
    assert done.exit_code == 0, done.output
    assert results("a")["strategy"]["gradients"] is True
    # The same may be asked for with labels.
    done = invoke(*search(segmenter, discs, "--loss", "disagreement", "--no-cross-check", "--out", "b"))
    assert done.exit_code == 0, done.output
    assert results("b")["cases"][0]["certificate"]["loss"] == results("a")["cases"][0]["certificate"]["loss"]


def test_where_there_is_no_slope_the_report_says_so(invoke: Invoke, indices: Path, discs: Path) -> None:
    done = invoke(*search(indices, discs, "--out", "run"))
    assert done.exit_code == 0, done.output
    found = results("run")["strategy"]
    assert found["gradients"] is False
    assert found["why_not"] == (
        "camsim has no gradients for semantic segmentation by a model that gives class indices: they have no slope"
    )
    assert "class indices: they have no slope" in " ".join(done.output.split())


def test_forensics_has_the_sensitivity_of_the_knobs(invoke: Invoke, segmenter: Path, discs: Path) -> None:
    done = invoke(
        "forensics", segmenter, "--data", discs, "--from", "reference/srgb", "--to", DEVICE, "--limit", "8",
        "--shown", "1", "--sobol", "0", "--out", "run",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = results("run")
    assert found["sensitivity"]["gradient"]["reason"] is None
    assert any(knob["effect"]["value"] > 0 for knob in found["sensitivity"]["gradient"]["knobs"])
    assert max(step["mean_abs_gradient"] or 0 for step in found["stages"][0]["steps"]) > 0


def test_audit_search_uses_them(invoke: Invoke, segmenter: Path, discs: Path) -> None:
    done = invoke(
        "audit", segmenter, "--data", discs, "--profiles", DEVICE, "--search", "30", "--max-drop", "0.5", "--out", "run"
    )
    assert done.exit_code in (0, 1, 3), done.output
    assert results("run")["worst_cases"][0]["strategy"]["gradients"] is True


def test_a_camera_is_tuned_for_it(invoke: Invoke, segmenter: Path, discs: Path) -> None:
    common = ["--data", discs, "--profile", "seed/drone/bi-s-ga", "--exposure", "0.05", "--limits", "physical"]
    done = invoke("optimize", segmenter, *common, "--steps", "30", "--batch", "4", "--out", "run")
    assert done.exit_code == 0, done.output
    found = results("run")
    assert found["method"] == "gradient descent"
    assert (found["task"], found["held_out"]["measure"], found["loss"]) == ("segmentation", "mean IoU", "cross_entropy")
    assert found["held_out"]["learned"]["value"] > found["held_out"]["frozen"]["value"] + 0.2
    assert "mean IoU is" in done.output
    page = (Path("run") / "report.html").read_text()
    assert "Mean IoU of the same model" in page
    assert "accuracy" not in page.partition("What this does not prove")[0].lower().replace("accuracy of", "")
    assert camsim.load("run/learned.yaml").name == "learned/seed/drone/bi-s-ga"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["search", "--profile", DEVICE, "--strategy", "pgd", "--budget", "8", "INDICES"],
            2,
            "needs gradients, and there are none",
        ),
        (
            ["search", "--profile", DEVICE, "--loss", "cross_entropy", "--task", "depth", "--decoder", "depth"],
            2,
            "depth",
        ),
        (["optimize", "--profile", DEVICE, "--labels", "none"], 2, "has no labels, so there is no mean IoU to raise"),
        (
            ["optimize", "--profile", DEVICE, "--limits", "physical", "INDICES"],
            2,
            "too far apart to search without gradients",
        ),
        (
            ["optimize", "--profile", DEVICE, "--loss", "cross_entropy", "INDICES"],
            2,
            "is of classes; for semantic segmentation",
        ),
        (["optimize", "--profile", DEVICE, "--limit", "10"], 3, "needs at least 20 samples"),
        (["optimize", "--profile", DEVICE, "--task", "detektion"], 2, "did you mean 'detection'"),
    ],
)
def test_wrong_inputs(
    invoke: Invoke, segmenter: Path, indices: Path, discs: Path, arguments: list[str], code: int, words: str
) -> None:
    command, *options = arguments
    model = indices if "INDICES" in options else segmenter
    done = invoke(command, model, "--data", discs, *(word for word in options if word != "INDICES"), "--out", "run")
    assert done.exit_code == code, done.output
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output
