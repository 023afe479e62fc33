"""Frost: photographs of iced windows laid over the picture, from the package imagecorruptions where it is installed.

The photographs are not camsim's to hand on. They are read as files; none of the package's code is run, since it needs
OpenCV with a user interface and draws from global generators.
"""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from audit.corruptions.corruption import Picture
from audit.corruptions.cubic import enlarged
from camsim.errors import CamsimError

PACKAGE = "imagecorruptions"
FROST = ((1.0, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))
"""How much of the picture and of the frost there is."""
LARGER = 1.1
"""Photographs cover the picture and this much more, so that there is something to cut from."""
PHOTOGRAPHS = {
    "frost1.png": "ff9f907860bd7a835d459e32f9d588062b7f61ee267343cc7222b56753a14755",
    "frost2.png": "fe211a89b336999c207a852ce05818d4545d0b57c5beadd824b4cc9d9a9b6137",
    "frost3.png": "2d0d50b4a9bb213f38b024ef7768731bb83cc08d2f26b5766bbc167cdfa0e504",
    "frost4.jpg": "3f8b91ca1a9fa7167b09e773da53f5ae60d0a1fd88f02a783f6e328a72887f6e",
    "frost5.jpg": "5fc6a19df4a429ba68abdcc8f8a4278d4c9f81c9ccafd2c92ab0c8cf8992ebd2",
}
"""SHA-256 by name. A sixth one ships with the package, which never draws it."""


def missing() -> str | None:
    """Why there is no frost here, in one line; None: there is."""
    try:
        photographs()
    except CamsimError as error:
        return str(error)
    return None


def frost(picture: Picture, severity: int, random: Generator) -> NDArray[Any]:
    """A part of one of five photographs over the picture.

    Raises:
        CamsimError: the photographs are not installed, or are others.
    """
    return frosted(picture, photographs(), severity, random)


def frosted(picture: Picture, photos: tuple[Picture, ...], severity: int, random: Generator) -> NDArray[Any]:
    """The picture under one of these photographs (h, w, 3), enlarged where it does not cover the picture."""
    kept, laid = FROST[severity - 1]
    photo = photos[random.integers(len(photos))]
    sides = np.array(photo.shape[:2])
    covering = max(1.0, *(np.array(picture.shape[:2]) / sides)) * LARGER
    size = np.ceil(sides * covering).astype(int)
    top, left = (int(random.integers(0, room)) for room in size - picture.shape[:2])
    height, width = picture.shape[:2]
    ice = enlarged(photo, (int(size[0]), int(size[1])), slice(top, top + height), slice(left, left + width))
    return np.clip(kept * picture + laid * ice, 0, 255)


def photographs() -> tuple[Picture, ...]:
    """The photographs of the installed package, (h, w, 3), RGB.

    Raises:
        CamsimError: they are not there, or not those of release 1.1.2.
    """
    folder = _folder()
    if folder is None:
        raise CamsimError(
            f"frost is laid over from photographs of the package {PACKAGE}: needs `pip install {PACKAGE}`"
        )
    return _read(folder)


@lru_cache(maxsize=1)
def _read(folder: Path) -> tuple[Picture, ...]:
    found = []
    for name, digest in PHOTOGRAPHS.items():
        try:
            content = (folder / name).read_bytes()
        except OSError as error:
            raise CamsimError(f"{folder / name}: {error.strerror}; frost needs `pip install {PACKAGE}`") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise CamsimError(
                f"{folder / name}: is not the photograph of {PACKAGE} 1.1.2, so that frost would be another "
                f"corruption; reinstall it: `pip install --force-reinstall --no-deps {PACKAGE}`"
            )
        photo = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        photo.flags.writeable = False  # shared by all who ask
        found.append(photo)
    return tuple(found)


def _folder() -> Path | None:
    """Where the photographs lie; looks the package up without importing it."""
    found = find_spec(PACKAGE)
    places = [] if found is None or found.submodule_search_locations is None else found.submodule_search_locations
    return next((folder for place in places if (folder := Path(place) / "frost").is_dir()), None)
