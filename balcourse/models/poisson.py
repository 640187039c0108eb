"""Poisson random numbers in columns of bits, exact in distribution.

Twelve random bits decide most draws. Of their 4,096 values, floor(4096 p_k) stand for the count k,
in order of k, so a count is the number of rungs of a ladder that the random number passes. The
values left over (one to three draws in 1,000, for means of one to four) stand for what rounding
down has lost: they are drawn again, with 53 bits, from the remainder of the distribution, so the
tail is kept.

The random bits of 64 draws fill a word, one word for each of the twelve; one comparison with a rung
thus serves 64 draws. What it gives is a row of bits, and rows of bits are added as those of spikes
are (`balcourse.models.bitrows`). The random bits are those of xoshiro256++ in 32 lanes.
"""

import math

import numpy as np
from scipy import special

from balcourse.models.bitrows import STRIDE, WORDS, add_rows, lowest_bit, own_pages, slot_of
from balcourse.models.kernel import kernel
from balcourse.models.random import seed_words, split, uniform
from balcourse.parameters import checked

LANES = 32
BITS = 12
_CELLS = 1 << BITS
_GROUP = 8
_EVERY_COUNT = 0x0001000100010001
PLACES = np.arange(_GROUP, dtype=np.uint64) * np.uint64(STRIDE)


def lane_states(seed, stream, count):
    """Make the states of many generators, from SplitMix64: the first four rows of LANES words."""
    states = own_pages(count, 4 * LANES).reshape(count, -1, LANES)
    seed_lanes(states, seed, stream)
    return states


@kernel
def seed_lanes(states, seed, stream):
    """Fill the states of many generators."""
    seed_words(states[0, 0, :1], seed, stream)
    counter = states[0, 0, 0]
    for block in range(states.shape[0]):
        for word in range(4):
            for lane in range(LANES):
                counter, states[block, word, lane] = split(counter)


def ladders(means):
    """Make the tables from which `add_poisson` and `draw_again` draw.

    Parameters
    ----------
    means : array_like
        Shape (tables,), the means of the distributions, 0 to 10,000.

    Returns
    -------
    rungs : numpy.ndarray
        Shape (tables, rungs), uint16: a random number passes a rung if it is greater.
    heights : numpy.ndarray
        Shape (tables,), int64: rungs that count; a number that passes the next is drawn again.
    least : numpy.ndarray
        Shape (tables,), int64: the count below the first rung.
    tails : numpy.ndarray
        Shape (tables, counts): cumulative distribution of the count of a draw that is drawn again.

    Examples
    --------
    >>> rungs, heights, least, tails = ladders([0.9])
    >>> int(rungs[0, 0]), int(heights[0]), int(rungs[0, heights[0]])
    (1664, 6, 4092)
    """
    means = np.array([checked("mean", mean, at_least=0, at_most=10_000) for mean in means])
    largest = means.max()
    counts = np.arange(math.ceil(largest + 12 * math.sqrt(largest) + 40))
    logarithm = special.xlogy(counts, means[:, None]) - special.gammaln(counts + 1)
    probability = np.exp(logarithm - means[:, None])
    cells = np.floor(probability * _CELLS).astype(np.int64)
    tails = np.cumsum(probability - cells / _CELLS, axis=1)
    tails /= np.where(tails[:, -1:] > 0, tails[:, -1:], 1)
    least = (cells > 0).argmax(axis=1)
    heights = (cells > 0).sum(axis=1) - 1
    used = np.take_along_axis(cells, least[:, None] + np.arange(heights.max() + 1), axis=1)
    return np.cumsum(used, axis=1).astype(np.uint16) - np.uint16(1), heights, least, tails


def empty_noise(parts):
    """Make room for each part's random bits, for eight rows of passed rungs and for their bits."""
    bits = own_pages(parts, _GROUP * BITS)[:, : _GROUP * BITS].reshape(parts, _GROUP, BITS)
    return own_pages(parts, BITS * STRIDE), own_pages(parts, _GROUP * STRIDE), bits


@kernel
def fill_noise(noise, first, states, block):
    """Fill a block's words of `noise`, from word `first` of each row, and advance its lanes."""
    for pair in range(np.uint64(BITS // 2)):
        for half in range(np.uint64(2)):
            start = (pair * np.uint64(2) + half) * np.uint64(STRIDE) + np.uint64(first)
            for word in range(np.uint64(WORDS)):
                lane = half * np.uint64(WORDS) + word
                state_0 = states[block, 0, lane]
                state_1 = states[block, 1, lane]
                state_2 = states[block, 2, lane] ^ state_0
                state_3 = states[block, 3, lane] ^ state_1
                total = state_0 + states[block, 3, lane]
                mixed = (total << np.uint64(23)) | (total >> np.uint64(41))
                noise[start + word] = mixed + state_0
                states[block, 0, lane] = state_0 ^ state_3
                states[block, 1, lane] = state_1 ^ state_2
                states[block, 2, lane] = state_2 ^ (state_1 << np.uint64(17))
                states[block, 3, lane] = (state_3 << np.uint64(45)) | (state_3 >> np.uint64(19))


@kernel
def add_poisson(planes, carries, noise, passed, places, bits, rungs, height, depth, words):
    """Add to each of the counters of `words` words how many of `height` rungs its number passes.

    `places` are `PLACES`: where the rows of `passed` begin. On return the first of them tells which
    numbers also pass the next rung: those draws are to be drawn again.
    """
    for first in range(0, height, _GROUP):
        last = min(first + _GROUP, height)
        _pass_rungs(passed, noise, bits, rungs, first, last, words)
        for row in range(np.uint64(last - first), np.uint64(_GROUP)):
            for word in range(words):
                passed[row * np.uint64(STRIDE) + word] = 0
        add_rows(planes, carries, passed, places, 0, _GROUP, depth, np.uint64(0), words)
    _pass_rungs(passed, noise, bits, rungs, height, height + 1, words)


@kernel
def _pass_rungs(passed, noise, bits, rungs, first, last, words):
    """Compare every random number with each of at most eight rungs, a row for each."""
    for rung in range(first, last):
        for bit in range(BITS):
            bits[rung - first, bit] = np.uint64(0) - (np.uint64(rungs[rung]) >> np.uint64(bit) & 1)
    for row in range(np.uint64(last - first)):
        start = row * np.uint64(STRIDE)
        for word in range(words):
            greater = np.uint64(0)
            for bit in range(np.uint64(BITS)):
                own = noise[bit * np.uint64(STRIDE) + word]
                differ = own ^ bits[row, bit]
                greater ^= (greater ^ own) & differ
            passed[start + word] = greater


@kernel
def draw_again(counts, again, height, least, tails, state):
    """Finish the counts of a block, four to a word: draw anew where `again` has a bit."""
    if least > 0:
        for word in range(counts.size):
            counts[word] += np.uint64(least) * np.uint64(_EVERY_COUNT)
    for word in range(WORDS):
        rest = again[word]
        while rest > 0:
            slot = slot_of(word, lowest_bit(rest))
            change = np.uint64(_remainder(tails, state) - least - height)
            counts[slot // 4] += change << np.uint64(slot % 4 * 16)
            rest &= rest - np.uint64(1)


@kernel
def _remainder(tails, state):
    """Draw a count from what rounding down has lost: no branch, hence no wrong guess."""
    chance = uniform(state)
    count = 0
    for tail in range(np.uint64(tails.size - 1)):
        count += np.int64(chance >= tails[tail])
    return count
