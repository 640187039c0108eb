"""Adding up spikes sixty-four neurons at a time: rows of bits and carry-save counters.

The targets of a source are a row of bits, one for each neuron. Spikes that arrive together are
added column by column: the rows of eight spikes go through a tree of carry-save adders into
vertical counters, in which plane p holds bit p of the count of every neuron. A word operation
thus serves 64 neurons. The planes are unpacked to ordinary integers once a step. Neurons lie in
blocks of 1,024, sixteen words; neuron n of a block is bit n // 64 of 16-bit lane n % 64, the
order in which unpacking needs no shuffle. Carry-save counting: H. S. Warren, Hacker's Delight
(2nd edition, 2012), section 5-1.
"""

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.prefetch import prefetch

BLOCK = 1024
WORDS = BLOCK // 64
TILE = 16
PLANES = 16
_LANES = BLOCK // 16
STRIDE = TILE * WORDS
_PAGE = 512
LINE = 8  # words in a line of the cache
_LINES = 4  # of a coming row that are asked for: processors fetch on from there
_BITS = 0x5555555555555555
_PAIRS = 0x3333333333333333
_NIBBLES = 0x0F0F0F0F0F0F0F0F
_BYTES = 0x00FF00FF00FF00FF


def empty_planes(parts):
    """Make the counters of each part, excitatory and inhibitory, for one tile, and its carries."""
    planes = own_pages(2 * parts, PLANES * STRIDE).reshape(parts, 2, -1)
    return planes, own_pages(parts, STRIDE)


