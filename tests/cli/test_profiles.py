"""`camsim profiles`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import yaml

import camsim
from camsim import catalog

from .conftest import Invoke, Run


def test_list_shows_every_profile(invoke: Invoke) -> None:
    done = invoke("profiles", "list")
    assert done.exit_code == 0
    assert all(name in done.output for name in camsim.shipped())


def test_list_as_json_is_one_object_a_profile(invoke: Invoke) -> None:
    rows = [json.loads(line) for line in invoke("profiles", "list", "seed/drone", "--json").stdout.splitlines()]
    assert len(rows) == 13
    assert rows[0]["name"] == "seed/drone/bi-s-ga"
    assert rows[0]["stages"][1] == "demosaic/bilinear"


def test_show_gives_a_file_that_loads_to_the_same_profile(invoke: Invoke, tmp_path: Path) -> None:
    shown = invoke("profiles", "show", "seed/microscope/me-u-ga").stdout
    (tmp_path / "copy.yaml").write_text(shown)
    assert camsim.load(tmp_path / "copy.yaml") == camsim.load("seed/microscope/me-u-ga")


def test_check_accepts_every_shipped_file(invoke: Invoke) -> None:
    files = sorted(catalog.profiles_folder().rglob("*.yaml"))
    done = invoke("profiles", "check", *files)
    assert done.exit_code == 0, done.output
    assert done.output.count(": ok (") == len(files)


def test_diff_names_the_fields(invoke: Invoke) -> None:
    done = invoke("profiles", "diff", "seed/drone/bi-s-ga", "seed/drone/ma-s-ga")
    assert "isp.demosaic.method" in done.output
    assert "malvar2004" in done.output
    assert len(done.output.splitlines()) == 2
    assert invoke("profiles", "diff", "reference/srgb", "reference/srgb").output.strip() == "no difference"


def test_schema_accepts_the_shipped_files_and_refuses_a_misspelt_key(invoke: Invoke) -> None:
    schema = json.loads(invoke("profiles", "schema").stdout)
    validator = jsonschema.Draft202012Validator(schema)
    for file in catalog.profiles_folder().rglob("*.yaml"):
        data = yaml.safe_load(file.read_text())
        assert not list(validator.iter_errors(data)), file
    assert list(validator.iter_errors(data | {"titel": "x"}))


def test_a_family_cannot_be_shown_as_one(invoke: Invoke) -> None:
    done = invoke("profiles", "show", "seed/drone")
    assert done.exit_code == 2
    assert "stands for 13 profiles" in done.stderr


def test_the_list_survives_a_reader_that_stops(run_camsim: Run, tmp_path: Path, camsim_command: list[str]) -> None:
    import subprocess

    done = subprocess.run(
        f"{camsim_command[0]} profiles list --json | head -n 1", shell=True, capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout)["name"]
    assert "Traceback" not in done.stderr
