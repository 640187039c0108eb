"""Brunel's network for a live page: one small kernel, one neuron at a time.

Gives the same spikes as `balcourse.models.windows`, whose vectors a page lacks, from the same
random numbers: a test compares them. For networks of a few thousand neurons with one delay.
Arrays are laid out in blocks as in `balcourse.models.wiring`; potentials in mV, time in steps.
"""

import numpy as np

from balcourse.models.bitrows import BLOCK
from balcourse.models.kernel import kernel
from balcourse.models.lif import Simulation
from balcourse.models.poisson import fill_noise, ladders
from balcourse.models.random import uniform
from balcourse.models.wiring import wired
from balcourse.parameters import checked

ESCAPED = 255


def page_arguments(network, *, dt=0.1, steps=100, ratios=None, seed=0):
    """Make the arrays that `step_network` takes, by the names of its parameters.

    Parameters
    ----------
    network : BrunelNetwork
        At most 60,000 neurons, and one delay.
    dt : float
        Step (ms).
    steps : int
        The most steps of one call, for which spikes have room.
    ratios : sequence of float, optional
        External ratios to make tables for: ``tables[:] = k`` chooses the k-th. By default the
        network's own, one table a population.
    seed : int
        Seed of graph, start and input, with the meaning it has for `BrunelNetwork.simulate`.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> arrays = page_arguments(BrunelNetwork(n=1_250, j=1.0), steps=50)
    >>> step_network(**arrays)
    >>> int(arrays["clock"][0])
    50
    """
    run = Simulation(network, dt=dt, seed=seed)
    graph, state = run.graph, run.state
    if len(graph.delays) > 1 or network.n > 60_000:
        raise ValueError(
            f"n = {network.n}, delay = {network.delay}: a page takes at most 60000 neurons and one"
            " delay"
        )
    blocks, delay = len(graph.sizes), int(graph.delays[0])
    sizes = (network.n_e, network.n_i, network.c_e, network.c_i)
    wiring = wired(*sizes, 1, False, seed, tile=blocks)
    own = np.broadcast_to(network.external_ratio, 2)
    one = run.means(1.0) / np.where(own > 0, own, 1)
    means = run.means(1.0) if ratios is None else np.asarray(ratios, float) * one[0]
    checked("external_ratio", max(means) / one[0], at_least=0, at_most=100 / one[0])
    rungs, escapes, least, tails = ladders(means)
    values = np.arange(1 << 16)
    cells = np.array(
        [first + np.searchsorted(row, values) for first, row in zip(least, rungs, strict=True)]
    )
    cells[values >= escapes[:, None]] = ESCAPED
    volleys = -(-steps // (run.cells.refractory + 1))
    return {
        "steps": steps,
        "clock": np.zeros(1, np.int64),
        "sizes": graph.sizes,
        "blocks_e": graph.blocks_e,
        "starts": wiring.starts.astype(np.int32),
        "targets": wiring.targets,
        "delay": delay,
        "refractory": run.cells.refractory,
        "decay": run.cells.decay,
        "weight_e": run.cells.weight_e,
        "weight_i": run.cells.weight_i,
        "reset": run.cells.reset,
        "threshold": run.cells.threshold,
        "tables": np.array([0, 1 if ratios is None else 0]),
        "cells": cells.astype(np.uint8),
        "tails": tails,
        "potentials": state.potentials.reshape(-1),
        "awake": np.zeros(blocks * BLOCK, np.int64),
        "arrivals": np.zeros((delay + 1, 2, blocks * BLOCK), np.int16),
        "lanes": state.lanes,
        "rare": state.rare,
        "noise": np.zeros(BLOCK // 4, np.uint64),
        "spike_steps": np.zeros(network.n * volleys, np.int32),
        "spike_senders": np.zeros(network.n * volleys, np.int32),
        "spike_count": np.zeros(1, np.int64),
        "counts": np.zeros((steps, 2), np.int32),
    }


@kernel
def step_network(
    steps,
    clock,
    sizes,
    blocks_e,
    starts,
    targets,
    delay,
    refractory,
    decay,
    weight_e,
    weight_i,
    reset,
    threshold,
    tables,
    cells,
    tails,
    potentials,
    awake,
    arrivals,
    lanes,
    rare,
    noise,
    spike_steps,
    spike_senders,
    spike_count,
    counts,
):
    """Advance by `steps` steps; write the spikes, and the number of each population's spikes."""
    spike_count[0] = 0
    ring = arrivals.shape[0]
    for step in range(steps):
        now = clock[0]
        slot = now % ring
        counts[step, 0] = 0
        counts[step, 1] = 0
        neuron = 0
        for block in range(sizes.size):
            population = 0 if block < blocks_e else 1
            fill_noise(noise, lanes, block)
            for place in range(BLOCK):
                value = noise[place >> 2] >> np.uint64((place & 3) << 4) & np.uint64(0xFFFF)
                external = np.int64(cells[tables[population], value])
                if external == ESCAPED:
                    external = _draw_again(tails, tables[population], rare[block])
                cell = block * BLOCK + place
                excitatory = arrivals[slot, 0, cell] + external
                inhibitory = arrivals[slot, 1, cell]
                arrivals[slot, 0, cell] = 0
                arrivals[slot, 1, cell] = 0
                if place >= sizes[block]:
                    continue
                if now >= awake[cell]:
                    jump = weight_e[population] * np.float32(excitatory)
                    jump -= weight_i[population] * np.float32(inhibitory)
                    potentials[cell] = potentials[cell] * decay[population] + jump
                if potentials[cell] >= threshold[population]:
                    potentials[cell] = reset[population]
                    awake[cell] = now + refractory + 1
                    spike_steps[spike_count[0]] = step
                    spike_senders[spike_count[0]] = neuron
                    spike_count[0] += 1
                    counts[step, population] += 1
                    later = (now + delay) % ring
                    for synapse in range(starts[neuron], starts[neuron + 1]):
                        arrivals[later, population, targets[synapse]] += 1
                neuron += 1
        clock[0] = now + 1


@kernel
def _draw_again(tails, table, state):
    """Draw a count from what the cells leave over."""
    chance = uniform(state)
    count = 0
    while count < tails.shape[1] - 1 and chance >= tails[table, count]:
        count += 1
    return count
