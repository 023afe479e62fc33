"""Readings merged, and the linear code companded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from camsim.isp.linearize import linearize
from camsim.sensor.hdr import Companding, DualConversionGain, SplitPixel, compand, merge_readings


def dn(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(1, 1, 1, -1)


def test_a_hard_switch_takes_the_most_sensitive_reading_below_the_limit() -> None:
    readings = [dn(10, 99, 100, 4000), dn(2, 30, 99, 300), dn(0, 1, 2, 7)]
    signals = [dn(10, 99, 100, 4000), dn(11, 111, 112, 113), dn(21, 22, 23, 24)]
    merged = merge_readings(readings, signals, torch.tensor(100.0), None)
    assert merged.flatten().tolist() == [10, 99, 112, 24]


def test_a_blend_falls_in_a_straight_line() -> None:
    readings = [dn(79, 80, 85, 95, 100, 200), dn(0, 0, 0, 0, 0, 0)]
    signals = [dn(*[1] * 6), dn(*[3] * 6)]
    merged = merge_readings(readings, signals, torch.tensor(100.0), torch.tensor(20.0))
    torch.testing.assert_close(merged, dn(1, 1, 1.5, 2.5, 3, 3))


def test_readings_that_agree_are_not_changed() -> None:
    signal = torch.rand(2, 1, 5, 7, dtype=torch.float64) * 4000
    for blend in (None, torch.tensor(900.0, dtype=torch.float64)):
        merged = merge_readings([signal, signal / 4, signal / 16], [signal] * 3, torch.tensor(1000.0), blend)
        torch.testing.assert_close(merged, signal)


def test_gradients_of_a_blend_are_true() -> None:
    generator = torch.Generator().manual_seed(2)
    readings = [100 * torch.rand(1, 1, 3, 4, dtype=torch.float64, generator=generator) for _ in range(3)]
    signals = [torch.rand(1, 1, 3, 4, dtype=torch.float64, generator=generator) for _ in range(3)]
    limits = (torch.tensor(70.0, dtype=torch.float64), torch.tensor(40.0, dtype=torch.float64))
    inputs = tuple(tensor.requires_grad_() for tensor in (*readings, *signals))
    assert torch.autograd.gradcheck(lambda *given: merge_readings(given[:3], given[3:], *limits), inputs)
    assert torch.autograd.gradcheck(lambda *given: merge_readings(given[:3], given[3:], limits[0], None), inputs)


KNEES = [[0, 0], [2048, 2048], [65536, 10240], [2**20 - 1, 65535]]


def test_companding_is_numpys_interpolation_and_linearize_undoes_it() -> None:
    spec = Companding.model_validate({"knees": KNEES})
    code = torch.linspace(0, 2**20 - 1, 5001, dtype=torch.float64)
    linear, companded = (torch.tensor(numbers, dtype=torch.float64) for numbers in (spec.linear, spec.companded))
    out = compand(code, linear, companded)
    np.testing.assert_allclose(out, np.interp(code, *np.array(KNEES, dtype=float).T), rtol=1e-14)
    torch.testing.assert_close(linearize(out, companded, linear), code, rtol=1e-12, atol=1e-9)
    assert torch.autograd.gradcheck(compand, (code[1:40:7].requires_grad_(), linear, companded))


@pytest.mark.parametrize(
    ("knees", "match"),
    [
        ([[0, 0]], "at least 2 items"),
        ([[0, 0], [100, 50], [90, 60]], "linear DN must increase from knee to knee"),
        ([[0, 0], [100, 50], [200, 50]], "companded DN must increase from knee to knee"),
        ([[-1, 0], [100, 50]], "must not be negative"),
    ],
)
def test_knees_that_fold_are_refused(knees: Any, match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        Companding.model_validate({"knees": knees})


SPLIT: dict[str, Any] = {
    **{"bits": 20, "sensitivity": [0.1], "full_well": [6e4], "gain": [0.25, 1.0], "read_noise": [4.0, 2.0]},
    "photodiode": [0, 1],
}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"full_well": [1e4, 1e4]}, "full_well has 2 numbers, sensitivity 1"),
        ({"read_noise": [1.0]}, "read_noise has 1 numbers, gain 2"),
        ({"photodiode": None}, "photodiode has 1 numbers, gain 2"),
        ({"photodiode": [0, 2]}, "photodiode must name each of 0 to 1 that is read"),
        ({"sensitivity": [2.0]}, r"must lie in \[1e-06, 1\], got 2"),
        ({"bits": 25}, "less than or equal to 24"),
    ],
)
def test_split_pixels_that_make_no_sense_are_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        SplitPixel.model_validate(SPLIT | changes)


def test_what_each_reading_sees() -> None:
    split = SplitPixel.model_validate(SPLIT)
    assert split.light_gains() == (1.0, 0.25, 0.1)
    assert split.wells(9e3) == (9e3, 9e3, 6e4)
    assert SplitPixel.model_validate(SPLIT | {"gain": [1.0], "read_noise": [2.0], "photodiode": None}).places() == (1,)
    assert DualConversionGain(gain=0.25, read_noise=4.0, bits=16).light_gains() == (1.0, 0.25)
