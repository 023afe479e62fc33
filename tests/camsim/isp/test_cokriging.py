"""The linear estimate behind the demosaics of larger cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from camsim.cfa import cell, letters
from camsim.isp.cokriging import estimate, weights

CFAS = ["x-trans+1+2", "quad-GRBG", "RGB-IR", "RGGB"]
each_cfa = pytest.mark.parametrize("cfa", CFAS)


def everywhere(cfa: str) -> tuple[str, ...]:
    return ("RGB",) * len(cell(cfa)) ** 2


def best_unbiased(cfa: str, place: tuple[int, int], wanted: str, radius: int) -> NDArray[np.float64]:
    """Weights by Goldberger's formula of the best linear unbiased prediction, which solves no bordered system:
    k' C^-1 + (f - k' C^-1 F) (F' C^-1 F)^-1 F' C^-1."""
    rows = cell(cfa)
    side = len(rows)
    where, seen = [], []
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            letter = rows[(place[0] + dy) % side][(place[1] + dx) % side]
            if letter in "RGB":
                where.append((dy, dx))
                seen.append(letter)
    points = np.array(where, dtype=float)
    distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
    alike = np.array([[1.1 if a == b else 1.0 for b in seen] for a in seen])
    factor = cho_factor(np.exp(-distance / 20) * alike)
    towards = np.exp(-np.linalg.norm(points, axis=-1) / 20) * [1.1 if a == wanted else 1.0 for a in seen]
    means = np.array([[float(a == color) for color in "RGB"] for a in seen])
    simple = cho_solve(factor, towards)
    solved = cho_solve(factor, means)
    rest = np.array([float(color == wanted) for color in "RGB"]) - means.T @ simple
    found = simple + solved @ np.linalg.solve(means.T @ solved, rest)
    plane = np.zeros((2 * radius + 1,) * 2)
    for (dy, dx), weight in zip(where, found, strict=True):
        plane[dy + radius, dx + radius] = weight
    return plane


@each_cfa
def test_weights_are_the_best_linear_unbiased_prediction(cfa: str) -> None:
    ours = weights(cell(cfa), everywhere(cfa), 4)
    side = len(cell(cfa))
    for place in range(side * side):
        for number, letter in enumerate("RGB"):
            expected = best_unbiased(cfa, divmod(place, side), letter, 4)
            np.testing.assert_allclose(ours[number, place], expected, rtol=0, atol=1e-9)


@each_cfa
@pytest.mark.parametrize("along", [(0.0, 1.0), (45.0, 0.25)])
def test_each_colour_has_its_own_share(cfa: str, along: tuple[float, float]) -> None:
    """1 of the wanted colour and 0 of the others: an even picture comes out as it is."""
    rows, side = cell(cfa), len(cell(cfa))
    found = weights(rows, everywhere(cfa), 4, along=along)
    for place in range(side * side):
        y, x = divmod(place, side)
        seen = np.array([[rows[(y + j) % side][(x + i) % side] for i in range(-4, 5)] for j in range(-4, 5)])
        for number, wanted in enumerate("RGB"):
            for letter in letters(cfa):
                share = found[number, place][seen == letter].sum()
                assert share == pytest.approx(float(letter == wanted), abs=1e-10)
        measured = rows[y][x]
        if measured in "RGB":
            own = np.zeros((9, 9))
            own[4, 4] = 1
            np.testing.assert_allclose(found["RGB".index(measured), place], own, rtol=0, atol=1e-9)


def test_no_weights_beat_them_on_pictures_of_the_stated_statistics() -> None:
    """Expected square error over Gaussian pictures: of them, and of any that were moved while still unbiased."""
    rows = cell("quad-RGGB")
    generator = np.random.default_rng(3)
    best = weights(rows, everywhere("quad-RGGB"), 3)[0, 15].ravel()  # red, at a blue pixel
    offsets = np.array([(y, x) for y in range(-3, 4) for x in range(-3, 4)])
    seen = np.array([rows[(3 + y) % 4][(3 + x) % 4] for y, x in offsets])

    def error(given: NDArray[np.float64]) -> float:
        points, colors = np.vstack([offsets, [0, 0]]).astype(float), np.append(seen, "R")
        covariance = np.exp(-np.linalg.norm(points[:, None] - points[None], axis=-1) / 20)
        covariance *= 1 + 0.1 * (colors[:, None] == colors[None])
        signed = np.append(given, -1.0)
        return float(signed @ covariance @ signed)

    for _ in range(20):
        moved = generator.normal(size=49) * 0.05
        for color in "RGB":
            moved[seen == color] -= moved[seen == color].mean()
        assert error(best + moved) > error(best)


def test_directions_turn_the_weights() -> None:
    rows = cell("x-trans")
    turned = tuple("".join(row[x] for row in rows) for x in range(6))
    across = weights(rows, everywhere("x-trans"), 3, along=(0, 0.25))
    down = weights(turned, everywhere("x-trans"), 3, along=(90, 0.25))
    back = down.reshape(3, 6, 6, 7, 7).transpose(0, 2, 1, 4, 3).reshape(across.shape)
    np.testing.assert_allclose(across, back, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [(6, 6), (7, 11), (12, 18)], ids="{0[0]}x{0[1]}".format)
def test_the_estimate_is_the_weighted_sum_around_each_pixel(size: tuple[int, int]) -> None:
    rows = cell("x-trans+2+5")
    found = weights(rows, everywhere("x-trans"), 3)
    mosaic = torch.rand(2, 1, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    ours = estimate(mosaic, rows, found).numpy()
    from camsim.border import cell_pad

    around = cell_pad(mosaic, rows, 3, (3, 3)).numpy()
    for y in range(size[0]):
        for x in range(size[1]):
            window = around[:, 0, y : y + 7, x : x + 7]
            expected = np.einsum("bji,cji->bc", window, found[:, 6 * (y % 6) + x % 6])
            np.testing.assert_allclose(ours[:, :, y, x], expected, rtol=0, atol=1e-12)
