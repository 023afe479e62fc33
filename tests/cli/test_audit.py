"""`camsim audit` as a user runs it: verdicts, exit codes, files, replay, interruption."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

from .conftest import Invoke, Run, save_pictures

DEVICES = ["--profiles", "still/nikon-d850", "machine-vision/imx250"]


def results(folder: Path) -> dict:  # type: ignore[type-arg]
    return json.loads((folder / "results.json").read_text())


def row(folder: Path, profile: str) -> dict:  # type: ignore[type-arg]
    return next(item for item in results(folder)["profiles"] if item["profile"] == profile)


def test_sturdy_model_passes_with_exit_0(run_camsim: Run, sturdy: Path, pictures: Path, tmp_path: Path) -> None:
    done = run_camsim("audit", sturdy, "--data", pictures, *DEVICES, "--max-drop", "0.1", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS")
    assert done.stderr == ""
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "manifest.json",
        "report.html",
        "results.json",
        "samples.parquet",
    ]
    assert row(tmp_path / "run", "reference/srgb")["metrics"]["accuracy"]["value"] == 1.0
    assert row(tmp_path / "run", "still/nikon-d850")["drop"]["value"] == 0.0


def test_fragile_model_fails_with_exit_1(run_camsim: Run, fragile: Path, pictures: Path, tmp_path: Path) -> None:
    options = ["--labels", "none", "--max-flips", "0.1", "--out", "run"]
    done = run_camsim("audit", fragile, "--data", pictures, *DEVICES, *options, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("FAIL")
    assert row(tmp_path / "run", "machine-vision/imx250")["flips"]["value"] == 1.0


@pytest.mark.parametrize("model", ["sturdy", "fragile"])
def test_nine_images_are_inconclusive_with_exit_3(
    run_camsim: Run, model: str, pictures: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(model)
    options = ["--labels", "none", "--max-flips", "0.5", "--limit", "9", "--out", "run"]
    done = run_camsim("audit", path, "--data", pictures, *DEVICES, *options, cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout.startswith("INCONCLUSIVE")


def test_unknown_profile_exits_2_with_the_nearest_names(
    run_camsim: Run, sturdy: Path, pictures: Path, tmp_path: Path
) -> None:
    done = run_camsim("audit", sturdy, "--data", pictures, "--profiles", "still/nikon-d580", cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown profile 'still/nikon-d580'" in done.stderr
    assert "still/nikon-d850" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_pickle_is_refused_with_exit_4_and_not_loaded(run_camsim: Run, pictures: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    torch.save(Bomb(), tmp_path / "model.pt")
    shutil.copy(tmp_path / "model.pt", tmp_path / "model.onnx")
    for name in ("model.pt", "model.onnx"):
        done = run_camsim("audit", name, "--data", pictures, cwd=tmp_path)
        assert done.returncode == 4, done.stderr
        assert "runs code" in done.stderr
    assert not (tmp_path / "exploded").exists()


def test_results_are_the_same_for_any_batch_and_on_every_run(
    invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    for batch in (1, 7, 64, 7):
        folder = tmp_path / f"run-{batch}-{len(list(tmp_path.iterdir()))}"
        options = ["--limit", "20", "--batch", batch, "--search", "4", "--out", folder]
        invoke("audit", fragile, "--data", pictures, *DEVICES, "--max-drop", "0.1", *options)
    runs = sorted(tmp_path.glob("run-*"))
    assert len(runs) == 4
    assert len({(run / "results.json").read_bytes() for run in runs}) == 1
    assert len({(run / "samples.parquet").read_bytes() for run in runs}) == 1


def test_a_worst_case_is_judged_on_held_out_samples_and_replays_to_the_same_figures(
    invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    common = ["audit", fragile, "--data", pictures, "--labels", "none", "--max-flips", "0.1"]
    first = invoke(*common, "--profiles", "seed/drone/bi-s-ga", "--search", "8", "--out", "first")
    assert first.exit_code in (0, 1, 3), first.output
    found = results(tmp_path / "first")
    (case,) = found["worst_cases"]
    assert case["search_samples"] + case["judged_samples"] == found["data"]["samples"] == 60
    assert case["search"]["rate"] >= case["search"]["rate_at_base"]
    again = invoke(*common, "--profiles", f"first/{case['file']}", "--split", "held-out", "--out", "again")
    assert again.exit_code in (0, 1, 3), again.output
    before, after = (row(tmp_path / folder, case["profile"]) for folder in ("first", "again"))
    for key in ("value", "low", "high"):
        assert before["flips"][key] == after["flips"][key]
        assert before["metrics"]["jsd"][key] == after["metrics"]["jsd"][key]


def test_a_corrupt_picture_is_reported_and_counted(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    data = save_pictures(tmp_path / "data", 25)
    good = (data / "dark" / "000.png").read_bytes()
    (data / "dark" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    (data / "dark" / "cut.png").write_bytes(good[: len(good) // 2])
    done = invoke("audit", sturdy, "--data", data, *DEVICES, "--max-drop", "0.2", "--out", "run")
    assert done.exit_code == 0, done.output
    unreadable = results(tmp_path / "run")["data"]["unreadable"]
    assert [item["sample"] for item in unreadable] == ["dark/broken.jpg", "dark/cut.png"]
    assert results(tmp_path / "run")["data"]["samples"] == 50
    assert "2 " in done.output
    assert "read" in done.output.lower()


def test_a_folder_of_nothing_readable_has_no_verdict(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").write_text("text")
    done = invoke("audit", sturdy, "--data", "data", *DEVICES, "--out", "run")
    assert done.exit_code == 3
    assert "none of the 1 samples could be read" in done.output


def test_an_interrupted_run_resumes_to_the_same_result(
    camsim_command: list[str], invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    options = ["--data", str(pictures), *DEVICES, "--max-drop", "0.1", "--batch", "1", "--search", "60", "--out"]
    command = [*camsim_command, "audit", str(fragile), *options, str(tmp_path / "cut")]
    # What a shell starts in the background ignores Ctrl-C; the tests may have been started so.
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "cut" / "parts").glob("*.json"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in errors
    assert not (tmp_path / "cut" / "results.json").exists()

    refused = invoke("audit", fragile, *options, tmp_path / "cut")
    assert refused.exit_code == 2
    assert "--resume" in refused.output
    other = invoke("audit", fragile, *options, tmp_path / "cut", "--resume", "--seed", "1")
    assert other.exit_code == 2
    assert "another seed" in other.output
    invoke("audit", fragile, *options, tmp_path / "cut", "--resume")
    invoke("audit", fragile, *options, tmp_path / "whole")
    assert (tmp_path / "cut" / "results.json").read_bytes() == (tmp_path / "whole" / "results.json").read_bytes()
    assert not (tmp_path / "cut" / "parts").exists()


def test_samples_parquet_holds_every_cell(invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path) -> None:
    invoke("audit", sturdy, "--data", pictures, *DEVICES, "--limit", "12", "--max-drop", "0.1", "--out", "run")
    frame = pd.read_parquet(tmp_path / "run" / "samples.parquet")
    assert len(frame) == 12 * 3
    assert (frame.prediction == frame.target).all()
    assert frame.groupby("profile").size().eq(12).all()


def test_json_goes_to_stdout_and_nothing_else(invoke: Invoke, sturdy: Path, pictures: Path) -> None:
    done = invoke("audit", sturdy, "--data", pictures, *DEVICES, "--limit", "12", "--max-drop", "0.3", "--json")
    assert json.loads(done.stdout)["schema"] == 2


def test_without_data_the_built_in_scenes_are_used(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    done = invoke("audit", sturdy, "--profiles", "machine-vision/imx250", "--limit", "10", "--out", "run")
    assert done.exit_code in (0, 1, 3), done.output
    data = results(tmp_path / "run")["data"]
    assert data["name"] == "built-in scenes"
    assert data["samples"] == 10


def test_the_summary_fits_a_narrow_terminal(run_camsim: Run, sturdy: Path, pictures: Path, tmp_path: Path) -> None:
    options = ["--limit", "12", "--max-drop", "0.3", "--out", "run"]
    done = run_camsim("audit", sturdy, "--data", pictures, *DEVICES, *options, cwd=tmp_path, columns=60)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("Report:")]
    assert max(map(len, lines)) <= 60


def test_pictures_with_an_exact_copy_on_the_reference_never_flip(
    invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    """Two names of one device: no flip, no divergence, exactly."""
    shown = invoke("profiles", "show", "reference/srgb").stdout.replace("name: reference/srgb", "name: twin")
    (tmp_path / "twin.yaml").write_text(shown)
    invoke("audit", fragile, "--data", pictures, "--profiles", "twin.yaml", "--max-flips", "0.1", "--out", "run")
    twin = row(tmp_path / "run", "twin")
    assert twin["flips"]["value"] == 0
    assert twin["metrics"]["jsd"]["value"] == twin["metrics"]["jsd"]["low"] == 0


def test_tiny_pictures_are_counted_as_unreadable(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    data = save_pictures(tmp_path / "data", 8)
    Image.new("RGB", (4, 4)).save(data / "dark" / "tiny.png")
    invoke("audit", sturdy, "--data", data, *DEVICES, "--max-drop", "0.5", "--out", "run")
    assert [item["sample"] for item in results(tmp_path / "run")["data"]["unreadable"]] == ["dark/tiny.png"]
