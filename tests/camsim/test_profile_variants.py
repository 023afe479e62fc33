"""Variants: one file, a family of profiles."""

from __future__ import annotations

import pytest

from camsim.errors import ProfileError
from camsim.isp import Bilinear, Menon2007, SharpeningFilter, UnsharpMask
from camsim.profile_file import MAX_VARIANTS, read_profiles

VARIANTS = """\
variants:
  demosaic:
    bi: {method: bilinear}
    me: {method: menon2007}
  sharpen:
    s: {method: sharpening_filter}
    u: {method: unsharp_mask, radius: 1.0, amount: 0.5}
    x: {method: sharpening_filter, channels: rgb}
"""


def edit(text: str, *changes: tuple[str, str], add: str = "") -> str:
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
        text = text.replace(old, new)
    return text + add


def errors(text: str) -> list[str]:
    with pytest.raises(ProfileError) as error:
        read_profiles(text, "lab.yaml")
    return str(error.value).splitlines()


def test_variants_are_the_product(profile_text: str) -> None:
    profiles = read_profiles(edit(profile_text, add=VARIANTS), "lab.yaml")
    assert [profile.name for profile in profiles] == [f"lab/one/{d}-{s}" for d in ("bi", "me") for s in ("s", "u", "x")]
    assert [profile.title for profile in profiles[:2]] == ["A camera of the lab, bi-s", "A camera of the lab, bi-u"]
    assert profiles[0].isp[1] == Bilinear()
    assert profiles[0].isp[4] == SharpeningFilter()
    assert profiles[4].isp[1] == Menon2007()
    assert profiles[4].isp[4] == UnsharpMask(radius=1.0, amount=0.5)
    assert profiles[5].isp[4] == SharpeningFilter(channels="rgb")
    [base] = read_profiles(profile_text, "lab.yaml")
    for profile in profiles:
        assert profile.sensor == base.sensor
        assert [stage for i, stage in enumerate(profile.isp) if i not in (1, 4)] == [
            stage for i, stage in enumerate(base.isp) if i not in (1, 4)
        ]


def test_a_variant_of_the_second_stage_of_a_kind(profile_text: str) -> None:
    text = edit(
        profile_text,
        ("  - {kind: clip}\n", "  - {kind: clip}\n  - {kind: sharpen, method: sharpening_filter}\n"),
        add="variants:\n  sharpen_2:\n    u: {method: unsharp_mask, radius: 2.0, amount: 1.0}\n",
    )
    [profile] = read_profiles(text, "lab.yaml")
    assert profile.isp[4] == UnsharpMask(radius=1.0, amount=1.0)
    assert profile.isp[6] == UnsharpMask(radius=2.0, amount=1.0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "radius: 1.0, amount: 0.5",
            "radius: 99, amount: 0.5",
            "lab.yaml:36: isp[4].sharpen.radius: must lie in [0.1, 10]",
        ),
        ("radius: 1.0, amount: 0.5", "amount: 0.5", "lab.yaml:36: isp[4].sharpen.radius: is missing"),
        ("method: menon2007", "method: menon", "lab.yaml:33: isp[1].demosaic: method must be one of ahd, bilinear"),
        ("{method: menon2007}", "{}", "lab.yaml:33: isp[1].demosaic: needs the key 'method'"),
        ("channels: rgb", "chanels: rgb", "lab.yaml:37: isp[4].sharpen.chanels: is not a key here"),
        (
            "  demosaic:\n    bi",
            "  demosaik:\n    bi",
            "lab.yaml:31: variants.demosaik: is not a stage of this profile (black_level, demosaic, white_balance, "
            "color_matrix, sharpen, clip, gamma); did you mean 'demosaic'?",
        ),
        (
            "{method: menon2007}",
            "{kind: demosaic, method: menon2007}",
            "lab.yaml:33: variants.demosaic.me.kind: is not a key",
        ),
        ("    me:", "    ME:", "lab.yaml:33: variants.demosaic.ME: must be lower-case letters and digits"),
        ("    me:", "    2:", "lab.yaml:33: variants.demosaic[2]: input should be a valid string"),
        ("{method: menon2007}", "menon2007", "lab.yaml:33: variants.demosaic.me: input should be a valid dictionary"),
    ],
)
def test_mistakes_are_told_once_and_where_they_are(profile_text: str, old: str, new: str, expected: str) -> None:
    assert VARIANTS.count(old) == 1
    found = errors(edit(profile_text, add=VARIANTS.replace(old, new)))
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        ("variants: {}\n", "lab.yaml:30: variants: dictionary should have at least 1"),
        ("variants:\n  clip: {}\n", "lab.yaml:31: variants.clip: dictionary should have at least 1"),
    ],
)
def test_empty_ones_are_refused(profile_text: str, added: str, expected: str) -> None:
    [found] = errors(profile_text + added)
    assert found.startswith(expected)


def test_a_family_too_large_is_refused_before_it_is_made(profile_text: str) -> None:
    options = "".join(f"    v{i}: {{low: 0.0}}\n" for i in range(40))
    stages = "".join(f"  clip{suffix}:\n{options}" for suffix in ("", "_2", "_3", "_4"))
    text = edit(profile_text, ("  - {kind: clip}\n", "  - {kind: clip}\n" * 4), add=f"variants:\n{stages}")
    assert errors(text) == [f"lab.yaml:33: variants: make {40**4} profiles together; at most {MAX_VARIANTS} are read"]
