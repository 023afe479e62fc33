"""Functions of pictures as networks: any Python callable, and models with the protocols of MAITE."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.decoders.decoder import Decoder
from audit.frame import Frame
from audit.models.fit import frame_of
from audit.models.named import named_outputs, to_array
from audit.models.preprocess import ImageInput, ResolvedPreprocess, preprocess
from audit.models.resolve import resolve
from audit.models.session import first_line
from audit.models.sidecar import Declaration, declaration_of
from camsim.errors import CamsimError

Picture = NDArray[np.uint8]

_TRIED = 224


class CallableNetwork:
    """Any function of a picture (H, W, 3), RGB, 0..255, as uint8, which does everything itself.

    It gives an array, several in a tuple or list, or a dict of them, of this picture alone: without a batch axis.
    """

    def __init__(
        self,
        function: Callable[[Picture], object],
        name: str,
        declared: Declaration | Mapping[str, object] | None = None,
        sha256: str | None = None,
    ) -> None:
        """
        Args:
            function: the model.
            name: what reports call it.
            declared: keys of a sidecar other than those of preprocessing: ``task``, ``decoder``, ``classes`` ...
            sha256: of everything that decides its answers; None: of its source code, as far as Python shows it, which
                is reported.

        Raises:
            CamsimError: preprocessing is declared, which is the function's own business.
        """
        self.name = name
        self.function = function
        self.declared = declared if isinstance(declared, Declaration) else declaration_of(declared or {}, name)
        _refuse_preprocessing(self.declared, name)
        self.classes = self.declared.classes
        self.decoder: Decoder | None = self.declared.decoder
        self.task = self.declared.task or (None if self.decoder is None else self.decoder.task)
        self.assumed: tuple[str, ...] = () if sha256 else ("sha256 of the function's source code alone",)
        self.sha256 = sha256 or _source_digest(function)

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """Those for a grey picture."""
        return tuple(self._outputs(np.full((_TRIED, _TRIED, 3), 128, dtype=np.uint8)))

    def run(self, pictures: Sequence[Picture]) -> list[Mapping[str, NDArray[Any]]]:
        """All outputs of each picture; see Network."""
        if not pictures:
            raise CamsimError("no images were given to the model")
        return [self._outputs(picture) for picture in pictures]

    def frame(self, shape: tuple[int, int]) -> Frame:
        """The picture itself."""
        return Frame.unchanged(shape)

    def describe(self) -> dict[str, object]:
        """JSON-able; see Network."""
        return {
            "format": "Python function",
            "input": {"name": "picture", "dtype": "uint8", "layout": "HWC", "color": "RGB"},
            "run": "one image at a time",
            "outputs": list(self.output_names),
            "assumed": list(self.assumed),
        }

    def _outputs(self, picture: Picture) -> dict[str, NDArray[Any]]:
        # A copy: the function may keep or change what it is given, and planes are put together.
        given = _called(self.name, self.function, np.array(picture, order="C"))
        return {name: to_array(tensor) for name, tensor in _named(self.name, given).items()}


class MaiteNetwork:
    """A model with MAITE's protocols (github.com/mit-ll-ai-technology/maite): called with a batch of arrays (C, H, W).

    It gives an array for each image, or an object with ``boxes``, ``labels`` and ``scores``. Without declared scale,
    mean or std it is fed the pixels 0..255 as uint8, with them float32.
    """

    def __init__(
        self,
        model: Callable[[Sequence[Any]], Sequence[Any]],
        declared: Declaration | Mapping[str, object] | None = None,
    ) -> None:
        """
        Args:
            model: callable, with a ``metadata`` dict that has an ``id``, and maybe ``index2label``.
            declared: the keys of a sidecar.

        Raises:
            CamsimError: what is wrong in ``declared``.
        """
        metadata: Mapping[str, Any] = model.metadata  # type: ignore[attr-defined]
        self.name = str(metadata["id"])
        self.model = model
        given = declared if isinstance(declared, Declaration) else declaration_of(declared or {}, self.name)
        self.from_model: tuple[str, ...] = ()
        labels = metadata.get("index2label")
        if given.classes is None and isinstance(labels, Mapping) and labels:
            names = declaration_of({"classes": _ordered(labels, self.name)}, self.name).classes
            given = given.model_copy(update={"classes": names})
            self.from_model = ("classes",)
        self.declared = given
        floats = any(value is not None for value in (given.scale, given.mean, given.std))
        channels = None if given.color is None else 1 if given.color == "GRAY" else 3
        dtype = "float32" if floats else "uint8"
        self.wanted = ImageInput("images", dtype, given.layout or "NCHW", None, channels, None, None)  # type: ignore[arg-type]
        self.prepared: ResolvedPreprocess
        self.prepared, assumed = resolve(given, self.wanted)
        self.assumed = (*assumed, "sha256 of the model's id and source code alone")
        self.classes = given.classes
        self.decoder: Decoder | None = given.decoder
        self.task = given.task or (None if self.decoder is None else self.decoder.task)
        parts = [self.name, _source_digest(type(model)), self.prepared.stated()]
        self.sha256 = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """Those for a grey picture."""
        size = self.prepared.size or (_TRIED, _TRIED)
        return tuple(self._outputs(np.full((*size, 3), 128, dtype=np.uint8)))

    def run(self, pictures: Sequence[Picture]) -> list[Mapping[str, NDArray[Any]]]:
        """All outputs of each picture; see Network."""
        if not pictures:
            raise CamsimError("no images were given to the model")
        return [self._outputs(picture) for picture in pictures]

    def frame(self, shape: tuple[int, int]) -> Frame:
        """How a picture of ``shape`` (height, width) is laid into the model's input."""
        return frame_of(shape, self.prepared)

    def describe(self) -> dict[str, object]:
        """JSON-able; see Network."""
        return {
            "format": "MAITE model",
            "run": "one image at a time",
            "preprocessing": self.prepared.stated(),
            "outputs": list(self.output_names),
            "assumed": list(self.assumed),
            **({"from_model": list(self.from_model)} if self.from_model else {}),
        }

    def _outputs(self, picture: Picture) -> dict[str, NDArray[Any]]:
        given = _called(self.name, self.model, [preprocess(picture, self.prepared)])
        one: Any
        try:
            (one,) = given  # type: ignore[misc]
        except (TypeError, ValueError):
            raise CamsimError(f"{self.name}: a batch of one image must give a sequence of one answer") from None
        if all(hasattr(one, part) for part in ("boxes", "labels", "scores")):
            one = {part: np.asarray(getattr(one, part)) for part in ("boxes", "labels", "scores")}
        elif not isinstance(one, Mapping):
            one = np.asarray(one)
        return {name: to_array(tensor) for name, tensor in _named(self.name, one).items()}


