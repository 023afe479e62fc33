"""From a file to a scene."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from audit.data.dataset import reduce
from audit.data.mosaic import mosaic_scene
from camsim.errors import CamsimError
from camsim.imageio import SCENE_SUFFIXES, read_image
from camsim.imageio import read_scene as read_scene_file
from camsim.profile import Profile
from camsim.rawio import CAMERA_SUFFIXES, MOSAIC_SUFFIXES
from camsim.rawio import read_scene as read_raw
from camsim.unprocess import DEFAULT, Unprocess, from_display

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
SUFFIXES = (*IMAGE_SUFFIXES, *sorted(CAMERA_SUFFIXES), *SCENE_SUFFIXES)


@dataclass(frozen=True)
class Reader:
    """How the files of a dataset become scenes."""

    max_side: int
    """Longer scenes are reduced to this, px."""
    raw_profile: Profile | None = None
    """The device that TIFF, PNG and .npy files are mosaics of; None: they are pictures, and .npy are scenes."""
    unprocess: Unprocess = DEFAULT
    """How pictures become scenes."""

    def read(self, path: Path) -> Tensor:
        """An image, camera RAW, mosaic or scene file as (3, H, W) float32 linear light, cut to ``max_side``.

        Raises:
            CamsimError: it cannot be read; the message does not repeat the path.
        """
        suffix = path.suffix.lower()
        try:
            if suffix in CAMERA_SUFFIXES:
                scene = read_raw(path, self.max_side)
            elif self.raw_profile is not None and suffix in MOSAIC_SUFFIXES:
                scene = mosaic_scene(path, self.raw_profile)
            elif suffix in SCENE_SUFFIXES:
                scene = torch.from_numpy(read_scene_file(path)).permute(2, 0, 1)
            else:
                scene = from_display(read_image(path), self.unprocess)
            return reduce(scene, self.max_side).contiguous()
        except CamsimError as error:
            raise CamsimError(str(error).removeprefix(f"{path}: ")) from error

    def read_bytes(self, content: bytes, suffix: str) -> Tensor:
        """What `read` makes of a file with this content and suffix."""
        with tempfile.NamedTemporaryFile(suffix=suffix or ".image") as file:
            file.write(content)
            file.flush()
            return self.read(Path(file.name))

    def of(self, path: Path) -> partial[Tensor]:
        """Reads this file when it is called."""
        return partial(self.read, path)
