"""The sidecar: found beside the model, everything wrong in it is said at once, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.models.sidecar import Declaration, declaration_of, find_sidecar, read_declaration
from camsim.errors import CamsimError, ProfileError

GOOD = """\
camsim_model: 1
input_size: [224, 160]
color: BGR
mean: [0.485, 0.456, 0.406]
std: 0.225
resize: crop
resize_shorter: 256
output_kind: probabilities
classes: [cat, "dog", no]
"""


def sidecar(folder: Path, text: str, name: str = "model.camsim.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_found_beside_the_model(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    assert find_sidecar(model) is None
    assert read_declaration(model) == (Declaration(), None)
    beside = sidecar(tmp_path, GOOD)
    declared, used = read_declaration(model)
    assert used == beside
    assert declared.input_size == (224, 160)
    assert declared.mean == (0.485, 0.456, 0.406)
    assert declared.std == (0.225,)
    assert declared.classes == ("cat", "dog", "no")
    assert declared.output_kind == "probabilities"


def test_overrides_are_laid_over_it_key_by_key(tmp_path: Path) -> None:
    given = sidecar(tmp_path, GOOD, "other.yaml")
    declared, used = read_declaration(tmp_path / "model.onnx", given, {"color": "RGB", "mean": 0.5})
    assert (used, declared.color, declared.mean, declared.std) == (given, "RGB", (0.5,), (0.225,))
    assert read_declaration(tmp_path / "model.onnx", None, {"color": "BGR"})[0] == Declaration(color="BGR")


def test_everything_wrong_at_once_with_lines(tmp_path: Path) -> None:
    path = sidecar(
        tmp_path,
        "camsim_model: 2\n"  # 1
        "colour: BGR\n"  # 2
        "mean: [0.4, '0.5', 0.6]\n"  # 3
        "std:\n"  # 4
        "  - 1\n"  # 5
        "  - 1\n"  # 6
        "  - true\n"  # 7
        "layout: CHW\n"  # 8
        "input_size: [224]\n"  # 9
        "scale: -1\n"  # 10
        "pad_value: 3\n"  # 11
        "classes: [a, b, a]\n",  # 12
    )
    with pytest.raises(ProfileError) as error:
        read_declaration(tmp_path / "model.onnx", None, {"filter": "gauss"})
    found = {problem.path: (problem.where, problem.message) for problem in error.value.problems}
    lines = {"camsim_model": 1, "colour": 2, "mean[1]": 3, "std[2]": 7, "layout": 8, "scale": 10}
    lines |= {"pad_value": 11, "classes": 12}
    for name, line in lines.items():
        assert found[name][0] == f"{path}:{line}", name
    assert found["filter"][0] == "override"
    assert found["input_size[1]"] == (f"{path}:9", "is missing from the list")
    assert len(found) == len(lines) + 2
    assert found["colour"][1].startswith("unknown key; did you mean 'color'")
    assert "'NCHW' or 'NHWC', got 'CHW'" in found["layout"][1]
    assert "names 1 and 3 are both 'a'" in found["classes"][1]
    assert "resize: pad" in found["pad_value"][1]
    assert "Input should" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("camsim_model: 1\ncolor: RGB\ncolor: BGR\n", 3, "given twice"),
        ("camsim_model: 1\nmean: [1, 2\n", 3, "expected"),
        ("color: RGB\n", 1, "begins with 'camsim_model: 1'"),
        ("camsim_model: 1\na: &x 1\nscale: *x\n", 3, "aliases"),
        ("camsim_model: 1\nscale: !!python/name:os.getcwd x\n", 2, "tag"),
        ("camsim_model: 1\nclasses: [1, 2]\n", 2, "string, got 1"),
        ("camsim_model: 1\nclasses: [a, ' ']\n", 2, "name 2 must be"),
        ("camsim_model: 1\nclasses: 7\n", 2, "must be a list, got 7"),
    ],
)
def test_errors(tmp_path: Path, text: str, line: int, message: str) -> None:
    path = sidecar(tmp_path, text)
    with pytest.raises(ProfileError, match=message) as error:
        read_declaration(tmp_path / "model.onnx")
    assert error.value.problems[0].where == f"{path}:{line}"


def test_not_a_mapping_and_no_override_of_the_version(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="not an option"):
        read_declaration(tmp_path / "model.onnx", None, {"camsim_model": 1})
    path = sidecar(tmp_path, "- 1\n")
    with pytest.raises(ProfileError, match="'key: value' lines"):
        read_declaration(tmp_path / "model.onnx")
    path.write_bytes(b"camsim_model: \xff\n")
    with pytest.raises(CamsimError, match="not UTF-8"):
        read_declaration(tmp_path / "model.onnx")
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(CamsimError, match="longer than"):
        read_declaration(tmp_path / "model.onnx")
    with pytest.raises(CamsimError, match="no such file"):
        read_declaration(tmp_path / "model.onnx", tmp_path / "missing.yaml")


def test_classes_from_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("tench\ngoldfish\ngreat white shark\n", encoding="utf-8-sig")
    sidecar(tmp_path, "camsim_model: 1\nclasses: labels.txt\n")
    assert read_declaration(tmp_path / "model.onnx")[0].classes == ("tench", "goldfish", "great white shark")
    (tmp_path / "labels.txt").write_text("tench\n\ngoldfish\n")
    with pytest.raises(ProfileError, match="name 2 must be"):
        read_declaration(tmp_path / "model.onnx")


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "sub/labels.txt", "..", "..\\secret", "link.txt", "none"])
def test_classes_only_from_a_plain_file_beside_it(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_text("a\nb\n")
    (folder / "link.txt").symlink_to(tmp_path / "secret")
    path = sidecar(folder, f"camsim_model: 1\nclasses: '{name}'\nlayout: wrong\n")
    with pytest.raises(ProfileError) as error:
        read_declaration(folder / "model.onnx")
    assert [problem.where for problem in error.value.problems] == [f"{path}:2", f"{path}:3"]
    assert error.value.problems[0].path == "classes"


def test_values_shown_in_messages_are_bounded(tmp_path: Path) -> None:
    sidecar(tmp_path, f"camsim_model: 1\nlayout: {'x' * 100_000}\n")
    with pytest.raises(ProfileError) as error:
        read_declaration(tmp_path / "model.onnx")
    assert len(str(error.value)) < 500


def test_task_and_decoder(tmp_path: Path) -> None:
    (tmp_path / "m.camsim.yaml").write_text("camsim_model: 1\ndecoder:\n  kind: yolov8\n  score_threshold: 0.1\n")
    declared, _ = read_declaration(tmp_path / "m.onnx")
    assert declared.decoder is not None
    assert (declared.decoder.kind, declared.decoder.score_threshold) == ("yolov8", 0.1)
    (tmp_path / "m.camsim.yaml").write_text("camsim_model: 1\ntask: detection\ndecoder: yolov8\n")
    short, _ = read_declaration(tmp_path / "m.onnx")
    assert (short.task, short.decoder.kind) == ("detection", "yolov8")
    assert declaration_of({"task": "my.module:Task"}, "x").task == "my.module:Task"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: detect", "m.camsim.yaml:2: task: there is no task 'detect'; did you mean 'detection'"),
        ("decoder: yolo8", "m.camsim.yaml:2: decoder: there is no decoder 'yolo8'; did you mean 'yolov8'"),
        ("decoder: {}", "m.camsim.yaml:2: decoder: must be a kind of decoder, or its settings with 'kind: ...'"),
        ("decoder: 3", "must be a kind of decoder"),
        (
            "decoder:\n  kind: yolov8\n  score_treshold: 0.1",
            "m.camsim.yaml:4: decoder.score_treshold: unknown key; did you mean 'score_threshold'",
        ),
        ("decoder:\n  kind: yolov8\n  score_threshold: 3", "m.camsim.yaml:4: decoder.score_threshold: must be less"),
        ("factory: os", "factory: must be MODULE:FUNCTION or timm:NAME, got 'os'"),
        ("size_order: wh", "size_order: must be 'height_width' or 'width_height'"),
    ],
)
def test_wrong_tasks_and_decoders(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "m.camsim.yaml").write_text(f"camsim_model: 1\n{text}\n")
    with pytest.raises(ProfileError) as error:
        read_declaration(tmp_path / "m.onnx")
    assert message in str(error.value)
