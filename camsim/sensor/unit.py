"""Fixed patterns: what sets one pixel of a device apart from the next, the same in every frame."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

import torch
from torch import Tensor

from camsim.sensor.draws import standard_normal
from camsim.sensor.random import noise_keys

MOST_KEPT = 1 << 28
"""Bytes of `kept_map`, of all maps together."""
_kept: dict[Hashable, Tensor] = {}
_lock = threading.Lock()


def kept_map(name: Hashable, make: Callable[[], Tensor]) -> Tensor:
    """What ``make`` gives, kept for the next frame that asks for the same name; not to be written to.

    The latest maps are kept, up to `MOST_KEPT` bytes; one that is larger by itself is not.
    """
    with _lock:
        found = _kept.pop(name, None)
        if found is not None:
            _kept[name] = found  # the latest last
            return found
    made = make()
    with _lock:
        _kept[name] = made
        room = MOST_KEPT - sum(image.nbytes for image in _kept.values())
        for old in list(_kept):
            if room >= 0:
                break
            room += _kept.pop(old).nbytes
    return made


def fixed_pattern(unit: int, effect: str, height: int, width: int) -> Tensor:
    """Standard normal numbers, one a pixel, that belong to a device and not to a sample.

    A pixel's number depends on the unit, the effect, its row and its column alone, counted from the frame's top left.
    A frame that is cut at the right or below keeps the pattern; one that is cut at the left or above is another part
    of the sensor, and gets the pattern of the top left all the same.

    Args:
        unit: which of the devices of this profile.
        effect: name of the draw.
        height: of the frame, px.
        width: of the frame, px.

    Returns:
        (1, 1, height, width) float32 on the CPU.
    """
    return standard_normal(noise_keys(unit, range(height), effect), 1, width).reshape(1, 1, height, width)


def chosen_pixels(share: Tensor, unit: int, effect: str, height: int, width: int) -> Tensor:
    """1 at a share of the pixels, fixed for the unit as in `fixed_pattern`, and 0 at the others.

    A larger share keeps the pixels of a smaller one. Being chosen has no gradient; backward, each pixel has that of its
    chance to be chosen over all units, which is 1.

    Args:
        share: () in [0, 1].
        unit: which of the devices of this profile.
        effect: name of the draw.
        height: of the frame, px.
        width: of the frame, px.

    Returns:
        (1, 1, height, width) of the type of ``share``.
    """
    chance = torch.special.ndtr(fixed_pattern(unit, effect, height, width).to(share.device, torch.float64))
    chosen: Tensor = (chance < share.detach().double()).to(share) + (share - share.detach())
    return chosen
