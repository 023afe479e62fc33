"""Models that torch's two exporters write, in several opsets, as they are, in half precision and quantised."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import nn

from benchmarks.zoo import networks
from benchmarks.zoo.case import Case, Feed
from benchmarks.zoo.seeded import seeded

_PICTURE = Feed((1, 3, 64, 64))
_WIDE = Feed((1, 3, 32, 128))
_BYTES = Feed((1, 64, 64, 3), dtype="uint8")

Make = Callable[[], nn.Module]


def _export(make: Make, feed: Feed, opset: int, dynamo: bool, half: bool, path: Path) -> None:
    network = seeded(make, feed.shape)
    example = torch.from_numpy(feed.array())
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            network.half() if half else network,
            (example.half() if half else example,),
            str(path),
            dynamo=dynamo,
            opset_version=opset,
            input_names=["image"],
            external_data=False,
            verbose=False,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporters warn of themselves, and the newer one that torchvision is missing."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


class _Pictures(CalibrationDataReader):
    """The photograph at a few brightnesses: what activations' ranges are measured on."""

    def __init__(self, feed: Feed) -> None:
        self._left = iter([{"image": (feed.array() * factor).astype(np.float32)} for factor in (0.6, 1.0, 1.3)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._left, None)


def _quantised(make: Make, feed: Feed, opset: int, dynamo: bool, kind: str, path: Path) -> None:
    """``qdq`` and ``qoperator`` by onnxruntime's static quantiser, ``dynamic`` by its other one."""
    with TemporaryDirectory() as folder, _quiet():
        plain, prepared = Path(folder) / "plain.onnx", Path(folder) / "prepared.onnx"
        _export(make, feed, opset, dynamo, False, plain)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        if kind == "dynamic":
            quantize_dynamic(str(prepared), str(path), weight_type=QuantType.QUInt8)
            return
        quantize_static(
            str(prepared),
            str(path),
            _Pictures(feed),
            quant_format=QuantFormat.QDQ if kind == "qdq" else QuantFormat.QOperator,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=kind == "qdq",
        )


def _with_suppression(feed: Feed, opset: int, dynamo: bool, path: Path) -> None:
    """The detector with ONNX's own suppression behind it, as converters append it."""
    _export(networks.Ssd, feed, opset, dynamo, False, path)
    proto = onnx.load(path)
    boxes, scores = (value.name for value in proto.graph.output)
    limits = {"most": np.array([20], np.int64), "overlap": np.array([0.5], np.float32)}
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(value, name) for name, value in limits.items())
    proto.graph.node.append(helper.make_node("NonMaxSuppression", [boxes, scores, *limits], ["selected"]))
    proto.graph.output.append(helper.make_tensor_value_info("selected", TensorProto.INT64, [None, 3]))
    proto.graph.output[0].name, proto.graph.output[1].name = boxes, scores
    onnx.save(proto, path)


def _plain(title: str, make: Make, opset: int, dynamo: bool, feed: Feed = _PICTURE, half: bool = False) -> Case:
    exporter = "dynamo" if dynamo else "TorchScript"
    name = f"{title}{', float16' if half else ''}, {exporter}, opset {opset}"
    return Case(
        name,
        "torch",
        partial(_export, make, feed, opset, dynamo, half),
        Feed(feed.shape, dtype="float16") if half else feed,
    )


def _integers(title: str, make: Make, opset: int, dynamo: bool, kind: str, feed: Feed = _PICTURE) -> Case:
    exporter = "dynamo" if dynamo else "TorchScript"
    name = f"{title}, int8 {kind}, {exporter}, opset {opset}"
    return Case(name, "torch, onnxruntime's quantiser", partial(_quantised, make, feed, opset, dynamo, kind), feed)


_LSTM, _GRU = networks.Recurrent, partial(networks.Recurrent, nn.GRU)

EXPORTS: tuple[Case, ...] = (
    _plain("CNN", networks.Cnn, 13, False),
    _plain("CNN", networks.Cnn, 18, True),
    _plain("CNN", networks.Cnn, 17, False, half=True),
    _integers("CNN", networks.Cnn, 13, False, "qdq"),
    _integers("CNN", networks.Cnn, 13, False, "qoperator"),
    _plain("CNN of NHWC bytes", networks.Bytes, 13, False, _BYTES),
    _plain("CNN of NHWC bytes", networks.Bytes, 19, True, _BYTES),
    _plain("ResNet", networks.ResNet, 13, False),
    _plain("ResNet", networks.ResNet, 20, True),
    _integers("ResNet", networks.ResNet, 18, True, "qdq"),
    _plain("MobileNetV3", networks.MobileNetV3, 14, False),
    _plain("MobileNetV3", networks.MobileNetV3, 21, True),
    _plain("EfficientNet", networks.EfficientNet, 15, False),
    _plain("EfficientNet", networks.EfficientNet, 22, True),
    _plain("U-Net", networks.UNet, 16, False),
    _plain("U-Net", networks.UNet, 23, True),
    _plain("ViT", networks.ViT, 17, False),
    _plain("ViT", networks.ViT, 23, True),
    _plain("ViT", networks.ViT, 18, True, half=True),
    _integers("ViT", networks.ViT, 17, False, "dynamic"),
    _plain("Swin", networks.Swin, 17, False),
    _plain("Swin", networks.Swin, 24, True),
    _plain("ConvNeXt", networks.ConvNext, 17, False),
    _plain("ConvNeXt", networks.ConvNext, 25, True),
    _plain("YOLO-like", networks.Yolo, 13, False),
    _plain("YOLO-like", networks.Yolo, 20, True),
    _plain("SSD-like", networks.Ssd, 14, False),
    Case(
        "SSD-like with suppression, dynamo, opset 18",
        "torch, suppression appended",
        partial(_with_suppression, _PICTURE, 18, True),
        _PICTURE,
    ),
    _plain("CRNN (LSTM)", _LSTM, 17, False, _WIDE),
    _plain("CRNN (LSTM)", _LSTM, 18, True, _WIDE),
    _plain("CRNN (GRU)", _GRU, 13, False, _WIDE),
)
"""Exported from this folder's networks."""
