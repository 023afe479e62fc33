"""Small networks in the style of well-known ones: the operators of the real ones, few weights."""

from benchmarks.zoo.networks.cnn import Bytes, Cnn
from benchmarks.zoo.networks.convnext import ConvNext
from benchmarks.zoo.networks.efficientnet import EfficientNet
from benchmarks.zoo.networks.mobilenet_v3 import MobileNetV3
from benchmarks.zoo.networks.recurrent import Recurrent
from benchmarks.zoo.networks.resnet import ResNet
from benchmarks.zoo.networks.ssd import Ssd
from benchmarks.zoo.networks.swin import Swin
from benchmarks.zoo.networks.unet import UNet
from benchmarks.zoo.networks.vit import ViT
from benchmarks.zoo.networks.yolo import Yolo

__all__ = [
    "Bytes",
    "Cnn",
    "ConvNext",
    "EfficientNet",
    "MobileNetV3",
    "Recurrent",
    "ResNet",
    "Ssd",
    "Swin",
    "UNet",
    "ViT",
    "Yolo",
]
