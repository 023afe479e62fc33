from __future__ import annotations

import pytest

import camsim
from audit.search import ALL, GROUPS, Space, movable_groups
from audit.search.groups import find_group
from camsim.errors import CamsimError

from .conftest import device


def test_every_knob_of_every_shipped_profile_is_in_exactly_one_group() -> None:
    for profile in camsim.shipped().values():
        for knob in profile.knobs():
            homes = [name for name, group in GROUPS.items() if group.holds_knob(profile, knob)]
            assert len(homes) == 1, (profile.name, knob, homes)


def test_a_group_has_its_knobs_only() -> None:
    profile = camsim.load("seed/drone/ma-u-ga")
    whole = Space.of(profile)
    parts = [Space.possible(profile, group) for group in GROUPS]
    assert sum(part.size for part in parts) == whole.size
    assert Space.of(profile, "sharpening").axes == ("isp.sharpen.radius", "isp.sharpen.amount")
    assert Space.of(profile, "blur").axes == ("isp.denoise.sigma",)
    assert Space.of(profile, "color_matrix").axes[:2] == (
        "isp.color_matrix.matrix[0,0]",
        "isp.color_matrix.matrix[0,1]",
    )


def test_the_seeds_groups_are_there() -> None:
    wanted = {"black_level", "white_balance", "color_matrix", "gamma", "sharpening", "blur", "additive_layer"}
    assert wanted <= set(GROUPS)
    assert find_group(ALL) is None


def test_groups_without_anything_to_move_are_refused_and_not_offered() -> None:
    assert movable_groups(device()) == (
        ALL,
        "black_level",
        "white_balance",
        "color_matrix",
        "sharpening",
        "blur",
        "exposure",
    )
    with pytest.raises(CamsimError, match="no knob of the group 'gamma' has a plausible range"):
        Space.of(device(), "gamma")
    with pytest.raises(CamsimError, match="unknown knob group 'sharpness'; did you mean 'sharpening'"):
        Space.of(device(), "sharpness")


def test_knobs_of_the_optics_are_in_exactly_one_group() -> None:
    lens = camsim.Optics.model_validate(
        {
            "pixel_pitch": 2.0,
            "f_number": 2.8,
            "focal_length": 5.0,
            "half_diagonal": 3.0,
            "distortion": {"k1": -0.1},
            "chromatic_aberration": {"red": 1.001},
            "vignetting": {"kind": "cos4"},
            "glare": {"uniform": 0.01},
            "motion": {"length": 2.0},
            "psf": {"sigma": 0.5},
        }
    )
    profile = camsim.load("reference/srgb").model_copy(update={"optics": lens, "search": None})
    homes = {}
    for knob in profile.knobs():
        found = [name for name, group in GROUPS.items() if group.holds_knob(profile, knob)]
        assert len(found) == 1, (knob, found)
        homes[knob] = found[0]
    assert homes["optics.psf.sigma"] == homes["optics.f_number"] == homes["optics.motion.length"] == "blur"
    assert homes["optics.focal_length"] == "vignetting"
    assert homes["optics.chromatic_aberration.red"] == homes["optics.distortion.k1"] == "distortion"
