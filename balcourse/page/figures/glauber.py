"""Figures of the lessons on Glauber dynamics: laws, currents, correlations, spreading damage.

Simulation is points, theory a line; time in units of the mean time between updates of a unit.
"""

import dataclasses

import numpy as np
from matplotlib.patches import FancyArrowPatch

from balcourse.page import figures
from balcourse.page.figures import E_STYLE, I_STYLE, OTHERS, THEORY
from balcourse.theory import glauber as theory


def pair(network, points, counts, *, alt):
    """Draw how often two coupled units are in each state; `counts` has shape (points, 4)."""
    figure, axes = figures.new()
    temperatures = np.linspace(0.05, max(points), 60)
    expected = np.array(
        [theory.boltzmann(dataclasses.replace(network, temperature=one)) for one in temperatures]
    )
    share = counts / counts.sum(axis=1, keepdims=True)
    labels = {0: "both 0", 1: "only one (each)", 3: "both 1"}
    for (state, label), color, style in zip(labels.items(), OTHERS, ("--", ":", "-"), strict=False):
        (line,) = axes.plot(temperatures, expected[:, state], style, color=color)
        figures.label_line(axes, line, label, xytext=(6, {0: 0, 1: -9, 3: 9}[state]))
        axes.plot(points, share[:, state], "os^D"[state], color=color, fillstyle="none")
    axes.set(xlabel="temperature $T$", ylabel="probability", xlim=(0, None), ylim=(0, None))
    return figures.described(figure, alt)


def laws(states, curves, counts=None, *, alt):
    """Draw stationary laws over all states; `curves` is a sequence of (name, law).

    `counts` are those of a simulation of the first one.
    """
    figure, axes = figures.new(6.8, 3.6)
    places = np.arange(len(states))
    for number, (name, law) in enumerate(curves):
        color, style = ((THEORY, "-"), (OTHERS[0], "--"))[number]
        axes.step(places, law, style, where="mid", color=color)
        axes.annotate(name, (0.98, 0.92 - 0.09 * number), xycoords="axes fraction", color=color,
                      ha="right")  # fmt: skip
    if counts is not None:
        share = counts / counts.sum()
        error = np.sqrt(share * (1 - share) / counts.sum())
        axes.errorbar(places, share, 2 * error, fmt="o", color=THEORY, fillstyle="none")
    names = ["".join("01"[one] for one in state) for state in states.astype(int)]
    axes.set_xticks(places, names, rotation=90)
    axes.set(xlabel="state", ylabel="probability", ylim=(0, None))
    return figures.described(figure, alt)


def spectra(symmetric, asymmetric, *, alt):
    """Draw the eigenvalues of two generators in the complex plane."""
    figure, axes = figures.new(6.4, 3.2)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.plot(symmetric.real, np.imag(symmetric), "o", color=THEORY, fillstyle="none")
    axes.plot(asymmetric.real, asymmetric.imag, "^", color=OTHERS[0])
    axes.annotate("symmetric: circles", (0.02, 0.9), xycoords="axes fraction", color=THEORY)
    axes.annotate("asymmetric: triangles", (0.02, 0.8), xycoords="axes fraction", color=OTHERS[0])
    axes.set(xlabel=r"real part ($1/\tau$)", ylabel=r"imaginary part ($1/\tau$)")
    return figures.described(figure, alt)


def currents(states, matrix, *, alt):
    """Draw the net currents between all states, placed on a circle, as arrows of that width."""
    figure, axes = figures.new(5.0, 5.0)
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    axes.axis("off")
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(states)) / len(states)
    places = np.column_stack([np.cos(angles), np.sin(angles)])
    widest = matrix.max()
    for target, source in np.argwhere(matrix > 0.02 * widest):
        axes.add_patch(
            FancyArrowPatch(
                places[source], places[target], connectionstyle="arc3,rad=0.15", arrowstyle="-|>",
                mutation_scale=9, shrinkA=9, shrinkB=9, color=OTHERS[0],
                linewidth=0.4 + 4 * matrix[target, source] / widest,
            )
        )  # fmt: skip
    for state, place in zip(states.astype(int), places, strict=True):
        axes.text(*(1.16 * place), "".join(map(str, state)), ha="center", va="center")
        axes.plot(*place, "o", color=THEORY, markersize=4)
    return figures.described(figure, alt)


def driving(asymmetry, production, *, alt):
    """Draw the entropy production against the share of antisymmetric coupling."""
    figure, axes = figures.new(5.6, 3.2)
    axes.plot(asymmetry, production, color=THEORY)
    axes.set(
        xlabel="antisymmetric part $a$", ylabel=r"entropy production ($1/\tau$)", xlim=(0, None),
        ylim=(0, None),
    )  # fmt: skip
    return figures.described(figure, alt)


