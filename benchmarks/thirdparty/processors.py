"""Whether int8 models give the same numbers on processors without VNNI: onnxruntime under QEMU's user emulation.

``python -m benchmarks.thirdparty.processors MODEL.onnx ...`` needs Debian's qemu-user. Models take one picture of
float32; free sides are 96.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

PROCESSORS = {"Haswell": "AVX2 without VNNI", "Nehalem": "SSE4.2"}
PICTURES = 2
FREE = 96
WRITE = "--write"
"""With a file and models: what the processor that runs this gives."""


def outputs(model: Path, precise: bool) -> NDArray[np.float32]:
    """(PICTURES, N) the first output for noise, with onnxruntime's precise mode or without."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.use_deterministic_compute = True
    if precise:
        options.add_session_config_entry("session.x64quantprecision", "1")
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    (wanted,) = session.get_inputs()
    sides = [side if isinstance(side, int) else FREE for side in wanted.shape[1:]]
    given = np.random.default_rng(0).normal(size=(PICTURES, 1, *sides)).astype(np.float32)
    found = [session.run(None, {wanted.name: one})[0].reshape(1, -1) for one in given]
    return np.concatenate(found)


def write(path: Path, models: list[Path]) -> None:
    """``MODEL-0`` and ``MODEL-1`` (precise), in the order given, as an .npz."""
    np.savez(
        path, **{f"{place}-{mode}": outputs(one, bool(mode)) for place, one in enumerate(models) for mode in (0, 1)}
    )


def emulated(processor: str, path: Path, models: list[Path]) -> None:
    """The same on another processor. CalledProcessError: it does not run there."""
    # An environment that chose BLAS kernels for this processor would choose instructions that the other one lacks.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENBLAS")}
    command = ["qemu-x86_64", "-cpu", processor, sys.executable, "-m", __spec__.name if __spec__ else __name__]
    subprocess.run(  # noqa: S603
        [*command, WRITE, str(path), *map(str, models)], env=environment, check=True, stderr=subprocess.DEVNULL
    )


def main(models: list[Path]) -> None:
    """A line for each model, processor and mode."""
    with TemporaryDirectory() as folder:
        here = Path(folder) / "here.npz"
        write(here, models)
        for processor, words in PROCESSORS.items():
            there = Path(folder) / f"{processor}.npz"
            emulated(processor, there, models)
            with np.load(here) as mine, np.load(there) as theirs:
                for place, model in enumerate(models):
                    for mode, name in enumerate(("default", "precise")):
                        key = f"{place}-{mode}"
                        off = float(np.abs(mine[key] - theirs[key]).max())
                        said = "equal" if np.array_equal(mine[key], theirs[key]) else f"off by up to {off:.3g}"
                        print(f"{model.name}: {processor} ({words}), {name}: {said}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == [WRITE]:
        write(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
    elif len(sys.argv) > 1:
        main([Path(name) for name in sys.argv[1:]])
    else:
        sys.exit(__doc__)
