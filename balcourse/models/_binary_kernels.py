"""Kernels of the balanced binary network: wiring, one network, many packed replicas.

Neurons are numbered excitatory, inhibitory, external; only the first two have input. Connections
lie by source: `targets[pointer[source]:pointer[source + 1]]`. Inputs are kept as whole numbers of
active presynaptic neurons, `counts[population, neuron]`: real-valued fields updated by increments
drift, and rounding then decides exact ties. Fields are in units of 1/sqrt(K).
Slow twin: `tests/naive/binary.py`.
"""

import numpy as np

from balcourse.models.elementary import ln, logit
from balcourse.models.kernel import kernel
from balcourse.models.prefetch import prefetch
from balcourse.models.random import below, uniform

WIDTH = 16  # words of 64 replicas each
BATCH = 64  # updates whose targets are fetched together
_LINE = 32  # targets in a line of the cache
_AHEAD = 16  # rows between that which is added and that which is asked for


@kernel
def _fill_logarithms(random, logarithms):
    """Fill an array with logarithms of uniform random numbers; two loops, for vector units."""
    for place in range(logarithms.size):
        logarithms[place] = 1.0 - uniform(random)
    for place in range(logarithms.size):
        logarithms[place] = ln(logarithms[place])


@kernel
def wire_random(random, first, last, inputs, mean_gap, logarithms, used, pointer, targets):
    """Connect each source in [first, last) to each of `inputs` neurons with one probability p.

    `mean_gap` is -1 / ln(1 - p), and 0 for p = 1. Fills `targets` on from `pointer[first]`;
    returns 0, or -1 where `targets` is too small. Of `logarithms`, drawn many at a time,
    `used[0]` are spent; at first all are.
    """
    filled = pointer[first]
    place = used[0]
    for source in range(first, last):
        target = 0
        while True:
            if place == logarithms.size:
                _fill_logarithms(random, logarithms)
                place = 0
            # The number of neurons passed over is geometric.
            gap = -logarithms[place] * mean_gap
            place += 1
            if gap >= inputs - target:
                break
            target += int(gap)
            if filled >= targets.size:
                return -1
            targets[filled] = target
            filled += 1
            target += 1
        pointer[source + 1] = filled
    used[0] = place
    return 0


@kernel
def wire_fixed(random, first, last, inputs, degree, mark, cursor, targets, fill):
    """Give each of `inputs` neurons exactly `degree` distinct sources in [first, last).

    Counts in `cursor` the targets of each source; with `fill`, and the same random state, writes
    them too, `cursor` being where the next target of each source goes. `mark` starts at -1.
    """
    for target in range(inputs):
        for _ in range(degree):
            source = first + below(random, last - first)
            while mark[source] == target:
                source = first + below(random, last - first)
            mark[source] = target
            if fill:
                targets[cursor[source]] = target
            cursor[source] += 1


@kernel
def turn_round(pointer, targets, first, last, in_cursor, sources):
    """Append the sources in [first, last) to the list of each of their targets."""
    for source in range(first, last):
        for place in range(pointer[source], pointer[source + 1]):
            target = targets[place]
            sources[in_cursor[target]] = source
            in_cursor[target] += 1


@kernel(inline="always")
def noise(random, heat):
    """Return the thermal shift of the threshold: `heat` times a logistic random number.

    A neuron on when its field exceeds such a threshold is Glauber's heat bath.
    """
    if heat == 0.0:
        return 0.0
    return heat * logit(uniform(random))


@kernel(inline="always")
def pick(random, n_e, n_i, n_0, tau_i):
    """Return the next neuron to update: excitatory and external at rate 1, inhibitory 1/tau_i."""
    choice = uniform(random) * (n_e + n_0 + n_i / tau_i)
    # Chosen as real numbers: a branch would be guessed wrong half the time.
    inhibitory = choice >= n_e + n_0
    first = n_e + 0.0 if inhibitory else 0.0
    passed = n_e + n_0 + 0.0 if inhibitory else 0.0
    scale = tau_i if inhibitory else 1.0
    neuron = int(first) + int((choice - passed) * scale)
    if inhibitory or neuron < n_e:
        return min(neuron, n_e + n_i - 1)
    return neuron + n_i


