"""Generated text lines for PP-OCR's orientation classifier: small, faint type, half of them upside down."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HEIGHT, WIDTH = 32, 128
_ALPHABET = list(string.ascii_letters + string.digits + "  ")


def lines(count: int, seed: int) -> list[NDArray[np.uint8]]:
    """(32, 128, 3) pictures; a larger count begins with those of a smaller one."""
    import matplotlib

    rng = np.random.default_rng(seed)
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    # matplotlib's own; its *Display* fonts hold no letters.
    fonts = sorted(path for path in folder.glob("DejaVuS*.ttf") if "Display" not in path.name)
    return [_line(rng, fonts) for _ in range(count)]


def _line(rng: np.random.Generator, fonts: list[Path]) -> NDArray[np.uint8]:
    font = ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), int(rng.integers(11, 20)))
    text = "".join(rng.choice(_ALPHABET, rng.integers(5, 14)))
    paper = int(rng.integers(60, 220))
    ink = int(np.clip(paper + rng.choice([-1, 1]) * rng.integers(30, 90), 0, 255))
    grain = rng.normal(0, 4, (HEIGHT, WIDTH, 1)) + rng.normal(0, 10, 3)
    picture = Image.fromarray((paper + grain).clip(0, 255).astype(np.uint8))
    ImageDraw.Draw(picture).text((WIDTH / 2, HEIGHT / 2), text, fill=(ink, ink, ink), font=font, anchor="mm")
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.ROTATE_180)
    return np.array(picture)
