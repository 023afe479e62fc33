"""What a model's maker declares in a YAML file beside the model: ``model.camsim.yaml`` for ``model.onnx``.

camsim_model: 1
color: BGR
mean: [0.485, 0.456, 0.406]
std: [0.229, 0.224, 0.225]
output_kind: logits
classes: labels.txt        # a list of names, or a text file beside the sidecar, one name a line
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Strict, ValidationError, field_validator
from pydantic_core import ErrorDetails

from audit.decoders import AnyDecoder
from audit.models.preprocess import Preprocess
from camsim import yamlio
from camsim.errors import CamsimError, Problem, ProfileError, did_you_mean

OutputKind = Literal["logits", "probabilities", "log_probabilities"]

MAX_SIDECAR_BYTES = 1 << 20
MAX_CLASSES_BYTES = 16 << 20
MAX_NAME = 300

OVERRIDE = "override"
"""Where a problem stands that comes from the command line or a Python call rather than from the file."""


TASKS = (
    "classification",
    "multilabel",
    "detection",
    "instances",
    "segmentation",
    "regression",
    "keypoints",
    "poses",
    "depth",
    "retrieval",
    "text",
)
"""What models do; a task of one's own is declared as ``module:Class``."""

PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""``module:function``: where code of the user's own is found."""


