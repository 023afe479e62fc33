"""What a target of a dataset object means, by its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from audit.data.boxes import fit
from audit.data.class_table import IGNORED
from audit.data.truth import Boxes, ClassMap, Depth, Labels, Shape, Text, Truth, TruthKind, Values
from camsim.errors import CamsimError


def kind_of(target: Any, names: tuple[str, ...] | None) -> Any:
    """Which truth a target is; None: it is none.

    Scores as long as the class names are a class (the highest), unless they are 0s and 1s of which not exactly one
    is 1.

    Raises:
        CamsimError: no form that is known.
    """
    if target is None:
        return None
    if isinstance(target, str):
        return "text"
    if isinstance(target, Image.Image):
        return "class_map"
    if isinstance(target, Mapping) or hasattr(target, "boxes"):
        return "boxes"
    array = _array(target)
    if array.ndim == 0:
        return "class" if array.dtype.kind in "iub" else "values"
    if array.ndim == 1:
        if names is not None and len(array) == len(names):
            is_binary = bool(np.isin(array, (0, 1)).all())
            return "labels" if is_binary and array.sum() != 1 else "class"
        return "values"
    if array.ndim == 2:
        return "class_map" if array.dtype.kind in "iub" else "depth"
    raise CamsimError(f"a target of shape {array.shape} and {array.dtype} is none that is known; choose with truth=")


def class_of(target: Any, where: str) -> int:
    """Number of the class.

    Raises:
        CamsimError: no class.
    """
    array = _array(target)
    if array.ndim == 1 and array.size and np.isfinite(array.astype(np.float64)).all():
        return int(array.argmax())
    if array.ndim == 0 and array.dtype.kind in "iub" and array >= 0:
        return int(array)
    raise CamsimError(f"{where}: its target must be the number of a class or scores, got {str(target)[:60]!r}")


def truth_of(target: Any, kind: TruthKind | None, names: tuple[str, ...] | None, shape: Shape, *, cut: bool) -> Truth:
    """A target as a truth.

    Args:
        target: of one item.
        kind: what it is.
        names: of the classes.
        shape: of the picture.
        cut: whether boxes are cut at the border and useless ones left out.

    Raises:
        CamsimError: it has another form.
    """
    match kind:
        case "text":
            return Text(str(target))
        case "values":
            return Values(np.atleast_1d(_array(target)).astype(np.float64))
        case "labels":
            flags = _array(target)
            if flags.ndim != 1 or names is None or len(flags) != len(names):
                raise CamsimError(f"labels need one 0 or 1 for each of the classes, got shape {flags.shape}")
            return Labels(frozenset(name for name, flag in zip(names, flags, strict=True) if flag > 0.5))
        case "class_map":
            indices = np.asarray(target) if isinstance(target, Image.Image) else _array(target)
            if indices.ndim != 2 or indices.dtype.kind not in "iub":
                raise CamsimError(
                    f"a map of classes is (H, W) of whole numbers, got {indices.shape} of {indices.dtype}"
                )
            return _class_map(indices.astype(np.int64), len(names or ()))
        case "depth":
            metres = _array(target).astype(np.float32)
            return Depth(np.where(metres > 0, metres, np.float32(np.nan)))
        case "boxes":
            return _boxes(target, names or (), shape, cut)
    raise CamsimError(f"a dataset object has no {kind}")


def _class_map(indices: NDArray[np.int64], classes: int) -> ClassMap:
    ignored = (indices == -1) | ((indices == IGNORED) & (classes <= IGNORED))
    wrong = ~ignored & ((indices < 0) | (indices >= classes))
    if wrong.any():
        raise CamsimError(f"{int(wrong.sum())} pixels are of class {int(indices[wrong][0])}, and there are {classes}")
    return ClassMap(np.where(ignored, -1, indices).astype(np.int32))


def _boxes(target: Any, names: tuple[str, ...], shape: Shape, cut: bool) -> Boxes:
    parts = target if isinstance(target, Mapping) else {key: getattr(target, key, None) for key in ("boxes", "labels")}
    if parts.get("boxes") is None or parts.get("labels") is None:
        raise CamsimError(f"a target of objects needs boxes and labels, has {', '.join(map(str, parts))}")
    corners = _array(parts["boxes"]).astype(np.float64).reshape(-1, 4)
    codes = _array(parts["labels"]).reshape(-1)
    if len(codes) != len(corners):
        raise CamsimError(f"{len(corners)} boxes with {len(codes)} labels")
    unknown = [code for code in codes.tolist() if not 0 <= code < len(names)]
    if unknown:
        raise CamsimError(f"a box is of class {unknown[0]}, and there are {len(names)} class names")
    given = parts.get("iscrowd")
    crowd = np.zeros(len(corners), np.bool_) if given is None else _array(given).reshape(-1).astype(np.bool_)
    masks = parts.get("masks")
    drawn = None if masks is None else tuple(np.asarray(mask).astype(np.bool_) for mask in _array(masks))
    kept = np.arange(len(corners))
    if cut:
        fitted = fit(corners, shape)
        corners, kept = fitted.corners[fitted.kept], np.flatnonzero(fitted.kept)
    return Boxes(
        corners=corners,
        names=tuple(names[int(codes[place])] for place in kept),
        crowd=crowd[kept],
        shape=shape,
        masks=None if drawn is None else tuple(drawn[place] for place in kept),
    )


def _array(value: Any) -> NDArray[Any]:
    if isinstance(value, torch.Tensor):
        found: NDArray[Any] = value.detach().cpu().numpy()
        return found
    try:
        array = np.asarray(value)
    except (TypeError, ValueError) as error:
        raise CamsimError(f"a target {str(value)[:60]!r} is no array of numbers") from error
    if array.dtype.kind not in "iufb":
        raise CamsimError(f"a target {str(value)[:60]!r} holds no numbers")
    return array
