"""Figures of the lesson on linearization: phase planes, time courses, cycles of the rate model.

Rates in Hz, time in ms. A filled dot is a stable fixed point, an open one is not.
"""

import dataclasses

import numpy as np

from balcourse.models.rate import border, limit_cycles
from balcourse.page.figures import E_STYLE, I_STYLE, THEORY, E, I, described, new

_GREY = "#888888"


def phase_plane(model, *, alt, start=(40.0, 10.0), largest=60.0, duration=600.0):
    """Draw nullclines, flow, one trajectory and the fixed point.

    Parameters
    ----------
    model : RateModel
        Parameters of the rate model.
    alt : str
        The result, as a sentence.
    start : tuple of float
        Where the trajectory begins, Hz.
    largest : float
        Side of the square that is shown, Hz.
    duration : float
        Of the trajectory, ms.

    """
    figure, axes = new(width=5.2, height=4.6)
    _flow(axes, model, largest)
    _nullclines(axes, model, largest)
    e_end = model.nullclines(largest)[0][0, 1]
    i_end = model.nullclines(largest)[1][0, 1]
    axes.annotate(r"$\dot v_E = 0$", e_end, xytext=(-4, 15), color=E, **_beside, ha="right")
    axes.annotate(r"$\dot v_I = 0$", i_end, xytext=(-10, 0), color=I, **_beside, ha="right")
    _trajectory(axes, model.simulate(duration, start=start).rates)
    _fixed_point(axes, model)
    return described(figure, alt)


def trace_and_determinant(models, labels, *, alt):
    """Place linear flows in the plane of trace and determinant, with the kinds written in.

    Parameters
    ----------
    models : sequence of RateModel
        Each with a fixed point at which both populations are active.
    labels : sequence of str
        Written beside the points.
    alt : str
        The result, as a sentence.

    """
    figure, axes = new(width=6.0, height=4.2)
    widest, highest = 0.072, 3.2e-3
    trace = np.linspace(-widest, widest, 201)
    axes.plot(trace, trace**2 / 4 * 1e3, color=THEORY)
    axes.axhline(0, color=THEORY, linewidth=0.8)
    axes.plot([0, 0], [0, highest * 1e3], color=THEORY, linewidth=0.8, linestyle=":")
    for x, y, text in (
        (-0.018, 2.85, "stable focus"),
        (0.018, 2.85, "unstable focus"),
        (-0.053, 0.22, "stable node"),
        (0.058, 0.22, "unstable node"),
        (0.0, -0.35, "saddle"),
    ):
        axes.text(x, y, text, ha="center", color=_GREY, style="italic")
    axes.text(0.045, 0.68, r"$T^2 = 4D$", rotation=40, ha="center", color=THEORY)
    path = [model.jacobian() for model in models]
    x = [np.trace(matrix) for matrix in path]
    y = [np.linalg.det(matrix) * 1e3 for matrix in path]
    axes.plot(x, y, "o", color=E)
    for at_x, at_y, label in zip(x, y, labels, strict=True):
        axes.annotate(label, (at_x, at_y), xytext=(7, 3), color=E, **_beside)
    axes.set(
        xlim=(-widest, widest),
        ylim=(-0.6, highest * 1e3),
        xlabel="trace $T$ (1/ms)",
        ylabel=r"determinant $D$ ($10^{-3}$/ms$^2$)",
    )
    return described(figure, alt)


def damped_and_sustained(models, *, alt, start=(45.0, 18.0), duration=1000.0, largest=60.0):
    """Draw each model's time course beside its phase plane, one row a model.

    Parameters
    ----------
    models : sequence of RateModel
        Parameters of the rate model.
    alt : str
        The result, as a sentence.
    start : tuple of float
        Hz.
    duration : float
        ms.
    largest : float
        Highest rate that is shown, Hz.

    """
    figure, rows = new(
        width=7.2, height=2.25 * len(models), nrows=len(models), ncols=2, squeeze=False
    )
    for (times, plane), model in zip(rows, models, strict=True):
        run = model.simulate(duration, start=start)
        _time_course(times, run, largest)
        times.set_title(rf"$\tau_I$ = {model.tau_i:g} ms: {model.fixed_point().kind}")
        _nullclines(plane, model, largest)
        _trajectory(plane, run.rates)
        _fixed_point(plane, model)
    return described(figure, alt)