def returns(runs, *, alt):
    """Draw which fraction of units changed since one and two sweeps ago: (name, states) pairs."""
    figure, panels = figures.new(6.8, 3.2, ncols=2, sharey=True)
    for axes, (name, states) in zip(panels, runs, strict=True):
        for back, style in (
            (1, {"color": OTHERS[0], "marker": "o"}),
            (2, {"color": OTHERS[1], "marker": "s"}),
        ):
            changed = (states[back:] != states[:-back]).mean(axis=1)
            (line,) = axes.plot(
                np.arange(back, len(states)), changed, fillstyle="none", linewidth=1, **style
            )
            axes.annotate(
                f"since {back} sweep{'s' * (back - 1)}", (0.98, 0.92 - 0.1 * (back - 1)),
                xycoords="axes fraction", color=line.get_color(), ha="right",
            )  # fmt: skip
        axes.set(xlabel="sweeps", title=name, ylim=(-0.04, 1.04))
    panels[0].set_ylabel("fraction of units changed")
    return figures.described(figure, alt)


def scaling(several, found, *, alt):
    """Draw pair covariances times N of `several` populations; `found` is (several, runs, 2, 2)."""
    figure, axes = figures.new()
    sizes = np.array([one.size[0] for one in several])
    scaled = found * sizes[:, None, None, None]
    noise = theory.linear_noise(several[-1])
    styles = (E_STYLE, {"color": OTHERS[0], "linestyle": "-."}, I_STYLE)
    for number, (place, name) in enumerate((((0, 0), "EE"), ((0, 1), "EI"), ((1, 1), "II"))):
        expected = noise.pair_covariance[place] * sizes[-1]
        (line,) = axes.plot([sizes[0] / 1.3, sizes[-1] * 1.3], [expected] * 2, **styles[number])
        figures.label_line(axes, line, name, xytext=(4, (-6, 6, 0)[number]))
        values = scaled[:, :, *place]
        error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
        axes.errorbar(sizes, values.mean(axis=1), error, fmt="oDs"[number],
                      color=line.get_color(), fillstyle="none")  # fmt: skip
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xscale="log", xlabel="units in a population $N$", ylabel="covariance of a pair × $N$")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    return figures.described(figure, alt)


def delayed(populations, lags, found, *, alt):
    """Draw the E-I covariance over both signs of the lag; `found` has shape (runs, lags, 2, 2)."""
    figure, axes = figures.new()
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    size, line = populations.size[0], np.linspace(0, lags[-1], 100)
    expected = theory.linear_noise(populations).delayed_pairs(line) * size
    mean, error = found.mean(axis=0) * size, found.std(axis=0, ddof=1) * size / len(found) ** 0.5
    for sign, place in ((1, (1, 0)), (-1, (0, 1))):
        axes.plot(sign * line, expected[:, *place], color=THEORY)
        axes.errorbar(sign * np.asarray(lags), mean[:, *place], error[:, *place], fmt="o",
                      color=OTHERS[0], fillstyle="none")  # fmt: skip
    axes.annotate("E first", (0.98, 0.92), xycoords="axes fraction", ha="right")
    axes.annotate("I first", (0.02, 0.92), xycoords="axes fraction")
    axes.set(xlabel=r"time from E to I ($\tau$)", ylabel="covariance of an E-I pair × $N$")
    return figures.described(figure, alt)


def fluctuation_response(networks, times, *, alt):
    """Draw the response of unit 0 times T against its lost covariance, for (name, network)."""
    figure, axes = figures.new(5.6, 4)
    styles = ({"color": THEORY, "marker": "o"}, {"color": OTHERS[0], "marker": "^"})
    for (name, network), style in zip(networks, styles, strict=True):
        lost = theory.covariance(network)[0, 0, 0] - theory.covariance(network, times)[:, 0, 0]
        response = network.temperature * theory.step_response(network, times)[:, 0, 0]
        (line,) = axes.plot(lost, response, fillstyle="none", linewidth=1, **style)
        figures.label_line(axes, line, name, xytext=(6, 0))
    axes.plot([0, 0.25], [0, 0.25], color="0.7", linewidth=1, zorder=0)
    axes.set(xlabel="covariance lost, $C(0) - C(t)$", ylabel=r"response, $T\,\chi(t)$",
             xlim=(0, 0.36), ylim=(0, None))  # fmt: skip
    return figures.described(figure, alt)


