"""Raw-Microscopy and Raw-Drone of "From Lens to Logit", in the folders of the study's own code.

Mosaics of 16 bits lie in folders named by intensity: ``raw_scale001`` to ``raw_scale100``. Raw-Microscopy has a text
file of labels, Raw-Drone masks (anything above 0 is a car) or a CSV file that says which tile shows a car.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from audit.data.annotated import AnnotatedFiles, files_below
from audit.data.boxes import Tally
from audit.data.class_table import ClassTable
from audit.data.dataset import Dataset
from audit.data.folder import FileSource
from audit.data.masks import masks_by_stem, read_mask, stem
from audit.data.paths import check_name
from audit.data.reader import Reader
from audit.data.table import Columns, Found, assemble, coded, packed, texts_of
from audit.data.tree import entries, left_out, search
from camsim import catalog
from camsim.errors import CamsimError, NoDataError

MICROSCOPE, DRONE = "seed/microscope/bi-s-ga", "seed/drone/bi-s-ga"
"""Their sensors are all that counts here."""
LEAST = 5
"""Classes with fewer samples are left out, as in the study."""
INVALID = ("Ma190c_lame3_zone13_composite_Mcropped_2",)
CARS = ClassTable(("background", "car"), (0, 1), positive=True)
_SCALE = re.compile(r"^raw_scale(\d{3})(_thr_[\d.]+)?$")


def intensity_folders(root: Path) -> dict[Path, dict[float, Path]]:
    """Folders of mosaics by intensity, for each folder that holds such ones; the root itself may be one."""
    if _SCALE.match(root.name):
        return {root.parent: {_intensity(root): root}}
    found: dict[Path, dict[float, Path]] = {}
    for entry in entries(root):
        if entry.is_dir(follow_symlinks=False) and _SCALE.match(entry.name):
            path = Path(entry.path)
            found.setdefault(path.parent, {})[_intensity(path)] = path
    return found


def open_seed(root: Path, *, intensity: float | None, limit: int | None, reader: Reader) -> Dataset:
    """Open either dataset at one intensity; ``None``: the original, 1.0, or the only one there.

    Raises:
        CamsimError: several sets of mosaics, an intensity that is not there, labels that contradict the files.
        NoDataError: there are no mosaics.
    """
    sets = intensity_folders(root)
    if not sets:
        raise NoDataError(f"{root}: holds no folder raw_scale001 to raw_scale100")
    if len(sets) > 1:
        listed = ", ".join(sorted(str(path) for path in sets))
        raise CamsimError(f"{root}: holds several sets of mosaics: {listed}; give one of them")
    [(base, levels)] = sets.items()
    folder = _level(base, levels, intensity)
    level = next(value for value, path in levels.items() if path == folder)
    tables = sorted(base.parent.glob("dataset_tiles_*.csv"))
    if len(tables) > 1:
        raise CamsimError(f"{base.parent}: holds several tables {', '.join(path.name for path in tables)}; keep one")
    if tables:
        return _open_car_tiles(folder, tables[0], level, limit, reader)
    masks = base.parent / base.name.replace("images", "masks", 1)
    if masks.is_dir() and masks != base:
        return _open_car_masks(folder, masks, level, limit, reader)
    labels = sorted({path for above in (base, base.parent) for path in _label_files(above)})
    if len(labels) == 1:
        return _open_cells(folder, labels[0], level, limit, reader)
    raise CamsimError(
        f"{base}: mosaics without labels: Raw-Microscopy has a file *annotations*.dat in the folder labels beside it, "
        "Raw-Drone a folder of masks or dataset_tiles_*.csv; or give the folder raw_scale... with --data-format folder "
        f"and --raw-profile {DRONE}"
    )


def _open_cells(folder: Path, labels: Path, level: float, limit: int | None, reader: Reader) -> Dataset:
    tree = search(folder)
    by_stem = {stem(name): name for name in texts_of(tree.ids)}
    classes = _read_label_file(labels)
    tally = Tally()
    counts = Counter(classes.values())
    rare = {name for name, count in counts.items() if count < LEAST}
    few = [name for name, label in classes.items() if label in rare]
    tally.add(f"samples of classes with fewer than {LEAST} of them were left out, as in the study", *_first(few))
    bad = [name for name in classes if name in INVALID and name not in few]
    tally.add("file known to be damaged was left out, as in the study", *_first(bad))
    names = [name for name in classes if classes[name] not in rare and name not in INVALID]
    lost = [name for name in names if name not in by_stem]
    tally.add("labelled files are not there and count as unreadable", *_first(lost))
    spare = [name for name in by_stem if name not in classes]
    tally.add("files have no label and were left out", *_first(spare))
    ids = packed(by_stem.get(name, f"{name}.tiff") for name in names)
    class_names = tuple(sorted({classes[name] for name in names}))
    columns = Columns(
        ids, coded((classes[name] for name in names), class_names), coded(_field_of_view(name) for name in names)
    )
    return _assembled(
        folder,
        columns,
        class_names,
        FileSource(folder, ids, _mosaics(reader, MICROSCOPE)),
        tally,
        limit,
        level,
        f"Raw-Microscopy, {len(class_names)} classes of leukocytes, clusters by field of view",
    )


def _open_car_masks(folder: Path, masks: Path, level: float, limit: int | None, reader: Reader) -> Dataset:
    tree = search(folder)
    found = masks_by_stem(masks)
    tally = Tally()
    has_mask = np.fromiter((stem(name) in found for name in texts_of(tree.ids)), dtype=np.bool_, count=len(tree.ids))
    names = tree.ids.filter(pa.array(has_mask))
    tally.add("tiles have no mask and were left out", *_first(tree.ids.filter(pa.array(~has_mask)).to_pylist()))
    if not len(names):
        raise NoDataError(f"{folder}: no mosaic has a mask of its name in {masks}{left_out(tree)}")
    source = AnnotatedFiles(
        folder,
        folder.resolve(),
        names,
        _mosaics(reader, DRONE),
        partial(_mask_of, masks, found),
        partial(read_mask, CARS, masks.resolve()),
    )
    columns = Columns(names, clusters=coded(_frame(name) for name in texts_of(names)))
    return _assembled(
        folder,
        columns,
        CARS.names,
        source,
        tally,
        limit,
        level,
        "Raw-Drone, masks of cars, clusters by the frame that a tile is cut from",
        is_mask=True,
    )


def _open_car_tiles(folder: Path, table: Path, level: float, limit: int | None, reader: Reader) -> Dataset:
    class_names = ("car", "no car")
    names: list[str] = []
    targets: list[str] = []
    for line, row in _read_csv(table):
        if row.get("label") not in ("0", "1") or not row.get("file name"):
            raise CamsimError(f"{table}:{line}: needs 'file name' and a label 0 (car) or 1 (no car), got {row}")
        names.append(check_name(f"{row['file name']}.tif", f"{table}:{line}"))
        targets.append(class_names[int(row["label"] or 0)])
    tally = Tally()
    tally.add(
        "labelled tiles are not there and count as unreadable",
        *_first([n for n in names if not (folder / n).is_file()]),
    )
    ids = packed(names)
    columns = Columns(ids, coded(targets, class_names), coded(_frame(name) for name in names))
    return _assembled(
        folder,
        columns,
        class_names,
        FileSource(folder, ids, _mosaics(reader, DRONE)),
        tally,
        limit,
        level,
        "Raw-Drone, tiles with and without a car, clusters by the frame that a tile is cut from",
    )


def _assembled(
    folder: Path,
    columns: Columns,
    class_names: tuple[str, ...],
    source: FileSource | AnnotatedFiles,
    tally: Tally,
    limit: int | None,
    level: float,
    what: str,
    *,
    is_mask: bool = False,
) -> Dataset:
    found = Found(
        name=f"{folder.resolve().parent.parent.name}/{folder.name}",
        columns=columns,
        source=source,
        class_names=class_names,
        kind="class_map" if is_mask else None,
        what=f"{what}; mosaics at {level:g} of the original intensity",
        notes=tally.notes(),
        unit="mosaics",
    )
    return assemble(found, limit, source.reader.max_side)


def _mosaics(reader: Reader, device: str) -> Reader:
    return reader if reader.raw_profile is not None else replace(reader, raw_profile=catalog.load(device))


def _level(base: Path, levels: dict[float, Path], wanted: float | None) -> Path:
    if wanted is None:
        wanted = 1.0 if 1.0 in levels or len(levels) > 1 else next(iter(levels))
    if wanted not in levels:
        there = ", ".join(f"{level:g}" for level in sorted(levels))
        raise CamsimError(f"{base}: there is no intensity {wanted:g}; --intensity is one of {there}")
    return levels[wanted]


def _intensity(path: Path) -> float:
    match = _SCALE.match(path.name)
    return int(match[1]) / 100 if match else 1.0


def _label_files(folder: Path) -> Iterator[Path]:
    for name in files_below(folder, ".dat"):
        if "annotation" in name.lower():
            yield folder / name


def _read_label_file(path: Path) -> dict[str, str]:
    """Class by name of the file without suffix."""
    classes: dict[str, str] = {}
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CamsimError(f"{path}: cannot be read: {error}") from error
    for line, words in enumerate((line.split() for line in text.splitlines()), start=1):
        if not words:
            continue
        if len(words) != 2 or "/" in words[0] or "\\" in words[0]:
            raise CamsimError(f"{path}:{line}: needs a name and a class, got {' '.join(words)[:80]!r}")
        if words[0] in classes:
            raise CamsimError(f"{path}:{line}: {words[0]} occurs twice")
        classes[words[0]] = words[1]
    return classes


def _read_csv(path: Path) -> Iterator[tuple[int, dict[str, str | None]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from enumerate(csv.DictReader(file), start=2)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CamsimError(f"{path}: cannot be read: {error}") from error


def _field_of_view(name: str) -> str:
    """``Ma190c_lame3_zone13`` of ``Ma190c_lame3_zone13_composite_Mcropped_2``: several cells are cut from one."""
    return re.split(r"_composite|_Mcropped", PurePosixPath(name).name)[0]


def _frame(name: str) -> str:
    """``07`` of ``07_00012.tif``."""
    return PurePosixPath(name).name.split("_")[0]


def _mask_of(folder: Path, masks: dict[str, str], name: str) -> Path:
    return folder / (stem(name) + masks[stem(name)])


def _first(names: list[str]) -> tuple[str, int]:
    return (names[0] if names else ""), len(names)
