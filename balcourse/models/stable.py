"""Stable (Levy) random numbers, and one leaky neuron driven by them.

dV = (mean - V) dt / tau + scale dL, with L a stable process of index alpha in (1, 2] and skew beta,
whose increment over one tau has the characteristic function exp(-|k|**alpha (1 - i beta sign(k)
tan(pi alpha / 2)) / 2): zero mean, and at index 2 Brunel's white noise of unit intensity. Random
numbers: J. Chambers, C. Mallows and B. Stuck, J. Am. Stat. Assoc. 71:340 (1976), exact. The neuron:
A. Wardak and P. Gong, Phys. Rev. Research 3:013083 (2021). Time ms, potential mV, rate Hz.
"""

import dataclasses
import math

import numpy as np

from balcourse.models.kernel import kernel
from balcourse.models.random import random_state, uniform
from balcourse.parameters import checked


def stable_constants(index, skew):
    """Return the angle and the stretch that `stable` takes, from index and skew."""
    index = checked("index", index, above=1, at_most=2)
    skew = checked("skew", skew, at_least=-1, at_most=1)
    slope = skew * math.tan(math.pi * index / 2) if index < 2 else 0.0
    return math.atan(slope) / index, (1 + slope**2) ** (0.5 / index)


@kernel(inline="always")
def stable(state, index, angle, stretch):
    """Return one stable number of scale 1 and mean 0."""
    phase = math.pi * (uniform(state) - 0.5)
    turned = index * (phase + angle)
    waiting = -math.log(1.0 - uniform(state))
    ratio = math.cos(phase - turned) / waiting
    power = (1.0 - index) / index
    return stretch * math.sin(turned) * math.cos(phase) ** (-1.0 / index) * ratio**power


@kernel
def _fill(samples, index, angle, stretch, state):
    for sample in range(samples.size):
        samples[sample] = stable(state, index, angle, stretch)


def stable_samples(count, index, skew=0.0, scale=1.0, *, seed=0):
    """Draw independent stable numbers of mean 0.

    Parameters
    ----------
    count : int
        How many.
    index, skew : float
        Stability index in (1, 2] and skewness in [-1, 1]; `scipy.stats.levy_stable`'s alpha, beta.
    scale : float
        Above 0; at index 2 the standard deviation is scale * sqrt(2).
    seed : int
        Seed of the random numbers.

    Returns
    -------
    numpy.ndarray
        Shape (count,).

    Raises
    ------
    ValueError
        If a parameter is out of its bounds.

    Examples
    --------
    >>> bool(abs(stable_samples(100_000, 2, seed=1).std() - 2**0.5) < 0.01)
    True

    """
    count = checked("count", count, integer=True, at_least=1)
    scale = checked("scale", scale, above=0)
    angle, stretch = stable_constants(index, skew)
    samples = np.empty(count)
    _fill(samples, float(index), angle, scale * stretch, random_state(seed))
    return samples


@dataclasses.dataclass(frozen=True)
class StableRun:
    """What a simulated neuron did.

    Attributes
    ----------
    neuron : StableNeuron
    dt : float
        Time step, ms.
    duration : float
        Simulated time, ms.
    times : numpy.ndarray
        Spike times, ms.
    overshoots : numpy.ndarray
        How far above threshold each spike found the potential, mV.
    potentials : numpy.ndarray
        The potential outside the refractory time, mV, taken every `stride` steps.

    """

    neuron: "StableNeuron"
    dt: float
    duration: float
    times: np.ndarray
    overshoots: np.ndarray
    potentials: np.ndarray

    @property
    def rate(self):
        """Spikes per second, Hz."""
        return 1e3 * len(self.times) / self.duration

    @property
    def rate_error(self):
        """Standard error of the rate, Hz: spikes are a renewal process."""
        intervals = np.diff(self.times)
        return self.rate * intervals.std() / intervals.mean() / math.sqrt(len(self.times))


