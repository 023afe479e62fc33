"""Every command and every piece of code on the pages runs as the page says."""

from __future__ import annotations

import re
import types
import warnings
from pathlib import Path
from typing import Any

import pytest

from audit.models import read_declaration
from camsim.errors import ProfileError
from camsim.profile import Profile
from camsim.profile_file import ProfileFile, read_profiles
from camsim.yamlio import dump, parse

from .snippets import PAGES, ROOT, Block, Command, blocks, commands, run

NOT_RUN = {
    "make demo": "installs a virtual environment from the package index and audits 53 profiles: takes minutes",
    "make test": "runs these tests",
    "pip install .": "installs from the package index; `make test` builds and installs the wheel before these tests",
    "pip install ./camsim": "the same, from a checkout in another place",
}
"""Commands on the pages that these tests do not run, and why."""

SHELLS = {"bash", "console"}
NOT_CHECKED = {"text", "json"}
"""Languages of blocks that show something and are not run."""

FILES = {"my-camera.yaml": "write-a-profile.md", "model.camsim.yaml": "audit-a-model.md"}
"""Files that a page makes and other pages take for granted."""

ADD_A_STAGE = "add-a-stage.md"
"""Its blocks change the package itself: test_add_a_stage.py does that in a copy."""


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != ADD_A_STAGE], ids=lambda page: page.stem)
def test_a_page_runs(page: Path, desk: Path) -> None:
    own_files = {block.title for block in blocks(page) if block.title}
    for name, home in FILES.items():
        if name not in own_files:
            (desk / name).write_text(titled(ROOT / "docs" / home, name).body, encoding="utf-8")
    namespace = types.ModuleType(f"page_{page.stem}").__dict__
    for block in blocks(page):
        try:
            run_block(block, desk, namespace)
        except Exception as error:
            raise AssertionError(f"{block.where}: {error}") from error


def titled(page: Path, title: str) -> Block:
    [block] = [block for block in blocks(page) if block.title == title]
    return block


def run_block(block: Block, desk: Path, namespace: dict[str, Any]) -> None:
    if block.title is not None:
        (desk / block.title).write_text(block.body, encoding="utf-8")
    match block.language:
        case "python":
            # Padded, so that a traceback shows the page's own lines.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a reader would see a warning, not an error
                exec(compile("\n" * block.line + block.body, block.page, "exec"), namespace)
        case language if language in SHELLS:
            for command in commands(block):
                run_unless_exempt(command, desk)
        case "yaml":
            check_yaml(block, desk)
        case _:
            assert block.language in NOT_CHECKED, f"nothing checks blocks of {block.language!r}"


def run_unless_exempt(command: Command, desk: Path) -> None:
    if command.line not in NOT_RUN:
        run(command, desk)


def check_yaml(block: Block, desk: Path) -> None:
    data = parse(block.body, block.where)[0]
    if "camsim_model" in data:
        sidecar = desk / "checked.camsim.yaml"
        sidecar.write_text(block.body, encoding="utf-8")
        read_declaration(desk / "model.onnx", sidecar)
    elif "jobs" in data:
        for job in data["jobs"].values():
            for step in job["steps"]:
                if "run" in step:
                    run_unless_exempt(Command(step["run"], "", 0), desk)
    elif block.invalid:
        with pytest.raises(ProfileError):
            read_profiles(block.body, block.where)
    elif "camsim" in data:
        read_profiles(block.body, block.where)
    else:  # a part of a profile: it must fit into the page's whole one
        whole = parse(titled(ROOT / "docs" / FILES["my-camera.yaml"], "my-camera.yaml").body, "my-camera.yaml")[0]
        assert set(data) <= set(ProfileFile.model_fields), f"keys that no profile has: {set(data)}"
        read_profiles(dump(whole | data), block.where)


def test_every_exemption_is_used() -> None:
    every_block = [block for page in PAGES for block in blocks(page)]
    lines = {command.line for block in every_block if block.language in SHELLS for command in commands(block)}
    lines |= {match for block in every_block for match in re.findall(r"- run: (.+?)(?:\s+#.*)?\n", block.body)}
    assert not set(NOT_RUN) - lines


def test_a_wrong_output_is_noticed(desk: Path) -> None:
    with pytest.raises(AssertionError, match="prints something else"):
        run(Command("echo two", "one\n", 0), desk)
    with pytest.raises(AssertionError, match="exits with 3, not 0"):
        run(Command("exit 3", "", 0), desk)
    run(Command("echo one two three", "one ... three\n", 0), desk)


def test_a_profile_fragment_is_checked(desk: Path) -> None:
    block = Block(ROOT / "README.md", 1, "yaml", None, "search:\n  sensor.no_such: {relative: 0.1}\n")
    with pytest.raises(Exception, match="not a knob"):
        check_yaml(block, desk)
    assert Profile.model_fields.keys() < ProfileFile.model_fields.keys()
