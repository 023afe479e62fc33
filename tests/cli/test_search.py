"""`camsim search` as a user runs it: exit codes, files, replay to the last digit, interruption, refusals."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit.search import GROUPS, STRATEGIES
from camsim import catalog
from camsim.cli import app
from camsim.cli.search import search

from .conftest import Invoke, Run

DEVICE = "machine-vision/imx250"
QUICK = ["--profile", DEVICE, "--budget", "12", "--curve", "0", "--no-cross-check"]


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return found


def test_sturdy_model_is_within_the_margin(run_camsim: Run, sturdy: Path, pictures: Path, tmp_path: Path) -> None:
    options = ["--data", pictures, *QUICK, "--max-drop", "0.2", "--out", "run"]
    done = run_camsim("search", sturdy, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PASS")
    assert "Report: run/report.html" in done.stdout
    assert "straight-through gradients of the model" in done.stdout
    assert done.stderr == ""
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"device.yaml", "manifest.json", "report.html", "results.json", "worst"}
    (file,) = (tmp_path / "run" / "worst").iterdir()
    assert catalog.load(file).name == f"worst/{DEVICE}"
    assert catalog.load(tmp_path / "run" / "device.yaml") == catalog.load(DEVICE)


def test_exit_codes_of_the_margin(invoke: Invoke, fragile: Path, pictures: Path) -> None:
    """Flips come at once with this model: 1 beyond the margin, 3 with too few scenes, 0 without a margin."""
    flips = ["--data", pictures, "--labels", "none", *QUICK]
    assert invoke("search", fragile, *flips, "--max-flips", "0.1", "--out", "a").exit_code == 1
    few = invoke("search", fragile, *flips, "--max-flips", "0.1", "--limit", "12", "--out", "b")
    assert few.exit_code == 3, few.output
    assert few.output.startswith("INCONCLUSIVE")
    assert invoke("search", fragile, *flips, "--out", "c").exit_code == 0


def test_the_replay_command_of_the_report_gives_the_figures_to_the_last_digit(
    run_camsim: Run, invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    options = ["--data", pictures, "--labels", "none", "--profile", "seed/drone/bi-s-ga", "--budget", "14"]
    options += ["--curve", "2", "--jpeg", "75", "--limit", "24", "--seed", "2", "--std", "1.0", "--out", "run folder"]
    done = invoke("search", fragile, *options)
    assert done.exit_code == 0, done.output
    found = results(tmp_path / "run folder")
    manifest = json.loads((tmp_path / "run folder" / "manifest.json").read_text())
    page = (tmp_path / "run folder" / "report.html").read_text()
    cases = [*found["cases"], *(point["case"] for point in found["curve"]["points"])]
    for case in {case["file"]: case for case in cases}.values():
        command = manifest["replay"][case["file"]]
        if case in found["cases"]:
            assert command.replace("'", "&#39;") in page
        words = shlex.split(command)
        assert words[0] == "camsim"
        again = invoke(*words[1:], "--json")
        assert again.exit_code == 0, again.output
        assert json.loads(again.output) == case["certificate"]
    # In another process, as a user would; and as a person reads it.
    shown = run_camsim(*words[1:], cwd=tmp_path)
    assert repr(case["certificate"]["harm"]["value"]) in shown.stdout
    assert repr(case["certificate"]["loss"]) in shown.stdout


def test_an_interrupted_search_resumes_to_the_same_result(
    camsim_command: list[str], invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path
) -> None:
    options = ["--data", str(pictures), "--labels", "none", "--profile", DEVICE, "--budget", "60", "--curve", "2"]
    command = [*camsim_command, "search", str(fragile), *options, "--out", str(tmp_path / "cut")]
    # What a shell starts in the background ignores Ctrl-C; the tests may have been started so.
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    ledger = tmp_path / "cut" / "parts" / "search.ledger"
    deadline = time.monotonic() + 120
    while (not ledger.exists() or ledger.read_text().count("\n") < 5) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "go on with: camsim search" in errors
    assert "--resume" in errors
    assert not (tmp_path / "cut" / "results.json").exists()
    kept = ledger.read_text()
    assert invoke("search", fragile, *options, "--out", "cut", "--resume").exit_code == 0
    assert invoke("search", fragile, *options, "--out", "whole").exit_code == 0
    assert kept.count("\n") >= 5
    assert (tmp_path / "cut" / "results.json").read_bytes() == (tmp_path / "whole" / "results.json").read_bytes()


def test_json_is_results_json(invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path) -> None:
    done = invoke("search", sturdy, "--data", pictures, "--limit", "16", *QUICK, "--json", "--out", "run")
    assert json.loads(done.output) == results(tmp_path / "run")


def test_the_worst_of_several_devices(invoke: Invoke, fragile: Path, pictures: Path, tmp_path: Path) -> None:
    options = ["--data", pictures, "--labels", "none", "--limit", "16", "--budget", "8", "--curve", "0"]
    done = invoke("search", fragile, *options, "--profiles", "still/nikon-d850,machine-vision/imx250", "--out", "run")
    assert done.exit_code == 0, done.output
    assert results(tmp_path / "run")["device"]["profile"] in ("still/nikon-d850", "machine-vision/imx250")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--strategy", "adm"], "unknown strategy 'adm'; did you mean 'adam'"),
        (["--group", "sharpenin"], "unknown knob group 'sharpenin'; did you mean 'sharpening'"),
        (["--group", "sharpening"], "no knob of the group 'sharpening'"),
        (["--bound", "sim=0.9"], "unknown measure 'sim'"),
        (["--bound", "ssim=1.5"], "a bound on ssim must lie in"),
        (["--bound", "ssim"], "takes MEASURE=NUMBER"),
        (["--weight", "l2=much"], "takes numbers"),
        (["--bound", "ssim=0.9", "--weight", "l2=1"], "contradict each other"),
        (["--ladder", "--bound", "ssim=0.9"], "contradict each other"),
        (["--profiles", "still/*"], "give one of them"),
        (["--resume"], "--resume needs --out"),
        (["--jpeg", "0"], "the quality must lie in 1..95"),
        (["--limit", "3"], "too few to search on one half"),
        (["--reference", "reference/srbg"], "reference/srgb"),
        (["--replay", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_refusals_are_one_clear_line(
    invoke: Invoke, sturdy: Path, pictures: Path, options: list[str], words: str
) -> None:
    done = invoke("search", sturdy, "--data", pictures, "--profile", DEVICE, *options)
    assert done.exit_code == 2, done.output
    message = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.output + done.stderr).split())
    assert words in message
    assert "Traceback" not in message


def test_no_searchable_knob_and_an_empty_range_are_refused(
    invoke: Invoke, sturdy: Path, pictures: Path, tmp_path: Path
) -> None:
    text = catalog.profiles_folder().joinpath("machine-vision", "imx250.yaml").read_text()
    text = re.sub(r"(?ms)^(search|choices|orders):\n(?:[ #].*\n?)*", "", text)
    for name, search_section in (("none", "search: {}"), ("empty", "search:\n  sensor.read_noise: {relative: 0.0}")):
        (tmp_path / f"{name}.yaml").write_text(f"{text}\n{search_section}\n")
        done = invoke("search", sturdy, "--data", pictures, "--profile", f"{name}.yaml")
        assert done.exit_code == 2, done.output
        assert "no knob has a plausible range to search" in done.stderr


def test_the_help_names_every_strategy_and_the_report_is_described() -> None:
    shown = CliRunner().invoke(app, ["search", "--help"], env={"COLUMNS": "200"}).output
    for name in (*STRATEGIES, "white_balance", "sharpening"):
        assert name in shown
    assert {"white_balance", "gamma", "sharpening", "blur", "noise"} <= set(GROUPS)
    assert inspect.signature(search).parameters["budget"].default == 200
