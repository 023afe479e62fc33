"""Knobs between limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import camsim
from audit.optimize.box import Box
from camsim.errors import CamsimError

LIMITS = pytest.mark.parametrize("limits", ["plausible", "physical"])
CAMERA = "seed/drone/parametrised"


def box(limits: Any, group: str = "all", camera: str = CAMERA) -> Box:
    return Box.of(camsim.load(camera), group, limits)


@LIMITS
def test_the_start_is_the_profile_as_it_is(limits: Any) -> None:
    one = box(limits)
    profile = one.profile_at(one.start(), "x/y", "why")
    assert profile.name == "x/y"
    for name, knob in one.profile.knobs().items():
        assert np.array_equal(profile.knobs()[name].value, knob.value), name
    assert profile.provenance == one.profile.provenance


@LIMITS
def test_only_the_processing_is_tuned(limits: Any) -> None:
    one = box(limits)
    assert set(one.own) == {name for name in one.profile.knobs() if name.startswith("isp.")}
    assert one.size == 4 + 3 + 9 + 9 + 25 + 1 + 192 == one.start().numel()


@LIMITS
def test_values_have_their_gradient(limits: Any) -> None:
    one = box(limits, "color_matrix")
    start = one.start() + 0.1 * torch.randn(9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def values(coordinates: torch.Tensor) -> torch.Tensor:
        return one.values(coordinates)["isp.color_matrix.matrix"]

    assert torch.autograd.gradcheck(values, (start.requires_grad_(),))


@LIMITS
def test_what_left_the_box_is_put_back_on_its_wall(limits: Any) -> None:
    one = box(limits)
    for far, wall in ((1e3, one.high), (-1e3, one.low)):
        coordinates = torch.full_like(one.start(), far)
        one.project(coordinates)
        for name, value in one.values(coordinates).items():
            np.testing.assert_allclose(value.numpy(), wall[name], rtol=1e-12)


def test_plausible_limits_are_those_of_the_search_and_physical_ones_the_bounds() -> None:
    profile = camsim.load("still/nikon-d5000")
    plausible, physical = Box.of(profile, "all", "plausible"), Box.of(profile, "all", "physical")
    ranges = profile.ranges()
    for name in plausible.own:
        assert np.array_equal(plausible.low[name], ranges[name][0])
        assert np.array_equal(plausible.high[name], ranges[name][1])
    for name in physical.own:
        assert (physical.low[name].min(), physical.high[name].max()) == profile.knobs()[name].bounds
    assert set(plausible.own) == {name for name in ranges if name.startswith("isp.")}


def test_what_moved_says_so() -> None:
    one = box("plausible", "gamma")
    profile = one.profile_at(one.start() + 0.5, "x/y", "tuned for a test")
    gamma = profile.knobs()["isp.gamma.gamma"].value
    assert gamma == pytest.approx(2.2 * (1 + 0.5 * 0.1))
    entry = profile.provenance["isp.gamma.gamma"]
    assert (entry.source, entry.status) == ("tuned for a test", "derived")


@pytest.mark.parametrize(
    ("camera", "group", "message"),
    [
        (CAMERA, "gama", "unknown knob group 'gama'; did you mean 'gamma'"),
        (
            CAMERA,
            "noise",
            "the group 'noise' has no differentiable knob to tune; the ISP of this profile has: isp.black",
        ),
        ("seed/drone/ma-s-me", "blur", "has no differentiable knob to tune"),
        ("reference/srgb", "gamma", "no differentiable knob"),
    ],
)
def test_groups_without_a_knob_are_refused(camera: str, group: str, message: str) -> None:
    with pytest.raises(CamsimError, match=message):
        box("plausible", group, camera)


def test_a_profile_that_lets_nothing_stray_is_refused() -> None:
    profile = camsim.load(CAMERA).model_copy(update={"search": {}})
    with pytest.raises(CamsimError, match="no knob of the group 'all' has a plausible range"):
        Box.of(profile)
    assert Box.of(profile, "all", "physical").size == 243
