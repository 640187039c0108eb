"""Stepping a network of leaky integrate-and-fire neurons, a delay window at a time.

No spike acts before the shortest delay has passed, so time advances in windows of that length:
the rows of the spikes that arrive in the window are looked up, each part of the network (one
thread's share) runs through the whole window on its own, and its spikes are then merged in the
order of step and neuron. Arrivals are counted as integers and each block of neurons has its own
random numbers, so the spikes do not depend on the number of threads. Potentials are float32 in
mV; time is counted in steps. The slow twin is `tests/naive/lif.py`.
"""

from typing import NamedTuple

import numpy as np
from numba import prange

from balcourse.models.bitrows import BLOCK, WORDS, add_rows, empty_planes, own_pages, unpack
from balcourse.models.kernel import kernel
from balcourse.models.poisson import DRAWS, add_poisson, fill_noise

assert DRAWS == BLOCK


class Graph(NamedTuple):
    """Connections: `balcourse.models.wiring.Wiring`, and how the work is shared."""

    rows: np.ndarray
    targets: np.ndarray
    starts: np.ndarray
    firsts: np.ndarray
    sizes: np.ndarray
    n: int
    blocks_e: int
    as_bits: bool
    tile: int
    parts: int
    delays: np.ndarray
    window: int
    depths: np.ndarray


class Cells(NamedTuple):
    """Parameters by population: decay a step, weights (mV), reset and threshold (mV)."""

    decay: np.ndarray
    weight_e: np.ndarray
    weight_i: np.ndarray
    reset: np.ndarray
    threshold: np.ndarray
    refractory: int


class Drive(NamedTuple):
    """External input: tables of `balcourse.models.poisson.ladders`, and which to use when."""

    rungs: np.ndarray
    escapes: np.ndarray
    least: np.ndarray
    tails: np.ndarray
    tables: np.ndarray


class State(NamedTuple):
    """What is carried from step to step, by block: a neuron integrates from step `awake` on.

    Places that no neuron fills have a potential of minus infinity, and never fire.
    """

    potentials: np.ndarray
    awake: np.ndarray
    lanes: np.ndarray
    rare: np.ndarray


class Spikes(NamedTuple):
    """Senders in order; `bounds[2 * step + population]` is where a population's step begins.

    The first `history` steps are those before the first step to run.
    """

    senders: np.ndarray
    bounds: np.ndarray
    history: int


class Traces(NamedTuple):
    """Potentials of chosen neurons: shape (steps, neurons)."""

    blocks: np.ndarray
    places: np.ndarray
    potentials: np.ndarray


class Work(NamedTuple):
    """Scratch space."""

    sources: np.ndarray
    edges: np.ndarray
    planes: np.ndarray
    carries: np.ndarray
    counts: np.ndarray
    count_words: np.ndarray
    noise: np.ndarray
    noise_words: np.ndarray
    fired: np.ndarray
    fired_words: np.ndarray
    found: np.ndarray
    found_ends: np.ndarray