@kernel(inline="always")
def _flip(neuron, population, now, state, active, busy, counts, pointer, targets):
    """Change one neuron's state and tell its targets."""
    change = 1 - 2 * np.int64(state[neuron])
    state[neuron] = np.uint8(1) - state[neuron]
    active[population] += change
    busy[neuron] -= change * now
    row = targets[pointer[neuron] : pointer[neuron + 1]]
    inputs = counts[population]
    for place in range(row.size):
        inputs[row[place]] += change


@kernel
def flip(neurons, now, state, active, busy, counts, pointer, targets, n_e, n_i):
    """Change the state of each of `neurons`."""
    for index in range(neurons.size):
        neuron = neurons[index]
        population = np.int64(neuron >= n_e) + np.int64(neuron >= n_e + n_i)
        _flip(neuron, population, now, state, active, busy, counts, pointer, targets)


@kernel
def fill_uniform(random, values):
    """Fill `values` with uniform random numbers."""
    for index in range(values.size):
        values[index] = uniform(random)


@kernel(inline="always")
def _field(neuron, n_e, from_e, from_i, from_0, drive, coupling):
    """Return the input of one neuron."""
    row = 1 if neuron >= n_e else 0
    return (
        drive[row]
        + coupling[row, 0] * from_e[neuron]
        + coupling[row, 1] * from_i[neuron]
        + coupling[row, 2] * from_0[neuron]
    )


@kernel
def advance(
    updates, now, random, state, active, busy, counts, bound, drive, coupling, pointer, targets,
    n_e, n_i, n_0, tau_i, m_0, heat, picked, limits,
):  # fmt: skip
    """Update `updates` neurons of one network, one at a time in random order.

    `drive` (2,) is the constant external input to E and I, `bound` the threshold of each neuron,
    both in units of 1/sqrt(K); `coupling` (2, 3) the strength to E, I from E, I and external;
    `heat` is the temperature in the same unit. `active` (3,) counts the active neurons of each
    population and `busy` the updates that each neuron spent active (add the present update number
    for those still active). `now` is the number of updates before this call; `picked` and `limits`
    (BATCH,) are work space.

    Order and noise do not depend on the state, so they are drawn a batch ahead. The targets of
    those neurons that seem about to change are asked for at once, not waited for one by one.
    """
    from_e, from_i, from_0 = counts[0], counts[1], counts[2]
    for first in range(now, now + updates, BATCH):
        size = min(BATCH, now + updates - first)
        for place in range(size):
            neuron = pick(random, n_e, n_i, n_0, tau_i)
            picked[place] = neuron
            if neuron < n_e + n_i:
                limits[place] = bound[neuron] + noise(random, heat)
            else:
                limits[place] = -np.inf if uniform(random) < m_0 else np.inf
        for place in range(size):
            neuron = picked[place]
            field = _field(neuron, n_e, from_e, from_i, from_0, drive, coupling)
            if (field > limits[place]) != (state[neuron] != 0):
                for target in range(pointer[neuron], pointer[neuron + 1], _LINE):
                    prefetch(targets, target)
        for place in range(size):
            neuron = picked[place]
            field = _field(neuron, n_e, from_e, from_i, from_0, drive, coupling)
            if (field > limits[place]) != (state[neuron] != 0):
                population = np.int64(neuron >= n_e) + np.int64(neuron >= n_e + n_i)
                _flip(
                    neuron, population, first + place, state, active, busy, counts, pointer, targets
                )


@kernel
def advance_together(
    steps, now, random, state, following, active, busy, counts, bound, drive, coupling, pointer,
    targets, n_e, n_i, n_0, m_0, heat,
):  # fmt: skip
    """Update all neurons at once, `steps` times; arguments as in `advance`.

    `following` is work space of the shape of `state`.
    """
    for step in range(now, now + steps):
        for neuron in range(n_e + n_i):
            population = 0 if neuron < n_e else 1
            field = drive[population]
            for source in range(3):
                field += coupling[population, source] * counts[source, neuron]
            following[neuron] = field > bound[neuron] + noise(random, heat)
        for neuron in range(n_e + n_i, n_e + n_i + n_0):
            following[neuron] = uniform(random) < m_0
        for neuron in range(n_e + n_i + n_0):
            if following[neuron] != state[neuron]:
                population = np.int64(neuron >= n_e) + np.int64(neuron >= n_e + n_i)
                _flip(neuron, population, step, state, active, busy, counts, pointer, targets)


