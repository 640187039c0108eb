"""Brunel's network on a page: small kernels, for a few thousand neurons with one delay.

Gives the same spikes as `balcourse.models.windows`, whose vectors a page lacks, from the same graph
and the same random input; a test compares them. Only the first potentials are drawn otherwise.
Arrays are laid out in blocks as in `balcourse.models.wiring`; arrivals lie in a ring, one row for
each step to come. Time ms, potential mV, rate Hz.
"""

import math

import numpy as np

from balcourse.models.bitrows import BLOCK, WORDS, clear, depth_of, empty_planes, unpack
from balcourse.models.kernel import kernel
from balcourse.models.lif import EXTERNAL, RARE, START
from balcourse.models.poisson import (
    LANES,
    PLACES,
    add_poisson,
    draw_again,
    empty_noise,
    fill_noise,
    ladders,
    seed_lanes,
)
from balcourse.models.random import seed_words, uniform
from balcourse.models.wiring import blocks_of, wire
from balcourse.parameters import checked


def page_arguments(network, *, ratios, longest_delay, steps, dt=0.1):
    """Make the arrays and numbers that the kernels of this file take, by name.

    Parameters
    ----------
    network : BrunelNetwork
        At most 60,000 neurons; the same j, tau and g for both populations.
    ratios : array_like
        The external ratios that a reader may choose, evenly spaced from 0 on.
    longest_delay : float
        ms.
    steps : int
        The most steps of one call.
    dt : float
        ms.

    """
    checked("n", network.n, at_most=60_000)
    firsts, sizes = blocks_of(network.n_e, network.n_i)
    blocks, refractory = len(firsts), round(network.refractory / dt)
    means = np.asarray(ratios) * network.threshold_rate * network.c_e * dt / 1000
    rungs, heights, least, tails = ladders(means)
    planes, carries = empty_planes(1)
    noise, passed, bits = empty_noise(1)
    return {
        "firsts": firsts,
        "sizes": sizes,
        "n_e": network.n_e,
        "n_i": network.n_i,
        "c_e": network.c_e,
        "streams": np.zeros((blocks, 4), np.uint64),
        "drawn": np.zeros(network.c_e + network.c_i, np.int64),
        "seen": np.zeros(network.n // 64 + 1, np.uint64),
        "no_rows": np.zeros(1, np.uint64),
        "starts": np.zeros(network.n + 2, np.int64),
        "targets": np.zeros(network.n * (network.c_e + network.c_i), np.uint16),
        "rungs": rungs,
        "heights": heights,
        "least": least,
        "tails": tails,
        "ratio_step": float(ratios[1]),
        "places": PLACES,
        "planes": planes[0, 0],
        "carries": carries[0],
        "noise": noise[0],
        "passed": passed[0],
        "bits": bits[0],
        "external": np.zeros(BLOCK // 4, np.uint64),
        "lanes": np.zeros((blocks, 4, LANES), np.uint64),
        "rare": np.zeros((blocks, 4), np.uint64),
        "potentials": np.zeros((blocks, BLOCK), np.float32),
        "awake": np.zeros((blocks, BLOCK), np.int32),
        "arrivals": np.zeros((round(longest_delay / dt) + 1, 2, blocks * BLOCK), np.int16),
        "fired": np.zeros(BLOCK, np.bool_),
        "clock": np.zeros(1, np.int64),
        "decay": float(np.float32(math.exp(-dt / network.tau))),
        "j": network.j,
        "reset": network.reset,
        "threshold": network.threshold,
        "refractory": refractory,
        "rates": np.zeros((steps + 1, 2)),
        "spikes": np.zeros((network.n * (steps // (refractory + 1) + 1), 2), np.int32),
        "spike_count": np.zeros(1, np.int64),
    }


@kernel
def begin_network(
    seed, streams, firsts, sizes, n_e, n_i, c_e, drawn, seen, no_rows, starts, targets, lanes, rare,
    potentials, reset, threshold,
):  # fmt: skip
    """Draw the graph of this seed, seed the external input, and scatter the potentials."""
    blocks = firsts.size
    for task in range(1, 3):
        for block in range(blocks):
            seed_words(streams[block], seed, 4 * block)
        wire(no_rows, targets, starts, blocks, task, firsts, sizes, n_e, n_i, c_e, 1, drawn, seen,
             streams)  # fmt: skip
        if task == 1:
            for row in range(1, starts.size):
                starts[row] += starts[row - 1]
    seed_lanes(lanes, seed, EXTERNAL)
    random = streams[0]
    seed_words(random, seed, START)
    for block in range(blocks):
        seed_words(rare[block], seed, RARE + 4 * block)
        for place in range(sizes[block]):
            potentials[block, place] = reset + (threshold - reset) * np.float32(uniform(random))


@kernel
def fire(
    sizes, starts, targets, rungs, heights, least, tails, lanes, rare, noise, passed, places, bits,
    planes, carries, external, potentials, awake, arrivals, fired, clock, rates, spikes,
    spike_count, n_e, n_i, g, j, ratio, ratio_step, delay, decay, threshold, reset, refractory, dt,
    steps,
):  # fmt: skip
    """Continue the network for `steps` steps.

    Row `step` of `rates` gets the rates of E and I, Hz; `spikes` the step and neuron of each spike,
    and `spike_count` their number. The external ratio is the nearest that has a table.
    """
    table = int(ratio / ratio_step + 0.5)
    depth, words = depth_of(heights[table]), np.uint64(WORDS)
    lag, ring = int(delay / dt + 0.5), arrivals.shape[0]
    spike_count[0] = 0
    for step in range(steps):
        now, slot = clock[0], clock[0] % ring
        later = (now + lag) % ring
        neuron, fired_e = 0, 0
        first_spike = spike_count[0]
        for block in range(sizes.size):
            excitatory = arrivals[slot, 0, block * BLOCK : (block + 1) * BLOCK]
            inhibitory = arrivals[slot, 1, block * BLOCK : (block + 1) * BLOCK]
            fill_noise(noise, 0, lanes, block)
            clear(planes, depth, words)
            add_poisson(planes, carries, noise, passed, places, bits, rungs[table], heights[table],
                        depth, words)  # fmt: skip
            unpack(external, planes, depth, 0)
            draw_again(external, passed, heights[table], least[table], tails[table], rare[block])
            for place in range(sizes[block]):
                counts = external[place >> 2] >> np.uint64((place & 3) << 4)
                excitatory[place] += counts & np.uint64(0xFFFF)
            _integrate(potentials[block], awake[block], excitatory, inhibitory, fired, sizes[block],
                       now, decay, j, g * j, threshold, reset, refractory)  # fmt: skip
            population = 0 if neuron < n_e else 1
            for place in range(sizes[block]):
                if fired[place]:
                    spikes[spike_count[0], 0], spikes[spike_count[0], 1] = step, neuron + place
                    spike_count[0] += 1
                    for synapse in range(starts[neuron + place], starts[neuron + place + 1]):
                        arrivals[later, population, targets[synapse]] += 1
            neuron += sizes[block]
            if neuron <= n_e:
                fired_e = spike_count[0] - first_spike
        rates[step, 0] = fired_e / (n_e * dt * 1e-3)
        rates[step, 1] = (spike_count[0] - first_spike - fired_e) / (n_i * dt * 1e-3)
        clock[0] = now + 1


@kernel
def _integrate(
    potentials, awake, excitatory, inhibitory, fired, size, now, decay, weight_e, weight_i,
    threshold, reset, refractory,
):  # fmt: skip
    """Advance a block by one step: decay, jump, fire, reset, hold; forget what arrived."""
    decay, threshold, reset = np.float32(decay), np.float32(threshold), np.float32(reset)
    weight_e, weight_i = np.float32(weight_e), np.float32(weight_i)
    now = np.int32(now)
    again = np.int32(now + refractory + 1)
    for place in range(size):
        jump = weight_e * np.float32(excitatory[place]) - weight_i * np.float32(inhibitory[place])
        free = potentials[place] * decay + jump
        potential = free if awake[place] <= now else reset
        fires = potential >= threshold
        potentials[place] = reset if fires else potential
        awake[place] = again if fires else awake[place]
        fired[place] = fires
        excitatory[place] = 0
        inhibitory[place] = 0
