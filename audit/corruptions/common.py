"""The common corruptions, by name, and how one is applied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator, Philox
from numpy.typing import NDArray

from audit.corruptions import blur, digital, frost, noise, weather
from audit.corruptions.corruption import SEVERITIES, Corruption
from camsim.errors import CamsimError, did_you_mean
from camsim.sensor import noise_key

MIN_SIDE = 32
"""px; below, there would be less picture than blur."""

CORRUPTIONS: Mapping[str, Corruption] = {
    corruption.key: corruption
    for corruption in (
        Corruption("gaussian_noise", "Gaussian noise", "noise", noise.gaussian_noise),
        Corruption("shot_noise", "shot noise", "noise", noise.shot_noise),
        Corruption("impulse_noise", "impulse noise", "noise", noise.impulse_noise),
        Corruption("defocus_blur", "defocus blur", "blur", blur.defocus_blur),
        Corruption("glass_blur", "glass blur", "blur", blur.glass_blur),
        Corruption("motion_blur", "motion blur", "blur", blur.motion_blur),
        Corruption("zoom_blur", "zoom blur", "blur", blur.zoom_blur),
        Corruption("snow", "snow", "weather", weather.snow),
        Corruption("frost", "frost", "weather", frost.frost, frost.missing),
        Corruption("fog", "fog", "weather", weather.fog),
        Corruption("brightness", "brightness", "weather", weather.brightness),
        Corruption("contrast", "contrast", "digital", digital.contrast),
        Corruption("elastic_transform", "elastic transform", "digital", digital.elastic_transform),
        Corruption("pixelate", "pixelate", "digital", digital.pixelate),
        Corruption("jpeg_compression", "JPEG compression", "digital", digital.jpeg_compression),
    )
}
"""By key, in the order in which they are usually listed."""


def corrupt(picture: NDArray[np.uint8], name: str, severity: int, seed: int, sample: str) -> NDArray[np.uint8]:
    """A picture after one of the common corruptions.

    Args:
        picture: (H, W, 3) RGB, 0..255, sides of at least `MIN_SIDE`; it is not changed.
        name: one of `CORRUPTIONS`.
        severity: 1 (mild) to 5.
        seed: of what is drawn, together with the sample, the name and the severity, and nothing else.
        sample: name of the picture's sample.

    Returns:
        (H, W, 3) RGB, 0..255, of the same size; fractions are cut off, as in the published sets.

    Raises:
        CamsimError: no such corruption or severity, a picture that is no such picture or too small, or frost where its
            photographs are not installed.
    """
    if name not in CORRUPTIONS:
        raise CamsimError(f"unknown corruption {name!r}{did_you_mean(name, CORRUPTIONS)} ({', '.join(CORRUPTIONS)})")
    if severity not in SEVERITIES:
        raise CamsimError(f"{name}: the severity is 1, 2, 3, 4 or 5, got {severity}")
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise CamsimError(f"{name}: takes a picture (H, W, 3) of uint8, got {picture.shape} of {picture.dtype}")
    if min(picture.shape[:2]) < MIN_SIDE:
        raise CamsimError(
            f"{name}: needs pictures with sides of at least {MIN_SIDE} px, got {picture.shape[1]}x{picture.shape[0]}"
        )
    random = Generator(Philox(key=noise_key(seed, sample, f"corruption {name} {severity}")))
    return CORRUPTIONS[name].apply(picture, severity, random).astype(np.uint8)