@kernel(inline="always")
def _full_add(one, two, three):
    """Add three bits in every lane; return the low bits of the sums and the carries."""
    half = one ^ two
    return half ^ three, (one & two) | (half & three)


@kernel(inline="always")
def _source(sources, place, after, last, zero):
    """Return the row that is `after` places on, or the empty one past the last."""
    other = place + after
    return np.uint64(sources[other]) if other < np.uint64(last) else np.uint64(zero)


@kernel
def _add_eights(words, sources, first, last, zero, planes, level, carries, filled):
    """Add the rows `sources[first:last]` of `words`, eight at a time, by carry-save adders.

    Leaves bits 0, 1, 2 of every lane's sum in rows `level` to `level + 2` of `planes`, and what
    they cannot hold as rows of weight 8 in `carries` from `filled` on; returns where these end.
    `words[zero]` is 0.
    """
    ones_row = np.uint64(level * WIDTH)
    twos_row, fours_row = ones_row + np.uint64(WIDTH), ones_row + np.uint64(2 * WIDTH)
    for place in range(np.uint64(first), np.uint64(last), np.uint64(8)):
        a = words[_source(sources, place, np.uint64(0), last, zero)]
        b = words[_source(sources, place, np.uint64(1), last, zero)]
        c = words[_source(sources, place, np.uint64(2), last, zero)]
        d = words[_source(sources, place, np.uint64(3), last, zero)]
        e = words[_source(sources, place, np.uint64(4), last, zero)]
        f = words[_source(sources, place, np.uint64(5), last, zero)]
        g = words[_source(sources, place, np.uint64(6), last, zero)]
        h = words[_source(sources, place, np.uint64(7), last, zero)]
        for after in range(np.uint64(_AHEAD), np.uint64(_AHEAD + 8)):
            coming = words[_source(sources, place, after, last, zero)]
            for line in range(0, WIDTH, 8):
                prefetch(coming, line)
        row = carries[np.uint64(filled)]
        filled += 1
        for word in range(np.uint64(WIDTH)):
            ones, two_a = _full_add(planes[ones_row + word], a[word], b[word])
            ones, two_b = _full_add(ones, c[word], d[word])
            ones, two_c = _full_add(ones, e[word], f[word])
            ones, two_d = _full_add(ones, g[word], h[word])
            twos, four_a = _full_add(planes[twos_row + word], two_a, two_b)
            twos, four_b = _full_add(twos, two_c, two_d)
            fours, eight = _full_add(planes[fours_row + word], four_a, four_b)
            planes[ones_row + word] = ones
            planes[twos_row + word] = twos
            planes[fours_row + word] = fours
            row[word] = eight
    return filled


@kernel(inline="always")
def _exchange(one, two, shift, mask):
    """Swap the bits of `one` at `mask << shift` with those of `two` at `mask`."""
    difference = ((one >> np.uint64(shift)) ^ two) & np.uint64(mask)
    return one ^ (difference << np.uint64(shift)), two ^ difference


