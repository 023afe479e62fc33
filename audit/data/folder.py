"""A folder of images as a dataset: without labels, or with one folder a class."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from audit.data.dataset import Dataset, Sample, check_max_side, fingerprint, reduce, subset
from camsim.errors import CamsimError, NoDataError, UnsafeError
from camsim.imageio import SCENE_SUFFIXES, missing_path, read_image
from camsim.imageio import read_scene as read_scene_file
from camsim.rawio import CAMERA_SUFFIXES
from camsim.rawio import read_scene as read_raw
from camsim.unprocess import from_display

Labels = Literal["auto", "folders", "none"]
"""*folders*: the first folder below the root is the class; *none*: unlabelled; *auto*: see
``open_folder``."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
SUFFIXES = (*IMAGE_SUFFIXES, *sorted(CAMERA_SUFFIXES), *SCENE_SUFFIXES)


def open_folder(
    path: Path | str, *, labels: Labels = "auto", limit: int | None = None, max_side: int = 1024
) -> Dataset:
    """A folder, searched with its sub-folders, or a single file.

    With ``labels="auto"`` images in the folder itself are unlabelled; images in two or more sub-folders and
    nowhere else are labelled with the names of these. Whatever else could mean either is refused, and
    ``labels`` says which it is. ``limit`` takes an even, always equal choice over the classes
    (``audit.data.dataset.subset``); ``class_names`` keeps all classes. Scenes longer than ``max_side`` pixels
    are reduced to that. Hidden files, files of other kinds and links to folders are left out and counted in
    the description. A file that cannot be read stays in the dataset, and its ``load`` says why.

    Raises:
        CamsimError: no such path, labels that cannot be told, a class without images, file names that are not
            UTF-8.
        NoDataError: there is no image.
        UnsafeError: a link leads out of the folder.
    """
    path = Path(path)
    check_max_side(max_side)
    if labels not in get_args(Labels):
        raise CamsimError(f"--labels must be one of {', '.join(get_args(Labels))}, got {labels!r}")
    try:
        found = _search(path) if path.is_dir() else _single(path)
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not found.ids:
        raise NoDataError(f"{path}: holds no images{_left_out(found)}; looked for {' '.join(SUFFIXES)}")
    labelled = _is_labelled(path, found, labels)
    targets = [name.split("/")[0] if labelled else None for name in found.ids]
    chosen = [(found.ids[index], targets[index]) for index in subset(targets, limit)]
    digests = [_content_sha256(found.root / name) for name, _ in chosen]
    classes = tuple(sorted({target for target in targets if target is not None}))
    return Dataset(
        name=path.resolve().name,
        samples=tuple(
            Sample(name, target, partial(load_scene, found.root / name, max_side)) for name, target in chosen
        ),
        class_names=classes or None,
        sha256=fingerprint((name, target, digest) for (name, target), digest in zip(chosen, digests, strict=True)),
        description=_describe(found, chosen, digests, classes, max_side),
    )


def load_scene(path: Path, max_side: int) -> Tensor:
    """Read an image, camera RAW or scene file as (3, H, W) float32 linear light, its longer side at most
    ``max_side``.

    Raises:
        CamsimError: it cannot be read; the message does not repeat the path.
    """
    suffix = path.suffix.lower()
    try:
        if suffix in CAMERA_SUFFIXES:
            scene = read_raw(path, max_side)
        elif suffix in SCENE_SUFFIXES:
            scene = torch.from_numpy(read_scene_file(path)).permute(2, 0, 1)
        else:
            scene = from_display(read_image(path))
        return reduce(scene, max_side).contiguous()
    except CamsimError as error:
        raise CamsimError(str(error).removeprefix(f"{path}: ")) from error


@dataclass
class _Found:
    root: Path
    ids: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    """First-level folders, with images or without."""
    hidden: int = 0
    other: int = 0
    links: int = 0


def _single(path: Path) -> _Found:
    if not path.exists():
        raise missing_path(path)
    if not path.is_file():
        raise CamsimError(f"{path}: is neither a folder nor a file")
    if path.suffix.lower() not in SUFFIXES:
        raise CamsimError(
            f"{path}: {path.suffix or 'a file without suffix'} is not an image; allowed: {' '.join(SUFFIXES)}"
        )
    return _Found(path.parent, [path.name])


