"""The laboratories of the balanced binary network, small enough for a page."""

import numpy as np

from balcourse.models import binary_live as live
from balcourse.models._binary_kernels import BATCH
from balcourse.page.lab import Control, Lab, TimeSeries

_CHUNK = 400


def _arrays(network):
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
        "picked": np.zeros(BATCH + 1, np.int64),
        "limits": np.zeros(BATCH),
        "clock": np.zeros(2, np.int64),
        "share": network.m_0,
    } | {
        name: getattr(network, name)
        for name in ("n_e", "n_i", "k", "theta_e", "theta_i", "external_e", "j_i", "tau_i")
    }


def balanced_network(network, *, alt):
    """Make the network whose input and rates a reader can follow while moving its parameters.

    Parameters
    ----------
    network : balcourse.models.binary.BalancedNetwork
        At most 65,536 neurons; in-degrees are fixed at `k`, and `external_e` is taken as 1.
    alt : str
        What the first picture shows.

    """
    arguments = _arrays(network) | {
        "inputs": np.zeros((_CHUNK + 1, 3)),
        "rates": np.zeros((_CHUNK + 1, 3)),
    }
    return Lab(
        live.follow_balanced,
        start=[live.begin_balanced],
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
    arrays = _arrays(network)
    copies = {f"{name}_2": arrays[name].copy() for name in ("state", "active", "busy", "counts")}
    distance = {"distance": np.zeros((_CHUNK + 1, 2)), "j_e": network.j_e}
    return Lab(
        live.follow_two,
        start=[live.begin_balanced, live.begin_copies],
        arguments=arrays | copies | distance | {"external_i": network.external_i},
        controls=[
            Control("m_0", 0.0, 0.4, 0.01, network.m_0, "m_0"),
            Control("flips", 1, 100, 1, 1, "flipped neurons"),
        ],
        views=[
            TimeSeries("distance", ("E", "I"), "log10 distance", window=150,
                       low=-3.5,
                high=0.0, wide=True),
        ],
        dt=0.1,
        speed=20,
        lead=150,
        name="damage",
        title="One flip in two copies",
        alt=alt,
    )  # fmt: skip
