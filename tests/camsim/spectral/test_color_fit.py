"""Least-squares colour matrices, against those of colour-science and NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from camsim.calibrate import fit_color_matrix

CASES = [(chart, light) for chart in ("babelcolor", "iso17321") for light in ("D65", "A", "D50")]


@pytest.mark.parametrize(("chart", "light"), CASES)
def test_equals_the_golden_matrices(golden: Any, chart: str, light: str) -> None:
    arrays = {
        name.split("__")[-1]: values for name, values in golden("color_matrix").items() if f"{chart}__{light}" in name
    }
    balanced = arrays["raw_rgb"] / arrays["neutral"]
    np.testing.assert_allclose(fit_color_matrix(balanced, arrays["linear_sRGB"]), arrays["ccm_lsq"], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("chart", "light"), CASES)
def test_keeps_white_as_the_golden_matrices_do(golden: Any, chart: str, light: str) -> None:
    arrays = golden("color_matrix")
    balanced = arrays[f"{chart}__{light}__raw_rgb"] / arrays[f"{chart}__{light}__neutral"]
    expected = arrays[f"{chart}__{light}__ccm_white_preserving"]
    ours = fit_color_matrix(balanced, arrays[f"{chart}__{light}__linear_sRGB"], (np.ones(3), expected.sum(1)))
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)


def test_finds_the_matrix_that_made_the_colours() -> None:
    rng = np.random.default_rng(3)
    matrix, given = rng.normal(size=(3, 3)), rng.uniform(size=(9, 3))
    np.testing.assert_allclose(fit_color_matrix(given, given @ matrix.T), matrix, atol=1e-12)
    white = rng.uniform(size=3)
    np.testing.assert_allclose(fit_color_matrix(given, given @ matrix.T, (white, matrix @ white)), matrix, atol=1e-12)


def test_no_matrix_near_it_that_keeps_white_is_better() -> None:
    rng = np.random.default_rng(4)
    given, wanted = rng.uniform(size=(2, 20, 3))
    best = fit_color_matrix(given, wanted, (np.ones(3), np.ones(3)))
    np.testing.assert_allclose(best.sum(1), 1, atol=1e-12)
    for _ in range(20):
        step = rng.normal(size=(3, 3))
        step -= step.mean(1, keepdims=True)  # white stays
        other = best + 1e-3 * step
        assert ((given @ other.T - wanted) ** 2).sum() > ((given @ best.T - wanted) ** 2).sum()


@pytest.mark.parametrize(
    ("given", "wanted", "white", "match"),
    [
        (np.ones((4, 3)), np.ones((5, 3)), None, r"needs two \(N, 3\) arrays"),
        (np.ones((4, 3)), np.ones((4, 3)), None, "do not span three dimensions"),
        (np.full((4, 3), np.nan), np.ones((4, 3)), None, "must be finite"),
        (np.eye(3), np.eye(3), (np.zeros(3), np.ones(3)), r"white needs two \(3,\) colours"),
    ],
)
def test_what_cannot_be_fitted_is_refused(given: Any, wanted: Any, white: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        fit_color_matrix(given, wanted, white)
