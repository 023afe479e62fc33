"""``camsim data``: what a dataset is understood as, and published datasets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from camsim.cli import options
from camsim.cli.errors import handled

if TYPE_CHECKING:
    from audit import Dataset

data = typer.Typer(help="Datasets: show what is understood, fetch published ones.", no_args_is_help=True)

FIRST = 5
"""Samples that are shown."""


@data.command()
@handled
def show(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder or file, as for --data.")],
    labels: options.Labels = "auto",
    limit: options.Limit = None,
    max_side: options.MaxSide = 1024,
    data_format: options.DataFormat = None,
    truth: options.Truth = None,
    raw_profile: options.RawProfile = None,
    intensity: options.Intensity = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what a dataset is understood as: samples, classes, truth, and what is wrong with it."""
    given = dict(locals())
    from audit.data import open_dataset

    dataset = open_dataset(path, **options.about_data(given))
    facts = _facts(dataset)
    if as_json:
        print(json.dumps(facts))
        return
    _print(facts)


@data.command()
@handled
def fetch(
    name: Annotated[Literal["raw-drone", "raw-microscopy"], typer.Argument(help="Which dataset.")],
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for it. Default: ./NAME.")] = None,
    mirror: Annotated[
        str, typer.Option(metavar="URL", help="Address of Zenodo's API, or of a mirror of it.")
    ] = "https://zenodo.org/api",
) -> None:
    """Fetch a dataset of "From Lens to Logit" from Zenodo; goes on where it was interrupted."""
    from audit.data.fetch import DATASETS
    from audit.data.fetch import fetch as download
    from camsim.cli.progress import Bars

    folder = Path(name) if out is None else out
    with Bars() as bars:
        files = download(name, folder, api=mirror.rstrip("/"), progress=bars)
    published = DATASETS[name]
    source = f"{published.licence}, doi 10.5281/zenodo.{published.record}"
    print(f"{published.title}: {len(files)} files in {folder} ({source})")
    print(f"Next: camsim data show {folder}")


def _facts(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "description": dataset.description,
        "samples": len(dataset.samples),
        "truth": dataset.truth or ("class" if dataset.class_names else None),
        "classes": None if dataset.class_names is None else list(dataset.class_names),
        "sha256": dataset.sha256,
        "notes": list(dataset.notes),
        "first": [_first(dataset, place) for place in range(min(FIRST, len(dataset.samples)))],
    }


def _first(dataset: Dataset, place: int) -> dict[str, Any]:
    from audit.data.summary import summary
    from camsim.errors import CamsimError

    sample = dataset.samples[place]
    facts: dict[str, Any] = {"id": sample.id, "class": sample.target, "cluster": sample.cluster, **sample.groups}
    try:
        _, height, width = sample.load().shape
        facts["size"] = f"{width}x{height}"
        truth = sample.load_truth((height, width))
    except CamsimError as error:
        facts["error"] = str(error)
    else:
        facts |= {} if truth is None else {"truth": summary(truth)}
    return {key: value for key, value in facts.items() if value is not None}


def _print(facts: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{facts['name']}: {facts['description']}")
    console.print(f"samples  {facts['samples']}")
    console.print(f"truth    {facts['truth'] or 'none'}")
    if facts["classes"] is not None:
        classes = facts["classes"]
        more = f" ... {len(classes)} in all" if len(classes) > 20 else ""
        console.print(f"classes  {', '.join(classes[:20])}{more}")
    console.print(f"sha256   {facts['sha256']}")
    for note in facts["notes"]:
        console.print(f"note     {note}")
    for first in facts["first"]:
        console.print("sample   " + ", ".join(f"{key} {value}" for key, value in first.items()))
