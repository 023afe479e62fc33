"""An emulator as an ONNX graph, which runs without camsim."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Literal

import onnx
import torch
from torch import Tensor, nn

import camsim
from camsim.atomic import write_bytes
from camsim.emulator import Emulator
from camsim.errors import CamsimError
from camsim.profile_file import to_yaml
from camsim.sensor import UNIT_EFFECTS
from camsim.unprocess import linearize

Source = Literal["raw", "scene", "image"]
"""What an exported emulator takes."""

INPUTS: Mapping[Source, str] = {
    "raw": "(batch, 1, height, width): mosaic in DN as they lie in the container, of the profile's CFA phase",
    "scene": "(batch, 3, height, width): linear light, sRGB primaries, 1.0 = diffuse white",
    "image": "(batch, 3, height, width): sRGB in [0, 1]",
}
OUTPUT = "(batch, 3, height, width): display-encoded RGB, in [0, 1] where the profile clips"
OTHER_SIZE = "; of another height and width than the input, as the profile's stages change them"
OUTPUT_NAMES: Mapping[Source, str] = {"raw": "image", "scene": "image", "image": "emulated"}

OPSETS = range(18, 26)
"""Versions of ONNX's operators that can be written."""

MAX_BYTES = (1 << 31) - 1
"""protobuf, in which ONNX is written, holds no more in one file."""

_FOLDED = 4096
"""Constants of more elements are left to be computed when the graph is loaded: they would grow with the frame."""

_EXAMPLE = (38, 44)
"""Height and width that a graph of any size is traced with."""


class CameraGraph(nn.Module):
    """What is exported: from ``source`` to the display image, without noise and without checks of the input."""

    def __init__(self, camera: Emulator, source: Source) -> None:
        """Take a camera's parts.

        Raises:
            CamsimError: the graph would begin before the camera's optics.
        """
        super().__init__()
        pattern = [name for name in UNIT_EFFECTS if name in camera.sensor.further]
        if source != "raw" and pattern:
            raise CamsimError(
                f"{camera.profile.name}: the fixed pattern of {' and '.join(pattern)} cannot be exported; "
                f"leave it out of the profile, or export from the raw mosaic"
            )
        if source != "raw" and "blooming" in camera.sensor.further:
            raise CamsimError(
                f"{camera.profile.name}: blooming cannot be exported, since ONNX has no running minimum; "
                f"leave it out of the profile, or export from the raw mosaic"
            )
        if source != "raw" and "rolling_shutter" in camera.sensor.further:
            raise CamsimError(
                f"{camera.profile.name}: rolling_shutter differs from frame to frame and cannot be exported; "
                f"leave it out of the profile, or export from the raw mosaic"
            )
        if camera.optics is not None and source != "raw":
            raise CamsimError(
                f"{camera.profile.name}: has optics, whose Fourier transforms have no form in ONNX that is as exact; "
                "export it from a raw mosaic (--from raw), or a profile without the section optics"
            )
        self.sensor, self.isp = camera.sensor, camera.isp
        self.source: Source = source

    def forward(self, picture: Tensor) -> Tensor:
        if self.source == "image":
            picture = linearize(picture)
        if self.source != "raw":
            picture = self.sensor(picture, None, [])
        image: Tensor = self.isp(picture)
        return image


def to_onnx(
    camera: Emulator, source: Source = "raw", *, size: tuple[int, int] | None = None, opset: int = OPSETS[0]
) -> onnx.ModelProto:
    """The emulator as an ONNX model, float32, of any batch.

    It gives what `Emulator.develop` gives, or ``forward`` with ``seed=None``: shot and read noise are left out, since
    ONNX has no random numbers that are the same everywhere. It checks nothing of its input.

    Args:
        camera: compiled with ``dtype=torch.float32``.
        source: what the graph takes, and its input's name: a ``raw`` mosaic in DN, a linear ``scene``, or an sRGB
            ``image`` in [0, 1]. The output's name is ``image``, and ``emulated`` where ``image`` goes in.
        size: height and width of the frames; None: any, from 2x2 up.
        opset: version of ONNX's operators.

    Raises:
        CamsimError: the package onnxscript is missing; an opset, size or precision that cannot be; a stage that needs
            ``size``; a scene or an image is asked for, and the camera has optics.
    """
    check_size(camera, size)
    graph = CameraGraph(camera, source)
    model = trace(graph, source, OUTPUT_NAMES[source], size=size, opset=opset)
    output = OUTPUT + (OTHER_SIZE if camera.profile.changes_size else "")
    add_metadata(model, describe(camera, source) | {"output": output})
    onnx.checker.check_model(model, full_check=True)
    return model


