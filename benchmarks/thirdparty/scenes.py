"""What the models are shown: pictures as a user has them, PNG files with a table or folders beside them."""

from __future__ import annotations

import csv
import shutil
import string
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from audit.data import Dataset, open_dataset

Scenes = Callable[[Path], Dataset]
"""Writes what it needs into a folder of its own and opens it."""

Box = tuple[float, float, float, float]
View = tuple[Image.Image, Sequence[Box]]
"""A picture and the boxes in it: left, top, right, bottom."""

FACE = (180, 70, 272, 178)
"""Left, top, right, bottom of the face in scikit-image's astronaut, by eye: chin to hair, cheek to cheek."""

_LINES = (
    "The quick brown fox jumps over the lazy dog",
    "Sphinx of black quartz, judge my vow",
    "Pack my box with five dozen liquor jugs",
    "Invoice 2024-118: total 1,649.50 EUR",
    "Serial no. AX-7730/B",
    "Open daily from 09:30 to 18:00",
    "camera, lens and sensor",
    "Do not remove this label",
    "Platform 4, departure 16:42",
    "42 Baker Street, London",
)


def built_in(folder: Path) -> Dataset:
    """camsim's own scenes."""
    return open_dataset(None)


def square_photographs(folder: Path) -> Dataset:
    """The square ones of camsim's own photographs, and square pieces of the others."""
    _clean(folder)
    for name, width in (("astronaut", 512), ("chelsea", 300), ("coffee", 400), ("rocket", 427)):
        picture = getattr(skimage.data, name)()
        for place, left in enumerate(range(0, picture.shape[1] - width + 1, 100)):
            Image.fromarray(picture[:width, left : left + width]).save(folder / f"{name}-{place}.png")
    return open_dataset(folder)


def faces(label: str) -> Scenes:
    """One face at sixteen places and sizes, with its box; ``label`` is what the model calls it."""
    return partial(_faces, label)


def _faces(label: str, folder: Path) -> Dataset:
    _clean(folder)
    person, wall = Image.fromarray(skimage.data.astronaut()), Image.fromarray(skimage.data.coffee())
    windows = [(0, 0, 512, 512), (60, 0, 420, 300), (130, 20, 330, 240), (0, 0, 300, 400), (0, 0, 512, 300)]
    windows += [(20 * step, 5 * step, 400 + 10 * step, 300 + 10 * step) for step in range(7)]
    views: list[View] = [(person.crop(window), [_moved(1.0, window[:2], (0, 0))]) for window in windows]
    bust = person.crop((100, 0, 360, 320))
    for scale, place in ((1.0, (20, 30)), (0.75, (300, 90)), (0.6, (380, 20))):
        picture = wall.copy()
        size = (round(bust.width * scale), round(bust.height * scale))
        picture.paste(bust.resize(size, Image.Resampling.LANCZOS), place)
        views.append((picture, [_moved(scale, (100, 0), place)]))
    left, top, right, bottom = FACE
    views.append((person.transpose(Image.Transpose.FLIP_LEFT_RIGHT), [(512 - right, top, 512 - left, bottom)]))
    return _boxes(folder, views, label)


def _moved(scale: float, origin: tuple[int, int], place: tuple[int, int]) -> Box:
    """The face's box where ``origin`` of the portrait lies at ``place``."""
    left, right = (scale * (side - origin[0]) + place[0] for side in FACE[::2])
    top, bottom = (scale * (side - origin[1]) + place[1] for side in FACE[1::2])
    return left, top, right, bottom


def glyphs(folder: Path) -> Dataset:
    """Letters and digits strewn over coloured paper, with their boxes: what captchas show."""
    _clean(folder)
    rng = np.random.default_rng(0)
    views = []
    for _ in range(16):
        width, height, count = (int(rng.integers(*span)) for span in ((300, 420), (150, 260), (3, 6)))
        picture = Image.fromarray(_paper(rng, height, width))
        draw, boxes = ImageDraw.Draw(picture), []
        for place in range(count):
            letter = str(rng.choice(list(string.ascii_uppercase + string.digits)))
            font = _font("DejaVuSans-Bold.ttf", int(rng.integers(40, 64)))
            corner = ((place + 0.2) * width / count, float(rng.uniform(5, height - 80)))
            red, green, blue = (int(value) for value in rng.integers(0, 110, 3))
            draw.text(corner, letter, fill=(red, green, blue), font=font)
            boxes.append(draw.textbbox(corner, letter, font=font))
        views.append((picture, boxes))
    return _boxes(folder, views, "object")


