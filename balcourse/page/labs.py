"""The laboratories of the lessons, each made from a model's parameters."""

import math

import numpy as np

from balcourse.models._binary_kernels import BATCH
from balcourse.models.lif import BrunelNetwork
from balcourse.models.live import binary, glauber, lif, rate, sheet
from balcourse.models.sheet import Sheet
from balcourse.page.lab import (
    Control,
    ControlPlane,
    Field,
    Histogram,
    KernelTime,
    Lab,
    PhasePlane,
    Raster,
    Spectrum,
    TimeSeries,
)

_CHUNK = 400
_REGIONS = (
    ("regular, synchronous", 2.0, 3.0),
    ("irregular, asynchronous", 6.2, 1.45),
    ("fast oscillation", 6.4, 3.4),
    ("silent or slow", 6.2, 0.5),
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
        rate.follow,
        start=[rate.begin],
        change=[rate.portrait],
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


def balanced_network(network, *, alt):
    """Make the network whose input and rates a reader can follow while moving its parameters.

    Parameters
    ----------
    network : balcourse.models.binary.BalancedNetwork
        At most 65,536 neurons; in-degrees are fixed at `k`, and `external_e` is taken as 1.
    alt : str
        What the first picture shows.

    """
    arguments = _binary_arrays(network) | {
        "inputs": np.zeros((_CHUNK + 1, 3)),
        "rates": np.zeros((_CHUNK + 1, 3)),
    }
    return Lab(
        binary.follow_balanced,
        start=[binary.begin_balanced],
        arguments=arguments,
        controls=[
            Control("m_0", 0.0, 0.4, 0.01, network.m_0, "m_0"),
            Control("j_e", 0.5, 4.0, 0.05, network.j_e, "J_E"),
            Control("external_i", 0.0, 1.5, 0.05, network.external_i, "I"),
            Control("tau_i", 0.1, 5.0, 0.1, network.tau_i, "τ_I"),
        ],
        views=[
            TimeSeries("inputs", ("excitation", "inhibition", "net"), "input of one E cell", "θ_E",
                       window=200, low=None, colors=("e", "i", "ink"), wide=True),
            TimeSeries("rates", ("E", "I", "m_0"), "fraction active", window=200, wide=True),
        ],
        dt=0.1,
        speed=60,
        lead=200,
        name="balance",
        title="Balanced network",
        alt=alt,
    )  # fmt: skip


def two_copies(network, *, alt):
    """Make two copies of a network that differ in a few neurons from 50 ms on.

    Parameters
    ----------
    network : balcourse.models.binary.BalancedNetwork
        As for `balanced_network`.
    alt : str
        What the first picture shows.

    """
    arrays = _binary_arrays(network)
    copies = {f"{name}_2": arrays[name].copy() for name in ("state", "active", "busy", "counts")}
    distance = {"distance": np.zeros((_CHUNK + 1, 2)), "j_e": network.j_e}
    return Lab(
        binary.follow_two,
        start=[binary.begin_balanced, binary.begin_copies],
        arguments=arrays | copies | distance | {"external_i": network.external_i},
        controls=[
            Control("m_0", 0.0, 0.4, 0.01, network.m_0, "m_0"),
            Control("flips", 1, 100, 1, 1, "flipped neurons"),
        ],
        views=[
            TimeSeries("distance", ("E", "I"), "log10 distance", window=150, low=-3.5, high=0.0,
                       wide=True),
        ],
        dt=0.1,
        speed=20,
        lead=150,
        name="damage",
        title="One flip in two copies",
        alt=alt,
    )  # fmt: skip


def _binary_arrays(network):
    inputs = network.n_e + network.n_i
    return {
        "second": np.zeros(4, np.uint64),
        "state": np.zeros(inputs, np.uint8),
        "active": np.zeros(3, np.int64),
        "busy": np.zeros(inputs, np.int64),
        "counts": np.zeros((3, inputs), np.int16),
        "bound": np.zeros(inputs),
        "drive": np.zeros(2),
        "coupling": np.zeros((2, 3)),
        "mark": np.zeros(inputs, np.int64),
        "cursor": np.zeros(inputs, np.int64),
        "pointer": np.zeros(inputs + 1, np.int64),
        "targets": np.zeros(2 * inputs * network.k, np.uint16),
        "picked": np.zeros(BATCH, np.int64),
        "limits": np.zeros(BATCH),
        "clock": np.zeros(2, np.int64),
        "share": network.m_0,
        "random": np.zeros(4, np.uint64),
    } | {
        name: getattr(network, name)
        for name in ("n_e", "n_i", "k", "theta_e", "theta_i", "external_e", "j_i", "tau_i")
    }


def spiking_network(*, neurons=2000, in_degree=200, g=5.0, ratio=2.0, delay=1.5, lines=(), alt):
    """Make Brunel's network of leaky integrate-and-fire neurons, small enough for a page.

    One in five neurons is inhibitory. The weight is 100 mV over the number of excitatory inputs,
    so that the mean input is that of Brunel's network of 1,000 such inputs at 0.1 mV; the
    fluctuations are larger.

    Parameters
    ----------
    neurons, in_degree : int
        Multiples of 5.
    g, ratio, delay : float
        Relative inhibition, nu_ext / nu_thr, and delay in ms (0.1 to 5) at the start.
    lines : tuple
        Boundaries on the (g, ratio) plane, each of shape (points, 2).
    alt : str
        What the first picture shows.

    """
    network = BrunelNetwork(
        n=neurons, epsilon=in_degree / neurons, j=125 / in_degree, g=g, external_ratio=ratio,
        delay=delay,
    )  # fmt: skip
    return Lab(
        lif.fire,
        start=[lif.begin_network],
        arguments=lif.page_arguments(
            network, ratios=np.arange(81) * 0.05, longest_delay=5.0, steps=200
        ),
        controls=[
            Control("g", 0, 8, 0.05, g, "g"),
            Control("ratio", 0, 4, 0.05, ratio, "ν_ext / ν_thr"),
            Control("delay", 0.1, 5, 0.1, delay, "delay", "ms"),
        ],
        views=[
            Raster("spikes", "spike_count", neurons, network.n_e),
            TimeSeries("rates", ("E", "I"), "rate", "Hz", window=200, smooth=1, wide=True),
            Spectrum("rates", highest=400),
            ControlPlane(("g", "ratio"), lines, _REGIONS),
        ],
        dt=0.1,
        lead=600,
        stride=1,
        name="network",
        title="Spiking network",
        alt=alt,
    )


def boltzmann(network, antisymmetric, *, alt):
    """Make a few binary units, the states they visit, and Boltzmann's law.

    Parameters
    ----------
    network : balcourse.models.glauber.GlauberNetwork
        With symmetric couplings between at most 6 units, all as fast, and a temperature from 0.1
        to 4.
    antisymmetric : numpy.ndarray
        What the control "asymmetry" adds to the couplings, shape (n, n).
    alt : str
        What the first picture shows.

    """
    n = network.n
    reach = np.abs(network.coupling) + np.abs(antisymmetric)
    largest = (reach.sum(axis=1) + np.abs(network.threshold)).max() + 1
    return Lab(
        glauber.follow_units,
        start=[glauber.begin_units],
        change=[glauber.prepare_units],
        arguments={
            "symmetric": network.coupling,
            "antisymmetric": antisymmetric,
            "threshold": network.threshold,
            "share": np.ones(n),
            "scale": 2.0 ** (29 - math.frexp(largest)[1]),
            "state": np.zeros(n, np.uint8),
            "random": np.zeros(4, np.uint64),
            "effect": np.zeros((n, n), np.int32),
            "field": np.zeros(n, np.int32),
            "picked": np.zeros(BATCH, np.int64),
            "limits": np.zeros(BATCH),
            "energies": np.zeros(2**n),
            "law": np.zeros(2**n),
            "visits": np.zeros(2**n, np.int64),
            "energy": np.zeros((2001, 1)),
            "states": np.zeros((2001, n), np.uint8),
            "counts": np.ones(2001, np.int64),
        },
        controls=[
            Control("temperature", 0.1, 4, 0.05, network.temperature, "temperature T"),
            Control("shift", -1, 1, 0.05, 0, "added to all thresholds"),
            Control("asymmetry", 0, 1, 0.05, 0, "asymmetry"),
        ],
        views=[
            Histogram(
                "visits", "state", -0.5, 2**n - 0.5, theory="law", title="share of time", wide=True
            ),
            TimeSeries("energy", ("",), "energy", window=50, low=None, colors=("ink",), wide=True),
        ],
        dt=1 / n,
        speed=100,
        lead=50,
        stride=1 / n,
        unit="τ",
        name="glauber",
        title="A few units and Boltzmann's law",
        alt=alt,
    )


def travelling_waves(*, inhibitory_weight=0.30, alt):
    """Make the sheet of 64 x 64 sites, seen from above, and the inputs of one neuron of it.

    Parameters
    ----------
    inhibitory_weight : float
        At the start, 0.05 to 0.5, as for `balcourse.models.sheet.Sheet.small`.
    alt : str
        What the first picture shows.

    """
    model = Sheet.small(inhibitory_weight=inhibitory_weight)
    return Lab(
        sheet.follow_sheet,
        start=[sheet.begin_sheet],
        change=[sheet.prepare_sheet],
        arguments=sheet.page_arguments(model, steps=200)
        | {"weight_scale": model.inhibitory_weight / inhibitory_weight},
        controls=[
            Control("inhibitory_weight", 0.05, 0.5, 0.01, inhibitory_weight, "W_I"),
            Control("external_e", 0.01, 0.03, 0.0005, model.external_e, "constant g_E", "/ms"),
            Control("column", 0, model.n - 1, 1, model.n // 2, "column"),
            Control("row", 0, model.n - 1, 1, model.n // 2, "row"),
        ],
        views=[
            Field("held", 0.0, model.refractory, drag=("column", "row"), unit="ms",
                  title="Time left at the reset"),
            TimeSeries("conductances", ("g_E", "g_I"), "input of a neuron", "/ms", window=100),
            TimeSeries("rates", ("E", "I"), "rate", "Hz", window=100, smooth=1, wide=True),
        ],
        dt=0.1,
        speed=40,
        lead=200,
        stride=1,
        name="waves",
        title="Travelling waves",
        alt=alt,
    )  # fmt: skip


def stopwatch(model, *, alt):
    """Make one trajectory of a rate model, and the time that a step of it takes.

    Parameters
    ----------
    model : balcourse.models.rate.RateModel
    alt : str
        What the picture shows.

    """
    return Lab(
        rate.follow,
        start=[rate.begin],
        arguments=vars(model)
        | {"rates": np.zeros((2001, 2, 1)), "state": np.zeros(2), "start_e": 45.0, "start_i": 10.0},
        controls=[Control("tau_i", 5, 100, 0.5, model.tau_i, "τ_I", "ms")],
        views=[
            TimeSeries("rates", ("v_E", "v_I"), "rate", "Hz", window=1000, smooth=1),
            KernelTime(),
        ],
        dt=0.1,
        speed=200,
        lead=1000,
        stride=1,
        name="stopwatch",
        title="A kernel and its time",
        alt=alt,
    )
