"""HDR sensors from scene to words: exact moments, signal-to-noise ratio, linearity, dynamic range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import stats
from torch import Tensor

from camsim.isp.linearize import linearize
from camsim.sensor import MatrixResponse, SampleId, Sensor, SensorModule

EYE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
K, BLACK, TOP, SIGMA, WELL = 0.5, 100.0, 4095, 1.5, 40_000.0
ELECTRONS = 1000.0
"""Of scene 1.0."""
DCG: dict[str, Any] = {"kind": "dual_conversion_gain", "gain": 0.19, "read_noise": 6.0, "bits": 15, "trusted": 0.8}
SPLIT: dict[str, Any] = {
    **{"kind": "split_pixel", "bits": 18, "trusted": 0.85, "sensitivity": [0.08], "full_well": [30_000.0]},
    **{"gain": [0.9], "read_noise": [3.0]},
}
FOUR: dict[str, Any] = {
    **{"kind": "split_pixel", "bits": 20, "trusted": 0.9, "sensitivity": [0.05], "full_well": [30_000.0]},
    **{"gain": [0.25, 1.0, 0.25], "read_noise": [3.0, 1.5, 3.0], "photodiode": [0, 1, 1]},
}
WORDS = {"bits": 16, "justify": "right"}
COMPANDED = {"knees": [[0, 0], [4096, 4096], [65536, 16384], [2**20 - 1, 65535]]}


def sensor(hdr: dict[str, Any] | None, **changes: Any) -> Sensor:
    fields: dict[str, Any] = {
        **{"cfa": "RGGB", "bit_depth": 12, "black_level": BLACK, "white_level": 4000.0, "system_gain": K},
        **{"full_well": WELL, "read_noise": SIGMA, "exposure": ELECTRONS, "response": MatrixResponse(matrix=EYE)},
    }
    if hdr is not None:
        bits = hdr["bits"]
        words = {"container": WORDS} if bits <= 16 or hdr.get("companding") else {}
        fields |= {"hdr": hdr, "white_level": 2.0**bits - 1, **words}
    return Sensor.model_validate(fields | changes).resolve(np.eye(3))


def wide(hdr: dict[str, Any]) -> dict[str, Any]:
    """With companding so fine that codes up to 2^16 are written as they are."""
    top = 2 ** hdr["bits"] - 1
    return hdr if hdr["bits"] <= 16 else hdr | {"companding": {"knees": [[0, 0], [60_000, 60_000], [top, 65535]]}}


def shoot(spec: Sensor, scene: Tensor, seed: int | None, ids: list[SampleId] | None = None) -> Tensor:
    with torch.no_grad():
        words: Tensor = SensorModule(spec).double()(scene, seed, list(range(len(scene))) if ids is None else ids)
    return words


def codes(spec: Sensor, scene: Tensor, seed: int | None) -> NDArray[np.float64]:
    """Linear codes: what the ISP has after it undid the companding."""
    words = shoot(spec, scene, seed)
    assert spec.hdr is not None
    if spec.hdr.companding is not None:
        knees = spec.hdr.companding
        words = linearize(words, *(torch.tensor(n, dtype=torch.float64) for n in (knees.companded, knees.linear)))
    return np.asarray(words.numpy().ravel())


def even(electrons: float, size: int = 500) -> Tensor:
    return torch.full((1, 3, size, size), electrons / ELECTRONS, dtype=torch.float64)


def reading_pmf(electrons: NDArray[np.float64], sigma: float, gain: float) -> NDArray[np.float64]:
    """(N, 4096): of the ADC's DN, given each number of electrons."""
    edges = np.concatenate([[-np.inf], np.arange(TOP) + 0.5, [np.inf]])
    with np.errstate(invalid="ignore"):
        below = stats.norm.cdf((edges - BLACK - gain * electrons[:, None]) / (gain * sigma))
    return np.diff(below, axis=1)


