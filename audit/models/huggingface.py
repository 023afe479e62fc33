"""Folders of Hugging Face transformers, on this disk: config.json, safetensors, and the processor's settings.

Nothing is downloaded, no code of the folder runs, and weights are read from safetensors alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from audit.models.metadata import Stated, json_metadata
from audit.models.session import first_line
from audit.models.sidecar import declaration_of, read_declaration
from audit.models.torch_network import Origin, TorchNetwork
from audit.models.trust import file_digest
from camsim.errors import CamsimError, UnsafeError

PREFIX = "hf:"

_HEADS: dict[str, tuple[str, dict[str, Any]]] = {
    "ForImageClassification": (
        "AutoModelForImageClassification",
        {"task": "classification", "output": "logits", "output_kind": "logits"},
    ),
    "ForObjectDetection": ("AutoModelForObjectDetection", {"task": "detection"}),
    "ForSemanticSegmentation": (
        "AutoModelForSemanticSegmentation",
        {"task": "segmentation", "decoder": {"kind": "class_map", "output": "logits"}},
    ),
    "ForDepthEstimation": (
        "AutoModelForDepthEstimation",
        {"task": "depth", "decoder": {"kind": "depth", "output": "predicted_depth"}},
    ),
    "Model": ("AutoModel", {"task": "retrieval", "decoder": {"kind": "embedding", "output": "pooler_output"}}),
}
"""By how a network's class is called: transformers' class that loads it, and what it is for."""

_FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box"}
"""Pillow's numbers."""
_UNKNOWN = (
    "do_pad_to_multiple",
    "do_thumbnail",
    "do_align_long_axis",
    "do_split_image",
    "do_tile",
    "ensure_multiple_of",
    "keep_aspect_ratio",
    "size_divisor",
    "pad_size",
)
"""Settings of processors that change the picture in ways that camsim does not know."""


def open_hf(folder: Path, sidecar: Path | None, overrides: Mapping[str, object] | None) -> TorchNetwork:
    """A folder as ``save_pretrained`` writes it.

    Raises:
        UnsafeError: its weights are pickles, or its network is code in the folder.
        CamsimError: transformers is not installed, a file is missing, or it is no network of pictures.
    """
    where = f"{PREFIX}{folder}"
    config = _json(folder / "config.json", where)
    _check_config(config, where)
    try:
        import transformers
        from huggingface_hub import constants
    except ImportError:
        raise CamsimError(f"{where}: needs transformers: pip install transformers") from None
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickles = sorted(folder.glob("*.bin")) + sorted(folder.glob("*.pt"))
        if pickles:
            raise UnsafeError(
                f"{where}: its weights are in {pickles[0].name}, a pickle; camsim reads safetensors alone: "
                f"model.save_pretrained(folder) writes them"
            )
        raise CamsimError(f"{where}: has no weights (*.safetensors)")
    loader, head = _head(config, where)
    given, used = read_declaration(folder / "model", sidecar, overrides)
    try:
        # Some configurations name a backbone, which would be fetched.
        with _offline(constants):
            module = getattr(transformers, loader).from_pretrained(
                str(folder), local_files_only=True, trust_remote_code=False, use_safetensors=True
            )
    except Exception as error:  # transformers raises what its networks and files do
        raise CamsimError(f"{where}: transformers cannot load it: {first_line(error)}") from None
    processor = folder / "preprocessor_config.json"
    settings = _json(processor, where) if processor.is_file() else {}
    found = {**head, **_class_names(config)}
    unread: tuple[str, ...] = ()
    if settings:
        read, unread = read_processor(settings)
        found |= read
    if unread and given.resize is None:
        raise CamsimError(
            f"{where}: preprocessor_config.json has {', '.join(unread)}, which camsim does not do; declare the "
            f"preprocessing that comes nearest in a sidecar ('resize' and what belongs to it; --sidecar FILE)"
        )
    files = [folder / "config.json", *weights, *([processor] if settings else [])]
    digests = {file.name: file_digest(file) for file in files}
    digest = hashlib.sha256("\n".join(f"{name} {value}" for name, value in sorted(digests.items())).encode())
    origin = Origin(
        f"Hugging Face folder ({type(module).__name__})",
        digest.hexdigest(),
        None if used is None else used.name,
        known=Stated(declaration_of(found, where), tuple(found), ()),
    )
    return TorchNetwork(module.eval(), folder.resolve().name, given, origin)


