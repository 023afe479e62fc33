"""Generated scenes for the segmentation task: vehicles seen from above on textured ground, with their masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

SIDE = 48
"""Of a scene, px."""
_FINE = 4
"""Drawn this many times larger, then averaged."""
_GROUNDS = ((112, 108, 104), (96, 104, 72), (136, 120, 92), (84, 82, 84), (120, 124, 108))
_PAINTS = ((226, 226, 222), (44, 46, 50), (150, 40, 36), (44, 70, 126), (142, 146, 150), (188, 172, 96))

Scene = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Picture (H, W, 3) and mask (H, W): 1 = vehicle."""


def scenes(count: int, seed: int) -> list[Scene]:
    """The same scenes for the same seed; a larger count begins with those of a smaller one."""
    rng = np.random.default_rng(seed)
    return [_scene(rng) for _ in range(count)]


def _scene(rng: np.random.Generator) -> Scene:
    ground = _ground(rng)
    canvas = Image.fromarray(ground)
    mask = Image.new("L", canvas.size)
    draw, mark = ImageDraw.Draw(canvas), ImageDraw.Draw(mask)
    sun = rng.uniform(0, 2 * np.pi)
    for _ in range(rng.integers(1, 4)):  # what is no vehicle: bushes and crates
        _bush(draw, rng) if rng.random() < 0.5 else _crate(draw, rng, sun)
    for _ in range(rng.integers(1, 4)):
        _vehicle(draw, mark, rng, sun)
    small = canvas.resize((SIDE, SIDE), Image.Resampling.BOX)
    covered = np.asarray(mask.resize((SIDE, SIDE), Image.Resampling.BOX)) > 127
    return np.array(small), covered.astype(np.int64)


def _ground(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Noise of several scales on one of a few colours."""
    size = SIDE * _FINE
    texture = np.zeros((size, size))
    for cells, weight in ((3, 14.0), (8, 9.0), (24, 8.0), (SIDE, 6.0)):
        noise = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
        texture += weight * np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC))
    color = np.array(_GROUNDS[rng.integers(len(_GROUNDS))]) + rng.normal(0, 6, 3)
    return (color + texture[..., None]).clip(8, 247).astype(np.uint8)


def _box(
    centre: NDArray[np.float64], angle: float, length: float, width: float, along: tuple[float, float] = (-1, 1)
) -> list[tuple[float, float]]:
    """Corners of a turned rectangle, or of the part of it between two fractions of its half-length."""
    forward, side = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    corners = [(along[0], -1), (along[1], -1), (along[1], 1), (along[0], 1)]
    points = [centre + a * length / 2 * forward + b * width / 2 * side for a, b in corners]
    return [(float(x), float(y)) for x, y in points]


def _place(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(6, SIDE - 6, 2) * _FINE


def _paint(rng: np.random.Generator) -> tuple[int, ...]:
    color = np.array(_PAINTS[rng.integers(len(_PAINTS))]) + rng.normal(0, 10, 3)
    return tuple(int(value) for value in color.clip(10, 245))


def _shadow(draw: ImageDraw.ImageDraw, corners: list[tuple[float, float]], sun: float, height: float) -> None:
    moved = [(x + height * _FINE * np.cos(sun), y + height * _FINE * np.sin(sun)) for x, y in corners]
    draw.polygon(moved, fill=(30, 32, 36))


def _vehicle(draw: ImageDraw.ImageDraw, mark: ImageDraw.ImageDraw, rng: np.random.Generator, sun: float) -> None:
    """A painted body with two dark windows and a shadow."""
    centre, angle = _place(rng), rng.uniform(0, np.pi)
    length, width = rng.uniform(13, 18) * _FINE, rng.uniform(6, 8) * _FINE
    body = _box(centre, angle, length, width)
    paint = _paint(rng)
    _shadow(draw, body, sun, 1.5)
    draw.polygon(body, fill=paint)
    mark.polygon(body, fill=255)
    for part in ((-0.65, -0.4), (0.15, 0.45)):
        draw.polygon(_box(centre, angle, length, 0.8 * width, part), fill=(36, 42, 50))


def _crate(draw: ImageDraw.ImageDraw, rng: np.random.Generator, sun: float) -> None:
    side = rng.uniform(6, 11) * _FINE
    body = _box(_place(rng), rng.uniform(0, np.pi), side, side * rng.uniform(0.9, 1.1))
    _shadow(draw, body, sun, 2.0)
    draw.polygon(body, fill=_paint(rng))


def _bush(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    x, y = _place(rng)
    radius = rng.uniform(3, 7) * _FINE
    green = (int(rng.uniform(40, 70)), int(rng.uniform(62, 98)), int(rng.uniform(30, 55)))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=green)
