"""Pictures in ``images`` and their masks, under the same names, in ``masks``."""

from __future__ import annotations

from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from audit.data.annotated import AnnotatedFiles, files_below
from audit.data.boxes import Tally
from audit.data.class_table import MASK_SUFFIXES, ClassTable, find_table
from audit.data.dataset import Dataset
from audit.data.paths import stay_inside
from audit.data.picture import laid_upright
from audit.data.reader import Reader
from audit.data.table import Columns, Found, assemble, texts_of
from audit.data.tree import left_out, search
from audit.data.truth import ClassMap, Shape, Truth
from camsim.errors import CamsimError, NoDataError

PICTURES, MASKS = "images", "masks"


def open_masks(root: Path, *, limit: int | None, reader: Reader) -> Dataset:
    """``images/NAME.*`` with ``masks/NAME.png`` and a table of the classes beside them.

    Raises:
        NoDataError: no picture has a mask.
        CamsimError: no table, two masks of one name.
        UnsafeError: a link leads out of the folder.
    """
    table = find_table(root)
    tree = search(root / PICTURES)
    masks = masks_by_stem(root / MASKS)
    tally = Tally()
    has_mask = np.fromiter((stem(name) in masks for name in texts_of(tree.ids)), dtype=np.bool_, count=len(tree.ids))
    names = tree.ids.filter(pa.array(has_mask))
    if not len(names):
        raise NoDataError(f"{root}: no picture in {PICTURES} has a mask of its name in {MASKS}")
    if not has_mask.all():
        first = tree.ids[int(np.argmin(has_mask))].as_py()
        tally.add("pictures have no mask and were left out", first, int((~has_mask).sum()))
    spare = set(masks) - {stem(name) for name in texts_of(names)}
    tally.add("masks belong to no picture", min(spare, default=""), len(spare))
    real_root = root.resolve()
    found = Found(
        name=root.resolve().name,
        columns=Columns(names),
        source=AnnotatedFiles(
            root / PICTURES,
            (root / PICTURES).resolve(),
            names,
            reader,
            partial(_mask_of, root, masks),
            partial(read_mask, table, real_root),
        ),
        class_names=table.counted,
        kind="class_map",
        what=f"masks of {len(table.counted)} classes",
        notes=tally.notes(),
        unit="pictures",
        left_out=left_out(tree),
    )
    return assemble(found, limit, reader.max_side)


def stem(name: str) -> str:
    """A relative name without its suffix."""
    return str(PurePosixPath(name).with_suffix(""))


def masks_by_stem(folder: Path) -> dict[str, str]:
    """The masks of a folder: suffix by relative name without it.

    Raises:
        CamsimError: two of one name.
    """
    found: dict[str, str] = {}
    for suffix in MASK_SUFFIXES:
        for name in files_below(folder, suffix):
            if stem(name) in found:
                raise CamsimError(f"{folder / name}: there is another mask {stem(name)}{found[stem(name)]}; keep one")
            found[stem(name)] = PurePosixPath(name).suffix
    return found


def read_mask(table: ClassTable, real_root: Path, picture: Path, path: Path) -> Truth:
    """The mask of a picture, in pixels of the picture as it is shown."""
    stay_inside(path, real_root)
    truth = table.read(path)

    def drawn(shape: Shape) -> ClassMap:
        return truth

    height, width = truth.indices.shape
    return laid_upright(picture, (height, width), drawn)


def _mask_of(root: Path, masks: dict[str, str], name: str) -> Path:
    return root / MASKS / (stem(name) + masks[stem(name)])
