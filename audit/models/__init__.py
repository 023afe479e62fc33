"""Models to audit: what is asked of one (model.py), and how a file becomes one (load.py, then an adapter a format)."""

from audit.models.gradient import GradientModel, NoGradient, open_gradient
from audit.models.load import load_model
from audit.models.model import Model
from audit.models.onnx import OnnxModel, load_onnx
from audit.models.preprocess import Preprocess, ResolvedPreprocess, preprocess
from audit.models.sidecar import OVERRIDE, Declaration, Sidecar, find_sidecar, read_class_names, read_declaration
from audit.models.sniff import FileKind, sniff
from audit.models.torch_module import TorchModel

__all__ = [
    "OVERRIDE",
    "Declaration",
    "FileKind",
    "GradientModel",
    "Model",
    "NoGradient",
    "OnnxModel",
    "Preprocess",
    "ResolvedPreprocess",
    "Sidecar",
    "TorchModel",
    "find_sidecar",
    "load_model",
    "load_onnx",
    "open_gradient",
    "preprocess",
    "read_class_names",
    "read_declaration",
    "sniff",
]
