"""The fenced blocks of a Markdown page, and how each kind is run."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from camsim.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'^(?P<language>\w+)(?: title="(?P<title>[^"]+)")?(?P<invalid> invalid)?$')
COMMENT = re.compile(r"\s+# (?:exits with (?P<code>\d+)|.*)$")

COMMAND_SECONDS = 120
TERMINAL = {"COLUMNS": "100", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    title: str | None
    """The file that the block is the content of, as in ```` ```yaml title="my-camera.yaml" ````."""
    body: str
    invalid: bool = False
    """The page says that it is wrong, and it must be."""

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command line, what it is to print and how it is to exit."""

    line: str
    output: str
    """Empty: not stated. ``...`` stands for anything."""
    exit_code: int


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order.

    ValueError: a block that would be overlooked, one without a language, or an info string of another form.
    """
    text = page.read_text(encoding="utf-8")
    if hidden := re.search(r"^([ \t]+```|[ \t]*~~~)", text, flags=re.MULTILINE):
        line = text.count("\n", 0, hidden.start()) + 1
        raise ValueError(f"{page.name}:{line}: a block begins at the start of its line, with ```, to be checked")
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        info = TITLE.match(match["info"])
        if info is None:
            raise ValueError(
                f'{page.name}:{line}: write ```language or ```language title="file", got {match["info"]!r}'
            )
        found.append(Block(page, line, info["language"], info["title"], match["body"], info["invalid"] is not None))
    return found


def commands(block: Block) -> Iterator[Command]:
    """The commands of a ``console`` block (``$ `` before each, output below) or a ``bash`` block (one a line)."""
    body = block.body.replace("\\\n", " ")
    if block.language == "bash":
        for line in body.splitlines():
            if line.strip() and not line.startswith("#"):
                yield _command(line, "")
        return
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    if parts[0].strip():
        raise ValueError(f"{block.where}: a console block begins with '$ '")
    for part in parts[1:]:
        line, _, output = part.partition("\n")
        yield _command(line, output)


def _command(line: str, output: str) -> Command:
    comment = COMMENT.search(line)
    expected = comment["code"] if comment else None
    return Command(re.sub(r"\s+", " ", COMMENT.sub("", line)).strip(), output, int(expected or 0))


def run(command: Command, folder: Path) -> None:
    """Run a command in a folder and hold it against what the page says.

    A plain ``camsim ...`` runs in this process, since a new one for each would spend minutes on imports; whatever needs
    a shell (a pipe, a redirection, another program) gets one.

    AssertionError: another exit code, or another output.
    """
    if command.line.startswith("camsim ") and not re.search(r"[|&;<>$`]", command.line):
        check(command, *run_here(shlex.split(command.line), folder))
    else:
        run_in_shell(command, folder)


def run_here(words: list[str], folder: Path) -> tuple[int, str]:
    """Exit code and output of ``camsim ...``, both streams in one."""
    output = io.StringIO()
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        mock.patch.dict(os.environ, TERMINAL),
        mock.patch.object(sys, "argv", words),
        pytest.raises(SystemExit) as stopped,
    ):
        main()
    return int(stopped.value.code or 0), output.getvalue()


def run_in_shell(command: Command, folder: Path, **variables: str) -> None:
    """Run a command with bash, with the tested installation first on the path and more environment variables."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=os.environ | TERMINAL | {"PATH": path, "OMP_NUM_THREADS": "1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    check(command, done.returncode, done.stdout)


def check(command: Command, exit_code: int, output: str) -> None:
    """AssertionError where a command did something else than the page says."""
    shown = f"$ {command.line}\n{output}"
    assert exit_code == command.exit_code, f"exits with {exit_code}, not {command.exit_code}:\n{shown}"
    if command.output.strip():
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        same = doctest.OutputChecker().check_output(command.output, output, options)
        assert same, f"prints something else:\n{shown}\ninstead of\n{command.output}"