def _search(root: Path) -> _Found:
    found = _Found(root)
    real_root = root.resolve()
    for entry in _entries(root):
        name = Path(entry.path).relative_to(root).as_posix()
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise CamsimError(f"{root}: the file name {name!a} is not UTF-8; rename the file") from error
        if entry.name.startswith("."):
            found.hidden += 1
            continue
        if entry.is_symlink():
            _stay_inside(entry.path, real_root)
            if entry.is_dir():  # its images are found where they are
                found.links += 1
                continue
        if entry.is_dir():
            if "/" not in name:
                found.folders.add(name)
        elif Path(name).suffix.lower() in SUFFIXES and _is_readable_kind(entry):
            found.ids.append(name)
        else:
            found.other += 1
    found.ids.sort()
    return found


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
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


def _stay_inside(link: str, real_root: Path) -> None:
    try:
        target = Path(link).resolve()
    except (OSError, RuntimeError) as error:
        raise UnsafeError(f"{link}: the link cannot be followed: {error}; remove it") from error
    if not target.is_relative_to(real_root):
        raise UnsafeError(f"{link}: the link leads out of the folder to {target}; put a copy of the file there instead")


def _is_readable_kind(entry: os.DirEntry[str]) -> bool:
    """Whether opening it is safe: a pipe would wait for ever. A broken link is left to fail when it is
    loaded."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _is_labelled(path: Path, found: _Found, labels: Labels) -> bool:
    if labels == "none":
        return False
    loose = [name for name in found.ids if "/" not in name]
    nested = [name for name in found.ids if "/" in name]
    classes = sorted({name.split("/")[0] for name in nested})
    if labels == "auto" and not nested:
        return False
    as_one = "--labels none to take all of them without labels"
    as_classes = "--labels folders to take the first folder as the class"
    if not nested:
        raise CamsimError(f"{path}: --labels folders needs a sub-folder for each class, and there is none with images")
    if loose:
        raise CamsimError(
            f"{path}: {len(loose)} images lie in the folder itself (such as {loose[0]!r}) and {len(nested)} in its "
            f"sub-folders (such as {nested[0]!r}), so the classes cannot be told; give {as_one}, or move the loose ones"
        )
    if labels == "auto" and len(classes) == 1:
        raise CamsimError(
            f"{path}: all images lie in the one sub-folder {classes[0]!r}, which may be a class or not; "
            f"give {as_one}, or {as_classes}"
        )
    deeper = [name for name in nested if name.count("/") > 1]
    if labels == "auto" and deeper:
        raise CamsimError(
            f"{path}: images lie more than one folder deep (such as {deeper[0]!r}), so it is not clear which folder is "
            f"the class; give the folder that holds the class folders, {as_one}, or {as_classes}"
        )
    empty = sorted(found.folders - set(classes))
    if empty:  # leaving it out would quietly shift the numbers of the classes after it
        raise CamsimError(
            f"{path}: the class folder {empty[0]!r} holds no images; remove it, fill it, or give {as_one}"
        )
    return True


def _content_sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"unreadable: {error.strerror or error}"


def _describe(
    found: _Found,
    chosen: list[tuple[str, str | None]],
    digests: list[str],
    classes: tuple[str, ...],
    max_side: int,
) -> str:
    total = len(found.ids)
    count = f"{total} files" if len(chosen) == total else f"{len(chosen)} of {total} files, evenly spaced"
    kinds = Counter(Path(name).suffix.lower() for name, _ in chosen)
    notes = [
        f"{count} ({', '.join(f'{number} {suffix}' for suffix, number in sorted(kinds.items()))})",
        f"{len(classes)} classes named by their folders" if classes else "without labels",
        f"scenes longer than {max_side} px are reduced to that",
    ]
    repeats = len(digests) - len(set(digests))
    if repeats:
        notes.append(f"{repeats} files repeat the content of another and are not independent of it")
    return "; ".join(notes) + _left_out(found) + "."


def _left_out(found: _Found) -> str:
    kinds = {"hidden": found.hidden, "of other kinds": found.other, "links to folders": found.links}
    listed = [f"{number} {kind}" for kind, number in kinds.items() if number]
    return f" (left out: {', '.join(listed)})" if listed else ""
