"""Figures of the lesson on fractional diffusion: heavy tails, first passages, responses."""

import numpy as np

from balcourse.models.heavy import weight_law
from balcourse.page import figures
from balcourse.theory.fractional import big_jump_rate, firing_rate, first_passage

_MARKS = "osD^vP"


def _shade(index):
    """Colour of an index: dark where tails are heavy, and different in grey too."""
    stops = np.array([1.0, 1.35, 1.65, 2.0])
    colours = np.array(
        [[0.05, 0.10, 0.35], [0.55, 0.10, 0.40], [0.85, 0.35, 0.10], [0.80, 0.60, 0.0]]
    )
    return tuple(np.interp(index, stops, channel) for channel in colours.T)


def weight_tails(weights, *, alt):
    """Share of the weights above a size: theory lines, drawn weights as points.

    Parameters
    ----------
    weights : dict
        Index -> array of weights in units of their mean.
    alt : str
        What the figure shows.

    """
    figure, axes = figures.new()
    sizes = np.geomspace(0.3, 1e3, 200)
    for mark, (index, drawn) in zip(_MARKS, weights.items(), strict=False):
        lowest, span = weight_law(index)
        colour = _shade(index)
        shares = np.minimum(1, (span / np.maximum(sizes - lowest, span)) ** index)
        axes.loglog(sizes, shares, color=colour)
        places = np.geomspace(0.4, min(np.sort(drawn)[-12], sizes[-1]), 12)
        axes.loglog(places, [(drawn > place).mean() for place in places], mark, color=colour)
        axes.annotate(f"index {index:g}", (sizes[-1], shares[-1]), (4, 0), color=colour,
                      textcoords="offset points", va="center")  # fmt: skip
    axes.set(ylim=(3e-7, 1.5), xlabel="weight (in units of the mean)", ylabel="share above")
    return figures.described(figure, alt)


