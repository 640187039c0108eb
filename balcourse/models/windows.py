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

from balcourse.models.bitrows import (
    BLOCK,
    WORDS,
    add_rows,
    clear,
    depth_of,
    empty_planes,
    lowest_bit,
    own_pages,
    unpack,
)
from balcourse.models.kernel import kernel
from balcourse.models.poisson import PLACES, add_poisson, draw_again, empty_noise, fill_noise

HEAD, TAIL, VOLLEY = range(3)
_TO_BITS = 0x0102040810204080


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
    in_degrees: np.ndarray


class Cells(NamedTuple):
    """Parameters by population: decay a step, weights (mV), reset and threshold (mV)."""

    decay: np.ndarray
    weight_e: np.ndarray
    weight_i: np.ndarray
    reset: np.ndarray
    threshold: np.ndarray


class Drive(NamedTuple):
    """External input: tables of `balcourse.models.poisson.ladders`, and which to use when."""

    rungs: np.ndarray
    heights: np.ndarray
    least: np.ndarray
    tails: np.ndarray
    tables: np.ndarray


class State(NamedTuple):
    """What is carried from step to step, by block.

    While a neuron is refractory its potential is minus infinity, which no input lifts; so are the
    potentials at places that no neuron fills. Refractory neurons wait in a queue, the ring
    `asleep`; the ring `volleys` tells how many joined in each of the last steps. `marks` are the
    queue's `HEAD` and `TAIL`, which only grow, and the place in `volleys` of this step, `VOLLEY`.
    """

    potentials: np.ndarray
    asleep: np.ndarray
    volleys: np.ndarray
    marks: np.ndarray
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
    depths: np.ndarray
    carries: np.ndarray
    counts: np.ndarray
    count_words: np.ndarray
    listed: np.ndarray
    listed_words: np.ndarray
    noise: np.ndarray
    passed: np.ndarray
    places: np.ndarray
    bits: np.ndarray
    fired: np.ndarray
    fired_words: np.ndarray
    packed: np.ndarray
    packed_words: np.ndarray
    found: np.ndarray
    found_ends: np.ndarray