def against_tau_i(tau_i, *, model, start=(50.0, 5.0), largest=90.0, duration=600.0):
    """Draw one frame of the explorer: phase plane and time course at `tau_i`.

    Parameters
    ----------
    tau_i : float
        Replaces the model's, ms.
    model : RateModel
        Parameters of the rate model.
    start : tuple of float
        Hz.
    largest, duration : float
        Highest rate (Hz) and longest time (ms) that are shown.

    """
    model = dataclasses.replace(model, tau_i=float(tau_i))
    point, run = model.fixed_point(), model.simulate(duration, start=start, dt=0.05)
    figure, (plane, times) = new(width=7.2, height=3.6, ncols=2)
    _flow(plane, model, largest, arrows=10)
    _nullclines(plane, model, largest)
    _trajectory(plane, run.rates)
    _fixed_point(plane, model)
    _time_course(times, run, largest)
    plane.set_title(rf"$\tau_I$ = {tau_i:g} ms: {_plain(point)}")
    if cycles := limit_cycles(model):
        low, high = cycles[-1].minimum[0], cycles[-1].maximum[0]
        end = f"the rates end on a cycle of {cycles[-1].period:.0f} ms, E from {low:.1f} "
        end += f"to {high:.1f} Hz"
    elif point.stable:
        way = "ringing" if point.frequency else "without ringing"
        end = f"the rates settle at {point.rates[0]:.1f} and {point.rates[1]:.1f} Hz, {way}"
    else:
        end = "the rates end on a closed orbit, one of many"
    return described(figure, f"At tau_I = {tau_i:g} ms: {_plain(point)}; {end}.")


def neutral_orbits(model, sizes, *, alt, largest=60.0):
    """Draw orbits at the border, each started `sizes` below the fixed point in v_I.

    Parameters
    ----------
    model : RateModel
        At the border.
    sizes : sequence of float
        Hz.
    alt : str
        The result, as a sentence.
    largest : float
        Hz.

    """
    figure, axes = new(width=5.2, height=4.4)
    starts = model.fixed_point().rates - np.outer(sizes, [0, 1])
    for orbit in model.simulate(165, start=starts, dt=0.5).rates.transpose(1, 0, 2):
        axes.plot(*orbit.T, color=THEORY, linewidth=1.2)
    edge = np.array([0, largest])
    e_line = (model.gamma_e - model.m_ee * edge) / model.m_ei
    i_line = (model.gamma_i - model.m_ii * edge) / model.m_ie
    axes.plot(edge, e_line, color=E, linestyle="-.", linewidth=1.2)
    axes.plot(i_line, edge, color=I, linestyle="-.", linewidth=1.2)
    axes.annotate("E falls silent\nabove this line", (26, 43), color=E, ha="right", va="bottom")
    axes.annotate("I falls silent left of this line", (10, 2), xytext=(5, 0), color=I, **_beside)
    _fixed_point(axes, model)
    _square(axes, largest)
    return described(figure, alt)


def cycle_against_tau_i(model, tau_i, *, alt):
    """Draw the cycle's extremes and period against the inhibitory time constant.

    Lines are the return map's cycle and the linear prediction, points are long simulations.

    Parameters
    ----------
    model : RateModel
        Parameters of the rate model.
    tau_i : sequence of float
        ms, beyond the border.
    alt : str
        The result, as a sentence.

    """
    figure, (size, period) = new(width=7.2, height=3.5, ncols=2)
    edge, _ = border(model)
    models = [dataclasses.replace(model, tau_i=float(value)) for value in tau_i]
    cycles = [limit_cycles(one)[-1] for one in models]
    runs = [one.simulate(3000, start=(50, 5)).rates[-10_000:] for one in models[::4]]
    value = model.fixed_point().rates[0]
    size.plot([20, edge], [value, value], **E_STYLE)
    size.plot([edge, tau_i[-1]], [value, value], color=E, linestyle=":")
    for extreme in ("minimum", "maximum"):
        size.plot(tau_i, [getattr(cycle, extreme)[0] for cycle in cycles], **E_STYLE)
    for run, at in zip(runs, tau_i[::4], strict=True):
        size.plot([at, at], [run[:, 0].min(), run[:, 0].max()], "o", color=THEORY)
    size.set(xlabel=r"$\tau_I$ (ms)", ylabel="$v_E$ (Hz)", ylim=(-3, None))
    size.annotate("largest on the cycle", (24, 74), color=E)
    size.annotate("smallest on the cycle", (52, 3), color=E)
    size.annotate("fixed point", (82, value), xytext=(0, 9), color=E, **_beside)
    period.plot(tau_i, [cycle.period for cycle in cycles], color=THEORY)
    linear = [1000 / one.fixed_point().frequency for one in models]
    period.plot(tau_i, linear, color=_GREY, linestyle="--")
    for run, at in zip(runs, tau_i[::4], strict=True):
        period.plot(at, _period(run[:, 0], value), "o", color=THEORY)
    period.annotate("cycle", (70, 262), ha="right")
    period.annotate(r"$2\pi / $Im$\,\lambda$", (78, 182), color=_GREY)
    period.set(xlabel=r"$\tau_I$ (ms)", ylabel="period (ms)")
    return described(figure, alt)


