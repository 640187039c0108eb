"""Figures of the lessons on balance and chaos: inputs, response, tracking, spreading damage.

Simulation is points, theory a line; time in units of tau_E = 1.
"""

import dataclasses

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch

from balcourse.page import figures
from balcourse.page.figures import (
    E_STYLE,
    EXTERNAL,
    EXTERNAL_STYLE,
    I_STYLE,
    OTHERS,
    THEORY,
    E,
    I,
)
from balcourse.theory import balance

_STYLES = (E_STYLE, I_STYLE)
_NAMES = ("E", "I")


def architecture(network, *, alt):
    """Draw the three populations and the strengths between them, of a `BalancedNetwork`."""
    figure, axes = figures.new(5.6, 3.2)
    axes.set(xlim=(-0.4, 5.2), ylim=(-1.75, 1.75), aspect="equal")
    axes.axis("off")
    places = {"0": (0.2, 0.0, EXTERNAL), "E": (3.0, 1.0, E), "I": (3.0, -1.0, I)}
    for name, (x, y, color) in places.items():
        axes.add_patch(Circle((x, y), 0.42, fill=False, edgecolor=color, linewidth=2))
        axes.text(x, y, name, ha="center", va="center", color=color, fontsize=14)

    def arrow(start, end, color, bend, head, label, at):
        axes.add_patch(
            FancyArrowPatch(
                start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle=head,
                mutation_scale=14, color=color, linewidth=1.8, shrinkA=0, shrinkB=2,
            )
        )  # fmt: skip
        axes.text(*at, label, color=color, ha="center", va="center")

    def strength(symbol, value):
        return f"${symbol}={value:g}$"

    plus, minus = "-|>", "|-|,widthA=0,widthB=0.4"
    outside = (network.external_e, network.external_i)
    arrow((0.6, 0.15), (2.58, 0.95), EXTERNAL, 0, plus, strength("E", outside[0]), (1.4, 0.85))
    arrow((0.6, -0.15), (2.58, -0.95), EXTERNAL, 0, plus, strength("I", outside[1]), (1.4, -0.9))
    arrow((2.8, 0.62), (2.8, -0.6), E, 0.25, plus, "$J_{IE}=1$", (2.05, 0.0))
    arrow((3.2, -0.62), (3.2, 0.6), I, 0.25, minus, strength("J_{EI}", -network.j_e), (4.15, 0.0))
    arrow((3.3, 1.32), (3.42, 0.92), E, -2.2, plus, "$J_{EE}=1$", (4.2, 1.32))
    arrow(
        (3.3, -1.32), (3.42, -0.92), I, 2.2, minus, strength("J_{II}", -network.j_i), (4.35, -1.32)
    )
    return figures.described(figure, alt)


def input_scaling(k, simulated, theory, *, alt):
    """Draw mean excitation, mean inhibition and the sum's mean and spread against K.

    `simulated` and `theory` have shape (4, K): excitation, inhibition (positive), net, spread.
    """
    figure, axes = figures.new()
    names = ("excitation", "inhibition", "net input", "its spread")
    styles = (E_STYLE, I_STYLE, {"color": THEORY, "linestyle": "-"},
              {"color": OTHERS[0], "linestyle": ":"})  # fmt: skip
    for number, (name, style, mark) in enumerate(zip(names, styles, "osDv", strict=True)):
        axes.plot(k, theory[number], **style)
        axes.plot(k, simulated[number], mark, color=style["color"], fillstyle="none")
        offset = {"excitation": 7, "inhibition": -7}.get(name, 0)
        axes.annotate(name, (k[-1], theory[number][-1]), (6, offset), color=style["color"],
                      textcoords="offset points", va="center")  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1, linscale=0.6)
    axes.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    axes.set(
        xlim=(None, k[-1] * 4), xlabel="connections $K$", ylabel=r"input to an E cell ($\theta_E$)"
    )
    axes.set_yticks([-1, 0, 1, 10], ["-1", "0", "1", "10"])
    return figures.described(figure, alt)