class Declaration(Preprocess):
    """All that can be declared about a model: its preprocessing and how its output is to be read."""

    task: str | None = None
    """What it does: classification, multilabel, detection, instances, segmentation, regression, keypoints, poses,
    depth, retrieval or text; None: as its decoder says, or its file, or the data."""
    decoder: AnyDecoder | None = None
    """How its outputs become answers: a kind, or a kind with its settings. Classifiers need none."""
    size_input: str | None = None
    """Name of a second input that takes the picture's height and width, as RT-DETR and YOLOv3 have; it is given those
    of the image input, so that boxes come out in its pixels."""
    size_order: Literal["height_width", "width_height"] | None = None
    """What ``size_input`` takes first; must be declared where the image input is not square."""
    factory: str | None = None
    """``module:function``, which makes the network that a file of weights belongs to, or ``timm:NAME``."""
    output: str | None = None
    """Name of the output to use; needed where the model has several."""
    output_kind: OutputKind | None = None
    """What the output holds; None: read from the graph."""
    classes: Annotated[tuple[str, ...], Strict(False)] | None = None
    """Class names in the order of the output."""

    @field_validator("task")
    @classmethod
    def _known_task(cls, task: str | None) -> str | None:
        if task is not None and task not in TASKS and PLACE.fullmatch(task) is None:
            hint = did_you_mean(task, TASKS) or f"; known: {', '.join(TASKS)}"
            raise ValueError(f"there is no task {_shown(task)}{hint}")
        return task

    @field_validator("decoder", mode="before")
    @classmethod
    def _short_decoder(cls, decoder: object) -> object:
        return {"kind": decoder} if isinstance(decoder, str) else decoder

    @field_validator("factory")
    @classmethod
    def _is_place(cls, factory: str | None) -> str | None:
        if factory is not None and not factory.startswith("timm:") and PLACE.fullmatch(factory) is None:
            raise ValueError(f"must be MODULE:FUNCTION or timm:NAME, got {_shown(factory)}")
        return factory

    @field_validator("classes")
    @classmethod
    def _clean_names(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        first: dict[str, int] = {}
        for number, name in enumerate(names or (), 1):
            shown = reprlib.repr(name)
            if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
                raise ValueError(f"name {number} must be 1 to {MAX_NAME} printable characters, got {shown}")
            if name in first:
                raise ValueError(
                    f"names {first[name]} and {number} are both {shown}; make them distinct, as in 'crane (bird)'"
                )
            first[name] = number
        return names


class Sidecar(Declaration):
    """The sidecar file, schema version 1."""

    camsim_model: Literal[1]


def find_sidecar(model: Path) -> Path | None:
    """The sidecar beside a model, if there is one."""
    beside = model.with_suffix(".camsim.yaml")
    return beside if beside.exists() else None


def read_declaration(
    model: Path, sidecar: Path | None = None, overrides: Mapping[str, object] | None = None
) -> tuple[Declaration, Path | None]:
    """Read the sidecar and lay the overrides over it, key by key.

    Args:
        model: the model's file.
        sidecar: the sidecar's file; None: the one beside the model, or none.
        overrides: the same keys, from the command line.

    Returns:
        What is declared, and the sidecar that was read.

    Raises:
        ProfileError: everything that is wrong, with its line.
        CamsimError: the sidecar cannot be read.
    """
    used = sidecar if sidecar is not None else find_sidecar(model)
    lines: dict[yamlio.Path, int] = {}
    given: dict[Any, Any] = {}
    where = str(used)
    if used is not None:
        data, lines = yamlio.parse(_read_text(used, MAX_SIDECAR_BYTES), where)
        if not isinstance(data, dict):
            raise ProfileError([Problem(where, "", f"must be a list of 'key: value' lines, got {_shown(data)}")])
        given.update(data)
    changed = dict(overrides or {})
    if "camsim_model" in changed:
        raise ProfileError([Problem(OVERRIDE, "camsim_model", "is the version of the sidecar file, not an option")])
    given.update(changed)

    def place(path: yamlio.Path) -> str:
        if path and path[0] in changed:
            return OVERRIDE
        while path and path not in lines:
            path = path[:-1]
        return f"{where}:{lines.get(path, 1)}"

    problems: list[Problem] = []
    if isinstance(given.get("classes"), str):
        folder = used.parent if used is not None else model.parent
        try:
            given["classes"] = _read_classes(folder, given["classes"])
        except CamsimError as error:
            problems.append(Problem(place(("classes",)), "classes", str(error)))
            del given["classes"]
    declared = _validated(given, Sidecar if used is not None else Declaration, place, problems)
    return _with_files(declared, used.parent if used is not None else model.parent, place(("decoder",))), used


def declaration_of(given: Mapping[str, object], where: str) -> Declaration:
    """A declaration in Python: a sidecar's keys without ``camsim_model``, class names as a list.

    Args:
        given: the keys and their values.
        where: whose they are, for messages.

    Raises:
        ProfileError: everything that is wrong.
    """
    return _with_files(_validated(given, Declaration, lambda path: where, []), Path(), where)


def _with_files(declared: Declaration, folder: Path, where: str) -> Declaration:
    """With what its decoder names as files beside the sidecar."""
    if declared.decoder is None:
        return declared
    try:
        return declared.model_copy(update={"decoder": declared.decoder.resolved(folder)})
    except CamsimError as error:
        raise ProfileError([Problem(where, "decoder", str(error))]) from None


def _validated(
    given: Mapping[str, object],
    kind: type[Declaration],
    place: Callable[[yamlio.Path], str],
    problems: list[Problem],
) -> Declaration:
    """Raises ProfileError with these problems and all that are found."""
    try:
        declaration = kind.model_validate(given)
    except ValidationError as error:
        found = [_problem(details, place, kind) for details in error.errors(include_url=False)]
        raise ProfileError(problems + found) from None
    if problems:
        raise ProfileError(problems)
    return declaration


def _read_text(path: Path, limit: int) -> str:
    try:
        if not path.is_file():
            raise CamsimError(f"{path}: no such file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise CamsimError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > limit:
        raise CamsimError(f"{path}: is longer than {limit} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CamsimError(f"{path}: is not UTF-8 text (byte {error.start})") from None


def _read_classes(folder: Path, name: str) -> list[str]:
    # A sidecar comes with a model from elsewhere: it must not make camsim read, and report, any other file.
    path = folder / name
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise CamsimError(f"must be the name of a file beside the sidecar, without a folder; got {_shown(name)}")
    if path.is_symlink():
        raise CamsimError(f"{name} is a link; put the file itself beside the sidecar")
    return read_class_names(path)


def read_class_names(path: Path) -> list[str]:
    """Class names from a text file, one a line.

    Raises:
        CamsimError: it cannot be read.
    """
    return _read_text(path, MAX_CLASSES_BYTES).splitlines()


def _problem(details: ErrorDetails, place: Callable[[yamlio.Path], str], kind: type[Declaration]) -> Problem:
    path, given, ctx = details["loc"], _shown(details["input"]), details.get("ctx", {})
    known = list(kind.model_fields)
    if path[0] == "decoder" and len(path) > 1:
        # pydantic puts the decoder's kind between.
        known = list(_DECODERS[str(path[1])].model_fields)
        path = (path[0], *path[2:])
    match details["type"]:
        case "union_tag_invalid":
            kinds = list(_DECODERS)
            hint = did_you_mean(ctx["tag"], kinds) or f"; known: {', '.join(kinds)}"
            text = f"there is no decoder {_shown(ctx['tag'])}{hint}"
        case "union_tag_not_found" | "model_attributes_type":
            text = f"must be a kind of decoder, or its settings with 'kind: ...'; got {given}"
        case "extra_forbidden":
            text = "unknown key" + (did_you_mean(str(path[-1]), known) or f"; known: {', '.join(known)}")
        case "missing" if path == ("camsim_model",):
            text = "is missing; a sidecar begins with 'camsim_model: 1'"
        case "missing":
            text = "is missing from the list"
        case "literal_error":
            text = f"must be {ctx['expected']}, got {given}"
        case "tuple_type":
            text = f"must be a list, got {given}"
        case "too_long" | "too_short":
            text = f"must have {ctx.get('max_length', ctx.get('min_length'))} items, got {given}"
        case "value_error":
            text = str(ctx["error"])
        case _:
            text = f"{details['msg'].replace('Input should', 'must')}, got {given}"
    return Problem(place(path), yamlio.format_path(path), text)


_DECODERS: dict[str, type[BaseModel]] = {
    decoder.model_fields["kind"].default: decoder for decoder in get_args(get_args(AnyDecoder)[0])
}


def _shown(value: object) -> str:
    """``repr``, bounded: the file may hold anything."""
    return reprlib.repr(value)
