"""How near the demosaics of camsim come to photographs: ``python -m benchmarks.demosaics FOLDER``, a table in Markdown.

FOLDER holds the aerial photographs of the trial data (``shared/data/aerial_trees``). Each picture is made linear, seen
through an RGGB filter array without noise, interpolated and encoded again; PSNR against the picture, 12 px from its
border left out. Photographs have been through a demosaic before, so figures compare methods and no more.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import skimage.data
import torch
from torch import Tensor

from camsim.cfa import RawFormat, mosaic
from camsim.imageio import read_image
from camsim.isp import Ahd, Bilinear, HamiltonAdams, Malvar2004, Menon2007, gamma_srgb
from camsim.spec import StageSpec
from camsim.unprocess import linearize

METHODS: tuple[StageSpec, ...] = (Bilinear(), Malvar2004(), HamiltonAdams(), Ahd(), Menon2007())
BUNDLED = ("astronaut", "chelsea", "coffee", "rocket")
SIDE = 512
BORDER = 12


def psnr(stage: StageSpec, picture: Tensor) -> float:
    """dB, of (1, 3, H, W) sRGB in [0, 1]."""
    module = stage.build(RawFormat("RGGB", black=(0,) * 4, white=(1,) * 4, full_scale=1)).to(picture.dtype)
    with torch.no_grad():
        found = gamma_srgb(module(mosaic(linearize(picture), "RGGB")).clamp(0, 1))
    error = (found - picture)[..., BORDER:-BORDER, BORDER:-BORDER].square().mean()
    return float(-10 * torch.log10(error))


def main(folder: Path) -> None:
    """Print the table."""
    pictures = {path.stem: read_image(path) for path in sorted(folder.glob("*.png"))}
    pictures |= {name: getattr(skimage.data, name)() for name in BUNDLED}
    names = [stage.tags()[1] for stage in METHODS]
    print("| picture | " + " | ".join(f"`{name}`" for name in names) + " |")
    print("| --- |" + " --- |" * len(names))
    rows = []
    for name, picture in pictures.items():
        tensor = torch.from_numpy(picture[:SIDE, :SIDE]).permute(2, 0, 1)[None] / 255
        rows.append([psnr(stage, tensor) for stage in METHODS])
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in rows[-1]) + " |")
    print("| mean | " + " | ".join(f"{value:.2f}" for value in np.mean(rows, axis=0)) + " |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
