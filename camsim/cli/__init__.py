"""The command ``camsim``. Nothing heavy is imported before a command runs, so that ``--help`` is quick."""

from __future__ import annotations

from typing import Annotated

import typer

import camsim
from camsim.cli.audit import audit
from camsim.cli.data import data
from camsim.cli.demo import demo
from camsim.cli.export import export
from camsim.cli.forensics import forensics
from camsim.cli.images import capture, develop, emulate
from camsim.cli.inspect import inspect
from camsim.cli.optimize import optimize
from camsim.cli.options import ModelCommand
from camsim.cli.profiles import profiles
from camsim.cli.search import search
from camsim.cli.validate import validate

app = typer.Typer(
    name="camsim",
    help="Emulate camera devices and audit vision models across them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"camsim {camsim.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Emulate camera devices and audit vision models across them."""


app.command(cls=ModelCommand)(audit)
app.command(cls=ModelCommand)(search)
app.command()(demo)
app.command()(develop)
app.command()(capture)
app.command()(emulate)
app.command()(export)
app.command(cls=ModelCommand)(inspect)
app.command(cls=ModelCommand)(forensics)
app.command(cls=ModelCommand)(optimize)
app.command()(validate)
app.add_typer(profiles, name="profiles")
app.add_typer(data, name="data")


def main() -> None:
    """Entry point of the console script."""
    app()
