"""Options that the commands about a model share, and what is made of them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, TypeVar, Unpack, cast

import typer
from typer.core import TyperCommand

from camsim.cli.errors import INTERRUPTED, say
from camsim.cli.unprocess_options import DATA as DATA
from camsim.cli.unprocess_options import Highlights as Highlights
from camsim.cli.unprocess_options import SourceCamera as SourceCamera
from camsim.cli.unprocess_options import Tone as Tone
from camsim.cli.unprocess_options import unprocess_of as unprocess_of

if TYPE_CHECKING:
    from rich.console import Console

    from audit import Model
    from audit.models import Network, Trust
    from camsim.cli.progress import Bars
    from camsim.unprocess import Unprocess

Opened = TypeVar("Opened")

MODEL = "Model: what its file does not say (or in a sidecar MODEL.camsim.yaml)"
GATE = "Verdict"
BESIDE = "To compare with"

ModelFile = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="File (ONNX, .safetensors, TorchScript, .pt2), hf:FOLDER or MODULE:FUNCTION."),
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Images or RAW files (one folder a class where there are labels), COCO, YOLO, VOC, masks, a CSV or "
        "Parquet list, shards. Default: the built-in scenes.",
        rich_help_panel=DATA,
    ),
]
Reference = Annotated[str, typer.Option(metavar="NAME", help="Device that drift is measured from.")]
Labels = Annotated[
    Literal["auto", "folders", "none"], typer.Option(help="Whether folders are classes.", rich_help_panel=DATA)
]
Limit = Annotated[int | None, typer.Option(metavar="N", min=1, help="Use at most N samples.", rich_help_panel=DATA)]
MaxSide = Annotated[
    int, typer.Option(metavar="PX", help="Longer scenes are reduced to this before capture.", rich_help_panel=DATA)
]
# As audit.data.sniff.DataFormat and audit.data.truth.TruthKind, which --help need not wait for; a test compares them.
Format = Literal["folder", "manifest", "coco", "yolo", "voc", "masks", "seed", "huggingface", "webdataset"]
Kind = Literal["class", "labels", "boxes", "class_map", "values", "keypoints", "poses", "depth", "text"]
DataFormat = Annotated[
    Format | None,
    typer.Option(
        metavar="NAME", help="What --data holds, where that cannot be told: coco, yolo, voc ...", rich_help_panel=DATA
    ),
]
Truth = Annotated[
    Kind | None,
    typer.Option(metavar="KIND", help="Which of several labels: boxes, keypoints, text ...", rich_help_panel=DATA),
]
RawProfile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The device whose mosaics TIFF, PNG and .npy files are.", rich_help_panel=DATA),
]
Intensity = Annotated[
    float | None,
    typer.Option(metavar="X", help="Of Raw-Drone and Raw-Microscopy, 0.01 to 1.", rich_help_panel=DATA),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Seed of noise and search.")]
Out = Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the run. Default: runs/TIME-MODEL.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print results.json instead of a summary.")]
SidecarFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Sidecar YAML that lies elsewhere.", rich_help_panel=MODEL)
]
InputSize = Annotated[str | None, typer.Option(metavar="H,W", help="Input size.", rich_help_panel=MODEL)]
Layout = Annotated[str | None, typer.Option(metavar="NCHW|NHWC", help="Axes.", rich_help_panel=MODEL)]
Color = Annotated[str | None, typer.Option(metavar="RGB|BGR|GRAY", help="Channels.", rich_help_panel=MODEL)]
Scale = Annotated[float | None, typer.Option(metavar="X", help="Multiplies pixels 0..255.", rich_help_panel=MODEL)]
Mean = Annotated[str | None, typer.Option(metavar="M[,M,M]", help="Subtracted after --scale.", rich_help_panel=MODEL)]
Std = Annotated[str | None, typer.Option(metavar="S[,S,S]", help="Divides after --mean.", rich_help_panel=MODEL)]
Resize = Annotated[
    str | None, typer.Option(metavar="stretch|crop|pad", help="How to reach the size.", rich_help_panel=MODEL)
]
Classes = Annotated[Path | None, typer.Option(metavar="FILE", help="Class names, one a line.", rich_help_panel=MODEL)]
Output = Annotated[str | None, typer.Option(metavar="NAME", help="Output to use, of several.", rich_help_panel=MODEL)]
OutputKind = Annotated[
    str | None,
    typer.Option(metavar="logits|probabilities|log_probabilities", help="What it holds.", rich_help_panel=MODEL),
]
Task = Annotated[
    str | None,
    typer.Option(
        metavar="auto|NAME|MODULE:FUNCTION",
        help="What the model does: classification, detection, segmentation, text ... Default: as it or the data say.",
        rich_help_panel=MODEL,
    ),
]
DecoderKind = Annotated[
    str | None,
    typer.Option("--decoder", metavar="KIND", help="How its outputs are read: yolov8, detr ...", rich_help_panel=MODEL),
]
Factory = Annotated[
    str | None,
    typer.Option(
        metavar="MODULE:FUNCTION|timm:NAME", help="Makes the network that weights belong to.", rich_help_panel=MODEL
    ),
]
TrustModel = Annotated[
    str | None,
    typer.Option(
        metavar="[=SHA256]",
        help="Let code that comes with the model run; with a hash, from that file alone.",
        rich_help_panel=MODEL,
    ),
]

_TRUST = "--trust-model"


class ModelCommand(TyperCommand):
    """A command about a model: ``--trust-model`` may stand without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f"{_TRUST}=" if word == _TRUST else word for word in args])


