"""Players and the devices between two: every coalition is valid, and what belongs together stays together."""

from __future__ import annotations

from functools import partial
from itertools import product

import pytest

import camsim
from audit.forensics.coalitions import masks_to_play
from audit.forensics.players import Alignment, take_apart
from audit.forensics.sensor_parts import mix, one_device, parts_that_differ
from camsim import Profile
from camsim.spec import four_sites

from .conftest import REDDISH, SHARP, altered

ALL = partial(masks_to_play, pairs=2, seed=0)
DEVICES = (
    "reference/srgb",
    "phone/google-pixel-imx378",
    "phone/oppo-reno-10x",
    "seed/drone/bi-s-ga",
    "seed/microscope/me-u-me",
    "still/nikon-d850",
    "machine-vision/imx283",
)


def apart(first: Profile, second: Profile, *, split_sensor: bool = False) -> tuple[Alignment, dict[int, Profile]]:
    return take_apart(first, second, split_sensor=split_sensor, coalitions=ALL)


def names(alignment: Alignment) -> list[str]:
    return [player.name for player in alignment.players]


@pytest.mark.parametrize("split_sensor", [False, True])
@pytest.mark.parametrize(("first", "second"), [pair for pair in product(DEVICES, DEVICES) if pair[0] < pair[1]])
def test_no_exchange_is_the_first_device_and_all_are_the_second(first: str, second: str, split_sensor: bool) -> None:
    a, b = camsim.load(first), camsim.load(second)
    alignment, profiles = apart(a, b, split_sensor=split_sensor)
    for profile, original in ((profiles[0], a), (profiles[alignment.full], b)):
        assert profile.resolved_sensor() == original.resolved_sensor()
        assert profile.resolved_isp() == original.resolved_isp()
    for profile in profiles.values():
        camsim.compile(profile)


def test_equal_devices_have_no_players() -> None:
    one = camsim.load("phone/oppo-reno-10x")
    alignment, profiles = apart(one, one.model_copy(update={"name": "other"}))
    assert alignment.players == ()
    assert list(profiles) == [0]


def test_a_device_written_out_is_the_same_device() -> None:
    one = camsim.load("phone/google-pixel-imx378")
    assert apart(one, one.with_knobs({}, name="out"))[0].players == ()


def test_one_stage_is_one_player() -> None:
    alignment, profiles = apart(camsim.load("reference/srgb"), altered(dict(SHARP), name="b"))
    assert names(alignment) == ["sharpen"]
    assert alignment.players[0].label == "sharpen (unsharp_mask), only in B"
    assert len(profiles) == 2


def test_turned_knobs_of_one_device_are_players_of_their_own() -> None:
    """Neither white balance nor black level is coupled to the sensor: its response and DN scale are the same."""
    one = camsim.load("phone/google-pixel-imx378")
    turned = one.with_knobs(
        {
            "isp.white_balance.gains": [2.3, 1.0, 1.6],
            "isp.black_level.level": [61.0] * 4,
            "sensor.exposure": 7000.0,
            "sensor.black_level": [65.0] * 4,
        },
        name="worst",
    )
    alignment, _ = apart(one, turned)
    assert names(alignment) == ["sensor", "black_level", "white_balance"]
    assert names(apart(one, turned, split_sensor=True)[0]) == [
        "sensor.black_level",
        "sensor.exposure",
        "black_level",
        "white_balance",
    ]


def test_the_black_level_of_the_isp_follows_the_sensor_of_each_device_between() -> None:
    a, b = camsim.load("still/nikon-d850"), camsim.load("phone/oppo-reno-10x")
    alignment, profiles = apart(a, b)
    assert "isp.black_level" not in [part for player in alignment.players for part in player.parts]
    for profile in profiles.values():
        assert profile.resolved_isp()[0].level == profile.raw_format.black  # type: ignore[attr-defined]


def test_an_isp_that_stays_while_the_sensors_pedestal_moves_keeps_its_level() -> None:
    one = camsim.load("phone/google-pixel-imx378")
    alignment, profiles = apart(one, one.with_knobs({"sensor.black_level": [70.0] * 4}, name="b"))
    assert names(alignment) == ["sensor"]
    assert profiles[1].resolved_isp()[0].level == (64.0,) * 4  # type: ignore[attr-defined]


def test_what_another_sensor_makes_meaningless_goes_with_it_and_says_why() -> None:
    alignment, _ = apart(camsim.load("reference/srgb"), camsim.load("seed/drone/bi-u-me"))
    sensor = alignment.players[0]
    assert sensor.parts == ("sensor", "isp.black_level", "isp.white_balance", "isp.color_matrix")
    assert len(sensor.why_together) == 3
    assert "DN" in sensor.why_together[0]
    assert "miscalibration" in sensor.why_together[1]
    split, _ = apart(camsim.load("reference/srgb"), camsim.load("seed/drone/bi-u-me"), split_sensor=True)
    assert ("sensor.levels", "isp.black_level") in [player.parts for player in split.players]
    assert ("sensor.response", "isp.white_balance", "isp.color_matrix") in [p.parts for p in split.players]