@kernel
def _transpose(planes, first, sums):
    """Turn eight rows of bits into bytes: byte j of `sums[r * WIDTH + w]` is lane 8 j + r."""
    width = np.uint64(WIDTH)
    for word in range(width):
        start = np.uint64(first) * width + word
        a, b = planes[start], planes[start + width]
        c, d = planes[start + np.uint64(2) * width], planes[start + np.uint64(3) * width]
        e, f = planes[start + np.uint64(4) * width], planes[start + np.uint64(5) * width]
        g, h = planes[start + np.uint64(6) * width], planes[start + np.uint64(7) * width]
        a, e = _exchange(a, e, 4, 0x0F0F0F0F0F0F0F0F)
        b, f = _exchange(b, f, 4, 0x0F0F0F0F0F0F0F0F)
        c, g = _exchange(c, g, 4, 0x0F0F0F0F0F0F0F0F)
        d, h = _exchange(d, h, 4, 0x0F0F0F0F0F0F0F0F)
        a, c = _exchange(a, c, 2, 0x3333333333333333)
        b, d = _exchange(b, d, 2, 0x3333333333333333)
        e, g = _exchange(e, g, 2, 0x3333333333333333)
        f, h = _exchange(f, h, 2, 0x3333333333333333)
        a, b = _exchange(a, b, 1, 0x5555555555555555)
        c, d = _exchange(c, d, 1, 0x5555555555555555)
        e, f = _exchange(e, f, 1, 0x5555555555555555)
        g, h = _exchange(g, h, 1, 0x5555555555555555)
        sums[word], sums[word + width] = a, b
        sums[word + np.uint64(2) * width], sums[word + np.uint64(3) * width] = c, d
        sums[word + np.uint64(4) * width], sums[word + np.uint64(5) * width] = e, f
        sums[word + np.uint64(6) * width], sums[word + np.uint64(7) * width] = g, h


@kernel
def _tally(words, sources, first, last, order, carries, planes, sums):
    """Count the active neurons of `sources[first:last]` in all replicas: `sums` low, high bytes."""
    planes[:] = np.uint64(0)
    zero = words.shape[0] - 1
    begin, end = 0, _add_eights(words, sources, first, last, zero, planes, 0, carries, 0)
    zero = carries.shape[0] - 1
    for level in range(3, 15, 3):
        if (last - first) >> level == 0:
            break
        # The carries are themselves rows to add.
        stop = _add_eights(carries, order, begin, end, zero, planes, level, carries, end)
        begin, end = end, stop
    _transpose(planes, 0, sums[0])
    _transpose(planes, 8, sums[1])


@kernel
def advance_packed(
    updates, random, words, replies, state, counts, bound, drive, coupling, pointer, targets,
    in_pointer, in_middle, sources, order, carries, planes, sums, bytes_,
    n_e, n_i, n_0, tau_i, m_0, heat,
):  # fmt: skip
    """Update 64 WIDTH replicas on one graph, in one random order, with one noise; see `advance`.

    Bit r % 64 of `words[neuron, r // 64]` is the state of a neuron in replica r; `replies` are the
    same numbers as bytes. External neurons are common to all: `state` and `counts[2]` hold theirs.
    The excitatory sources of a neuron lie in `sources` from `in_pointer[neuron]` on, the
    inhibitory from `in_middle[neuron]` on. `order` is 0, 1, 2, ...; `carries`, `planes`
    (16 WIDTH,), `sums` (2, 2, 8 WIDTH) and its bytes are work space.
    """
    for _ in range(updates):
        neuron = pick(random, n_e, n_i, n_0, tau_i)
        if neuron >= n_e + n_i:
            if (uniform(random) < m_0) != (state[neuron] != 0):
                change = 1 - 2 * np.int64(state[neuron])
                state[neuron] = np.uint8(1) - state[neuron]
                for place in range(pointer[neuron], pointer[neuron + 1]):
                    counts[2, targets[place]] += change
            continue
        population = 0 if neuron < n_e else 1
        middle = in_middle[neuron]
        _tally(words, sources, in_pointer[neuron], middle, order, carries, planes, sums[0])
        _tally(words, sources, middle, in_pointer[neuron + 1], order, carries, planes, sums[1])
        limit = bound[neuron] + noise(random, heat)
        outside = coupling[population, 2] * counts[2, neuron]
        reply = replies[neuron]
        reply[:] = np.uint8(0)
        for shift in range(8):
            bit = np.uint8(1 << shift)
            for byte in range(8 * WIDTH):
                lane = shift * 8 * WIDTH + byte
                field = (
                    drive[population]
                    + coupling[population, 0] * (bytes_[0, 0, lane] + 256.0 * bytes_[0, 1, lane])
                    + coupling[population, 1] * (bytes_[1, 0, lane] + 256.0 * bytes_[1, 1, lane])
                    + outside
                )
                reply[byte] |= bit if field > limit else np.uint8(0)
