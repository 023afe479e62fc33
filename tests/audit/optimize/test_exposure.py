"""The same camera in other light."""

from __future__ import annotations

import pytest
import torch

import camsim
from audit.optimize.exposure import at_exposure
from camsim.errors import CamsimError

CAMERA = camsim.load("still/nikon-d850")


def test_the_signal_scales_and_nothing_else() -> None:
    dim = at_exposure(CAMERA, 0.05)
    scene = torch.full((1, 3, 8, 8), 0.5)
    black = torch.tensor(CAMERA.raw_format.black).mean()
    with torch.no_grad():
        full, little = (camsim.compile(one).capture(scene, seed=None).mean() - black for one in (CAMERA, dim))
    assert float(little / full) == pytest.approx(0.05, rel=0.02)  # the ADC rounds
    changed = {name for name, knob in dim.knobs().items() if (knob.value != CAMERA.knobs()[name].value).any()}
    assert changed == {"sensor.exposure"}
    assert dim.name == "frozen/still/nikon-d850"
    assert dim.provenance["sensor.exposure"].source.startswith("0.05 x ")


def test_one_changes_nothing() -> None:
    same = at_exposure(CAMERA, 1)
    assert {name: knob.value.tolist() for name, knob in same.knobs().items()} == {
        name: knob.value.tolist() for name, knob in CAMERA.knobs().items()
    }
    assert "sensor.exposure" not in same.provenance


@pytest.mark.parametrize("exposure", [0, -0.5, float("nan"), float("inf")])
def test_no_exposure_is_refused(exposure: float) -> None:
    with pytest.raises(CamsimError, match=r"exposure must be above 0 \(1 is the profile's own\), got"):
        at_exposure(CAMERA, exposure)


@pytest.mark.parametrize("exposure", [1e-12, 1e6])
def test_an_exposure_beyond_the_bounds_is_refused(exposure: float) -> None:
    with pytest.raises(CamsimError, match=r"is .* e-, outside \[0.001, 1e\+08\] e-; give one between"):
        at_exposure(CAMERA, exposure)
