"""Figures of the lesson on propagating waves: films, regimes, and one neuron's view."""

import numpy as np

from balcourse.page import figures

_SPIKES = {"cmap": "Greys", "vmin": 0, "vmax": 1, "interpolation": "nearest"}


def around_peak(field, frames):
    """Return the part of a film that begins two frames before its busiest one."""
    totals = np.asarray(field)[2 : len(field) - frames].sum(axis=(1, 2))
    start = int(totals.argmax())
    return field[start : start + frames]


def film(films, times, *, alt):
    """Draw one row of frames for each film.

    Parameters
    ----------
    films : dict
        Title: field of spikes, shape (frames, n, n).
    times : sequence of float
        Time of each frame to draw (ms), which is its number times 2.
    alt : str
    """
    figure, axes = figures.new(
        6.8, 0.45 + 1.02 * len(films), nrows=len(films), ncols=len(times), squeeze=False
    )
    for row, (title, field) in zip(axes, films.items(), strict=True):
        for panel, time in zip(row, times, strict=True):
            panel.imshow(field[int(time // 2)] > 0, **_SPIKES)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set_visible(True)
        row[0].set_ylabel(title, rotation=0, ha="right", va="center")
    for panel, time in zip(axes[0], times, strict=True):
        panel.set_title(f"{time:g} ms", loc="center")
    return figures.described(figure, alt)


def moment(films, weight, time):
    """Draw one frame of a film that lasts 2 ms a frame (a frame of the explorer).

    Parameters
    ----------
    films : dict
        Inhibitory weight: field, shape (frames, n, n).
    weight : float
    time : float
        ms.
    """
    frame = films[weight][int(time // 2)] > 0
    figure, axes = figures.new(3.4, 3.4)
    axes.imshow(frame, **_SPIKES)
    axes.set(xlabel="column (site)", ylabel="row (site)", title=f"$W_I$ = {weight:g}, {time:g} ms")
    alt = (
        f"With inhibitory weight {weight:g}, {frame.sum()} of {frame.size} excitatory neurons "
        f"spike within 2 ms of time {time:g} ms."
    )
    return figures.described(figure, alt)


def regimes(weights, portraits, ratios, *, alt):
    """Draw what a sweep over inhibition found: activity, fluctuation, speed, balance."""
    figure, axes = figures.new(6.8, 4.5, nrows=2, ncols=2, sharex=True)
    rows = [
        ("frames with a pattern", [p.activity for p in portraits], 0.97),
        ("population CV", [p.fluctuation for p in portraits], 0.6),
        ("speed (sites per ms)", [p.speed for p in portraits], 1.2),
        ("inhibitory /\nexcitatory current", ratios, None),
    ]
    waves = np.array([p.regime == "waves" for p in portraits])
    for panel, (label, values, bound) in zip(axes.flat, rows, strict=True):
        values = np.array(values)
        panel.plot(weights, values, color="0.75", zorder=1)
        panel.plot(weights[waves], values[waves], "o", color=figures.THEORY)
        panel.plot(weights[~waves], values[~waves], "o", color=figures.THEORY, mfc="white")
        panel.set_ylabel(label)
        panel.set_ylim(bottom=0)
        if bound:
            panel.axhline(bound, color="0.4", linestyle=":", linewidth=1)
    axes[0, 0].annotate("filled: waves", (0.97, 0.08), xycoords="axes fraction", ha="right")
    for panel in axes[1]:
        panel.set_xlabel("inhibitory weight $W_I$")
    return figures.described(figure, alt)


def sweep_past(run, probe, *, span=250, alt):
    """Draw one neuron's potential, its conductances, and the spikes of the neurons in its row."""
    figure, axes = figures.new(6.8, 4.5, nrows=3, sharex=True, height_ratios=[1, 1, 1.2])
    shown = run.sample_times <= span
    times = run.sample_times[shown]
    axes[0].plot(times, run.potentials[shown, probe], color=figures.THEORY, linewidth=1.2)
    axes[0].axhline(run.sheet.threshold, color="0.5", linestyle=":", linewidth=1)
    axes[0].set_ylabel("potential (mV)")
    axes[1].plot(times, run.conductances_e[shown, probe], **figures.E_STYLE)
    axes[1].plot(times, run.conductances_i[shown, probe], **figures.I_STYLE)
    axes[1].text(0.01, 1.03, "excitation", color=figures.E, transform=axes[1].transAxes)
    axes[1].text(0.20, 1.03, "inhibition", color=figures.I, transform=axes[1].transAxes)
    axes[1].set_ylabel("conductance\n(1/ms)")
    row = run.probes[probe] // run.sheet.n
    kept = (run.times <= span) & (run.senders // run.sheet.n == row)
    kept &= run.senders < run.sheet.n_e
    columns = run.senders[kept] % run.sheet.n
    axes[2].plot(run.times[kept], columns, "s", color=figures.E, markersize=1.2, rasterized=True)
    axes[2].axhline(run.probes[probe] % run.sheet.n, color="0.3", linewidth=0.8)
    axes[2].set(xlabel="time (ms)", ylabel="column (site)")
    return figures.described(figure, alt)


def falling(curves, *, xlabel, ylabel, log=False, level=None, alt):
    """Draw curves (label: (x, y))."""
    figure, axes = figures.new(6.0, 3.6)
    for (label, (x, y)), style in zip(curves.items(), ("o-", "s--", "^:"), strict=False):
        axes.plot(x, y, style, label=label)
    axes.legend(labelcolor="linecolor")
    if log:
        axes.set_xscale("log")
    if level is not None:
        axes.axhline(level, color="0.6", linewidth=0.8)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return figures.described(figure, alt)


def control(runs, *, span=400, alt):
    """Draw the population rate of each run (title: run), one above the other."""
    figure, axes = figures.new(6.8, 3.8, nrows=len(runs), sharex=True)
    for panel, (title, run) in zip(axes, runs.items(), strict=True):
        totals = run.frames(1.0)[:span].sum(axis=(1, 2)) * 1000 / run.sheet.n_e
        panel.fill_between(np.arange(totals.size), totals, color=figures.E, linewidth=0)
        panel.set_title(title)
        panel.set_ylabel("rate (Hz)")
        panel.set_ylim(bottom=0)
    axes[-1].set_xlabel("time (ms)")
    return figures.described(figure, alt)
