"""Figures of the two lessons on Brunel's network: stationary states; irregularity and synchrony.

Theory is a line, simulation is points with error bars, in one panel. Rates in Hz, time in ms; the
external drive is in units of the rate that would just reach the threshold.
"""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.ticker import NullLocator

from balcourse.measure.spikes import population_rate, population_spectrum
from balcourse.page.figures import OTHERS, THEORY, described, new
from balcourse.theory.diffusion import (
    inputs,
    lif_rate,
    loop_gain,
    oscillation,
    saddle_nodes,
    stationary_grid,
    stationary_states,
)

_COLOURS = (THEORY, *OTHERS)
_KINDS = {
    "saddle-node": {"color": THEORY, "linestyle": "-"},
    "fast": {"color": OTHERS[0], "linestyle": "-"},
    "slow": {"color": OTHERS[1], "linestyle": "--"},
    "regular": {"color": OTHERS[3], "linestyle": ":"},
}
_SHADES = ListedColormap(colormaps["Greys"](np.linspace(0.02, 0.6, 256)))
_DRIVE = r"external drive $\nu_{ext}/\nu_{thr}$"
_INHIBITION = "relative inhibition $g$"


# Stationary states --------------------------------------------------------------------------------


def f_i_curves(spreads, *, alt, highest=40.0):
    """Draw the neuron's rate against its mean input, one curve for each standard deviation (mV)."""
    figure, axes = new(height=3.4)
    mean = np.linspace(0, highest, 400)
    for spread, colour in zip(spreads, _COLOURS, strict=False):
        label = rf"$\sigma$ = {spread:g} mV"
        axes.plot(mean, lif_rate(mean, spread), color=colour, label=label)
    axes.legend(loc="upper left")
    axes.axvline(20, color="#999999", linewidth=0.8, linestyle=":")
    axes.annotate("threshold", (20, axes.get_ylim()[1] * 0.93), xytext=(-4, 0), ha="right",
                  textcoords="offset points", color="#555555")  # fmt: skip
    axes.set(xlabel=r"mean input $\mu$ (mV)", ylabel="rate (Hz)", xlim=(0, highest))
    return described(figure, alt)


def self_consistency(network, *, alt, lowest=1e-4, highest=500.0):
    """Draw the rate that neurons answer with against the rate that they receive, and the crossings.

    Parameters
    ----------
    network : BrunelNetwork
    alt : str
    lowest, highest : float
        Ends of both axes, which are logarithmic, Hz.
    """
    figure, axes = new(width=5.6, height=3.8)
    rate = np.geomspace(lowest, highest, 400)
    axes.loglog(rate, rate, color="#999999", linewidth=1)
    axes.loglog(rate, np.maximum(lif_rate(*inputs(network, rate)), 1e-12), color=THEORY)
    for state in stationary_states(network):
        face = THEORY if state.stable else "white"
        axes.plot(state.rate, state.rate, "o", color=THEORY, markerfacecolor=face, markersize=8)
    span = (lowest, highest)
    axes.set(xlabel="rate in (Hz)", ylabel="rate out (Hz)", xlim=span, ylim=span)
    for axis in (axes.xaxis, axes.yaxis):  # minor ticks and typeset powers take most of the time
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter("{x:g}")
    return described(figure, alt)