class Declared(TypedDict, total=False):
    """What the options say about a model."""

    sidecar: Path | None
    input_size: str | None
    layout: str | None
    color: str | None
    scale: float | None
    mean: str | None
    std: str | None
    resize: str | None
    classes: Path | None
    output: str | None
    output_kind: str | None
    task: str | None
    decoder: str | None
    factory: str | None
    trust_model: str | None


class Found(TypedDict, total=False):
    """What the options say about the data."""

    labels: Literal["auto", "folders", "none"]
    limit: int | None
    max_side: int
    data_format: Format | None
    truth: Kind | None
    raw_profile: str | None
    intensity: float | None
    unprocess: Unprocess


def about_model(given: Mapping[str, Any]) -> Declared:
    """Of a command's parameters, those about the model."""
    return cast(Declared, {name: given[name] for name in Declared.__annotations__ if name in given})


def about_data(given: Mapping[str, Any]) -> Found:
    """Of a command's parameters, those about the data."""
    found = cast(Found, {name: given[name] for name in Found.__annotations__ if name in given})
    how = unprocess_of(given.get("source_camera"), given.get("tone", "none"), given.get("highlights", "clip"))
    if how is not None:
        found["unprocess"] = how
    return found


def load_model(model: Path, **declared: Unpack[Declared]) -> Model:
    """The classifier with what the options declare laid over its sidecar; errors name the option."""
    from audit.models import load_model

    return _opened(load_model, model, declared)


def open_network(model: Path, **declared: Unpack[Declared]) -> Network:
    """As `load_model`, for a model of any task."""
    from audit.models import open_network

    return _opened(open_network, model, declared)


def _opened(
    opener: Callable[[Path, Path | None, Mapping[str, object], Trust], Opened], model: Path, declared: Declared
) -> Opened:
    from audit.models import OVERRIDE, Trust, read_class_names
    from camsim.errors import Problem, ProfileError

    given: dict[str, object] = {
        key: value for key, value in declared.items() if value is not None and key not in ("sidecar", "trust_model")
    }
    if given.get("task") == "auto":
        del given["task"]
    for key, whole in (("input_size", True), ("mean", False), ("std", False)):
        if key in given:
            given[key] = numbers(str(given[key]), f"--{key.replace('_', '-')}", whole=whole)
    classes = declared.get("classes")
    if classes is not None:
        given["classes"] = read_class_names(classes)
    try:
        return opener(model, declared.get("sidecar"), given, Trust.of(declared.get("trust_model")))
    except ProfileError as error:
        problems = [
            Problem("--" + problem.path.split("[")[0].replace("_", "-"), "", problem.message)
            if problem.where == OVERRIDE
            else problem
            for problem in error.problems
        ]
        raise ProfileError(problems) from None


def run_folder(out: Path | None, model: Path, *, resume: bool) -> Path:
    """``--out``, or ``runs/TIME-MODEL``, numbered where another run began in the same second."""
    if out is not None:
        return out
    from camsim.errors import CamsimError

    if resume:
        raise CamsimError("--resume needs --out with the folder of the unfinished run")
    first = Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{model.stem}"
    names = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(folder for folder in chain([first], names) if not folder.exists())


def command_line(arguments: list[str] | None = None) -> str:
    """This very command, as a shell would take it."""
    return shlex.join(["camsim", *(sys.argv[1:] if arguments is None else arguments)])


@contextmanager
def run_bars(out: Path | None, folder: Path) -> Iterator[Bars]:
    """Progress bars around a run in ``folder``; an interruption ends the command and says how to go on."""
    from camsim.cli.progress import Bars

    try:
        with Bars() as bars:
            yield bars
    except KeyboardInterrupt:
        # Without the folder there is nothing yet that --resume would accept.
        again = f"; go on with: {go_on_command(out, folder)}" if folder.exists() else " before it began"
        say(f"interrupted{again}")
        raise typer.Exit(INTERRUPTED) from None


def show_results(
    results: Mapping[str, Any], folder: Path, summary: Callable[[Mapping[str, Any], Console, Path], None], as_json: bool
) -> None:
    """Show what came out: a summary for people, or the data."""
    from rich.console import Console

    if as_json:
        print(json.dumps(results, indent=1, ensure_ascii=False))
    else:
        summary(results, Console(), folder / "report.html")


def go_on_command(out: Path | None, folder: Path) -> str:
    """The command that goes on with this one after an interruption."""
    again = [word for word in sys.argv[1:] if word != "--resume"]
    return command_line([*again, *([] if out else ["--out", str(folder)]), "--resume"])


def names(given: Sequence[str]) -> list[str]:
    """Names from a repeated option, each of which may hold several with commas between."""
    return [name for item in given for name in item.split(",") if name]


def numbers(text: str, option: str, *, whole: bool = False) -> list[float] | list[int]:
    """Numbers with commas between; a usage error names ``option``."""
    try:
        return [int(part) if whole else float(part) for part in text.split(",")]
    except ValueError:
        kind = "whole numbers" if whole else "numbers"
        raise typer.BadParameter(f"{option} takes {kind} with commas between, got {text!r}") from None