def input_of_one_cell(run, cell, *, alt):
    """Draw excitation, inhibition and their sum for one traced neuron of a run."""
    figure, (wide, near) = figures.new(6.8, 4.6, nrows=2, sharex=True, height_ratios=[1.2, 1])
    excitation, inhibition = run.excitation[:, cell], run.inhibition[:, cell]
    for axes in (wide, near):
        (net,) = axes.plot(run.times, excitation + inhibition, color=THEORY, linewidth=1.2)
        axes.axhline(run.thresholds[cell], color=OTHERS[0], linewidth=1.2, linestyle=":")
    lines = [wide.plot(run.times, excitation, **E_STYLE | {"linewidth": 1})[0],
             wide.plot(run.times, inhibition, **I_STYLE | {"linewidth": 1})[0]]  # fmt: skip
    for line, name in zip([*lines, net], ("excitation", "inhibition", "net"), strict=True):
        figures.label_line(wide, line, name)
    near.annotate("threshold", (run.times[-1], run.thresholds[cell]), (4, 3), color=OTHERS[0],
                  textcoords="offset points", va="bottom")  # fmt: skip
    wide.set(ylabel=r"input ($\theta_E$)")
    near.set(ylabel=r"net input ($\theta_E$)", xlabel=r"time ($\tau_E$)")
    return figures.described(figure, alt)


def changed_strengths(names, simulated, theory, *, alt):
    """Draw the rates of networks with one strength changed; arrays of shape (networks, 2)."""
    figure, axes = figures.new(6.8, 0.32 * len(names) + 1.2)
    places = np.arange(len(names))[::-1]
    for k, (name, style) in enumerate(zip(_NAMES, _STYLES, strict=True)):
        shift = 0.14 * (0.5 - k) * 2
        axes.plot(theory[:, k], places + shift, "|", color=style["color"], markersize=14)
        axes.plot(simulated[:, k], places + shift, "os"[k], color=style["color"], fillstyle="none")
        axes.annotate(name, (simulated[0, k], places[0] + shift), (0, 12 - 30 * k),
                      textcoords="offset points", color=style["color"], ha="center")  # fmt: skip
    axes.set_yticks(places, names)
    axes.set(xlabel="fraction active (points: simulation; bars: theory)", xlim=(-0.02, None))
    axes.set_ylim(-0.7, len(names) - 0.1)
    return figures.described(figure, alt)


def population_response(m_0, limit, finite, points, simulated, *, alt):
    """Draw rates against the external rate: the limit, finite K, and simulations.

    `limit` (slopes) has shape (2,), `finite` (2, m_0), `simulated` (2, points, seeds).
    """
    figure, panels = figures.new(6.8, 3.6, ncols=2, sharey=True)
    for k, axes in enumerate(panels):
        (line,) = axes.plot(m_0, limit[k] * m_0, color="0.6", linewidth=1.2)
        figures.label_line(axes, line, r"$K\to\infty$", -1, xytext=(-8, -2), ha="right")
        axes.plot(m_0, finite[k], **_STYLES[k])
        error = simulated[k].std(axis=1, ddof=1) / np.sqrt(simulated.shape[2])
        axes.errorbar(points, simulated[k].mean(axis=1), error, fmt="os"[k], fillstyle="none",
                      color=_STYLES[k]["color"])  # fmt: skip
        axes.set(xlabel="external rate $m_0$", xlim=(0, None), ylim=(0, None))
        axes.set_title(("excitatory", "inhibitory")[k], color=_STYLES[k]["color"])
    panels[0].set_ylabel("fraction active $m$")
    return figures.described(figure, alt)


def rate_histograms(rates, grid, density, *, alt):
    """Draw local rates of both populations; `density` is the theory's, shape (2, grid)."""
    figure, panels = figures.new(6.8, 3.3, ncols=2, sharey=True)
    for k, axes in enumerate(panels):
        axes.hist(
            rates[k], np.linspace(0, 1, 41), density=True, color=_STYLES[k]["color"], alpha=0.35
        )
        axes.plot(grid, density[k], **_STYLES[k])
        axes.axvline(rates[k].mean(), color=THEORY, linewidth=1, linestyle=":")
        axes.set(xlabel="rate of one neuron", xlim=(0, 1))
        axes.set_title(("excitatory", "inhibitory")[k], color=_STYLES[k]["color"])
    panels[0].set_ylabel("density")
    return figures.described(figure, alt)


