"""The colour filter array."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from camsim.cfa import (
    BAYER,
    CELLS,
    Bayer,
    Cfa,
    bayer,
    cell,
    color_masks,
    flipped,
    letters,
    mosaic,
    named,
    per_site,
    period,
    phases,
    shifted,
    site_index,
)

SIZES = pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 4), (4, 3), (5, 7)], ids="{0[0]}x{0[1]}".format)


@SIZES
def test_sites_are_counted_from_the_top_left(size: tuple[int, int]) -> None:
    y, x = np.indices(size)
    np.testing.assert_array_equal(site_index(*size).numpy(), 2 * (y % 2) + x % 2)
    values = torch.tensor([10.0, 11.0, 12.0, 13.0])
    np.testing.assert_array_equal(per_site(values, *size).numpy(), 10 + 2 * (y % 2) + x % 2)


@SIZES
@pytest.mark.parametrize("cfa", get_args(Bayer))
def test_a_mosaic_keeps_the_colour_that_the_name_says(cfa: Bayer, size: tuple[int, int]) -> None:
    rgb = torch.arange(3.0 * size[0] * size[1]).reshape(1, 3, *size)
    masks = color_masks(cfa, *size, like=rgb)
    raw = mosaic(rgb, cfa)
    assert torch.equal(masks.sum(0), torch.ones(size))
    for y in range(size[0]):
        for x in range(size[1]):
            color = "RGB".index(cfa[2 * (y % 2) + x % 2])
            assert masks[color, y, x] == 1
            assert raw[0, 0, y, x] == rgb[0, color, y, x]


@pytest.mark.parametrize("cfa", get_args(Bayer))
def test_green_lies_on_a_diagonal(cfa: Bayer) -> None:
    red, green, blue = color_masks(cfa, 8, 8, like=torch.ones(1)).sum((-1, -2)).tolist()
    assert (red, green, blue) == (16, 32, 16)


def test_the_masks_follow_dtype() -> None:
    assert color_masks("RGGB", 2, 2, like=torch.ones(1, dtype=torch.float64)).dtype == torch.float64


EVERY = sorted(set().union(*(phases(name) for name in CELLS)))
each = pytest.mark.parametrize("cfa", EVERY)


def grid(cfa: str, height: int, width: int) -> NDArray[np.str_]:
    """Letters of a frame, written out one by one."""
    rows = cell(cfa)
    return np.array([[rows[y % len(rows)][x % len(rows)] for x in range(width)] for y in range(height)])


def test_what_is_known() -> None:
    counts = {name: len(phases(name)) for name in CELLS}
    assert counts == {
        **dict.fromkeys(("RGGB", "BGGR", "GRBG", "GBRG"), 4),
        **dict.fromkeys(("quad-RGGB", "quad-BGGR", "quad-GRBG", "quad-GBRG"), 16),
        **dict.fromkeys(("RCCB", "BCCR", "CRBC", "CBRC"), 4),
        **{"x-trans": 18, "mono": 1, "RGB-IR": 8},
    }
    assert len(EVERY) == 51
    seen = {name: {letter: "".join(rows).count(letter) for letter in letters(name)} for name, rows in CELLS.items()}
    assert seen["x-trans"] == {"R": 8, "G": 20, "B": 8}  # Fujifilm's proportions
    assert seen["RGB-IR"] == {"R": 2, "G": 8, "B": 2, "I": 4}
    assert seen["quad-RGGB"] == {"R": 4, "G": 8, "B": 4}
    assert (letters("mono"), letters("RCCB"), letters("RGB-IR")) == ("C", "RBC", "RGBI")
    assert (period("mono"), period("RCCB"), period("quad-GBRG+1+0"), period("x-trans")) == (1, 2, 4, 6)


def test_x_trans_has_all_colours_in_each_row_and_column() -> None:
    rows = grid("x-trans", 6, 6)
    assert all(set(line) == {"R", "G", "B"} for line in (*rows, *rows.T))


@each
def test_names_go_both_ways(cfa: str) -> None:
    assert named(cell(cfa)) == cfa
    assert TypeAdapter(Cfa).validate_python(cfa) == cfa


@each
@pytest.mark.parametrize("size", [(6, 6), (7, 9), (13, 8)], ids="{0[0]}x{0[1]}".format)
def test_masks_and_mosaics_of_any_array(cfa: str, size: tuple[int, int]) -> None:
    colors = letters(cfa)
    planes = torch.arange(1.0, 1 + len(colors) * size[0] * size[1]).reshape(1, -1, *size)
    raw = mosaic(planes, cfa)[0, 0].numpy()
    masks = color_masks(cfa, *size, like=planes, colors=colors).numpy()
    for index, letter in enumerate(colors):
        here = grid(cfa, *size) == letter
        np.testing.assert_array_equal(masks[index] == 1, here)
        np.testing.assert_array_equal(raw[here], planes[0, index].numpy()[here])


@each
def test_crops_keep_the_phase(cfa: str) -> None:
    whole = grid(cfa, 20, 21)
    for down in range(7):
        for right in range(7):
            np.testing.assert_array_equal(grid(shifted(cfa, down, right), 20 - down, 21 - right), whole[down:, right:])


@each
@pytest.mark.parametrize("size", [(12, 12), (13, 16), (15, 11)], ids="{0[0]}x{0[1]}".format)
def test_flips_keep_the_phase(cfa: str, size: tuple[int, int]) -> None:
    whole = grid(cfa, *size)
    for name, turned in (
        (flipped(cfa, *size, upside_down=True), whole[::-1]),
        (flipped(cfa, *size, left_right=True), whole[:, ::-1]),
        (flipped(cfa, *size, upside_down=True, left_right=True), whole[::-1, ::-1]),
    ):
        np.testing.assert_array_equal(grid(name, *size), turned)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xtrans", r"must be one of RGGB, .*, RGB-IR, .* got 'xtrans'; did you mean 'x-trans'"),
        ("rggb", "got 'rggb'"),
        ("x-trans+3+3", r"x-trans\+3\+3 is the same as x-trans; write x-trans"),
        ("RGGB+0+1", r"RGGB\+0\+1 is the same as GRBG; write GRBG"),
        ("x-trans+1", "must be one of"),
        ("bayer+1+1", "must be one of"),
    ],
)
def test_wrong_names_are_refused(name: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TypeAdapter(Cfa).validate_python(name)


def test_a_bayer_array_is_wanted_as_such() -> None:
    assert [bayer(name) for name in BAYER] == list(BAYER)
    with pytest.raises(ValueError, match=r"needs a Bayer CFA \(RGGB, .*\), got x-trans"):
        bayer("x-trans")
    assert named(("RG", "RG")) is None
