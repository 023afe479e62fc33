"""The fenced blocks of a Markdown page, and how each kind is run."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'^(?P<language>\w+)(?: title="(?P<title>[^"]+)")?(?P<invalid> invalid)?$')
EXPECTED_EXIT = re.compile(r"\s+# exits with (?P<code>\d+)$")

COMMAND_SECONDS = 120


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

    ValueError: a block without a language, or an info string of another form.
    """
    text = page.read_text(encoding="utf-8")
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
    expected = EXPECTED_EXIT.search(line)
    return Command(
        re.sub(r"\s+", " ", EXPECTED_EXIT.sub("", line)).strip(),
        output,
        int(expected["code"]) if expected else 0,
    )


def run(command: Command, folder: Path, **variables: str) -> None:
    """Run a command in a folder, with the tested installation first on the path and more environment variables.

    AssertionError: another exit code, or another output.
    """
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        **variables,
    }
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    shown = f"$ {command.line}\n{done.stdout}"
    assert done.returncode == command.exit_code, f"exits with {done.returncode}, not {command.exit_code}:\n{shown}"
    if command.output.strip():
        same = doctest.OutputChecker().check_output(
            command.output, done.stdout, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        )
        assert same, f"prints something else:\n{shown}\ninstead of\n{command.output}"
