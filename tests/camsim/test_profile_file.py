"""Profile files: reading, with every mistake at its line."""

from __future__ import annotations

import pytest

from camsim.errors import ProfileError
from camsim.isp import UnsharpMask
from camsim.profile_file import read_profiles, stage_classes, to_yaml
from camsim.sensor import InverseIspResponse
from camsim.spec import Range


def edit(text: str, *changes: tuple[str, str], add: str = "") -> str:
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the text"
        text = text.replace(old, new)
    return text + add


def errors(text: str) -> list[str]:
    with pytest.raises(ProfileError) as error:
        read_profiles(text, "lab.yaml")
    return str(error.value).splitlines()


def test_what_is_in_the_file_is_in_the_profile(profile_text: str) -> None:
    [profile] = read_profiles(profile_text, "lab.yaml")
    assert profile.name == "lab/one"
    assert profile.sensor.black_level == 256
    assert profile.provenance["isp.sharpen"].note == "by eye"
    assert profile.isp[4] == UnsharpMask(radius=1.0, amount=1.0)
    assert profile.search == {"sensor.read_noise": Range(relative=0.2)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("radius: 1.0", "radius: 99", "lab.yaml:25: isp[4].sharpen.radius: must lie in [0.1, 10] px, got 99"),
        ("[2.0, 1.0, 1.5]", "[2.0, 99, 1.5]", "lab.yaml:19: isp[2].white_balance.gains: must lie in [-16, 16], got 99"),
        ("[2.0, 1.0, 1.5]", "[2.0, 1.0]", "lab.yaml:19: isp[2].white_balance.gains[2]: is missing"),
        (
            "[2.0, 1.0, 1.5]",
            '["2.0", 1.0, 1.5]',
            "lab.yaml:19: isp[2].white_balance.gains[0]: input should be a valid number, got '2.0'",
        ),
        (
            "[2.0, 1.0, 1.5]",
            "[2.0, .nan, 1.5]",
            "lab.yaml:19: isp[2].white_balance.gains[1]: input should be a finite number, got nan",
        ),
        (
            "[0.0, 1.0, 0.0]",
            "[0.0, one, 0.0]",
            "lab.yaml:23: isp[3].color_matrix.matrix[1][1]: input should be a valid number, got 'one'",
        ),
        ("radius: 1.0", "radius: 1.0, raduis: 2", "lab.yaml:25: isp[4].sharpen.raduis: is not a key here"),
        ("kind: clip", "kind: clip, matrix: 2", "lab.yaml:26: isp[5].clip.matrix: is not a key here"),
        (", gamma: 2.2", "", "lab.yaml:27: isp[6].gamma.gamma: is missing"),
        (", encoding: power", "", "lab.yaml:27: isp[6].gamma: needs the key 'encoding'"),
        (", radius: 1.0", "", "lab.yaml:25: isp[4].sharpen.radius: is missing"),
        ("{kind: inverse_isp}", "{kind: matrix}", "lab.yaml:15: sensor.response: matrix is missing"),
        (
            "{kind: inverse_isp}",
            "{kind: matrix, matrix: [[1, 2, 3], [1, a, 3], [1, 2, 3]]}",
            "lab.yaml:15: sensor.response.matrix[1][1]: input should be a valid number, got 'a'",
        ),
        (
            "{kind: inverse_isp}",
            "{kind: inverse}",
            "lab.yaml:15: sensor.response: kind must be one of matrix, inverse_isp, spectral, got 'inverse'; "
            "did you mean 'inverse_isp'?",
        ),
        (
            "method: unsharp_mask",
            "method: unsharp",
            "lab.yaml:25: isp[4].sharpen: method must be one of sharpening_filter, unsharp_mask, "
            "unsharp_mask_threshold, kernel, got 'unsharp'; did you mean 'unsharp_mask'?",
        ),
        (
            "{kind: clip}",
            "{kind: clip, low: 2.0, high: 1.0}",
            "lab.yaml:26: isp[5].clip: low must be less than high, got [2, 1]",
        ),
        (
            "{kind: black_level}",
            "{kind: black_level, level: [1, 2, a, 4]}",
            "lab.yaml:17: isp[0].black_level.level[2]: input should be a valid number, got 'a'",
        ),
        (
            "{kind: black_level}",
            "{kind: black_level, level: [1, 2, 3]}",
            "lab.yaml:17: isp[0].black_level.level[3]: is missing",
        ),
        (
            "black_level: 256",
            "black_level: dark",
            "lab.yaml:10: sensor.black_level: input should be a valid number, got 'dark'",
        ),
        (
            "{kind: black_level}",
            "{kind: black_level, level: 5000}",
            "lab.yaml:17: isp[0].black_level: white [4095.0, 4095.0, 4095.0, 4095.0] DN must lie above the black level",
        ),
        (
            "{kind: black_level}",
            "{kind: black_level, white: 4000, normalize: false}",
            "lab.yaml:17: isp[0].black_level: white has no effect with normalize: false",
        ),
        (
            "RGGB",
            "RGBG",
            "lab.yaml:8: sensor.cfa: must be one of RGGB, BGGR, GRBG, GBRG, quad-RGGB,",
        ),
        ("bit_depth: 12", "bit_depth: 12.0", "lab.yaml:9: sensor.bit_depth: input should be a valid integer, got 12.0"),
        (
            "white_level: 4095",
            "white_level: 65535",
            "lab.yaml:7: sensor: needs black_level < white_level <= 4095 (bit_depth 12)",
        ),
        (
            "[2.0, 1.0, 1.5]",
            "[2.0, 0.0, 1.5]",
            "lab.yaml:7: sensor: response: the white balance and colour matrix have no",
        ),
        ("system_gain: 0.5", "system_gain: 1e4", "lab.yaml:12: sensor.system_gain: must lie in [0.0001, 1000] DN/e-"),
        ("camsim: 1", "camsim: 2", "lab.yaml:1: camsim: must be 1, got 2"),
        ("camsim: 1\n", "", "lab.yaml:1: camsim: is missing"),
        ("name: lab/one", "name: ../one", "lab.yaml:2: name: must be words of letters, digits"),
        ("title: A camera of the lab", "title: ''", "lab.yaml:3: title: string should have at least 1 character"),
        (
            '"EMVA 1288 sheet"',
            '"\\ud800"',
            "lab.yaml:5: provenance.sensor.read_noise.source: input should be a valid string",
        ),
        ("  - {kind: clip}", "  - clip", "lab.yaml:26: isp[5]: input should be a valid dictionary"),
        (
            "sensor.read_noise: {source",
            "sensor.read_nois: {source",
            "lab.yaml:5: provenance.sensor.read_nois: is not a field of this profile; did you mean 'sensor.read_noise'",
        ),
        ("isp.sharpen:", "isp.sharpen_2:", "lab.yaml:6: provenance.isp.sharpen_2: is not a field of this profile"),
        (
            "status: assumed",
            "status: guessed",
            "lab.yaml:6: provenance.isp.sharpen.status: must be 'measured', 'datasheet'",
        ),
        ("status: assumed,", "", "lab.yaml:6: provenance.isp.sharpen.status: is missing"),
        (
            "relative: 0.2",
            "relative: 0.2, absolute: 1",
            "lab.yaml:29: search.sensor.read_noise: needs exactly one of relative, absolute, interval; got",
        ),
        ("{relative: 0.2}", "{}", "lab.yaml:29: search.sensor.read_noise: needs exactly one of"),
        ("relative: 0.2", "relative: -0.2", "lab.yaml:29: search.sensor.read_noise: must not be negative"),
        ("relative: 0.2", "interval: [5, 1]", "lab.yaml:29: search.sensor.read_noise: interval must be [low, high]"),
        (
            "relative: 0.2",
            "interval: [4, 5]",
            "lab.yaml:29: search.sensor.read_noise: must contain the profile's own value 3.0",
        ),
        (
            "relative: 0.2",
            "absolute: 10",
            "lab.yaml:29: search.sensor.read_noise: reaches from -7 to 13, outside the knob's bounds [0, 10000] e-",
        ),
        (
            "  sensor.read_noise: {rel",
            "  sensor.readnoise: {rel",
            "lab.yaml:29: search.sensor.readnoise: is not a knob of this profile; did you mean 'sensor.read_noise'",
        ),
        (
            "  sensor.read_noise: {rel",
            "  sensor.bit_depth: {rel",
            "lab.yaml:29: search.sensor.bit_depth: is not a knob",
        ),
    ],
)
def test_one_mistake_is_told_once_and_where_it_is(profile_text: str, old: str, new: str, expected: str) -> None:
    found = errors(edit(profile_text, (old, new)))
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "  - {kind: demosaic, method: bilinear}\n",
            "",
            "lab.yaml:18: isp[1].white_balance: white_balance takes linear RGB, but isp[0] black_level gives a linear "
            "mosaic; put it between demosaic and gamma",
        ),
        (
            "  - {kind: gamma, encoding: power, gamma: 2.2}\n",
            "",
            "lab.yaml:26: isp[5].clip: the chain ends with linear RGB; it must end display-encoded: add a gamma stage",
        ),
        (
            "  - {kind: clip}\n",
            "  - {kind: black_level}\n",
            "lab.yaml:26: isp[5].black_level: black_level takes digital numbers",
        ),
    ],
)
def test_stages_out_of_order_are_told_with_their_line(profile_text: str, old: str, new: str, expected: str) -> None:
    found = errors(edit(profile_text, (old, new)))
    assert found[0].startswith(expected)
    assert len(set(found)) == len(found)


