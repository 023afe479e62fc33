"""ONNX models, run by onnxruntime on the CPU: pictures in, all outputs out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto

from audit.decoders.decoder import Decoder
from audit.frame import Frame
from audit.models.fit import frame_of
from audit.models.graph import (
    ClassOutput,
    array_outputs,
    class_output,
    image_input,
    output_shapes,
    size_dtype,
    states_batch,
)
from audit.models.metadata import read_metadata, with_stated
from audit.models.preprocess import ResolvedPreprocess, preprocess
from audit.models.resolve import resolve
from audit.models.safety import CheckedModel, Limits, read_onnx
from audit.models.session import first_line, open_session
from audit.models.sidecar import Declaration, read_declaration
from camsim.errors import CamsimError

_TRIED = 256
"""Height and width of what a model of any size is tried on."""


@dataclass(frozen=True)
class SizeInput:
    """A second input, which takes the size of the image input."""

    name: str
    dtype: str
    axes: int
    order: Literal["height_width", "width_height"]

    def of(self, size: tuple[int, int], batch: int) -> NDArray[Any]:
        """What it is fed for images of ``size`` (height, width)."""
        row = np.array(size if self.order == "height_width" else size[::-1], dtype=self.dtype)
        return row if self.axes == 1 else np.tile(row, (batch, 1))


@dataclass(frozen=True)
class OnnxFile:
    """A checked file and what is declared about it."""

    path: Path
    checked: CheckedModel
    given: Declaration
    sidecar: Path | None
    sha256: str
    external_sha256: Mapping[str, str]


class OnnxNetwork:
    """A network in ONNX form; see `audit.models.network.Network`. Its operators cannot run foreign code, and no custom
    operators are loaded; onnxruntime opens it when it is first run.

    Results for an image do not depend on the images given beside it: it is run one image at a time, and one of a fixed
    batch N > 1 on N copies of the image.
    """

    def __init__(self, file: OnnxFile) -> None:
        """
        Raises:
            CamsimError: its input is no image, or what is declared contradicts it.
        """
        graph = file.checked.proto.graph
        given = file.given
        try:
            self.wanted = image_input(graph, given.layout, given.color, given.size_input, without_batch=True)
            self.metadata = _metadata(file.checked.proto)
            stated = read_metadata(self.metadata, self.wanted, output_shapes(graph))
            self.declared, self.from_model = with_stated(given, stated)
            self.prepared, assumed = resolve(self.declared, self.wanted)
            self._size = _size_input(graph, self.declared, self.prepared)
        except CamsimError as error:
            lines = "\n".join(f"{file.path}: {line}" for line in str(error).splitlines())
            raise type(error)(lines) from None
        self.assumed = (*assumed, *(f"not {text}" for text in stated.unread))
        self.path = file.path.absolute()
        self.name = file.path.name
        self.classes = self.declared.classes
        self.decoder: Decoder | None = self.declared.decoder
        self.task = self.declared.task or (None if self.decoder is None else self.decoder.task)
        self.output_names = array_outputs(graph)
        self.batch = self.wanted.batch or 1
        self._class_output = _class_output(graph, self.declared.output)
        self._batched: dict[str, bool | None] = {
            name: states_batch(graph, self.wanted.name, name) if self.wanted.batched else False
            for name in self.output_names
        }
        self._opset = {entry.domain or "ai.onnx": entry.version for entry in file.checked.proto.opset_import}
        self._file_sha256 = file.sha256
        self._external_sha256 = dict(file.external_sha256)
        self._sidecar = file.sidecar
        self.sha256 = self.digest({"preprocessing": self.prepared.stated(), "size_input": self.declared.size_input})

    def digest(self, settings: Mapping[str, object]) -> str:
        """SHA-256 of the file, its external data and these settings together."""
        whole = {"file": self._file_sha256, "external": self._external_sha256, "settings": settings}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()

    def class_output(self) -> ClassOutput:
        """The output that holds one number a class.

        Raises:
            CamsimError: there is none.
        """
        if isinstance(self._class_output, CamsimError):
            raise type(self._class_output)(f"{self.path}: {self._class_output}")
        return self._class_output

    def load(self) -> None:
        """Open it in onnxruntime now.

        Raises:
            CamsimError: onnxruntime cannot load it.
        """
        assert self._session

    @cached_property
    def _session(self) -> ort.InferenceSession:
        try:
            return open_session(self.path, torch.get_num_threads())
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise CamsimError(f"{self.path}: onnxruntime cannot load it: {first_line(error)}") from None

    def run(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Mapping[str, NDArray[Any]]]:
        """All outputs of each picture (H, W, 3), RGB, 0..255; see Network."""
        if not pictures:
            raise CamsimError("no images were given to the model")
        self._settle_batched()
        found: list[Mapping[str, NDArray[Any]]] = []
        room: NDArray[np.generic] | None = None
        for picture in pictures:
            room = preprocess(picture, self.prepared, room)
            found.append(self._first(self.feed(room, self.output_names)))
        return found

    def feed(self, array: NDArray[np.generic], names: Sequence[str]) -> list[NDArray[Any]]:
        """The outputs ``names`` for a batch of copies of one prepared image, as the model gives them.

        Raises:
            CamsimError: onnxruntime fails.
        """
        batch = array[None] if self.wanted.batched else array
        if self.batch > 1:
            batch = np.repeat(batch, self.batch, axis=0)
        feeds = {self.wanted.name: batch}
        if self._size is not None:
            fed = array.shape[1:] if self.wanted.layout == "NCHW" else array.shape[:2]
            feeds[self._size.name] = self._size.of((fed[0], fed[1]), self.batch)
        session = self._session
        try:
            outputs: list[NDArray[Any]] = session.run(list(names), feeds)
        except Exception as error:  # onnxruntime's errors have no base class of their own
            raise CamsimError(f"{self.name}: onnxruntime cannot run it: {first_line(error)}") from None
        return outputs

    def frame(self, shape: tuple[int, int]) -> Frame:
        """How a picture of ``shape`` (height, width) is laid into the model's input."""
        return frame_of(shape, self.prepared)

    def describe(self) -> dict[str, object]:
        """JSON-able; see Network."""
        return self.facts() | {
            "outputs": list(self.output_names),
            "assumed": list(self.assumed),
        }

    def facts(self) -> dict[str, object]:
        """What `describe` says of all but the outputs."""
        copies = f", {self.batch} copies of it" if self.batch > 1 else ""
        return {
            "preprocessing": self.prepared.stated(),
            "format": "ONNX",
            "opset": dict(self._opset),
            "file_sha256": self._file_sha256,
            "input": self.wanted.stated(),
            "run": f"one image at a time{copies}",
            "sidecar": None if self._sidecar is None else self._sidecar.name,
        } | ({"from_model": list(self.from_model)} if self.from_model else {})

    def _first(self, outputs: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Without the batch axis, where there is one."""
        found = {}
        for name, array in zip(self.output_names, outputs, strict=True):
            begins = bool(self._batched[name]) and array.ndim > 0 and array.shape[0] == self.batch
            # With a fixed batch of one the whole is the picture's: recurrent readers of text put time first, whatever
            # their graph states.
            if self._batched[name] and not begins and self.wanted.batch != 1:
                raise CamsimError(
                    f"{self.name}: output {name!r} gave {array.shape}, which does not begin with the batch of "
                    f"{self.batch}; camsim cannot tell which part belongs to the picture"
                )
            found[name] = array[0] if begins else array
        return found

    def _settle_batched(self) -> None:
        """Where the graph does not tell whether an output has a batch axis, two pictures of different content do."""
        unknown = [name for name, batched in self._batched.items() if batched is None]
        if not unknown:
            return
        size = self.prepared.size or (_TRIED, _TRIED)
        noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
        try:
            tried = [
                self.feed(preprocess(picture, self.prepared), unknown)
                for picture in (np.full((*size, 3), 128, dtype=np.uint8), noise)
            ]
        except CamsimError:
            # A model of any size need not run at this one.
            if self.prepared.size is not None:
                raise
            tried = []
        for index, name in enumerate(unknown):
            shapes = [outputs[index].shape for outputs in tried]
            self._batched[name] = all(shape[:1] == (self.batch,) for shape in shapes)


def read_onnx_file(
    path: Path, sidecar: Path | None, overrides: Mapping[str, object] | None, limits: Limits | None = None
) -> OnnxFile:
    """Check an ONNX file and read what is declared about it.

    Raises:
        UnsafeError: it goes beyond a limit, or reaches outside its folder.
        CamsimError: it is not an ONNX model, or its sidecar is wrong.
    """
    checked = read_onnx(path, limits)
    declared, used = read_declaration(path, sidecar, overrides)
    try:
        file = _digest(path)
        external = {str(part.relative_to(path.parent)): _digest(part) for part in checked.external}
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from None
    return OnnxFile(path, checked, declared, used, file, external)


def _metadata(proto: ModelProto) -> dict[str, str]:
    # protobuf hands over what is not UTF-8 as bytes.
    return {entry.key: entry.value for entry in proto.metadata_props if isinstance(entry.value, str)}


def _class_output(graph: GraphProto, wanted: str | None) -> ClassOutput | CamsimError:
    try:
        return class_output(graph, wanted)
    except CamsimError as error:
        return error


def _size_input(graph: GraphProto, declared: Declaration, prepared: ResolvedPreprocess) -> SizeInput | None:
    name, order = declared.size_input, declared.size_order
    if name is None:
        return None
    dtype, axes = size_dtype(graph, name)
    square = prepared.size is not None and prepared.size[0] == prepared.size[1]
    if order is None and not square:
        raise CamsimError(
            f"size_order: must be declared, as the image input is not square: does {name!r} take height_width (as "
            f"YOLOv3 does) or width_height (as RT-DETR does)?"
        )
    return SizeInput(name, dtype, axes, order or "height_width")


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
