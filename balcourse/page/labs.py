"""The laboratories that more than one page shows, each made from a model's parameters."""

import numpy as np

from balcourse.models import live
from balcourse.page.lab import (
    Control,
    ControlPlane,
    Lab,
    PhasePlane,
    Raster,
    Spectrum,
    TimeSeries,
)


def phase_plane(model, *, start, alt, side=60.0):
    """Make the phase plane of a rate model, whose start can be dragged.

    Parameters
    ----------
    model : balcourse.models.rate.RateModel
        Its `m_ei` and `1 - m_ii` must not be zero.
    start : tuple of float
        v_E and v_I at time 0, Hz.
    alt : str
        What the first trajectory shows.
    side : float
        Largest rate drawn, Hz.

    """
    points = np.zeros((121, 2))
    return Lab(
        live.follow,
        start=[live.begin],
        change=[live.portrait],
        arguments=vars(model)
        | {"rates": np.zeros((201, 2, 1)), "state": np.zeros(2), "side": side}
        | {"e_line": points, "i_line": points.copy(), "fixed_point": np.zeros(4)},
        controls=[
            Control("m_ee", 0.5, 2.5, 0.05, model.m_ee, "M_EE"),
            Control("m_ei", -2.5, -0.1, 0.05, model.m_ei, "M_EI"),
            Control("m_ie", 0.1, 2.5, 0.05, model.m_ie, "M_IE"),
            Control("m_ii", -1.5, 0.5, 0.05, model.m_ii, "M_II"),
            Control("tau_i", 5, 100, 0.5, model.tau_i, "τ_I", "ms"),
            Control("start_e", 0, side, 0.1, start[0], "start v_E", "Hz"),
            Control("start_i", 0, side, 0.1, start[1], "start v_I", "Hz"),
        ],
        views=[
            PhasePlane("rates", side, ("e_line", "i_line"), "fixed_point", ("start_e", "start_i")),
            TimeSeries("rates", ("v_E", "v_I"), "rate", "Hz", window=1000, smooth=1),
        ],
        dt=0.1,
        speed=200,
        lead=1000,
        stride=1,
        name="plane",
        title="Phase plane of the two-population rate model",
        alt=alt,
    )


def spiking_network(*, neurons=2000, in_degree=200, g=5.0, ratio=2.0, delay=1.5, lines=(), alt):
    """Make Brunel's network of leaky integrate-and-fire neurons, small enough for a page.

    One in five neurons is inhibitory. The weight is 100 mV over the number of excitatory inputs,
    so that the mean input is that of Brunel's network of 1,000 such inputs at 0.1 mV; the
    fluctuations are larger.

    Parameters
    ----------
    neurons, in_degree : int
        Multiples of 5, at most 10,000 neurons.
    g, ratio, delay : float
        Relative inhibition, nu_ext / nu_thr, and delay in ms (0.1 to 5) at the start.
    lines : tuple
        Boundaries on the (g, ratio) plane, each of shape (points, 2).
    alt : str
        What the first picture shows.

    """
    n_e, c_e, dt, tau = neurons * 4 // 5, in_degree * 4 // 5, 0.1, 20.0
    chunk = 200
    return Lab(
        live.fire,
        start=[live.wire],
        change=[live.tabulate],
        arguments={
            "potentials": np.zeros(neurons),
            "silent": np.zeros(neurons, np.int16),
            "arrivals": np.zeros((live.RING, neurons)),
            "clock": np.zeros(1, np.int64),
            "cumulative": np.zeros(live.COUNTS),
            "sources": np.zeros((neurons, in_degree), np.uint16),
            "targets": np.zeros(neurons * in_degree, np.uint16),
            "offsets": np.zeros(neurons + 1, np.int32),
            "chosen": np.zeros(neurons, np.int32),
            "rates": np.zeros((chunk + 1, 2)),
            "spikes": np.zeros((neurons * (chunk // 20 + 1), 2), np.int32),
            "spike_count": np.zeros(1, np.int64),
            "n_e": n_e,
            "c_e": c_e,
            "j": 100.0 / c_e,
            "tau": tau,
            "decay": float(np.exp(-dt / tau)),
            "threshold": 20.0,
            "reset": 10.0,
            "refractory": 20,
        },
        controls=[
            Control("g", 0, 8, 0.05, g, "g"),
            Control("ratio", 0, 4, 0.05, ratio, "ν_ext / ν_thr"),
            Control("delay", 0.1, 5, 0.1, delay, "delay", "ms"),
        ],
        views=[
            Raster("spikes", "spike_count", neurons, n_e),
            TimeSeries("rates", ("E", "I"), "rate", "Hz", window=200, smooth=1, wide=True),
            Spectrum("rates", highest=400),
            ControlPlane(("g", "ratio"), lines, _REGIONS),
        ],
        dt=dt,
        lead=600,
        stride=1,
        name="network",
        title="Spiking network",
        alt=alt,
    )


_REGIONS = (
    ("regular, synchronous", 2.0, 3.0),
    ("irregular, asynchronous", 6.2, 1.45),
    ("fast oscillation", 6.4, 3.4),
    ("silent or slow", 6.2, 0.5),
)
