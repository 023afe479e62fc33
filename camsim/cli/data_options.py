"""Options that say how data are to be read."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from camsim.cli.options import DATA

DataFormat = Annotated[
    Literal["folder", "manifest", "coco", "yolo", "voc", "masks", "seed", "huggingface", "webdataset"] | None,
    typer.Option(help="What the data are, where that cannot be told.", rich_help_panel=DATA),
]
Truth = Annotated[
    Literal["class", "labels", "boxes", "class_map", "values", "keypoints", "depth", "text"] | None,
    typer.Option(help="Which truth is meant, where the data hold several.", rich_help_panel=DATA),
]
RawProfile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Device whose mosaics TIFF, PNG and .npy files are.", rich_help_panel=DATA),
]
Intensity = Annotated[
    float | None,
    typer.Option(metavar="X", help="Of Raw-Drone and Raw-Microscopy: 0.01 to 1.", rich_help_panel=DATA),
]
