"""``camsim forensics``: which difference between two devices causes a model's drop."""

from __future__ import annotations

from typing import Annotated

import typer

from camsim.cli import options
from camsim.cli.errors import handled

WORK = "How much work"


@handled
def forensics(
    model: options.ModelFile,
    to: Annotated[
        str, typer.Option("--to", metavar="NAME|FILE", help="Device whose drop is to be explained; a worst case, say.")
    ],
    from_: Annotated[
        str, typer.Option("--from", metavar="NAME|FILE", help="Device that the drop is measured from.")
    ] = "reference/srgb",
    data: options.Data = None,
    split_sensor: Annotated[
        bool,
        typer.Option("--split-sensor", help="Attribute to parts of the sensor: levels, noise, exposure, response."),
    ] = False,
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
    orders: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=4,
            help="Orders to sample where more than 8 differences make all coalitions too many; even.",
            rich_help_panel=WORK,
        ),
    ] = 32,
    sobol: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Sobol indices of B's knobs from N · (knobs + 2) settings; a power of two from 8 on, or 0 for none.",
            rich_help_panel=WORK,
        ),
    ] = 32,
    shown: Annotated[
        int, typer.Option(metavar="N", min=0, help="Scenes shown stage by stage in the report.", rich_help_panel=WORK)
    ] = 3,
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
    """Find out which differences between two devices cause a model's drop.

    The parts in which the devices differ are exchanged one by one and in all combinations; each gets its share of the
    drop, with an interval. Exit codes: 0 done, 2 usage, 3 no data, 4 refused as unsafe, 5 internal error.
    """
    given = dict(locals())
    subject = options.open_network(model, **options.about_model(given))
    import audit
    from audit.forensics import explain
    from audit.report.forensics_terminal import print_forensics

    dataset = audit.open_dataset(data, **options.about_data(given))
    folder = options.run_folder(out, model, resume=resume)
    with options.run_bars(out, folder) as bars:
        explanation = explain(
            subject,
            dataset,
            reference=from_,
            device=to,
            split_sensor=split_sensor,
            orders=orders,
            sobol_rows=sobol,
            shown=shown,
            batch=batch,
            seed=seed,
            out=folder,
            resume=resume,
            command=options.command_line(),
            progress=bars,
        )
    options.show_results(explanation.results, folder, print_forensics, as_json)
