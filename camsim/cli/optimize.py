"""``camsim optimize``: the knobs of a camera tuned for a frozen model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from camsim.cli import options
from camsim.cli.errors import handled
from camsim.cli.options import DATA

if TYPE_CHECKING:
    from rich.console import Console


@handled
def optimize(
    model: options.ModelFile,
    profile: Annotated[str, typer.Option(metavar="NAME|FILE", help="The camera to tune.")],
    data: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="Images or RAW files with labels: one folder a class, or as for camsim audit.",
            rich_help_panel=DATA,
        ),
    ],
    group: Annotated[
        str, typer.Option(metavar="all|NAME", help="Knobs to tune: all of the processing, or a group of them.")
    ] = "all",
    exposure: Annotated[
        float, typer.Option(metavar="X", help="The light, as a multiple of the profile's: 0.05 = 5 %.")
    ] = 1.0,
    limits: Annotated[
        Literal["plausible", "physical"],
        typer.Option(help="How far a knob may go: as it plausibly strays, or as far as it can at all."),
    ] = "plausible",
    loss: Annotated[
        Literal["cross_entropy", "soft_error"] | None,
        typer.Option(
            help="What is lowered on the tuning part. Default: cross_entropy of classes, else the task's own loss."
        ),
    ] = None,
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="Steps of the optimiser, at most.")] = 200,
    rate: Annotated[float, typer.Option(metavar="X", help="Step size of the optimiser at the start.")] = 0.1,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Samples a step.")] = 16,
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
    """Tune the processing of a camera to raise a frozen model's score, and judge it on samples held out.

    Writes the learned camera as a profile, and a report. Without gradients of the model the camera is tuned by pattern
    search.

    Exit codes: 0 done, whatever came out; 2 usage, 3 too few samples, 4 refused as unsafe, 5 internal error.
    """
    given = dict(locals())
    subject = options.open_network(model, **options.about_model(given))
    import audit as auditing
    from audit.optimize import Plan, tune

    dataset = auditing.open_dataset(data, **options.about_data(given))
    folder = options.run_folder(out, model, resume=resume)
    with options.run_bars(out, folder) as bars:
        tuned = tune(
            subject,
            dataset,
            profile,
            group=group,
            exposure=exposure,
            limits=limits,
            loss=loss,
            plan=Plan(steps=steps, rate=rate, batch=batch),
            seed=seed,
            out=folder,
            resume=resume,
            command=options.command_line(),
            progress=bars,
        )
    options.show_results(tuned.results, folder, _print_summary, as_json)


def _print_summary(results: Mapping[str, Any], console: Console, report: Path) -> None:
    from audit.report.escape import visible
    from audit.report.optimize import MEANING, summary

    lines = [visible(MEANING[results["answer"]]), visible(summary(results))]
    if results["no_gradient"] is not None:
        lines.append(visible(f"Tuned by pattern search, since there are no gradients: {results['no_gradient']}"))
    for line in (*lines, report.with_name("learned.yaml"), report):
        console.print(str(line), soft_wrap=True, markup=False, highlight=False, emoji=False)
