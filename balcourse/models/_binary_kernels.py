"""Kernels of the balanced binary network: wiring, one network, many packed replicas.

Neurons are numbered excitatory, inhibitory, external; only the first two have input. Connections
lie by source: `targets[pointer[source]:pointer[source + 1]]`. Inputs are kept as whole numbers of
active presynaptic neurons, `counts[population, neuron]`: real-valued fields updated by increments
drift, and rounding then decides exact ties. Fields are in units of 1/sqrt(K).
Slow twin: `tests/naive/binary.py`.
"""

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import below, uniform


@kernel(inline="always")
def _ln(ratio):
    """Return the natural logarithm of a number in [2**-54, 1], at always the same cost.

    Plain arithmetic, since the last bit of a library's logarithm differs between machines: scaled
    to within [sqrt(1/2), sqrt(2)] by powers of two, where the series of 2 artanh converges fast.
    """
    power = 0
    if ratio < 2.3283064365386963e-10:
        ratio *= 4294967296.0
        power -= 32
    if ratio < 1.52587890625e-05:
        ratio *= 65536.0
        power -= 16
    if ratio < 0.00390625:
        ratio *= 256.0
        power -= 8
    if ratio < 0.0625:
        ratio *= 16.0
        power -= 4
    if ratio < 0.25:
        ratio *= 4.0
        power -= 2
    if ratio < 0.5:
        ratio *= 2.0
        power -= 1
    if ratio < 0.7071067811865476:
        ratio *= 2.0
        power -= 1
    part = (ratio - 1.0) / (ratio + 1.0)
    square = part * part
    series = 0.0
    for term in range(19, 0, -2):
        series = series * square + 1.0 / term
    return 2.0 * part * series + power * 0.6931471805599453


@kernel
def wire_random(random, first, last, inputs, mean_gap, pointer, targets):
    """Connect each source in [first, last) to each of `inputs` neurons with one probability p.

    `mean_gap` is -1 / ln(1 - p), and 0 for p = 1. Fills `targets` on from `pointer[first]`;
    returns 0, or -1 where `targets` is too small.
    """
    filled = pointer[first]
    for source in range(first, last):
        target = 0
        while True:
            # The number of neurons passed over is geometric.
            gap = -_ln(1.0 - uniform(random)) * mean_gap
            if gap >= inputs - target:
                break
            target += int(gap)
            if filled >= targets.size:
                return -1
            targets[filled] = target
            filled += 1
            target += 1
        pointer[source + 1] = filled
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
def _noise(random, heat):
    """Return the thermal shift of the threshold: `heat` times a logistic random number.

    A neuron on when its field exceeds such a threshold is Glauber's heat bath.
    """
    if heat == 0.0:
        return 0.0
    chance = uniform(random)
    if chance < 0.5:
        chance += 5.551115123125783e-17
        return heat * _ln(chance / (1.0 - chance))
    return -heat * _ln((1.0 - chance) / chance)


@kernel(inline="always")
def _pick(random, n_e, n_i, n_0, tau_i):
    """Return the next neuron to update: excitatory and external at rate 1, inhibitory 1/tau_i."""
    choice = uniform(random) * (n_e + n_0 + n_i / tau_i)
    if choice < n_e + n_0:
        neuron = int(choice)
        return neuron if neuron < n_e else neuron + n_i
    return min(n_e + int((choice - n_e - n_0) * tau_i), n_e + n_i - 1)


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
def advance(
    updates, now, random, state, active, busy, counts, bound, drive, coupling, pointer, targets,
    n_e, n_i, n_0, tau_i, m_0, heat,
):  # fmt: skip
    """Update `updates` neurons of one network, one at a time in random order.

    `drive` (2,) is the constant external input to E and I, `bound` the threshold of each neuron,
    both in units of 1/sqrt(K); `coupling` (2, 3) the strength to E, I from E, I and external;
    `heat` is the temperature in the same unit. `active` (3,) counts the active neurons of each
    population and `busy` the updates that each neuron spent active (add the present update number
    for those still active). `now` is the number of updates before this call.
    """
    for update in range(now, now + updates):
        neuron = _pick(random, n_e, n_i, n_0, tau_i)
        if neuron >= n_e + n_i:
            if (uniform(random) < m_0) != (state[neuron] != 0):
                _flip(neuron, 2, update, state, active, busy, counts, pointer, targets)
            continue
        population = 0 if neuron < n_e else 1
        field = (
            drive[population]
            + coupling[population, 0] * counts[0, neuron]
            + coupling[population, 1] * counts[1, neuron]
        )
        if n_0 > 0:
            field += coupling[population, 2] * counts[2, neuron]
        if (field > bound[neuron] + _noise(random, heat)) != (state[neuron] != 0):
            _flip(neuron, population, update, state, active, busy, counts, pointer, targets)


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
            following[neuron] = field > bound[neuron] + _noise(random, heat)
        for neuron in range(n_e + n_i, n_e + n_i + n_0):
            following[neuron] = uniform(random) < m_0
        for neuron in range(n_e + n_i + n_0):
            if following[neuron] != state[neuron]:
                population = (neuron >= n_e) + (neuron >= n_e + n_i)
                _flip(neuron, population, step, state, active, busy, counts, pointer, targets)


