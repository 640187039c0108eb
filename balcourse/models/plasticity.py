"""Cells whose inhibitory synapses learn from spike pairs and from lone inhibitory spikes.

Integrate-and-fire cells with very different excitatory drive share one pool of inhibitory trains;
every synapse follows the rule of T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath and W. Gerstner,
Science 334:1569 (2011): with traces x that jump by 1 at a spike and decay with trace_tau, an
inhibitory spike changes its weight by learning_rate (x_cell - 2 target trace_tau), a spike of the
cell by learning_rate x_inhibitory; weights stay at or above 0. Units: ms, mV, Hz.
"""

import dataclasses
import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import random_state, uniform
from balcourse.models.trains import correlated_trains
from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True, eq=False)
class PlasticRun:
    """What the cells and their synapses did.

    Attributes
    ----------
    model : PlasticCells
    times : ndarray, shape (samples,)
        Ends of the stretches that the samples average over (ms).
    rates : ndarray, shape (samples, cells)
        Firing rate of each cell in each stretch (Hz).
    inhibition : ndarray, shape (samples, cells)
        Mean inhibitory input to each cell at the end of each stretch (mV).
    excitation : ndarray, shape (cells,)
        Mean excitatory input (mV).
    weights : ndarray, shape (cells, sources)
        Inhibitory weights at the end (mV).
    """

    model: "PlasticCells"
    times: np.ndarray
    rates: np.ndarray
    inhibition: np.ndarray
    excitation: np.ndarray
    weights: np.ndarray


@dataclasses.dataclass(frozen=True)
class PlasticCells:
    """Leaky integrate-and-fire cells with plastic inhibition.

    Attributes
    ----------
    weight_e : float
        Jump at an excitatory event (mV).
    sources : int
        Inhibitory trains, all shared by all cells.
    rate_i : float
        Of each inhibitory train (Hz).
    target : float
        Rate at which potentiation and depression cancel (Hz).
    learning_rate : float
        Change of a weight at a spike pair (mV); 0 blocks plasticity.
    trace_tau : float
        Width of the learning window (ms).
    tau, threshold, reset, refractory : float
        Of the cells (ms, mV, mV, ms); V rests at 0.

    Examples
    --------
    >>> model = PlasticCells(learning_rate=0.005)
    >>> run = model.simulate([9000, 15000], 20_000, weight_i=0.2, seed=1)
    >>> bool((abs(run.rates[-1] - model.target) < 3).all())
    True
    """

    weight_e: float = 0.3
    sources: int = 200
    rate_i: float = 20.0
    target: float = 5.0
    learning_rate: float = 1.5e-3
    trace_tau: float = 20.0
    tau: float = 20.0
    threshold: float = 20.0
    reset: float = 10.0
    refractory: float = 2.0

    def __post_init__(self):
        checked("weight_e", self.weight_e, "mV", above=0)
        checked("sources", self.sources, integer=True, at_least=1)
        checked("rate_i", self.rate_i, "Hz", above=0)
        checked("target", self.target, "Hz", at_least=0)
        checked("learning_rate", self.learning_rate, "mV", at_least=0)
        checked("trace_tau", self.trace_tau, "ms", above=0)
        checked("tau", self.tau, "ms", above=0)
        checked("threshold", self.threshold, "mV", above=0)
        checked("reset", self.reset, "mV", below=self.threshold)
        checked("refractory", self.refractory, "ms", at_least=0)

    def excitation(self, rates_e):
        """Mean excitatory input (mV) of cells with these event rates (Hz)."""
        return self.weight_e * np.asarray(rates_e, float) * self.tau / 1000

    def inhibition(self, weights):
        """Mean inhibitory input (mV) of cells with these weights (mV), shape (cells, sources)."""
        return np.sum(weights, axis=-1) * self.rate_i * self.tau / 1000

    def simulate(
        self, rates_e, duration, *, weight_i, thresholds=None, sample=1000.0, dt=0.1, seed
    ):
        """Let the cells fire and their synapses learn.

        Parameters
        ----------
        rates_e : array_like, shape (cells,)
            Excitatory events per second of each cell (Hz), a Poisson train of its own.
        duration : float
            (ms)
        weight_i : float or array_like, broadcast to shape (cells, sources)
            Inhibitory weights at the beginning (mV).
        thresholds : array_like, shape (cells,), optional
            Where cells differ in excitability (mV); else the model's threshold.
        sample : float
            Time between samples of rate and inhibition (ms).
        dt : float
            Time step (ms).
        seed : int

        Returns
        -------
        PlasticRun

        Raises
        ------
        ValueError
            If an argument is out of range.
        """
        duration = checked("duration", duration, "ms", above=0)
        dt = checked("dt", dt, "ms", above=0)
        steps_a_sample = round(checked("sample", sample, "ms", at_least=dt, at_most=duration) / dt)
        rates_e = np.array(rates_e, float)
        cells = rates_e.size
        for name, values, least in (("rates_e", rates_e, 0), ("weight_i", weight_i, 0)):
            for value in (np.min(values), np.max(values)):
                checked(name, value, "Hz" if name == "rates_e" else "mV", at_least=least)
        thresholds = (
            np.full(cells, self.threshold) if thresholds is None else np.array(thresholds, float)
        )
        checked("thresholds", np.min(thresholds), "mV", above=self.reset)
        samples = round(duration / dt) // steps_a_sample
        trains = correlated_trains(
            self.sources, self.rate_i, 0, samples * steps_a_sample * dt, seed=seed
        )
        arrivals = (trains.times / dt).astype(np.int64)
        weights = np.array(np.broadcast_to(weight_i, (cells, self.sources)), float)
        spikes = np.zeros((samples, cells), np.int64)
        total = np.zeros((samples, cells))
        constants = np.array(
            [
                math.exp(-dt / self.tau), math.exp(-dt / self.trace_tau), self.weight_e, self.reset,
                self.learning_rate, 2 * self.target * self.trace_tau / 1000,
            ]
        )  # fmt: skip
        for cell in range(cells):
            _plastic_steps(
                arrivals, trains.senders, weights[cell], spikes[:, cell], total[:, cell],
                np.zeros(self.sources), np.zeros(self.sources, np.int64), _powers(constants[1]),
                steps_a_sample, math.exp(-rates_e[cell] * dt / 1000), thresholds[cell],
                round(self.refractory / dt), constants, random_state(seed, 1 + cell),
            )  # fmt: skip
        times = dt * steps_a_sample * (1 + np.arange(samples))
        to_input = self.rate_i * self.tau / 1000
        rates = 1000 * spikes / (dt * steps_a_sample)
        return PlasticRun(self, times, rates, total * to_input, self.excitation(rates_e), weights)


