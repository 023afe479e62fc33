"""onnxruntime, opened so that neither a model nor the environment decides how."""

from __future__ import annotations

import re
from pathlib import Path

import onnxruntime as ort

_ERROR = 3
"""onnxruntime's log level: errors only."""


def open_session(model: Path | bytes, threads: int) -> ort.InferenceSession:
    """A session on the CPU.

    Args:
        model: a checked ONNX file, or one in memory.
        threads: for one operator.

    Raises:
        Exception: onnxruntime cannot load it; its errors have no base class of their own. See `first_line`.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _ERROR
    options.use_deterministic_compute = True
    # Workers that spin between pictures take the core that the next picture is made on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Without it, INT8 models saturate silently on CPUs without VNNI, and differ between machines.
    options.add_session_config_entry("session.x64quantprecision", "1")
    # Otherwise the suffix decides, and .ort is read as another format.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return ort.InferenceSession(
        model if isinstance(model, bytes) else str(model),
        options,
        providers=["CPUExecutionProvider"],
        enable_fallback=0,  # it would print to stdout and try the same again
        read_config_from_model=0,  # whatever the environment says: the model does not set the options
    )


def first_line(error: Exception) -> str:
    """What onnx or onnxruntime says, short and printable: part of it comes from the model."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    line = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", line)
    return "".join(char if char.isprintable() else "?" for char in line)[:400]
