"""EfficientNet-Lite0 in int8: no package of PyPI or npm was found that brings a classifier in QDQ form."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from audit.camera import open_camera
from audit.data import open_dataset
from audit.demo import export_efficientnet
from audit.models import OnnxNetwork, open_network
from audit.models.preprocess import preprocess
from camsim import catalog
from camsim.atomic import write_bytes


class _Photographs(CalibrationDataReader):
    """The built-in scenes as the reference camera takes them: what ranges are measured on."""

    def __init__(self, network: OnnxNetwork) -> None:
        camera = open_camera(catalog.load("reference/srgb"))
        pictures = (camera.shoot(sample.load(), 0, sample.id) for sample in open_dataset(None).samples)
        self._left = ({network.wanted.name: preprocess(picture, network.prepared)[None]} for picture in pictures)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._left, None)


def quantised_efficientnet(path: Path) -> None:
    """Write it: per channel, activations in uint8, weights in int8, by onnxruntime's static quantiser."""
    with TemporaryDirectory() as folder:
        plain, prepared, made = export_efficientnet(Path(folder)), Path(folder) / "prepared.onnx", Path(folder) / "qdq"
        network = open_network(plain)
        assert isinstance(network, OnnxNetwork)
        quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(made),
            _Photographs(network),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )
        write_bytes(path, made.read_bytes())


def plain_efficientnet(path: Path) -> None:
    """Write the same in float32, as `camsim demo` exports it."""
    with TemporaryDirectory() as folder:
        write_bytes(path, export_efficientnet(Path(folder)).read_bytes())
