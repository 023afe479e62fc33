"""Other people's models: the example sidecars, the scenes and comparisons without any download; the models with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import audit
from audit.data.truth import Boxes, Text
from audit.models.sidecar import read_declaration
from audit.predictions import Detections, Reading
from benchmarks.launch import ROOT
from benchmarks.page import END, replace_between
from benchmarks.thirdparty import compare, measure, plain, scenes
from benchmarks.thirdparty.case import SIDECARS, Case
from benchmarks.thirdparty.cases import CASES
from benchmarks.thirdparty.table import BEGIN, markdown

DOWNLOADED = ROOT / "build" / "thirdparty" / "models"


def needs_fonts() -> None:
    try:
        version("matplotlib")  # an import could find the stand-in that colour-science puts in its place
    except PackageNotFoundError:
        pytest.skip("matplotlib, whose fonts are drawn with, is installed by `make bench`")


@pytest.mark.parametrize("path", sorted(SIDECARS.glob("*.camsim.yaml")), ids=lambda path: path.name)
def test_example_sidecars_are_read(path: Path) -> None:
    given, used = read_declaration(path.with_suffix("").with_suffix(".onnx"), path)
    assert used == path
    # An example that leaves something to chance would teach the wrong thing.
    assert None not in (given.color, given.scale, given.mean, given.std, given.resize)


def test_every_example_belongs_to_a_model() -> None:
    named = {case.sidecar for case in CASES} - {None}
    assert named == set(SIDECARS.glob("*.camsim.yaml"))
    assert len({case.name for case in CASES}) == len(CASES)


def test_imagenet_names() -> None:
    given, _ = read_declaration(Path("m.onnx"), SIDECARS / "efficientnet-lite0.camsim.yaml")
    assert given.classes is not None
    assert len(given.classes) == 1000
    known = {0: "tench", 285: "Egyptian cat", 657: "missile", 967: "espresso", 999: "toilet tissue"}
    assert {index: given.classes[index] for index in known} == known


def test_the_face_is_where_its_box_says(tmp_path: Path) -> None:
    data = scenes.faces("face")(tmp_path)
    means = []
    for sample in data.samples:
        scene = sample.load()
        truth = sample.load_truth((scene.shape[1], scene.shape[2]))
        assert isinstance(truth, Boxes)
        ((left, top, right, bottom),) = truth.corners.round().astype(int)
        assert 0 <= left < right <= scene.shape[2]
        assert 0 <= top < bottom <= scene.shape[1]
        means.append(scene[:, top:bottom, left:right].mean(dim=(1, 2)).numpy())
    assert len(means) == 16
    np.testing.assert_allclose(means, np.broadcast_to(means[0], (16, 3)), rtol=0.05)  # the same face in all of them


def test_letters_are_dark_within_their_boxes(tmp_path: Path) -> None:
    needs_fonts()
    for sample in scenes.glyphs(tmp_path).samples:
        scene = sample.load()
        truth = sample.load_truth((scene.shape[1], scene.shape[2]))
        assert isinstance(truth, Boxes)
        ink = scene.mean(dim=0) < 0.3
        inside = np.zeros(ink.shape, dtype=bool)
        for left, top, right, bottom in truth.corners:
            inside[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
        assert ink.any()
        assert not ink.numpy()[~inside].any()


def test_other_scenes(tmp_path: Path) -> None:
    needs_fonts()
    lines = scenes.text_lines(tmp_path / "lines")
    truth = lines.samples[0].load_truth((9, 9))
    assert isinstance(truth, Text)
    assert truth.text.startswith("The quick brown fox")
    turned = scenes.directions(tmp_path / "turned")
    assert [sample.target for sample in turned.samples] == ["0"] * 20 + ["180"] * 20
    assert all(sample.load().shape[2] < 4 * sample.load().shape[1] for sample in turned.samples[:3])
    assert len(scenes.pages(tmp_path / "pages").samples) == 9
    assert {
        sample.load().shape[1] == sample.load().shape[2] for sample in scenes.square_photographs(tmp_path / "s").samples
    } == {True}


def test_comparisons() -> None:
    corners = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]])
    found = Detections(corners, np.array([0.9, 0.8, 0.1]), np.zeros(3, dtype=np.int64))
    task = SimpleNamespace(predict=lambda pictures: [found], decoder=SimpleNamespace(confidence=0.5), key="detection")
    network = SimpleNamespace(decoder=object(), run=lambda pictures: [{"out": np.array([0.0, 2.0])}])
    both = compare.boxes(task, network, [0], [[[0, 0, 10, 10], [20, 20, 30, 31]]])  # type: ignore[arg-type]
    assert both == "2 boxes are found by both (IoU at least 0.909), none more, none less"
    one = compare.boxes(task, network, [0], [[[0, 0, 10, 10]]])  # type: ignore[arg-type]
    assert one.endswith("; 0 only there, 1 only here")
    assert compare.boxes(task, network, [0], [[]]).startswith("0 boxes")  # type: ignore[arg-type]
    assert compare.outputs(task, network, [0], [np.array([[0.0, 1.5]])]).startswith("outputs differ by 0.25 ")  # type: ignore[arg-type]
    reader = SimpleNamespace(predict=lambda pictures: [Reading(" a", 0.5), Reading("b", 0.5)])
    assert compare.texts(reader, network, [0, 0], [["a", 0.4], ["c", 0.5]]).startswith("1 of 2 texts")  # type: ignore[arg-type]
    judge = SimpleNamespace(predict=lambda pictures: [np.log([0.25, 0.75])])
    assert compare.classes(judge, network, [0], [[1, 0.5]]).endswith("differ by 0.25 at most")  # type: ignore[arg-type]


def test_the_plain_suppression() -> None:
    found = [(0.5, [0.0, 0, 10, 10]), (0.9, [0.0, 0, 10, 9]), (0.4, [20.0, 0, 30, 10])]
    assert plain._surest(found, 0.5) == [[0.0, 0, 10, 9], [20.0, 0, 30, 10]]


def test_the_tables() -> None:
    row = measure.Row(
        case=CASES[0],
        inputs=("image: float32 1x3x8x8",),
        outputs=("logits: float32 1x3",),
        alone="stated: layout",
        declared=("color", "mean"),
        assumed=(),
        task="classification",
        decoder="none needed",
        samples=22,
        reference="",
        worst="9 % (phone/a)",
        verdict="FAIL",
        beside=("other code: the same",),
    )
    text = markdown([row])
    assert (
        "| image: float32 1x3x8x8 | logits: float32 1x3 | stated: layout | color, mean | nothing | classification |"
        in text
    )
    assert "| built-in scenes (22) | no labels | 9 % (phone/a) | FAIL | other code: the same |" in text
    assert "[efficientnet-lite0.camsim.yaml](../examples/sidecars/efficientnet-lite0.camsim.yaml)" in text
    page = (ROOT / "docs" / "third-party-models.md").read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    assert text in replace_between(page, text, BEGIN)
    for case in CASES:
        assert case.title in page


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_models_that_were_downloaded(case: Case, tmp_path: Path) -> None:
    """Audits what ``python -m benchmarks.thirdparty`` left in build/thirdparty."""
    path = DOWNLOADED / f"{case.name}.onnx"
    if not path.exists():
        pytest.skip(f"{path.relative_to(ROOT)} is not there; python -m benchmarks.thirdparty downloads it")
    needs_fonts()
    shutil.copyfile(path, tmp_path / path.name)
    measure.put_sidecar(case, tmp_path / f"{case.name}.camsim.yaml")
    data = case.scenes(tmp_path / "scenes")
    result = audit.run(tmp_path / path.name, replace(data, samples=data.samples[:2]), profiles=measure.PROFILES[:1])
    rows = result.results["profiles"]
    assert [row["samples"] for row in rows] == [2, 2]
    assert [row["errors"] for row in rows] == [[], []]
    assert result.results["model"]["input"].get("assumed", []) == []