def own_pages(rows, words):
    """Make cleared rows of at least `words` words, each on pages of memory of its own.

    Processors fetch ahead to the end of a page: threads whose rows share one wait for each other.
    """
    width = -(-words // _PAGE) * _PAGE
    return zeros(rows * width).reshape(rows, width)


def zeros(words):
    """Make cleared words that begin where a page of memory does."""
    spare = np.zeros(words + _PAGE - 1, np.uint64)
    first = -(spare.ctypes.data // spare.itemsize) % _PAGE
    return spare[first : first + words]


@kernel(inline="always")
def place_of(neuron):
    """Return in which word of a row, and at which of its bits, a neuron is."""
    number = np.uint64(neuron)
    slot = number % np.uint64(BLOCK)
    lane = slot % np.uint64(_LANES)
    word = number // np.uint64(BLOCK) * np.uint64(WORDS) + lane // np.uint64(4)
    return word, lane % np.uint64(4) * np.uint64(16) + slot // np.uint64(_LANES)


@kernel(inline="always")
def set_bit(rows, start, neuron):
    """Set a neuron's bit in the row that begins at word `start`."""
    word, bit = place_of(neuron)
    rows[np.uint64(start) + word] |= np.uint64(1) << bit


@kernel(inline="always")
def slot_of(word, bit):
    """Return which neuron of its block has this bit of this word."""
    return word * 4 + bit // 16 + bit % 16 * _LANES


@kernel(inline="always")
def lowest_bit(word):
    """Return the number of the lowest bit that is set."""
    bit = 0
    for width in (32, 16, 8, 4, 2, 1):
        if word & ((np.uint64(1) << np.uint64(width)) - np.uint64(1)) == 0:
            word >>= np.uint64(width)
            bit += width
    return bit


@kernel
def depth_of(largest):
    """Return how many planes hold every sum up to `largest`: three or more, as `add_rows` needs."""
    depth = 3
    while largest >> depth > 0:
        depth += 1
    return depth


@kernel
def clear(planes, depth, words):
    """Clear `depth` counters of `words` words, and those that are unpacked with them."""
    for plane in range(np.uint64((depth + 7) // 8 * 8)):
        for word in range(words):
            planes[plane * np.uint64(STRIDE) + word] = np.uint64(0)


@kernel
def add_rows(planes, carries, rows, sources, begin, end, depth, first, words):
    """Add rows into counters, eight at a time.

    Word `first` of each row goes to word 0 of the planes. `sources[begin:end]` are the words at
    which rows begin; their number is a multiple of eight. `depth` planes hold every sum.
    """
    twos_plane = np.uint64(STRIDE)
    fours_plane = np.uint64(2 * STRIDE)
    for group in range(begin, end, 8):
        for coming in range(group + 8, min(group + 16, end)):
            for line in range(np.uint64(_LINES)):
                prefetch(rows, sources[coming] + first + line * np.uint64(LINE))
        row_0 = sources[group] + first
        row_1 = sources[group + 1] + first
        row_2 = sources[group + 2] + first
        row_3 = sources[group + 3] + first
        row_4 = sources[group + 4] + first
        row_5 = sources[group + 5] + first
        row_6 = sources[group + 6] + first
        row_7 = sources[group + 7] + first
        for word in range(words):
            ones, twos_a = _added(planes[word], rows[row_0 + word], rows[row_1 + word])
            ones, twos_b = _added(ones, rows[row_2 + word], rows[row_3 + word])
            twos, fours_a = _added(planes[word + twos_plane], twos_a, twos_b)
            ones, twos_a = _added(ones, rows[row_4 + word], rows[row_5 + word])
            ones, twos_b = _added(ones, rows[row_6 + word], rows[row_7 + word])
            twos, fours_b = _added(twos, twos_a, twos_b)
            fours, eights = _added(planes[word + fours_plane], fours_a, fours_b)
            planes[word] = ones
            planes[word + twos_plane] = twos
            planes[word + fours_plane] = fours
            carries[word] = eights
        for plane in range(np.uint64(3), np.uint64(depth)):
            start = plane * np.uint64(STRIDE)
            for word in range(words):
                bits = planes[start + word]
                carry = carries[word]
                planes[start + word] = bits ^ carry
                carries[word] = bits & carry


@kernel(inline="always")
def _added(first, second, third):
    """Add three bits in each column: return the sum's bit and the carry."""
    return first ^ second ^ third, (first & second) | (third & (first | second))


@kernel
def unpack(counts, planes, depth, first):
    """Turn a block's counters, from word `first` of `depth` planes on, into 16-bit `counts`.

    Four counts are a word. Eight planes are a table of 8 x 16 bits in every 16-bit lane: transposed
    by bits, pairs and nibbles, it holds the low bytes of sixteen counts. Planes 8 to 15 hold the
    high bytes.
    """
    if depth == 0:
        for word in range(np.uint64(BLOCK // 4)):
            counts[word] = np.uint64(0)
    else:
        _unpack_bytes(counts, planes, first, 0)
    if depth > 8:
        _unpack_bytes(counts, planes, first + 8 * STRIDE, 8)


@kernel(inline="always")
def _unpack_bytes(counts, planes, first, shift):
    for word in range(np.uint64(WORDS)):
        plane_0 = np.uint64(first) + word
        plane_2 = plane_0 + np.uint64(2 * STRIDE)
        plane_4 = plane_0 + np.uint64(4 * STRIDE)
        plane_6 = plane_0 + np.uint64(6 * STRIDE)
        one = np.uint64(STRIDE)
        even_a, odd_a = _transposed(planes[plane_0], planes[plane_0 + one], _BITS, 1)
        even_b, odd_b = _transposed(planes[plane_2], planes[plane_2 + one], _BITS, 1)
        even_c, odd_c = _transposed(planes[plane_4], planes[plane_4 + one], _BITS, 1)
        even_d, odd_d = _transposed(planes[plane_6], planes[plane_6 + one], _BITS, 1)
        low_0, low_2 = _transposed(even_a, even_b, _PAIRS, 2)
        low_1, low_3 = _transposed(odd_a, odd_b, _PAIRS, 2)
        high_0, high_2 = _transposed(even_c, even_d, _PAIRS, 2)
        high_1, high_3 = _transposed(odd_c, odd_d, _PAIRS, 2)
        _store(counts, np.uint64(0) + word, low_0, high_0, shift)
        _store(counts, np.uint64(WORDS) + word, low_1, high_1, shift)
        _store(counts, np.uint64(2 * WORDS) + word, low_2, high_2, shift)
        _store(counts, np.uint64(3 * WORDS) + word, low_3, high_3, shift)


@kernel
def _transposed(low, high, mask, shift):
    """Interleave the fields that `mask` picks in two words, and those it leaves."""
    chosen = np.uint64(mask)
    by = np.uint64(shift)
    even = (low & chosen) | ((high & chosen) << by)
    odd = ((low >> by) & chosen) | (high & ~chosen)
    return even, odd


@kernel
def _store(counts, place, low, high, shift):
    """Store the bytes of bits r, r + 4, r + 8 and r + 12 of a 16-bit lane: low bytes come first."""
    step = np.uint64(4 * WORDS)
    first, second = _transposed(low, high, _NIBBLES, 4)
    _store_bytes(counts, place, first, shift)
    _store_bytes(counts, place + step, second, shift)
    _store_bytes(counts, place + step + step, first >> np.uint64(8), shift)
    _store_bytes(counts, place + step + step + step, second >> np.uint64(8), shift)


@kernel
def _store_bytes(counts, place, lanes, shift):
    if shift == 0:
        counts[place] = lanes & np.uint64(_BYTES)
    else:
        counts[place] |= (lanes & np.uint64(_BYTES)) << np.uint64(8)