def rates_at(network, m_0, k):
    """Draw the theory's distributions of local rates at one external rate and one K."""
    sparse = dataclasses.replace(network, n_e=10**9, n_i=10**9, m_0=m_0, k=int(k))
    state = balance.mean_field(sparse)
    grid = np.linspace(0.005, 0.995, 199)
    density, _ = balance.rate_distribution(state, grid)
    figure, axes = figures.new(6.8, 3.3)
    for mean, curve, style in zip(state.m, density, _STYLES, strict=True):
        axes.plot(grid, curve, **style)
        axes.axvline(mean, color=style["color"], linewidth=1, linestyle=":")
    axes.axvline(m_0, color="0.6", linewidth=1.2)
    axes.text(m_0 + 0.01, 0.95, r"$K\to\infty$", color="0.45", va="top",
              transform=axes.get_xaxis_transform())  # fmt: skip
    axes.set(xlabel="rate of one neuron", ylabel="density", xlim=(0, 1), ylim=(0, 12))
    alt = (
        f"At m_0 = {m_0:g} and K = {k:,.0f} the mean rates are {state.m_e:.3f} (E) and "
        f"{state.m_i:.3f} (I); rates of E cells spread by {(state.q_e - state.m_e**2) ** 0.5:.3f}."
    )
    return figures.described(figure, alt)


def tracking(times, m_0, simulated, theory, slow, *, alt):
    """Draw the response of the E rate to a changing input; `slow` is an unbalanced population."""
    figure, (top, axes) = figures.new(6.8, 4.2, nrows=2, sharex=True, height_ratios=[1, 3])
    top.plot(times, m_0, **EXTERNAL_STYLE)
    top.set(ylabel="$m_0$")
    axes.plot(times, simulated, ".", color=E, markersize=4, alpha=0.6)
    (line,) = axes.plot(times, theory, **E_STYLE)
    (other,) = axes.plot(times, slow, color="0.45", linestyle="-.")
    figures.label_line(axes, line, "balanced", -1, xytext=(4, 5))
    figures.label_line(axes, other, "unbalanced", -1, xytext=(4, -7))
    axes.set(xlabel=r"time ($\tau_E$)", ylabel="excitatory rate $m_E$", xlim=(times[0], times[-1]))
    return figures.described(figure, alt)


def damage(runs, theory, *, alt):
    """Draw the distance of copies from one flip to the plateau, on logarithmic scales.

    `runs` is a sequence of (times, distance), `theory` one of (times, distance, label, at), with
    the point that carries the label.
    """
    figure, axes = figures.new(6.8, 4.2)
    for (times, values), mark in zip(runs, "osD", strict=False):
        axes.plot(times, values, mark, color=E, fillstyle="none", markersize=4)
    for (times, values, label, at), style in zip(theory, ("-", "--", ":"), strict=False):
        axes.plot(times, values, style, color=THEORY, linewidth=1.4)
        axes.annotate(
            label, (times[at], values[at]), (-6, 6), textcoords="offset points", ha="right"
        )
    axes.set(
        yscale="log", xscale="log", xlabel=r"time ($\tau_E$)", ylabel="fraction of E that differs"
    )
    return figures.described(figure, alt)


def exponents(root_k, theory, points, measured, *, alt):
    """Draw the growth rate of damage against sqrt(K); `measured` has shape (points, seeds)."""
    figure, axes = figures.new(5.6, 3.6)
    (line,) = axes.plot(root_k, theory, color=THEORY)
    figures.label_line(axes, line, "theory")
    error = measured.std(axis=1, ddof=1) / np.sqrt(measured.shape[1])
    axes.errorbar(points, measured.mean(axis=1), error, fmt="o", color=E, fillstyle="none")
    axes.set(xlabel=r"$\sqrt{K}$", ylabel=r"growth exponent ($1/\tau_E$)", xlim=(0, None))
    axes.set_ylim(0, None)
    return figures.described(figure, alt)


