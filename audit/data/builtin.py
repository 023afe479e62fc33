"""Scenes that need no data of the user's: photographs that come with scikit-image, and generated charts."""

from __future__ import annotations

import hashlib
from functools import partial
from importlib.metadata import version
from pathlib import Path

import skimage.data
from torch import Tensor

from audit.data.charts import CHARTS
from audit.data.dataset import Dataset, Sample, check_max_side, fingerprint, reduce, subset
from camsim.errors import CamsimError
from camsim.imageio import read_image
from camsim.unprocess import DEFAULT, Unprocess, from_display

PHOTOGRAPHS = {
    "astronaut": ("astronaut.png", (2, 2)),
    "chelsea": ("chelsea.png", (1, 2)),
    "coffee": ("coffee.png", (2, 2)),
    "rocket": ("rocket.jpg", (2, 2)),
}
"""File in scikit-image's wheel, and the rows and columns of crops it is cut into.

astronaut (NASA) and rocket (SpaceX) are in the public domain; chelsea (S. van der Walt) and coffee (R.
Michetti) are CC0.
"""

WHOLE_SIDE = 512
"""Whole photographs are reduced to this; crops keep their own pixels."""


def builtin_scenes(*, limit: int | None = None, max_side: int = WHOLE_SIDE, unprocess: Unprocess = DEFAULT) -> Dataset:
    """Four photographs whole, fourteen crops of them (at least 200 px a side), and four charts; nothing is
    downloaded.

    The crops of a photograph do not overlap, but they share its content with each other and with the whole,
    so the scenes are no independent sample of anything: good for a look at what cameras change, weak as
    evidence.

    Args:
        limit: at most so many, evenly spaced (``audit.data.dataset.subset``).
        max_side: scenes longer than that are reduced to it, px; whole photographs to 512 at most.
        unprocess: how the photographs become scenes.

    Raises:
        CamsimError: the installed scikit-image lacks a photograph, or a limit below its minimum.
    """
    check_max_side(max_side)
    parts = sorted(_photographs(max_side, unprocess) + _charts(max_side), key=lambda part: part[0].id)
    chosen = [parts[index] for index in subset([None] * len(parts), limit)]
    photographs = [sample.id.split("/")[1] for sample, _ in chosen if sample.id.startswith("photo/")]
    return Dataset(
        name="built-in scenes",
        samples=tuple(sample for sample, _ in chosen),
        class_names=None,
        sha256=fingerprint((sample.id, sample.target, digest) for sample, digest in chosen),
        description=(
            f"{len(photographs)} photographic scenes from {len(set(photographs))} photographs that come with "
            "scikit-image, whole and in crops (crops of one photograph are not independent), and "
            f"{len(chosen) - len(photographs)} generated charts; without labels; "
            f"scenes longer than {min(max_side, WHOLE_SIDE)} px are reduced to that."
        ),
    )


def _photographs(max_side: int, unprocess: Unprocess) -> list[tuple[Sample, str]]:
    """Each scene with the SHA-256 of what it is made from."""
    parts = []
    for name, (file, grid) in PHOTOGRAPHS.items():
        path = Path(skimage.data.__file__).parent / file
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise CamsimError(
                f"the installed scikit-image {version('scikit-image')} does not bring {file}; "
                "install scikit-image 0.24 to 0.26, or give --data"
            ) from error
        loader = partial(_photograph, path, min(max_side, WHOLE_SIDE), unprocess)
        parts.append((Sample(f"photo/{name}/whole", None, loader), digest))
        rows, columns = grid
        for cell in range(rows * columns):
            loader = partial(_crop, path, max_side, grid, cell, unprocess)
            parts.append((Sample(f"photo/{name}/crop-{cell + 1}", None, loader), f"{digest} {grid} {cell}"))
    return parts


def _charts(max_side: int) -> list[tuple[Sample, str]]:
    return [
        (
            Sample(f"chart/{name}", None, partial(_chart, name, max_side)),
            hashlib.sha256(chart().numpy().tobytes()).hexdigest(),
        )
        for name, chart in CHARTS.items()
    ]


def _photograph(path: Path, max_side: int, unprocess: Unprocess) -> Tensor:
    return reduce(from_display(read_image(path), unprocess), max_side)


def _crop(path: Path, max_side: int, grid: tuple[int, int], cell: int, unprocess: Unprocess) -> Tensor:
    """One cell of an even grid over the photograph; what does not divide is left over at the right and
    bottom."""
    image = read_image(path)
    height, width = image.shape[0] // grid[0], image.shape[1] // grid[1]
    row, column = divmod(cell, grid[1])
    crop = image[row * height : (row + 1) * height, column * width : (column + 1) * width]
    return reduce(from_display(crop, unprocess), max_side).contiguous()


def _chart(name: str, max_side: int) -> Tensor:
    return reduce(CHARTS[name](), max_side).clone()
