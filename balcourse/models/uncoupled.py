"""Neurons of Brunel's network cut off from it: Poisson trains in place of the network's spikes.

Each neuron receives what `balcourse.models.lif.BrunelNetwork` would send it, but every recurrent
train is an independent Poisson process of a given rate. Exact in time: V decays between events and
jumps at them, no grid. Setting: N. Brunel, J. Comput. Neurosci. 8:183 (2000). Units: ms, mV, Hz.
"""

import dataclasses
import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import random_state, uniform
from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True)
class UncoupledRun:
    """Interspike intervals of uncoupled neurons.

    Attributes
    ----------
    intervals : numpy.ndarray
        Of all neurons, ms, shape (intervals,).
    rate, rate_error : float
        Inverse of the mean interval and its standard error, Hz.
    cv, cv_error : float
        CV of the intervals and its standard error.
    """

    intervals: np.ndarray
    rate: float
    rate_error: float
    cv: float
    cv_error: float


@kernel
def _fire(intervals, j, g, excitatory, inhibitory, tau, threshold, reset, refractory, state):
    """Fill `intervals` with successive interspike intervals; rates of events in 1/ms.

    Twin: `tests.naive.diffusion.poisson_driven_interval`.
    """
    total = excitatory + inhibitory
    for index in range(intervals.size):
        v, time = reset, refractory
        while v < threshold:
            wait = -math.log(1.0 - uniform(state)) / total
            time += wait
            v *= math.exp(-wait / tau)
            v += j if uniform(state) * total < excitatory else -g * j
        intervals[index] = time


def uncoupled(network, rate, *, spikes=20_000, seed=0):
    """Let one neuron of a network fire on Poisson input.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Its excitatory neurons are simulated, if the populations differ.
    rate : float or (float, float)
        Rate of the recurrent trains (of excitatory and inhibitory ones), Hz.
    spikes : int
        Interspike intervals to record.
    seed : int
        Seed of the input.

    Returns
    -------
    UncoupledRun

    Raises
    ------
    ValueError
        If a parameter is out of range, or the threshold is beyond 3.5 standard deviations of V.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> run = uncoupled(BrunelNetwork(g=5, external_ratio=2), 37.95, spikes=2_000, seed=1)
    >>> bool(0.6 < run.cv < 0.7)
    True
    """
    spikes = checked("spikes", spikes, integer=True, at_least=10)
    first = lambda value: value[0] if isinstance(value, tuple) else value  # noqa: E731
    rate_e, rate_i = rate if isinstance(rate, tuple) else (rate, rate)
    rate_e = checked("rate", rate_e, "Hz", at_least=0)
    rate_i = checked("rate", rate_i, "Hz", at_least=0)
    g, j, tau = first(network.g), first(network.j), first(network.tau)
    excitatory = network.c_e * (first(network.external_rate) + rate_e) / 1000
    inhibitory = network.c_i * rate_i / 1000
    mean = tau * j * (excitatory - g * inhibitory)
    sd = j * math.sqrt(tau * (excitatory + g**2 * inhibitory) / 2)
    if not mean + 3.5 * sd > network.threshold:
        raise ValueError(
            f"rate = {rate} Hz: the input, {mean:.1f} mV with fluctuations of {sd:.1f} mV, hardly"
            f" ever reaches the threshold of {network.threshold} mV"
        )
    intervals = np.empty(spikes)
    neuron = (tau, network.threshold, network.reset, network.refractory)
    _fire(intervals, j, g, excitatory, inhibitory, *neuron, random_state(seed))
    relative = intervals / intervals.mean()
    cv = relative.std()
    # First-order (delta-method) standard errors for independent intervals.
    influence = ((relative - 1) ** 2 - cv**2) / (2 * cv) - cv * (relative - 1)
    root = math.sqrt(spikes)
    rate = 1000 / intervals.mean()
    return UncoupledRun(
        intervals, float(rate), float(rate * cv / root), float(cv), float(influence.std() / root)
    )