@kernel(inline="always")
def _full_add(one, two, three):
    """Add three bits in every lane; return their sum's low bits and its carries."""
    half = one ^ two
    return half ^ three, (one & two) | (half & three)


@kernel
def _tally(words, sources, first, last, planes, carry, sums):
    """Count the active neurons of `sources[first:last]` in every replica, into `sums`.

    Eight rows of bits at a time pass a tree of carry-save adders into vertical counters: bit p
    of all counts lies in `planes[p]`. Missing rows are the last row of `words`, always zero.
    """
    width = words.shape[1]
    rows = words.shape[0] - 1
    depth = planes.shape[0]
    planes[:] = np.uint64(0)
    for place in range(first, last, 8):
        a = words[sources[place]]
        b = words[sources[place + 1] if place + 1 < last else rows]
        c = words[sources[place + 2] if place + 2 < last else rows]
        d = words[sources[place + 3] if place + 3 < last else rows]
        e = words[sources[place + 4] if place + 4 < last else rows]
        f = words[sources[place + 5] if place + 5 < last else rows]
        g = words[sources[place + 6] if place + 6 < last else rows]
        h = words[sources[place + 7] if place + 7 < last else rows]
        for word in range(width):
            ones, two_a = _full_add(planes[0, word], a[word], b[word])
            ones, two_b = _full_add(ones, c[word], d[word])
            ones, two_c = _full_add(ones, e[word], f[word])
            ones, two_d = _full_add(ones, g[word], h[word])
            twos, four_a = _full_add(planes[1, word], two_a, two_b)
            twos, four_b = _full_add(twos, two_c, two_d)
            fours, eight = _full_add(planes[2, word], four_a, four_b)
            planes[0, word] = ones
            planes[1, word] = twos
            planes[2, word] = fours
            carry[word] = eight
        for plane in range(3, depth):
            for word in range(width):
                held = planes[plane, word]
                planes[plane, word] = held ^ carry[word]
                carry[word] &= held
    for word in range(width):
        for lane in range(64):
            count = 0
            for plane in range(depth):
                count |= ((planes[plane, word] >> np.uint64(lane)) & np.uint64(1)) << np.uint64(plane)
            sums[word, lane] = count


@kernel
def advance_packed(
    updates, random, words, state, counts, planes, carry, sums, bound, drive, coupling, pointer,
    targets, in_pointer, in_middle, sources, n_e, n_i, n_0, tau_i, m_0, heat,
):  # fmt: skip
    """Update many replicas on one graph, in one random order, with one noise; see `advance`.

    Bit r % 64 of `words[neuron, r // 64]` is the state of a neuron in replica r. External neurons
    are common to all: `state` and `counts[2]` hold theirs. The excitatory sources of a neuron lie
    in `sources` from `in_pointer[neuron]` on, the inhibitory from `in_middle[neuron]` on.
    """
    for _ in range(updates):
        neuron = _pick(random, n_e, n_i, n_0, tau_i)
        if neuron >= n_e + n_i:
            if (uniform(random) < m_0) != (state[neuron] != 0):
                change = 1 - 2 * np.int64(state[neuron])
                state[neuron] = np.uint8(1) - state[neuron]
                for place in range(pointer[neuron], pointer[neuron + 1]):
                    counts[2, targets[place]] += change
            continue
        population = 0 if neuron < n_e else 1
        middle = in_middle[neuron]
        _tally(words, sources, in_pointer[neuron], middle, planes, carry, sums[0])
        _tally(words, sources, middle, in_pointer[neuron + 1], planes, carry, sums[1])
        limit = bound[neuron] + _noise(random, heat)
        outside = coupling[population, 2] * counts[2, neuron]
        for word in range(words.shape[1]):
            bits = np.uint64(0)
            for lane in range(64):
                field = (
                    drive[population]
                    + coupling[population, 0] * sums[0, word, lane]
                    + coupling[population, 1] * sums[1, word, lane]
                    + outside
                )
                bits |= np.uint64(field > limit) << np.uint64(lane)
            words[neuron, word] = bits
