"""One scene as several cameras show it: a sheet of pictures to look at, and a table of what differs.

    python examples/contact_sheet.py SCENE.exr --profiles phone/pixel-4a-imx363 automotive/imx490 --out sheet.webp

SCENE is linear light (.exr, .hdr, .npy) or an ordinary picture. The first profile is what the others are compared with.
Rows: the view; a detail of it, enlarged; the same detail in dim light, 2^-DARKER of it, with the gain raised as much.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

import camsim
from camsim.exposure import auto_ev, expose
from camsim.imageio import SCENE_SUFFIXES, read_image, read_scene
from camsim.unprocess import from_display

GAP, HEAD, CAPTION, LINE = 12, 80, 26, 20
PAPER, INK, FAINT = (255, 255, 255), (20, 20, 20), (110, 110, 110)
Box = tuple[int, int, int, int]
"""x, y, width, height in pixels."""
Picture = np.ndarray
"""(H, W, 3) uint8."""


@dataclass(frozen=True)
class Measured:
    """Of one camera in one light; the picture is compared with that of the first camera in the same light."""

    camera: str
    light: str
    delta_e: float
    """Mean CIEDE2000 difference."""
    clipped: float
    """Percent of the pixels with a channel at 255."""
    noise: float
    """Temporal: rms difference of two exposures over sqrt(2), in levels of 255, where neither is clipped."""
    acutance: float
    """Rms gradient of the luma of an exposure without noise, over that of the first camera."""


def in_dim_light(profile: camsim.Profile, stops: float) -> camsim.Profile:
    """The camera with 2^-stops of the light, and the gain raised so that the picture is as bright."""
    sensor = profile.resolved_sensor()
    factor = 2.0**stops
    knobs = {"sensor.exposure": sensor.exposure / factor, "sensor.system_gain": sensor.system_gain * factor}
    return profile.with_knobs(knobs)


@torch.no_grad()
def shoot(camera: camsim.Emulator, scene: Tensor, seed: int | None) -> Picture:
    """The picture in 8 bits."""
    raw = camera.capture(scene, seed=seed, ids=["contact sheet"])
    return camera.develop(raw, dtype=torch.uint8)[0].permute(1, 2, 0).numpy()


def measure(name: str, light: str, pictures: list[Picture], first: list[Picture]) -> Measured:
    """``pictures``: two exposures with noise and one without, of this camera and of the first."""
    one, two, still = pictures
    free = ((one > 0) & (one < 255) & (two > 0) & (two < 255)).all(axis=-1)
    apart = one[free].astype(float) - two[free]
    return Measured(
        camera=name,
        light=light,
        delta_e=float(deltaE_ciede2000(rgb2lab(one), rgb2lab(first[0])).mean()),
        clipped=100 * float((one == 255).any(axis=-1).mean()),
        noise=float(np.sqrt((apart**2).mean() / 2)),
        acutance=steepness(still) / steepness(first[2]),
    )


def steepness(picture: Picture) -> float:
    luma = picture.astype(float) @ (0.299, 0.587, 0.114)
    return float(np.sqrt(np.mean(np.square(np.diff(luma, axis=0)[:, 1:]) + np.square(np.diff(luma, axis=1)[1:]))))


def cut(picture: Picture, box: Box) -> Picture:
    x, y, width, height = box
    return picture[y : y + height, x : x + width]


def draw(rows: list[tuple[str, list[Picture]]], profiles: list[camsim.Profile]) -> Image.Image:
    """The sheet: one column a camera, one row a way of looking."""
    height, width = rows[0][1][0].shape[:2]
    columns = len(profiles)
    size = (columns * (width + GAP) + GAP, HEAD + len(rows) * (height + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER)
    pen = ImageDraw.Draw(sheet)
    large, small = (ImageFont.load_default(points) for points in (19, 15))
    for column, profile in enumerate(profiles):
        x = GAP + column * (width + GAP)
        sensor = profile.resolved_sensor()
        facts = f"{sensor.bit_depth} bit, {sensor.exposure:,.0f} e- at white, read noise {sensor.read_noise:g} e-"
        pen.text((x, 8), fitted(profile.name, large, width), INK, large)
        pen.text((x, 8 + LINE + 5), fitted(profile.title, small, width), FAINT, small)
        pen.text((x, 8 + 2 * LINE + 5), fitted(facts, small, width), FAINT, small)
    for row, (caption, pictures) in enumerate(rows):
        y = HEAD + row * (height + CAPTION + GAP)
        pen.text((GAP, y + 3), caption, INK, small)
        for column, picture in enumerate(pictures):
            shown = Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST)
            sheet.paste(shown, (GAP + column * (width + GAP), y + CAPTION))
    return sheet


def fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Cut to a column's width."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip(" ,(") + "..."


def table(found: list[Measured]) -> str:
    """As Markdown."""
    lines = [
        "| camera | light | mean ΔE2000 | clipped, % | noise, levels of 255 | acutance |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        numbers = f"{row.delta_e:.1f} | {row.clipped:.1f} | {row.noise:.1f} | {row.acutance:.2f}"
        lines.append(f"| `{row.camera}` | {row.light} | {numbers} |")
    return "\n".join(lines)


def contact_sheet(
    scene: Tensor, profiles: list[camsim.Profile], view: Box, detail: Box, darker: float
) -> tuple[Image.Image, list[Measured]]:
    """The sheet and its figures.

    Args:
        scene: (3, H, W) linear light, 1.0 = diffuse white.
        profiles: the cameras; the first is what the others are compared with.
        view: what is shown of the scene.
        detail: what is enlarged, within the view.
        darker: stops less light in the last row.
    """
    x, y, width, height = view
    seen = scene[None, :, y : y + height, x : x + width]
    lights = {"bright": profiles, f"{darker:g} stops less": [in_dim_light(profile, darker) for profile in profiles]}
    shot, found = {}, []
    for light, cameras in lights.items():
        emulators = [camsim.compile(camera) for camera in cameras]
        shot[light] = [[shoot(emulator, seen, seed) for seed in (0, 1, None)] for emulator in emulators]
        for profile, pictures in zip(profiles, shot[light], strict=True):
            found.append(measure(profile.name, light, pictures, shot[light][0]))
    bright, dim = ([pictures[0] for pictures in shot[light]] for light in lights)
    rows = [
        ("The same scene", bright),
        ("A detail of it", [cut(picture, detail) for picture in bright]),
        (
            f"The detail with {darker:g} stops less light and as much more gain",
            [cut(picture, detail) for picture in dim],
        ),
    ]
    return draw(rows, profiles), found


def open_scene(path: Path, ev: float | None) -> Tensor:
    """(3, H, W), exposed; None: its log-average luminance becomes 0.18."""
    if path.suffix.lower() not in SCENE_SUFFIXES:
        scene = from_display(read_image(path))
    else:
        scene = torch.from_numpy(read_scene(path)).permute(2, 0, 1)
    stops = auto_ev(scene) if ev is None else ev
    print(f"{path.name}: exposed by {stops:+.2f} EV", file=sys.stderr)
    return expose(scene, stops)


def checked(box: list[int] | None, whole: tuple[int, int], share: float, name: str) -> Box:
    """The box as given, or the middle of the whole (width, height)."""
    width, height = whole
    if box is None:
        wide, high = max(8, round(width * share)), max(8, round(height * share))
        return (width - wide) // 2, (height - high) // 2, wide, high
    x, y, wide, high = box
    if x < 0 or y < 0 or min(wide, high) < 8 or x + wide > width or y + high > height:
        raise SystemExit(f"--{name} {x} {y} {wide} {high}: must be at least 8x8 and lie within {width}x{height}")
    return x, y, wide, high


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--profiles", nargs="+", required=True, help="names or YAML files")
    parser.add_argument("--out", type=Path, required=True, help=".png, .jpg or .webp")
    parser.add_argument("--ev", type=float, help="exposure of the scene; default: by its log-average luminance")
    parser.add_argument("--view", nargs=4, type=int, metavar=("X", "Y", "W", "H"), help="default: all of it")
    parser.add_argument(
        "--detail", nargs=4, type=int, metavar=("X", "Y", "W", "H"), help="in the view; default: its middle"
    )
    parser.add_argument("--darker", type=float, default=4, metavar="STOPS", help="less light in the last row")
    given = parser.parse_args(arguments)
    if given.out.suffix.lower() not in (".png", ".jpg", ".webp"):
        raise SystemExit(f"{given.out}: the sheet is .png, .jpg or .webp")
    try:
        profiles = [camsim.load(name) for name in given.profiles]
        scene = open_scene(given.scene, given.ev)
    except camsim.CamsimError as error:
        raise SystemExit(str(error)) from None
    view = checked(given.view, (scene.shape[2], scene.shape[1]), 1, "view")
    detail = checked(given.detail, view[2:], 0.25, "detail")
    sheet, found = contact_sheet(scene, profiles, view, detail, given.darker)
    sheet.save(given.out, quality=88)
    print(table(found))


if __name__ == "__main__":
    main()
