"""Options that say how pictures become scenes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from camsim.unprocess import Unprocess

DATA = "Data"
"""The panel that they are shown in."""

SourceCamera = Annotated[
    str | None,
    typer.Option(
        metavar="PROFILE",
        help="The camera that pictures are from: its processing is undone, not the sRGB curve alone.",
        rich_help_panel=DATA,
    ),
]
Tone = Annotated[
    Literal["none", "smoothstep"],
    typer.Option(help="Tone curve that is assumed of pictures, to be undone.", rich_help_panel=DATA),
]
Highlights = Annotated[
    str,
    typer.Option(
        metavar="clip|preserve|extrapolate[=MAX]",
        help="Highlights of pictures: as they are; kept white where a source's white balance is undone; or invented, "
        "up to MAX times white.",
        rich_help_panel=DATA,
    ),
]


def unprocess_of(source_camera: str | None, tone: Literal["none", "smoothstep"], highlights: str) -> Unprocess | None:
    """What the options say about how pictures become scenes; None: nothing but the default.

    Raises:
        CamsimError: they contradict one another, or the source camera cannot be undone.
    """
    if (source_camera, tone, highlights) == (None, "none", "clip"):
        return None
    from pydantic import ValidationError

    from camsim import catalog
    from camsim.errors import CamsimError
    from camsim.unprocess import Unprocess

    kind, is_maximum, maximum = highlights.partition("=")
    if kind not in ("clip", "preserve", "extrapolate") or (is_maximum and kind != "extrapolate"):
        raise CamsimError(f"--highlights takes clip, preserve, extrapolate or extrapolate=MAX, got {highlights!r}")
    given: dict[str, Any] = {"tone": tone, "highlights": kind}
    if is_maximum:
        given["maximum"] = _number(maximum)
    if source_camera is not None:
        given["source"] = catalog.load(source_camera)
    try:
        how = Unprocess(**given)
    except ValidationError as error:
        first = error.errors()[0]
        field = "".join(f"--{part}: " for part in first["loc"] if part == "maximum")
        text = field.replace("--maximum", "--highlights extrapolate=MAX") + first["msg"].removeprefix("Value error, ")
        raise CamsimError(f"{'' if field else '--'}{text.replace('a source camera', 'a --source-camera')}") from None
    _ = how.kept  # a camera that cannot be undone is told now, not at the first picture
    return how


def _number(text: str) -> float:
    from camsim.errors import CamsimError

    try:
        return float(text)
    except ValueError:
        raise CamsimError(f"--highlights extrapolate=MAX takes a number, got {text!r}") from None
