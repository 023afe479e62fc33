"""A profile with optics through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import Invoke

CAMERA = """\
camsim: 1
name: lab/lens
title: A soft lens
optics:
  pixel_pitch: 2.0
  f_number: 2.8
  psf: {sigma: SIGMA, fill_factor: 1.0}
  vignetting: {kind: polynomial, coefficients: [-0.2, 0.0, 0.0]}
sensor:
  cfa: RGGB
  bit_depth: 12
  black_level: 256
  white_level: 4095
  system_gain: 0.5
  full_well: 10000
  read_noise: 3.0
  response: {kind: inverse_isp}
isp:
  - {kind: black_level}
  - {kind: demosaic, method: malvar2004}
  - {kind: clip}
  - {kind: gamma, encoding: srgb}
"""


@pytest.fixture
def lens(tmp_path: Path) -> Path:
    path = tmp_path / "lens.yaml"
    path.write_text(CAMERA.replace("SIGMA", "4.0"))
    return path


def test_a_soft_lens_fools_a_model_that_looks_at_detail(
    invoke: Invoke, fragile: Path, sturdy: Path, pictures: Path, lens: Path
) -> None:
    options = ["--data", pictures, "--labels", "none", "--limit", "20", "--max-flips", "0.1"]
    done = invoke("audit", fragile, *options, "--profiles", lens, "--out", "run")
    assert done.exit_code == 1, done.output
    [row] = [r for r in json.loads(Path("run/results.json").read_text())["profiles"] if r["profile"] == "lab/lens"]
    assert row["flips"]["value"] == 1.0
    done = invoke("audit", sturdy, *options, "--profiles", lens, "--out", "run-sturdy")
    assert done.exit_code in (0, 3), done.output  # 20 pictures may be too few to pass


def test_it_is_shown_checked_and_compared(invoke: Invoke, lens: Path) -> None:
    sharp = lens.with_name("sharp.yaml")
    sharp.write_text(CAMERA.replace("SIGMA", "0.4").replace("lab/lens", "lab/sharp"))
    assert invoke("profiles", "check", lens, sharp).exit_code == 0
    shown = invoke("profiles", "show", lens)
    assert "  psf:\n    sigma: 4.0\n    fill_factor: 1.0\n" in shown.output
    assert "optics.psf.sigma" in invoke("profiles", "diff", lens, sharp).output
    assert "Optics" in json.loads(invoke("profiles", "schema").output)["$defs"]


def test_an_export_of_a_scene_is_refused(invoke: Invoke, lens: Path) -> None:
    done = invoke("export", lens, "--from", "scene", "--out", "lens.onnx")
    assert done.exit_code == 2
    assert "lab/lens: has optics" in done.output
    assert not Path("lens.onnx").exists()
