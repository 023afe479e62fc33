"""Generated pictures of which everything is known: shapes on textured ground, a lit floor with boxes, written digits.

Each is drawn from a seed and a number alone, in any order: sample 7 is the same whether 10 or 1000 are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

SIDE = 48
"""Of a picture of shapes or of a floor, px."""
LINE = (24, 80)
"""Height and width of a picture of written digits, px."""
KINDS = ("disc", "square", "triangle")
COLORS = {"red": (196, 54, 48), "green": (58, 152, 66), "blue": (52, 84, 190), "yellow": (214, 190, 60)}
DIGITS = "0123456789"
FLOOR = 2.5
"""Metres from the camera to the middle of the floor."""
_FINE = 3
"""Shapes are drawn this many times larger, then averaged."""
_KEPT = 4096
"""Pictures kept in memory: a run asks for each several times."""

Picture = NDArray[np.uint8]
"""(H, W, 3), sRGB, 0..255."""


@dataclass(frozen=True)
class Shape:
    """One shape in a picture."""

    kind: int
    """Into `KINDS`."""
    color: int
    """Into `COLORS`."""
    radius: float
    """Half the side of the square around it, px."""
    mask: NDArray[np.bool_]
    """(H, W): the pixels that it covers by more than half."""
    points: NDArray[np.float64]
    """(3, 2) x, y of a triangle's tip, left and right corner; of other kinds of the same places on their square."""

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of its pixels."""
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


@dataclass(frozen=True)
class Scene:
    """A picture and what is in it."""

    picture: Picture
    shapes: tuple[Shape, ...]

    @property
    def class_map(self) -> NDArray[np.int32]:
        """(H, W): 0 is ground, 1 + `Shape.kind` a shape."""
        found = np.zeros(self.picture.shape[:2], dtype=np.int32)
        for shape in self.shapes:
            found[shape.mask] = 1 + shape.kind
        return found


@lru_cache(_KEPT)
def shapes(seed: int, number: int, least: int = 1, most: int = 4, kinds: tuple[int, ...] = (0, 1, 2)) -> Scene:
    """From ``least`` to ``most`` shapes that do not overlap, on textured ground."""
    rng = np.random.default_rng([seed, number])
    picture = _ground(rng, (SIDE, SIDE))
    found: list[Shape] = []
    taken = np.zeros((SIDE, SIDE), dtype=np.bool_)
    wanted = int(rng.integers(least, most + 1))
    for _ in range(50 * wanted):  # a crowded picture ends with fewer
        if len(found) == wanted:
            break
        shape, cover = _shape(rng, kinds)
        if not (taken & (cover > 0)).any():
            taken |= cover > 0
            paint = np.array(list(COLORS.values())[shape.color]) + rng.normal(0, 12, 3)
            picture += cover[..., None] * (paint + rng.normal(0, 4, (SIDE, SIDE, 1)) - picture)
            found.append(shape)
    return Scene(_bytes(picture), tuple(found))


def _shape(rng: np.random.Generator, kinds: tuple[int, ...]) -> tuple[Shape, NDArray[np.float64]]:
    """A shape, and how much of each pixel (H, W) it covers."""
    kind, color = int(rng.choice(kinds)), int(rng.integers(len(COLORS)))
    radius, lean = rng.uniform(4.5, 9.0), rng.uniform(-0.6, 0.6)
    x, y = rng.uniform(radius + 1, SIDE - radius - 1, 2)
    place = (np.arange(SIDE * _FINE) + 0.5) / _FINE
    across, down = place[None] - x, place[:, None] - y
    if kind == 0:
        inside = across**2 + down**2 < radius**2
    elif kind == 1:
        inside = np.maximum(abs(across), abs(down)) < radius * 0.9
    else:  # its tip is up, shifted by ``lean``
        height = (radius - down) / (2 * radius)
        inside = (abs(down) < radius) & (abs(across - lean * radius * height) < radius * (1 - height))
    cover = inside.reshape(SIDE, _FINE, SIDE, _FINE).mean(axis=(1, 3))
    points = np.array([[x + lean * radius, y - radius], [x - radius, y + radius], [x + radius, y + radius]])
    return Shape(kind, color, radius, cover > 0.5, points), cover


@lru_cache(_KEPT)
def floor(seed: int, number: int) -> tuple[Picture, NDArray[np.float32]]:
    """A tilted floor seen from above, with boxes on it, lit by a lamp at the camera; and its depth (H, W) in metres.

    A surface at twice the distance gets a quarter of the light, whatever its direction: that is all that tells how far
    it is.
    """
    rng = np.random.default_rng([seed, number])
    places = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    tilt = rng.uniform(-0.9, 0.9, 2)
    depth = FLOOR + rng.uniform(-0.4, 0.6) + tilt[0] * places[None] + tilt[1] * places[:, None]
    albedo = np.full((SIDE, SIDE, 3), 0.62) * rng.normal(1, 0.04, 3)
    for _ in range(rng.integers(1, 4)):
        width, height = rng.integers(10, 22, 2)
        left, top = rng.integers(0, SIDE - width), rng.integers(0, SIDE - height)
        box = slice(top, top + height), slice(left, left + width)
        depth[box] = max(0.8, depth[box].min() - rng.uniform(0.3, 0.7))
        albedo[box] = 0.62 * rng.normal(1, 0.06, 3)
    light = 0.55 * (1.6 / depth[..., None]) ** 2 * albedo * rng.normal(1, 0.05, (SIDE, SIDE, 1))
    return _bytes(255 * _encoded(light.clip(0, 1))), depth.astype(np.float32)


def _encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@lru_cache(_KEPT)
def line(seed: int, number: int) -> tuple[Picture, str]:
    """Three to six digits, lighter or darker than the paper."""
    rng = np.random.default_rng([seed, number])
    text = "".join(rng.choice(list(DIGITS), rng.integers(3, 7)))
    size = int(rng.integers(15, 19))
    height, width = LINE
    written = Image.new("L", (width, height))
    where = (4 + rng.uniform(0, 10), height / 2 + rng.uniform(-2, 2))
    ImageDraw.Draw(written).text(where, text, fill=255, font=_font(size), anchor="lm")
    paper, ink = rng.uniform(90, 200), rng.uniform(50, 90) * rng.choice([-1, 1])
    picture = _ground(rng, LINE) * 0.3 + 0.7 * paper + np.asarray(written)[..., None] / 255 * ink
    return _bytes(picture), text


@cache
def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _ground(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(H, W, 3): noise of several scales on a greyish colour."""
    picture = np.zeros((*shape, 3)) + rng.uniform(80, 150) + rng.normal(0, 8, 3)
    for cells, weight in ((3, 12.0), (8, 8.0), (max(shape), 5.0)):
        noise = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
        picture += weight * np.asarray(noise.resize(shape[::-1], Image.Resampling.BICUBIC))[..., None]
    return picture


def _bytes(picture: NDArray[np.float64]) -> Picture:
    return picture.round().clip(0, 255).astype(np.uint8)
