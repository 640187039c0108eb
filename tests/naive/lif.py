"""Brunel's network the slow way: one neuron, one synapse, one random number at a time.

Takes the same random numbers in the same order as `balcourse.models.windows`, so that the spikes
must be the same. Compiled, because N = 12,500 would take an hour otherwise, but without any of
the fast kernels' ideas: no bits, no counters, no windows, no vectors, no tables of rungs.
"""

import numba
import numpy as np
from scipy import stats

from balcourse.models.poisson import lane_states
from balcourse.models.random import below, next_word, random_state, uniform

BLOCK, WORDS, LANES, BITS = 1024, 16, 32, 12


def spikes(network, steps, dt, seed):
    """Return the steps and the neurons of all spikes."""
    ends = [*range(0, network.n_e, BLOCK), *range(network.n_e, network.n, BLOCK), network.n]
    blocks = len(ends) - 1
    delays = np.atleast_1d(network.delay)
    delays = np.array([round(delay / dt) for delay in delays])
    graph_streams = np.array([random_state(seed, stream=4 * b) for b in range(blocks)])
    block_of = np.repeat(np.arange(blocks), np.diff(ends))
    connected = draw_graph(
        network.n_e, network.n_i, network.c_e, network.c_i, len(delays), block_of, graph_streams
    )
    start = np.random.Generator(np.random.PCG64([seed, 3])).random(network.n)
    potential = network.reset + (network.threshold - network.reset) * start
    rates = np.broadcast_to(network.external_rate, 2)
    tables = [cells(rate * network.c_e * dt / 1000) for rate in rates]
    j, g, tau = (np.broadcast_to(value, 2) for value in (network.j, network.g, network.tau))
    found = run(
        steps,
        round(network.refractory / dt),
        network.n_e,
        connected,
        delays,
        np.array(ends),
        potential.astype(np.float32),
        np.exp(-dt / tau).astype(np.float32),
        j.astype(np.float32),
        (g * j).astype(np.float32),
        np.float32(network.reset),
        np.float32(network.threshold),
        np.array([table for table, _ in tables]),
        np.array([tail for _, tail in tables]),
        lane_states(seed, 1, blocks),
        np.array([random_state(seed, stream=2 + 4 * b) for b in range(blocks)]),
    )
    return np.nonzero(found)


def cells(mean):
    """Return the count for each 12-bit number (-1: draw again), and the remainder's cumulative."""
    counts = np.arange(2_000)
    probability = stats.poisson.pmf(counts, mean)
    whole = np.floor(probability * 4096).astype(int)
    table = np.concatenate([np.repeat(counts, whole), np.full(4096 - whole.sum(), -1)])
    remainder = np.cumsum(probability - whole / 4096)
    return table, remainder / remainder[-1]


@numba.njit
def draw_graph(n_e, n_i, c_e, c_i, delays, block_of, streams):
    """Return whether a source reaches a neuron with a delay: shape (delays, sources, neurons)."""
    n = n_e + n_i
    connected = np.zeros((delays, n, n), np.bool_)
    for neuron in range(n):
        state = streams[block_of[neuron]]
        sources = []
        taken = np.zeros(n, np.bool_)
        taken[neuron] = True
        for synapse in range(c_e + c_i):
            source = neuron
            while taken[source]:
                source = below(state, n_e) if synapse < c_e else n_e + below(state, n_i)
            taken[source] = True
            sources.append(source)
        for source in sources:
            delay = below(state, delays) if delays > 1 else 0
            connected[delay, source, neuron] = True
    return connected


@numba.njit
def arrivals(fired, step, first, last, connected, delays):
    """Count, for each neuron, the spikes of sources `first` to `last` that arrive at `step`."""
    count = np.zeros(connected.shape[2], np.int64)
    for delay in range(len(delays)):
        past = step - delays[delay]
        if past >= 0:
            for source in range(first, last):
                if fired[past, source]:
                    count += connected[delay, source]
    return count


@numba.njit
def run(
    steps,
    refractory,
    n_e,
    connected,
    delays,
    ends,
    potential,
    decay,
    weight_e,
    weight_i,
    reset,
    threshold,
    tables,
    tails,
    lanes,
    rare,
):
    """Return whether each neuron fired in each step: shape (steps, neurons)."""
    n = len(potential)
    fired = np.zeros((steps, n), np.bool_)
    awake = np.zeros(n, np.int64)
    for step in range(steps):
        excitatory = arrivals(fired, step, 0, n_e, connected, delays)
        inhibitory = arrivals(fired, step, n_e, n, connected, delays)
        for block in range(len(ends) - 1):
            words = np.zeros(BITS * WORDS, np.uint64)
            for word in range(BITS * WORDS):
                words[word] = next_word(lanes[block, :, word % LANES])
            population = 0 if ends[block] < n_e else 1
            for bit in range(BLOCK):
                word, shift = bit // 64, np.uint64(bit % 64)
                place = word * 4 + bit % 64 // 16 + bit % 16 * 64
                value = 0
                for row in range(BITS):
                    value += np.int64(words[row * WORDS + word] >> shift & np.uint64(1)) << row
                external = tables[population, value]
                if external < 0:
                    external = np.searchsorted(tails[population], uniform(rare[block]), "right")
                neuron = ends[block] + place
                if neuron >= ends[block + 1]:
                    continue
                if step >= awake[neuron]:
                    jump = weight_e[population] * np.float32(excitatory[neuron] + external)
                    jump -= weight_i[population] * np.float32(inhibitory[neuron])
                    potential[neuron] = potential[neuron] * decay[population] + jump
                if potential[neuron] >= threshold:
                    fired[step, neuron] = True
                    potential[neuron] = reset
                    awake[neuron] = step + refractory + 1
    return fired
