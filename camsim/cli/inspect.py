"""``camsim inspect``: what a model is, how it is fed and read, whether it has gradients."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from camsim.cli import options
from camsim.cli.errors import handled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PICTURES = 2
_SIDE_NAME = 24
_FROM = {"declared": "declared", "model": "from the model", "assumed": "assumed"}


@handled
def inspect(
    model: options.ModelFile,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Pictures for the gradient's check and --picture. Default: the built-in scenes."
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Write the first picture, and beside it what the model sees of it."),
    ] = None,
    sidecar: options.SidecarFile = None,
    task: options.Task = None,
    decoder: options.DecoderKind = None,
    factory: options.Factory = None,
    trust_model: options.TrustModel = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a model's interface, task, preprocessing and operators, and whether it has gradients to search with.

    Without gradients it can be audited and searched all the same, at the price of more evaluations.
    """
    if picture is not None and picture.suffix.lower() != ".png":
        raise typer.BadParameter(f"--picture writes a PNG file, got {picture.name!r}")
    network = options.open_network(
        model, sidecar=sidecar, task=task, decoder=decoder, factory=factory, trust_model=trust_model
    )
    from audit.models.inspection import inspect_network

    found = inspect_network(network, lambda: _pictures(data))
    if picture is not None:
        from audit.models.view import side_by_side
        from camsim.atomic import write_bytes

        write_bytes(picture, side_by_side(network, _pictures(data)[0]))
        found["picture"] = str(picture)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print(found)


def _pictures(data: Path | None) -> list[NDArray[np.uint8]]:
    """A few samples as the reference camera takes them."""
    from audit.camera import open_camera
    from audit.data import open_dataset
    from camsim import catalog

    camera = open_camera(catalog.load("reference/srgb"))
    return [camera.shoot(sample.load(), 0, sample.id) for sample in open_dataset(data, limit=_PICTURES).samples]


def _print(found: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from audit.report.escape import visible

    console = Console()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for label, text, style in _rows(found):
        # Names from the model are hostile; a C locale must not end in an error.
        safe = visible(text).encode(console.encoding, "backslashreplace").decode(console.encoding)
        table.add_row(Text(label), Text(safe, style=style))
    console.print(table, highlight=False)


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield "model", found["name"], "bold"
    about = [found["format"]]
    if "bytes" in found:
        about += [f"{found['bytes'] / 1e6:.1f} MB", f"by {found['producer'] or 'unknown'}"]
    if "parameters" in found:
        about += [f"{found['parameters']:,} parameters"]
    yield "format", ", ".join(about), ""
    if "opset" in found:
        yield "opset", ", ".join(f"{domain} {version}" for domain, version in found["opset"].items()), ""
    for kind in ("inputs", "outputs"):
        for label, value in zip(_once(kind[:-1]), found.get(kind, []), strict=False):
            yield label, f"{value['name']}: {value['dtype']} {_shape(value['shape'])}", ""
    yield from _audit(found)
    if found["sidecar"]:
        yield "sidecar", found["sidecar"], ""
    for label, part in zip(_once("fed"), found.get("preprocessing", []), strict=False):
        yield label, f"{part['name']} {_shown(part['value'])} ({_FROM[part['source']]})", ""
    if "output" in found:
        yield "read as", f"{found['output']['kind']} ({_FROM[found['output']['kind_source']]})", ""
    if "picture" in found:
        yield "picture", found["picture"], ""
    if "gradient" in found:
        gradient = found["gradient"]
        if gradient["available"]:
            yield "gradient", f"yes, checked on {gradient['checked_on']}", "green"
        else:
            yield "gradient", f"no: {gradient['reason']}", "yellow"
    if "operators" in found:
        yield "operators", ", ".join(f"{name} {count}" for name, count in found["operators"].items()), ""


def _audit(found: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Whether it can be audited, and as what."""
    task, decoder = found["task"], found["decoder"]
    if found["problem"]:
        yield "audit", f"no: {found['problem']}", "yellow"
    else:
        names = "with names" if found["class_names"] else "without names"
        count = found["class_count"]
        what = f"{count or 'some number of'} class{'es'[: 2 * (count != 1)]}, {names}"
        title = "a classifier of " if task["value"] == "classification" else ""
        yield "audit", f"yes: {title}{what}" if title or found["class_count"] else "yes", ""
    if task["value"] is not None:
        yield "task", f"{task['value']}{_source(task['source'])}", ""
    if decoder["value"] is not None:
        settings = dict(decoder["value"])
        rest = ", ".join(f"{name} {_shown(value)}" for name, value in settings.items() if name != "kind")
        yield "decoder", f"{settings['kind']}{_source(decoder['source'])}{': ' if rest else ''}{rest}", ""


def _source(source: str | None) -> str:
    return "" if source is None else f" ({_FROM[source]})"


def _once(label: str) -> Iterator[str]:
    """The label, then blanks."""
    yield label
    while True:
        yield ""


def _shape(shape: list[object] | None) -> str:
    from audit.report.escape import shorten

    if shape is None:
        return "of a shape it does not state"
    return f"({', '.join(shorten(str(side or '?'), _SIDE_NAME) for side in shape)})"


def _shown(value: object) -> str:
    if value is None:
        return "the picture's own"
    if isinstance(value, list):
        few = [_shown(item) for item in value[:16]]
        return ", ".join(few) + (f" ... ({len(value)})" if len(value) > len(few) else "")
    return f"{value:.6g}" if isinstance(value, float) else str(value)
