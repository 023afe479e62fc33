"""`camsim forensics` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Invoke, Run

QUICK = ("--limit", "12", "--sobol", "0", "--shown", "1")


def test_a_run_leaves_a_report_and_says_what_it_found(
    run_camsim: Run, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    done = run_camsim(
        "forensics", fragile, "--data", pictures, "--to", "still/nikon-d850", "--limit", "8", "--out", "run",
        "--sobol", "8", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "from reference/srgb (A) to still/nikon-d850 (B)" in " ".join(done.stdout.split())
    assert done.stdout.splitlines()[-1] == "Report: run/report.html"
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["command"] == "forensics"
    total = sum(player["value"]["value"] for player in results["players"])
    assert total == pytest.approx(results["drop"]["value"], abs=1e-9)
    assert results["sensitivity"]["gradient"]["reason"] is None
    assert results["sensitivity"]["sobol"]["settings"] == 8 * (len(results["sensitivity"]["sobol"]["knobs"]) + 2)
    assert (tmp_path / "run" / "profiles" / "without-sharpen.yaml").exists()
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["command"].startswith("camsim forensics")


def test_json_is_the_file(invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path) -> None:
    done = invoke(
        "forensics", fragile, "--data", pictures, "--to", "still/nikon-d850", "--out", "run", "--json", *QUICK
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads((tmp_path / "run" / "results.json").read_text())


def test_the_sensor_can_be_split(invoke: Invoke, sturdy: Path, pictures: Path) -> None:
    done = invoke(
        "forensics", sturdy, "--data", pictures, "--from", "phone/pixel-4a-imx363", "--to", "phone/google-pixel-imx378",
        "--split-sensor", "--json", *QUICK,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    names = [player["name"] for player in json.loads(done.stdout)["players"]]
    assert "sensor.noise" in names
    assert "sensor" not in names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--to", "reference/srgb"],
            "both devices are reference/srgb: there is nothing between them",
        ),
        (["--to", "phone/nokia"], "unknown profile 'phone/nokia'"),
        (["--to", "still/nikon-d850", "--from", "seed/drone"], "'seed/drone' stands for"),
        (["--to", "still/nikon-d850", "--sobol", "12"], "must be 0 or a power of two from 8 on, got 12"),
        (["--to", "still/nikon-d850", "--orders", "9"], "orders must be an even number from 4 on, got 9"),
        (["--to", "still/nikon-d850", "--resume"], "--resume needs --out with the folder of the unfinished run"),
    ],
)
def test_wrong_input_is_one_clear_line(
    invoke: Invoke, sturdy: Path, pictures: Path, arguments: list[str], message: str
) -> None:
    done = invoke("forensics", sturdy, "--data", pictures, *arguments)
    assert done.exit_code == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert message in lines[0]


def test_no_samples(invoke: Invoke, sturdy: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = invoke("forensics", sturdy, "--data", "empty", "--to", "still/nikon-d850")
    assert done.exit_code in (2, 3)
    assert len(done.stderr.splitlines()) == 1
    assert "empty" in done.stderr
