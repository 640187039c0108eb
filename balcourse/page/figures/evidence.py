"""Figures of the five evidence lessons: equalised ratios, states, tuning, timing, correlations."""

import numpy as np

from balcourse.page import figures

_GREY = "#777777"


# Equalised ratios ---------------------------------------------------------------------------------


def currents_of_four(excitation, inhibition, cells, *, alt):
    """Excitatory and inhibitory mean input of a few neighbours, as bars side by side."""
    figure, axes = figures.new(6.8, 3.0)
    place = np.arange(len(cells))
    axes.bar(place - 0.2, excitation[cells], 0.36, color=figures.E)
    axes.bar(place + 0.2, inhibition[cells], 0.36, color=figures.I, hatch="///", edgecolor="white")
    axes.text(-0.2, excitation[cells[0]] + 2, "E", color=figures.E, ha="center")
    axes.text(0.2, inhibition[cells[0]] + 2, "I", color=figures.I, ha="center")
    axes.set_xticks(place, [f"cell {number + 1}" for number in place])
    axes.set_ylabel("mean input (mV)")
    return figures.described(figure, alt)


def inhibition_against_excitation(excitation, learned, uniform, theory, *, alt):
    """One point a cell before and after learning, and the line that the target rate demands."""
    figure, axes = figures.new(6.8, 4.0)
    axes.plot(excitation, uniform, "s", ms=4, color=_GREY, mfc="none")
    axes.plot(excitation, learned, "o", ms=4, color=figures.I, alpha=0.8)
    (line,) = axes.plot(excitation, theory, color=figures.THEORY, lw=1.2)
    axes.text(excitation.max(), uniform[-1] - 6, "uniform", color=_GREY, ha="right", va="top")
    figures.label_line(axes, line, "theory", -4, xytext=(-8, 6), ha="right")
    axes.text(excitation[-4], learned[-4] - 16, "learned", color=figures.I)
    axes.axline((0, 0), slope=1, color=_GREY, lw=0.8, ls=":")
    axes.text(21, 30, "E = I", color=_GREY, ha="right")
    axes.set(xlabel="excitatory input (mV)", ylabel="inhibitory input (mV)")
    axes.set(xlim=(0, None), ylim=(0, 1.05 * theory.max()))
    return figures.described(figure, alt)


def rates_across_cells(uniform, learned, target, *, alt):
    """Firing rates of the cells in rank order of their excitation, before and after learning."""
    figure, axes = figures.new(6.8, 3.2)
    rank = 1 + np.arange(uniform.size)
    axes.plot(rank, uniform, "s", ms=4, color=_GREY, mfc="none")
    axes.plot(rank, learned, "o", ms=4, color=figures.I)
    axes.axhline(target, color=figures.THEORY, lw=1)
    axes.text(10, 8, "learned", color=figures.I)
    axes.text(86, 60, "uniform", color=_GREY)
    axes.text(10, target - 0.4, "target", color=figures.THEORY, va="top")
    axes.set_yscale("symlog", linthresh=2)
    axes.set_yticks([0, 1, 2, 5, 10, 100], ["0", "1", "2", "5", "10", "100"])
    axes.set(xlabel="cell, from weakly to strongly driven", ylabel="rate (Hz)", ylim=(-0.3, 400))
    return figures.described(figure, alt)


def learning_frame(run, seconds, *, blocked, theory):
    """One moment of learning: inhibition against excitation, and the rates."""
    sample = min(round(seconds), run.times.size) - 1
    figure, (left, right) = figures.new(6.8, 3.2, ncols=2)
    inhibition, rates = run.inhibition[sample], run.rates[sample]
    left.plot(run.excitation, theory, color=figures.THEORY, lw=1.2)
    left.plot(run.excitation, inhibition, "o", ms=3.5, color=_GREY if blocked else figures.I)
    left.set(xlabel="excitatory input (mV)", ylabel="inhibitory input (mV)")
    left.set(xlim=(0, 240), ylim=(0, 250))
    right.plot(run.excitation, rates, "o", ms=3.5, color=_GREY if blocked else figures.I)
    right.axhline(run.model.target, color=figures.THEORY, lw=1)
    right.set(xlabel="excitatory input (mV)", ylabel="rate (Hz)", xlim=(0, 240), ylim=(-5, 300))
    correlation = np.corrcoef(run.excitation, inhibition)[0, 1] if inhibition.std() > 0 else 0.0
    alt = (
        f"After {seconds:g} s with plasticity {'blocked' if blocked else 'on'}: correlation of E "
        f"and I across cells {correlation:.2f}, rates from {rates.min():.0f} to {rates.max():.0f} Hz."
    )
    return figures.described(figure, alt)