def make_work(graph, refractory):
    """Make scratch space for a graph."""
    blocks, window = len(graph.firsts), graph.window
    volleys = -(-window // (refractory + 1))
    arrivals = graph.n * volleys * len(graph.delays) + 16 * window
    planes, carries = empty_planes(graph.parts)
    count_words = own_pages(2 * graph.parts, BLOCK // 4).reshape(graph.parts, 2, -1)
    listed_words = np.zeros((2, 0 if graph.as_bits else blocks, BLOCK // 4), np.uint64)
    noise, passed, bits = empty_noise(graph.parts)
    fired_words = own_pages(graph.parts, BLOCK // 8)
    packed_words = own_pages(graph.parts, WORDS)
    return Work(
        sources=np.empty(arrivals, np.uint64),
        edges=np.zeros(2 * window + 1, np.int64),
        planes=planes,
        depths=own_pages(graph.parts, 2).view(np.int64),
        carries=carries,
        counts=count_words.view(np.uint16),
        count_words=count_words,
        listed=listed_words.view(np.uint16),
        listed_words=listed_words,
        noise=noise,
        passed=passed,
        places=PLACES,
        bits=bits,
        fired=fired_words.view(np.uint8),
        fired_words=fired_words,
        packed=packed_words.view(np.uint8),
        packed_words=packed_words,
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
    for tile in range(part * tiles // graph.parts, (part + 1) * tiles // graph.parts):
        first_block = tile * graph.tile
        last_block = min(first_block + graph.tile, blocks)
        for step in range(first, last):
            if graph.as_bits:
                _add_arrivals(part, step, first, first_block, last_block, graph, drive, state, work)
            else:
                _list_arrivals(2 * (step - first), tile, first_block, graph, work)
            for block in range(first_block, last_block):
                if not graph.as_bits:
                    _add_arrivals(part, step, first, block, block + 1, graph, drive, state, work)
                population = 0 if block < graph.blocks_e else 1
                place = block - first_block if graph.as_bits else 0
                table = drive.tables[step, population]
                _count(part, block, place * WORDS, table, graph, drive, state, work)
                _step_block(part, block, population, step - first, cells, state, work)
            for trace in range(traces.blocks.size):
                block = traces.blocks[trace]
                if first_block <= block < last_block:
                    potential = state.potentials[block, traces.places[trace]]
                    reset = cells.reset[0 if block < graph.blocks_e else 1]
                    refractory = potential == -np.inf
                    traces.potentials[step, trace] = reset if refractory else potential


@kernel(inline="always")
def _add_arrivals(part, step, first, first_block, last_block, graph, drive, state, work):
    """Add up, in a tile's counters, the spikes that arrive in one step, and the external ones."""
    carries = work.carries[part]
    words = np.uint64((last_block - first_block) * WORDS)
    for source in range(2):
        edge = 2 * (step - first) + source
        begin, end = work.edges[edge], work.edges[edge + 1]
        planes = work.planes[part, source]
        largest = min(end - begin, graph.in_degrees[source]) if graph.as_bits else 0
        if source == 0:
            largest += drive.rungs.shape[1] - 1
        depth = depth_of(largest) if largest > 0 else 0
        work.depths[part, source] = depth
        clear(planes, depth, words)
        if graph.as_bits:
            start = np.uint64(first_block * WORDS)
            add_rows(planes, carries, graph.rows, work.sources, begin, end, depth, start, words)
    edge_e = min(max(graph.blocks_e, first_block), last_block)
    if drive.tables[step, 0] == drive.tables[step, 1]:
        edge_e = last_block  # one law for all: one draw
    ends = (first_block, edge_e, last_block)
    for population in range(2):
        begin, end = ends[population], ends[population + 1]
        if begin < end:
            table = drive.tables[step, population]
            _draw(part, table, first_block, begin, end, drive, state, work)


@kernel(inline="always")
def _draw(part, table, first_block, begin, end, drive, state, work):
    """Draw the external input of some blocks of a tile into the counters."""
    for block in range(begin, end):
        fill_noise(work.noise[part], (block - first_block) * WORDS, state.lanes, block)
    start = (begin - first_block) * WORDS
    add_poisson(
        work.planes[part, 0, start:],
        work.carries[part],
        work.noise[part, start:],
        work.passed[part, start:],
        work.places,
        work.bits[part],
        drive.rungs[table],
        drive.heights[table],
        work.depths[part, 0],
        np.uint64((end - begin) * WORDS),
    )


@kernel
def _list_arrivals(edge, tile, first_block, graph, work):
    """Count the spikes that arrive in one step in a tile, from lists of targets."""
    rows = graph.delays.size * graph.n
    for source in range(2):
        for index in range(work.edges[edge + source], work.edges[edge + source + 1]):
            entry = tile * rows + np.int64(work.sources[index])
            for synapse in range(graph.starts[entry], graph.starts[entry + 1]):
                target = np.int64(graph.targets[synapse])
                work.listed[source, first_block + target // BLOCK, target % BLOCK] += 1


@kernel(inline="always")
def _count(part, block, place, table, graph, drive, state, work):
    """Turn a block's counters, from word `place` on, into integers; finish the external input."""
    for source in range(2):
        counts = work.count_words[part, source]
        unpack(counts, work.planes[part, source], work.depths[part, source], place)
        if not graph.as_bits:
            for word in range(BLOCK // 4):
                counts[word] += work.listed_words[source, block, word]
                work.listed_words[source, block, word] = 0
    draw_again(
        work.count_words[part, 0],
        work.passed[part, place:],
        drive.heights[table],
        drive.least[table],
        drive.tails[table],
        state.rare[block],
    )


@kernel(inline="always")
def _step_block(part, block, population, place_in_window, cells, state, work):
    """Wake the neurons whose refractory period ends, integrate, and list those that fire."""
    potentials, asleep, marks = state.potentials[block], state.asleep[block], state.marks[block]
    volley = marks[VOLLEY]
    for place in range(marks[HEAD], marks[HEAD] + state.volleys[block, volley]):
        potentials[asleep[place % BLOCK]] = cells.reset[population]
    marks[HEAD] += state.volleys[block, volley]
    _integrate(
        potentials,
        work.counts[part, 0],
        work.counts[part, 1],
        work.fired[part],
        cells.decay[population],
        cells.weight_e[population],
        cells.weight_i[population],
        cells.threshold[population],
    )
    begin = work.found_ends[block, place_in_window]
    end = _collect(
        work.fired_words[part],
        work.packed[part],
        work.packed_words[part],
        work.found[block],
        begin,
    )
    work.found_ends[block, place_in_window + 1] = end
    for index in range(begin, end):
        asleep[marks[TAIL] % BLOCK] = work.found[block, index]
        marks[TAIL] += 1
    state.volleys[block, volley] = end - begin
    marks[VOLLEY] = (volley + 1) % state.volleys.shape[1]


@kernel
def _integrate(potentials, excitatory, inhibitory, fired, decay, weight_e, weight_i, threshold):
    """Advance a block by one step: decay, jump, fire."""
    for place in range(BLOCK):
        jump = weight_e * np.float32(excitatory[place]) - weight_i * np.float32(inhibitory[place])
        potential = potentials[place] * decay + jump
        fires = potential >= threshold
        potentials[place] = np.float32(-np.inf) if fires else potential
        fired[place] = fires


@kernel
def _collect(fired_words, packed, packed_words, found, end):
    """Append the places of the neurons that fired: eight flags are a bit each of a byte."""
    for word in range(BLOCK // 8):
        packed[word] = np.uint8((fired_words[word] * np.uint64(_TO_BITS)) >> np.uint64(56))
    for word in range(BLOCK // 64):
        rest = packed_words[word]
        while rest > 0:
            found[end] = word * 64 + lowest_bit(rest)
            end += 1
            rest &= rest - np.uint64(1)
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
