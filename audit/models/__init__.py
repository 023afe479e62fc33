"""Models to audit: what is asked of one (model.py), and how a file becomes one (load.py, then an adapter a format)."""

from audit.models.gradient import GradientModel, NoGradient, open_gradient
from audit.models.load import as_classifier, load_model, open_network
from audit.models.model import Model
from audit.models.network import Network
from audit.models.onnx import OnnxModel, load_onnx
from audit.models.onnx_network import OnnxNetwork
from audit.models.preprocess import Preprocess, ResolvedPreprocess, preprocess
from audit.models.sidecar import OVERRIDE, Declaration, Sidecar, find_sidecar, read_class_names, read_declaration
from audit.models.sniff import FileKind, sniff
from audit.models.torch_module import TorchModel
from audit.models.torch_network import TorchNetwork
from audit.models.trust import Trust
from audit.models.understand import Understanding, understand

__all__ = [
    "OVERRIDE",
    "Declaration",
    "FileKind",
    "GradientModel",
    "Model",
    "Network",
    "NoGradient",
    "OnnxModel",
    "OnnxNetwork",
    "Preprocess",
    "ResolvedPreprocess",
    "Sidecar",
    "TorchModel",
    "TorchNetwork",
    "Trust",
    "Understanding",
    "as_classifier",
    "find_sidecar",
    "load_model",
    "load_onnx",
    "open_gradient",
    "open_network",
    "preprocess",
    "read_class_names",
    "read_declaration",
    "sniff",
    "understand",
]
