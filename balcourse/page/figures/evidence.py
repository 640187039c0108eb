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
