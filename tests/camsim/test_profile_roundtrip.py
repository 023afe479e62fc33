"""Any profile, written as YAML and read back."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from camsim.isp import (
    Bilinear,
    BlackLevel,
    Clip,
    ColorMatrix,
    GaussianDenoise,
    Malvar2004,
    MedianDenoise,
    Menon2007,
    PowerGamma,
    SharpeningFilter,
    SrgbGamma,
    UnsharpMask,
    WhiteBalance,
)
from camsim.profile import Profile
from camsim.profile_file import read_profiles, to_yaml
from camsim.sensor import Container, MatrixResponse, Sensor


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


triples = st.tuples(*[floats(-16, 16)] * 3)
names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,8}(/[A-Za-z0-9][A-Za-z0-9._-]{0,8}){0,2}\Z")
channels = st.sampled_from(["luma", "rgb"])
sharpeners = st.builds(SharpeningFilter, channels=channels) | st.builds(
    UnsharpMask,
    radius=floats(0.1, 10),
    amount=floats(0, 10),
    axis=st.sampled_from(["both", "vertical"]),
    channels=channels,
)
denoisers = st.builds(GaussianDenoise, sigma=floats(0.1, 10), channels=channels) | st.builds(
    MedianDenoise, size=st.sampled_from([3, 5]), channels=channels
)
clips = st.builds(Clip, low=floats(-1, 0), high=floats(0.5, 2))
linear_stages = (
    st.builds(WhiteBalance, gains=triples)
    | st.builds(ColorMatrix, matrix=st.tuples(triples, triples, triples))
    | clips
    | sharpeners
    | denoisers
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """Any profile that camsim accepts, with a response of its own so that no matrix needs an inverse."""
    bits = draw(st.integers(8, 16))
    top = 2**bits - 1
    level = floats(0, top / 4)
    white = floats(top / 2, top)
    black_level = draw(level | st.tuples(level, level, level, level))
    container_bits = draw(st.none() | st.integers(bits, 16))
    sensor = Sensor(
        cfa=draw(st.sampled_from(["RGGB", "BGGR", "GRBG", "GBRG"])),
        bit_depth=bits,
        container=container_bits and Container(bits=container_bits, justify=draw(st.sampled_from(["left", "right"]))),
        black_level=black_level,
        white_level=draw(white | st.tuples(white, white, white, white)),
        system_gain=draw(floats(0.01, 1e3)),
        full_well=draw(floats(1, 1e8)),
        read_noise=draw(floats(0, 1e4)),
        exposure=draw(st.none() | floats(1e-3, 1e8)),
        response=draw(st.builds(MatrixResponse, matrix=st.tuples(triples, triples, triples))),
    )
    isp = [
        draw(st.just(BlackLevel()) | st.builds(BlackLevel, level=level, normalize=st.just(False))),
        *draw(st.lists(clips, max_size=1)),
        draw(st.sampled_from([Bilinear(), Malvar2004(), Menon2007()])),
        *draw(st.lists(linear_stages, max_size=4)),
        draw(st.just(SrgbGamma()) | st.builds(PowerGamma, gamma=floats(0.2, 5))),
        *draw(st.lists(clips | sharpeners | denoisers, max_size=3)),
    ]
    sources = st.builds(
        dict,
        source=st.text(min_size=1),
        status=st.sampled_from(["measured", "datasheet", "derived", "published", "assumed"]),
        note=st.none() | st.text(),
    )
    fields = st.sampled_from(
        ["sensor", "isp", "sensor.cfa", "sensor.read_noise", "isp.black_level", "isp.demosaic.method"]
    )
    data: dict[str, Any] = {
        "name": draw(names),
        "title": draw(st.text(min_size=1, max_size=200)),
        "provenance": draw(st.dictionaries(fields, sources, max_size=3)),
        "sensor": sensor.model_dump(),
        "isp": [stage.model_dump() for stage in isp],
        "search": draw(st.none() | st.just({}) | st.just({"sensor.system_gain": {"relative": 0.0}})),
    }
    return Profile.model_validate(data)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(profile=profiles())
def test_what_is_written_is_read_back(profile: Profile) -> None:
    assert read_profiles(to_yaml(profile), "x.yaml") == [profile]
