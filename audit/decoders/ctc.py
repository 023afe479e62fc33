"""Text recognition by connectionist temporal classification (Graves et al., ICML 2006), read greedily."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, Strict

from audit.decoders.decoder import Decoder
from audit.decoders.reading import distributions, pick, shape_error
from audit.frame import Frame
from audit.predictions import Reading
from camsim.errors import CamsimError

MAX_CHARACTERS = 200_000
MAX_BYTES = 4 << 20

Characters = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=32)], ...], Strict(False)]


class CtcDecoder(Decoder):
    """(T, C) scores of C characters at T places: the best at each, repeats joined, blanks left out.

    The confidence is the mean probability of the places that gave a character, as PP-OCR says it; of an empty reading
    that of the blanks.
    """

    task: ClassVar[str] = "text"

    kind: Literal["ctc"] = "ctc"
    output: str | None = None
    """Name of the output; needed where the model has several."""
    holds: Literal["logits", "probabilities"] | None = None
    """What the output holds; None: logits."""
    blank: int = 0
    """Index of the blank; -1: the last."""
    characters: str | Characters | None = None
    """All but the blank, in the order of the output; or the name of a text file beside the sidecar, one a line. None:
    those that the model states."""
    space: bool = False
    """A space follows the last of ``characters`` (PP-OCR's ``use_space_char``)."""

    def resolved(self, folder: Path) -> Self:
        """With the characters of the file that it names.

        Raises:
            CamsimError: the file is not beside the sidecar, or cannot be read.
        """
        if not isinstance(self.characters, str):
            return self
        return self.model_copy(update={"characters": read_characters(folder, self.characters)})

    def assumed(self) -> tuple[str, ...]:
        return () if self.holds else ("output holds logits",)

    def decode(self, outputs: Mapping[str, NDArray[Any]], frame: Frame) -> Reading:
        name, values = pick(outputs, self.output)
        if values.ndim == 3 and 1 in values.shape[:2]:  # (1, T, C), or (T, 1, C) of models that put time first
            values = values.reshape(-1, values.shape[-1])
        if values.ndim != 2 or values.size == 0:
            raise shape_error(name, values, "scores (T, C)")
        alphabet = self.alphabet(name, values.shape[1])
        chances = distributions(name, values, self.holds, axis=1)
        best, sure = chances.argmax(axis=1), chances.max(axis=1)
        blank = self.blank % values.shape[1]
        kept = (best != blank) & np.concatenate([[True], best[1:] != best[:-1]])
        text = "".join(alphabet[index - (index > blank)] for index in best[kept])
        return Reading(text, float(sure[kept].mean() if kept.any() else chances[:, blank].mean()))

    def alphabet(self, name: str, columns: int) -> tuple[str, ...]:
        if not isinstance(self.characters, tuple):
            raise CamsimError(
                "the model states no characters: declare 'characters' in decoder, a list or the name of a text file "
                "beside the sidecar"
            )
        if not -1 <= self.blank < columns:
            raise CamsimError(f"'blank' is {self.blank}, but output {name!r} has {columns} columns")
        alphabet = (*self.characters, " ") if self.space else self.characters
        if len(alphabet) != columns - 1:
            hint = "; declare 'space: true' if a space follows them" if len(alphabet) == columns - 2 else ""
            raise CamsimError(
                f"output {name!r} has {columns} columns, one of them the blank, but there are {len(alphabet)} "
                f"characters{hint}"
            )
        return alphabet


def read_characters(folder: Path, name: str) -> tuple[str, ...]:
    """Characters from a text file in a folder, one a line; a line may hold a space.

    Raises:
        CamsimError: it is not in the folder itself, is a link, or cannot be read.
    """
    # A sidecar comes with a model from elsewhere: it must not make camsim read any other file.
    path = folder / name
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise CamsimError(f"characters must be the name of a file beside the sidecar, without a folder; got {name!r}")
    if path.is_symlink():
        raise CamsimError(f"{path} is a link; put the file itself beside the sidecar")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise CamsimError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise CamsimError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    if len(data) > MAX_BYTES:
        raise CamsimError(f"{path}: is longer than {MAX_BYTES} bytes")
    # str.splitlines would also split at characters that are part of the list, such as U+3000's neighbours.
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if not lines or len(lines) > MAX_CHARACTERS or not all(lines):
        raise CamsimError(f"{path}: must list 1 to {MAX_CHARACTERS} characters, one a line, without empty lines")
    return tuple(lines)
