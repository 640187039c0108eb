"""Pictures of how the spiking network is stepped: bit rows, carry-save counters, delay windows."""

from time import perf_counter

import numpy as np

from balcourse.models.bitrows import PLANES, TILE, WORDS, add_rows
from balcourse.models.lif import Simulation
from balcourse.models.wiring import wired
from balcourse.page import figures

_SHOWN = 32


def spikes_to_add(seed=1):
    """Return eight rows of a real graph: bits (8, 32) of the first neurons of a block."""
    wiring = wired(800, 200, 400, 50, 1, True, seed)
    rows = wiring.rows.reshape(1_001, -1)[:8]
    return _bits(rows[:, 0])[:, :_SHOWN], wiring.rows


def counters(rows, sources=8, words=WORDS):
    """Return the planes (ones, twos, fours, eights) after adding the first rows: bits (4, 32)."""
    stride = TILE * WORDS
    planes, carries = np.zeros(PLANES * stride, np.uint64), np.zeros(stride, np.uint64)
    begins = (np.arange(sources) * 2 * WORDS).astype(np.uint64)
    add_rows(planes, carries, rows, begins, 0, sources, 4, np.uint64(0), np.uint64(words))
    return _bits(planes.reshape(PLANES, stride)[:4, 0])[:, :_SHOWN]


def row(bits, *, alt):
    """Draw the targets of eight sources as bits, and the counts in each column."""
    figure, axes = figures.new(height=3.2)
    _grid(axes, bits, figures.OTHERS[0])
    for column, count in enumerate(bits.sum(axis=0)):
        axes.text(column, len(bits) + 0.2, count, ha="center", va="center")
    axes.set_yticks([*range(len(bits)), len(bits) + 0.2])
    axes.set_yticklabels([*(f"spike of {source}" for source in range(len(bits))), "arrivals"])
    axes.set_ylim(len(bits) + 0.9, -0.7)
    axes.set_xlabel("target neuron: one bit of a word")
    return figures.described(figure, alt)


def planes(bits, counted, *, alt):
    """Draw vertical counters: bit planes, read downwards as binary numbers."""
    figure, axes = figures.new(height=2.4)
    _grid(axes, counted, figures.OTHERS[1])
    for column, count in enumerate(bits.sum(axis=0)):
        axes.text(column, len(counted) + 0.2, count, ha="center", va="center")
    axes.set_yticks([*range(len(counted)), len(counted) + 0.2])
    axes.set_yticklabels(["ones", "twos", "fours", "eights", "count"])
    axes.set_ylim(len(counted) + 0.9, -0.7)
    axes.set_xlabel("target neuron: one bit of a word")
    return figures.described(figure, alt)


def windows(run, delay, *, first=20.0, shown=3, neurons=60, alt):
    """Draw spikes in delay windows, each to the step in which it acts."""
    figure, axes = figures.new(height=3.4)
    times, senders = run.times, run.senders
    for window in range(shown + 1):
        begin = first + window * delay
        axes.axvline(begin, color=figures.THEORY, linewidth=1)
        if window < shown:
            axes.text(begin + delay / 2, neurons * 1.06, f"window {window + 1}", ha="center")
    chosen = (senders < neurons) & (times > first) & (times <= first + shown * delay)
    axes.plot(times[chosen], senders[chosen], ".", color=figures.OTHERS[0], markersize=7)
    early = chosen & (times <= first + (shown - 1) * delay)
    for time, sender in zip(times[early], senders[early], strict=True):
        arrow = {"arrowstyle": "->", "color": figures.OTHERS[0], "alpha": 0.45}
        axes.annotate("", (time + delay, sender), (time, sender), arrowprops=arrow)
    axes.axhline(neurons / 2, color=figures.THEORY, linewidth=1, linestyle=":")
    for part in range(2):
        axes.text(
            first + shown * delay + delay / 20,
            neurons * (part + 0.5) / 2,
            f"thread {part + 1}",
            va="center",
        )
    axes.set_xlim(first, first + shown * delay)
    axes.set_ylim(-1, neurons)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("neuron")
    return figures.described(figure, alt)


def seconds(network, duration):
    """Return the wall seconds that a biological second of a network takes, its wiring left out."""
    run = Simulation(network, warmup=50.0, seed=1)
    run.warm_up()
    begin = perf_counter()
    steps = round(duration / run.dt)
    while steps > 0:
        steps -= len(run.advance(steps).counts)
    return (perf_counter() - begin) * 1000 / duration


def costs(sizes, walls, *, alt):
    """Draw wall times against N and against C, each with a straight line through it."""
    figure, panels = figures.new(6.8, 3.2, ncols=2, sharey=True)
    names = "neurons $N$", "in-degree $C$"
    for axes, size, wall, name in zip(panels, sizes, walls, names, strict=True):
        line = np.poly1d(np.polyfit(size, wall, 1))
        axes.plot([0, max(size)], line([0, max(size)]), color=figures.THEORY)
        axes.plot(size, wall, "o", color=figures.THEORY)
        axes.text(0.05, 0.92, f"{1e6 * line[1]:.1f} µs for each more", va="top",
                  transform=axes.transAxes)  # fmt: skip
        axes.set(xlabel=name, xlim=(0, None), ylim=(0, None))
    panels[0].set_ylabel("wall s a biological s")
    return figures.described(figure, alt)


def _bits(words):
    """Return the bits of 64-bit words in the order of neurons: lanes first, then bit by bit."""
    lanes = np.ascontiguousarray(words)[:, None].view("<u2")
    return (lanes[:, None, :] >> np.arange(16)[:, None] & 1).reshape(len(words), -1).astype(int)


def _grid(axes, bits, colour):
    """Draw ones as filled squares and zeros as points."""
    rows, columns = np.nonzero(bits)
    axes.plot(columns, rows, "s", color=colour, markersize=7)
    rows, columns = np.nonzero(bits == 0)
    axes.plot(columns, rows, ".", color=figures.THEORY, markersize=2)
    axes.set_xticks(range(0, _SHOWN, 8))
    axes.set_xlim(-0.7, _SHOWN - 0.3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)
