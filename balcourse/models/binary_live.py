"""The balanced binary network as a page runs it: start, go on by steps, two copies side by side.

One unit of model time, tau_E, is shown as 10 ms. Inputs are in units of the threshold of E.
"""

import math

from balcourse.models._binary_kernels import _ln, advance, flip, wire_fixed
from balcourse.models.kernel import kernel
from balcourse.models.random import below, uniform

TAU_E = 10.0  # ms


@kernel
def begin_balanced(
    random, second, state, active, busy, counts, bound, mark, cursor, pointer, targets,
    clock, share, n_e, n_i, k, theta_e, theta_i,
):  # fmt: skip
    """Wire a network with exactly `k` inputs from E and I each; activate a `share` of it."""
    inputs = n_e + n_i
    for population in range(2):
        first, last = (0, n_e) if population == 0 else (n_e, inputs)
        for word in range(4):
            second[word] = random[word]
        for fill in range(2):
            for source in range(first, last):
                mark[source] = -1
            wire_fixed(second if fill == 0 else random, first, last, inputs, k, mark, cursor,
                       targets, fill)  # fmt: skip
            if fill == 0:
                for source in range(first, last):
                    pointer[source + 1] = pointer[source] + cursor[source]
                    cursor[source] = pointer[source]
    chosen = mark
    count = 0
    for neuron in range(inputs):
        bound[neuron] = math.sqrt(k) * ((theta_e if neuron < n_e else theta_i) + 1e-9)
        if uniform(random) < share:
            chosen[count] = neuron
            count += 1
    flip(chosen[:count], 0, state, active, busy, counts, pointer, targets, n_e, n_i)
    clock[0] = 0


@kernel
def follow_balanced(
    inputs, rates, random, state, active, busy, counts, bound, drive, coupling, pointer, targets,
    picked, limits, clock, m_0, j_e, j_i, external_i, tau_i, n_e, n_i, k, dt, steps,
):  # fmt: skip
    """Continue the network for `steps` steps of `dt` ms.

    Row `step` of `inputs` gets excitation, inhibition and their sum for the first neuron, that of
    `rates` the active fractions of E and I and the external rate.
    """
    root_k = math.sqrt(k)
    drive[0], drive[1] = k * m_0, k * m_0 * external_i
    coupling[0, 0], coupling[1, 0] = 1.0, 1.0
    coupling[0, 1], coupling[1, 1] = -j_e, -j_i
    updates = max(1, int((n_e + n_i / tau_i) * dt / TAU_E + 0.5))
    for step in range(steps):
        inputs[step, 0] = (drive[0] + counts[0, 0]) / root_k
        inputs[step, 1] = -j_e * counts[1, 0] / root_k
        inputs[step, 2] = inputs[step, 0] + inputs[step, 1]
        rates[step, 0], rates[step, 1] = active[0] / n_e, active[1] / n_i
        rates[step, 2] = m_0
        advance(updates, clock[0], random, state, active, busy, counts, bound, drive, coupling,
                pointer, targets, n_e, n_i, 0, tau_i, m_0, 0.0, picked, limits)  # fmt: skip
        clock[0] += updates


@kernel
def begin_copies(clock, flips):
    """Set the time of the copies to 0; takes `flips` so that another number starts them anew."""
    clock[1] = 0


@kernel
def follow_two(
    distance, random, second, state, active, busy, counts, state_2, active_2, busy_2, counts_2,
    mark, bound, drive, coupling, pointer, targets, picked, limits, clock, m_0, j_e, j_i,
    external_e, external_i, tau_i, n_e, n_i, k, flips, dt, steps,
):  # fmt: skip
    """Continue two copies under one order of updates; they differ by `flips` neurons from 50 ms on.

    Row `step` of `distance` gets the decimal logarithm of the share of E, and of I, that differs,
    or that of half a neuron where none does.
    """
    inputs = n_e + n_i
    drive[0], drive[1] = k * m_0 * external_e, k * m_0 * external_i
    coupling[0, 0], coupling[1, 0] = 1.0, 1.0
    coupling[0, 1], coupling[1, 1] = -j_e, -j_i
    updates = max(1, int((n_e + n_i / tau_i) * dt / TAU_E + 0.5))
    for step in range(steps):
        if clock[1] == int(5 * TAU_E / dt):
            for neuron in range(inputs):
                state_2[neuron] = state[neuron]
                counts_2[0, neuron], counts_2[1, neuron] = counts[0, neuron], counts[1, neuron]
            for one in range(flips):
                mark[one] = below(random, inputs)
            flip(mark[:flips], clock[0], state_2, active_2, busy_2, counts_2, pointer, targets,
                 n_e, n_i)  # fmt: skip
        for population in range(2):
            first, last = (0, n_e) if population == 0 else (n_e, inputs)
            different = 0
            for neuron in range(first, last):
                different += state[neuron] != state_2[neuron]
            if clock[1] < int(5 * TAU_E / dt):
                different = 0
            share = max(different, 0.5) / (last - first)
            distance[step, population] = _ln(share) * 0.4342944819032518
        for word in range(4):
            second[word] = random[word]
        advance(updates, clock[0], random, state, active, busy, counts, bound, drive, coupling,
                pointer, targets, n_e, n_i, 0, tau_i, m_0, 0.0, picked, limits)  # fmt: skip
        advance(updates, clock[0], second, state_2, active_2, busy_2, counts_2, bound, drive,
                coupling, pointer, targets, n_e, n_i, 0, tau_i, m_0, 0.0, picked,
                limits)  # fmt: skip
        clock[0] += updates
        clock[1] += 1
