"""Figures of the lessons on Glauber dynamics: laws, currents, correlations, spreading damage.

Simulation is points, theory a line; time in units of the mean time between updates of a unit.
"""

import dataclasses

import numpy as np
from matplotlib.patches import FancyArrowPatch

from balcourse.page import figures
from balcourse.page.figures import E_STYLE, I_STYLE, THEORY, E, I
from balcourse.theory import glauber as theory

_PURPLE = "#8A5A9E"


def pair(temperatures, expected, points, simulated, *, alt):
    """Draw how often two coupled units are in each state; `expected` has shape (T, 4)."""
    figure, axes = figures.new()
    labels = ("both 0", "0 and 1 (or 1 and 0)", None, "both 1")
    styles = (I_STYLE, {"color": THEORY, "linestyle": ":"}, None, E_STYLE)
    for state, (label, style) in enumerate(zip(labels, styles, strict=True)):
        if label:
            (line,) = axes.plot(temperatures, expected[:, state], **style)
            shift = {0: 7, 1: -7, 3: 0}[state]
            figures.label_line(axes, line, label, xytext=(4, shift))
            axes.plot(points, simulated[:, state], "os^D"[state], color=style["color"],
                      fillstyle="none")  # fmt: skip
    axes.axhline(0.25, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xlabel="temperature $T$", ylabel="probability", xlim=(0, None), ylim=(0, None))
    return figures.described(figure, alt)


def laws(states, curves, counts=None, *, alt):
    """Draw stationary laws over all states; `curves` is a sequence of (name, law).

    `counts` are those of a simulation of the first one.
    """
    figure, axes = figures.new(6.8, 3.6)
    places = np.arange(len(states))
    for number, (name, law) in enumerate(curves):
        color, style = ((THEORY, "-"), (_PURPLE, "--"))[number]
        axes.step(places, law, style, where="mid", color=color)
        axes.annotate(name, (0.98, 0.92 - 0.09 * number), xycoords="axes fraction", color=color,
                      ha="right")  # fmt: skip
    if counts is not None:
        share = counts / counts.sum()
        error = np.sqrt(share * (1 - share) / counts.sum())
        axes.errorbar(places, share, 2 * error, fmt="o", color=E, fillstyle="none")
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
    axes.plot(asymmetric.real, asymmetric.imag, "^", color=E)
    axes.annotate("symmetric: circles", (0.02, 0.9), xycoords="axes fraction", color=THEORY)
    axes.annotate("asymmetric: triangles", (0.02, 0.8), xycoords="axes fraction", color=E)
    axes.set(xlabel=r"real part ($1/\tau$)", ylabel=r"imaginary part ($1/\tau$)")
    return figures.described(figure, alt)


def currents(states, matrix, *, alt):
    """Draw the net currents between all states, placed on a circle, as arrows of that width."""
    figure, axes = figures.new(5.2, 5.2)
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal")
    axes.axis("off")
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(states)) / len(states)
    places = np.column_stack([np.cos(angles), np.sin(angles)])
    widest = matrix.max()
    for target, source in np.argwhere(matrix > 0.02 * widest):
        axes.add_patch(
            FancyArrowPatch(
                places[source], places[target], connectionstyle="arc3,rad=0.15", arrowstyle="-|>",
                mutation_scale=9, shrinkA=9, shrinkB=9, color=E,
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
        for back, style in ((1, {"color": _PURPLE, "marker": "o"}), (2, {"color": E, "marker": "s"})):
            changed = (states[back:] != states[:-back]).mean(axis=1)
            (line,) = axes.plot(
                np.arange(back, len(states)), changed, fillstyle="none", linewidth=1, **style
            )
            axes.annotate(
                f"since {back} sweep{'s' * (back - 1)}", (len(states) - 1, changed[-1]), (0, 6),
                color=line.get_color(), ha="right", textcoords="offset points",
            )  # fmt: skip
        axes.set(xlabel="sweeps", title=name, ylim=(-0.04, 1.04))
    panels[0].set_ylabel("fraction of units changed")
    return figures.described(figure, alt)


def scaling(sizes, expected, points, measured, error, *, alt):
    """Draw pair covariances (EE, EI, II) against the number of units; arrays (sizes, 3)."""
    figure, axes = figures.new()
    styles = (E_STYLE, {"color": _PURPLE, "linestyle": "-."}, I_STYLE)
    for pair_, (name, style) in enumerate(zip(("EE", "EI", "II"), styles, strict=True)):
        (line,) = axes.plot(sizes, expected[:, pair_], **style)
        figures.label_line(axes, line, name, xytext=(4, (-5, 5, 0)[pair_]))
        axes.errorbar(points, measured[:, pair_], error[:, pair_], fmt="oDs"[pair_],
                      color=style["color"], fillstyle="none")  # fmt: skip
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set(xscale="log", xlabel="units in a population $N$", ylabel="covariance of a pair × $N$")
    axes.set_xticks(points, [str(size) for size in points], minor=False)
    axes.minorticks_off()
    return figures.described(figure, alt)


def delayed(lags, expected, points, measured, error, *, alt):
    """Draw the covariance of E at a time with I at another, over both signs of the lag."""
    figure, axes = figures.new()
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.plot(lags, expected, color=THEORY)
    axes.errorbar(points, measured, error, fmt="o", color=_PURPLE, fillstyle="none")
    axes.annotate("E first", (0.98, 0.92), xycoords="axes fraction", ha="right")
    axes.annotate("I first", (0.02, 0.92), xycoords="axes fraction")
    axes.set(xlabel=r"I later than E by ($\tau$)", ylabel="E-I covariance × $N$")
    return figures.described(figure, alt)


def fluctuation_response(curves, *, alt):
    """Draw response times T against lost covariance; `curves` is (name, lost, response) each."""
    figure, axes = figures.new(5.2, 4)
    top = max(lost.max() for _, lost, _ in curves)
    axes.plot([0, top], [0, top], color="0.7", linewidth=1)
    for (name, lost, response), style in zip(
        curves, ({"color": THEORY, "marker": "o"}, {"color": E, "marker": "^"}), strict=True
    ):
        (line,) = axes.plot(lost, response, fillstyle="none", linewidth=1, **style)
        figures.label_line(axes, line, name, xytext=(6, 0))
    axes.set(xlabel="covariance lost, $C(0) - C(t)$", ylabel=r"response, $T\,\chi(t)$",
             xlim=(0, 1.5 * top), ylim=(0, None))  # fmt: skip
    return figures.described(figure, alt)


def order_parameters(lags, curves, points, *, alt):
    """Draw the decay of q(lag) in several networks: (name, theory, simulated) each."""
    figure, axes = figures.new(6.8, 4.2)
    colors = (E, _PURPLE, THEORY, I)
    for number, (name, expected, simulated) in enumerate(curves):
        axes.plot(lags, expected, ("-", "--", "-.", ":")[number], color=colors[number])
        axes.plot(points, simulated, "osD^"[number], color=colors[number], fillstyle="none")
        axes.annotate(name, (lags[0], expected[0]), (-4, 0), textcoords="offset points", ha="right",
                      va="center", color=colors[number])  # fmt: skip
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
