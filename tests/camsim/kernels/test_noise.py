"""Words, Gaussians and counts one by one against references: Philox's known answers, scipy's inverse distributions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy import special, stats

from camsim.kernels import counter, normal, poisson
from camsim.kernels.counter import MULTIPLIER, ROUNDS, WEYL
from camsim.kernels.jit import FAST
from camsim.kernels.normal import FINE_KEY
from camsim.kernels.poisson import BLOCK, SEARCHED

KEY = 0x243F6A8885A308D3
LOW = 2**32 - 1
Words = NDArray[np.uint32]


Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def kernel(function: Kernel) -> Kernel:
    """What Python can call: what kernels are made of, only kernels can."""
    compiled: Kernel = njit(fastmath=FAST, error_model="numpy")(function)
    return compiled


@kernel
def words_row(start: int, limit: int, key: np.uint64, vectors: int, first_words: int, second_words: int) -> None:
    counter.words_row(start, limit, key, vectors, first_words, second_words)


@kernel
def random_words_of_pixel(index: int, key: np.uint64) -> tuple[np.uint64, np.uint64]:
    return counter.random_words_of_pixel(index, key)


@kernel
def normal_row(words: int, effect: int, start: int, limit: int, key: np.uint64, vectors: int, out: int) -> None:
    normal.normal_row(words, effect, start, limit, key, vectors, out)


@kernel
def poisson_row(
    means: int, words: int, effect: int, start: int, limit: int, key: np.uint64, vectors: int, scratch: int
) -> None:
    poisson.poisson_row(means, words, effect, start, limit, key, vectors, scratch)


def words(start: int, count: int, key: int) -> Words:
    """Both words of ``count`` (a multiple of 16) pixels: (2, count)."""
    rows = np.empty((2, count), np.uint32)
    words_row(start, 2**40, np.uint64(key), count // 16, rows[0].ctypes.data, rows[1].ctypes.data)
    return rows


def normals(start: int, count: int, key: int, effect: int = 1) -> NDArray[np.float32]:
    row, out = words(start, count, key)[effect].copy(), np.empty(count, np.float32)
    normal_row(row.ctypes.data, effect, start, 2**40, np.uint64(key), count // 16, out.ctypes.data)
    return out


def counts(means: NDArray[np.float32], start: int, key: int, effect: int = 0) -> NDArray[np.float32]:
    out, spare = means.astype(np.float32), np.empty((5, BLOCK), np.float32)
    row = words(start, out.size, key)[effect].copy()
    for first in range(0, out.size, BLOCK):
        vectors = min(BLOCK, out.size - first) // 16
        addresses = out.ctypes.data + 4 * first, row.ctypes.data + 4 * first
        poisson_row(*addresses, effect, start + first, 2**40, np.uint64(key), vectors, spare.ctypes.data)
    return out


def probabilities(start: int, count: int, key: int, effect: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What a draw is made of: the probability beyond it, and whether that lies above it."""
    coarse = words(start, count, key)[effect]
    fine = words(start, count, (key + int(FINE_KEY)) % 2**64)[effect]
    return ((coarse & 0x7FFFFFFF) + (fine + 0.5) / 2.0**32) / 2.0**32, coarse >> 31 == 0


def pixel_with(first: int, second: int, key32: int) -> tuple[int, int]:
    """The index and the 64-bit key, of this lower half, whose words are these: Philox run backwards."""
    left, right = first, second
    for turn in reversed(range(ROUNDS)):
        before = right * pow(MULTIPLIER, -1, 2**32) % 2**32
        left, right = before, left ^ (key32 + turn * WEYL) & LOW ^ (before * MULTIPLIER >> 32)
    return left, right << 32 | key32


