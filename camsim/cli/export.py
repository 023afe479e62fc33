"""``camsim export``: an emulator as an ONNX file, alone or glued in front of a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from camsim.cli.errors import handled, say


@handled
def export(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", help="Name of a shipped profile, or a YAML file.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="File to write, .onnx.")],
    source: Annotated[
        Literal["raw", "scene", "image"],
        typer.Option("--from", help="What it takes: a mosaic in DN, linear light, or an sRGB image in [0, 1]."),
    ] = "raw",
    model: Annotated[
        Path | None, typer.Option("--with", metavar="MODEL", help="ONNX model to glue the camera in front of.")
    ] = None,
    sidecar: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Sidecar YAML of MODEL that lies elsewhere.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="HxW", help="Height and width of the frames. Default: any, or MODEL's.")
    ] = None,
    opset: Annotated[
        int | None, typer.Option(metavar="N", help="Version of ONNX's operators. Default: 18, or MODEL's.")
    ] = None,
) -> None:
    """Export a camera to ONNX, without noise, alone or in front of a model. An existing OUT is replaced."""
    frame = None if size is None else _size(size)

    import camsim
    from camsim.errors import CamsimError
    from camsim.export import OPSETS, check_place, to_onnx, write_onnx

    check_place(out)
    if model is None and sidecar is not None:
        raise CamsimError("--sidecar says how a model is fed; it needs --with MODEL")
    if model is not None and out.exists() and model.exists() and out.samefile(model):
        raise CamsimError(f"{out}: is the model itself; choose another --out")
    camera = camsim.compile(profile)
    if model is None:
        exported = to_onnx(camera, source, size=frame, opset=OPSETS[0] if opset is None else opset)
    else:
        from audit.glue import glue

        exported, assumed = glue(camera, model, source, sidecar=sidecar, size=frame, opset=opset)
        if assumed:
            say(f"nobody declared, so assumed: {', '.join(assumed)}")
    write_onnx(exported, out)
    print(out)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,5})[xX×]([0-9]{1,5})", text)
    if match is None:
        raise typer.BadParameter(f"--size takes height x width in pixels, as in 480x640; got {text!r}")
    return int(match[1]), int(match[2])
