"""What stands in the way of a graph's gradients."""

from __future__ import annotations

from camsim.errors import CamsimError


class UnsupportedOperator(CamsimError):  # noqa: N818  (named for what it says, as the contract of the package has it)
    """An operator, or one of its settings, that has no differentiable form here.

    Only gradients need one: onnxruntime runs the model all the same.
    """
