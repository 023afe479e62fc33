"""`choices` and `orders`: reading, errors at their line, and profiles with another chain."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

import camsim
from camsim.errors import ProfileError
from camsim.isp import Bilinear, GaussianDenoise, Malvar2004, MedianDenoise, SharpeningFilter, UnsharpMask
from camsim.profile import Profile
from camsim.profile_choices import changed_chain, stage_names
from camsim.profile_file import ProfileFile, read_profiles, to_yaml

OFFERS = """\
choices:
  isp.demosaic: [{kind: demosaic, method: malvar2004}, {kind: demosaic, method: menon2007}]
  isp.sharpen:
    - omit
    - {kind: denoise, method: gaussian, sigma: 0.8}
orders:
  - [isp.sharpen, isp.clip]
"""


def read(text: str) -> Profile:
    [profile] = read_profiles(text, "lab.yaml")
    return profile


def errors(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read_profiles(text, "lab.yaml")
    return str(caught.value).splitlines()


def test_they_are_read_written_and_in_the_schema(profile_text: str) -> None:
    profile = read(profile_text + OFFERS)
    assert profile.choices["isp.demosaic"][0] == Malvar2004()
    assert profile.choices["isp.sharpen"] == ("omit", GaussianDenoise(sigma=0.8))
    assert profile.orders == (("isp.sharpen", "isp.clip"),)
    assert read(to_yaml(profile)) == profile
    jsonschema.validate(yaml.safe_load(profile_text + OFFERS), ProfileFile.model_json_schema())
    wrong = yaml.safe_load(profile_text + OFFERS)
    wrong["choices"]["isp.sharpen"][0] = "omitted"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, ProfileFile.model_json_schema())


def test_without_any_nothing_is_written(profile_text: str) -> None:
    profile = read(profile_text)
    assert (profile.choices, profile.orders) == ({}, ())
    assert "choices" not in to_yaml(profile)
    assert "orders" not in to_yaml(profile)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    - omit\n", "    - ommit\n", "choices.isp.sharpen[0]: must be 'omit', got 'ommit'; did you mean 'omit'?"),
        ("sigma: 0.8", "sigma: 99", "choices.isp.sharpen[1].sigma: must lie in [0.1, 10] px, got 99"),
        ("method: malvar2004}", "method: malvar}", "choices.isp.demosaic[0]: method must be one of ahd, bilinear"),
        (
            "  isp.sharpen:\n",
            "  isp.sharpn:\n",
            "choices.isp.sharpn: 'isp.sharpn' is not a stage of this profile; did you mean 'isp.sharpen'",
        ),
        (
            "{kind: demosaic, method: menon2007}]",
            "omit]",
            "choices.isp.demosaic[1]: does not fit into the chain: white_balance takes linear RGB",
        ),
        (
            "[{kind: demosaic, method: malvar2004}, {kind: demosaic, method: menon2007}]",
            "[]",
            "choices.isp.demosaic: needs at least one stage, or omit",
        ),
        (
            "isp.sharpen, isp.clip]",
            "isp.sharpen, isp.gamma]",
            "orders[0]: isp.sharpen and isp.gamma are not neighbours",
        ),
        (
            "isp.sharpen, isp.clip]",
            "isp.demosaic, isp.white_balance]",
            "orders[0]: cannot change places: white_balance",
        ),
        ("isp.sharpen, isp.clip]", "isp.sharpen]", "orders[0][1]: is missing"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(profile_text: str, old: str, new: str, expected: str) -> None:
    text = profile_text + OFFERS
    assert old in text
    found = errors(text.replace(old, new))
    assert len(found) == 1
    assert expected in found[0]
    first = len(profile_text.splitlines()) + 1
    changed = next(number for number, line in enumerate(OFFERS.splitlines(), first) if old.strip("\n") in line)
    assert int(found[0].split(":")[1]) in (changed, changed - 1)  # a list's items have no line of their own


def test_ranges_may_name_knobs_of_choices(profile_text: str) -> None:
    text = profile_text.replace("search:\n", "search:\n  isp.denoise.sigma: {interval: [0.5, 1.5]}\n") + OFFERS
    profile = read(text)
    assert "isp.denoise.sigma" not in profile.ranges()
    chosen = profile.with_choice({"isp.sharpen": profile.choices["isp.sharpen"][1]})
    assert [limit.item() for limit in chosen.ranges()["isp.denoise.sigma"]] == [0.5, 1.5]
    assert set(chosen.ranges()) == {"isp.denoise.sigma", "sensor.read_noise"}
    for interval, words in (("[0.9, 1.5]", "must contain the profile's own value 0.8"), ("[0.0, 1.5]", "outside the")):
        (found,) = errors(text.replace("[0.5, 1.5]", interval))
        assert "search.isp.denoise.sigma" in found
        assert words in found


def test_with_choice_changes_the_chain_and_nothing_else(profile_text: str) -> None:
    profile = read(profile_text + OFFERS)
    other = profile.with_choice({"isp.demosaic": Malvar2004(), "isp.sharpen": "omit"}, name="lab/two")
    assert [stage.kind for stage in other.isp] == [
        "black_level",
        "demosaic",
        "white_balance",
        "color_matrix",
        "clip",
        "gamma",
    ]
    assert other.isp[1] == Malvar2004()
    assert other.name == "lab/two"
    assert other.sensor == profile.resolved_sensor()
    assert (other.choices, other.orders) == ({}, ())
    assert other.search == profile.search
    assert "isp.sharpen" not in other.provenance
    assert other.provenance["isp.demosaic"].status == "assumed"
    assert other.provenance["sensor.read_noise"] == profile.provenance["sensor.read_noise"]
    assert read(to_yaml(other)) == other


def test_swaps(profile_text: str) -> None:
    profile = read(profile_text + OFFERS)
    other = profile.with_choice({}, profile.orders)
    assert other.stage_names()[-3:] == ("clip", "sharpen", "gamma")
    assert other.with_choice({}, [("isp.clip", "isp.sharpen")]).isp == profile.resolved_isp()


def test_names_ranges_and_sources_move_with_their_stage(every_stage: Profile) -> None:
    """Without the first of two, the second takes its name; its range and its source must not be lost or mixed up."""
    data: dict[str, Any] = every_stage.model_dump() | {
        "search": {"isp.denoise_2.sigma": {"relative": 0.25}, "isp.sharpen_2.amount": {"absolute": 0.1}},
        "provenance": {
            "isp.denoise": {"source": "of the median", "status": "assumed"},
            "isp.denoise_2.sigma": {"source": "of the Gaussian", "status": "assumed"},
        },
    }
    profile = Profile.model_validate(data)
    other = profile.with_choice({"isp.denoise": "omit", "isp.sharpen": UnsharpMask(radius=1.0, amount=1.0)})
    assert other.search is not None
    assert {name: given.model_dump(exclude_none=True) for name, given in other.search.items()} == {
        "isp.denoise.sigma": {"relative": 0.25},
        "isp.sharpen_2.amount": {"absolute": 0.1},
    }
    assert other.provenance["isp.denoise.sigma"].source == "of the Gaussian"
    assert "isp.denoise" not in other.provenance


def test_changed_chain_refuses_what_is_not_there(every_stage: Profile) -> None:
    chain = every_stage.isp
    with pytest.raises(ValueError, match=r"'isp.denoise_3' is not a stage of this profile; did you mean"):
        changed_chain(chain, {"isp.denoise_3": "omit"})
    with pytest.raises(ValueError, match="not neighbours"):
        changed_chain(chain, {}, [("isp.denoise", "isp.sharpen")])
    same = changed_chain(chain, {})
    assert same.stages == chain
    assert stage_names(same.stages) == every_stage.stage_names()
    swapped = changed_chain(chain, {"isp.denoise": MedianDenoise(size=5)}, [("isp.denoise", "isp.color_matrix")])
    assert [type(stage) for stage in swapped.new().values()] == [MedianDenoise]
    assert "denoise" not in swapped.renamed()


def test_variants_and_choices_in_one_file(profile_text: str) -> None:
    variants = "variants: {sharpen: {s: {method: sharpening_filter}, u: {method: unsharp_mask, radius: 1, amount: 2}}}"
    profiles = read_profiles(profile_text + OFFERS + variants, "lab.yaml")
    assert [profile.name for profile in profiles] == ["lab/one/s", "lab/one/u"]
    assert isinstance(profiles[0].isp[4], SharpeningFilter)
    assert all(profile.choices["isp.sharpen"][0] == "omit" for profile in profiles)


@pytest.mark.parametrize("name", sorted(n for n, p in camsim.shipped().items() if p.choices or p.orders))
def test_every_shipped_choice_and_order_makes_a_profile(name: str) -> None:
    profile = camsim.load(name)
    others = [profile.with_choice({stage: option}) for stage, options in profile.choices.items() for option in options]
    others += [profile.with_choice({}, [pair]) for pair in profile.orders]
    assert len(others) >= 2
    for other in others:
        assert camsim.compile(other).profile is other


def test_the_seeds_choices_are_its_variants() -> None:
    profile = camsim.load("seed/drone/ma-s-me")
    assert Bilinear() in profile.choices["isp.demosaic"]
    changes = {stage: options[0] for stage, options in profile.choices.items()}
    assert profile.with_choice(changes).isp == camsim.load("seed/drone/bi-s-ga").resolved_isp()
