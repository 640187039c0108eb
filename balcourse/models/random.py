"""The course's own random numbers: xoshiro256++, seeded by SplitMix64.

The state is an array of four 64-bit words that the caller owns, so that a kernel is reproducible
bit for bit on any machine and in the browser. Generator: D. Blackman and S. Vigna, ACM Trans.
Math. Softw. 47:36 (2021), public domain. Integers below n: D. Lemire, ACM Trans. Model. Comput.
Simul. 29:3 (2019).
"""

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.parameters import checked

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STREAMS = np.uint64(0xD1342543DE82EF95)


def random_state(seed, stream=0):
    """Make the state of one random stream.

    Parameters
    ----------
    seed : int
        0 to 2**63 - 1.
    stream : int
        Number of the stream under this seed (a population, a thread, a replica).

    Returns
    -------
    numpy.ndarray
        Shape (4,), uint64.

    Examples
    --------
    >>> random_state(1).shape
    (4,)
    >>> bool((random_state(1) == random_state(1, stream=1)).any())
    False

    """
    seed = checked("seed", seed, integer=True, at_least=0, at_most=2**63 - 1)
    stream = checked("stream", stream, integer=True, at_least=0, at_most=2**32 - 1)
    state = np.empty(4, np.uint64)
    seed_words(state, seed, stream)
    return state


@kernel(inline="always")
def _mixed(word):
    """Output function of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014)."""
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


@kernel
def seed_words(words, seed, stream):
    """Fill an array of any length with the first outputs of a seed's stream: four are a state."""
    counter = _mixed(np.uint64(seed)) ^ _mixed(np.uint64(stream + 1) * _STREAMS)
    for word in range(words.size):
        counter, words[word] = split(counter)


@kernel(inline="always")
def split(counter):
    """Return the next counter of SplitMix64, and its output."""
    counter += _GOLDEN
    return counter, _mixed(counter)


@kernel(inline="always")
def _rotated(word, count):
    return (word << np.uint64(count)) | (word >> np.uint64(64 - count))


@kernel(inline="always")
def next_word(state):
    """Advance the state; return 64 random bits."""
    result = _rotated(state[0] + state[3], 23) + state[0]
    shifted = state[1] << np.uint64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = _rotated(state[3], 45)
    return result


@kernel(inline="always")
def uniform(state):
    """Return a float64 in [0, 1), a multiple of 2**-53."""
    return (next_word(state) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@kernel(inline="always")
def below(state, count):
    """Return an integer in [0, count), every value equally likely, for count up to 2**32."""
    size = np.uint64(count)
    mask = np.uint64(0xFFFFFFFF)
    product = (next_word(state) >> np.uint64(32)) * size
    low = product & mask
    if low < size:
        reject = (np.uint64(4294967296) - size) % size
        while low < reject:
            product = (next_word(state) >> np.uint64(32)) * size
            low = product & mask
    return np.int64(product >> np.uint64(32))
