"""Sweeps whose results ship with the course: what was run, and the finished numbers.

``python -m balcourse.data NAME ...`` makes them anew, a few minutes each; `shipped` reads them.
Brunel's network (J. Comput. Neurosci. 8:183, 2000) keeps its in-degrees at every size, so that one
theory holds for all; the binary network is van Vreeswijk and Sompolinsky's (1998).
Times in ms, rates in Hz; tau_E = 1 for binary neurons.
"""

import pathlib
import time

import numpy as np
import xarray

from balcourse.measure.states import measured_state
from balcourse.models.binary import BalancedNetwork
from balcourse.models.lif import BrunelNetwork

FOLDER = pathlib.Path(__file__).parent
DURATION, WARMUP = 2000.0, 300.0


def brunel_network(n, g, external_ratio):
    """Return Brunel's network with 1,000 excitatory inputs a neuron, whatever its size."""
    return BrunelNetwork(n=n, epsilon=1250 / n, g=g, external_ratio=external_ratio)


def brunel_state(n, g, external_ratio, seed):
    """Simulate one point of the phase diagram; return what `measured_state` reads off it.

    ``seconds`` is the CPU time that it took, all the rest is the same at every repetition.
    """
    begin = time.thread_time()
    network = brunel_network(n, g, external_ratio)
    run = network.simulate(DURATION, warmup=WARMUP, progress=False, seed=seed)
    if run.senders.size == 0:
        found = {"rate": 0.0, "cv": np.nan, "synchrony": np.nan, "frequency": np.nan}
    else:
        state = measured_state(run.times, run.senders, n, DURATION)
        found = {name: getattr(state, name) for name in ("rate", "cv", "synchrony", "frequency")}
    return found | {"seconds": time.thread_time() - begin}


def binary_state(n, k, seed):
    """Simulate n + n binary neurons; return rates, and how much they fluctuate in time."""
    network = BalancedNetwork(n_e=n, n_i=n, k=k, m_0=0.2)
    run = network.simulate(40, warmup=10, seed=seed)
    return {
        "m_e": run.activity_e.mean(),
        "m_i": run.activity_i.mean(),
        "sd_e": run.activity_e.std(ddof=1),
        "sd_i": run.activity_i.std(ddof=1),
    }


_G, _DRIVE = np.arange(2.25, 8.01, 0.25), np.arange(5, 44, 2) / 10
SWEEPS = {
    "brunel-2500": (brunel_state, {"n": [2_500], "g": _G, "external_ratio": _DRIVE}, 1),
    "brunel-12500": (
        brunel_state, {"n": [12_500], "g": _G[1::2], "external_ratio": _DRIVE[::2]}, 1,
    ),
    "brunel-size": (
        brunel_state,
        {"n": [2_500, 5_000, 12_500, 25_000, 50_000, 100_000], "g": [5.0, 6.0],
         "external_ratio": [2.0, 4.0]}, 1,
    ),
    "binary-size": (
        binary_state,
        {"n": [4_000, 8_000, 16_000], "k": [62, 125, 250, 500, 1_000, 2_000]}, 4,
    ),
}  # fmt: skip
UNITS = {"rate": "Hz", "frequency": "Hz", "seconds": "s"}
SEED = 13


def shipped(name):
    """Return a finished sweep that came with the course.

    Parameters
    ----------
    name : str
        A key of `SWEEPS`.

    Returns
    -------
    xarray.Dataset
        As `balcourse.sweeps.sweep` returned it. The attributes name the command that made it, the
        versions and the hashes of the code that it ran.

    Examples
    --------
    >>> shipped("brunel-2500").rate.sel(n=2500, g=5, external_ratio=0.5).item()
    0.0

    """
    if name not in SWEEPS:
        raise ValueError(f"name = {name!r}: must be one of {', '.join(SWEEPS)}")
    return xarray.load_dataset(FOLDER / f"{name}.nc", engine="scipy")
