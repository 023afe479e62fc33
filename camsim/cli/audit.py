"""``camsim audit``: a model across camera devices, with a verdict as the exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from camsim.cli import options
from camsim.cli.errors import handled
from camsim.cli.options import BESIDE, DATA, GATE


@handled
def audit(
    model: options.ModelFile,
    more: Annotated[list[str] | None, typer.Argument(hidden=True, metavar="PROFILE")] = None,
    data: options.Data = None,
    profiles: Annotated[
        list[str] | None,
        typer.Option(metavar="all|NAME|GLOB|FILE ...", help="Devices; may be repeated. Default: all."),
    ] = None,
    reference: options.Reference = "reference/srgb",
    max_drop: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Allowed drop of accuracy, mAP, mIoU ..., 0.05 = 5 points. Default with labels: 0.05.",
            rich_help_panel=GATE,
        ),
    ] = None,
    max_flips: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Allowed rate of changed answers, 0.1 = 10 %. Default without labels: 0.1.",
            rich_help_panel=GATE,
        ),
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=V[±T]",
            help="What a metric should be on the reference, such as accuracy=0.83; else exit 2. Repeatable.",
            rich_help_panel=GATE,
        ),
    ] = None,
    search: Annotated[
        int, typer.Option(metavar="N", min=0, help="Search the worst plausible setting of a device with N evaluations.")
    ] = 0,
    search_from: Annotated[
        str | None, typer.Option(metavar="NAME", help="Device to search around. Default: the one that does worst.")
    ] = None,
    axis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY[=V,V...]",
            help="Step a device along exposure, illuminant, iso, temperature, unit ...; shown, not judged. Repeatable.",
            rich_help_panel=BESIDE,
        ),
    ] = None,
    axis_of: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The device to step. Default: the reference.", rich_help_panel=BESIDE),
    ] = None,
    corruptions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="all|GROUP|NAME[=S,S...]",
            help="Common corruptions of the reference's pictures as a yardstick, not judged. Repeatable.",
            rich_help_panel=BESIDE,
        ),
    ] = None,
    split: Annotated[
        Literal["all", "search", "held-out"],
        typer.Option(help="Samples to use: all, or one half of a search, to replay its figures.", rich_help_panel=DATA),
    ] = "all",
    labels: options.Labels = "auto",
    limit: options.Limit = None,
    max_side: options.MaxSide = 1024,
    data_format: options.DataFormat = None,
    truth: options.Truth = None,
    raw_profile: options.RawProfile = None,
    intensity: options.Intensity = None,
    source_camera: options.SourceCamera = None,
    tone: options.Tone = "none",
    highlights: options.Highlights = "clip",
    batch: Annotated[
        int, typer.Option(metavar="N", min=1, help="Samples kept together; results do not depend on it.")
    ] = 8,
    seed: options.Seed = 0,
    out: options.Out = None,
    resume: options.Resume = False,
    as_json: options.AsJson = False,
    sidecar: options.SidecarFile = None,
    input_size: options.InputSize = None,
    layout: options.Layout = None,
    color: options.Color = None,
    scale: options.Scale = None,
    mean: options.Mean = None,
    std: options.Std = None,
    resize: options.Resize = None,
    classes: options.Classes = None,
    output: options.Output = None,
    output_kind: options.OutputKind = None,
    task: options.Task = None,
    decoder: options.DecoderKind = None,
    factory: options.Factory = None,
    trust_model: options.TrustModel = None,
) -> None:
    """Audit a model across camera devices and write a drift report.

    Exit codes: 0 pass, 1 fail, 2 usage, 3 inconclusive or no data, 4 refused as unsafe, 5 internal error.
    """
    given = dict(locals())
    if more and not profiles:
        raise typer.BadParameter(
            f"one MODEL is audited at a time; {more[0]!r} is one too many (pictures: --data, devices: --profiles)"
        )
    if more and not model.exists() and any(Path(word).is_file() for word in more):
        raise typer.BadParameter(f"{str(model)!r} stands where MODEL is expected: camsim audit MODEL --profiles A B")
    # A name is declared of the model, as a sidecar would; code makes a task of the model and the data.
    own = task if task is not None and ":" in task else None
    subject = options.open_network(model, **options.about_model(given | ({"task": None} if own else {})))
    import audit as auditing
    from audit.axes import parse_axis
    from audit.expect import parse_expected
    from audit.models import Trust
    from audit.report import print_summary

    dataset = auditing.open_dataset(data, **options.about_data(given))
    folder = options.run_folder(out, model, resume=resume)
    with options.run_bars(out, folder) as bars:
        result = auditing.run(
            subject,
            dataset,
            profiles=options.names([*(profiles or ["all"]), *(more or [])]),
            reference=reference,
            task=own or "auto",
            trust=Trust.of(trust_model),
            max_drop=max_drop,
            max_flips=max_flips,
            search=search,
            search_from=search_from,
            axes=dict(map(parse_axis, axis or [])),
            axes_of=axis_of,
            corruptions=corruptions or (),
            expected=parse_expected(expect or []),
            split=split,
            batch=batch,
            seed=seed,
            out=folder,
            resume=resume,
            command=options.command_line(),
            progress=bars,
        )
    options.show_results(result.results, folder, print_summary, as_json)
    raise typer.Exit(result.exit_code)
