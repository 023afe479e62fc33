"""Tone, highlights, and the choices as one thing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

import camsim
from camsim.unprocess import (
    Unprocess,
    extrapolate_highlights,
    inverse_smoothstep,
    preserve_highlights,
    smoothstep,
)

GAINS = torch.tensor([2.0, 1.0, 1.5], dtype=torch.float64)


def ramp(count: int = 101) -> torch.Tensor:
    return torch.linspace(0, 1, count, dtype=torch.float64).expand(1, 3, 1, -1)


def test_smoothstep_and_its_inverse() -> None:
    x = ramp(1001)
    assert (inverse_smoothstep(smoothstep(x)) - x).abs().max() < 1e-7  # the slope is 0 at both ends
    assert (smoothstep(inverse_smoothstep(x)) - x).abs().max() < 1e-12
    y = np.linspace(0, 1, 11)
    roots = [
        min(r.real for r in np.roots([-2, 3, 0, -v]) if abs(r.imag) < 1e-6 and -1e-6 <= r.real <= 1 + 1e-6) for v in y
    ]
    np.testing.assert_allclose(inverse_smoothstep(torch.from_numpy(y)), roots, atol=1e-6)


def test_the_inverse_of_smoothstep_has_gradients() -> None:
    x = torch.rand(1, 3, 2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 0.8 + 0.1
    assert torch.autograd.gradcheck(inverse_smoothstep, x.requires_grad_())


def test_preserved_highlights_are_those_of_the_published_code() -> None:
    """safe_invert_gains of Brooks et al. 2019, written anew in NumPy."""
    image = torch.rand(1, 3, 8, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(2)) * 0.4 + 0.6
    rgb = image[0].permute(1, 2, 0).numpy()
    gains = 1 / GAINS.numpy()
    mask = (np.maximum(rgb.mean(axis=-1, keepdims=True) - 0.9, 0) / 0.1) ** 2
    expected = rgb * np.maximum(mask + (1 - mask) * gains, gains)
    found = preserve_highlights(image, GAINS)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_preserved_white_is_white_and_the_rest_is_divided() -> None:
    found = preserve_highlights(ramp(), GAINS)
    assert torch.equal(found[..., -1].flatten(), torch.ones(3, dtype=torch.float64))
    dark = ramp()[..., :90]
    assert torch.allclose(found[..., :90], dark / GAINS[:, None, None], atol=1e-15)
    assert (found.diff(dim=-1) >= 0).all()


def test_preserve_shows_a_saturated_pixel_as_saturated() -> None:
    """Taken again by the same camera, white is white whichever way; but in the scene it is brighter than white."""
    profile = camsim.load("phone/pixel-4a-imx363")
    white = torch.ones(1, 3, 2, 2, dtype=torch.float64)
    plain = Unprocess(source=profile).scene(white)
    kept = Unprocess(source=profile, highlights="preserve").scene(white)
    response = torch.tensor(profile.resolved_sensor().response.matrix, dtype=torch.float64)
    assert torch.allclose(plain, white, atol=1e-9)
    raw = torch.einsum("oc,bchw->bohw", response, kept)
    assert torch.allclose(raw, torch.ones_like(raw), atol=1e-6)


def test_extrapolation_begins_smoothly_and_ends_at_the_maximum() -> None:
    white = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    scene = ramp(1001) * white[:, None, None]
    found = extrapolate_highlights(scene, white, 0.8, 5.0)
    assert torch.equal(found[..., :801], scene[..., :801])
    assert torch.allclose(found[..., -1], scene[..., -1] * 5)
    assert found.diff(dim=-1).diff(dim=-1).abs().max() < 1e-3
    ratio = found[:, 1] / found[:, 0]
    assert torch.allclose(ratio[..., 1:], torch.full_like(ratio[..., 1:], 2.0))


def test_extrapolation_has_gradients() -> None:
    image = (torch.rand(1, 3, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))).requires_grad_()
    white = torch.ones(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: extrapolate_highlights(x, white, 0.5, 3.0), image)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"highlights": "preserve"}, "preserve needs a source camera"),
        ({"tone": "smoothstep", "source": "reference/srgb"}, "a source camera brings its own tone curve"),
        ({"maximum": 2.0}, "maximum is of highlights: extrapolate; with clip it has no effect"),
        ({"highlights": "extrapolate", "maximum": 0.5}, "greater than or equal to 1"),
        ({"highlights": "extrapolate", "threshold": 1.0}, "less than 1"),
        ({"highlights": "guess"}, "'clip', 'preserve' or 'extrapolate'"),
    ],
    ids=["preserve alone", "two tones", "idle maximum", "darker", "threshold", "unknown"],
)
def test_what_contradicts_itself_is_refused(given: dict[str, object], message: str) -> None:
    if "source" in given:
        given = given | {"source": camsim.load(str(given["source"]))}
    with pytest.raises(ValidationError, match=message):
        Unprocess(**given)  # type: ignore[arg-type]


def test_the_choices_are_told_and_differ_in_their_record() -> None:
    choices = [
        Unprocess(),
        Unprocess(tone="smoothstep"),
        Unprocess(highlights="extrapolate"),
        Unprocess(highlights="extrapolate", maximum=8.0),
        Unprocess(source=camsim.load("reference/srgb")),
        Unprocess(source=camsim.load("still/nikon-d850")),
        Unprocess(source=camsim.load("still/nikon-d850"), highlights="preserve"),
    ]
    assert len({str(choice.to_json()) for choice in choices}) == len(choices)
    assert [choice.is_default for choice in choices] == [True] + [False] * 6
    assert str(choices[3]) == "the sRGB curve undone; highlights invented up to 8 times white"
    assert "the processing of still/nikon-d850 and the white balance with white kept at white undone" in str(choices[6])