def coexistence(model, starts, *, alt, largest=120.0, duration=2000.0):
    """Draw two trajectories that end differently, and the unstable cycle between them.

    Parameters
    ----------
    model : RateModel
        With an unstable and a stable cycle.
    starts : sequence of two tuples of float
        One inside and one outside the unstable cycle, Hz.
    alt : str
        The result, as a sentence.
    largest, duration : float
        Hz, ms.

    """
    figure, (plane, times) = new(width=7.2, height=3.8, ncols=2)
    inner, outer = limit_cycles(model)
    for cycle, line in ((inner, ":"), (outer, "-")):
        orbit = model.simulate(cycle.period, start=cycle.start).rates
        plane.plot(*orbit.T, color=THEORY, linestyle=line)
    plane.annotate("stable cycle", outer.maximum, ha="right", va="bottom")
    plane.annotate("unstable cycle", np.add(model.fixed_point().rates, (-10, 5)), ha="left")
    run = model.simulate(duration, start=starts, dt=0.2)
    styles = ({"color": _GREY, "linestyle": "--"}, {"color": THEORY, "linestyle": "-"})
    for rates, style in zip(run.rates.transpose(1, 0, 2), styles, strict=True):
        plane.plot(*rates[0], "s", color=style["color"])
        times.plot(run.times, rates[:, 0], **style)
    _fixed_point(plane, model)
    _square(plane, largest)
    plane.set_ylim(0, 60)
    times.set(xlabel="time (ms)", ylabel="$v_E$ (Hz)", ylim=(0, largest * 1.1))
    times.annotate("from outside", (duration, largest), ha="right")
    times.annotate("from inside", (60, largest), color=_GREY)
    return described(figure, alt)


_beside = {"textcoords": "offset points", "va": "center"}


def _plain(point):
    return "centre (linear)" if point.kind == "centre" else point.kind


def _square(axes, largest):
    axes.set(xlim=(0, largest), ylim=(0, largest), xlabel="$v_E$ (Hz)", ylabel="$v_I$ (Hz)")


def _flow(axes, model, largest, arrows=13):
    """Arrows of equal length along the field."""
    side = np.linspace(0, largest, arrows + 1)[:-1] + largest / arrows / 2
    at = np.stack(np.meshgrid(side, side), axis=-1)
    flow = model.field(at)
    flow /= np.linalg.norm(flow, axis=-1, keepdims=True)
    axes.quiver(
        *at.transpose(2, 0, 1), *flow.transpose(2, 0, 1), color="#BBBBBB", scale=26, width=0.004
    )


def _nullclines(axes, model, largest):
    for pieces, style in zip(model.nullclines(largest), (E_STYLE, I_STYLE), strict=True):
        for piece in pieces:
            axes.plot(*piece.T, clip_on=False, **style)
    _square(axes, largest)


def _trajectory(axes, rates):
    axes.plot(*rates.T, color=THEORY, linewidth=1.2)
    axes.plot(*rates[0], "s", color=THEORY, markersize=4)


def _fixed_point(axes, model):
    point = model.fixed_point()
    face = THEORY if point.stable else "white"
    axes.plot(
        *point.rates, "o", markersize=8, markerfacecolor=face, markeredgecolor=THEORY, zorder=5
    )


def _time_course(axes, run, largest):
    for rates, style, name in zip(run.rates.T, (E_STYLE, I_STYLE), "EI", strict=True):
        axes.plot(run.times, rates, linewidth=1.5, **style)
        axes.annotate(
            f"$v_{name}$",
            (run.times[-1], rates[-1]),
            xytext=(4, 0),
            color=style["color"],
            **_beside,
        )
    axes.set(ylim=(0, largest), xlabel="time (ms)", ylabel="rate (Hz)")


def _period(rates, level, dt=0.1):
    """Mean time between upward passages of `level`, ms."""
    rises = np.flatnonzero((rates[:-1] < level) & (rates[1:] >= level))
    return (rises[-1] - rises[0]) / (rises.size - 1) * dt