@dataclasses.dataclass(frozen=True)
class StableNeuron:
    """A leaky integrate-and-fire neuron in stable noise.

    Attributes
    ----------
    mean, scale : float
        Mean input and scale of the noise (above 0), mV.
    index, skew : float
        Stability index in (1, 2], skewness in [-1, 1].
    threshold, reset : float
        mV, reset below threshold.
    tau, refractory : float
        Membrane time constant (above 0) and refractory time (at least 0), ms.

    """

    mean: float
    scale: float
    index: float
    skew: float = 0.0
    threshold: float = 20.0
    reset: float = 10.0
    tau: float = 20.0
    refractory: float = 2.0

    def __post_init__(self):
        checked("mean", self.mean, "mV")
        checked("scale", self.scale, "mV", above=0)
        stable_constants(self.index, self.skew)
        checked("threshold", self.threshold, "mV")
        checked("reset", self.reset, "mV", below=self.threshold)
        checked("tau", self.tau, "ms", above=0)
        checked("refractory", self.refractory, "ms", at_least=0)

    def simulate(self, duration, *, dt=0.01, stride=100, seed=0):
        """Step the Langevin equation; the step is exact, but threshold is looked at only there.

        A passage between two looks is missed, so the rate is biased low, by an amount that shrinks
        as dt**(1 / index): see `extrapolated_rate`.

        Parameters
        ----------
        duration : float
            Time outside the refractory periods, ms.
        dt : float
            Time step, ms, at most a tenth of tau.
        stride : int
            Steps between two kept potentials.
        seed : int
            Seed of the noise.

        Returns
        -------
        StableRun

        Raises
        ------
        ValueError
            If a parameter is out of its bounds.

        Examples
        --------
        >>> run = StableNeuron(15, 5, 1.5).simulate(20_000, seed=1)
        >>> bool(abs(run.rate - 7.27) < 4 * run.rate_error)
        True

        """
        dt = checked("dt", dt, "ms", above=0, at_most=self.tau / 10)
        steps = round(checked("duration", duration, "ms", at_least=dt) / dt)
        stride = checked("stride", stride, integer=True, at_least=1)
        angle, stretch = stable_constants(self.index, self.skew)
        kick = self.scale * (-math.expm1(-self.index * dt / self.tau) / (2 * self.index)) ** (
            1 / self.index
        )
        spike_steps = np.empty(steps, np.int64)
        overshoots = np.empty(steps)
        potentials = np.empty(steps // stride)
        spikes = _step(
            spike_steps,
            overshoots,
            potentials,
            steps,
            stride,
            float(self.mean),
            float(self.threshold),
            float(self.reset),
            math.exp(-dt / self.tau),
            float(self.index),
            angle,
            kick * stretch,
            random_state(seed),
        )
        times = spike_steps[:spikes] * dt + np.arange(spikes) * self.refractory
        total = steps * dt + spikes * self.refractory
        return StableRun(self, dt, total, times, overshoots[:spikes].copy(), potentials)


@kernel
def _step(
    spike_steps,
    overshoots,
    potentials,
    steps,
    stride,
    mean,
    threshold,
    reset,
    decay,
    index,
    angle,
    kick,
    state,
):
    """Advance one neuron outside its refractory time; return the number of spikes."""
    potential = reset
    spikes = 0
    for step in range(steps):
        potential = mean + (potential - mean) * decay + stable(state, index, angle, kick)
        if potential >= threshold:
            spike_steps[spikes] = step + 1
            overshoots[spikes] = potential - threshold
            spikes += 1
            potential = reset
        if (step + 1) % stride == 0:
            potentials[step // stride] = potential
    return spikes


def extrapolated_rate(neuron, duration, *, steps=(0.32, 0.08, 0.02), seed=0):
    """Rate as the time step goes to 0, by a straight line in dt**(1 / index).

    Parameters
    ----------
    neuron : StableNeuron
        What to simulate.
    duration : float
        Simulated time for each step, ms.
    steps : sequence of float
        Two or more time steps, ms.
    seed : int
        Seed of the first run; each run has its own.

    Returns
    -------
    rate, error : float
        Extrapolated rate and its standard error, Hz.
    rates, errors : numpy.ndarray
        Shape (steps,), the same at each step.

    Raises
    ------
    ValueError
        If a parameter is out of its bounds, or there are fewer than two steps.

    """
    if len(set(steps)) < 2:
        raise ValueError(f"steps = {steps!r} ms: must be at least two different steps")
    runs = [
        neuron.simulate(duration, dt=dt, stride=1_000_000, seed=seed + number)
        for number, dt in enumerate(steps)
    ]
    rates, errors = np.array([(run.rate, run.rate_error) for run in runs]).T
    places = np.asarray(steps, float) ** (1 / neuron.index)
    design = np.stack([np.ones_like(places), places], axis=1) / errors[:, None]
    covariance = np.linalg.inv(design.T @ design)
    rate = covariance[0] @ design.T @ (rates / errors)
    return float(rate), float(math.sqrt(covariance[0, 0])), rates, errors
