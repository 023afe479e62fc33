"""``camsim profiles``: list, show, check, compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from camsim.cli.errors import handled, say

profiles = typer.Typer(help="Camera device profiles: list, show, check, diff, schema.", no_args_is_help=True)

ProfileName = Annotated[str, typer.Argument(metavar="PROFILE", help="Name of a shipped profile, or a YAML file.")]


@profiles.command("list")
@handled
def list_profiles(
    patterns: Annotated[
        list[str] | None, typer.Argument(metavar="[PATTERN]...", help="Names, families, globs.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a profile and line.")] = False,
) -> None:
    """List the profiles that ship with camsim."""
    from rich.console import Console
    from rich.table import Table

    from camsim import catalog

    found = catalog.select(patterns or ["all"])
    if as_json:
        for profile in found:
            statuses = sorted({entry.status for entry in profile.provenance.values()})
            row = {
                "name": profile.name,
                "title": profile.title,
                "kind": catalog.kind(profile),
                "cfa": profile.sensor.cfa,
                "bit_depth": profile.sensor.bit_depth,
                "stages": ["/".join(stage.tags()) for stage in profile.isp],
                "provenance": statuses,
            }
            print(json.dumps(row))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("name", no_wrap=True)
    table.add_column("title", overflow="fold")
    for profile in found:
        table.add_row(profile.name, profile.title)
    Console().print(table, markup=False, highlight=False)


@profiles.command()
@handled
def show(profile: ProfileName) -> None:
    """Print a profile as YAML, variants chosen and defaults written out."""
    from camsim import catalog
    from camsim.profile_file import to_yaml
    from camsim.spectral import SpectralResponse, fit_response

    found = catalog.load(profile)
    print(to_yaml(found), end="")
    if isinstance(found.sensor.response, SpectralResponse):
        print(f"# sensor.response: {fit_response(found.sensor.response).words}")


@profiles.command()
@handled
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML files.")],
) -> None:
    """Check profile files: every error at once, with its line."""
    from camsim import catalog
    from camsim.errors import CamsimError

    wrong = False
    for file in files:
        try:
            found = catalog.read_file(file)
        except CamsimError as error:
            wrong = True
            say(str(error))
        else:
            names = found[0].name if len(found) == 1 else f"{len(found)} profiles, {found[0].name} ..."
            print(f"{file}: ok ({names})")
    if wrong:
        raise typer.Exit(2)


@profiles.command()
@handled
def diff(first: ProfileName, second: ProfileName) -> None:
    """Show in which fields two profiles differ; exit code 0 either way."""
    from rich.console import Console
    from rich.table import Table

    from camsim import catalog
    from camsim.profile_diff import differences

    left, right = catalog.load(first), catalog.load(second)
    rows = differences(left, right)
    if not rows:
        print("no difference")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("field", left.name, right.name):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table, markup=False, highlight=False)


@profiles.command()
@handled
def schema() -> None:
    """Print the JSON Schema of profile files, for editors."""
    from camsim.profile_file import ProfileFile

    print(json.dumps(ProfileFile.model_json_schema(), indent=2))
