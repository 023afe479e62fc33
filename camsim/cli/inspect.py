"""``camsim inspect``: what a model file is, how it is fed, whether it has gradients."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from camsim.cli.errors import handled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PICTURES = 2
_SIDE_NAME = 24
_FROM = {"declared": "declared", "model": "from the model", "assumed": "assumed"}


@handled
def inspect(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="ONNX file.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Pictures to check the gradient on. Default: the built-in scenes."),
    ] = None,
    sidecar: Annotated[Path | None, typer.Option(metavar="FILE", help="Sidecar YAML that lies elsewhere.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a model's interface, preprocessing and operators, and whether it has gradients to search with.

    Without gradients it can be audited and searched all the same, at the price of more evaluations.
    """
    from audit.models.inspection import inspect_model

    found = inspect_model(model, lambda: _pictures(data), sidecar)
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
    opset = ", ".join(f"{domain} {version}" for domain, version in found["opset"].items())
    yield "model", found["name"], "bold"
    yield "format", f"{found['format']}, {found['bytes'] / 1e6:.1f} MB, by {found['producer'] or 'unknown'}", ""
    yield "opset", opset, ""
    for kind in ("inputs", "outputs"):
        for label, value in zip(_once(kind[:-1]), found[kind], strict=False):
            yield label, f"{value['name']}: {value['dtype']} {_shape(value['shape'])}", ""
    if found["problem"]:
        yield "audit", f"no: {found['problem']}", "yellow"
    else:
        names = "with names" if found["class_names"] else "without names"
        yield "audit", f"yes: a classifier of {found['class_count'] or 'some number of'} classes, {names}", ""
        if found["sidecar"]:
            yield "sidecar", found["sidecar"], ""
        for label, part in zip(_once("fed"), found["preprocessing"], strict=False):
            yield label, f"{part['name']} {_shown(part['value'])} ({_FROM[part['source']]})", ""
        output = found["output"]
        yield "read as", f"{output['kind']} ({_FROM[output['kind_source']]})", ""
    gradient = found["gradient"]
    if gradient["available"]:
        yield "gradient", f"yes, checked on {gradient['checked_on']}", "green"
    else:
        yield "gradient", f"no: {gradient['reason']}", "yellow"
    yield "operators", ", ".join(f"{name} {count}" for name, count in found["operators"].items()), ""


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
        return ", ".join(_shown(item) for item in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
