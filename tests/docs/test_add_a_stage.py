"""docs/add-a-stage.md, followed to the letter in a copy of the packages."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import audit
import camsim
from camsim.catalog import profiles_folder

from .snippets import ROOT, Command, blocks, commands, run_in_shell

PAGE = ROOT / "docs" / "add-a-stage.md"


def apply_diff(text: str, diff: str) -> str:
    """Replace each run of ``-`` lines, which must stand once in the text, by the ``+`` lines after it."""
    removed: list[str] = []
    added: list[str] = []
    for line in [*diff.splitlines(), "-"]:
        if line.startswith("-") and added:
            old, new = "\n".join(removed) + "\n", "\n".join(added) + "\n"
            assert text.count(old) == 1, f"stands {text.count(old)} times in the file: {old}"
            text = text.replace(old, new)
            removed, added = [], []
        (removed if line.startswith("-") else added).append(line[1:])
    return text


def copy_packages(folder: Path) -> None:
    """The packages as they are installed, with the profiles beside them as in a checkout."""
    for package in (camsim, audit):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__", "profiles"))
    shutil.copytree(profiles_folder(), folder / "profiles")


@pytest.mark.slow
def test_the_page_adds_a_stage(desk: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy_packages(copy)
    for block in blocks(PAGE):
        if block.title is not None:
            target = (desk if block.language == "yaml" else copy) / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            is_diff = block.language == "diff"
            new = apply_diff(target.read_text(encoding="utf-8"), block.body) if is_diff else block.body
            target.write_text(new, encoding="utf-8")

    def shell(line: str, output: str = "", exit_code: int = 0) -> None:
        run_in_shell(Command(line, output, exit_code), desk, PYTHONPATH=str(copy), PYTHONDONTWRITEBYTECODE="1")

    shell(f"{sys.executable} -c 'import camsim; print(camsim.__file__)'", f"{copy}/camsim/__init__.py\n")
    shell(f"{sys.executable} -m pytest -q -p no:cacheprovider -c /dev/null {copy}/tests", "...5 passed...")
    for block in blocks(PAGE):
        if block.language == "bash":
            for command in commands(block):
                shell(command.line)
    assert (desk / "vintage.png").is_file()

    text = (desk / "vintage.yaml").read_text(encoding="utf-8")
    (desk / "wrong.yaml").write_text(text.replace("isp:\n", "isp:\n  - {kind: sepia, amount: 1}\n"))
    problem = "sepia takes display-encoded RGB, but the sensor gives digital numbers"
    shell("camsim profiles check wrong.yaml", f"camsim: wrong.yaml:14: isp[0].sepia: {problem}...", exit_code=2)
