"""Figures of the lesson on sweeps: what size does to a network, and what a diagram costs.

Theory is a line, simulation is points with error bars, in one panel.
"""

import numpy as np

from balcourse.page.figures import OTHERS, THEORY, described, new

_MARKS = tuple(zip("os^", OTHERS, ("-", "--", ":"), strict=False))


def sharper_with_size(fine, coarse, border, sizes, *, alt):
    """Draw synchrony along the drive at one g for two sizes, and against the size for some states.

    Parameters
    ----------
    fine, coarse : xarray.DataArray
        Fano factor along the drive; the coordinate ``n`` tells the neurons.
    border : float
        Drive at which theory lets the oscillation begin.
    sizes : dict
        {name: Fano factor over ``n``}.
    alt : str
    """
    figure, (left, right) = new(width=7.2, height=3.6, ncols=2)
    for values, (mark, colour, style) in zip((fine, coarse), _MARKS, strict=False):
        share = values / values.n
        (line,) = left.plot(share.external_ratio, share, marker=mark, color=colour, linestyle=style)
        line.set_label(f"N = {values.n.item():,}")
    left.axvline(border, color=THEORY)
    left.annotate(
        "theory", (border, 1), xycoords=("data", "axes fraction"), xytext=(-4, -12),
        textcoords="offset points", ha="right", color=THEORY,
    )  # fmt: skip
    left.legend(loc="upper left", bbox_to_anchor=(0, 0.9))
    left.set(
        xlabel=r"external drive $\nu_{ext}/\nu_{thr}$", ylabel="Fano factor / N", ylim=(0, None)
    )
    for (name, values), (mark, colour, style) in zip(sizes.items(), _MARKS, strict=False):
        right.loglog(values.n, values, marker=mark, color=colour, linestyle=style)
        right.annotate(
            name, (values.n[-1], values[-1]), xytext=(-4, 8), textcoords="offset points",
            ha="right", color=colour,
        )  # fmt: skip
    right.set(xlabel="neurons N", ylabel="Fano factor")
    _plain(right.xaxis, (3_000, 10_000, 30_000, 100_000))
    _plain(right.yaxis, (100, 200, 500, 1000, 2000))
    return described(figure, alt)


def binary_sizes(data, k, theory, *, alt):
    """Draw the distance from the balance line against K, and fluctuations against N.

    Parameters
    ----------
    data : xarray.Dataset
        Shipped runs of the binary network.
    k : numpy.ndarray
        In-degrees of the theory's line.
    theory : numpy.ndarray
        m_E at each, for a sparse network.
    alt : str
    """
    figure, (left, right) = new(width=7.2, height=3.6, ncols=2)
    mean, error = data.m_e.mean("repeat"), data.m_e.std("repeat", ddof=1) / data.repeat.size**0.5
    left.loglog(k, 0.2 - theory, color=THEORY)
    left.annotate("theory, $K \\ll N$", (k[2], 0.2 - theory[2]), xytext=(8, 6),
                  textcoords="offset points", color=THEORY)  # fmt: skip
    for n, (mark, colour, _) in zip(data.n.values, _MARKS, strict=True):
        left.errorbar(
            data.k, 0.2 - mean.sel(n=n), error.sel(n=n), fmt=mark, color=colour,
            label=f"N = {n:,}",
        )  # fmt: skip
    left.legend(loc="lower left")
    left.set(xlabel="inputs K", ylabel="distance $m_0 - m_E$")
    spread = data.sd_e.mean("repeat")
    every = np.array([3_000, 21_000])
    scale = (spread * data.n**0.5).mean().item()
    right.loglog(every, scale / every**0.5, color=THEORY)
    right.annotate("$N^{-1/2}$", (every[0], scale / every[0] ** 0.5), xytext=(14, 0),
                   textcoords="offset points", color=THEORY)  # fmt: skip
    for k_, shift in zip(data.k.values, np.linspace(0.94, 1.06, data.k.size), strict=True):
        mark, colour, _ = _MARKS[0 if k_ <= 250 else 1]
        right.loglog(data.n * shift, spread.sel(k=k_), mark, color=colour)
    right.annotate("K to 250: circles", (0.06, 0.16), xycoords="axes fraction", color=OTHERS[0])
    right.annotate("K from 500: squares", (0.06, 0.06), xycoords="axes fraction", color=OTHERS[1])
    right.set(xlabel="neurons N", ylabel="standard deviation of activity in time")
    _plain(left.xaxis, (100, 300, 1_000, 3_000))
    _plain(left.yaxis, (0.03, 0.04, 0.06, 0.08))
    _plain(right.xaxis, (4_000, 8_000, 16_000))
    _plain(right.yaxis, (0.003, 0.004, 0.006, 0.008))
    return described(figure, alt)


def cost(n, seconds, *, alt):
    """Draw CPU seconds a run against the number of neurons, with the line of proportionality.

    Parameters
    ----------
    n : array_like
        Neurons.
    seconds : dict
        {name: CPU seconds a run at each n}.
    alt : str
    """
    figure, axes = new(width=5.6, height=3.6)
    n = np.asarray(n)
    for (name, spent), (mark, colour, style) in zip(seconds.items(), _MARKS, strict=False):
        axes.loglog(n, spent, marker=mark, color=colour, linestyle=style, label=name)
    last = np.asarray(next(iter(seconds.values())))[-1]
    axes.loglog(n, last * n / n[-1], color=THEORY, linewidth=1)
    axes.annotate(
        "proportional to N", (n[3], last * n[3] / n[-1]), xytext=(-6, 6),
        textcoords="offset points", ha="right", color=THEORY,
    )  # fmt: skip
    axes.legend()
    axes.set(xlabel="neurons N", ylabel="CPU time of a run (s)")
    _plain(axes.xaxis, (3_000, 10_000, 30_000, 100_000))
    _plain(axes.yaxis, (0.3, 1, 3, 10, 30))
    return described(figure, alt)


def _plain(axis, ticks):
    """Put ticks with plain numbers on a logarithmic axis."""
    axis.set_ticks(ticks, [f"{tick:,g}" for tick in ticks])
    axis.set_ticks([], minor=True)