def input_index(widths, by_width, sizes, by_size, *, alt):
    """The index measured on a neuron's input, against bin width and against network size.

    Parameters
    ----------
    widths, sizes : sequence
        Bin widths, ms; numbers of neurons.
    by_width, by_size : dict
        Index of the weights -> estimates, shape (widths or sizes, seeds).
    alt : str
        What the figure shows.

    """
    figure, (left, right) = figures.new(ncols=2, sharey=True)
    for axes, places, estimates in ((left, widths, by_width), (right, sizes, by_size)):
        for mark, (index, values) in zip(_MARKS, estimates.items(), strict=False):
            values = np.asarray(values)
            mean, error = values.mean(axis=1), values.std(axis=1, ddof=1)
            axes.axhline(index, color=_shade(index), linewidth=1.2)
            axes.errorbar(places, mean, error, fmt=mark, color=_shade(index), capsize=3)
    left.set(xscale="log", xlabel="bin width (ms)", ylabel="index of the summed input")
    left.set_xticks(widths, [f"{width:g}" for width in widths], minor=False)
    right.set(xscale="log", xlabel="neurons")
    right.set_xticks(sizes, [f"{size:g}" for size in sizes], minor=False)
    for axes in (left, right):
        axes.minorticks_off()
    for index in by_size:
        right.annotate(f"in: {index:g}", (1, index), (4, 0), va="center", color=_shade(index),
                       xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
    return figures.described(figure, alt)


def sample_paths(runs, stride, *, alt):
    """Potentials of neurons that differ in the index of their noise, one panel each.

    Parameters
    ----------
    runs : sequence of balcourse.models.stable.StableRun
        One a panel.
    stride : int
        Steps between two kept potentials.
    alt : str
        What the figure shows.

    """
    figure, panels = figures.new(height=4.6, nrows=len(runs), sharex=True, sharey=True)
    for axes, run in zip(panels, runs, strict=True):
        neuron = run.neuron
        times = np.arange(1, len(run.potentials) + 1) * stride * run.dt
        spikes = run.times - np.arange(len(run.times)) * neuron.refractory
        axes.plot(times, run.potentials, color=_shade(neuron.index), linewidth=0.8)
        axes.vlines(spikes, neuron.threshold, neuron.threshold + run.overshoots, linewidth=1.4,
                    color=_shade(neuron.index))  # fmt: skip
        axes.axhline(neuron.threshold, color=figures.THEORY, linewidth=0.8, linestyle=":")
        axes.set(ylim=(-25, 45), ylabel="V (mV)")
        axes.annotate(f"index {neuron.index:g}", (0.01, 0.88), xycoords="axes fraction",
                      color=_shade(neuron.index))  # fmt: skip
    panels[-1].set_xlabel("time outside the refractory periods (ms)")
    return figures.described(figure, alt)


def extrapolation(cases, steps, *, alt):
    """Langevin rates against the time step, over the rate of the first-passage equation.

    Parameters
    ----------
    cases : list
        Tuples (index, rates, errors, exact rate), Hz; rates and errors of shape (steps,).
    steps : sequence of float
        Time steps, ms.
    alt : str
        What the figure shows.

    """
    figure, axes = figures.new()
    axes.axhline(1, color=figures.THEORY, linewidth=1)
    steps = np.asarray(steps)
    for mark, (index, rates, errors, exact) in zip(_MARKS, cases, strict=False):
        colour = _shade(index)
        axes.errorbar(steps ** (1 / index), rates / exact, errors / exact, fmt=mark, capsize=3,
                      color=colour)  # fmt: skip
        slope, start = np.polyfit(steps ** (1 / index), rates / exact, 1, w=1 / errors)
        reach = np.array([0, steps.max() ** (1 / index)])
        (line,) = axes.plot(reach, start + slope * reach, color=colour, linewidth=1)
        figures.label_line(axes, line, f"index {index:g}")
    axes.annotate("first-passage equation", (1, 1), (0, 4), ha="right", color=figures.THEORY,
                  xycoords=("axes fraction", "data"), textcoords="offset points")  # fmt: skip
    axes.set(xlim=(0, 1.15 * max(steps) ** 0.5 if max(steps) < 1 else None),
             xlabel="(time step in ms) to the power 1/index", ylabel="rate / exact")  # fmt: skip
    return figures.described(figure, alt)


def density(runs, *, alt):
    """Stationary density below threshold, and the density of landing points above it.

    Parameters
    ----------
    runs : sequence of balcourse.models.stable.StableRun
        One a panel.
    alt : str
        What the figure shows.

    """
    figure, panels = figures.new(height=3.4, ncols=len(runs), sharey=True)
    for axes, run in zip(np.atleast_1d(panels), runs, strict=True):
        neuron = run.neuron
        passage = first_passage(neuron.mean, neuron.scale, neuron.index, neuron.skew)
        colour = _shade(neuron.index)
        below = np.linspace(-40, neuron.threshold, 600)
        mass = 1 - 1e-3 * passage.rate * neuron.refractory
        axes.semilogy(below[:-1], passage.density(below[:-1]) / mass, color=colour)
        edges = np.linspace(-40, neuron.threshold, 25)
        counts, _ = np.histogram(run.potentials, edges)
        middle, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
        axes.plot(middle, counts / len(run.potentials) / width, "o", color=colour, markersize=4)
        if neuron.index < 2:
            above = np.geomspace(0.3, 40, 60)
            landing = -np.gradient(passage.overshoot(above), above)
            axes.plot(neuron.threshold + above, landing, color=figures.OTHERS[0])
            edges = np.geomspace(0.3, 40, 12)
            counts, _ = np.histogram(run.overshoots, edges)
            landed = counts / len(run.overshoots) / np.diff(edges)
            axes.plot(neuron.threshold + np.sqrt(edges[1:] * edges[:-1]), landed, "s",
                      color=figures.OTHERS[0], markersize=4)  # fmt: skip
            axes.annotate("landing\npoints", (40, 0.05), color=figures.OTHERS[0])
        axes.axvline(neuron.threshold, color=figures.THEORY, linewidth=0.8, linestyle=":")
        axes.set(xlim=(-40, 60), ylim=(1e-4, 1), xlabel="potential (mV)")
        axes.set_title(f"index {neuron.index:g}", color=colour)
    np.atleast_1d(panels)[0].set_ylabel("density (1/mV)")
    return figures.described(figure, alt)


def far_below(means, indices, scale, *, alt):
    """Rate against the distance of the mean below threshold, with the law of one big jump.

    Parameters
    ----------
    means : array_like
        Mean inputs, mV, below 20.
    indices : sequence of float
        The last may be 2.
    scale : float
        mV.
    alt : str
        What the figure shows.

    """
    figure, axes = figures.new()
    distances = 20 - np.asarray(means, float)
    for index in indices:
        rates = np.array([firing_rate(mean, scale, index) for mean in means])
        seen = rates > 1e-4
        (line,) = axes.loglog(distances[seen], rates[seen], color=_shade(index))
        figures.label_line(axes, line, f"index {index:g}")
        if index < 2:
            law = [big_jump_rate(mean, scale, index) for mean in means]
            axes.loglog(distances, law, ":", color=_shade(index), linewidth=1.4)
    axes.set(ylim=(1e-4, 100), xlabel="threshold minus mean input (mV)", ylabel="rate (Hz)")
    return figures.described(figure, alt)


def fi_curve(index, skew):
    """One frame of the explorer: rate against mean input, beside the Gaussian curve."""
    means = np.linspace(0, 30, 13)
    rates = np.array([firing_rate(mean, 5, index, skew) for mean in means])
    gaussian = np.array([firing_rate(mean, 5, 2) for mean in means])
    figure, axes = figures.new()
    axes.semilogy(means, gaussian, "--", color="0.45")
    axes.semilogy(means, rates, color=_shade(index))
    axes.annotate("Gaussian", (means[2], gaussian[2]), (6, -6), textcoords="offset points",
                  color="0.35")  # fmt: skip
    axes.set_title(f"index {index:g}, skew {skew:g}", color=_shade(index))
    axes.set(ylim=(1e-2, 120), xlabel="mean input (mV)", ylabel="rate (Hz)")
    starts = rates[0], gaussian[0]
    low, low_gaussian = (f"{rate:.2g}" if rate > 0.01 else "under 0.01" for rate in starts)
    alt = (
        f"At index {index:g} and skew {skew:g} the rate is {low} Hz at a mean input of 0 mV and "
        f"{rates[-1]:.0f} Hz at 30 mV; Gaussian noise gives {low_gaussian} Hz and "
        f"{gaussian[-1]:.0f} Hz."
    )
    return figures.described(figure, alt)


def response_maximum(indices, states, symmetric, *, alt):
    """Self-consistent rate against index, with and without the input's skew, and that skew.

    Parameters
    ----------
    indices : sequence of float
        Of the weights.
    states, symmetric : list of balcourse.theory.fractional.NetworkState
        With the input's own skewness, and with none.
    alt : str
        What the figure shows.

    """
    figure, (left, right) = figures.new(ncols=2)
    rates = np.array([state.rate for state in states])
    top = int(rates.argmax())
    left.plot(indices, rates, color=figures.THEORY)
    left.plot(indices[top], rates[top], "o", color=figures.THEORY)
    left.annotate("with its skew", (indices[top], rates[top]), (14, 2), textcoords="offset points")
    left.plot(indices, [state.rate for state in symmetric], "--", color="0.5")
    left.annotate("skew set to 0", (indices[0], symmetric[0].rate), (8, 0), color="0.4",
                  textcoords="offset points", va="center")  # fmt: skip
    left.set(ylim=(0, None), xlabel="index of the weights", ylabel="rate (Hz)")
    right.axhline(0, color="0.7", linewidth=0.8)
    right.plot(indices, [state.skew for state in states], color=figures.THEORY)
    right.axvline(indices[top], color=figures.THEORY, linewidth=0.8, linestyle=":")
    right.annotate(
        "upward jumps win", (0.35, 0.85), xycoords="axes fraction", color=figures.OTHERS[0]
    )
    right.annotate(
        "downward jumps win", (0.08, 0.06), xycoords="axes fraction", color=figures.OTHERS[1]
    )
    right.set(xlabel="index of the weights", ylabel="skew of the input")
    return figures.described(figure, alt)


def coupling_size(indices, rates, *, alt):
    """Rate against index for several coupling sizes, each over its own largest rate.

    Parameters
    ----------
    indices : sequence of float
        Of the weights.
    rates : dict
        Mean weight (mV) -> rates, shape (indices,), Hz.
    alt : str
        What the figure shows.

    """
    figure, axes = figures.new()
    styles = ["-", "--", "-.", ":"]
    for style, (weight, values) in zip(styles, rates.items(), strict=False):
        values = np.asarray(values)
        top = int(values.argmax())
        (line,) = axes.plot(indices, values / values[top], style)
        axes.plot(indices[top], 1, "o", color=line.get_color())
        figures.label_line(axes, line, f"{weight:g} mV")
    axes.set_title("mean weight", loc="right")
    axes.set(ylim=(0, 1.08), xlabel="index of the weights", ylabel="rate / its largest value")
    return figures.described(figure, alt)


def spiking_network(indices, measured, predicted, *, alt):
    """Rates of a simulated network, mean and median over neurons, beside the mean field.

    Parameters
    ----------
    indices : sequence of float
        Of the simulated weights.
    measured : array_like
        Shape (indices, seeds, neurons), Hz.
    predicted : tuple of sequences
        Indices and rates (Hz) of the mean field.
    alt : str
        What the figure shows.

    """
    figure, axes = figures.new()
    axes.plot(*predicted, color=figures.THEORY)
    axes.annotate("mean field", (predicted[0][0], predicted[1][0]), (6, 0), va="center",
                  textcoords="offset points")  # fmt: skip
    measured = np.asarray(measured)
    summaries = [
        ("mean neuron", measured.mean(2), "o", figures.OTHERS[0], (-30, 22)),
        ("median neuron", np.median(measured, 2), "s", figures.OTHERS[1], (9, -4)),
    ]
    for words, values, mark, colour, offset in summaries:
        mean = values.mean(1)
        axes.errorbar(indices, mean, values.std(1, ddof=1), fmt=mark, color=colour, capsize=3)
        axes.annotate(words, (indices[1], mean[1]), offset, color=colour,
                      textcoords="offset points")  # fmt: skip
    axes.set(ylim=(-1, None), xlabel="index of the weights", ylabel="rate (Hz)")
    return figures.described(figure, alt)
