"""Non-local means, against its formula pixel by pixel, and scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.restoration import denoise_nl_means
from torch import Tensor

import camsim
from camsim.isp import NlmDenoise, denoise_nlm

SETTINGS = pytest.mark.parametrize(
    ("patch", "search", "h", "sigma"), [(3, 2, 0.4, 0.0), (5, 3, 0.5, 0.1), (7, 1, 0.4, 0.05)]
)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(2).random((height, width, 3))


def tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)[None]


def denoised(image: Tensor, patch: int, search: int, h: float, sigma: float, channels: str = "rgb") -> Tensor:
    knobs = torch.tensor([h, sigma], dtype=image.dtype)
    return denoise_nlm(image, *knobs, patch=patch, search=search, channels=channels)


def by_hand(image: np.ndarray, patch: int, search: int, h: float, sigma: float) -> np.ndarray:
    """The formula, pixel by pixel."""
    half = patch // 2
    pad = search + half
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    steps = np.arange(-half, half + 1)
    shares = np.exp(-0.5 * (steps[:, None] ** 2 + steps**2) / ((patch - 1) / 4) ** 2)
    shares /= shares.sum()
    out = np.empty_like(image)
    for y, x in np.ndindex(*image.shape[:2]):
        weights, total = 0.0, np.zeros(3)
        for top, left in np.ndindex(2 * search + 1, 2 * search + 1):
            other = padded[y + top : y + top + patch, x + left : x + left + patch]
            own = padded[y + search : y + search + patch, x + search : x + search + patch]
            distance = (shares[..., None] * (own - other) ** 2).sum() / 3
            weight = np.exp(-max(0, distance - 2 * sigma**2) / h**2)
            weights, total = weights + weight, total + weight * other[half, half]
        out[y, x] = total / weights
    return out


@SETTINGS
def test_equals_the_formula(patch: int, search: int, h: float, sigma: float) -> None:
    image = picture(9, 12)
    ours = denoised(tensor(image), patch, search, h, sigma)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(ours, by_hand(image, patch, search, h, sigma), rtol=0, atol=1e-14)
    assert abs(ours - image).max() > 0.1


@SETTINGS
def test_equals_scikit_images_but_for_its_quick_exponential(patch: int, search: int, h: float, sigma: float) -> None:
    image, pad = picture(20, 23), search + patch
    extended = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    theirs = denoise_nl_means(extended, patch, search, h, channel_axis=2, fast_mode=False, sigma=sigma)
    ours = denoised(tensor(image), patch, search, h, sigma)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(ours, theirs[pad:-pad, pad:-pad], rtol=0, atol=8e-3)


def test_the_gradient_computed_again_is_that_of_the_formula() -> None:
    """The way back does not keep the weights: it gives what autograd gives on the same sums."""
    image = tensor(picture(7, 8)).requires_grad_()
    h, sigma = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.4, 0.1))
    denoise_nlm(image, h, sigma, patch=3, search=2, channels="rgb").square().sum().backward()
    step = 1e-6
    for knob, values in ((h, (0.4 + step, 0.1, 0.4 - step, 0.1)), (sigma, (0.4, 0.1 + step, 0.4, 0.1 - step))):
        above, below = (denoised(image.detach(), 3, 2, *pair).square().sum() for pair in (values[:2], values[2:]))
        assert knob.grad is not None
        assert knob.grad.item() == pytest.approx((above - below).item() / (2 * step), rel=1e-6)


@SETTINGS
@pytest.mark.parametrize("channels", ["luma", "rgb"])
def test_the_form_that_is_exported_gives_the_same(
    patch: int, search: int, h: float, sigma: float, channels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tensor(picture(11, 14))
    expected = denoised(image, patch, search, h, sigma, channels)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(denoised(image, patch, search, h, sigma, channels), expected, rtol=0, atol=1e-14)


def test_noise_goes_and_an_edge_stays() -> None:
    clean = torch.full((1, 3, 32, 32), 0.2, dtype=torch.float64)
    clean[..., 16:] = 0.8
    noisy = clean + 0.03 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    out = denoised(noisy, 5, 5, 0.03, 0.03)
    assert (out - clean).std() < 0.3 * (noisy - clean).std()
    assert (out - clean)[..., 15:17].abs().mean() < (noisy - clean)[..., 15:17].abs().mean()


def test_what_is_kept_for_the_way_back_does_not_grow_with_the_window() -> None:
    image = torch.rand(1, 3, 64, 64, requires_grad=True)
    knobs = [torch.tensor(value, requires_grad=True) for value in (0.1, 0.01)]
    kept = []
    for search in (1, 5):
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, sizes=sizes: sizes.append(t.nbytes) or t, lambda t: t):
            denoise_nlm(image, *knobs, patch=5, search=search)
        kept.append(sum(sizes))
    assert kept[0] <= kept[1] < 1.5 * kept[0]  # the padding is wider
    assert kept[1] < 20 * image.nbytes


def test_bounds() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[0.001, 10\], got 0"):
        NlmDenoise(h=0.0)
    with pytest.raises(ValueError, match="search"):
        NlmDenoise(h=0.1, search=11)
    with pytest.raises(ValueError, match="patch"):
        NlmDenoise(h=0.1, patch=4)


def test_in_a_profile_it_is_developed_plainly_and_by_tiles_alike() -> None:
    shipped = camsim.load("still/nikon-d5000")
    chain = (*shipped.isp[:-1], NlmDenoise(h=0.05, search=2), shipped.isp[-1])
    camera = camsim.compile(shipped.model_copy(update={"isp": chain, "search": None}))
    assert not camera.is_fused
    raw = 1000 + 2000 * torch.rand(1, 1, 600, 900, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(camera.develop(raw), camera.isp(raw), rtol=0, atol=1e-5)
    with pytest.raises(camsim.CamsimError, match="no fused form"):
        camsim.compile(camera.profile, fused=True)
