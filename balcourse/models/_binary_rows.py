"""Updating a dense binary network, whose connections are rows of bits.

A neuron that changes its state changes the input of thousands. Eight changes are therefore added at
once, sixty-four targets at a time, by the adders of `balcourse.models.bitrows`. A neuron that
falls silent adds the complement of its row, which gives one to those that it does not reach: its
row is taken away, but for one that all have too many. The sums stay in vertical counters until
these are nearly full; only then are they brought into the `counts` of
`balcourse.models._binary_kernels`. The input of a neuron is thus what `counts` holds, its place
in the counters, and its bits in the few rows that wait to be added. States are those of
`_binary_kernels.advance`, update for update.
"""

from typing import NamedTuple

import numpy as np

from balcourse.models._binary_kernels import BATCH, noise, pick
from balcourse.models.bitrows import (
    BLOCK,
    LINE,
    STRIDE,
    TILE,
    WORDS,
    add_rows,
    clear,
    empty_planes,
    place_of,
    set_bit,
    unpack,
    zeros,
)
from balcourse.models.kernel import kernel
from balcourse.models.prefetch import prefetch

_GROUP = 8  # rows that `add_rows` adds at once
_DEPTH = 7  # counters are full at 127: more planes cost every look, fewer more absorbing


class Rows(NamedTuple):
    """Connections of `n` neurons, and the changes that `counts` do not hold yet; E, then I.

    Row s of `bits`, `words` long, has the targets of source s; row n is empty, and row n + 1 + s is
    the complement of row s. Of the rows whose beginnings are `waiting`, `number` are to be added;
    `added` are in the counters `planes`, and `complements` of them are complements.
    """

    bits: np.ndarray
    n: int
    words: int
    planes: np.ndarray
    carries: np.ndarray
    sums: np.ndarray
    sum_words: np.ndarray
    waiting: np.ndarray
    number: np.ndarray
    added: np.ndarray
    complements: np.ndarray


class Batch(NamedTuple):
    """Updates drawn ahead: neurons and thresholds, two batches in turn; inputs; likely changes."""

    picked: np.ndarray
    limits: np.ndarray
    inputs: np.ndarray
    likely: np.ndarray


