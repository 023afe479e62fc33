"""Light of another colour: warm lamps, shade, with the camera's white balance left as it is or set perfectly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audit.axes.axis import Axis
from audit.axes.light import SCENE_LIGHT, light_words, white_of
from audit.axes.name import Point
from audit.axes.turn import turned
from camsim import Profile
from camsim.cfa import letters
from camsim.errors import CamsimError
from camsim.isp.white_balance import CctBalance, WhiteBalance
from camsim.profile import Provenance
from camsim.sensor import MatrixResponse

LADDER = (2500.0, 3200.0, 4000.0, 5000.0, 6500.0, 8000.0, 10000.0)


def camera_factors(response: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(3,): how much more a camera's R, G and B see of a white surface under that light than under 6500 K, at the same
    luminance.

    Exactly 1 at 6500 K. ``response``: (3, 3) linear sRGB to camera RGB.

    Raises:
        CamsimError: the response makes nothing, or less, of one of the two whites in a channel.
    """
    own, other = response @ white_of(SCENE_LIGHT), response @ white_of(temperature)
    if np.any(own <= 0) or np.any(other <= 0):
        raise CamsimError(
            f"its response makes ({', '.join(f'{part:.3g}' for part in other)}) of the white of "
            f"{light_words(temperature)}; all three must be above 0"
        )
    factors: NDArray[np.float64] = other / own
    return factors


def at_illuminant(profile: Profile, temperature: float, seed: int = 0) -> Profile:
    """The device in light of a colour temperature, its fixed white balance as it is.

    The scene is taken to lie in daylight of 6500 K. Each camera channel is scaled as a white surface's is (von Kries,
    in the camera's own space): the response R becomes diag(factors) R. Surfaces of other colours would differ a little
    more than that under a real lamp; nobody knows their spectra. A device with automatic white balance answers by
    itself.

    Raises:
        CamsimError: beyond the formulas' limits, or the response makes no sense under that light.
    """
    point = Point(profile.name, ILLUMINANT.key, temperature)
    factors, response, source = _relit(profile, point)
    return turned(
        profile,
        point,
        f"in {light_words(temperature)}",
        knobs={},
        sensor={"response": response} if np.any(factors != 1) else None,
        sources={"sensor.response": source} if np.any(factors != 1) else {},
    )


def at_illuminant_balanced(profile: Profile, temperature: float, seed: int = 0) -> Profile:
    """As `at_illuminant`, with the gains of the white balance divided by the same factors: white stays white.

    What is left is what no white balance can mend: the noise of channels that get little light, and the clipping of
    those that get much.

    Raises:
        CamsimError: the device has no fixed gains on camera RGB, or they would leave their bounds.
    """
    point = Point(profile.name, ILLUMINANT_BALANCED.key, temperature)
    stage = _fixed_balance(profile, point)
    factors, response, source = _relit(profile, point)
    knob = f"isp.{stage}.gains"
    gains = profile.knobs()[knob].value
    changed = bool(np.any(factors != 1))
    words = f"gains {_triple(gains)} of {profile.name} over {_triple(factors)}: white is white again"
    return turned(
        profile,
        point,
        f"balanced for {light_words(temperature)}",
        knobs={knob: gains / factors} if changed else {},
        sensor={"response": response} if changed else None,
        sources={"sensor.response": source, knob: Provenance(source=words, status="derived")} if changed else {},
    )


def _relit(profile: Profile, point: Point) -> tuple[NDArray[np.float64], dict[str, object], Provenance]:
    """Factors of the channels; the response under the new light; where it comes from."""
    own = profile.resolved_sensor().response
    assert isinstance(own, MatrixResponse)  # a resolved one is
    if letters(profile.sensor.cfa) != "RGB":
        raise CamsimError(
            f"{point}: {profile.name} ({profile.sensor.cfa}) does not see red, green and blue alone, whose response "
            "another light changes; choose another device or axis"
        )
    matrix = np.array(own.matrix)
    try:
        factors = camera_factors(matrix, point.value)
    except CamsimError as error:
        raise CamsimError(f"{point}: {error}") from None
    words = f"response of {profile.name} in {light_words(point.value)} in place of 6500 K: rows x {_triple(factors)}"
    relit = (factors[:, None] * matrix).tolist()
    return factors, {"kind": "matrix", "matrix": relit}, Provenance(source=words, status="derived")


def _fixed_balance(profile: Profile, point: Point) -> str:
    """Name of the stage whose gains act on camera RGB."""
    kinds = [stage.kind for stage in profile.isp]
    if "white_balance" not in kinds:
        raise CamsimError(f"{point}: its ISP has no white balance; take the axis illuminant")
    place = kinds.index("white_balance")
    if isinstance(profile.isp[place], CctBalance):
        raise CamsimError(
            f"{point}: its white balance is method: cct, whose gains follow its curve; take the axis illuminant, or "
            "state gains in place of the cct"
        )
    if not isinstance(profile.isp[place], WhiteBalance):
        raise CamsimError(f"{point}: its white balance sets itself; take the axis illuminant, which shows how it does")
    if "color_matrix" in kinds[:place]:
        raise CamsimError(f"{point}: its colours are mixed before the white balance, which then cannot be perfect")
    return profile.stage_names()[place]


def _triple(values: NDArray[np.float64]) -> str:
    return f"({', '.join(f'{value:.4g}' for value in values)})"


ILLUMINANT = Axis(
    key="illuminant",
    title="Colour temperature, white balance fixed",
    unit="K",
    meaning=(
        "The scene in daylight (from 4000 K) or under a black body (below) of that temperature at the same luminance, "
        "in place of 6500 K. Fixed gains stay as they are, so that colours are cast; automatic ones answer by "
        "themselves."
    ),
    ladder=lambda profile: LADDER,
    own=lambda profile: SCENE_LIGHT,
    at=at_illuminant,
    logarithmic=True,
)
ILLUMINANT_BALANCED = Axis(
    key="illuminant-balanced",
    title="Colour temperature, white balance perfect",
    unit="K",
    meaning=(
        "The same light, with gains that make white white again. What is left is noise in channels that get little "
        "light and clipping in those that get much."
    ),
    ladder=lambda profile: LADDER,
    own=lambda profile: SCENE_LIGHT,
    at=at_illuminant_balanced,
    logarithmic=True,
)
