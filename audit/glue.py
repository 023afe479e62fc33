"""A camera glued in front of a model: one ONNX graph from a mosaic, a scene or an image to the model's outputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from onnx import GraphProto, ModelProto, compose, version_converter
from torch import Tensor, nn

from audit.frame import Frame
from audit.models.fit import frame_of
from audit.models.graph import image_input
from audit.models.preprocess import LUMA, ImageInput, ResolvedPreprocess
from audit.models.resolve import resolve
from audit.models.safety import CheckedModel, read_onnx, with_weights
from audit.models.session import first_line, open_session
from audit.models.sidecar import read_declaration
from audit.models.sniff import FileKind, refuse, sniff
from camsim.display import eight_bit
from camsim.emulator import Emulator
from camsim.errors import CamsimError
from camsim.export import MAX_BYTES, OPSETS, CameraGraph, Source, add_metadata, check_size, describe, trace

_SAME = 1e-4
"""A model that was brought to another opset must give the same up to this, relative to its largest output."""


class PreparedCamera(nn.Module):
    """A camera, its picture stored in 8 bits, and what the model's maker declares is done to such a picture."""

    table: Tensor

    def __init__(self, camera: CameraGraph, prepared: ResolvedPreprocess, crop: tuple[int, int] | None) -> None:
        super().__init__()
        self.camera = camera
        self.prepared = prepared
        self.crop = crop
        # The audit's own table of what each level becomes, so that no value differs.
        self.register_buffer("table", torch.from_numpy(prepared.table.T.copy()).flatten())

    def forward(self, picture: Tensor) -> Tensor:
        levels = eight_bit(self.camera(picture)).to(torch.int64)
        if self.prepared.color == "GRAY":
            weights = torch.tensor(LUMA)[:, None, None]
            levels = ((levels * weights).sum(1, keepdim=True) + 32768) // 65536
        elif self.prepared.color == "BGR":
            levels = torch.stack([levels[:, 2], levels[:, 1], levels[:, 0]], dim=1)
        if self.crop is not None and self.prepared.size is not None:
            (top, left), (height, width) = self.crop, self.prepared.size
            levels = levels[..., top : top + height, left : left + width]
        rows = 256 * torch.arange(self.prepared.channels)[:, None, None]
        fed = self.table[levels + rows]
        return fed if self.prepared.layout == "NCHW" else fed.permute(0, 2, 3, 1)


def glue(
    camera: Emulator,
    model: Path,
    source: Source = "raw",
    *,
    sidecar: Path | None = None,
    size: tuple[int, int] | None = None,
    opset: int | None = None,
) -> tuple[ModelProto, tuple[str, ...]]:
    """One ONNX model: the camera without noise, 8-bit rounding, the model's declared preprocessing, the model.

    Args:
        camera: in float32.
        model: ONNX file with one image input; its outputs stay as they are.
        source: what the camera takes, and the input's name (``camera_raw`` ... where the model uses that name itself).
        sidecar: declares the preprocessing; None: the one beside the model, or none.
        size: height and width of the frames; None: those that reach the model without being resized.
        opset: of the result; None: the model's, or the least that the camera can be written in.

    Returns:
        The glued model, and what was assumed of the preprocessing since nobody declared it.

    Raises:
        UnsafeError: the model goes beyond a limit of size, or reaches outside its folder.
        CamsimError: not an ONNX model of one image input; frames that would have to be resized, which ONNX does not do
            as Pillow does; an opset that one of the two cannot have.
    """
    kind = sniff(model)
    if kind is not FileKind.ONNX:
        refuse(model, kind)
    checked = read_onnx(model)
    declared, _ = read_declaration(model, sidecar)
    try:
        wanted = image_input(checked.proto.graph, declared.layout, declared.color)
        prepared, assumed = resolve(declared, wanted)
        frame, crop = _frame_and_crop_of(camera, prepared, size)
        proto = _whole(checked, model)
        proto = _at_opset(proto, opset, wanted, prepared)
    except CamsimError as error:
        lines = "\n".join(f"{model}: {line}" for line in str(error).splitlines())
        raise type(error)(lines) from None
    check_size(camera, frame)
    used = set(_names(proto.graph))
    front = trace(
        PreparedCamera(CameraGraph(camera, source), prepared, crop),
        source if source not in used else _unused(f"camera_{source}", used),
        wanted.name,
        channels=1 if source == "raw" else 3,
        batch=wanted.batch,
        size=frame,
        opset=_opset(proto),
    )
    glued = _join(front, proto, _unused("camera", used))
    about = {
        "model": f"{model.name}, sha256 {hashlib.sha256(model.read_bytes()).hexdigest()}",
        "preprocessing": json.dumps(asdict(prepared)),
        "output": "as the model gives it",
    }
    add_metadata(glued, describe(camera, source) | about)
    try:
        open_session(glued.SerializeToString(), threads=1)
    except Exception as error:  # onnxruntime's errors have no base class of their own
        raise CamsimError(f"{model}: onnxruntime cannot load it with a camera in front: {first_line(error)}") from None
    return glued, assumed