def autocorrelations(lags, theory, points, simulated, *, alt):
    """Draw q(lag) of both populations; the dotted line is a population without memory."""
    figure, axes = figures.new()
    for k, (name, style) in enumerate(zip(_NAMES, _STYLES, strict=True)):
        (line,) = axes.plot(lags, theory[k], **style)
        figures.label_line(axes, line, name)
        axes.plot(points, simulated[k], "os"[k], color=style["color"], fillstyle="none")
        bare = theory[k, -1] + (theory[k, 0] - theory[k, -1]) * np.exp(-lags / (1, 0.9)[k])
        axes.plot(lags, bare, ":", color=style["color"], linewidth=1)
    axes.set(
        xlabel=r"time between samples ($\tau_E$)",
        ylabel="mean product of states $q$",
        ylim=(0, None),
    )
    return figures.described(figure, alt)


def two_orders(same, independent, plateau, unrelated, *, alt):
    """Draw the distance of copies with a common and with independent update orders."""
    figure, axes = figures.new()
    for run, color, style, name in (
        (same, E, "-", "one order"),
        (independent, OTHERS[0], "--", "two orders"),
    ):
        (line,) = axes.plot(run.times, run.distance_e.mean(axis=0), style, color=color)
        axes.annotate(name, (run.times[len(run.times) // 6], line.get_ydata()[len(run.times) // 6]),
                      (6, -10), textcoords="offset points", color=color)  # fmt: skip
    for value, name in ((plateau, "$2(m-q)$"), (unrelated, "$2m(1-m)$")):
        axes.axhline(value, color=THEORY, linewidth=1, linestyle=":")
        axes.annotate(name, (run.times[0], value), (0, 4), textcoords="offset points")
    axes.set(xlabel=r"time ($\tau_E$)", ylabel="fraction of E neurons that differs", ylim=(0, None))
    return figures.described(figure, alt)


def updating(one_by_one, together, *, alt):
    """Draw the E rate with neurons updated one at a time and all at once."""
    figure, axes = figures.new(6.8, 3.2)
    axes.plot(together.times, together.activity_e, "o--", color="0.45", linewidth=1)
    axes.plot(one_by_one.times, one_by_one.activity_e, **E_STYLE)
    axes.annotate("all at once", (together.times[-1], 0.5), (-6, 0), textcoords="offset points",
                  ha="right", color="0.3", backgroundcolor="white")  # fmt: skip
    at = one_by_one.times[-1], one_by_one.activity_e[-1]
    axes.annotate("one at a time", at, (-4, 10), color=E, backgroundcolor="white",
                  textcoords="offset points", ha="right")  # fmt: skip
    axes.set(xlabel="time (updates a neuron)", ylabel="fraction of E active", ylim=(-0.04, 1.04))
    return figures.described(figure, alt)


def correlations(values, expected, *, alt):
    """Draw the distribution of correlations between pairs of cells' inputs or states."""
    figure, axes = figures.new(5.6, 3.4)
    axes.hist(values, 60, density=True, color=E, alpha=0.4)
    axes.axvline(values.mean(), color=THEORY, linewidth=1.2)
    x = np.linspace(values.min(), values.max(), 200)
    density = np.exp(-((x / expected) ** 2) / 2) / (expected * np.sqrt(2 * np.pi))
    (line,) = axes.plot(x, density, color=THEORY, linestyle=":")
    figures.label_line(axes, line, "independent cells", 130, xytext=(8, 4))
    axes.set(xlabel="correlation of two cells' inputs", ylabel="density of pairs")
    return figures.described(figure, alt)


def distance_from_the_line(k, gap, points, simulated, *, alt):
    """Draw by how much the rates fall short of the balance equations, against K."""
    figure, axes = figures.new(5.8, 3.5)
    for number, (name, style) in enumerate(zip(_NAMES, _STYLES, strict=True)):
        (line,) = axes.plot(k, gap[number], **style)
        figures.label_line(axes, line, name)
        axes.plot(points, simulated[number], "os"[number], color=style["color"], fillstyle="none")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="connections $K$",
        ylabel="relative shortfall of the rate",
    )
    return figures.described(figure, alt)
