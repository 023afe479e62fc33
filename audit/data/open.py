"""From what ``--data`` says to a dataset."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from audit.data.builtin import WHOLE_SIDE, builtin_scenes
from audit.data.coco import open_coco
from audit.data.dataset import Dataset, check_max_side
from audit.data.folder import Labels, open_folder
from audit.data.hugging_face import open_hugging_face
from audit.data.manifest import open_manifest
from audit.data.masks import open_masks
from audit.data.python_objects import MapStyle, open_python
from audit.data.reader import Reader
from audit.data.seed_folders import open_seed
from audit.data.sniff import FORMATS, DataFormat, described_by, sniff
from audit.data.table import unlabelled
from audit.data.truth import TruthKind
from audit.data.voc import open_voc
from audit.data.web_dataset import open_web_dataset
from audit.data.yolo import open_yolo
from camsim import catalog
from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.unprocess import DEFAULT, Unprocess

TRUTHS: dict[DataFormat, tuple[TruthKind, ...]] = {
    "folder": ("class",),
    "manifest": ("class", "labels", "boxes", "class_map", "values", "keypoints", "depth", "text"),
    "coco": ("boxes", "keypoints", "poses", "labels"),
    "yolo": ("boxes", "labels"),
    "voc": ("boxes", "labels"),
    "masks": ("class_map",),
    "seed": ("class", "class_map"),
    "huggingface": ("class", "labels", "boxes", "text"),
    "webdataset": ("class", "labels", "boxes", "text"),
}
"""What each format can say of a picture; the first of COCO, YOLO and VOC is what they say unless asked."""


def open_dataset(
    spec: Path | str | MapStyle | None,
    *,
    labels: Labels = "auto",
    limit: int | None = None,
    max_side: int = 1024,
    data_format: DataFormat | None = None,
    truth: TruthKind | None = None,
    raw_profile: str | Path | Profile | None = None,
    intensity: float | None = None,
    unprocess: Unprocess = DEFAULT,
) -> Dataset:
    """The data at a path, a dataset object, or the built-in scenes when there is neither.

    Args:
        spec: a folder, a file that describes data (COCO, manifest, YOLO), a shard, a picture; or a map-style torch or
            MAITE dataset. docs/data-formats.md tells what each format looks like.
        labels: ``none`` takes the pictures alone; ``folders``: the first folder is the class.
        limit: at most so many samples, evenly spaced and evenly over classes (`audit.data.dataset.subset`).
        max_side: longer scenes are reduced to this, px.
        data_format: what the path holds, where that cannot be told.
        truth: which of several truths is meant.
        raw_profile: the device whose mosaics TIFF, PNG and .npy files are.
        intensity: of Raw-Drone and Raw-Microscopy: 0.01 to 1.
        unprocess: how pictures become scenes: what is assumed of the camera that they are from.

    Raises:
        CamsimError: what cannot be read, or told apart; the message says where and what to do.
        NoDataError: nothing to look at.
        UnsafeError: something leads out of the data's folder.
    """
    check_max_side(max_side)
    if labels not in get_args(Labels):
        raise CamsimError(f"--labels must be one of {', '.join(get_args(Labels))}, got {labels!r}")
    if data_format is not None and data_format not in FORMATS:
        raise CamsimError(f"--data-format must be one of {', '.join(FORMATS)}, got {data_format!r}")
    if spec is None:
        if labels == "folders":
            raise CamsimError(
                "--labels folders: the built-in scenes have no labels; give --data a folder of class folders"
            )
        scenes = builtin_scenes(limit=limit, max_side=min(max_side, WHOLE_SIDE), unprocess=unprocess)
        return _unprocessed(scenes, unprocess)
    if not isinstance(spec, str | Path):
        return _unprocessed(_open_object(spec, labels, limit, max_side, truth, unprocess), unprocess)
    path = Path(spec)
    if data_format is None and labels == "folders":
        data_format = "folder"
    found, place = sniff(path) if data_format is None else (data_format, described_by(path, data_format))
    profile = raw_profile if isinstance(raw_profile, Profile) or raw_profile is None else catalog.load(raw_profile)
    if labels == "folders" and found != "folder":
        raise CamsimError(f"--labels folders is for folders of pictures, not for --data-format {found}")
    if truth is not None and truth not in TRUTHS[found]:
        raise CamsimError(f"{path}: --truth {truth}: {found} says {' or '.join(TRUTHS[found])} of a picture")
    if intensity is not None and found != "seed":
        raise CamsimError(f"{path}: --intensity is for Raw-Drone and Raw-Microscopy, and this is {found}")
    if found == "folder":
        folder = open_folder(
            place, labels=labels, limit=limit, max_side=max_side, raw_profile=profile, unprocess=unprocess
        )
        return _unprocessed(folder, unprocess)
    dataset = _open(found, place, truth, limit, Reader(max_side, profile, unprocess), intensity)
    return _unprocessed(unlabelled(dataset) if labels == "none" else dataset, unprocess)


def _unprocessed(dataset: Dataset, how: Unprocess) -> Dataset:
    """The dataset that knows how its pictures become scenes: other scenes, so another hash."""
    if how.is_default:
        return dataset
    told = how.to_json()
    digest = hashlib.sha256(f"{dataset.sha256} {json.dumps(told, sort_keys=True)}".encode()).hexdigest()
    description = f"{dataset.description} Of pictures: {how}."
    kept = how.kept
    notes = (f"What stays in the scenes of the pictures' camera: {'; '.join(kept)}.",) if kept else ()
    return replace(dataset, sha256=digest, description=description, unprocess=told, notes=(*dataset.notes, *notes))


def _open(
    found: DataFormat, place: Path, truth: Any, limit: int | None, reader: Reader, intensity: float | None
) -> Dataset:
    match found:
        case "manifest":
            return open_manifest(place, kind=truth, limit=limit, reader=reader)
        case "coco":
            return open_coco(place, kind=truth or "boxes", limit=limit, reader=reader)
        case "yolo":
            return open_yolo(place, kind=truth or "boxes", limit=limit, reader=reader)
        case "voc":
            return open_voc(place, kind=truth or "boxes", limit=limit, reader=reader)
        case "masks":
            return open_masks(place, limit=limit, reader=reader)
        case "seed":
            return open_seed(place, intensity=intensity, limit=limit, reader=reader)
        case "huggingface":
            return open_hugging_face(place, kind=truth, limit=limit, reader=reader)
        case "webdataset":
            return open_web_dataset(place, kind=truth, limit=limit, reader=reader)
        case _:
            raise TypeError(f"no format {found}")


def _open_object(
    spec: object, labels: Labels, limit: int | None, max_side: int, truth: Any, unprocess: Unprocess
) -> Dataset:
    if not isinstance(spec, MapStyle):
        raise CamsimError(f"data must be a path or have __len__ and __getitem__, got {type(spec).__name__}")
    dataset = open_python(spec, kind=truth, limit=limit, max_side=max_side, unprocess=unprocess)
    return unlabelled(dataset) if labels == "none" else dataset