def _frame_and_crop_of(
    camera: Emulator, prepared: ResolvedPreprocess, size: tuple[int, int] | None
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """`frame_and_crop`, where the camera's frame may be of another size than its picture."""
    if not camera.profile.changes_size:
        return frame_and_crop(prepared, size)
    if size is not None:
        return size, frame_and_crop(prepared, camera.output_size(*size))[1]
    picture, crop = frame_and_crop(prepared, None)
    if picture is not None:
        raise CamsimError(
            f"{camera.profile.name} gives pictures of another size than its frames, and the model takes "
            f"{picture[0]}x{picture[1]} (height x width); give the --size of a frame that becomes such a picture"
        )
    return None, crop


def frame_and_crop(
    prepared: ResolvedPreprocess, size: tuple[int, int] | None
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """The camera's frame, and where the model's input lies in it.

    Args:
        prepared: the model's preprocessing.
        size: height and width asked for; None: the least that fits.

    Returns:
        Height and width of the frame (None: any), and top and left of the crop (None: the whole frame).

    Raises:
        CamsimError: a picture of that size would be resized on its way into the model.
    """
    if prepared.size is None:
        if prepared.resize in ("stretch", "keep") and prepared.stride == 1:
            return size, None
        if size is not None and frame_of(size, prepared) == Frame.unchanged(size):
            return size, None
        raise CamsimError(
            f"'resize: {prepared.resize}' with 'stride: {prepared.stride}' changes frames of most sizes, which ONNX "
            f"does not do as camsim does; give a --size that reaches the model as it is"
        )
    height, width = prepared.size
    shorter = prepared.resize_shorter
    tall, wide = size or (prepared.size if shorter is None else (shorter, shorter))
    if prepared.resize == "crop":
        # As in preprocess: a crop of the centre after a resize that must change nothing.
        if shorter is not None:
            fits = min(tall, wide) == shorter
        else:
            fits = (tall == height and wide >= width) or (wide == width and tall >= height)
        if fits:
            return (tall, wide), (round((tall - height) / 2), round((wide - width) / 2))
    elif (tall, wide) == prepared.size:
        return prepared.size, None
    allowed = f"{height}x{width}" if shorter is None else f"frames whose shorter side is {shorter}"
    raise CamsimError(
        f"a frame of {tall}x{wide} (height x width) would be resized on its way into the model, which ONNX does not do "
        f"as Pillow does; leave --size out, or give {allowed}"
    )


def _whole(checked: CheckedModel, path: Path) -> ModelProto:
    """The model with its external data, which `read_onnx` has checked, inside."""
    size = sum(file.stat().st_size for file in (path, *checked.external))
    if size > MAX_BYTES:
        raise CamsimError(f"takes {size} bytes with its external data; the one file of a glued model holds {MAX_BYTES}")
    return with_weights(checked, path)


def _opset(proto: ModelProto) -> int:
    versions = [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")]
    return versions[0] if versions else OPSETS[0]


def _at_opset(proto: ModelProto, opset: int | None, wanted: ImageInput, prepared: ResolvedPreprocess) -> ModelProto:
    """The model at an opset that the camera can be written in too; both share one in one file."""
    own = _opset(proto)
    target = max(own, OPSETS[0]) if opset is None else opset
    if target not in OPSETS or target < own:
        raise CamsimError(f"is of opset {own}; the glued model can be of {max(own, OPSETS[0])} ... {OPSETS[-1]}")
    if target == own:
        return proto
    try:
        converted: ModelProto = version_converter.convert_version(proto, target)
        before, after = (_answer(which, wanted, prepared) for which in (proto, converted))
    except Exception as error:  # neither onnx's converter nor onnxruntime has a base class of errors
        raise CamsimError(
            f"cannot be brought from opset {own} to {target}: {first_line(error)}; export the model "
            f"anew with opset {OPSETS[0]} or later"
        ) from None
    for first, second in zip(before, after, strict=True):
        limit = _SAME * max(1e-30, float(np.abs(first).max(initial=0)))
        if first.shape != second.shape or not np.allclose(first, second, rtol=0, atol=limit, equal_nan=True):
            raise CamsimError(
                f"gives other values once it is brought from opset {own} to {target}; export the model anew with opset "
                f"{OPSETS[0]} or later"
            )
    return converted


def _answer(proto: ModelProto, wanted: ImageInput, prepared: ResolvedPreprocess) -> list[np.ndarray]:
    """What a model makes of noise."""
    shape = (wanted.batch or 1, *(prepared.size or (256, 256)), prepared.channels)
    levels = np.random.default_rng(0).integers(0, 256, shape)
    fed = prepared.table[levels, np.arange(prepared.channels)]
    if prepared.layout == "NCHW":
        fed = fed.transpose(0, 3, 1, 2)
    session = open_session(proto.SerializeToString(), threads=1)
    return [np.asarray(output) for output in session.run(None, {wanted.name: fed})]


def _names(graph: GraphProto) -> Iterator[str]:
    """Every name of a value in a graph and in the graphs inside it."""
    yield from (value.name for value in (*graph.input, *graph.initializer))
    yield from (sparse.values.name for sparse in graph.sparse_initializer)
    for node in graph.node:
        yield from (*node.input, *node.output)
        for attribute in node.attribute:
            for inner in (*attribute.graphs, attribute.g):
                yield from _names(inner)


def _unused(name: str, used: set[str]) -> str:
    while any(other.startswith(name) for other in used):
        name += "_"
    return name


def _join(front: ModelProto, model: ModelProto, prefix: str) -> ModelProto:
    """The front's output has the name of the model's input, so that nothing in the model changes."""
    front = compose.add_prefix(front, f"{prefix}/", rename_inputs=False, rename_outputs=False)
    joined = ModelProto()
    joined.CopyFrom(model)
    joined.ir_version = max(front.ir_version, model.ir_version)
    if not any(entry.domain in ("", "ai.onnx") for entry in joined.opset_import):
        joined.opset_import.append(front.opset_import[0])
    graph = joined.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name in weights]  # how old models list their weights
    nodes = [*front.graph.node, *graph.node]
    del graph.input[:], graph.node[:]
    graph.input.extend([*front.graph.input, *inputs])
    graph.node.extend(nodes)
    graph.initializer.extend(front.graph.initializer)
    return joined