def inverse(p: NDArray[np.float64], above: NDArray[np.bool_], mean: float) -> NDArray[np.float64]:
    """The count beyond which, or up to which, lies the probability p; from scipy's distribution functions, as its own
    inverse is wrong in the upper tail."""
    reach = 12 * np.sqrt(mean) + 40
    grid = np.arange(max(0.0, np.floor(mean - reach)), mean + reach)
    upper = np.searchsorted(-stats.poisson.sf(grid, mean), -p)
    lower = np.searchsorted(stats.poisson.cdf(grid, mean), p)
    chosen: NDArray[np.float64] = grid[np.where(above, upper, lower)]
    return chosen


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0), 0, (0x257A3673, 0xCD26BE2A)),
        ((LOW, LOW), LOW, (0xAB302C4D, 0x3DC9D239)),
        ((0x243F6A88, 0x85A308D3), 0x13198A2E, (0xBEDBBE6B, 0xE4C770B3)),
    ],
)
def test_philox_gives_its_known_answers(counter: tuple[int, int], key: int, answer: tuple[int, int]) -> None:
    """philox2x32 7 of Random123's kat_vectors."""
    key64 = counter[1] << 32 | key
    assert tuple(map(int, random_words_of_pixel(counter[0], np.uint64(key64)))) == answer
    assert tuple(words(counter[0], 16, key64)[:, 0]) == answer
    assert pixel_with(*answer, key) == (counter[0], key64)


def test_sixteen_pixels_at_a_time_are_pixel_by_pixel() -> None:
    start = 2**32 - 8  # the index wraps
    expected = [random_words_of_pixel(index, np.uint64(KEY)) for index in range(start, start + 32)]
    assert np.array_equal(words(start, 32, KEY).T, np.array(expected))


def test_the_last_vector_of_a_row_may_overlap() -> None:
    rows = np.empty((2, 48), np.uint32)
    words_row(100, 120, np.uint64(KEY), 3, rows[0].ctypes.data, rows[1].ctypes.data)
    assert np.array_equal(rows, words(100, 48, KEY)[:, [*range(32), *range(20, 36)]])


def test_words_are_uniform() -> None:
    for word in words(0, 2**20, KEY):
        for shift in (24, 12, 0):
            observed = np.bincount(word >> shift & 0xFF, minlength=256)
            assert stats.chisquare(observed).pvalue > 1e-3


def test_neighbours_and_keys_have_nothing_in_common() -> None:
    """Along a row and down a column of images of several widths, between the two words, and between near keys."""
    first, second = (word / 2.0**32 - 0.5 for word in words(0, 2**20, KEY))
    size = first.size
    pairs = [(first[lag:], first[: size - lag]) for lag in (1, 2, 3, 16, 256, 640, 4000)]
    pairs.append((first, second))
    for other in (KEY + 1, KEY ^ 1 << 32, KEY ^ 1 << 63, KEY + int(FINE_KEY)):
        pairs.append((first, words(0, 2**20, other % 2**64)[0] / 2.0**32 - 0.5))
    for a, b in pairs:
        assert abs(12 * np.mean(a * b)) < 4.5 / np.sqrt(a.size)
        squares = (a**2 - 1 / 12) * (b**2 - 1 / 12) * 180
        assert abs(squares.mean()) < 4.5 / np.sqrt(a.size)


@pytest.mark.parametrize("effect", [0, 1])
def test_a_gaussian_is_the_quantile_of_its_word(effect: int) -> None:
    p, above = probabilities(0, 2**20, KEY, effect)
    expected = np.where(above, -special.ndtri(p), special.ndtri(p))
    np.testing.assert_allclose(normals(0, 2**20, KEY, effect), expected, rtol=6e-7, atol=2e-9)


@pytest.mark.parametrize("coarse", [0, 1, 2, 5, 100, 65_535, 65_536, 10**6, 3 * 10**7, 2**31 - 2])
@pytest.mark.parametrize("sign", [0, 1])
def test_gaussians_of_the_tails(coarse: int, sign: int) -> None:
    """Words that come once in a thousand million pixels, on either side."""
    index, key = pixel_with(coarse | sign << 31, 77, key32=5)
    p, above = probabilities(index, 16, key, 0)
    assert above[0] == (sign == 0)
    expected = -special.ndtri(p[0]) if above[0] else special.ndtri(p[0])
    np.testing.assert_allclose(normals(index, 16, key, 0)[0], expected, rtol=6e-7, atol=2e-9)


