"""Poisson random numbers, a vector at a time and exact in distribution.

One 16-bit random number decides most draws. Of its 65,536 values, floor(65536 p_k) stand for the
count k, in order of k, so a count is the number of rungs of a ladder that the random number
passes. The few values left over (about one in 10,000) stand for what rounding down has lost: they
are drawn again, with 53 bits, from the remainder of the distribution, so the tail is kept. The
random numbers are xoshiro256++ in 32 lanes (`balcourse.models.random`).
"""

import math

import numpy as np
from scipy import special

from balcourse.models.bitrows import own_pages
from balcourse.models.kernel import kernel
from balcourse.models.random import seed_words, split, uniform
from balcourse.parameters import checked

LANES = 32
DRAWS = 1024
_CHUNK = 128
_CELLS = 1 << 16


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
    """Make the tables from which `add_poisson` draws.

    Parameters
    ----------
    means : array_like
        Shape (tables,), the means of the distributions, 0 to 10,000.

    Returns
    -------
    rungs : numpy.ndarray
        Shape (tables, rungs), uint16: a random number passes a rung if it is greater. The number
        of rungs is a multiple of four.
    escapes : numpy.ndarray
        Shape (tables,), int64: random numbers from this one on are drawn again.
    least : numpy.ndarray
        Shape (tables,), int64: the count below the first rung.
    tails : numpy.ndarray
        Shape (tables, counts): cumulative distribution of the count of an escaped draw.

    Examples
    --------
    >>> rungs, escapes, least, tails = ladders([0.9])
    >>> int(rungs[0, 0]), int(escapes[0])
    (26643, 65532)
    """
    means = np.array([checked("mean", mean, at_least=0, at_most=10_000) for mean in means])
    largest = means.max()
    counts = np.arange(math.ceil(largest + 12 * math.sqrt(largest) + 40))
    logarithm = special.xlogy(counts, means[:, None]) - special.gammaln(counts + 1)
    probability = np.exp(logarithm - means[:, None])
    cells = np.floor(probability * _CELLS).astype(np.int64)
    escapes = cells.sum(axis=1)
    tails = np.cumsum(probability - cells / _CELLS, axis=1)
    tails /= np.where(tails[:, -1:] > 0, tails[:, -1:], 1)
    least = (cells > 0).argmax(axis=1)
    used = (cells > 0).sum(axis=1).max()
    ends = np.cumsum(np.take_along_axis(cells, least[:, None] + np.arange(used), axis=1), axis=1)
    rungs = np.full((len(means), -(-used // 4) * 4), _CELLS - 1, np.uint16)
    rungs[:, :used] = np.minimum(ends, _CELLS) - 1
    return rungs, escapes, least, tails


@kernel
def fill_noise(noise, states, block):
    """Fill `noise` (256 words, each four 16-bit numbers) and advance the block's lanes."""
    for batch in range(DRAWS // 4 // LANES):
        for lane in range(LANES):
            first = states[block, 0, lane]
            second = states[block, 1, lane]
            third = states[block, 2, lane] ^ first
            fourth = states[block, 3, lane] ^ second
            total = first + states[block, 3, lane]
            mixed = (total << np.uint64(23)) | (total >> np.uint64(41))
            noise[batch * LANES + lane] = mixed + first
            states[block, 0, lane] = first ^ fourth
            states[block, 1, lane] = second ^ third
            states[block, 2, lane] = third ^ (second << np.uint64(17))
            states[block, 3, lane] = (fourth << np.uint64(45)) | (fourth >> np.uint64(19))


@kernel
def _draw_again(counts, block, draw, passed, tails, table, state):
    """Replace `passed` rungs in one count by a draw from the remainder of the distribution."""
    chance = uniform(state)
    count = 0
    while count < tails.shape[1] - 1 and chance >= tails[table, count]:
        count += 1
    counts[block, draw] += count - passed


@kernel
def add_poisson(counts, block, noise, rungs, escapes, least, tails, table, state):
    """Add a Poisson number to each of the `DRAWS` counts of a block.

    `noise` holds `DRAWS` random numbers of 16 bits; `state` serves the draws that escape.
    """
    for rung in range(0, rungs.shape[1], 4):
        first = rungs[table, rung]
        second = rungs[table, rung + 1]
        third = rungs[table, rung + 2]
        fourth = rungs[table, rung + 3]
        for draw in range(DRAWS):
            value = noise[draw]
            passed = np.uint16(value > first) + np.uint16(value > second)
            passed += np.uint16(value > third) + np.uint16(value > fourth)
            counts[block, draw] += passed
    if least[table] > 0:
        for draw in range(DRAWS):
            counts[block, draw] += least[table]
    for chunk in range(np.uint64(DRAWS // _CHUNK)):
        first_draw = chunk * np.uint64(_CHUNK)
        largest = np.uint16(0)
        for draw in range(np.uint64(_CHUNK)):
            largest = max(largest, noise[first_draw + draw])
        if largest >= escapes[table]:
            for draw in range(first_draw, first_draw + np.uint64(_CHUNK)):
                if noise[draw] >= escapes[table]:
                    passed = least[table]
                    for rung in range(rungs.shape[1]):
                        passed += noise[draw] > rungs[table, rung]
                    _draw_again(counts, block, draw, passed, tails, table, state)
