"""How bright a scene is taken to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from camsim.exposure import auto_ev, expose


def test_an_even_grey_becomes_a_grey_card() -> None:
    scene = torch.full((3, 8, 8), 3.6)
    ev = auto_ev(scene)
    assert expose(scene, ev).mean().item() == pytest.approx(0.18)
    assert ev == pytest.approx(np.log2(0.05))


def test_the_log_average_is_that_of_the_lit_pixels() -> None:
    scene = torch.zeros(3, 4, 4)
    scene[:, 0, 0], scene[:, 0, 1] = 0.01, 100.0
    assert auto_ev(scene) == pytest.approx(np.log2(0.18))


def test_it_does_not_depend_on_the_unit() -> None:
    scene = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) + 1e-3
    brighter = expose(scene, 7.5)
    assert auto_ev(brighter) == pytest.approx(auto_ev(scene) - 7.5, abs=1e-5)


def test_darkness_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has no light .* give --ev a number"):
        auto_ev(torch.zeros(3, 8, 8))