def test_gaussians_have_the_right_moments_and_tails() -> None:
    n = 2**23
    z = normals(0, n, KEY).astype(np.float64)
    for power, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - expected) < 4 * np.sqrt(variance / n)
    for sigma in (1, 2, 3, 4, 4.5):
        for seen in ((z > sigma).sum(), (z < -sigma).sum()):
            expected = n * stats.norm.sf(sigma)
            assert abs(seen - expected) < 4 * np.sqrt(expected)


MEANS = [1e-6, 0.01, 0.1, 1.0, 3.0, 7.5, 11.99, 12.0, 12.5, 16.0, 30.0, 100.0, 1e3, 1e4, 1e5]


@pytest.mark.parametrize("mean", MEANS)
def test_a_count_is_the_inverse_of_the_distribution(mean: float) -> None:
    """From the same uniform number: one electron off in fewer than 5 pixels of 100 000, and never more than one."""
    n = 2**17
    mean = float(np.float32(mean))
    drawn = counts(np.full(n, mean, np.float32), 0, KEY)
    p, above = probabilities(0, n, KEY, 0)
    off = np.abs(drawn - inverse(p, above, mean))
    assert off.max() <= 1
    assert (off > 0).mean() < 5e-5


@pytest.mark.parametrize("mean", [0.0, *MEANS, 1e6])
@pytest.mark.parametrize("sigmas", [3, 4, 5, 6])
@pytest.mark.parametrize("sign", [0, 1])
def test_counts_of_the_tails(mean: float, sigmas: int, sign: int) -> None:
    """A chosen word stands for a chosen probability; the count is that of a probability within 1e-4 of it."""
    mean = float(np.float32(mean))
    for part in (0.9, 1.0, 1.2):
        coarse = int(stats.norm.sf(sigmas) * 2**32 * part)
        index, key = pixel_with(coarse | sign << 31, 12345, key32=99)
        p, above = probabilities(index, 16, key, 0)
        drawn = counts(np.full(16, mean, np.float32), index, key)[0]
        lowest, highest = sorted(inverse(p[0] * np.array([1 - 1e-4, 1 + 1e-4]), above[[0, 0]], mean))
        assert lowest <= drawn <= highest


@pytest.mark.parametrize("mean", [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 1e8])
def test_counts_have_the_right_moments_and_tails(mean: float) -> None:
    n = 2**20
    x = counts(np.full(n, mean, np.float32), 0, KEY + 1).astype(np.float64)
    mean = float(np.float32(mean))
    d = x - mean
    # central moments of the Poisson distribution up to the sixth, for the errors of the first three
    m4 = mean + 3 * mean**2
    m6 = mean + 25 * mean**2 + 15 * mean**3
    assert abs(d.mean()) < 4 * np.sqrt(mean / n)
    assert abs((d**2).mean() - mean) < 4 * np.sqrt((m4 - mean**2) / n)
    assert abs((d**3).mean() - mean) < 4 * np.sqrt(m6 / n)
    for sigmas in (2, 3, 4):
        high, low = np.ceil(mean + sigmas * np.sqrt(mean)), np.floor(mean - sigmas * np.sqrt(mean))
        shares = stats.poisson.sf(high - 1, mean), stats.poisson.cdf(low, mean)
        for seen, share in zip(((x >= high).sum(), (x <= low).sum()), shares, strict=True):
            assert abs(seen - n * share) <= 4 * np.sqrt(n * share) + 1e-9


def test_no_light_no_electrons() -> None:
    assert not counts(np.array([0.0, -0.0, -3.0, -1e9] * 64, np.float32), 0, KEY).any()


def test_a_count_depends_on_its_own_mean_alone() -> None:
    """Neighbours of other means send a vector through other code."""
    means = np.array([0.3, 5.0, float(SEARCHED), 40.0, 2000.0, -1.0, 0.0, 14.0] * 64, np.float32)
    mixed = counts(means, 0, KEY)
    for mean in set(means.tolist()):
        alone = counts(np.full(means.size, mean, np.float32), 0, KEY)
        assert np.array_equal(mixed[means == mean], alone[means == mean])
