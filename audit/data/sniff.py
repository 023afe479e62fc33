"""Which format a path holds, by what lies there."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from audit.data.coco import looks_like_coco
from audit.data.hugging_face import is_hugging_face
from audit.data.manifest_columns import IMAGE
from audit.data.manifest_table import read_header
from audit.data.masks import MASKS, PICTURES
from audit.data.reader import SUFFIXES
from audit.data.seed_folders import intensity_folders
from audit.data.voc import ANNOTATIONS
from audit.data.yolo import is_declaration
from camsim.errors import CamsimError
from camsim.imageio import missing_path

DataFormat = Literal["folder", "manifest", "coco", "yolo", "voc", "masks", "seed", "huggingface", "webdataset"]
FORMATS: tuple[DataFormat, ...] = get_args(DataFormat)
MAX_SNIFFED = 20
"""JSON and table files of a folder that are looked into."""


def sniff(path: Path) -> tuple[DataFormat, Path]:
    """The format, and the file or folder that describes the data.

    Raises:
        CamsimError: nothing is there, nothing that is known, or several descriptions.
    """
    if path.is_file():
        return _of_file(path), path
    if not path.is_dir():
        raise missing_path(path)
    try:
        found = _of_folder(path)
    except OSError as error:
        raise CamsimError(f"{path}: cannot be searched: {error.strerror or error}") from error
    if len(found) > 1:
        listed = ", ".join(f"{kind} ({file.name})" for kind, file in found)
        raise CamsimError(
            f"{path}: could be read in several ways: {listed}; give the file that describes the data as --data, or say "
            f"which with --data-format {found[0][0]}"
        )
    return found[0] if found else ("folder", path)


def described_by(path: Path, wanted: DataFormat) -> Path:
    """The file or folder that describes the data in a format that is known.

    Raises:
        CamsimError: there is none, or several.
    """
    if path.is_file() or wanted in ("folder", "seed", "masks", "voc"):
        return path
    if not path.is_dir():
        raise missing_path(path)
    files = [file for kind, file in _of_folder(path) if kind == wanted]
    if len(files) > 1:
        raise CamsimError(f"{path}: {', '.join(file.name for file in files)}: several of them; give one as --data")
    if not files:
        raise CamsimError(f"{path}: --data-format {wanted}: nothing there describes such data")
    return files[0]


def _of_file(path: Path) -> DataFormat:
    suffix = path.suffix.lower()
    if suffix == ".json":
        if not looks_like_coco(path):
            raise CamsimError(f"{path}: is no COCO file: it needs 'images' and 'categories'")
        return "coco"
    if suffix == ".parquet":
        return "manifest" if _names_pictures(path) else "huggingface"
    if suffix in (".yaml", ".yml"):
        return "yolo"
    by_suffix: dict[str, DataFormat] = {".csv": "manifest", ".tar": "webdataset", ".arrow": "huggingface"}
    if suffix in by_suffix:
        return by_suffix[suffix]
    if suffix in SUFFIXES:
        return "folder"
    raise CamsimError(
        f"{path}: {suffix or 'a file without suffix'} is neither a picture nor a description of data; allowed: .json "
        "(COCO), .csv .parquet (manifest), .yaml (YOLO), .tar (WebDataset), .arrow (Hugging Face), "
        f"{' '.join(SUFFIXES)}"
    )


def _of_folder(path: Path) -> list[tuple[DataFormat, Path]]:
    """Every way in which a folder describes its pictures; an empty list: none, it is a folder of pictures."""
    if is_hugging_face(path):
        return [("huggingface", path)]
    files: dict[str, list[Path]] = {}
    folders = set()
    for entry in path.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            folders.add(entry.name)
        elif entry.suffix.lower() in (".json", ".csv", ".parquet", ".yaml", ".yml", ".tar", ".xml"):
            files.setdefault(entry.suffix.lower(), []).append(entry)
    found: list[tuple[DataFormat, Path]] = []
    jsons = [*sorted(files.get(".json", ())), *(sorted((path / "annotations").glob("*.json")))]
    found += [("coco", file) for file in jsons[:MAX_SNIFFED] if looks_like_coco(file)]
    yamls = sorted([*files.get(".yaml", ()), *files.get(".yml", ())])
    found += [("yolo", file) for file in yamls[:MAX_SNIFFED] if is_declaration(file)]
    has_masks = {PICTURES, MASKS} <= folders
    if has_masks:
        found.append(("masks", path))
    tables = sorted([*files.get(".csv", ()), *files.get(".parquet", ())])[:MAX_SNIFFED]
    found += [
        ("manifest", file) for file in tables if set(IMAGE) & set(read_header(file)) and not _holds_pictures(file)
    ]
    if any(_holds_pictures(file) for file in tables) or any((path / "data").glob("*.parquet")):
        found.append(("huggingface", path))
    if files.get(".tar"):
        found.append(("webdataset", path))
    if files.get(".xml") or ANNOTATIONS in folders or _has_sheets(path, folders):
        found.append(("voc", path))
    if not found and (folders or path.name.startswith("raw_scale")) and intensity_folders(path):
        found.append(("seed", path))
    return found


def _has_sheets(path: Path, folders: set[str]) -> bool:
    """Whether XML files lie beside the pictures of sub-folders."""
    return any(next((path / name).glob("*.xml"), None) is not None for name in sorted(folders)[:MAX_SNIFFED])


def _names_pictures(path: Path) -> bool:
    """Whether a table has a column of file names of pictures."""
    return bool(set(IMAGE) & set(read_header(path))) and not _holds_pictures(path)


def _holds_pictures(path: Path) -> bool:
    """Whether a Parquet file holds the pictures themselves."""
    return path.suffix.lower() == ".parquet" and any("bytes" in name for name in read_header(path, nested=True))