def is_maite(model: object) -> bool:
    """Whether a model has MAITE's protocols: it can be called, and its ``metadata`` has an ``id``."""
    metadata = getattr(model, "metadata", None)
    return callable(model) and isinstance(metadata, Mapping) and "id" in metadata


def _called(name: str, function: Callable[[Any], object], argument: object) -> object:
    try:
        return function(argument)
    except CamsimError:
        raise
    except Exception as error:  # a function may raise anything
        raise CamsimError(f"{name}: fails on a picture: {type(error).__name__}: {first_line(error)}") from None


def _named(name: str, given: object) -> dict[str, Any]:
    try:
        outputs, _ = named_outputs(given)
    except CamsimError as error:
        raise CamsimError(f"{name}: the model {error}") from None
    return outputs


def _ordered(labels: Mapping[Any, Any], name: str) -> list[str]:
    if sorted(labels) != list(range(len(labels))):
        raise CamsimError(f"{name}: metadata['index2label'] must be numbered 0, 1, 2 ... without gaps")
    return [str(labels[index]) for index in range(len(labels))]


def _refuse_preprocessing(declared: Declaration, name: str) -> None:
    from audit.models.preprocess import Preprocess

    given = [key for key in Preprocess.model_fields if getattr(declared, key) is not None]
    if given:
        raise CamsimError(
            f"{name}: {given[0]}: a function is given the pictures as they are and prepares them itself; remove it, or "
            f"make the model an nn.Module"
        )


def _source_digest(function: object) -> str:
    try:
        text = inspect.getsource(function)  # type: ignore[arg-type]
    except (OSError, TypeError):
        text = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', type(function).__qualname__)}"
    return hashlib.sha256(text.encode()).hexdigest()
