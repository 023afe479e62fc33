"""``camsim audit``: a model across camera devices, with a verdict as the exit code."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from camsim.cli.errors import INTERRUPTED, handled, say

if TYPE_CHECKING:
    from audit import Model, Result

MODEL = "Model: what its file does not say (or in a sidecar MODEL.camsim.yaml)"
DATA = "Data"
GATE = "Verdict"


@handled
def audit(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="ONNX file.")],
    more: Annotated[list[str] | None, typer.Argument(hidden=True, metavar="PROFILE")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Folder of images or RAW files, with one folder a class where there are labels. "
            "Default: the built-in scenes.",
            rich_help_panel=DATA,
        ),
    ] = None,
    profiles: Annotated[
        list[str] | None,
        typer.Option(metavar="all|NAME|GLOB|FILE ...", help="Devices; may be repeated. Default: all."),
    ] = None,
    reference: Annotated[
        str, typer.Option(metavar="NAME", help="Device that drift is measured from.")
    ] = "reference/srgb",
    max_drop: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Allowed drop of accuracy, 0.05 = 5 points. Default with labels: 0.05.",
            rich_help_panel=GATE,
        ),
    ] = None,
    max_flips: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Allowed rate of changed predictions, 0.1 = 10 %. Default without labels: 0.1.",
            rich_help_panel=GATE,
        ),
    ] = None,
    search: Annotated[
        int, typer.Option(metavar="N", min=0, help="Search the worst plausible setting of a device with N evaluations.")
    ] = 0,
    search_from: Annotated[
        str | None, typer.Option(metavar="NAME", help="Device to search around. Default: the one that does worst.")
    ] = None,
    split: Annotated[
        Literal["all", "search", "held-out"],
        typer.Option(help="Samples to use: all, or one half of a search, to replay its figures.", rich_help_panel=DATA),
    ] = "all",
    labels: Annotated[
        Literal["auto", "folders", "none"], typer.Option(help="Whether folders are classes.", rich_help_panel=DATA)
    ] = "auto",
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Use at most N samples.", rich_help_panel=DATA)
    ] = None,
    max_side: Annotated[
        int, typer.Option(metavar="PX", help="Longer scenes are reduced to this before capture.", rich_help_panel=DATA)
    ] = 1024,
    batch: Annotated[
        int, typer.Option(metavar="N", min=1, help="Samples kept together; results do not depend on it.")
    ] = 8,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of noise and search.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the run. Default: runs/TIME-MODEL.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the unfinished run in --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print results.json instead of a summary.")] = False,
    sidecar: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sidecar YAML that lies elsewhere.", rich_help_panel=MODEL)
    ] = None,
    input_size: Annotated[str | None, typer.Option(metavar="H,W", help="Input size.", rich_help_panel=MODEL)] = None,
    layout: Annotated[str | None, typer.Option(metavar="NCHW|NHWC", help="Axes.", rich_help_panel=MODEL)] = None,
    color: Annotated[str | None, typer.Option(metavar="RGB|BGR|GRAY", help="Channels.", rich_help_panel=MODEL)] = None,
    scale: Annotated[
        float | None, typer.Option(metavar="X", help="Multiplies pixels 0..255.", rich_help_panel=MODEL)
    ] = None,
    mean: Annotated[
        str | None, typer.Option(metavar="M[,M,M]", help="Subtracted after --scale.", rich_help_panel=MODEL)
    ] = None,
    std: Annotated[
        str | None, typer.Option(metavar="S[,S,S]", help="Divides after --mean.", rich_help_panel=MODEL)
    ] = None,
    resize: Annotated[
        str | None, typer.Option(metavar="stretch|crop|pad", help="How to reach the size.", rich_help_panel=MODEL)
    ] = None,
    classes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Class names, one a line.", rich_help_panel=MODEL)
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="NAME", help="Output to use, of several.", rich_help_panel=MODEL)
    ] = None,
    output_kind: Annotated[
        str | None,
        typer.Option(metavar="logits|probabilities|log_probabilities", help="What it holds.", rich_help_panel=MODEL),
    ] = None,
) -> None:
    """Audit a model across camera devices and write a drift report.

    Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive or no data, 4 refused as unsafe, 5 internal error.
    """
    if more and not profiles:
        raise typer.BadParameter(
            f"one MODEL is audited at a time; {more[0]!r} is one too many (pictures: --data, devices: --profiles)"
        )
    if more and not model.exists() and any(Path(word).is_file() for word in more):
        raise typer.BadParameter(f"{str(model)!r} stands where MODEL is expected: camsim audit MODEL --profiles A B")
    declared: dict[str, Any] = {
        "input_size": None if input_size is None else _numbers(input_size, "--input-size", whole=True),
        "layout": layout,
        "color": color,
        "scale": scale,
        "mean": None if mean is None else _numbers(mean, "--mean"),
        "std": None if std is None else _numbers(std, "--std"),
        "resize": resize,
        "output": output,
        "output_kind": output_kind,
    }
    import audit as auditing
    from audit.models import read_class_names
    from camsim.cli.progress import Bars
    from camsim.errors import CamsimError

    if classes is not None:
        declared["classes"] = read_class_names(classes)

    wanted = [name for item in [*(profiles or ["all"]), *(more or [])] for name in item.split(",") if name]
    subject = _load(model, sidecar, {key: value for key, value in declared.items() if value is not None})
    dataset = auditing.open_dataset(data, labels=labels, limit=limit, max_side=max_side)
    folder = out or _new_folder(model)
    if resume and out is None:
        raise CamsimError("--resume needs --out with the folder of the unfinished run")
    try:
        with Bars() as bars:
            result = auditing.run(
                subject,
                dataset,
                profiles=wanted,
                reference=reference,
                max_drop=max_drop,
                max_flips=max_flips,
                search=search,
                search_from=search_from,
                split=split,
                batch=batch,
                seed=seed,
                out=folder,
                resume=resume,
                command=shlex.join(["camsim", *sys.argv[1:]]),
                progress=bars,
            )
    except KeyboardInterrupt:
        again = [word for word in sys.argv[1:] if word != "--resume"]
        again += ([] if out else ["--out", str(folder)]) + ["--resume"]
        say(f"interrupted; go on with: {shlex.join(['camsim', *again])}")
        raise typer.Exit(INTERRUPTED) from None
    report(result, folder, as_json)
    raise typer.Exit(result.exit_code)


def _load(model: Path, sidecar: Path | None, declared: dict[str, Any]) -> Model:
    from audit.models import OVERRIDE, load_model
    from camsim.errors import Problem, ProfileError

    try:
        return load_model(model, sidecar, declared)
    except ProfileError as error:
        problems = [
            Problem("--" + problem.path.split("[")[0].replace("_", "-"), "", problem.message)
            if problem.where == OVERRIDE
            else problem
            for problem in error.problems
        ]
        raise ProfileError(problems) from None


def _new_folder(model: Path) -> Path:
    """``runs/TIME-MODEL``, numbered where another run began in the same second."""
    first = Path("runs") / f"{datetime.now():%Y%m%d-%H%M%S}-{model.stem}"
    names = (first.with_name(f"{first.name}-{number}") for number in count(2))
    return next(folder for folder in chain([first], names) if not folder.exists())


def report(result: Result, folder: Path, as_json: bool) -> None:
    """Show what came out: a summary for people, or the data."""
    import json

    from rich.console import Console

    from audit.report import print_summary

    if as_json:
        print(json.dumps(result.results, indent=1, ensure_ascii=False))
    else:
        print_summary(result.results, Console(), folder / "report.html")


def _numbers(text: str, option: str, *, whole: bool = False) -> list[float] | list[int]:
    try:
        return [int(part) if whole else float(part) for part in text.split(",")]
    except ValueError:
        kind = "whole numbers" if whole else "numbers"
        raise typer.BadParameter(f"{option} takes {kind} with commas between, got {text!r}") from None