def make_work(graph, refractory):
    """Make scratch space for a graph."""
    blocks, window = len(graph.firsts), graph.window
    volleys = -(-window // (refractory + 1))
    arrivals = graph.n * volleys * len(graph.delays) + 16 * window
    planes, carries = empty_planes(graph.parts)
    count_words = own_pages(2 * blocks, BLOCK // 4).reshape(2, blocks, -1)
    noise_words = own_pages(graph.parts, BLOCK // 4)
    fired_words = own_pages(graph.parts, BLOCK // 8)
    return Work(
        sources=np.empty(arrivals, np.uint64),
        edges=np.zeros(2 * window + 1, np.int64),
        planes=planes,
        carries=carries,
        counts=count_words.view(np.uint16),
        count_words=count_words,
        noise=noise_words.view(np.uint16),
        noise_words=noise_words,
        fired=fired_words.view(np.uint8),
        fired_words=fired_words,
        found=own_pages(blocks, BLOCK * volleys // 4).view(np.uint16),
        found_ends=own_pages(blocks, window + 1).view(np.int64),
    )


@kernel
def advance(steps, graph, cells, drive, state, spikes, traces, work):
    """Run `steps` steps on one thread."""
    for first in range(0, steps, graph.window):
        last = min(first + graph.window, steps)
        _look_up(first, last, graph, spikes, work)
        for part in range(graph.parts):
            _run_part(part, first, last, graph, cells, drive, state, traces, work)
        _merge(first, last, graph, spikes, work)


@kernel(parallel=True)
def advance_on_threads(steps, graph, cells, drive, state, spikes, traces, work):
    """Run `steps` steps, each part of the graph on a thread."""
    for first in range(0, steps, graph.window):
        last = min(first + graph.window, steps)
        _look_up(first, last, graph, spikes, work)
        for part in prange(graph.parts):
            _run_part(part, first, last, graph, cells, drive, state, traces, work)
        _merge(first, last, graph, spikes, work)


@kernel
def _look_up(first, last, graph, spikes, work):
    """List the rows that arrive at each step, excitatory first, in groups of eight."""
    words = graph.firsts.size * WORDS if graph.as_bits else 1
    empty_row = graph.delays.size * graph.n
    count = 0
    for step in range(first, last):
        for population in range(2):
            work.edges[2 * (step - first) + population] = count
            for delay in range(graph.delays.size):
                past = 2 * (spikes.history + step - graph.delays[delay]) + population
                for spike in range(spikes.bounds[past], spikes.bounds[past + 1]):
                    row = delay * graph.n + np.int64(spikes.senders[spike])
                    work.sources[count] = row * words
                    count += 1
            while graph.as_bits and count % 8 > 0:
                work.sources[count] = empty_row * words
                count += 1
    work.edges[2 * (last - first)] = count


@kernel
def _run_part(part, first, last, graph, cells, drive, state, traces, work):
    """Run one part of the network through a window."""
    blocks = graph.firsts.size
    tiles = (blocks + graph.tile - 1) // graph.tile
    first_tile = part * tiles // graph.parts
    last_tile = (part + 1) * tiles // graph.parts
    for step in range(first, last):
        for tile in range(first_tile, last_tile):
            first_block = tile * graph.tile
            last_block = min(first_block + graph.tile, blocks)
            for population in range(2):
                edge = 2 * (step - first) + population
                if graph.as_bits:
                    _count_bits(part, population, edge, first_block, last_block, graph, work)
                else:
                    _count_targets(population, edge, tile, first_block, last_block, graph, work)
            for block in range(first_block, last_block):
                _step_block(part, block, step, step - first, graph, cells, drive, state, work)
        for trace in range(traces.blocks.size):
            block = traces.blocks[trace]
            if first_tile * graph.tile <= block < last_tile * graph.tile:
                traces.potentials[step, trace] = state.potentials[block, traces.places[trace]]


@kernel
def _count_bits(part, population, edge, first_block, last_block, graph, work):
    """Count the arrivals of one step in a tile, from rows of bits."""
    begin, end = work.edges[edge], work.edges[edge + 1]
    blocks = last_block - first_block
    depth = 0
    if end > begin:
        depth = 3
        while depth < graph.depths[population] and end - begin >> depth > 0:
            depth += 1
        add_rows(
            work.planes[part],
            work.carries[part],
            graph.rows,
            work.sources,
            begin,
            end,
            depth,
            np.uint64(first_block * WORDS),
            np.uint64(blocks * WORDS),
        )
    unpack(work.count_words[population], work.planes[part], depth, first_block, blocks)


@kernel
def _count_targets(population, edge, tile, first_block, last_block, graph, work):
    """Count the arrivals of one step in a tile, from lists of targets."""
    for block in range(first_block, last_block):
        for place in range(BLOCK):
            work.counts[population, block, place] = 0
    rows = graph.delays.size * graph.n
    for index in range(work.edges[edge], work.edges[edge + 1]):
        entry = tile * rows + np.int64(work.sources[index])
        for synapse in range(graph.starts[entry], graph.starts[entry + 1]):
            target = np.int64(graph.targets[synapse])
            work.counts[population, first_block + target // BLOCK, target % BLOCK] += 1


@kernel
def _step_block(part, block, step, place_in_window, graph, cells, drive, state, work):
    """Draw the external input of a block, integrate, and list the neurons that fired."""
    population = 0 if block < graph.blocks_e else 1
    fill_noise(work.noise_words[part], state.lanes, block)
    add_poisson(
        work.counts[0],
        block,
        work.noise[part],
        drive.rungs,
        drive.escapes,
        drive.least,
        drive.tails,
        drive.tables[step, population],
        state.rare[block],
    )
    _integrate(
        state.potentials[block],
        state.awake[block],
        work.counts[0, block],
        work.counts[1, block],
        work.fired[part],
        step,
        population,
        cells,
    )
    work.found_ends[block, place_in_window + 1] = _collect(
        work.fired_words[part], work.found[block], work.found_ends[block, place_in_window]
    )


@kernel
def _integrate(potentials, awake, excitatory, inhibitory, fired, step, population, cells):
    """Advance a block by one step: decay, jump, fire, reset, hold."""
    decay = cells.decay[population]
    weight_e = cells.weight_e[population]
    weight_i = cells.weight_i[population]
    reset = cells.reset[population]
    threshold = cells.threshold[population]
    now = np.float32(step)
    again = np.float32(step + cells.refractory + 1)
    for place in range(BLOCK):
        jump = weight_e * np.float32(excitatory[place]) - weight_i * np.float32(inhibitory[place])
        free = potentials[place] * decay + jump
        potential = free if awake[place] <= now else reset
        fires = potential >= threshold
        potentials[place] = reset if fires else potential
        awake[place] = again if fires else awake[place]
        fired[place] = fires


@kernel
def _collect(fired_words, found, end):
    """Append the places of the neurons that fired, eight flags at a time."""
    any_fired = np.uint64(0)
    for word in range(BLOCK // 8):
        any_fired |= fired_words[word]
    if any_fired > 0:
        for word in range(BLOCK // 8):
            flags = fired_words[word]
            if flags > 0:
                for byte in range(8):
                    if flags >> np.uint64(8 * byte) & np.uint64(1):
                        found[end] = word * 8 + byte
                        end += 1
    return end


@kernel
def _merge(first, last, graph, spikes, work):
    """Append the window's spikes in the order of step and neuron."""
    for step in range(first, last):
        place_in_window = step - first
        bound = 2 * (spikes.history + step)
        count = spikes.bounds[bound]
        for block in range(graph.firsts.size):
            if block == graph.blocks_e:
                spikes.bounds[bound + 1] = count
            begin = work.found_ends[block, place_in_window]
            for index in range(begin, work.found_ends[block, place_in_window + 1]):
                spikes.senders[count] = graph.firsts[block] + work.found[block, index]
                count += 1
        spikes.bounds[bound + 2] = count