def test_players_that_make_no_valid_profile_apart_are_merged_and_it_says_so() -> None:
    """A gain of 100 DN/e- at 10 bits would be one of 6834 DN/e- at 16 bits, which no sensor may have."""
    a, low = camsim.load("reference/srgb"), camsim.load("phone/google-pixel-imx378")
    sensor = low.sensor.model_dump() | {"system_gain": 100.0, "full_well": 10.0}
    b = Profile.model_validate(low.model_dump() | {"name": "b", "sensor": sensor})
    alignment, profiles = apart(a, b, split_sensor=True)
    merged = next(player for player in alignment.players if "sensor.levels" in player.parts)
    assert "sensor.noise" in merged.parts
    assert "must lie in [0.0001, 1000]" in merged.why_together[-1]
    assert len(profiles) == 2 ** len(alignment.players)


def test_the_order_is_a_player() -> None:
    a = altered(dict(SHARP), name="a")
    isp = [stage.model_dump() for stage in a.isp]
    place = next(i for i, stage in enumerate(isp) if stage["kind"] == "sharpen")
    b = Profile.model_validate(a.model_dump() | {"name": "b", "isp": [*isp[:place], *isp[place + 1 :], isp[place]]})
    alignment, profiles = apart(a, b)
    assert names(alignment) == ["order"]
    assert "sharpen" in alignment.players[0].label
    assert profiles[1].stage_names() == b.stage_names()
    soft = altered(dict(SHARP) | dict(REDDISH), name="c")
    isp = [s.model_dump() for s in soft.isp if s.tags()[0] != "sharpen"] + [isp[place] | {"amount": 0.2}]
    moved = Profile.model_validate(soft.model_dump() | {"isp": isp})
    alignment, profiles = apart(a, moved)
    assert names(alignment) == ["white_balance", "sharpen", "order"]
    assert profiles[0b100].stage_names()[-1] == "sharpen"
    assert profiles[0b100].isp[-1].amount == 0.8  # type: ignore[union-attr]
    assert profiles[0b011].stage_names() == a.stage_names()


def test_parts_of_two_sensors_keep_white_where_it_belongs() -> None:
    """Whatever is exchanged, the light that reached the white level of its own device reaches that of the mixture."""
    first = camsim.load("reference/srgb").resolved_sensor()
    second = camsim.load("phone/google-pixel-imx378").resolved_sensor()
    parts = parts_that_differ(first, second)
    assert parts == ("levels", "noise", "response")
    assert not one_device(first, second)
    for chosen in product([False, True], repeat=len(parts)):
        mixed = mix(first, second, {part for part, wanted in zip(parts, chosen, strict=True) if wanted})
        span = four_sites(mixed.white_level)[0] - four_sites(mixed.black_level)[0]
        assert mixed.exposure is not None
        assert mixed.exposure * mixed.system_gain == pytest.approx(span, rel=1e-9)
    noisy = mix(first, second, {"noise"})
    assert (noisy.bit_depth, noisy.full_well, noisy.read_noise) == (16, second.full_well, second.read_noise)
    assert noisy.exposure == pytest.approx(second.exposure, rel=1e-9)


def test_optics_are_a_part_of_their_own() -> None:
    first = camsim.load("reference/srgb")
    lens = camsim.Optics.model_validate({"pixel_pitch": 2.0, "psf": {"sigma": 3.0}})
    second = first.model_copy(update={"name": "soft", "optics": lens})
    alignment, profiles = apart(first, second)
    assert names(alignment) == ["optics"]
    assert [profiles[mask].optics for mask in (0, 1)] == [None, lens]
    assert "optics.psf" in [difference.field for difference in alignment.players[0].differences]
    assert names(apart(second, second)[0]) == []


def test_corrections_of_a_lens_and_of_saturation_go_with_what_they_correct() -> None:
    base = camsim.load("still/nikon-d5000")
    balance = next(place for place, stage in enumerate(base.isp) if stage.kind == "white_balance")

    def device(name: str, falloff: float, red: float) -> Profile:
        chain = [stage.model_dump(exclude_none=True) for stage in base.isp]
        chain[balance]["gains"] = [red, 1.0, 1.4]
        chain.insert(balance + 1, {"kind": "highlight_recovery", "method": "blend", "saturation": [red, 1.0, 1.4]})
        chain.insert(1, {"kind": "lens_shading", "method": "radial", "coefficients": [falloff]})
        optics = {"vignetting": {"kind": "polynomial", "coefficients": [-falloff, 0.0, 0.0]}}
        given = base.model_dump(exclude_none=True) | {"name": name, "optics": optics, "isp": chain, "search": None}
        return Profile.model_validate(given | {"provenance": {}, "choices": {}, "orders": []})

    alignment, _ = apart(device("a", 0.2, 1.9), device("b", 0.3, 2.2))
    together = {player.parts[0]: player for player in alignment.players}
    assert together["optics"].parts == ("optics", "isp.lens_shading")
    assert "falloff" in together["optics"].why_together[0]
    assert {"isp.white_balance", "isp.highlight_recovery"} <= set(together["sensor"].parts)
