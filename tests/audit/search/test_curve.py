"""The security curve's points: nested, and the whole of it at the end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import camsim
from audit.search.curve import axis, place, scaled, shares, tightened, worst_so_far
from audit.search.fidelity import Bound, Weight
from camsim import catalog

PROFILES = list(catalog.shipped())


@pytest.mark.parametrize("name", PROFILES)
def test_ranges_shrink_about_the_device_and_nest(name: str) -> None:
    profile = camsim.load(name)
    before = None
    for share in (0.2, 0.6, 1.0):
        part = scaled(profile, share)
        assert {n: k.value.tolist() for n, k in part.knobs().items()} == {
            n: k.value.tolist() for n, k in profile.knobs().items()
        }
        ranges, whole = part.ranges(), profile.ranges()
        assert set(ranges) == set(whole)
        for knob, (low, high) in ranges.items():
            own = profile.knobs()[knob].value
            tolerance = 1e-12 * (1 + np.abs(own))
            assert np.all(low >= whole[knob][0] - tolerance)
            assert np.all(high <= whole[knob][1] + tolerance)
            assert np.all((low <= own) & (own <= high))
            if own.size == 1:
                assert low == pytest.approx(own - share * (own - whole[knob][0]))
                assert high == pytest.approx(own + share * (whole[knob][1] - own))
            if before is not None:
                assert np.all(low <= before[knob][0] + tolerance)
                assert np.all(high >= before[knob][1] - tolerance)
        before = ranges
        assert (part.choices, part.orders, part.isp, part.sensor) == (
            profile.choices,
            profile.orders,
            profile.isp,
            profile.sensor,
        )


@pytest.mark.parametrize("search", [None, {"isp.denoise.sigma": {"relative": 0.4}}])
def test_ranges_of_what_is_only_a_choice_shrink_too(search: dict[str, dict[str, float]] | None) -> None:
    """A stage that the device has not, with a range assumed of its kind or stated by the profile."""
    plain = camsim.load("phone/oneplus-6-imx519")
    choices = {"isp.denoise": [{"kind": "denoise", "method": "gaussian", "sigma": 0.8}, "omit"]}
    profile = camsim.Profile.model_validate(plain.model_dump() | {"choices": choices, "search": search})
    chosen = profile.choices["isp.denoise"][0]
    full, half = (one.with_choice({"isp.denoise": chosen}) for one in (profile, scaled(profile, 0.5)))
    widths = [np.ptp(one.ranges()["isp.denoise.sigma"]) for one in (full, half)]
    assert widths[0] > 0
    assert widths[1] == pytest.approx(widths[0] / 2)
    omitted = scaled(profile, 0.5).with_choice({"isp.denoise": "omit"})
    assert "isp.denoise.sigma" not in omitted.ranges()


@pytest.mark.parametrize(
    "constraint", [Bound("ssim", 0.9), Bound("psnr", 25.0), Bound("l2", 0.1), Bound("delta_e", 6.0), Weight("l2", 0.3)]
)
def test_constraints_loosen_to_the_whole(constraint: Bound | Weight) -> None:
    places = [place(constraint, share) for share in shares(4)]
    whole = constraint.limit if isinstance(constraint, Bound) else constraint.weight
    assert places[-1] == pytest.approx(whole)
    falls = axis(constraint) in ("ssim", "psnr", "lambda")
    assert all((b < a) if falls else (b > a) for a, b in itertools.pairwise(places))
    if isinstance(constraint, Bound):
        loose, tight = constraint, tightened(constraint, 0.25)
        assert isinstance(tight, Bound)
        assert loose.holds(tight.limit)
        assert not tight.holds(loose.limit)


def test_half_the_distance_of_a_psnr_is_6_db() -> None:
    tight = tightened(Bound("psnr", 20.0), 0.5)
    assert isinstance(tight, Bound)
    assert tight.limit == pytest.approx(26.0206, abs=1e-4)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_worst_so_far_never_falls(values: list[float]) -> None:
    found = list(worst_so_far((value, value) for value in values))
    assert found == list(itertools.accumulate(values, max))


def test_no_constraint_is_a_share_of_the_ranges() -> None:
    assert axis(None) == "scale"
    assert [place(None, share) for share in shares(2)] == [0.5, 1.0]
