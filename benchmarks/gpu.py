"""Cameras on a CUDA GPU beside the same on the CPU: ``python -m benchmarks.gpu [--write PAGE]``.

Medians; a GPU's work is waited for. The GPU goes stage by stage, the CPU its fused pass with all threads of numba.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Annotated

import torch
import typer
from torch import Tensor

import camsim
from benchmarks.machine import describe
from benchmarks.page import grid, replace_between

PROFILES = ("seed/drone/bi-s-ga", "seed/drone/ma-s-me", "phone/google-pixel-imx378")
SIZES = ((8, 512, 512), (1, 3000, 4000))
BEGIN = "<!-- measured: written by `python -m benchmarks.gpu` -->"
HEAD = ("profile", "frames", "", "copy", "develop", "develop and backward", "capture with noise")


def timed(work: Callable[[], object], rounds: int) -> float:
    """Median seconds of one call after a first that is not counted."""
    work()
    times = []
    for _ in range(rounds):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return median(times)


def measure(name: str, shape: tuple[int, int, int], device: str, rounds: int) -> list[float]:
    """ns a pixel of `HEAD`'s four."""
    camera = camsim.compile(name, device=device)
    batch, height, width = shape
    generator = torch.Generator().manual_seed(1)
    scene = (0.05 + 0.6 * torch.rand(batch, 3, height, width, generator=generator)).to(device)
    with torch.no_grad():
        raw = camera.capture(scene)
        other = torch.empty_like(scene)
        seconds = [
            timed(lambda: other.copy_(scene), rounds),
            timed(lambda: camera.develop(raw), rounds),
        ]
    wanted = raw.clone().requires_grad_()

    def backward() -> None:
        shown: Tensor = camera.develop(wanted)
        shown.sum().backward()

    seconds.append(timed(backward, rounds))
    with torch.no_grad():
        seconds.append(timed(lambda: camera.capture(scene, seed=1), rounds))
    return [one / raw.numel() * 1e9 for one in seconds]


def main(
    write: Annotated[Path | None, typer.Option(help="Page whose figures to rewrite, such as docs/gpu.md.")] = None,
    rounds: int = 5,
) -> None:
    """Measure, print, and write the page."""
    if not torch.cuda.is_available():
        raise typer.BadParameter("this machine has no CUDA GPU")
    rows = []
    for name in PROFILES:
        for shape, device in ((SIZES[0], "cuda"), (SIZES[1], "cuda"), (SIZES[0], "cpu")):
            figures = [f"{figure:.2f}" for figure in measure(name, shape, device, rounds)]
            frames = f"{shape[0]} x {shape[1]}x{shape[2]}"
            rows.append([name, frames, device.upper().replace("CUDA", "GPU"), *figures])
            typer.echo("  ".join(rows[-1]))
    machine = {"GPU": torch.cuda.get_device_name()} | describe()
    text = "\n\n".join(["ns a pixel:", grid(HEAD, rows), grid(("", ""), list(machine.items()))])
    if write is not None:
        write.write_text(replace_between(write.read_text(encoding="utf-8"), text, BEGIN), encoding="utf-8")
    typer.echo(text)


if __name__ == "__main__":
    typer.run(main)
