"""Wrong inputs: a clear line or list, the right exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image

from .conftest import Invoke, Run

PROFILE = """\
camsim: 1
name: mine
title: Mine
sensor:
  cfa: RGGB
  bit_depth: 12
  black_level: 256
  white_level: 4095
  system_gain: 0.5
  full_well: 8000
  read_noise: 3
  response: {kind: inverse_isp}
isp:
  - {kind: black_level}
  - {kind: demosaic, method: bilinear}
  - {kind: white_balance, gains: [2.0, 1.0, 1.5]}
  - {kind: clip}
  - {kind: gamma, encoding: srgb}
"""


def two_inputs(folder: Path) -> Path:
    """A model with two image inputs."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("left", "right")]
    nodes = [
        helper.make_node("Add", ["left", "right"], ["sum"]),
        helper.make_node("ReduceMean", ["sum"], ["mean"], axes=[2, 3], keepdims=0),
    ]
    outputs = [helper.make_tensor_value_info("mean", TensorProto.FLOAT, [1, 3])]
    graph = helper.make_graph(nodes, "two", inputs, outputs)
    path = folder / "two.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def text_named_onnx(folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_text("I am no model\n")
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "nowhere.onnx", "nowhere.onnx: no such file"),
        (text_named_onnx, "text"),
        (two_inputs, "has 2 inputs: 'left' (1, 3, 8, 8), 'right'"),
    ],
    ids=["missing", "text named .onnx", "two image inputs"],
)
def test_wrong_models(invoke: Invoke, tmp_path: Path, pictures: Path, make: Callable[[Path], Path], words: str) -> None:
    done = invoke("audit", make(tmp_path), "--data", pictures, "--profiles", "still/nikon-d850")
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert len(done.stderr.splitlines()) <= 2


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--data", "empty"], 3, "no"),
        (["--data", "nowhere"], 2, "nowhere"),
        (["--max-flips", "5"], 2, "fraction"),
        (["--max-drop", "0.1"], 2, "without labels"),
        (["--out", "file/run"], 2, "file/run"),
        (["--out", "used"], 2, "is not empty"),
        (["--resume"], 2, "--out"),
        (["--resume", "--out", "new"], 2, "nothing to resume"),
        (["--profiles", "reference/srgb"], 2, "no profile to compare"),
        (["--profiles", "nothing/*"], 2, "no profile matches"),
        (["--reference", "seed/drone"], 2, "stands for 13 profiles"),
        (["--search", "4", "--search-from", "seed/drone/ma-s-ga"], 2, "not among the audited"),
        (["--mean", "a,b"], 2, "--mean takes numbers"),
        (["--std", "0"], 2, "above 0"),
        (["--input-size", "1,2,3"], 2, "--input-size: must have 2 items"),
        (["--color", "BRG"], 2, "BRG"),
        (["--classes", "nowhere.txt"], 2, "nowhere.txt"),
        (["--limit", "0"], 2, "limit"),
        (["--bogus"], 2, "bogus"),
        (["second.onnx"], 2, "one MODEL"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_options(invoke: Invoke, tmp_path: Path, sturdy: Path, options: list[str], code: int, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "thesis.tex").write_text("")
    defaults = [] if "--profiles" in options or "second.onnx" in options else ["--profiles", "still/nikon-d850"]
    done = invoke("audit", sturdy, *defaults, *options)
    assert done.exit_code == code, done.output
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert (tmp_path / "used" / "thesis.tex").exists()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("  cfa: RGGB", "\tcfa: RGGB", 5, "a tab is used to indent"),
        ("kind: demosaic,", "kind: demosiac,", 15, "did you mean 'demosaic'"),
        ("gains: [2.0, 1.0, 1.5]", "gains: [99, 1.0, 1.5]", 16, "must lie in [-16, 16], got 99"),
        ("system_gain: 0.5", "system_gain: 0", 9, "must lie in [0.0001, 1000] DN/e-, got 0"),
        ("read_noise: 3", "read_nosie: 3", 11, "is not a key here"),
        ("title: Mine", "title: Mine\ntitle: Yours", 4, "given twice"),
        (
            "  - {kind: clip}\n  - {kind: gamma, encoding: srgb}",
            "  - {kind: gamma, encoding: srgb}\n  - {kind: white_balance, gains: [1.0, 1.0, 1.0]}",
            18,
            "takes linear RGB, but isp[3] gamma gives",
        ),
        ("white_level: 4095", "white_level: 65535", 4, "white_level <= 4095"),
    ],
    ids=["tab", "misspelt stage", "gain out of bounds", "gain 0", "misspelt key", "twice", "order", "DN range"],
)
def test_wrong_profiles_name_the_line(
    invoke: Invoke, tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in PROFILE
    (tmp_path / "mine.yaml").write_text(PROFILE.replace(old, new))
    done = invoke("profiles", "check", "mine.yaml")
    assert done.exit_code == 2
    assert any(f"mine.yaml:{line}:" in text and words in text for text in done.stderr.splitlines()), done.stderr


def test_all_errors_of_a_profile_come_at_once(invoke: Invoke, tmp_path: Path) -> None:
    text = PROFILE.replace("gains: [2.0, 1.0", "gains: [99, 1.0").replace("kind: clip", "kind: clap")
    (tmp_path / "mine.yaml").write_text(text.replace("bit_depth: 12", "bit_depth: 40"))
    done = invoke("profiles", "check", "mine.yaml")
    assert [text.split(":")[2] for text in done.stderr.splitlines()] == ["6", "16", "17"]


def mosaic(folder: Path, array: np.ndarray) -> Path:
    path = folder / "mosaic.npy"
    np.save(path, array)
    return path


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((16, 16), 70000.0), "DN from 0 to 4095"),
        (np.full((16, 16), -3.0), "DN from 0 to 4095"),
        (np.linspace(0, 1, 256).reshape(16, 16), "multiply by 4095"),
        (np.full((16, 16), np.nan), "DN from 0 to 4095"),
        (np.zeros((16, 16, 3)), "one value a pixel"),
    ],
    ids=["too high", "negative", "scaled to 1", "NaN", "RGB"],
)
def test_mosaics_that_the_device_cannot_give_are_refused(
    invoke: Invoke, tmp_path: Path, array: np.ndarray, words: str
) -> None:
    path = mosaic(tmp_path, array.astype(np.float32))
    done = invoke("develop", path, "--profile", "still/nikon-d5000", "--out", "out.png")
    assert done.exit_code == 2, done.output
    assert words in done.stderr
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("out", "words"),
    [("out.jpg", ".png"), ("nowhere/out.png", "nowhere"), ("folder", "folder")],
    ids=["suffix", "missing folder", "is a folder"],
)
def test_outputs_that_cannot_be_written_are_refused(invoke: Invoke, tmp_path: Path, out: str, words: str) -> None:
    (tmp_path / "folder").mkdir()
    path = mosaic(tmp_path, np.full((16, 16), 300, dtype=np.float32))
    done = invoke("develop", path, "--profile", "still/nikon-d5000", "--out", out)
    assert done.exit_code == 2, done.output
    assert words in done.stderr


def test_a_picture_is_no_raw_file_and_text_no_picture(invoke: Invoke, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "photo.png")
    (tmp_path / "text.jpg").write_text("hello")
    done = invoke("develop", "photo.png", "--profile", "still/nikon-d5000", "--out", "out.png")
    assert done.exit_code == 2
    assert "camsim emulate" in done.stderr
    done = invoke("emulate", "text.jpg", "--profile", "still/nikon-d5000", "--out", "out.png")
    assert done.exit_code == 2
    assert "not an image" in done.stderr


def test_control_characters_in_names_do_not_reach_the_terminal(run_camsim: Run, tmp_path: Path) -> None:
    done = run_camsim("audit", "evil\x1b[31m.onnx", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