def counts(mean: float, well: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Electrons that a photodiode may hold, and their probabilities."""
    low, high = max(0, int(mean - 8 * np.sqrt(mean + 1) - 5)), int(mean + 8 * np.sqrt(mean + 1) + 30)
    number = np.arange(low, high)
    return np.minimum(number, well).astype(float), stats.poisson.pmf(number, mean)


def merged(first: NDArray[Any], second: NDArray[Any], ratio: float, trusted: float, blend: float) -> NDArray[Any]:
    """The code of two readings, from their definition."""
    end, width = BLACK + trusted * (TOP - BLACK), blend * (TOP - BLACK)
    share = np.clip((end - first) / width, 0, 1) if blend else (first < end).astype(float)
    return np.rint(BLACK + share * (first - BLACK) + (1 - share) * (second - BLACK) * ratio)


def moments_dual(mean: float, hdr: dict[str, Any]) -> tuple[float, float]:
    """Exact mean and variance: both readings see the same electrons."""
    electrons, chance = counts(mean, WELL)
    keep = chance > 1e-14
    electrons, chance = electrons[keep], chance[keep]
    total = square = 0.0
    for start in range(0, len(electrons), 64):
        part, weight = electrons[start : start + 64], chance[start : start + 64]
        first = reading_pmf(part, SIGMA, K)
        second = reading_pmf(part, hdr["read_noise"], K * hdr["gain"])
        one, two = np.flatnonzero(first.max(0) > 1e-12), np.flatnonzero(second.max(0) > 1e-12)
        joint = np.einsum("n,ni,nj->ij", weight, first[:, one], second[:, two])
        code = merged(one[:, None], two[None], 1 / hdr["gain"], hdr["trusted"], hdr.get("blend", 0.0))
        total, square = total + (joint * code).sum(), square + (joint * code**2).sum()
    return total, square - total**2


def moments_split(mean: float, hdr: dict[str, Any]) -> tuple[float, float]:
    """Exact mean and variance: the two photodiodes are independent."""
    pair = []
    for light, well, sigma, gain in (
        (mean, WELL, SIGMA, K),
        (mean * hdr["sensitivity"][0], hdr["full_well"][0], hdr["read_noise"][0], K * hdr["gain"][0]),
    ):
        electrons, chance = counts(light, well)
        values, place = np.unique(electrons, return_inverse=True)
        pair.append(np.bincount(place, chance) @ reading_pmf(values, sigma, gain))
    one, two = (np.flatnonzero(pmf > 1e-13) for pmf in pair)
    joint = np.outer(pair[0][one], pair[1][two])
    ratio = 1 / (hdr["gain"][0] * hdr["sensitivity"][0])
    code = merged(one[:, None], two[None], ratio, hdr["trusted"], hdr.get("blend", 0.0))
    total = float((joint * code).sum())
    return total, float((joint * code**2).sum()) - total**2


SWITCH = 0.8 * (TOP - BLACK) / K
"""e- at which the first reading of DCG comes to its limit."""


@pytest.mark.parametrize("blend", [0.0, 0.2], ids=["switch", "blend"])
@pytest.mark.parametrize(
    "electrons", [0.0, 20.0, 3000.0, 0.85 * SWITCH, 0.97 * SWITCH, SWITCH, 1.02 * SWITCH, 15_000.0, 39_900.0, 60_000.0]
)
def test_dual_conversion_gain_has_the_exact_moments(electrons: float, blend: float) -> None:
    """From darkness through the switch into the full well, within four standard errors."""
    hdr = DCG | {"blend": blend}
    mean, variance = moments_dual(electrons, hdr)
    check_moments(codes(sensor(hdr), even(electrons), 3), mean, variance)


@pytest.mark.parametrize("blend", [0.0, 0.2], ids=["switch", "blend"])
@pytest.mark.parametrize("electrons", [0.0, 200.0, 6000.0, 6600.0, 6790.0, 6900.0, 8000.0, 60_000.0, 110_000.0])
def test_a_split_pixel_has_the_exact_moments(electrons: float, blend: float) -> None:
    hdr = SPLIT | {"blend": blend}
    mean, variance = moments_split(electrons, hdr)
    check_moments(codes(sensor(wide(hdr)), even(electrons), 4), mean, variance)


def check_moments(values: NDArray[np.float64], mean: float, variance: float) -> None:
    fourth = ((values - values.mean()) ** 4).mean()
    assert abs(values.mean() - mean) <= 4 * np.sqrt(variance / values.size)
    assert abs(values.var() - variance) <= 4 * np.sqrt(max(fourth - variance**2, 0) / values.size)


@pytest.mark.parametrize(
    ("hdr", "reading", "electrons"),
    [
        (DCG, 0, 0.9 * SWITCH),
        (DCG, 1, 1.1 * SWITCH),
        (SPLIT, 0, 6300.0),
        (SPLIT, 1, 7300.0),
        (FOUR, 0, 6800.0),
        (FOUR, 1, 8000.0),
        (FOUR, 1, 27_000.0),
        (FOUR, 2, 32_000.0),
        (FOUR, 2, 120_000.0),
    ],
    ids=lambda given: str(given.get("kind")) if isinstance(given, dict) else None,
)
def test_the_signal_to_noise_ratio_on_both_sides_of_a_switch(hdr: Any, reading: int, electrons: float) -> None:
    """EMVA 1288's formula for each reading: it falls where the next takes over, with fewer electrons or more noise."""
    gains = (1.0, *(np.atleast_1d(hdr["gain"]).tolist()))
    noises = (SIGMA, *(np.atleast_1d(hdr["read_noise"]).tolist()))
    diodes = (0, *hdr.get("photodiode", [0] if hdr is DCG else [1]))
    sensitivity = (1.0, *hdr.get("sensitivity", []))[diodes[reading]]
    seen = electrons * sensitivity
    step = K * gains[reading]
    ratio = 1 / (gains[reading] * sensitivity)
    noise = np.sqrt((seen + noises[reading] ** 2 + 1 / 12 / step**2) * (step * ratio) ** 2 + 1 / 12 * (reading > 0))
    bits = hdr["bits"]
    spec = sensor(hdr | {"companding": {"knees": [[0, 0], [65000, 65000], [2**bits, 65535]]}} if bits > 16 else hdr)
    found = codes(spec, even(electrons), 5)
    expected = K * electrons / noise
    error = expected * np.sqrt(1 / (2 * found.size) + (noise / (K * electrons)) ** 2 / found.size)
    assert abs((found.mean() - BLACK) / found.std() - expected) < 4 * error


@pytest.mark.parametrize(
    ("hdr", "brightest"),
    [(DCG, 39.0), (SPLIT, 110.0), (FOUR | {"companding": COMPANDED}, 590.0)],
    ids=["dual", "split", "four"],
)
@pytest.mark.parametrize("blend", [0.0, 0.3])
def test_the_code_is_in_proportion_to_the_light(hdr: dict[str, Any], brightest: float, blend: float) -> None:
    """Far above white, off by no more than half the steps of the reading's ADC, of the code and of the file."""
    spec = sensor((hdr if "companding" in hdr else wide(hdr)) | {"blend": blend})
    assert spec.hdr is not None
    light = torch.linspace(0, brightest, 4096, dtype=torch.float64).reshape(1, 1, 64, 64)
    found = codes(spec, light.expand(1, 3, 64, 64).contiguous(), None)
    wanted = BLACK + K * ELECTRONS * light.numpy().ravel()
    step = np.ones(wanted.shape)
    for gain, before in zip(spec.hdr.light_gains()[1:], spec.hdr.light_gains(), strict=False):
        step[before * (wanted - BLACK) > (hdr["trusted"] - blend) * (TOP - BLACK) - 1] = 1 / gain
    knees = spec.hdr.companding
    if knees is not None:
        slopes = np.diff(knees.linear) / np.diff(knees.companded)
        step += slopes[np.clip(np.searchsorted(knees.linear, wanted) - 1, 0, len(slopes) - 1)]
    assert np.all(np.abs(found - wanted) <= 0.5 * step + 0.5)


def test_the_mean_stays_in_proportion_to_the_light_under_noise() -> None:
    """EMVA 1288's linearity, averaged over a wide blend: within 0.2 % of a straight line."""
    spec = sensor(DCG | {"blend": 0.3})
    for electrons in (500.0, 5000.0, 0.7 * SWITCH, SWITCH, 20_000.0, 35_000.0):
        found = codes(spec, even(electrons, 200), 6).mean() - BLACK
        assert abs(found / (K * electrons) - 1) < 2e-3


def test_dynamic_range_is_that_of_the_least_over_the_most_sensitive_reading() -> None:
    """20 log10 of the brightest light that does not saturate over the noise in the dark."""
    spec = sensor(FOUR | {"companding": COMPANDED})
    dark = codes(spec, even(0.0, 300), 7).std() / K
    assert dark == pytest.approx(np.sqrt(SIGMA**2 + 1 / 12 / K**2), rel=0.01)
    brightest = codes(spec, even(1e7, 8), None).mean() / K
    assert 20 * np.log10(brightest / dark) == pytest.approx(20 * np.log10(6e5 / dark), abs=0.1)
    plain = codes_of_plain()
    assert 20 * np.log10(brightest / dark) - plain == pytest.approx(20 * np.log10(6e5 / (2 * (TOP - BLACK))), abs=0.1)


def codes_of_plain() -> float:
    """Dynamic range of the first reading alone, dB."""
    spec = sensor(None)
    dark = shoot(spec, even(0.0, 300), 7).std() / K
    return float(20 * torch.log10((shoot(spec, even(1e7, 8), None).mean() - BLACK) / K / dark))


def test_the_first_reading_is_the_sensor_without_hdr() -> None:
    """Same words and same noise where it is trusted."""
    scene = 2 * torch.rand(2, 3, 9, 14, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(shoot(sensor(DCG), scene, 3), shoot(sensor(None), scene, 3))


def test_results_do_not_depend_on_the_batch() -> None:
    spec = sensor(FOUR | {"companding": COMPANDED, "blend": 0.1}, row_noise=1.0, prnu=1.0, dsnu=2.0, adc_noise=1.0)
    scene = 50 * torch.rand(3, 3, 7, 13, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    whole = shoot(spec, scene, 9, ["a", "b", "c"])
    for index, name in enumerate(("a", "b", "c")):
        assert torch.equal(shoot(spec, scene[[index]], 9, [name]), whole[[index]])
    assert torch.equal(shoot(spec, scene[[2, 0]], 9, ["c", "a"]), whole[[2, 0]])
    assert not torch.equal(shoot(spec, scene, 10, ["a", "b", "c"]), whole)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_knob_has_a_gradient(dtype: torch.dtype) -> None:
    spec = sensor(FOUR | {"companding": COMPANDED, "blend": 0.1})
    module = SensorModule(spec).to(dtype)
    scene = (torch.linspace(0, 700, 576, dtype=dtype)).reshape(1, 1, 24, 24).repeat(1, 3, 1, 1).requires_grad_()
    words = module(scene, 0, [0])
    assert words.dtype == dtype
    words.square().sum().backward()
    assert scene.grad is not None
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        # The large photodiode never fills while one of its readings counts.
        assert (parameter.grad != 0).any() == (name != "full_well"), name


def test_the_format_of_the_words_is_companded() -> None:
    spec = sensor(FOUR | {"companding": COMPANDED}, white_level=600_000.0)
    raw = spec.raw_format
    assert raw.black == (BLACK,) * 4
    assert raw.white == pytest.approx((16384 + (600_000 - 65_536) / (2**20 - 1 - 65_536) * (65_535 - 16_384),) * 4)
    assert raw.full_scale == 65535
    assert spec.with_levels().exposure == ELECTRONS
    by_default = sensor(FOUR | {"companding": COMPANDED}, exposure=None)
    assert by_default.exposure == pytest.approx((2**20 - 1 - BLACK) / K)


@pytest.mark.parametrize(
    ("hdr", "changes", "match"),
    [
        (DCG | {"bits": 11}, {"white_level": 2000.0}, "hdr: bits is 11, less than bit_depth 12"),
        (
            DCG,
            {"container": None},
            "hdr: a code of 15 bits comes to 32767 DN.*words of 12 bits end at 4095; add companding",
        ),
        (DCG, {"container": {"bits": 16, "justify": "left"}}, "hdr: a merged code fills its words"),
        (DCG, {"digital_gain": 2.0}, "hdr: digital_gain has no place"),
        (
            DCG,
            {"full_well": 6000.0},
            "hdr: reading 1 of 2 ends at 3100 DN, where its photodiode is full.*lower trusted",
        ),
        (DCG | {"gain": 1.0}, {}, "hdr: readings must go from the most to the least sensitive.*got 1, 1"),
        (DCG | {"blend": 0.8}, {}, "hdr: blend is 0.8, which leaves nothing of trusted"),
        (DCG, {"white_level": 40_000.0}, "white_level <= 32767"),
    ],
)
def test_what_does_not_fit_together_is_refused(hdr: dict[str, Any], changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        sensor(hdr, **changes)
