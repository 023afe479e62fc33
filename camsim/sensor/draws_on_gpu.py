"""The draws of `camsim.kernels` in torch's own operators, for devices that those kernels do not run on.

The same random words, and the same inverse distributions in float64: a normal number differs by less than 1e-6 of it,
and a count by one electron where the kernels' approximation is off, in fewer than 5 pixels of 100 000.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from camsim.kernels import normal
from camsim.kernels.counter import MULTIPLIER, ROUNDS, WEYL
from camsim.kernels.noise import READ, SHOT
from camsim.kernels.poisson import C0, C1, S_HIGHEST, S_LOWEST, SEARCHED, G

FINE_KEY = int(normal.FINE_KEY) - (1 << 64)
"""That of the kernels in int64."""
AT_ONCE = 2**22
"""Pixels drawn together: each takes about a hundred bytes meanwhile."""
_LOW = 0xFFFFFFFF


def standard_normal(keys: Tensor, pixels: int) -> Tensor:
    """(B,) int64 keys -> (B, pixels) standard normal numbers, float32 on the keys' device."""

    def draw(index: Tensor, part: slice) -> Tensor:
        return _gaussian(*_tail(keys, index, READ))

    return _by_parts(keys, pixels, draw)


def poisson_counts(means: Tensor, keys: Tensor) -> Tensor:
    """Counts of (B, P) means, negative ones as 0, under (B,) int64 keys of the same device: (B, P) float32.

    The smallest n with P(X <= n) >= u, by the kernels' expansion where it holds, else by searching for it.
    """

    def draw(index: Tensor, part: slice) -> Tensor:
        mean = means[:, part].double().clamp_min(0)
        p, lower = _tail(keys, index, SHOT)
        z = _gaussian(p, lower)
        root = mean.sqrt()
        s = z / root
        count = (mean + root * z + z * z * _horner(G, s) + _horner(C0, s) + _horner(C1, s) / mean).floor()
        holds = (mean >= SEARCHED.item()) & (s >= S_LOWEST.item()) & (s <= S_HIGHEST.item())
        left = (~holds).nonzero(as_tuple=True)
        count[left] = _search(mean[left], p[left], lower[left], z[left])
        return count

    return _by_parts(keys, means.shape[1], draw)


def _horner(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """The polynomial of these coefficients, that of x^0 first."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


def _search(mean: Tensor, p: Tensor, lower: Tensor, z: Tensor) -> Tensor:
    """Counts of (N,) means from the exact distribution, from an estimate up or down."""
    # Cornish and Fisher's expansion is within an electron or two.
    count = (mean + mean.sqrt() * z + (z * z - 1) / 6).floor().clamp_min(0)
    left = torch.arange(count.numel(), device=count.device)
    while left.numel():  # down, as long as one electron less is enough
        fewer = count[left] - 1
        left = left[(fewer >= 0) & _reached(fewer.clamp_min(0), mean[left], p[left], lower[left])]
        count[left] -= 1
    left = torch.arange(count.numel(), device=count.device)
    while left.numel():  # up, as long as it is not
        left = left[~_reached(count[left], mean[left], p[left], lower[left])]
        count[left] += 1
    return count


def words(keys: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Philox 2x32-7 of pixels (P,) under keys (B,): two words (B, P), int64 in [0, 2^32)."""
    left, right = (index & _LOW).expand(len(keys), -1), ((keys >> 32) & _LOW)[:, None]
    key = (keys & _LOW)[:, None]
    for _ in range(ROUNDS):
        product = left * MULTIPLIER  # beyond 2^63 it wraps, which leaves its 64 bits as they are
        left, right = ((product >> 32) & _LOW) ^ key ^ right, product & _LOW
        key = (key + WEYL) & _LOW
    return left, right


def _tail(keys: Tensor, index: Tensor, effect: int) -> tuple[Tensor, Tensor]:
    """A probability in (0, 1/2], float64, and whether it is that of the lower tail: (B, P) both."""
    word = words(keys, index)[effect]
    coarse = (word & 0x7FFFFFFF).to(torch.float32).double()  # rounded as in the kernels
    rough = coarse < normal.ROUGH.item()
    part = torch.full_like(coarse, 0.5)
    samples, places = rough.nonzero(as_tuple=True)
    if samples.numel():
        fine = torch.stack(words((keys + FINE_KEY)[samples], index[places, None]))[effect, :, 0]
        part[samples, places] = (fine >> 8).double() * 2.0**-24 + 2.0**-25
    return (coarse + part) * 2.0**-32, word >> 31 == 1


def _gaussian(p: Tensor, lower: Tensor) -> Tensor:
    """The standard normal number beyond which, on its side, lies the probability p."""
    z: Tensor = torch.special.ndtri(p)
    return torch.where(lower, z, -z)


def _reached(count: Tensor, mean: Tensor, p: Tensor, lower: Tensor) -> Tensor:
    """Whether P(X <= count) is as much as asked for, in the upper tail P(X > count) as little; all (N,)."""
    beyond = torch.special.gammainc(count + 1, mean)
    return torch.where(lower, 1 - beyond >= p, beyond <= p)


def _by_parts(keys: Tensor, pixels: int, draw: Callable[[Tensor, slice], Tensor]) -> Tensor:
    out = torch.empty(len(keys), pixels, device=keys.device)
    step = max(1, AT_ONCE // max(1, len(keys)))
    for start in range(0, pixels, step):
        part = slice(start, min(start + step, pixels))
        out[:, part] = draw(torch.arange(part.start, part.stop, device=keys.device), part)
    return out
