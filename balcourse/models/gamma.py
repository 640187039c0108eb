"""A network that makes gamma: excitatory cells excite inhibitory cells, which silence both.

Pyramidal-interneuron gamma with conductance-based integrate-and-fire cells under constant external
drive, after the scenario reviewed by X.-J. Wang, Physiol. Rev. 90:1195 (2010); set up to ask what
B. V. Atallah and M. Scanziani, Neuron 62:566 (2009), asked of the hippocampus: does inhibition
follow excitation from cycle to cycle? Units: ms, mV; conductances in units of 1 / (20 ms).
"""

import dataclasses
import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import random_state, uniform
from balcourse.parameters import checked

_CONDUCTANCE_TAU = 20.0  # ms: the excitatory cells' membrane time constant sets the unit


@dataclasses.dataclass(frozen=True, eq=False)
class GammaRun:
    """What the network did.

    Attributes
    ----------
    model : GammaNetwork
    dt, duration : float
        (ms)
    times : ndarray, shape (spikes,)
        (ms), in order.
    senders : ndarray of int, shape (spikes,)
        Excitatory cells first.
    conductance_e, conductance_i : ndarray, shape (steps,)
        Recurrent conductances, averaged over the excitatory cells.
    """

    model: "GammaNetwork"
    dt: float
    duration: float
    times: np.ndarray
    senders: np.ndarray
    conductance_e: np.ndarray
    conductance_i: np.ndarray


@dataclasses.dataclass(frozen=True)
class GammaNetwork:
    """Two populations of conductance-based cells.

    Attributes
    ----------
    n_e, n_i : int
        Cells.
    connection : float
        Probability that one cell projects to another.
    weight_ee, weight_ei, weight_ie, weight_ii : float
        Conductance step; `weight_ei` is what E cells get from I cells.
    external_weight, external_rate : float
        Conductance step and events per ms of each excitatory cell's own Poisson train.
    delay : float
        (ms)
    tau_e, tau_i : float
        Membrane time constants of the two populations (ms).
    leak, reversal_e, reversal_i, threshold, reset : float
        (mV)
    refractory_e, refractory_i : float
        (ms)
    rise, decay_e, decay_i, external_decay : float
        Synaptic time constants (ms).

    Examples
    --------
    >>> run = GammaNetwork(n_e=80, n_i=20).simulate(100, seed=1)
    >>> run.conductance_e.shape
    (1000,)
    """

    n_e: int = 800
    n_i: int = 200
    connection: float = 0.2
    weight_ee: float = 0.06
    weight_ei: float = 0.4
    weight_ie: float = 0.2
    weight_ii: float = 0.1
    external_weight: float = 2.0
    external_rate: float = 0.1
    delay: float = 1.0
    tau_e: float = 20.0
    tau_i: float = 10.0
    leak: float = -70.0
    reversal_e: float = 0.0
    reversal_i: float = -75.0
    threshold: float = -52.0
    reset: float = -60.0
    refractory_e: float = 2.0
    refractory_i: float = 1.0
    rise: float = 0.5
    decay_e: float = 2.0
    decay_i: float = 8.0
    external_decay: float = 2.0

    def __post_init__(self):
        for name in ("n_e", "n_i"):
            checked(name, getattr(self, name), integer=True, at_least=1)
        checked("connection", self.connection, at_least=0, at_most=1)
        for name in ("weight_ee", "weight_ei", "weight_ie", "weight_ii", "external_weight"):
            checked(name, getattr(self, name), "x 1 / (20 ms)", at_least=0)
        checked("external_rate", self.external_rate, "1/ms", at_least=0)
        for name in ("delay", "tau_e", "tau_i", "rise", "external_decay"):
            checked(name, getattr(self, name), "ms", above=0)
        for name in ("decay_e", "decay_i"):
            checked(name, getattr(self, name), "ms", above=self.rise)
        for name in ("leak", "reversal_e", "reversal_i", "threshold"):
            checked(name, getattr(self, name), "mV")
        checked("reset", self.reset, "mV", below=self.threshold)
        for name in ("refractory_e", "refractory_i"):
            checked(name, getattr(self, name), "ms", at_least=0)

    def simulate(self, duration, *, dt=0.1, seed):
        """Run the network from random potentials.

        Parameters
        ----------
        duration : float
            (ms)
        dt : float
            Time step (ms), at most the delay.
        seed : int

        Returns
        -------
        GammaRun
        """
        duration = checked("duration", duration, "ms", above=0)
        dt = checked("dt", dt, "ms", above=0, at_most=self.delay)
        rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
        n, steps = self.n_e + self.n_i, round(duration / dt)
        connected = rng.random((n, n)) < self.connection
        np.fill_diagonal(connected, False)
        sources, targets = np.nonzero(connected)
        first = np.searchsorted(sources, np.arange(n + 1))
        weights = np.array([[self.weight_ee, self.weight_ei], [self.weight_ie, self.weight_ii]])
        excitatory = np.arange(n) < self.n_e
        cells = np.array(
            [
                np.where(excitatory, dt / self.tau_e, dt / self.tau_i),
                np.where(excitatory, self.refractory_e / dt, self.refractory_i / dt).round(),
            ]
        )
        decays = np.array(
            [
                math.exp(-dt / t)
                for t in (self.decay_e, self.decay_i, self.rise, self.external_decay)
            ]
        )
        potentials = np.array(
            [self.leak, self.reversal_e, self.reversal_i, self.threshold, self.reset]
        )
        fired = np.zeros((steps, n), np.bool_)
        means = np.zeros((2, steps))
        state = np.zeros((6, n))
        state[0] = rng.uniform(self.reset, self.threshold, n)
        _gamma_steps(
            fired, means, state, np.zeros(n, np.int64), cells, first, targets, weights, self.n_e,
            round(self.delay / dt), decays, potentials, dt / _CONDUCTANCE_TAU,
            self.external_weight, math.exp(-self.external_rate * dt), random_state(seed),
        )  # fmt: skip
        at, senders = np.nonzero(fired)
        return GammaRun(self, dt, duration, dt * (at + 1), senders, *means)