def _powers(decay):
    """Return decay**n for n = 0 until it is negligible."""
    return decay ** np.arange(math.ceil(-40 / math.log(decay)))


@kernel
def _plastic_steps(
    arrivals, senders, weights, spikes, total, trace, seen, powers,
    steps_a_sample, no_event, threshold, refractory, constants, state,
):  # fmt: skip
    """Step one cell and its synapses (reference: tests/naive/evidence.py).

    Traces of the sources are brought up to date only when they are read: `seen` is the step at
    which `trace` held. `no_event` is the probability of a step without excitatory event.
    """
    decay, trace_decay, weight_e, reset, learning_rate, depression = constants
    potential, own_trace, waiting, arrival = 0.0, 0.0, 0, 0
    for sample in range(spikes.size):
        for step in range(sample * steps_a_sample, (sample + 1) * steps_a_sample):
            own_trace *= trace_decay
            events = 0
            product = uniform(state)
            while product > no_event:
                events += 1
                product *= uniform(state)
            jump = weight_e * events
            while arrival < arrivals.size and arrivals[arrival] == step:
                source = senders[arrival]
                jump -= weights[source]
                weights[source] = max(
                    0.0, weights[source] + learning_rate * (own_trace - depression)
                )
                trace[source] = _aged(trace[source], step - seen[source], powers) + 1.0
                seen[source] = step
                arrival += 1
            if waiting > 0:
                waiting -= 1
                continue
            potential = potential * decay + jump
            if potential >= threshold:
                spikes[sample] += 1
                own_trace += 1.0
                potential, waiting = reset, refractory
                for source in range(weights.size):
                    aged = _aged(trace[source], step - seen[source], powers)
                    weights[source] += learning_rate * aged
        for source in range(weights.size):
            total[sample] += weights[source]


@kernel(inline="always")
def _aged(trace, steps, powers):
    return trace * powers[steps] if steps < powers.size else 0.0
