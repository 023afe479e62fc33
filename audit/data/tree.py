"""The pictures below a folder, found once; nothing is followed out of it."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from audit.data.paths import stay_inside
from audit.data.reader import SUFFIXES
from audit.data.table import packed
from camsim.errors import CamsimError
from camsim.imageio import missing_path


@dataclass
class Tree:
    """What `search` finds."""

    root: Path
    ids: pa.Array = None
    """Below the root, sorted."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many of each suffix."""
    folders: set[str] = field(default_factory=set)
    """First-level folders, with images or without."""
    hidden: int = 0
    other: int = 0
    links: int = 0


def single(path: Path) -> Tree:
    """A tree of one file.

    Raises:
        CamsimError: it is not there, or no picture.
    """
    if not path.exists():
        raise missing_path(path)
    if not path.is_file():
        raise CamsimError(f"{path}: is neither a folder nor a file")
    if path.suffix.lower() not in SUFFIXES:
        raise CamsimError(
            f"{path}: {path.suffix or 'a file without suffix'} is not an image; allowed: {' '.join(SUFFIXES)}"
        )
    return Tree(path.parent, packed([path.name]), Counter([path.suffix.lower()]))


def search(root: Path) -> Tree:
    """The pictures below a folder, by suffix; hidden files and folders are left out.

    Raises:
        CamsimError: a name that is not UTF-8, a folder that cannot be read.
        UnsafeError: a link leads out of the folder.
    """
    found = Tree(root)
    ids = packed(_files(root, found))
    found.ids = pc.take(ids, pc.sort_indices(ids))
    return found


def _files(root: Path, found: Tree) -> Iterator[str]:
    """The images below a folder, relative to it; what else is there is counted."""
    real_root = root.resolve()
    for entry in entries(root):
        name = Path(entry.path).relative_to(root).as_posix()
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise CamsimError(f"{root}: the file name {name!a} is not UTF-8; rename the file") from error
        if entry.name.startswith("."):
            found.hidden += 1
            continue
        if entry.is_symlink():
            stay_inside(Path(entry.path), real_root)
            if entry.is_dir():  # its images are found where they are
                found.links += 1
                continue
        if entry.is_dir():
            if "/" not in name:
                found.folders.add(name)
        elif Path(name).suffix.lower() in SUFFIXES and _is_readable_kind(entry):
            found.kinds[Path(name).suffix.lower()] += 1
            yield name
        else:
            found.other += 1


def entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder, without following links or entering hidden folders."""
    waiting = [str(folder)]
    while waiting:
        current = waiting.pop()
        try:
            with os.scandir(current) as entries:
                for entry in entries:
                    yield entry
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                        waiting.append(entry.path)
        except OSError as error:
            raise CamsimError(f"{current}: cannot be searched: {error.strerror or error}") from error


def _is_readable_kind(entry: os.DirEntry[str]) -> bool:
    """Whether opening it is safe: a pipe would wait for ever. A broken link is left to fail when it is
    loaded."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def left_out(found: Tree) -> str:
    kinds = {"hidden": found.hidden, "of other kinds": found.other, "links to folders": found.links}
    listed = [f"{number} {kind}" for kind, number in kinds.items() if number]
    return f" (left out: {', '.join(listed)})" if listed else ""
