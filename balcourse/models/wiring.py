"""Random wiring with fixed in-degrees, as rows of bits or as lists of targets.

Every neuron receives c_e synapses from different excitatory and c_i from different inhibitory
neurons, never from itself (no multapses, no autapses). Where a synapse may have one of several
delays, each delay has its own row. The sources of the neurons of a block are drawn from one
random stream, so the graph depends on the seed alone and not on how it is stored. Excitatory
neurons come first, and each population begins a new block of `balcourse.models.bitrows.BLOCK`.
"""

import dataclasses

import numpy as np

from balcourse.models.bitrows import BLOCK, WORDS, set_bit, zeros
from balcourse.models.kernel import kernel
from balcourse.models.random import below, random_state

LIST_TILE = 64


class FourToOne:
    """Sizes and in-degrees of a network of `n` neurons where a share `epsilon` projects to each."""

    @property
    def n_e(self):
        """Excitatory neurons; their indices come first."""
        return self.n - self.n_i

    @property
    def n_i(self):
        """Inhibitory neurons."""
        return round(self.n / 5)

    @property
    def c_e(self):
        """Excitatory synapses a neuron receives from the network, and as many from outside."""
        return round(self.epsilon * self.n_e)

    @property
    def c_i(self):
        """Inhibitory synapses a neuron receives."""
        return round(self.epsilon * self.n_i)


@dataclasses.dataclass(frozen=True)
class Wiring:
    """Who projects to whom: either `rows` or `targets` is filled, the other is a stub.

    Attributes
    ----------
    rows : numpy.ndarray
        Bits, uint64: row ``delay * n + source`` has ``blocks * WORDS`` words; a last row is empty.
    targets : numpy.ndarray
        Targets, uint16, counted from the first slot of a tile.
    starts : numpy.ndarray
        Int64: the targets of a row in a tile begin at ``starts[tile * rows + row]``.
    tile : int
        Blocks in a tile of targets.
    firsts, sizes : numpy.ndarray
        Shape (blocks,), int64: the first neuron of each block, and how many it has.
    """

    rows: np.ndarray
    targets: np.ndarray
    starts: np.ndarray
    tile: int
    firsts: np.ndarray
    sizes: np.ndarray


def wired(n_e, n_i, c_e, c_i, delays, as_bits, seed, tile=None):
    """Draw a graph.

    Parameters
    ----------
    n_e, n_i, c_e, c_i : int
        Sizes of the populations, and synapses a neuron receives from each.
    delays : int
        How many delays a synapse may have, each equally likely.
    as_bits : bool
        Rows of bits (fast where more than one pair in a hundred is connected), or lists.
    seed : int
        Seed of the graph.
    tile : int, optional
        Blocks in a tile of targets, at most `LIST_TILE`.
    """
    firsts, sizes = blocks_of(n_e, n_i)
    blocks, row_count = len(firsts), delays * (n_e + n_i)
    tile = tile or min(LIST_TILE, -(-blocks // 4))
    streams = np.array([random_state(seed, stream=4 * block) for block in range(blocks)])
    seen = np.zeros((n_e + n_i) // 64 + 1, np.uint64)
    drawn = np.zeros(c_e + c_i, np.int64)
    graph = (firsts, sizes, n_e, n_i, c_e, delays, drawn, seen)
    rows = zeros((row_count + 1) * blocks * WORDS if as_bits else 1)
    starts = np.zeros(1 if as_bits else row_count * -(-blocks // tile) + 2, np.int64)
    targets = np.zeros(1 if as_bits else (n_e + n_i) * (c_e + c_i), np.uint16)
    if as_bits:
        wire(rows, targets, starts, tile, 0, *graph, streams)
    else:
        wire(rows, targets, starts, tile, 1, *graph, streams.copy())
        np.cumsum(starts, out=starts)
        wire(rows, targets, starts, tile, 2, *graph, streams)
    return Wiring(rows, targets, starts, tile, firsts, sizes)


def blocks_of(n_e, n_i):
    """Return the first neuron and the size of each block."""
    firsts = np.array([*range(0, n_e, BLOCK), *range(n_e, n_e + n_i, BLOCK)])
    ends = np.array([*firsts[1:], n_e + n_i])
    return firsts, ends - firsts


@kernel
def wire(
    rows, targets, starts, tile, task, firsts, sizes, n_e, n_i, c_e, delays, drawn, seen, streams
):
    """Draw every neuron's sources; set bits (task 0), count (1) or list (2) the targets."""
    n = n_e + n_i
    for block in range(firsts.size):
        for place in range(sizes[block]):
            _draw_sources(drawn, seen, firsts[block] + place, n_e, n_i, c_e, streams[block])
            for synapse in range(drawn.size):
                row = drawn[synapse]
                if delays > 1:
                    row += below(streams[block], delays) * n
                if task == 0:
                    set_bit(rows, row * firsts.size * WORDS, block * BLOCK + place)
                else:
                    entry = block // tile * delays * n + row
                    if task == 1:
                        starts[entry + 2] += 1
                    else:
                        targets[starts[entry + 1]] = block % tile * BLOCK + place
                        starts[entry + 1] += 1


@kernel
def _draw_sources(drawn, seen, neuron, n_e, n_i, c_e, state):
    """Fill `drawn` with c_e excitatory and then inhibitory sources, all different."""
    one = np.uint64(1)
    for synapse in range(drawn.size):
        first = 0 if synapse < c_e else n_e
        count = n_e if synapse < c_e else n_i
        source = first + below(state, count)
        while source == neuron or seen[source >> 6] >> np.uint64(source & 63) & one:
            source = first + below(state, count)
        seen[source >> 6] |= one << np.uint64(source & 63)
        drawn[synapse] = source
    for synapse in range(drawn.size):
        seen[drawn[synapse] >> 6] = np.uint64(0)
