"""Measure an emulated sensor by EMVA 1288 and hold it against its profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from camsim import calibrate, catalog
from camsim.calibrate import Nonuniformity
from camsim.errors import CamsimError
from camsim.profile import Profile
from camsim.validation.bench import Bench
from camsim.validation.bent import bent_figures
from camsim.validation.dark_current import dark_current
from camsim.validation.defects import defects, without_defects
from camsim.validation.expected import Expected, expected
from camsim.validation.judge import dark_quantities, photon_quantities, spatial_quantities
from camsim.validation.report import Level, Quantity, Validation

LEVELS = 25
"""Of light, besides the dark."""
SIZE = 256
"""Height and width of the frames, px."""
STACK = 64
"""Frames of a stack, for what is fixed and for the noise in the dark."""
_BRIGHTEST = 1.15
"""Of full: the brightest level."""
_FINE_FRAMES = 8


class Progress(Protocol):
    """Told how far it is."""

    def start(self, what: str, total: int) -> None: ...
    def advance(self, steps: int) -> None: ...


class _Silent:
    def start(self, what: str, total: int) -> None:
        pass

    def advance(self, steps: int) -> None:
        pass


def validate(
    profile: Profile | str, *, seed: int = 0, size: int = SIZE, progress: Progress | None = None
) -> Validation:
    """Measure a device's sensor as a laboratory would, by EMVA 1288 release 4.0 Linear, and compare with its profile.

    Args:
        profile: a `Profile`, the name of one that ships with camsim, or a YAML file.
        seed: of the noise.
        size: of the frames, px; even, at least 64. The tolerances are made for 256.
        progress: told how far it is.

    Returns:
        What was measured. The photon transfer takes pairs of frames at 25 levels; dark noise, DSNU and PRNU take
        stacks of 64 frames; the saturation is looked for again, in fine steps, where the photon transfer found it.

    Raises:
        CamsimError: no such profile, a size that is too small, or a response that no light is even for.
    """
    if size < 64 or size % 2:
        raise CamsimError(f"size must be even and at least 64 px, got {size}")
    device = profile if isinstance(profile, Profile) else catalog.load(profile)
    bars = progress or _Silent()
    bars.start(device.name, LEVELS + 4)
    whole = Bench(device, size, seed)
    bench = without_defects(whole)
    implied = expected(bench.sensor)
    light = np.linspace(0, _BRIGHTEST * implied.full, LEVELS + 1)[1:]
    dark = bench.frames(0.0, STACK, "dark")
    dark_sites = _sites(dark)
    levels = [Level(0.0, *calibrate.pair_statistics(dark[0], dark[1]))]
    bars.advance(1)
    for electrons in light:
        pair = bench.frames(float(electrons), 2, "photon transfer")
        levels.append(Level(float(electrons), *calibrate.pair_statistics(pair[0], pair[1])))
        bars.advance(1)
    mean, variance = (np.array([getattr(level, name) for level in levels[1:]]) for name in ("mean", "variance"))
    # Not by `saturation_index`: coming from the brightest, it may stop where full pixels differ by read noise alone.
    brightest = int(variance.argmax())
    found = calibrate.sensitivity(light, mean, variance, (dark_sites.mean, dark_sites.temporal), brightest)
    line = calibrate.linearity(light, mean - dark_sites.mean, found.saturation_index)
    found = replace(found, saturation_photons=_saturation(bench, light, found.saturation_index))
    bars.advance(1)
    bend = bent_figures(bench.sensor, implied, light, found.saturation_index)
    half_full = _sites(bench.frames(implied.full / 2, STACK, "half"))
    bars.advance(1)
    quantities: list[Quantity] = [
        *photon_quantities(bench.sensor, implied, found, line, levels, bend),
        *dark_quantities(bench.sensor, implied, found, bend),
        *spatial_quantities(bench.sensor, implied, found, dark_sites, half_full, size, bend),
        *_dark_current(bench, implied, found.system_gain),
        *defects(whole, implied),
    ]
    bars.advance(1)
    return Validation(device.name, seed, size, tuple(quantities), tuple(levels))


def _dark_current(bench: Bench, implied: Expected, gain: float) -> list[Quantity]:
    return [] if bench.sensor.dark_current is None else [dark_current(bench, implied, gain)]


def _sites(stack: NDArray[np.float64]) -> Nonuniformity:
    """Of each site of the CFA by itself, since each has a black level of its own; then the mean of the four."""
    found = [calibrate.nonuniformity(stack[:, y::2, x::2]) for y in (0, 1) for x in (0, 1)]

    def mean(name: str) -> float:
        return float(np.mean([getattr(site, name) for site in found]))

    return Nonuniformity(
        mean=mean("mean"),
        temporal=mean("temporal"),
        frames=len(stack),
        total=mean("total"),
        row=mean("row"),
        column=mean("column"),
        pixel=mean("pixel"),
    )


def _saturation(bench: Bench, light: NDArray[np.float64], index: int) -> float:
    """The level of largest variance, looked for in fine steps between the neighbours of the one found; e-."""
    fine = np.linspace(light[max(index - 1, 0)], light[min(index + 1, len(light) - 1)], LEVELS)
    variances = [bench.frames(float(electrons), _FINE_FRAMES, "saturation").var(0, ddof=1).mean() for electrons in fine]
    return float(fine[int(np.argmax(variances))])
