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
    axes.text(10, target - 1, "target", color=figures.THEORY, va="top")
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
        f"and I over cells {correlation:.2f}, rates from {rates.min():.0f} to {rates.max():.0f} Hz."
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
        _trace(axes, run, 1, start, length, color=figures.OTHERS[0])
        axes.axhline(run.neuron.threshold, color=_GREY, lw=0.8, ls=":")
        axes.set(
            ylabel="V (mV)", title=name, ylim=(run.neuron.rest - 14, run.neuron.threshold + 14)
        )
    panels[-1].set_xlabel("time (ms)")
    panels[0].text(
        length, states[0][1].neuron.threshold + 1.5, "threshold", color=_GREY, ha="right"
    )
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
    """Distribution of V without threshold, and the Gaussian of equal mean and sd."""
    figure, panels = figures.new(6.8, 3.2, ncols=len(states), sharey=True, sharex=True)
    for axes, (name, run) in zip(panels, states, strict=True):
        _distribution(axes, run, figures.OTHERS[1])
        axes.set_title(name)
    panels[0].set_ylabel("density (1/mV)")
    panels[0].text(states[0][1].neuron.threshold + 0.7, 0.2, "threshold", color=_GREY, fontsize=9)
    return figures.described(figure, alt)


def skewness_against_correlation(correlations, theory, measured, *, alt):
    """Skewness of V against the correlation of its inputs: lines, and moments at each fourth."""
    figure, axes = figures.new(6.8, 3.4)
    for (name, line), color in zip(theory.items(), figures.OTHERS, strict=False):
        points = [found.skewness for found in measured[name]]
        error = [found.errors[2] for found in measured[name]]
        axes.plot(correlations, line, color=color)
        axes.errorbar(correlations[::4], points, error, fmt="o", color=color, capsize=3)
        axes.annotate(
            name, (correlations[-1], line[-1]), (-8, 6), textcoords="offset points",
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
    axes.plot(g, drive[0] - 4 * drive[1] / g, color=figures.OTHERS[0])
    axes.plot([3, 8], [fixation, fixation], color=figures.OTHERS[1], ls="--")
    axes.axhline(1, color=_GREY, lw=0.8, ls=":")
    axes.axvline(4, color=_GREY, lw=0.8, ls=":")
    axes.text(7.95, fixation + 0.05, "fixation", color=figures.OTHERS[1], ha="right")
    axes.text(
        7.95, 1.05 * (drive[0] - drive[1] / 2) - 0.25, "drive", color=figures.OTHERS[0], ha="right"
    )
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
    _trace(left, spiking, 1, 1000, 600, color=figures.OTHERS[0])
    left.axhline(spiking.neuron.threshold, color=_GREY, lw=0.8, ls=":")
    left.set(xlabel="time (ms)", ylabel="V (mV)", ylim=(-86, -36))
    _distribution(right, free, figures.OTHERS[1])
    right.set(xlim=(-90, -36), ylabel="density (1/mV)")
    distance = free.neuron.threshold - free.neuron.rest - moments.mean
    alt = (
        f"Mean V lies {distance:.1f} mV below threshold, skewness {moments.skewness:.2f}, "
        f"sd {moments.sd:.1f} mV; the cells fire at {spiking.rates.mean():.1f} Hz."
    )
    return figures.described(figure, alt)


# Tuning -------------------------------------------------------------------------------------------

FINE = np.arange(0, 90.01, 0.25)


def _mirrored(angles, values):
    return np.concatenate([-angles[:0:-1], angles]), np.concatenate([values[:0:-1], values])


def conductances_and_potential(neuron, angles, cases, *, alt):
    """Tuning of g_e and g_i above that of V; a case is (name, g_e, g_i, theory, simulated V)."""
    figure, panels = figures.new(6.8, 4.2, nrows=2, ncols=len(cases), sharex=True, sharey="row")
    for (top, bottom), (name, g_e, g_i, theory, measured) in zip(panels.T, cases, strict=True):
        top.plot(*_mirrored(angles, g_e), **figures.E_STYLE)
        top.plot(*_mirrored(angles, g_i), **figures.I_STYLE)
        top.set_title(name)
        bottom.plot(*_mirrored(angles, theory), color=figures.THEORY)
        bottom.plot(*_mirrored(angles, measured), "o", ms=3, color=figures.OTHERS[0])
        bottom.axhline(neuron.threshold, color=_GREY, lw=0.8, ls=":")
        bottom.set(xticks=[-90, 0, 90])
    panels[0, 0].text(0, 0.65, "E", color=figures.E, ha="center")
    panels[0, 1].text(0, 0.65, "E and I", color=figures.I, ha="center")
    panels[0, 2].text(75, 0.52, "I", color=figures.I, ha="right")
    panels[0, 0].set(ylabel="conductance", ylim=(-0.02, 0.75))
    panels[1, 0].set_ylabel("V (mV)")
    panels[1, 1].text(-90, neuron.threshold + 3, "threshold", color=_GREY)
    figure.supxlabel("distance to preferred orientation (degrees)", fontsize=11)
    return figures.described(figure, alt)


def spike_tuning(panels, *, alt):
    """Spike tuning curves, each over its own peak; a panel is (title, {case: (angles, curve)})."""
    figure, axes = figures.new(6.8, 3.4, ncols=len(panels), sharey=True)
    for one, (title, curves) in zip(axes, panels, strict=True):
        for number, (name, (angles, curve)) in enumerate(curves.items()):
            color, style = figures.OTHERS[number], ("-", "--", "-.", ":")[number]
            one.plot(*_mirrored(angles, curve / curve[0]), color=color, ls=style)
            one.text(
                0.99, 0.92 - 0.09 * number, name, color=color, ha="right", transform=one.transAxes
            )
        one.set(title=title, xlim=(-60, 60), xlabel="orientation (degrees)")
    axes[0].set_ylabel("rate / peak rate")
    return figures.described(figure, alt)


def iceberg(waterlines, theory, measured, width, *, alt):
    """Half-width of what is above water: the formula, and points measured on curves."""
    figure, (left, right) = figures.new(6.8, 3.2, ncols=2)
    for waterline, shade in ((0.0, "#bbbbbb"), (0.5, figures.OTHERS[0])):
        above = np.maximum(np.exp(-(FINE**2) / (2 * width**2)), waterline)
        left.fill_between(*_mirrored(FINE, above), waterline, color=shade, alpha=0.7, lw=0)
    left.axhline(0.5, color=_GREY, lw=1)
    left.text(-88, 0.53, "threshold", color=_GREY)
    left.set(xlabel="orientation (degrees)", ylabel="V / peak of V")
    right.plot(waterlines, theory, color=figures.THEORY)
    right.plot(waterlines[::4], measured, "o", color=figures.OTHERS[0])
    right.set(xlabel="threshold / peak of V", ylabel="half-width of spikes (degrees)", ylim=(0, 40))
    return figures.described(figure, alt)


def inhibition_width_frame(neuron, width, strength, tuned, potential, spikes_width):
    """Conductances, V and E/I ratio for one width and strength of inhibition."""
    ratio = tuned[0] / tuned[1]
    figure, (left, middle, right) = figures.new(6.8, 3.0, ncols=3)
    left.plot(*_mirrored(FINE, tuned[0]), **figures.E_STYLE)
    left.plot(*_mirrored(FINE, tuned[1]), **figures.I_STYLE)
    left.set(title="conductance", ylim=(0, 1.3))
    middle.plot(*_mirrored(FINE, potential), color=figures.THEORY)
    middle.axhline(neuron.threshold, color=_GREY, lw=0.8, ls=":")
    middle.set(title="V (mV)", ylim=(-72, -40))
    right.plot(*_mirrored(FINE, ratio), color=figures.OTHERS[0])
    right.set(title="E / I", ylim=(0, 2.2))
    for axes in (left, middle, right):
        axes.set_xticks([-90, 0, 90])
    middle.set_xlabel("orientation (degrees)")
    spikes = (
        "no spikes" if np.isnan(spikes_width) else f"spike half-width {spikes_width:.1f} degrees"
    )
    alt = (
        f"Inhibition of width {width:g} degrees and strength {strength:g}: peak V "
        f"{potential[0]:.1f} mV, {spikes}; E/I {ratio[0]:.2f} at the peak, {ratio[-1]:.2f} at 90."
    )
    figure.suptitle(spikes, fontsize=11)
    return figures.described(figure, alt)


# Timing -------------------------------------------------------------------------------------------


def volley_response(time, traces, windows, *, alt):
    """Response to one volley, (label, V) each, beside the window: {ratio: (delays, windows)}."""
    figure, (left, right) = figures.new(6.8, 3.4, ncols=2)
    for (label, potential), color in zip(traces, (figures.E, figures.I), strict=True):
        left.plot(time, potential, color=color, ls="-" if color == figures.E else "--")
        # The second response lies under the first, so its name stands over its tail.
        at = potential.argmax() if color == figures.E else np.searchsorted(time, 18)
        left.annotate(
            label,
            (time[at], potential[at]),
            (10, 2) if color == figures.E else (0, 9),
            textcoords="offset points",
            color=color,
        )
    left.set(xlabel="time (ms)", ylabel="V (mV)", xlim=(0, 50), ylim=(-73, -53))
    for (ratio, (delays, found)), marker in zip(windows.items(), "os^", strict=True):
        (line,) = right.plot(delays, found, marker + "-", color=figures.I, lw=0.8)
        figures.label_line(right, line, f"{ratio:g}", 0, xytext=(-8, 0), ha="right")
    right.set(xlabel="delay of inhibition (ms)", ylabel="integration window (ms)", xlim=(-1, None))
    right.set_title("inhibition / excitation", fontsize=10)
    return figures.described(figure, alt)


def lags_of_held_cells(correlograms, delays, theory, measured, *, alt):
    """Correlograms of one delay, and recovered against true delay; {label: ...} of both kinds."""
    figure, (left, right) = figures.new(6.8, 3.5, ncols=2)
    colors = dict(zip(correlograms, ("#222222", figures.OTHERS[0]), strict=True))
    for label, (lags, values) in correlograms.items():
        left.plot(lags, values, color=colors[label], ls="-" if label == "membrane" else "--")
        right.plot(delays, theory[label], color=colors[label], lw=1)
        found = measured[label]
        right.errorbar(
            delays, [one.lag for one in found], [one.error for one in found], fmt="o",
            color=colors[label], capsize=3,
        )  # fmt: skip
        right.annotate(
            label, (delays[-1], theory[label][-1]), (0, 12) if label == "membrane" else (-44, 4),
            textcoords="offset points", color=colors[label], ha="right",
        )  # fmt: skip
    right.plot(delays, delays, color=_GREY, ls=":", lw=0.8)
    left.axvline(0, color=_GREY, lw=0.8, ls=":")
    left.set(xlabel="lag of inhibition (ms)", ylabel="correlation")
    right.set(xlabel="true delay (ms)", ylabel="recovered lag (ms)")
    return figures.described(figure, alt)


def jitter_against_delay(delays, jitter, without, *, alt):
    """Jitter of the first spike with feedforward inhibition, and without."""
    figure, axes = figures.new(6.8, 3.0)
    axes.plot(delays, jitter, "o-", color=figures.I, lw=0.8)
    axes.axhline(without, color=figures.E)
    axes.text(delays[0], without * 0.96, "no inhibition", color=figures.E, va="top")
    axes.text(delays[1], jitter[1] - 0.09 * without, " with inhibition", color=figures.I)
    axes.set(
        xlabel="delay of inhibition (ms)", ylabel="spike-time jitter (ms)", ylim=(0, 1.15 * without)
    )
    return figures.described(figure, alt)


def gamma_cycles(run, start, length, amplitudes, intervals, *, alt):
    """Conductances over a few cycles; amplitude of I against E, and the next interval."""
    figure, axes = figures.new(6.8, 4.6, nrows=2, ncols=2)
    for axis in axes[0]:
        axis.remove()
    top = figure.add_subplot(axes[0, 0].get_gridspec()[0, :])
    steps = slice(round(start / run.dt), round((start + length) / run.dt))
    time = run.dt * np.arange(run.conductance_e.size)[steps] - start
    excitation = (
        run.conductance_e[steps] * run.conductance_i[steps].max() / run.conductance_e[steps].max()
    )
    top.plot(time, excitation, **figures.E_STYLE)
    top.plot(time, run.conductance_i[steps], **figures.I_STYLE)
    top.text(1.01, 0.7, "E (scaled)", color=figures.E, transform=top.transAxes)
    top.text(1.01, 0.5, "I", color=figures.I, transform=top.transAxes)
    top.set(xlabel="time (ms)", ylabel="conductance", xlim=(0, length))
    left, right = axes[1]
    left.plot(*amplitudes, "o", ms=3, color=figures.OTHERS[0])
    left.set(xlabel="E per cycle", ylabel="I per cycle")
    right.plot(amplitudes[1][:-1], intervals, "o", ms=3, color=figures.OTHERS[0])
    right.set(xlabel="I per cycle", ylabel="next interval (ms)")
    return figures.described(figure, alt)


def volley_frame(run, ratio, delay, window):
    """Conductances and potential of one recorded volley, for the explorer."""
    figure, (left, right) = figures.new(6.8, 3.0, ncols=2)
    time, potential = run.dt * np.arange(run.potential.shape[1])[::10], run.potential[0, ::10]
    left.plot(time, run.conductance_e[0, ::10], **figures.E_STYLE)
    left.plot(time, run.conductance_i[0, ::10], **figures.I_STYLE)
    left.set(xlabel="time (ms)", ylabel="conductance", xlim=(0, 40), ylim=(0, 6.6))
    right.plot(time, potential, color=figures.THEORY)
    right.axhline(run.neuron.threshold, color=_GREY, lw=0.8, ls=":")
    right.set(xlabel="time (ms)", ylabel="V (mV)", xlim=(0, 40), ylim=(-78, -52))
    right.set_title(f"window {window:.1f} ms")
    alt = (
        f"Inhibition {ratio:g} times excitation, {delay:g} ms late: V peaks at "
        f"{potential.max():.1f} mV, and two volleys add up within {window:.1f} ms."
    )
    return figures.described(figure, alt)


# Correlations -------------------------------------------------------------------------------------


def membranes_of_a_pair(run, correlation, *, alt, length=600.0):
    """Potentials of two cells with a common part of their noise, with their spikes."""
    figure, axes = figures.new(6.8, 2.8)
    _trace(axes, run, 0, 0, length, color="#222222")
    _trace(axes, run, 1, 0, length, color=figures.OTHERS[0])
    axes.axhline(run.neuron.threshold, color=_GREY, lw=0.8, ls=":")
    axes.set(xlabel="time (ms)", ylabel="V (mV)", ylim=(-5, run.neuron.threshold + 14))
    axes.set_title(f"common part of the input: {correlation:g}")
    return figures.described(figure, alt)


def spike_correlation(correlation, grid, points, *, alt):
    """Spike-count correlation against rate: theory for long windows, runs for several windows.

    `grid` is (rates, theory); `points` maps a window to (rates, correlations, errors).
    """
    figure, axes = figures.new(6.8, 3.8)
    axes.axhline(correlation, color="#222222", lw=1, ls="--")
    axes.text(0.21, correlation - 0.012, "membranes", va="top")
    axes.plot(*grid, color=figures.THEORY)
    axes.annotate("theory, long window", (grid[0][-40], grid[1][-40]), (-6, 6),
                  textcoords="offset points", ha="right")  # fmt: skip
    for (window, (rates, found, errors)), color, marker in zip(
        points.items(), figures.OTHERS, "os^", strict=False
    ):
        axes.errorbar(rates, found, errors, fmt=marker, color=color, capsize=3)
        axes.annotate(f"{window:g} ms", (rates[-1], found[-1]),
                      (12, -14) if window == max(points) else (7, -4),
                      textcoords="offset points", color=color)  # fmt: skip
    axes.set(xscale="log", xlabel="firing rate (Hz)", ylabel="correlation", ylim=(0, None))
    axes.set_xlim(0.15, 90)
    return figures.described(figure, alt)


def gain_against_rate(curves, *, alt):
    """Correlation gain against rate: one curve a width of noise, {sd: (rates, gains)}."""
    figure, axes = figures.new(6.8, 3.2)
    styles = zip(curves.items(), ("-", "--", ":"), (0, -50, -100), strict=True)
    for (sd, (rates, gains)), style, below in styles:
        axes.plot(rates, gains, style, color=figures.THEORY)
        axes.plot([0.13, 0.2], [0.9 + below / 500] * 2, style, color=figures.THEORY)
        axes.text(0.23, 0.9 + below / 500, f"noise of {sd:g} mV", va="center")
    axes.set(xscale="log", xlabel="firing rate (Hz)", ylabel="correlation gain S", ylim=(0, 1))
    axes.set_xlim(0.1, 100)
    return figures.described(figure, alt)


def cancellation(sizes, correlations, *, alt):
    """Correlations of currents between cells against network size: {label: values}."""
    figure, axes = figures.new(6.8, 3.8)
    looks = {
        "E with E": (figures.E, "o-", 7),
        "I with I": (figures.I, "s--", -9),
        "total": ("#222222", "D-", 0),
        "total, I shifted in time": (_GREY, "^:", 0),
    }
    for label, values in correlations.items():
        color, style, shift = looks[label]
        (line,) = axes.plot(sizes, values, style, color=color, lw=1)
        figures.label_line(axes, line, label, xytext=(8, shift))
    total = np.asarray(correlations["total"])
    axes.plot(sizes, total[0] * np.sqrt(sizes[0] / np.asarray(sizes)), color=_GREY, lw=0.8)
    axes.text(sizes[1], total[1] * 0.5, "1 / square root of n", color=_GREY)
    axes.set(xscale="log", yscale="log", xlabel="cells in each population, n")
    axes.set(
        ylabel="correlation between two cells", xlim=(sizes[0] * 0.9, sizes[-1] * 4), ylim=(0.01, 1)
    )
    axes.minorticks_off()
    axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
    return figures.described(figure, alt)


def pair_frame(run, correlation, rate, gain):
    """Two membranes and their spikes, for the explorer."""
    words = f"rate {rate:.1f} Hz; spikes correlate {correlation * gain:.2f} in long windows"
    alt = f"Membranes of common part {correlation:g}: {words}, by first-order theory."
    shown = membranes_of_a_pair(run, correlation, alt=alt)
    shown.figure.axes[0].set_title(words)
    return shown
