"""``camsim validate``: does an emulated sensor measure as its profile says?"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camsim.cli.errors import handled
from camsim.errors import CamsimError

if TYPE_CHECKING:
    from rich.console import Console

    from camsim.validation import Quantity, Validation

_STYLES = {"within": "green", "outside": "bold red", "not measurable": "yellow"}
_OUTSIDE = 1


@handled
def validate(
    profiles: Annotated[
        list[str], typer.Argument(metavar="PROFILE...", help="Names, families and globs of profiles, or YAML files.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: one object a profile and line.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Also write NAME.json for each profile there.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
) -> None:
    """Measure an emulated sensor as a laboratory does, by EMVA 1288, and compare with its profile.

    Of several profiles, one whose sensor has nothing that can be measured so is named with the reason, and left out.

    Exit codes: 0 all that can be measured is within its tolerance, 1 something is not, 2 usage.
    """
    from rich.console import Console

    from camsim import catalog
    from camsim.cli.progress import Bars
    from camsim.validation import validate as measure

    chosen = catalog.select(profiles)
    folder = None if out is None else _folder(out)
    console = Console()
    passed = True
    measured: dict[str, Validation] = {}
    with Bars() as bars:
        for profile in chosen:
            sensor = profile.resolved_sensor().model_dump_json()
            if sensor not in measured:  # variants of a device differ in their ISP alone
                try:
                    measured[sensor] = measure(profile, seed=seed, progress=bars)
                except CamsimError as error:
                    if len(chosen) == 1:
                        raise
                    _print_refusal(profile.name, error, console, as_json)
                    continue
            found = replace(measured[sensor], profile=profile.name)
            passed = passed and found.passed
            if folder is not None:
                _write(folder, found)
            if as_json:
                print(json.dumps(found.to_dict()), flush=True)
            elif len(chosen) == 1:
                _print(found, console)
            else:
                _print_line(found, console)
    if not passed:
        raise typer.Exit(_OUTSIDE)


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CamsimError(f"{out}: cannot be made: {error.strerror}") from None
    return out


def _write(folder: Path, found: Validation) -> None:
    from camsim.atomic import write_text

    write_text(folder / f"{found.profile.replace('/', '__')}.json", json.dumps(found.to_dict(), indent=1) + "\n")


def _print(found: Validation, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("quantity", no_wrap=True)
    for heading in ("profile", "measured", "deviation", "tolerance"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("")
    for quantity in found.quantities:
        table.add_row(
            quantity.name,
            _with_unit(f"{quantity.stated:.4g}", quantity.unit),
            "" if quantity.measured is None else _with_unit(f"{quantity.measured:.4g}", quantity.unit),
            "" if quantity.deviation is None else _with_unit(f"{quantity.deviation:+.2g}", _unit(quantity)),
            _with_unit(f"{quantity.tolerance:.2g}", _unit(quantity)),
            Text(quantity.status, style=_STYLES[quantity.status]),
        )
    console.print(table, markup=False, highlight=False)
    for quantity in found.quantities:
        if quantity.note:
            console.print(f"{quantity.name}: {quantity.note}", markup=False, highlight=False, soft_wrap=True)
    _print_line(found, console)


def _with_unit(number: str, unit: str) -> str:
    return number if unit == "1" else f"{number} {unit}"


def _unit(quantity: Quantity) -> str:
    return quantity.unit if quantity.scale == "absolute" else quantity.scale


def _print_refusal(name: str, error: CamsimError, console: Console, as_json: bool) -> None:
    from rich.text import Text

    if as_json:
        print(json.dumps({"schema": 1, "profile": name, "passed": None, "refused": str(error)}), flush=True)
        return
    console.print(Text("----", style="yellow").append(f"  {error}", style="default"), soft_wrap=True)


def _print_line(found: Validation, console: Console) -> None:
    from rich.text import Text

    names = {status: [q.name for q in found.quantities if q.status == status] for status in _STYLES}
    told = [f"{len(names['within'])} within"]
    told += [f"{status}: {', '.join(names[status])}" for status in ("outside", "not measurable") if names[status]]
    verdict = Text("PASS", style="bold green") if found.passed else Text("FAIL", style="bold red")
    console.print(verdict.append(f"  {found.profile}: {'; '.join(told)}", style="default"), soft_wrap=True)