def shifted_inhibition(groups, *, alt):
    """Change of inhibition by group of cells: (name, factors, theory) each."""
    figure, axes = figures.new(6.8, 3.2)
    for place, (name, factors, theory) in enumerate(groups):
        spread = place + np.linspace(-0.15, 0.15, factors.size)
        axes.plot(spread, factors, "o", ms=3, color=figures.I, alpha=0.4)
        error = factors.std(ddof=1) / np.sqrt(factors.size)
        axes.errorbar(place + 0.27, factors.mean(), error, fmt="o", color=figures.I, capsize=3)
        axes.plot([place - 0.2, place + 0.32], [theory, theory], color=figures.THEORY)
        axes.annotate(name, (place, 1.55), ha="center")
    axes.text(-0.22, groups[0][2] + 0.02, "theory", ha="right", fontsize=10)
    axes.axhline(1, color=_GREY, lw=0.8, ls=":")
    axes.set_xticks([])
    axes.set_xlabel("in each group from weakly to strongly driven cells, then their mean")
    axes.set(ylabel="inhibition, after / before", xlim=(-0.7, len(groups) - 0.4), ylim=(0.2, 1.65))
    return figures.described(figure, alt)


# Synchronous to asynchronous ----------------------------------------------------------------------


def _trace(axes, run, row, start, length, **style):
    steps = slice(round(start / run.dt), round((start + length) / run.dt), 10)
    time = run.dt * np.arange(run.potential.shape[1])[steps] - start
    axes.plot(time, run.potential[row, steps], lw=0.8, **style)
    spikes = run.times[(run.senders == row) & (run.times >= start) & (run.times < start + length)]
    axes.vlines(spikes - start, run.neuron.threshold, run.neuron.threshold + 12, lw=0.8, **style)


def traces_of_states(states, *, alt, start=2000.0, length=1500.0):
    """Two neighbours' potentials with their spikes, one panel a state: (name, recording) each."""
    figure, panels = figures.new(6.8, 1.9 * len(states), nrows=len(states), sharex=True)
    for axes, (name, run) in zip(panels, states, strict=True):
        _trace(axes, run, 0, start, length, color="#222222")
        _trace(axes, run, 1, start, length, color=figures.EXTERNAL)
        axes.axhline(run.neuron.threshold, color=_GREY, lw=0.8, ls=":")
        axes.set(ylabel="V (mV)", title=name, ylim=(run.neuron.rest - 14, run.neuron.threshold + 14))
    panels[-1].set_xlabel("time (ms)")
    panels[0].text(length, states[0][1].neuron.threshold + 1.5, "threshold", color=_GREY, ha="right")
    return figures.described(figure, alt)


def _distribution(axes, run, color):
    values = run.potential.ravel()
    density, edges = np.histogram(values, 60, density=True)
    axes.plot((edges[1:] + edges[:-1]) / 2, density, "o", ms=3, color=color)
    grid = np.linspace(edges[0], edges[-1], 200)
    mean, sd = values.mean(), values.std()
    gauss = np.exp(-((grid - mean) ** 2) / (2 * sd**2)) / (sd * np.sqrt(2 * np.pi))
    axes.plot(grid, gauss, color=figures.THEORY, lw=1)
    axes.axvline(run.neuron.threshold, color=_GREY, lw=0.8, ls=":")
    axes.set(yscale="log", ylim=(1e-5, 0.5), xlabel="V (mV)")