@kernel
def _gamma_steps(
    fired, means, state, waiting, cells, first, targets, weights, n_e,
    delay, decays, potentials, ratio, external_weight, no_event, random,
):  # fmt: skip
    """Step the network (reference: tests/naive/evidence.py).

    Rows of `state`: V, E slow and fast part, I slow and fast part, external conductance. V moves by
    the trapezoidal rule.
    """
    potential, slow_e, fast_e, slow_i, fast_i, external = state
    decay_e, decay_i, rise, external_decay = decays
    leak, reversal_e, reversal_i, threshold, reset = potentials
    for step in range(fired.shape[0]):
        if step >= delay:
            for source in range(potential.size):
                if fired[step - delay, source]:
                    for synapse in range(first[source], first[source + 1]):
                        target = targets[synapse]
                        if source < n_e:
                            weight = weights[0, 0] if target < n_e else weights[1, 0]
                            slow_e[target] += weight
                            fast_e[target] += weight
                        else:
                            weight = weights[0, 1] if target < n_e else weights[1, 1]
                            slow_i[target] += weight
                            fast_i[target] += weight
        for cell in range(potential.size):
            if cell < n_e:
                product = uniform(random)
                while product > no_event:
                    external[cell] += external_weight
                    product *= uniform(random)
                means[0, step] += (slow_e[cell] - fast_e[cell]) / n_e
                means[1, step] += (slow_i[cell] - fast_i[cell]) / n_e
            if waiting[cell] > 0:
                waiting[cell] -= 1
            else:
                g_e = ratio * (slow_e[cell] - fast_e[cell] + external[cell])
                g_i = ratio * (slow_i[cell] - fast_i[cell])
                half = (cells[0, cell] + g_e + g_i) / 2
                pull = cells[0, cell] * leak + g_e * reversal_e + g_i * reversal_i
                potential[cell] = (potential[cell] * (1 - half) + pull) / (1 + half)
                if potential[cell] >= threshold:
                    fired[step, cell] = True
                    potential[cell] = reset
                    waiting[cell] = np.int64(cells[1, cell])
            slow_e[cell] *= decay_e
            fast_e[cell] *= rise
            slow_i[cell] *= decay_i
            fast_i[cell] *= rise
            external[cell] *= external_decay