def order_parameters(lags, curves, points, *, alt):
    """Draw the decay of q(lag) in several networks: (name, theory, simulated) each."""
    figure, axes = figures.new(6.8, 4.2)
    for number, (name, expected, simulated) in enumerate(curves):
        color = OTHERS[number]
        axes.plot(lags, expected, ("-", "--", "-.", ":")[number], color=color)
        axes.plot(points, simulated, "osD^"[number], color=color, fillstyle="none")
        axes.annotate(name, (lags[0], expected[0]), (-4, 0), textcoords="offset points", ha="right",
                      va="center", color=color)  # fmt: skip
    axes.set(xlabel=r"time between samples ($\tau_E$)", ylabel="mean product of states $q_E$",
             xlim=(-0.38 * lags[-1], None), ylim=(0, None))  # fmt: skip
    axes.set_xticks(np.arange(0, lags[-1] + 0.1, 2))
    return figures.described(figure, alt)


def laws_at(temperature, *, network):
    """Draw the laws of single and of parallel updates at one temperature, for the explorer."""
    single = dataclasses.replace(network, temperature=temperature)
    together = dataclasses.replace(single, parallel=True)
    one, other = theory.boltzmann(single), theory.boltzmann(together)
    distance = np.abs(one - other).sum() / 2
    alt = f"At T = {temperature} the most likely state under single updates has probability "
    alt += f"{one.max():.2f}; the law of parallel updates differs from theirs by {distance:.2f}."
    return laws(theory.all_states(network.n), [("single", one), ("parallel", other)], alt=alt)


def healing(runs, *, alt):
    """Draw the fraction of differing units against time, for (temperature, `Damage`) pairs."""
    figure, axes = figures.new()
    for (temperature, run), color, style in zip(runs, OTHERS, ("-", "--", "-.", ":"), strict=False):
        mean = run.distance_e.mean(axis=0)
        (line,) = axes.plot(run.times, np.where(mean > 0, mean, np.nan), style, color=color)
        last = np.flatnonzero(mean)[-1]
        figures.label_line(axes, line, f"$T = {temperature:g}$", at=last, xytext=(4, 5))
    axes.set(yscale="log", xlabel=r"time ($\tau_E$)", ylabel="fraction of E that differs")
    return figures.described(figure, alt)


def healing_border(warmth, changed, critical, *, alt):
    """Draw K D against T / sqrt(K), a style for each K, and the borders of theory as lines.

    `changed` and `critical` map K to K D, of the shape of `warmth`, and to T_c / sqrt(K).
    """
    figure, axes = figures.new(5.8, 3.6)
    for (k, values), style, color in zip(changed.items(), "osD^", OTHERS, strict=False):
        axes.plot(warmth, values, style, color=color, fillstyle="none", label=f"K = {k}")
        axes.axvline(critical[k], color=THEORY, linewidth=1)
    place = (max(critical.values()), 0.9)
    options = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    axes.annotate("theory", place, (5, 0), **options)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.legend(loc="lower left")
    axes.set(xlabel=r"temperature, $T/\sqrt{K}$", ylabel="changed inputs of a neuron, $KD$")
    return figures.described(figure, alt)


def smooth_exponents(gains, expected, points, growth, *, alt):
    """Draw the largest exponent of a random rate network; `growth` is (points, intervals)."""
    figure, axes = figures.new(5.8, 3.6)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    (line,) = axes.plot(gains, expected, color=THEORY)
    figures.label_line(axes, line, r"$N\to\infty$")
    error = growth.std(axis=1, ddof=1) / np.sqrt(growth.shape[1])
    axes.errorbar(points, growth.mean(axis=1), 2 * error, fmt="o", color=THEORY, fillstyle="none")
    axes.set(xlabel="gain $g$", ylabel=r"largest exponent ($1/\tau$)")
    return figures.described(figure, alt)


def spiking_exponents(drives, growth, *, alt):
    """Draw exponents of theta and LIF networks; `growth` maps the name to (drives, intervals)."""
    figure, axes = figures.new(5.8, 3.6)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    for (name, values), color, mark in zip(growth.items(), OTHERS, "os", strict=False):
        error = values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
        line = axes.errorbar(drives, values.mean(axis=1), 2 * error, fmt=mark + "-", color=color,
                             fillstyle="none")[0]  # fmt: skip
        figures.label_line(axes, line, name, xytext=(8, 0))
    axes.set(xlabel="external drive", ylabel=r"exponent across the flow ($1/\tau$)")
    return figures.described(figure, alt)


def flux_tubes(sizes, distance, *, alt):
    """Draw the final distance against the first; `distance` has shape (directions, sizes)."""
    figure, axes = figures.new(5.8, 3.6)
    axes.plot(
        sizes, np.maximum(distance.T, 1e-16), "o", color=THEORY, fillstyle="none", markersize=4
    )
    axes.set(xscale="log", yscale="log", xlabel="size of the perturbation",
             ylabel="distance much later")  # fmt: skip
    return figures.described(figure, alt)