def write_onnx(model: onnx.ModelProto, path: Path) -> None:
    """Write a model, whole or not at all.

    Raises:
        CamsimError: another suffix than .onnx, a model of 2 GiB or more, or a place that cannot be written.
    """
    check_place(path)
    if model.ByteSize() > MAX_BYTES:
        raise CamsimError(f"{path}: would take {model.ByteSize()} bytes; one ONNX file holds at most {MAX_BYTES}")
    write_bytes(path, model.SerializeToString())


def check_place(path: Path) -> None:
    """Refuse a place that cannot be written, before the work begins.

    Raises:
        CamsimError: it does not end in .onnx, or its folder is missing.
    """
    if path.suffix.lower() != ".onnx":
        raise CamsimError(f"{path}: an exported emulator is .onnx, got {path.suffix or 'no suffix'}")
    if not path.parent.is_dir():
        raise CamsimError(f"{path}: cannot be written: the folder {path.parent} does not exist; make it first")


def check_size(camera: Emulator, size: tuple[int, int] | None) -> None:
    """Refuse a graph for frames of any size where a stage can only be written for those of one.

    Raises:
        CamsimError: there is such a stage, and no size.
    """
    fixed = [
        f"isp.{name}"
        for name, stage in zip(camera.profile.stage_names(), camera.profile.isp, strict=True)
        if not stage.any_size
    ]
    if size is None and fixed:
        raise CamsimError(
            f"{camera.profile.name}: {' and '.join(fixed)} can only be exported for frames of one size; give it "
            "(--size HEIGHTxWIDTH)"
        )


def describe(camera: Emulator, source: Source) -> dict[str, str]:
    """What a file should say about its camera."""
    captured = "left out: shot and read noise; the ADC limits and rounds"
    return {
        "version": camsim.__version__,
        "profile": camera.profile.name,
        "profile_yaml": to_yaml(camera.profile),
        "input": INPUTS[source],
        "noise": "what the mosaic holds; none is added" if source == "raw" else captured,
    }


def add_metadata(model: onnx.ModelProto, entries: Mapping[str, str]) -> None:
    """Add to the file's metadata, under ``camsim.``; entries of the same name are replaced."""
    kept = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(model, kept | {f"camsim.{key}": value for key, value in entries.items()})


def trace(
    graph: nn.Module,
    input_name: str,
    output_name: str,
    *,
    channels: int | None = None,
    batch: int | None = None,
    size: tuple[int, int] | None = None,
    opset: int = OPSETS[0],
) -> onnx.ModelProto:
    """A module of one picture in, one out, as an ONNX model.

    Args:
        graph: takes (B, C, H, W) float32.
        input_name: in the model.
        output_name: in the model.
        channels: C; None: 1 for a mosaic called ``raw``, else 3.
        batch: B; None: any.
        size: H and W; None: any.
        opset: version of ONNX's operators.

    Raises:
        CamsimError: see `to_onnx`.
    """
    if opset not in OPSETS:
        raise CamsimError(f"opset must be one of {OPSETS[0]} ... {OPSETS[-1]}, got {opset}")
    if size is not None and min(size) < 2:
        raise CamsimError(f"size must be at least 2x2 (height x width), got {size[0]}x{size[1]}")
    if any(parameter.dtype != torch.float32 for parameter in graph.parameters()):
        raise CamsimError("an emulator is exported in float32; compile it with dtype=torch.float32")
    optimizer = _optimizer()
    shape = (batch or 2, channels or (1 if input_name == "raw" else 3), *(size or _EXAMPLE))
    free = ({} if batch else {0: "batch"}) | ({} if size else {2: "height", 3: "width"})
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            graph.eval(),
            (torch.full(shape, 0.5),),
            dynamo=True,
            optimize=False,
            verbose=False,
            input_names=[input_name],
            output_names=[output_name],
            opset_version=opset,
            dynamic_shapes=(free,),
        )
        assert program is not None  # which it is only for the exporter before this one
        model: onnx.ModelProto = optimizer.optimize(program.model_proto, output_size_limit=_FOLDED)
    _strip(model)
    return model


def _strip(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes, which take most of the file and tell paths of this machine."""
    graph = model.graph
    for part in (*graph.node, *graph.input, *graph.output, *graph.initializer, graph, model):
        del part.metadata_props[:]
        part.ClearField("doc_string")
    del graph.value_info[:]
    model.producer_name, model.producer_version = "camsim", camsim.__version__


def _optimizer() -> ModuleType:
    try:
        from onnxscript import optimizer
    except ImportError:
        raise CamsimError("the export needs the package onnxscript: pip install onnxscript") from None
    return optimizer


@contextmanager
def _quiet() -> Iterator[None]:
    """torch's exporter warns of its own deprecated parts, and that torchvision is not there."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
