"""``camsim develop | capture | emulate``: one picture through one camera."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from camsim.cli import options
from camsim.cli.errors import handled, say

if TYPE_CHECKING:
    from torch import Tensor

    from camsim import Emulator
    from camsim.raw_scene import RawScene
    from camsim.unprocess import Unprocess

Made = TypeVar("Made")

SCENE = "From the file to the scene"

Device = Annotated[
    str, typer.Option("--profile", "-p", metavar="PROFILE", help="Name of a shipped profile, or a YAML file.")
]
Picture = Annotated[
    Path, typer.Argument(metavar="IMAGE", help="Display image, linear .exr, .hdr or .npy scene, or camera RAW.")
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="File to write.")]
Seed = Annotated[int, typer.Option(help="Seed of the noise.")]
Ev = Annotated[
    str | None,
    typer.Option(
        metavar="EV|auto",
        help="Take the scene 2^EV times as bright; auto: its log-average luminance becomes 0.18.",
        rich_help_panel=SCENE,
    ),
]
AsShotBy = Annotated[
    str | None,
    typer.Option(
        metavar="PROFILE",
        help="The device that took a RAW file or mosaic: its noise is known then, and only what is missing is added.",
        rich_help_panel=SCENE,
    ),
]


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
    from camsim.raw_scene import check_format
    from camsim.rawio import orient, read_raw

    camera = camsim.compile(profile)
    file = read_raw(raw)
    check_format(raw, file, camera.profile)
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
    ev: Ev = None,
    as_shot_by: AsShotBy = None,
    source_camera: options.SourceCamera = None,
    tone: options.Tone = "none",
    highlights: options.Highlights = "clip",
) -> None:
    """Capture a scene with a profile's sensor. OUT is a .tiff or .npy mosaic in DN."""
    import torch

    import camsim
    from camsim.imageio import write_mosaic

    how = options.unprocess_of(source_camera, tone, highlights)
    camera = camsim.compile(profile)
    with torch.inference_mode():
        mosaic = _own_errors(image, lambda: _Scene.read(image, how, as_shot_by, ev).captured(camera, seed, image.name))
    write_mosaic(out, mosaic[0, 0].numpy())
    print(out)


@handled
def emulate(
    image: Picture,
    profile: Device,
    out: Out,
    seed: Seed = 0,
    ev: Ev = None,
    as_shot_by: AsShotBy = None,
    source_camera: options.SourceCamera = None,
    tone: options.Tone = "none",
    highlights: options.Highlights = "clip",
) -> None:
    """Show a picture as another camera would have taken it: unprocess, capture, develop."""
    import torch

    import camsim
    from camsim.imageio import write_image

    how = options.unprocess_of(source_camera, tone, highlights)
    camera = camsim.compile(profile)
    with torch.inference_mode():
        mosaic = _own_errors(image, lambda: _Scene.read(image, how, as_shot_by, ev).captured(camera, seed, image.name))
        shown = _own_errors(image, lambda: camera.develop(mosaic))
    write_image(out, shown[0].permute(1, 2, 0).numpy())
    print(out)


@dataclass(frozen=True)
class _Scene:
    """A scene, and the noise that it brings along where it was measured by a device that is known."""

    light: Tensor
    """(1, 3, H, W)"""
    measured: RawScene | None = None

    @classmethod
    def read(cls, path: Path, how: Unprocess | None, as_shot_by: str | None, ev: str | None) -> _Scene:
        """Any file, exposed as asked; tells what was done that is not evident."""
        from camsim.exposure import auto_ev, expose

        scene = cls._opened(path, how, as_shot_by)
        if ev is None:
            return scene
        stops = auto_ev(scene.light) if ev == "auto" else _stops(ev)
        if ev == "auto":
            say(f"{path}: exposed by {stops:+.2f} EV, so that its log-average luminance is 0.18")
        measured = None if scene.measured is None else scene.measured.exposed(stops)
        return cls(expose(scene.light, stops), measured)

    @classmethod
    def _opened(cls, path: Path, how: Unprocess | None, as_shot_by: str | None) -> _Scene:
        import torch

        from camsim import catalog
        from camsim.errors import CamsimError
        from camsim.imageio import SCENE_SUFFIXES, read_image, read_scene
        from camsim.raw_scene import scene_from_raw
        from camsim.rawio import CAMERA_SUFFIXES, MOSAIC_SUFFIXES
        from camsim.unprocess import DEFAULT, from_display

        suffix = path.suffix.lower()
        is_raw = suffix in CAMERA_SUFFIXES or (as_shot_by is not None and suffix in MOSAIC_SUFFIXES)
        if as_shot_by is not None and not is_raw:
            raise CamsimError(
                f"{path}: --as-shot-by is about RAW files ({', '.join(sorted(CAMERA_SUFFIXES | MOSAIC_SUFFIXES))}); "
                "the camera of a picture is its --source-camera"
            )
        if how is not None and (is_raw or suffix in SCENE_SUFFIXES):
            raise CamsimError(
                f"{path}: --source-camera, --tone and --highlights are about display pictures; this is "
                f"{'RAW, whose device is told by --as-shot-by' if is_raw else 'linear light already'}"
            )
        if is_raw:
            device = None if as_shot_by is None else catalog.load(as_shot_by)
            measured = scene_from_raw(path, device)
            for note in measured.notes:
                say(f"{path}: {note}")
            return cls(measured.light, measured)
        if suffix in SCENE_SUFFIXES:
            return cls(torch.from_numpy(read_scene(path)).permute(2, 0, 1)[None])
        picture = read_image(path)
        try:
            return cls(from_display(picture, how or DEFAULT)[None])
        except CamsimError as error:
            raise CamsimError(f"{path}: {error}") from None

    def captured(self, camera: Emulator, seed: int, name: str) -> Tensor:
        """The mosaic (1, 1, H, W)."""
        if self.measured is None or self.measured.noise is None:
            return camera.capture(self.light, seed, [name])
        mosaic = camera.capture(self.light, seed, [name], noise=self.measured.noise)
        for note in _noise_notes(camera, self.measured):
            say(note)
        return mosaic


def _stops(text: str) -> float:
    from camsim.errors import CamsimError

    try:
        stops = float(text)
    except ValueError:
        stops = math.nan
    if not -30 <= stops <= 30:
        raise CamsimError(
            f"--ev takes auto or a number in [-30, 30], such as -2 for a quarter of the light, got {text!r}"
        )
    return stops


def _noise_notes(camera: Emulator, scene: RawScene) -> Iterator[str]:
    from camsim.raw_scene import nothing_added

    share = nothing_added(camera.sensor, scene)
    if share > 0.001:
        yield (
            f"on {100 * share:.0f} % of the pixels the scene brings as much noise as {camera.profile.name} has, or "
            "more: none is added there, and the picture is noisier than this device's"
        )


def _own_errors(path: Path, work: Callable[[], Made]) -> Made:
    """Run ``work``; what it finds wrong with the picture becomes an error about the file."""
    from camsim.errors import CamsimError

    try:
        return work()
    except ValueError as error:
        raise CamsimError(f"{path}: {error}") from None
