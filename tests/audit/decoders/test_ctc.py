"""Greedy CTC against its definition, and the character list."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audit.decoders import CtcDecoder
from audit.decoders.ctc import read_characters
from audit.frame import Frame
from camsim.errors import CamsimError

FRAME = Frame.unchanged((8, 32))


def scores(path: list[int], columns: int, sure: float = 0.9) -> NDArray[np.float64]:
    """(T, C) probabilities whose best are ``path``."""
    rest = (1 - sure) / (columns - 1)
    rows = np.full((len(path), columns), rest)
    rows[np.arange(len(path)), path] = sure
    return rows


def read(values: NDArray[Any], **fields: Any) -> Any:
    return CtcDecoder(**{"holds": "probabilities", "characters": ["a", "b", "c"], **fields}).decode(
        {"out": values}, FRAME
    )


def test_repeats_are_joined_and_blanks_left_out() -> None:
    assert read(scores([0, 1, 1, 0, 1, 2, 2, 3, 0], 4)).text == "aabc"
    assert read(scores([1, 3, 3, 0, 3, 3], 4), blank=-1).text == "ba"
    assert read(scores([1, 0, 4, 2], 5), space=True).text == "a b"


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 3))
def test_it_is_the_definition(path: list[int], blank: int) -> None:
    kept = [index for index, _ in itertools.groupby(path) if index != blank]
    letters = dict(zip([i for i in range(4) if i != blank], "abc", strict=True))
    assert read(scores(path, 4), blank=blank).text == "".join(letters[index] for index in kept)


def test_the_confidence_is_that_of_the_characters() -> None:
    rows = np.concatenate([scores([1], 4, 0.7), scores([0], 4, 0.4), scores([2], 4, 0.9)])
    assert read(rows).confidence == pytest.approx(0.8)
    empty = read(np.concatenate([scores([0], 4, 0.7), scores([0], 4, 0.9)]))
    assert (empty.text, empty.confidence) == ("", pytest.approx(0.8))


def test_logits_and_other_axes_read_the_same() -> None:
    chances = scores([0, 1, 2, 2, 0], 4)
    wanted = read(chances)
    for values in (np.log(chances) + 3, (np.log(chances) + 3)[None], (np.log(chances) + 3)[:, None]):
        found = read(values, holds=None)
        assert found.text == wanted.text
        assert found.confidence == pytest.approx(wanted.confidence)


@pytest.mark.parametrize(
    ("values", "fields", "message"),
    [
        (scores([0], 4), {"holds": None}, "declare 'holds: probabilities'"),
        (scores([0], 4) * 3, {}, "sum to"),
        (scores([0], 5), {}, "space: true"),
        (scores([0], 9), {}, "9 columns, one of them the blank, but there are 3 characters"),
        (scores([0], 4), {"characters": None}, "declare 'characters'"),
        (scores([0], 4), {"blank": 7}, "'blank' is 7"),
        (np.zeros(4), {}, r"scores \(T, C\)"),
        (scores([0], 4) + np.nan, {}, "NaN"),
    ],
)
def test_what_cannot_be_read_is_refused(values: NDArray[Any], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        read(values, **fields)


def test_characters_stand_in_a_file_beside_the_sidecar(tmp_path: Path) -> None:
    (tmp_path / "dict.txt").write_text("a\r\n \n\u3000\né\n", encoding="utf-8", newline="")
    decoder = CtcDecoder(characters="dict.txt").resolved(tmp_path)
    assert decoder.characters == ("a", " ", "\u3000", "é")
    assert CtcDecoder(characters=("x",)).resolved(tmp_path).characters == ("x",)


@pytest.mark.parametrize("name", ["../dict.txt", "/etc/passwd", "", "..", "a\\b"])
def test_no_other_file_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(CamsimError, match="beside the sidecar"):
        read_characters(tmp_path, name)


def test_bad_character_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "gap").write_text("a\n\nb\n")
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, message in {
        "link": "is a link",
        "gap": "without empty lines",
        "empty": "without empty lines",
        "binary": "not UTF-8",
        "none": "cannot be read",
    }.items():
        with pytest.raises(CamsimError, match=message):
            read_characters(tmp_path, name)
