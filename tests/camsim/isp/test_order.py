"""Which stage may follow which."""

from __future__ import annotations

import pytest

from camsim.isp import Bilinear, BlackLevel, Clip, ColorMatrix, GaussianDenoise, SrgbGamma, UnsharpMask, WhiteBalance
from camsim.isp.order import order_problems

GOOD = [BlackLevel, Bilinear, WhiteBalance, ColorMatrix, SrgbGamma]


@pytest.mark.parametrize(
    "chain",
    [
        GOOD,
        [BlackLevel, Clip, Bilinear, SrgbGamma],
        [BlackLevel, Bilinear, UnsharpMask, SrgbGamma, UnsharpMask, Clip, GaussianDenoise],
    ],
)
def test_sensible_chains_pass(chain: list[type]) -> None:
    assert order_problems(chain) == []


@pytest.mark.parametrize(
    ("chain", "indices", "text"),
    [
        (
            [Bilinear, SrgbGamma],
            [0],
            "takes a linear mosaic, but the sensor gives digital numbers; put it after",
        ),
        ([BlackLevel, BlackLevel, Bilinear, SrgbGamma], [1], "black_level takes digital numbers"),
        ([BlackLevel, WhiteBalance, Bilinear, SrgbGamma], [1, 2], "white_balance takes linear RGB"),
        ([BlackLevel, Bilinear, Bilinear, SrgbGamma], [2], "demosaic takes a linear mosaic"),
        ([BlackLevel, Bilinear, SrgbGamma, ColorMatrix], [3], "color_matrix takes linear RGB, but isp[2] gamma gives"),
        ([BlackLevel, Bilinear, SrgbGamma, SrgbGamma], [3], "gamma takes linear RGB"),
        ([Clip, BlackLevel, Bilinear, SrgbGamma], [0], "clip takes"),
        ([BlackLevel, Clip, WhiteBalance, SrgbGamma], [2], "linear RGB, but isp[1] clip gives a linear mosaic"),
        ([BlackLevel, Bilinear], [1], "the chain ends with linear RGB"),
        ([BlackLevel], [0], "the chain ends with a linear mosaic"),
    ],
)
def test_others_are_refused_where_they_break(chain: list[type], indices: list[int], text: str) -> None:
    problems = order_problems(chain)
    assert [place for place, _ in problems] == indices
    assert text in problems[0][1]


def test_an_unknown_stage_hides_nothing_and_blames_nobody() -> None:
    assert order_problems([BlackLevel, None, WhiteBalance, SrgbGamma]) == []
    problems = order_problems([BlackLevel, None, WhiteBalance, SrgbGamma, WhiteBalance, SrgbGamma])
    assert [index for index, _ in problems] == [4]


def test_several_problems_come_at_once() -> None:
    problems = order_problems([Bilinear, BlackLevel, Bilinear, SrgbGamma])
    assert [index for index, _ in problems] == [0, 1]