def distributions_of_states(states, *, alt):
    """Distribution of V without threshold, and the Gaussian of equal mean and sd, one panel a state."""
    figure, panels = figures.new(6.8, 3.2, ncols=len(states), sharey=True, sharex=True)
    for axes, (name, run) in zip(panels, states, strict=True):
        _distribution(axes, run, figures.E)
        axes.set_title(name)
    panels[0].set_ylabel("density (1/mV)")
    panels[0].text(states[0][1].neuron.threshold + 0.7, 0.2, "threshold", color=_GREY, fontsize=9)
    return figures.described(figure, alt)


def skewness_against_correlation(correlations, theory, measured, errors, *, alt):
    """Skewness of V against the correlation of its inputs, for the rates of two states."""
    figure, axes = figures.new(6.8, 3.4)
    for (name, line), points, error, color in zip(
        theory.items(), measured, errors, (figures.E, figures.EXTERNAL), strict=True
    ):
        axes.plot(correlations, line, color=color)
        axes.errorbar(correlations[::4], points, error, fmt="o", color=color, capsize=3)
        axes.annotate(
            name, (correlations[-1], line[-1]), (0, 7), textcoords="offset points",
            color=color, ha="right",
        )  # fmt: skip
    axes.axhline(0, color=_GREY, lw=0.8, ls=":")
    axes.set(xlabel="correlation of the inputs, c", ylabel="skewness of V", xscale="log")
    return figures.described(figure, alt)


def brunel_plane(fixation, drive, *, alt):
    """Both states in the plane of Brunel's diagram: relative inhibition and external drive.

    `fixation` is the excitatory drive over threshold; `drive` is (excitation, inhibition) over
    threshold, which a network with any g above 4 can make by itself.
    """
    figure, axes = figures.new(6.8, 3.6)
    g = np.linspace(4, 8, 100)
    axes.plot(g, drive[0] - 4 * drive[1] / g, color=figures.EXTERNAL)
    axes.plot([3, 8], [fixation, fixation], color=figures.E, ls="--")
    axes.axhline(1, color=_GREY, lw=0.8, ls=":")
    axes.axvline(4, color=_GREY, lw=0.8, ls=":")
    axes.text(7.95, fixation + 0.05, "fixation", color=figures.E, ha="right")
    axes.text(7.95, 1.05 * (drive[0] - drive[1] / 2) - 0.25, "drive", color=figures.EXTERNAL, ha="right")
    axes.text(3.05, 1.03, r"$\nu_{ext} = \nu_{thr}$", color=_GREY)
    axes.text(4.05, 1.75, "inhibition dominates", color=_GREY)
    axes.text(3.95, 1.75, "excitation\ndominates", color=_GREY, ha="right", va="center")
    axes.set(xlabel="relative inhibitory strength g", ylabel=r"$\nu_{ext}\,/\,\nu_{thr}$")
    axes.set(xlim=(3, 8), ylim=(0, 2))
    return figures.described(figure, alt)


def state_frame(free, spiking, moments):
    """A trace of two neighbours and the distribution of their potential, for the explorer."""
    figure, (left, right) = figures.new(6.8, 3.2, ncols=2, width_ratios=[1.6, 1])
    _trace(left, spiking, 0, 1000, 600, color="#222222")
    _trace(left, spiking, 1, 1000, 600, color=figures.EXTERNAL)
    left.axhline(spiking.neuron.threshold, color=_GREY, lw=0.8, ls=":")
    left.set(xlabel="time (ms)", ylabel="V (mV)", ylim=(-86, -36))
    _distribution(right, free, figures.E)
    right.set(xlim=(-90, -36), ylabel="density (1/mV)")
    distance = free.neuron.threshold - free.neuron.rest - moments.mean
    alt = (
        f"Mean V lies {distance:.1f} mV below threshold, skewness {moments.skewness:.2f}, "
        f"sd {moments.sd:.1f} mV; the cells fire at {spiking.rates.mean():.1f} Hz."
    )
    return figures.described(figure, alt)