def test_all_mistakes_come_at_once_in_the_order_of_the_file(profile_text: str) -> None:
    text = edit(
        profile_text,
        ("title: A", "titel: A"),
        ("cfa: RGGB", "cfa: rggb"),
        ("bit_depth: 12", "bit_depth: twelve"),
        ("[2.0, 1.0, 1.5]", "[2.0, 0.0]"),
        ("radius: 1.0", "radius: 99"),
        ("kind: clip", "kind: cilp"),
        ("{kind: black_level}", "{kind: gamma, encoding: srgb}"),
        add="more: 1\n",
    )
    assert [line.split(": ")[:2] for line in errors(text)] == [
        ["lab.yaml:1", "title"],
        ["lab.yaml:3", "titel"],
        ["lab.yaml:8", "sensor.cfa"],
        ["lab.yaml:9", "sensor.bit_depth"],
        ["lab.yaml:17", "isp[0].gamma"],
        ["lab.yaml:18", "isp[1].demosaic"],
        ["lab.yaml:19", "isp[2].white_balance.gains[2]"],
        ["lab.yaml:25", "isp[4].sharpen.radius"],
        ["lab.yaml:26", "isp[5].cilp"],
        ["lab.yaml:30", "more"],
    ]


@pytest.mark.parametrize("text", ["[1, 2]", "profile", "17"])
def test_what_is_no_map_is_no_profile(text: str) -> None:
    assert errors(text) == ["lab.yaml: a profile is a map that begins with 'camsim: 1'"]


def test_the_inverse_response_and_ranges_are_read_back(profile_text: str) -> None:
    [profile] = read_profiles(profile_text, "lab.yaml")
    assert profile.sensor.response == InverseIspResponse()
    assert read_profiles(to_yaml(profile), "x.yaml") == [profile]


def test_every_stage_is_known_by_its_words() -> None:
    tags = [stage.tags() for stage in stage_classes()]
    assert len(set(tags)) == len(tags)
    assert ("demosaic", "menon2007") in tags
    assert ("gamma", "srgb") in tags
    assert ("clip",) in tags
