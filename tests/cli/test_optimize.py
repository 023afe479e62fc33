"""``camsim optimize``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import camsim

from .conftest import Invoke, save_pictures

LIGHT = ("--exposure", "0.05", "--limits", "physical", "--steps", "20", "--batch", "8")
CAMERA = "seed/drone/bi-s-ga"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_pictures(tmp_path_factory.mktemp("few") / "pictures", 20)


def test_it_learns_a_camera_and_says_what_came_of_it(invoke: Invoke, sturdy: Path, folder: Path) -> None:
    done = invoke("optimize", sturdy, "--data", folder, "--profile", CAMERA, *LIGHT, "--out", "run")
    assert done.exit_code == 0, done.stderr
    assert "The learned camera serves this model better than the frozen one" in done.stdout
    assert "accuracy is 50.0% with the camera frozen" in done.stdout
    assert "run/learned.yaml" in done.stdout
    learned, frozen = camsim.load("run/learned.yaml"), camsim.load("run/frozen.yaml")
    assert (learned.name, frozen.name) == (f"learned/{CAMERA}", f"frozen/{CAMERA}")
    assert learned.provenance["isp.white_balance.gains"].status == "derived"
    assert frozen.knobs()["sensor.exposure"].value == learned.knobs()["sensor.exposure"].value
    other = invoke("optimize", sturdy, "--data", folder, "--profile", CAMERA, *LIGHT, "--out", "run")
    assert other.exit_code == 2
    assert "already holds a finished run" in other.stderr


def test_json(invoke: Invoke, sturdy: Path, folder: Path) -> None:
    options = ("--data", folder, "--profile", CAMERA, "--group", "gamma", "--steps", "2", "--out", "run", "--json")
    done = invoke("optimize", sturdy, *options)
    results = json.loads(done.stdout)
    assert results == json.loads(Path("run/results.json").read_text())
    assert [knob["name"] for knob in results["knobs"]] == ["isp.gamma.gamma"]
    assert results["exposure"] == 1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--profile", "seed/drne"), 2, "unknown profile 'seed/drne'"),
        (("--profile", CAMERA, "--group", "gama"), 2, "unknown knob group 'gama'; did you mean 'gamma'"),
        (("--profile", CAMERA, "--group", "noise"), 2, "has no differentiable knob to tune"),
        (("--profile", CAMERA, "--exposure", "0"), 2, "exposure must be above 0"),
        (("--profile", CAMERA, "--exposure", "1e9"), 2, "outside [0.001, 1e+08] e-"),
        (("--profile", CAMERA, "--rate", "0"), 2, "rate must be above 0"),
        (("--profile", CAMERA, "--labels", "none"), 2, "has no labels"),
        (("--profile", CAMERA, "--limit", "10"), 3, "needs at least 20 samples"),
        (("--profile", CAMERA, "--resume"), 2, "--resume needs --out"),
    ],
)
def test_wrong_inputs(
    invoke: Invoke, sturdy: Path, folder: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    done = invoke("optimize", sturdy, "--data", folder, *options)
    assert done.exit_code == code
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not Path("runs").exists() or not list(Path("runs").rglob("results.json"))