@contextmanager
def _offline(constants: Any) -> Iterator[None]:
    """With huggingface_hub's switch set: nothing is fetched, whatever the environment says."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def read_processor(settings: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """An image processor's settings as the keys of a sidecar, and those of them that have none.

    Raises:
        CamsimError: a setting of another form than transformers writes.
    """
    found: dict[str, Any] = {"color": "BGR" if settings.get("do_flip_channel_order") else "RGB"}
    unread = [name for name in _UNKNOWN if settings.get(name)]
    found["scale"] = float(settings.get("rescale_factor", 1 / 255)) if settings.get("do_rescale", True) else 1.0
    normal = bool(settings.get("do_normalize", True)) and "image_mean" in settings
    found["mean"] = [float(value) for value in settings["image_mean"]] if normal else 0.0
    found["std"] = [float(value) for value in settings["image_std"]] if normal else 1.0
    size = _size(settings.get("size"), "size")
    crop = _size(settings.get("crop_size"), "crop_size") if settings.get("do_center_crop") else None
    if settings.get("do_resize", True) and size:
        resample = settings.get("resample", 2)
        if resample in _FILTERS:
            found["filter"] = _FILTERS[resample]
        else:
            unread.append(f"resample {resample!r}")
        found |= _resizing(size, crop, settings, unread)
    elif crop:
        unread.append("do_center_crop without do_resize")
    else:
        found["resize"] = "keep"
    return found, tuple(unread)


def _resizing(
    size: Mapping[str, int], crop: Mapping[str, int] | None, settings: Mapping[str, Any], unread: list[str]
) -> dict[str, Any]:
    shortest, longest = size.get("shortest_edge"), size.get("longest_edge")
    square = size.get("square")
    part = settings.get("crop_pct")
    if part is not None and shortest is not None:  # ConvNext and its like: from 384 px on nothing is cut off
        if shortest >= 384:
            return {"resize": "stretch", "input_size": [shortest, shortest]}
        return {"resize": "crop", "input_size": [shortest, shortest], "resize_shorter": int(shortest / float(part))}
    if crop is not None:
        target = [crop.get("height", crop.get("square", 0)), crop.get("width", crop.get("square", 0))]
        side = shortest or square
        if side is None or not all(target):
            unread.append("do_center_crop after a size that is not that of the shorter side")
            return {}
        return {"resize": "crop", "input_size": target, "resize_shorter": side}
    if "height" in size and "width" in size:
        return {"resize": "stretch", "input_size": [size["height"], size["width"]]}
    if square is not None:
        return {"resize": "stretch", "input_size": [square, square]}
    if shortest is not None:
        return {"resize": "shortest", "resize_shorter": shortest} | ({"resize_longer": longest} if longest else {})
    if longest is not None:
        return {"resize": "longest", "resize_longer": longest}
    unread.append(f"size {dict(size)}")
    return {}


def _size(given: object, name: str) -> dict[str, int] | None:
    if given is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool):
        return {"square": given}
    if isinstance(given, Mapping) and all(isinstance(side, int | None) for side in given.values()):
        return {str(key): side for key, side in given.items() if side is not None}
    raise CamsimError(f"preprocessor_config.json: {name} {given!r:.100} is not understood")


def _check_config(config: object, where: str) -> None:
    """Raises UnsafeError for a configuration that has other code run than that of transformers."""
    if isinstance(config, list):
        for part in config:
            _check_config(part, where)
    if not isinstance(config, dict):
        return
    for key, value in config.items():
        if key == "auto_map":
            raise UnsafeError(
                f"{where}: its network is code in the folder (auto_map), which camsim does not run; load it yourself "
                f"and give the module, or export it to ONNX"
            )
        # kernels-community/... would be fetched and run.
        if key.endswith("attn_implementation") and "/" in str(value):
            raise UnsafeError(f"{where}: config.json asks for code from elsewhere: {key} {value!r:.100}")
        _check_config(value, where)


def _head(config: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    architectures = config.get("architectures")
    name = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    for ending, (loader, head) in _HEADS.items():
        if name.endswith(ending):
            several = config.get("problem_type") == "multi_label_classification"
            if several and ending == "ForImageClassification":
                return loader, {"task": "multilabel", "decoder": {"kind": "label_chances", "output": "logits"}}
            return loader, dict(head)
    known = ", ".join(f"...{ending}" for ending in _HEADS)
    raise CamsimError(f"{where}: camsim reads networks called {known}; this one is {name or 'not named'}")


def _class_names(config: Mapping[str, Any]) -> dict[str, Any]:
    labels = config.get("id2label")
    if not isinstance(labels, Mapping) or not labels:
        return {}
    names = {str(key): str(value) for key, value in labels.items()}
    ordered = [names[str(index)] for index in range(len(names)) if str(index) in names]
    # COCO's 91 have gaps that are all called N/A; LABEL_0 is what transformers writes for want of a name.
    placeholders = all(name == f"LABEL_{index}" for index, name in enumerate(ordered))
    return {} if placeholders or len(set(ordered)) != len(names) else {"classes": ordered}


def _json(path: Path, where: str) -> dict[str, Any]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CamsimError(f"{where}: {path.name} cannot be read: {error.strerror or error}") from None
    found = json_metadata(data)
    if not found:
        raise CamsimError(f"{where}: {path.name} is not a JSON object")
    return found