def regions(network, *, alt, g=(0.0, 8.0), ratio=(0.0, 4.0), zoom=((3.2, 4.6), (0.74, 0.96))):
    """Shade the plane of g and drive by the highest stationary rate; outline where there are three.

    Parameters
    ----------
    network : BrunelNetwork
    alt : str
    g, ratio : (float, float)
        Limits of the left panel.
    zoom : ((float, float), (float, float))
        Limits of the right panel.
    """
    figure, panels = new(width=7.6, height=3.9, ncols=2)
    for axes, (span_g, span_ratio) in zip(panels, ((g, ratio), zoom), strict=True):
        across, up = np.linspace(*span_g, 161), np.linspace(*span_ratio, 161)
        rate, _, _ = stationary_grid(network, g=across, external_ratio=up)
        count = np.isfinite(rate).sum(axis=2)
        highest = np.log10(np.maximum(np.nanmax(rate, axis=2), 1e-3))
        shade = axes.pcolormesh(across, up, highest.T, cmap=_SHADES, vmin=-3, vmax=4.2,
                                rasterized=True)  # fmt: skip
        axes.contour(across, up, count.T, levels=[2], colors=OTHERS[3], linewidths=1.8)
        contours = axes.contour(
            across, up, highest.T, levels=[0, 1, 2], colors=THEORY, linewidths=0.8
        )
        names = axes.clabel(contours, fmt=lambda level: f"{10**level:.0f} Hz", fontsize=11)
        for name in names:
            name.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
        axes.axvline(4, color="#555555", linewidth=0.8, linestyle=":")
        axes.set(xlabel=_INHIBITION, ylabel=_DRIVE, xlim=span_g, ylim=span_ratio)
        shade.set_edgecolor("face")
    panels[0].set_title("all of it")
    panels[1].set_title("three states inside the line")
    return described(figure, alt)


def curves(network, by_g, by_ratio, quantity, *, alt):
    """Draw rate or CV against g and against the drive: theory lines, simulated points.

    Parameters
    ----------
    network : BrunelNetwork
        Everything but g and drive.
    by_g, by_ratio : dict
        Measured states: {drive: {g: MeasuredState}} and {g: {drive: MeasuredState}}.
    quantity : str
        ``"rate"`` or ``"cv"``.
    alt : str
    """
    figure, (left, right) = new(width=7.6, height=3.8, ncols=2, sharey=True)
    for axes, family, span in ((left, by_g, (3.0, 8.2)), (right, by_ratio, (0.7, 4.1))):
        x = np.linspace(*span, 300)
        for (fixed, points), colour in zip(family.items(), _COLOURS, strict=False):
            swept = (x, [fixed]) if axes is left else ([fixed], x)
            tables = stationary_grid(network, g=swept[0], external_ratio=swept[1])
            values, gains = tables[0 if quantity == "rate" else 1], tables[2]
            axes.plot(x, _upper(values, gains).ravel(), color=colour)
            measured = [getattr(point, quantity) for point in points.values()]
            errors = [getattr(point, f"{quantity}_error") for point in points.values()]
            axes.errorbar(list(points), measured, errors, fmt="o", color=colour, capsize=2)
            name = "drive" if axes is left else "$g$"
            axes.plot([], [], color=colour, label=f"{name} {fixed:g}")
        axes.legend(handlelength=1.2)
    left.set(xlabel=_INHIBITION, ylabel="rate (Hz)" if quantity == "rate" else "CV of intervals")
    right.set(xlabel=_DRIVE)
    left.set_ylim(0, 250 if quantity == "rate" else 1.6)
    return described(figure, alt)


def _upper(values, gains):
    """Take the last state of each list, which is padded with NaN."""
    last = np.isfinite(gains).sum(axis=2, keepdims=True) - 1
    return np.take_along_axis(values, last, axis=2)[..., 0]


def sharpness(networks, *, alt):
    """Draw the rate against g for several networks at their own drive.

    Parameters
    ----------
    networks : dict
        {label: BrunelNetwork}.
    alt : str
    """
    figure, axes = new(height=3.6)
    g = np.linspace(3, 6, 400)
    for (label, network), colour in zip(networks.items(), _COLOURS, strict=False):
        rate, _, gain = stationary_grid(network, g=g, external_ratio=[network.external_ratio])
        axes.plot(g, _upper(rate, gain).ravel(), color=colour, label=label)
    axes.legend()
    axes.axvline(4, color="#999999", linewidth=0.8, linestyle=":")
    axes.set(xlabel=_INHIBITION, ylabel="rate (Hz)", xlim=(3, 6), ylim=(0, 500))
    return described(figure, alt)


