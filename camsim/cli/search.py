"""``camsim search``: the worst plausible setting of a device for a model, certified on samples held out."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from camsim.cli import options
from camsim.cli.errors import handled

if TYPE_CHECKING:
    from audit.search.certificate import Certificate
    from audit.search.fidelity import Bound, Weight

SEARCH = "Search"
REPORT = "What else is measured"


@handled
def search(
    model: options.ModelFile,
    data: options.Data = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Device to search around. Default: the reference.")
    ] = None,
    profiles: Annotated[
        list[str] | None,
        typer.Option(
            metavar="all|NAME|GLOB|FILE", help="Search around the one of these that does worst; may be repeated."
        ),
    ] = None,
    reference: options.Reference = "reference/srgb",
    group: Annotated[
        str,
        typer.Option(
            metavar="all|GROUP",
            help="Knobs that may move: all, or a group such as white_balance, gamma, sharpening, blur, noise.",
            rich_help_panel=SEARCH,
        ),
    ] = "all",
    strategy: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="default, or for comparison pgd, adam, finite_difference, pattern, coordinate, cma, catcma, random, "
            "grid.",
            rich_help_panel=SEARCH,
        ),
    ] = "default",
    budget: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Of each search, in forward passes of the model over the search half; a gradient counts as 6.",
            rich_help_panel=SEARCH,
        ),
    ] = 200,
    loss: Annotated[
        Literal["soft_error", "cross_entropy", "disagreement"],
        typer.Option(help="What is raised; disagreement with the reference needs no labels.", rich_help_panel=SEARCH),
    ] = "soft_error",
    bound: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE=LIMIT",
            help="Keep the pictures close to the device's own: ssim=0.9, psnr=25 (at least), l2=0.05, delta_e=5 (at "
            "most).",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE=LAMBDA",
            help="Charge for leaving the device's own pictures instead: ssim=0.1, l2=1, delta_e=0.01.",
            rich_help_panel=SEARCH,
        ),
    ] = None,
    cases: Annotated[
        int, typer.Option(metavar="N", min=1, help="Distinct worst cases to look for.", rich_help_panel=SEARCH)
    ] = 1,
    jpeg: Annotated[
        int | None,
        typer.Option(
            metavar="QUALITY", help="Certify with the device writing JPEGs of this quality.", rich_help_panel=REPORT
        ),
    ] = None,
    cross_check: Annotated[
        bool, typer.Option(help="Search once more without gradients, where they were used.", rich_help_panel=REPORT)
    ] = True,
    curve: Annotated[
        int, typer.Option(metavar="N", min=0, help="Points of the security curve; 0: none.", rich_help_panel=REPORT)
    ] = 4,
    each_group: Annotated[
        bool, typer.Option("--each-group", help="Search each group of knobs by itself.", rich_help_panel=REPORT)
    ] = False,
    ladder: Annotated[
        bool,
        typer.Option(
            "--ladder", help="Search each group at several weights of the fidelity; takes long.", rich_help_panel=REPORT
        ),
    ] = False,
    max_drop: Annotated[
        float | None,
        typer.Option(metavar="X", help="Allowed drop of accuracy, 0.05 = 5 points.", rich_help_panel=options.GATE),
    ] = None,
    max_flips: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Without labels: allowed rate of changed predictions.", rich_help_panel=options.GATE
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Search nothing; measure this case of an earlier search again, found around --profile."
        ),
    ] = None,
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
    """Search the worst plausible setting of a device, and measure it again on scenes held out.

    Exit codes: 0 done or within the margin, 1 beyond it, 2 usage, 3 inconclusive or no data, 4 refused as unsafe,
    5 internal error.
    """
    given = dict(locals())
    declared, found = options.about_model(given), options.about_data(given)
    constraint = _constraint(bound, weight)
    subject = options.open_network(model, **declared)
    import audit as auditing
    from audit.report.search_terminal import print_search
    from camsim.cli.progress import Bars

    dataset = auditing.open_dataset(data, **found)
    if replay is not None:
        with Bars() as bars:
            certificate = auditing.replay(
                subject,
                dataset,
                case=replay,
                device=profile or reference,
                reference=reference,
                loss=loss,
                jpeg=jpeg,
                seed=seed,
                progress=bars,
            )
        _print_certificate(certificate, as_json)
        return
    folder = options.run_folder(out, model, resume=resume)
    kept = {
        "data": data,
        "reference": reference,
        "loss": loss,
        "jpeg": jpeg,
        **{name: value for name, value in found.items() if name != "unprocess"},
        "source_camera": source_camera,
        "tone": tone,
        "highlights": highlights,
        "seed": seed,
    }
    with options.run_bars(out, folder) as bars:
        result = auditing.search_cameras(
            subject,
            dataset,
            profile=profile,
            profiles=None if profiles is None else options.names(profiles),
            reference=reference,
            strategy=strategy,
            budget=budget,
            group=group,
            loss=loss,
            constraint=constraint,
            count=cases,
            cross_check=cross_check,
            curve=curve,
            each_group=each_group,
            ladder=ladder,
            jpeg=jpeg,
            max_drop=max_drop,
            max_flips=max_flips,
            seed=seed,
            out=folder,
            resume=resume,
            command=options.command_line(),
            replay=lambda file: _replay_command(model, folder, file, kept | declared),
            progress=bars,
        )
    options.show_results(result.results, folder, print_search, as_json)
    raise typer.Exit(result.exit_code)


def _constraint(bound: str | None, weight: str | None) -> Bound | Weight | None:
    if bound is not None and weight is not None:
        raise typer.BadParameter(
            "--bound and --weight contradict each other: the one is a limit, the other a price; give one of them"
        )
    text, option = (bound, "--bound") if bound is not None else (weight, "--weight")
    if text is None:
        return None
    measure, equals, number = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{option} takes MEASURE=NUMBER such as ssim=0.9, got {text!r}")
    (value,) = options.numbers(number, option)[:1]
    from audit.search.fidelity import Bound, Weight

    return Bound(measure, value) if bound is not None else Weight(measure, value)  # type: ignore[arg-type]


def _replay_command(model: Path, folder: Path, file: str, used: dict[str, Any]) -> str:
    """The command that measures a case again; what was left at its default is left out."""
    defaults = {name: parameter.default for name, parameter in inspect.signature(search).parameters.items()}
    words = ["search", str(model)]
    for name, value in used.items():
        if value != defaults[name]:
            option = "--" + name.replace("_", "-")
            # Its value is optional, and a word after it would not be taken for one.
            words += [f"{option}={value}"] if name == "trust_model" else [option, str(value)]
    words += ["--profile", str(folder / "device.yaml"), "--replay", str(folder / file)]
    return options.command_line(words)


def _print_certificate(certificate: Certificate, as_json: bool) -> None:
    from rich.console import Console

    from audit.report.search_terminal import print_certificate

    if as_json:
        print(json.dumps(certificate.to_json(), indent=1))
    else:
        print_certificate(certificate, Console())
