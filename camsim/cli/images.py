"""``camsim develop | capture | emulate``: one picture through one camera."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from camsim.cli.errors import handled

if TYPE_CHECKING:
    from torch import Tensor

    from camsim import Emulator

Device = Annotated[
    str, typer.Option("--profile", "-p", metavar="PROFILE", help="Name of a shipped profile, or a YAML file.")
]
Picture = Annotated[Path, typer.Argument(metavar="IMAGE", help="Display image, or a linear .exr or .npy scene.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="File to write.")]
Seed = Annotated[int, typer.Option(help="Seed of the noise.")]


@handled
def develop(
    raw: Annotated[Path, typer.Argument(metavar="RAW", help="Camera file, or a TIFF, PNG or .npy mosaic in DN.")],
    profile: Device,
    out: Out,
) -> None:
    """Develop a RAW file with a profile's ISP. OUT is .png, .tiff, or .npy float32 HxWx3."""
    import torch

    import camsim
    from camsim.imageio import write_image
    from camsim.rawio import orient, read_raw

    camera = camsim.compile(profile)
    file = read_raw(raw)
    _check_format(file.cfa, file.black, file.white, camera, raw)
    with torch.inference_mode():
        image = _own_errors(raw, lambda: camera.develop(torch.from_numpy(file.mosaic)[None, None]))
    upright = orient(image[0], file.flip)
    write_image(out, upright.permute(1, 2, 0).numpy())
    print(out)


@handled
def capture(
    image: Picture,
    profile: Device,
    out: Out,
    seed: Seed = 0,
) -> None:
    """Capture a scene with a profile's sensor. OUT is a .tiff or .npy mosaic in DN."""
    import torch

    import camsim
    from camsim.imageio import write_mosaic

    camera = camsim.compile(profile)
    with torch.inference_mode():
        mosaic = _own_errors(image, lambda: camera.capture(_read_scene(image), seed, [image.name]))
    write_mosaic(out, mosaic[0, 0].numpy())
    print(out)


@handled
def emulate(
    image: Picture,
    profile: Device,
    out: Out,
    seed: Seed = 0,
) -> None:
    """Show a picture as another camera would have taken it: unprocess, capture, develop."""
    import torch

    import camsim
    from camsim.imageio import write_image

    camera = camsim.compile(profile)
    with torch.inference_mode():
        shown = _own_errors(image, lambda: camera(_read_scene(image), seed, [image.name]))
    write_image(out, shown[0].permute(1, 2, 0).numpy())
    print(out)


def _read_scene(path: Path) -> Tensor:
    import torch

    from camsim.imageio import SCENE_SUFFIXES, read_image, read_scene
    from camsim.unprocess import from_display

    if path.suffix.lower() in SCENE_SUFFIXES:
        return torch.from_numpy(read_scene(path)).permute(2, 0, 1)[None]
    return from_display(read_image(path))[None]


def _own_errors(path: Path, work: Callable[[], Tensor]) -> Tensor:
    """Run ``work``; what it finds wrong with the picture becomes an error about the file."""
    from camsim.errors import CamsimError

    try:
        return work()
    except ValueError as error:
        raise CamsimError(f"{path}: {error}") from None


def _check_format(
    cfa: str | None,
    black: tuple[float, ...] | None,
    white: float | None,
    camera: Emulator,
    path: Path,
) -> None:
    """Refuse a camera file whose own statements contradict the profile; a plain mosaic states nothing."""
    from camsim.errors import CamsimError

    expected = camera.profile.raw_format
    name = camera.profile.name
    problems = []
    if cfa is not None and cfa != expected.cfa:
        problems.append(f"its CFA is {cfa}, the profile's is {expected.cfa}")
    if white is not None and not 0.5 <= white / max(expected.white) <= 2:
        problems.append(f"its white level is {white:g} DN, the profile's is {max(expected.white):g} DN")
    if black is not None and white is not None:
        apart = max(abs(own - other) for own, other in zip(black, expected.black, strict=True))
        if apart > 0.02 * white:
            shown = ", ".join(f"{level:g}" for level in black)
            wanted = ", ".join(f"{level:g}" for level in expected.black)
            problems.append(f"its black level is [{shown}] DN, the profile's is [{wanted}] DN")
    if problems:
        raise CamsimError(
            f"{path} does not fit profile {name}: {'; '.join(problems)}; choose the profile of its camera"
        )
