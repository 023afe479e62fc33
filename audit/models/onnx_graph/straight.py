"""Straight-through gradients: what rounds, rounds forward; backward it is as though it did not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

_UNROUNDED = ContextVar("unrounded", default=False)


@contextmanager
def unrounded() -> Iterator[None]:
    """Within it, what has a gradient is not rounded forward either.

    That is the smooth function whose gradient is taken. Finite differences can be compared with it alone: across a
    step they are zero or without bound.
    """
    token = _UNROUNDED.set(True)
    try:
        yield
    finally:
        _UNROUNDED.reset(token)


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor:
        return rounding(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


def straight_through(x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor:
    """``rounding(x)`` with the gradient of ``x`` itself (Bengio et al. 2013, arXiv:1308.3432)."""
    if not x.requires_grad:
        return rounding(x)
    result: Tensor = x if _UNROUNDED.get() else _StraightThrough.apply(x, rounding)  # type: ignore[no-untyped-call]
    return result


def settle(whole: Tensor, dtype: torch.dtype) -> Tensor:
    """Whole numbers that lie in a floating-point tensor, in their own type ``dtype``.

    Those with a gradient stay where they are, as torch has gradients of floating-point numbers only: an operator that
    takes quantised numbers must take them in both forms.
    """
    return whole if whole.requires_grad else whole.to(dtype)