def hysteresis(network, drive, rate, *, alt):
    """Draw a slow ramp of the drive up and down over the curve of stationary states.

    Parameters
    ----------
    network : BrunelNetwork
    drive, rate : array_like
        Drive and population rate (Hz) in successive bins; up first, then down.
    alt : str
    """
    figure, axes = new(height=3.9)
    ratio = np.unique(np.concatenate([np.linspace(0.4, 1.0, 400), saddle_nodes(network)]))
    rates, _, gains = stationary_grid(network, g=[network.g], external_ratio=ratio)
    x = np.broadcast_to(ratio[:, None], rates[0].shape)
    for stable, style in ((True, {"color": THEORY}), (False, {"color": "#999999"})):
        chosen = np.isfinite(gains[0]) & ((gains[0] < 1) == stable)
        axes.plot(x[chosen], rates[0][chosen], ".", markersize=2.5, rasterized=True, **style)
    turn = int(np.argmax(drive))
    axes.plot(
        drive[: turn + 1], rate[: turn + 1], ">-", color=OTHERS[0], linewidth=0.8, markersize=6
    )
    axes.plot(drive[turn:], rate[turn:], "<--", color=OTHERS[1], linewidth=0.8, markersize=6)
    axes.annotate("drive rising", (drive[turn // 2], 0), xytext=(0, 12), color=OTHERS[0],
                  textcoords="offset points", ha="center")  # fmt: skip
    back = (turn + len(drive)) // 2
    axes.annotate("drive falling", (drive[back], rate[back]), xytext=(0, 14), color=OTHERS[1],
                  textcoords="offset points", ha="right")  # fmt: skip
    axes.set(xlabel=_DRIVE, ylabel="rate (Hz)", xlim=(min(drive), max(drive)))
    return described(figure, alt)


# Irregularity and synchrony -----------------------------------------------------------------------


def states(runs, *, alt, window=80.0, neurons=40):
    """Draw raster, population rate and spectrum of several runs, a row each.

    Parameters
    ----------
    runs : dict
        {name: LifRun}.
    alt : str
    window : float
        Time shown, ms.
    neurons : int
        Neurons shown in the raster.
    """
    figure, panels = new(width=7.6, height=0.4 + 1.35 * len(runs), nrows=len(runs), ncols=3,
                         width_ratios=[1.4, 1.4, 1])  # fmt: skip
    for (name, run), (raster, course, spectrum) in zip(runs.items(), panels, strict=True):
        times, senders, n = run.times, run.senders, run.network.n
        shown = (senders < neurons) & (times < window)
        raster.plot(times[shown], senders[shown], ".", color=THEORY, markersize=2.2,
                    rasterized=True)  # fmt: skip
        rate = population_rate(times[times < window], n, window, 0.5)
        course.plot(0.25 + 0.5 * np.arange(rate.size), rate, color=OTHERS[0], linewidth=1)
        frequency, power = population_spectrum(times, n, run.duration, 0.5, min(run.duration, 250))
        spectrum.semilogy(frequency, power, color=OTHERS[1], linewidth=1)
        raster.set(ylabel=name, yticks=[], xlim=(0, window))
        course.set(xlim=(0, window), ylim=(0, None))
        spectrum.set(xlim=(0, 800))
    for axes, title in zip(panels[0], ("neurons", "rate (Hz)", "power (Hz)"), strict=True):
        axes.set_title(title)
    for axes, label in zip(panels[-1], ("time (ms)", "time (ms)", "frequency (Hz)"), strict=True):
        axes.set_xlabel(label)
    return described(figure, alt)


def nyquist(networks, *, alt, highest=280.0):
    """Draw the loop gain in the complex plane, from 1 Hz up; 1 is the point of instability.

    Parameters
    ----------
    networks : dict
        {name: BrunelNetwork}.
    alt : str
    highest : float
        Largest frequency, Hz.
    """
    figure, axes = new(width=5.6, height=4.4)
    frequency = np.linspace(1, highest, 2000)
    for (name, network), colour in zip(networks.items(), _COLOURS, strict=False):
        gain, worst = loop_gain(network, frequency), oscillation(network)
        label = f"{name}, real at {worst.frequency:.0f} Hz"
        axes.plot(gain.real, gain.imag, color=colour, label=label)
        axes.plot(worst.gain, 0, "o", color=colour)
    axes.legend(loc="lower left")
    axes.plot(1, 0, "x", color=THEORY, markersize=10)
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.set(xlabel="real part of the loop gain", ylabel="imaginary part", xlim=(-3.5, 1.8))
    return described(figure, alt)


def phase_diagram(lines, *, alt, simulated=None, zoom=None):
    """Draw the lines of instability, over what simulations show.

    Parameters
    ----------
    lines : list of Line
    alt : str
    simulated : xarray.Dataset, optional
        A map that ships with the course: the darker, the more synchronous, and a dot where the
        neurons are irregular (CV above 1/2).
    zoom : ((float, float), (float, float)), optional
        Limits in g and drive.
    """
    limits = zoom or ((2.5, 8.0), (0.5, 4.5))
    figure, axes = new(width=6.4, height=4.6)
    if simulated is not None:
        shades = _shaded(axes, simulated.synchrony, LogNorm(30, 3000))
        _bar(shades, axes, (30, 100, 300, 1000, 3000)).set_label("Fano factor of the count in 1 ms")
        irregular = simulated.cv.stack(point=("g", "external_ratio"))
        irregular = irregular[irregular > 0.5]
        axes.plot(irregular.g, irregular.external_ratio, ".", color="#777777", markersize=3)
        for name, g, ratio in (
            ("SR", 2.85, 3.2),
            ("AR", 3.62, 3.2),
            ("AI", 5.7, 1.5),
            ("SI", 7, 4),
        ):
            axes.text(g, ratio, name, fontweight="bold", ha="center", va="center", zorder=3)
    _draw_lines(axes, lines, limits, named=True)
    axes.set(xlabel=_INHIBITION, ylabel=_DRIVE, xlim=limits[0], ylim=limits[1])
    return described(figure, alt)


def maps(simulated, lines, *, alt):
    """Draw rate, CV, synchrony and frequency over the plane, and theory's lines over them.

    Parameters
    ----------
    simulated : xarray.Dataset
        A map that ships with the course, over g and drive.
    lines : list of Line
    alt : str
    """
    figure, axes = new(width=7.8, height=4.6, nrows=2, ncols=2, sharex=True, sharey=True)
    limits = (2.125, 8.125), (0.4, 4.4)
    for place, (quantity, title, norm, ticks) in zip(
        axes.flat,
        (
            ("rate", "rate (Hz)", LogNorm(1, 334), (1, 3, 10, 30, 100, 300)),
            ("cv", "CV of the intervals", Normalize(0, 2), (0, 0.5, 1, 1.5, 2)),
            ("synchrony", "Fano factor", LogNorm(20, 700), (20, 50, 100, 200, 500)),
            ("frequency", "main frequency (Hz)", LogNorm(15, 700), (20, 50, 100, 200, 500)),
        ),
        strict=True,
    ):
        _bar(_shaded(place, simulated[quantity], norm), place, ticks)
        _draw_lines(place, lines, limits, named=quantity == "synchrony")
        place.text(7.3, 0.6, "silent", color="#666666", va="center", ha="center")
        place.set(title=title, xlim=limits[0], ylim=limits[1])
    for place in axes[1]:
        place.set_xlabel(_INHIBITION)
    for place in axes[:, 0]:
        place.set_ylabel(_DRIVE)
    return described(figure, alt)


def _shaded(axes, values, norm):
    """Draw one square for each point of a map."""
    x, y = values.g.values, values.external_ratio.values
    return axes.pcolormesh(
        x, y, values.transpose("external_ratio", "g").values, cmap=_SHADES, norm=norm,
        rasterized=True, zorder=0,
    )  # fmt: skip


def _bar(shades, axes, ticks):
    """Draw the key of the shades, with plain numbers."""
    bar = axes.figure.colorbar(shades, ax=axes)
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.minorticks_off()
    return bar


def _draw_lines(axes, lines, limits, *, named):
    """Draw lines of instability, each with its kind's name beside it."""
    (low_g, high_g), (low, high) = limits
    for line in lines:
        axes.plot(line.g, line.external_ratio, zorder=2, **_KINDS[line.kind])
        inside = (line.g > low_g) & (line.g < high_g)
        inside &= (line.external_ratio > low) & (line.external_ratio < high)
        if named and inside.any():
            place = np.flatnonzero(inside)[inside.sum() // 3]
            drop = -13 if line.kind == "saddle-node" else 5
            axes.annotate(
                line.kind,
                (line.g[place], line.external_ratio[place]),
                xytext=(5, drop),
                textcoords="offset points",
                color=_KINDS[line.kind]["color"],
                zorder=3,
            )


def delay_lines(families, *, alt):
    """Draw the lines of oscillation for several delays.

    Parameters
    ----------
    families : dict
        {delay in ms: list of Line}.
    alt : str
    """
    figure, axes = new(width=6.4, height=4.2)
    for (delay, lines), colour in zip(families.items(), _COLOURS, strict=False):
        for line in lines:
            if line.kind != "saddle-node":
                style = _KINDS[line.kind]["linestyle"]
                axes.plot(line.g, line.external_ratio, color=colour, linestyle=style)
        axes.plot([], [], color=colour, label=f"delay {delay:g} ms")
    axes.legend(loc="upper right")
    axes.set(xlabel=_INHIBITION, ylabel=_DRIVE, xlim=(2.5, 8), ylim=(0.5, 4.5))
    return described(figure, alt)


def finite_size(frequency, theory, runs, *, alt):
    """Draw the spectrum of the population rate, times the number of neurons.

    Parameters
    ----------
    frequency : numpy.ndarray
        Hz.
    theory : dict
        {label: one-sided spectrum times the number of neurons, Hz**2}; all but the first dashed.
    runs : dict
        {label: LifRun}.
    alt : str
    """
    figure, axes = new(height=3.8)
    for number, (label, power) in enumerate(theory.items()):
        axes.semilogy(frequency, power, "--" if number else "-", color=THEORY, label=label)
    for (label, run), colour in zip(runs.items(), OTHERS, strict=False):
        n = run.network.n
        found, power = population_spectrum(run.times, n, run.duration, 0.5, 100.0)
        chosen = (found >= frequency[0]) & (found <= frequency[-1])
        axes.semilogy(found[chosen], n * power[chosen], ".", color=colour, label=label)
    axes.legend()
    axes.set(
        xlabel="frequency (Hz)", ylabel=r"$N \times$ power (Hz$^2$)", xlim=(0, frequency[-1] * 1.15)
    )
    return described(figure, alt)


def irregularity_gap(coloured, levels, *, alt):
    """Draw the CV, round by round, as noise and spike trains become consistent.

    Parameters
    ----------
    coloured : ColouredState
    levels : dict
        {label: CV} drawn as horizontal lines.
    alt : str
    """
    figure, axes = new(height=3.4)
    rounds = np.arange(coloured.cvs.size)
    axes.plot(rounds, coloured.cvs, "o-", color=THEORY)
    for (label, value), colour in zip(levels.items(), OTHERS, strict=False):
        axes.axhline(value, color=colour, linewidth=1.2, linestyle="--")
        drop = 5 if value > coloured.cv else -14
        axes.annotate(label, (rounds[-1], value), xytext=(0, drop), ha="right", color=colour,
                      textcoords="offset points")  # fmt: skip
    axes.set(xlabel="round", ylabel="CV of intervals", ylim=(0.3, 0.75))
    return described(figure, alt)


def walk(run, found, *, alt, window=80.0, neurons=40):
    """Draw raster and population rate of one run, with what it shows as the title.

    Parameters
    ----------
    run : LifRun
    found : MeasuredState
    alt : str
    window : float
        Time shown, ms.
    neurons : int
        Neurons shown.
    """
    figure, (raster, course) = new(width=6.4, height=3.6, nrows=2, sharex=True)
    times, senders = run.times, run.senders
    shown = (senders < neurons) & (times < window)
    raster.plot(times[shown], senders[shown], ".", color=THEORY, markersize=2.5, rasterized=True)
    rate = population_rate(times[times < window], run.network.n, window, 0.5)
    course.plot(0.25 + 0.5 * np.arange(rate.size), rate, color=OTHERS[0], linewidth=1)
    title = f"{found.rate:.1f} Hz, CV {found.cv:.2f}, strongest at {found.frequency:.0f} Hz"
    raster.set(ylabel="neurons", yticks=[], title=title)
    course.set(xlabel="time (ms)", ylabel="rate (Hz)", xlim=(0, window), ylim=(0, None))
    return described(figure, alt)
