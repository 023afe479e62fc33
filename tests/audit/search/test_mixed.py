"""The space of choices, orders and knobs."""

from __future__ import annotations

import numpy as np
import pytest

import camsim
from audit.search import MixedSpace, Setting
from camsim.errors import CamsimError
from camsim.isp import Bilinear, MedianDenoise

from .conftest import CHOICES, device


@pytest.fixture
def space() -> MixedSpace:
    return MixedSpace(device(**CHOICES))


def test_slots_are_what_the_profile_offers(space: MixedSpace) -> None:
    demosaic, denoise, order = space.slots
    assert demosaic.options == ("malvar2004", "bilinear")
    assert denoise.options == ("gaussian(sigma=0.7, channels=rgb)", "omit", "median(size=3, channels=rgb)")
    assert order.name == "isp.color_matrix <> isp.denoise"
    assert order.options == ("isp.color_matrix first", "isp.denoise first")
    assert space.combinations == 2 * 3 * 2
    assert len(list(space.choices())) == 12


def test_an_option_that_is_the_profile_itself_is_no_second_one() -> None:
    offered = {"isp.demosaic": [{"kind": "demosaic", "method": m} for m in ("malvar2004", "bilinear", "bilinear")]}
    (slot,) = MixedSpace(device(choices=offered)).slots
    assert slot.options == ("malvar2004", "bilinear")
    itself = {"isp.demosaic": [{"kind": "demosaic", "method": "malvar2004"}]}
    assert MixedSpace(device(choices=itself)).slots == ()


def test_the_start_is_the_profile_itself(space: MixedSpace) -> None:
    profile = space.at(space.start())
    assert profile.resolved_sensor() == device().resolved_sensor()
    assert profile.resolved_isp() == device().resolved_isp()


def test_a_setting_has_its_stages(space: MixedSpace) -> None:
    choice = (1, 2, 1)
    there = space.at(space.carry(space.start(), choice))
    assert isinstance(there.isp[1], Bilinear)
    assert [stage.kind for stage in there.isp[3:6]] == ["clip", "denoise", "color_matrix"]
    assert isinstance(there.isp[4], MedianDenoise)
    assert space.chosen(choice) == {
        "isp.demosaic": "bilinear",
        "isp.denoise": "median(size=3, channels=rgb)",
        "isp.color_matrix <> isp.denoise": "isp.denoise first",
    }
    without = space.at(space.carry(space.start(), (0, 1, 0)))
    assert "denoise" not in without.stage_names()


def test_knobs_keep_their_place_under_another_choice(space: MixedSpace) -> None:
    start = space.start()
    moved = Setting(start.choice, np.linspace(0, 1, start.point.size))
    there = space.carry(moved, (0, 1, 0))
    before = dict(zip(space.space(moved.choice).axes, moved.point, strict=True))
    after = dict(zip(space.space(there.choice).axes, there.point, strict=True))
    assert set(before) - set(after) == {"isp.denoise.sigma"}
    assert all(before[name] == value for name, value in after.items())
    back = space.carry(there, start.choice)
    axes = space.space(start.choice).axes
    sigma = axes.index("isp.denoise.sigma")
    np.testing.assert_array_equal(np.delete(back.point, sigma), np.delete(moved.point, sigma))
    assert back.point[sigma] == start.point[sigma]


def test_flips_change_one_slot(space: MixedSpace) -> None:
    assert sorted(space.flips((0, 0, 0))) == [(0, 0, 1), (0, 1, 0), (0, 2, 0), (1, 0, 0)]


def test_choices_that_do_not_fit_together_are_left_out() -> None:
    """Each alone is fine; but a clip before the black level's place and no demosaic choice is not at issue here:
    two orders that move the same stage can part neighbours."""
    profile = device(orders=[["isp.color_matrix", "isp.denoise"], ["isp.clip", "isp.color_matrix"]])
    space = MixedSpace(profile)
    assert not space.is_valid((1, 1))
    assert set(space.choices()) == {(0, 0), (0, 1), (1, 0)}
    assert space.flips((1, 0)) == [(0, 0)]
    with pytest.raises(ValueError, match="do not fit together"):
        space.space((1, 1))


def test_distance(space: MixedSpace) -> None:
    start = space.start()
    other = Setting(start.choice, start.point.copy())
    assert space.distance(start, other) == 0
    other.point[0] += 0.3
    parts = start.point.size + 3
    assert space.distance(start, other) == pytest.approx(np.sqrt(0.3**2 / parts))
    assert space.distance(start, space.carry(start, (1, 0, 0))) == pytest.approx(np.sqrt(1 / parts))
    ends = [Setting((0, 0, 0), np.full(start.point.size, end)) for end in (0.0, 1.0)]
    assert space.distance(ends[0], space.carry(ends[1], (1, 2, 1))) == pytest.approx(1)


def test_a_group_has_the_choices_of_its_stages() -> None:
    profile = device(**CHOICES)
    assert [slot.name for slot in MixedSpace(profile, "demosaic").slots] == ["isp.demosaic"]
    assert MixedSpace(profile, "demosaic").start().point.size == 0
    assert [slot.name for slot in MixedSpace(profile, "blur").slots] == ["isp.denoise"]
    assert MixedSpace(profile, discrete=False).slots == ()
    with pytest.raises(CamsimError, match="no knob of the group 'demosaic'"):
        MixedSpace(profile, "demosaic", discrete=False)


@pytest.mark.parametrize("name", ["seed/drone/bi-s-ga", "seed/microscope/me-u-me"])
def test_shipped_choices_all_make_profiles(name: str) -> None:
    space = MixedSpace(camsim.load(name))
    for choice in space.choices():
        here = space.space(choice)
        for point in (here.start(), np.zeros(here.size), np.ones(here.size)):
            space.at(Setting(choice, point))
