"""ONNX graphs in torch operations, for their gradients alone: inference stays in onnxruntime."""

from audit.models.onnx_graph.errors import UnsupportedOperator
from audit.models.onnx_graph.graph import OnnxGraph, unsupported

__all__ = ["OnnxGraph", "UnsupportedOperator", "unsupported"]
