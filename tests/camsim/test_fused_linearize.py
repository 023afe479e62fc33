"""The curve of a readout on the fused path, as knots at any distances and as an even table."""

from __future__ import annotations

import pytest
import torch

import camsim
from camsim.errors import CamsimError
from camsim.kernels import run

from .fusing import BILINEAR, BLACK, CCM, CLIP, MALVAR, PHASES, SRGB, WB, StageDict, chain, clip, developed, mosaic
from .test_fused_gradient import assert_gradients_agree

# What torch says of itself when torch.func.jvp is first used.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

COMPANDED: StageDict = {"kind": "linearize", "given": [0, 1024, 1920, 4095], "linear": [0, 1024, 8192, 131071]}


def even(count: int, first: float = 0, last: float = 4095) -> StageDict:
    """A table of squares from ``first`` to ``last``."""
    given = torch.linspace(first, last, count, dtype=torch.float64)
    return {"kind": "linearize", "given": given.tolist(), "linear": (given**2 / 512 + given).tolist()}


def uneven(count: int) -> StageDict:
    given = 4095 * torch.linspace(0, 1, count, dtype=torch.float64) ** 2
    return {"kind": "linearize", "given": given.tolist(), "linear": (given**1.5 / 16).tolist()}


CHAINS: dict[str, list[StageDict]] = {
    "companded": [COMPANDED, BLACK, BILINEAR, WB, CCM, CLIP, SRGB],
    "two knots": [{"kind": "linearize", "given": [100, 3000], "linear": [90, 4000]}, BLACK, MALVAR, WB, SRGB],
    "not from 0, clipped": [even(7, 200, 2000), BLACK, clip(0.05, 0.4), BILINEAR, SRGB],
    "as many as there are": [uneven(33), BLACK, clip(0.0, 1.0), MALVAR, WB, CLIP, SRGB],
    "a table": [even(4096), BLACK, BILINEAR, WB, CLIP, SRGB],
}
each_chain = pytest.mark.parametrize("stages", CHAINS.values(), ids=CHAINS)


@each_chain
@pytest.mark.parametrize("size", [(2, 2), (3, 2), (5, 7), (4, 33), (17, 40)], ids="{0[0]}x{0[1]}".format)
def test_agrees_with_float64(stages: list[StageDict], size: tuple[int, int]) -> None:
    for cfa in PHASES:
        profile = chain(*stages, cfa=cfa)
        raw = mosaic(chain(BLACK, BILINEAR, SRGB), 2, *size, low=-0.06, high=1.0)
        exact = developed(profile, raw.double(), dtype=torch.float64)
        error = (developed(profile, raw, fused=True) - exact).abs()
        assert error[exact > 0.25].max() <= 2e-6
        assert error.max() <= 4e-6  # near black, where the curve of an encoding is steep
        whole = raw.round()
        integers = developed(profile, whole.to(torch.uint16), fused=True)
        assert torch.equal(integers, developed(profile, whole, fused=True))


@pytest.mark.parametrize("name", [name for name in CHAINS if name != "a table"])
@pytest.mark.parametrize("size", [(2, 2), (5, 7), (15, 33)], ids="{0[0]}x{0[1]}".format)
def test_gradients_agree_with_float64(name: str, size: tuple[int, int]) -> None:
    profile = chain(*CHAINS[name], cfa="GBRG")
    raw = mosaic(chain(BLACK, BILINEAR, SRGB), 2, *size, low=0.1, high=0.9, seed=1)
    assert_gradients_agree(profile, raw)


def test_gradients_of_a_table() -> None:
    """Each number of it belongs to a few pixels, whose gradients then are the sums."""
    profile = chain(even(512, 0, 4088), BLACK, BILINEAR, SRGB)  # a knot every 8 DN
    assert_gradients_agree(profile, mosaic(chain(BLACK, BILINEAR, SRGB), 1, 9, 20, low=0.1, high=0.9))


@each_chain
def test_tiles_do_not_show(stages: list[StageDict], monkeypatch: pytest.MonkeyPatch) -> None:
    profile = chain(*stages, cfa="GRBG")
    raw = mosaic(chain(BLACK, BILINEAR, SRGB), 2, 33, 75)
    whole = developed(profile, raw, fused=True)
    monkeypatch.setattr(run, "TILE_HEIGHT", 10)
    monkeypatch.setattr(run, "TILE_WIDTH", 32)
    monkeypatch.setattr(run, "SMALLEST_TILE", 1)
    assert torch.equal(developed(profile, raw, fused=True), whole)


def test_a_curve_of_too_many_pieces_is_refused() -> None:
    profile = chain(uneven(34), BLACK, BILINEAR, SRGB)
    with pytest.raises(CamsimError, match="33 pieces at uneven distances"):
        camsim.compile(profile, fused=True).develop(mosaic(profile, 1, 4, 4, low=0.1, high=0.2))


def test_a_second_curve_is_refused() -> None:
    profile = chain(COMPANDED, COMPANDED, BLACK, BILINEAR, SRGB)
    with pytest.raises(CamsimError, match="only the first linearize"):
        camsim.compile(profile, fused=True).develop(torch.full((1, 1, 4, 4), 1000.0))
