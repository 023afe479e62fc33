"""Peak memory of audits of 1,000 to 100,000 small pictures: ``python -m benchmarks.streaming [--counts N ...]``.

The pictures are 16x16 PNG files in two class folders: a few hundred, each of them under many names. The classifier is
the mean of each channel, so that what is measured is the audit and not a network.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image

COUNTS = (1_000, 10_000, 100_000)
DISTINCT = 200
SIDE = 16
PROFILES = "still/nikon-d850"


def write_pictures(folder: Path, count: int) -> None:
    """``count`` names of `DISTINCT` pictures, as hard links."""
    rng = np.random.default_rng(0)
    for name, level in (("bright", 180), ("dark", 60)):
        (folder / name).mkdir(parents=True)
        for number in range(count // 2):
            path = folder / name / f"{number:06d}.png"
            if number < DISTINCT:
                pixels = np.clip(rng.normal(level, 20, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(path)
            else:
                os.link(folder / name / f"{number % DISTINCT:06d}.png", path)


def write_model(path: Path) -> None:
    """Three logits: the mean of each channel."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    path.with_suffix(".camsim.yaml").write_text(
        "camsim_model: 1\noutput_kind: logits\nclasses: [bright, dark, other]\n"
    )


def measure(folder: Path) -> None:
    """In a process of its own: audit the pictures of a folder and print the peak memory in MiB and the seconds."""
    import audit

    start = time.monotonic()
    audit.run(
        folder / "model.onnx",
        folder / "pictures",
        profiles=PROFILES,
        max_drop=0.1,
        batch=64,
        out=folder / "run",
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{peak:.0f} {time.monotonic() - start:.1f}")


def main() -> None:
    """Measure each number of pictures in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker is not None:
        measure(given.worker)
        return
    print("| pictures | peak memory, MiB | seconds |\n| --- | --- | --- |")
    for count in given.counts:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_pictures(folder / "pictures", count)
            write_model(folder / "model.onnx")
            command = [sys.executable, "-m", "benchmarks.streaming", "--worker", str(folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
            peak, seconds = done.stdout.split()[-2:]
            print(f"| {count:,} | {peak} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