def words_of(n):
    """Return how many words a row of bits for `n` targets has."""
    return -(-n // BLOCK) * WORDS


def bytes_of(n):
    """Return how many bytes the rows of `n` neurons take."""
    return 8 * (2 * n + 1) * words_of(n)


def make_rows(n, pointer, targets):
    """Make the rows of `n` neurons, from the lists of their targets."""
    bits = zeros(bytes_of(n) // 8)
    fill_rows(bits, words_of(n), n, pointer, targets)
    return bits


@kernel
def fill_rows(bits, words, n, pointer, targets):
    """Set the bits of every row and of its complement."""
    for source in range(n):
        start = source * words
        for place in range(pointer[source], pointer[source + 1]):
            set_bit(bits, start, np.int64(targets[place]))
        for word in range(start, start + words):
            bits[(n + 1) * words + word] = ~bits[word]


def make_work(n, bits):
    """Make what `advance` needs besides the state of a run: its rows, and scratch space."""
    words = words_of(n)
    planes, carries = empty_planes(-(-words // STRIDE))
    sum_words = np.zeros(BLOCK // 4, np.uint64)
    rows = Rows(
        bits=bits,
        n=n,
        words=words,
        planes=planes,
        carries=carries[0],
        sums=sum_words.view(np.uint16),
        sum_words=sum_words,
        waiting=np.zeros((2, BATCH + 2 * _GROUP), np.uint64),
        number=np.zeros(2, np.int64),
        added=np.zeros(2, np.int64),
        complements=np.zeros(2, np.int64),
    )
    batch = Batch(
        picked=np.zeros((2, BATCH), np.int64),
        limits=np.zeros((2, BATCH)),
        inputs=np.zeros((2, BATCH), np.int64),
        likely=np.zeros(BATCH + 1, np.uint64),
    )
    return rows, batch


@kernel
def advance(
    updates, now, random, state, active, busy, counts, bound, drive, coupling, n_e, n_i, tau_i,
    heat, rows, batch,
):  # fmt: skip
    """Update `updates` neurons; arguments as in `balcourse.models._binary_kernels.advance`."""
    end = now + updates
    turn = 0
    _draw(min(BATCH, updates), turn, 0, random, bound, n_e, n_i, tau_i, heat, rows, batch)
    for first in range(now, end, BATCH):
        size = min(BATCH, end - first)
        likely = _guess(size, turn, state, counts, drive, coupling, n_e, rows, batch)
        ahead = min(BATCH, end - first - size)
        _draw(ahead, 1 - turn, likely, random, bound, n_e, n_i, tau_i, heat, rows, batch)
        _decide(first, size, turn, state, active, busy, drive, coupling, n_e, rows, batch)
        for source in range(2):
            _add(source, counts, rows)
        turn = 1 - turn
    for source in range(2):
        while rows.number[source] % _GROUP > 0:
            rows.waiting[source, rows.number[source]] = np.uint64(rows.n * rows.words)
            rows.number[source] += 1
        _add(source, counts, rows)
        _absorb(source, counts, rows)


@kernel
def _draw(size, turn, likely, random, bound, n_e, n_i, tau_i, heat, rows, batch):
    """Draw the next batch, and meanwhile ask for the rows that are likely to be added."""
    lines = rows.words // LINE
    for place in range(size):
        neuron = pick(random, n_e, n_i, 0, tau_i)
        batch.picked[turn, place] = neuron
        batch.limits[turn, place] = bound[neuron] + noise(random, heat)
        for line in range(place, lines, BATCH):
            for row in range(likely):
                prefetch(rows.bits, batch.likely[row] + np.uint64(line * LINE))


@kernel
def _guess(size, turn, state, counts, drive, coupling, n_e, rows, batch):
    """Note each neuron's input, without the rows that wait; return how many are likely to change.

    No branch depends on the states, so that one neuron's waits are another's work.
    """
    likely = 0
    for place in range(size):
        neuron = batch.picked[turn, place]
        word, bit = place_of(neuron)
        tile, inside = word // np.uint64(STRIDE), word % np.uint64(STRIDE)
        from_e = counts[0, neuron] + _sum(rows.planes[tile, 0], inside, bit) - rows.complements[0]
        from_i = counts[1, neuron] + _sum(rows.planes[tile, 1], inside, bit) - rows.complements[1]
        batch.inputs[0, place] = from_e
        batch.inputs[1, place] = from_i
        on = np.int64(state[neuron])
        batch.likely[likely] = _row(neuron, on, rows)
        field = _field(neuron >= n_e, from_e, from_i, drive, coupling)
        likely += np.int64((field > batch.limits[turn, place]) != (on != 0))
    return likely


@kernel
def _decide(first, size, turn, state, active, busy, drive, coupling, n_e, rows, batch):
    """Update the batch's neurons one after another; the rows of those that change wait."""
    waiting_e, waiting_i = rows.waiting[0], rows.waiting[1]
    number_e, number_i = rows.number[0], rows.number[1]
    complements_e = _complements(waiting_e, number_e, rows)
    complements_i = _complements(waiting_i, number_i, rows)
    for place in range(size):
        neuron = batch.picked[turn, place]
        word, bit = place_of(neuron)
        from_e = batch.inputs[0, place] - complements_e
        from_i = batch.inputs[1, place] - complements_i
        from_e += _bits(waiting_e, number_e, word, bit, rows)
        from_i += _bits(waiting_i, number_i, word, bit, rows)
        field = _field(neuron >= n_e, from_e, from_i, drive, coupling)
        if (field > batch.limits[turn, place]) != (state[neuron] != 0):
            on = np.int64(state[neuron])
            row = _row(neuron, on, rows)
            state[neuron] = np.uint8(1 - on)
            busy[neuron] -= (1 - 2 * on) * (first + place)
            if neuron < n_e:
                active[0] += 1 - 2 * on
                waiting_e[number_e] = row
                number_e += 1
                complements_e += on
            else:
                active[1] += 1 - 2 * on
                waiting_i[number_i] = row
                number_i += 1
                complements_i += on
    rows.number[0], rows.number[1] = number_e, number_i


@kernel(inline="always")
def _field(inhibitory, from_e, from_i, drive, coupling):
    """Return the input of a neuron, which of E and I it may be."""
    to = np.int64(inhibitory)
    return drive[to] + coupling[to, 0] * from_e + coupling[to, 1] * from_i


@kernel(inline="always")
def _row(neuron, on, rows):
    """Return where the row begins that is added when a neuron that is `on` or not changes."""
    return np.uint64((neuron + on * (rows.n + 1)) * rows.words)


@kernel(inline="always")
def _complements(waiting, number, rows):
    """Count the complements among the rows that wait."""
    total = 0
    for row in range(number):
        total += np.int64(waiting[row] > np.uint64(rows.n * rows.words))
    return total


@kernel(inline="always")
def _sum(planes, word, bit):
    """Return what one neuron's counter holds."""
    total = np.uint64(0)
    for above in range(np.uint64(_DEPTH)):
        plane = np.uint64(_DEPTH - 1) - above
        digit = (planes[plane * np.uint64(STRIDE) + word] >> bit) & np.uint64(1)
        total = total + total + digit
    return np.int64(total)


@kernel(inline="always")
def _bits(waiting, number, word, bit, rows):
    """Return how many of the rows that wait have one neuron's bit."""
    total = np.uint64(0)
    for row in range(number):
        total += (rows.bits[waiting[row] + word] >> bit) & np.uint64(1)
    return np.int64(total)


@kernel
def _add(source, counts, rows):
    """Add the rows that wait to the counters, eight at a time."""
    waiting, number = rows.waiting[source], rows.number[source]
    end = number // _GROUP * _GROUP
    if rows.added[source] + end >= 1 << _DEPTH:
        _absorb(source, counts, rows)
    for tile in range(rows.planes.shape[0]):
        first = tile * STRIDE
        words = np.uint64(min(STRIDE, rows.words - first))
        planes = rows.planes[tile, source]
        add_rows(planes, rows.carries, rows.bits, waiting, 0, end, _DEPTH, np.uint64(first), words)
    rows.complements[source] += _complements(waiting, end, rows)
    rows.added[source] += end
    rows.number[source] = number - end
    for place in range(number - end):
        waiting[place] = waiting[end + place]


@kernel
def _absorb(source, counts, rows):
    """Bring the counters into `counts`, and clear them."""
    inputs, complements = counts[source], rows.complements[source]
    for tile in range(rows.planes.shape[0]):
        planes = rows.planes[tile, source]
        words = min(STRIDE, rows.words - tile * STRIDE)
        for word in range(0, words, WORDS):
            unpack(rows.sum_words, planes, _DEPTH, word)
            first = (tile * TILE + word // WORDS) * BLOCK
            for neuron in range(min(BLOCK, inputs.size - first)):
                inputs[first + neuron] += rows.sums[neuron] - complements
        clear(planes, _DEPTH, np.uint64(words))
    rows.added[source] = 0
    rows.complements[source] = 0
