"""``camsim audit`` beyond classes and folders: tasks of one's own, axes, corruptions, expectations, kinds of data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest

from audit.data.sniff import DataFormat
from audit.data.truth import TruthKind
from camsim.cli.options import Format, Kind

from .conftest import Invoke

DEVICE = ["--profiles", "still/nikon-d850"]

OWN_TASK = '''\
"""A task of one's own: the lighter half."""

from audit.tasks.custom import CustomTask


def make(network, data):
    def decode(outputs, frame):
        (array,) = outputs.values()
        return ("bright", "dark")[int(array.argmax())]

    def same(answer, other):
        return float(answer == other)

    return CustomTask(network, data, decode=decode, agreement=same, score=same)
'''


def results(folder: Path) -> dict:
    found: dict = json.loads((folder / "results.json").read_text())
    return found


def test_the_choices_are_those_of_the_library() -> None:
    assert get_args(Format) == get_args(DataFormat)
    assert get_args(Kind) == get_args(TruthKind)


def test_a_task_of_ones_own_needs_trust(invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "lighter_task.py").write_text(OWN_TASK)
    common = ["audit", sturdy, "--data", pictures, *DEVICE, "--limit", "20", "--task", "lighter_task:make"]
    refused = invoke(*common)
    assert refused.exit_code == 4
    assert "--trust-model=" in refused.output
    done = invoke(*common, "--trust-model", "--max-drop", "0.3", "--out", "run")
    assert done.exit_code == 0, done.output
    found = results(tmp_path / "run")
    assert found["task"]["key"] == "custom"
    assert found["profiles"][0]["metrics"]["score"]["value"] == 1


def test_axes_and_corruptions_stand_beside_and_are_not_judged(
    invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path
) -> None:
    done = invoke(
        "audit", sturdy, "--data", pictures, *DEVICE, "--limit", "12", "--max-drop", "0.4", "--out", "run",
        "--axis", "exposure=-6,0", "--axis-of", "still/nikon-d850", "--corruptions", "brightness=1,5",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    rows = {row["profile"]: row for row in results(tmp_path / "run")["profiles"]}
    beside = [name for name, row in rows.items() if row["role"] in ("axis", "corruption")]
    assert beside == [
        "still/nikon-d850@exposure=-6",
        "still/nikon-d850@exposure=0",
        "corruption/brightness@1",
        "corruption/brightness@5",
    ]
    assert all(rows[name]["verdict"] is None and rows[name]["drop"] is not None for name in beside)
    assert rows["still/nikon-d850@exposure=-6"]["drop"]["value"] == 0.5  # all is dark
    assert rows["still/nikon-d850@exposure=0"]["metrics"] == rows["still/nikon-d850"]["metrics"]
    (device,) = [d for d in results(tmp_path / "run")["yardstick"]["devices"] if d["profile"] == "still/nikon-d850"]
    assert set(device["severities"]) == {"brightness"}


def test_frost_needs_its_photographs_and_the_report_says_so(
    invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.corruptions.frost.PACKAGE", "camsim_has_no_such_package")
    common = ["audit", sturdy, "--data", pictures, *DEVICE, "--limit", "6", "--max-drop", "0.4"]
    done = invoke(*common, "--corruptions", "weather=2", "--out", "run")
    assert "3 of the 4 corruptions asked for took part" in done.output
    (reason,) = results(tmp_path / "run")["yardstick"]["left_out"]
    assert "needs `pip install camsim_has_no_such_package`" in reason
    assert "needs `pip install" in (tmp_path / "run" / "report.html").read_text()
    refused = invoke(*common, "--corruptions", "frost")
    assert refused.exit_code == 2
    assert "needs `pip install" in " ".join(refused.output.split())
    alone = invoke(*common, "--corruptions", "fog=1", "--out", "alone")
    assert "corruptions asked for" not in alone.output
    assert "left_out" not in results(tmp_path / "alone")["yardstick"]


def test_another_accuracy_than_expected_stops_the_audit(invoke: Invoke, sturdy: Path, pictures: Path) -> None:
    common = ["audit", sturdy, "--data", pictures, *DEVICE, "--limit", "12", "--max-drop", "0.4"]
    assert invoke(*common, "--expect", "accuracy=1").exit_code == 0
    done = invoke(*common, "--expect", "accuracy=0.83")
    assert done.exit_code == 2
    assert "expected accuracy = 0.83" in done.output
    assert "preprocessing" in done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--task", "detektion"], "did you mean 'detection'"),
        (["--task", "depth"], "has to be declared"),
        (["--task", "nowhere:make", "--trust-model"], "there is no module 'nowhere'"),
        (["--axis", "exposures"], "did you mean 'exposure'"),
        (["--axis", "exposure=bright"], "values are numbers"),
        (["--corruptions", "fogg"], "did you mean 'fog'"),
        (["--corruptions", "fog=9"], "severities are 1 to 5"),
        (["--expect", "acuracy=0.8"], "did you mean 'accuracy'"),
        (["--expect", "0.8"], "must be METRIC=VALUE"),
        (["--data-format", "coco"], "pictures"),
        (["--intensity", "0.5"], "--intensity is for Raw-Drone"),
        (["--truth", "boxes"], "--truth boxes"),
    ],
)
def test_wrong_words_are_refused(invoke: Invoke, sturdy: Path, pictures: Path, options: list[str], words: str) -> None:
    done = invoke("audit", sturdy, "--data", pictures, *DEVICE, "--limit", "6", "--max-drop", "0.4", *options)
    assert done.exit_code == 2, done.output
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output