def text_lines(folder: Path) -> Dataset:
    """Thirty printed lines and what they say."""
    _clean(folder)
    rng = np.random.default_rng(1)
    rows = []
    for number, text in enumerate(_LINES * 3):
        font = _font(
            ("DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")[number // len(_LINES)], 18 + number % 7
        )
        rows.append((f"{number:02}.png", text))
        _line(rng, text, font, 24).save(folder / rows[-1][0])
    return _table(folder, ("image", "text"), rows)


def words(folder: Path) -> Dataset:
    """Forty short words of small letters and digits, and what they say."""
    _clean(folder)
    rows = []
    for number, (text, picture) in enumerate(_short_words()):
        rows.append((f"{number:02}.png", text))
        picture.save(folder / rows[-1][0])
    return _table(folder, ("image", "text"), rows)


def directions(folder: Path) -> Dataset:
    """The same, every other one upside down, in folders that PP-OCR's classes name."""
    _clean(folder)
    for number, (_, picture) in enumerate(_short_words()):
        name = ("0", "180")[number % 2]
        (folder / name).mkdir(exist_ok=True)
        picture.rotate(int(name)).save(folder / name / f"{number:02}.png")
    return open_dataset(folder)


def _short_words() -> Iterator[tuple[str, Image.Image]]:
    rng = np.random.default_rng(2)
    for _ in range(40):
        text = "".join(rng.choice(list(string.ascii_lowercase + string.digits), int(rng.integers(4, 7))))
        yield text, _line(rng, text, _font("DejaVuSans.ttf", int(rng.integers(16, 30))), 10)


def pages(folder: Path) -> Dataset:
    """A photographed page, and eight printed ones; without labels."""
    _clean(folder)
    rng = np.random.default_rng(3)
    Image.fromarray(skimage.data.page()).convert("RGB").save(folder / "photographed.png")
    for number in range(8):
        width, height = int(rng.integers(420, 640)), int(rng.integers(300, 520))
        picture = Image.fromarray(_paper(rng, height, width))
        draw, top = ImageDraw.Draw(picture), 20.0
        while top < height - 40:
            size = int(rng.integers(14, 30))
            draw.text((20, top), str(rng.choice(_LINES)), fill=(30, 30, 40), font=_font("DejaVuSerif.ttf", size))
            top += 2.2 * size
        picture.save(folder / f"{number}.png")
    return open_dataset(folder)


def _paper(rng: np.random.Generator, height: int, width: int) -> NDArray[np.uint8]:
    """(height, width, 3) of one light colour, with a little grain."""
    grain = rng.normal(0, 3, (height, width, 1)) + rng.uniform(190, 245, 3)
    return grain.clip(0, 255).astype(np.uint8)


def _line(rng: np.random.Generator, text: str, font: ImageFont.FreeTypeFont, margin: int) -> Image.Image:
    _, _, right, bottom = font.getbbox(text)
    picture = Image.fromarray(_paper(rng, round(bottom) + 10, round(right) + margin))
    ImageDraw.Draw(picture).text((margin / 2, 4), text, fill=(20, 20, 30), font=font)
    return picture


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def _clean(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _boxes(folder: Path, views: Sequence[View], label: str) -> Dataset:
    rows = []
    for number, (picture, boxes) in enumerate(views):
        picture.save(folder / f"{number}.png")
        rows += [(f"{number}.png", *(f"{side:.1f}" for side in box), label) for box in boxes]
    return _table(folder, ("image", "left", "top", "right", "bottom", "label"), rows)


def _table(folder: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Dataset:
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return open_dataset(path)
