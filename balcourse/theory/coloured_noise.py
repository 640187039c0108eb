"""Brunel's sparse network without the white-noise assumption: input as regular as the output.

A neuron's recurrent input is the sum of many independent spike trains like its own, so its noise
has the spectrum of those trains, not a flat one. Start from white noise, measure the spike trains
of neurons so driven, give the noise their spectrum, and repeat, as in A. Lerchner et al., Neural
Comput. 18:634 (2006), and B. Dummer, S. Wieland and B. Lindner, Front. Comput. Neurosci. 8:104
(2014). Units: ms, mV, Hz.
"""

import dataclasses
import math

import numpy as np
from scipy import fft, ndimage

from balcourse.models.kernel import kernel
from balcourse.models.random import random_state, uniform
from balcourse.parameters import checked
from balcourse.theory.diffusion import stationary_states


@dataclasses.dataclass(frozen=True)
class ColouredState:
    """Stationary state whose noise has the spectrum of its own spike trains.

    Attributes
    ----------
    rate, cv : float
        Rate (Hz) and CV of the interspike intervals, mean over the second half of the rounds.
    frequency, spectrum : numpy.ndarray
        Hz, and the two-sided spectrum of a spike train, Hz, shape (frequencies,).
    rates, cvs : numpy.ndarray
        Shape (rounds,): what each round found; the first one saw white noise.
    """

    rate: float
    cv: float
    frequency: np.ndarray
    spectrum: np.ndarray
    rates: np.ndarray
    cvs: np.ndarray


@kernel
def _drive(
    kicks, mean, sd, dt, tau, threshold, reset, refractory, settle, state, spikes, intervals
):
    """Integrate one neuron a row of `kicks` (mV a step); count intervals, their sum and squares.

    Between two steps V is a Brownian bridge, so that a crossing seen by neither end is drawn with
    its exact probability for the white part of the noise. Twin: `tests.naive.coloured_noise`.
    """
    decay, half = math.exp(-dt / tau), math.exp(-dt / (2 * tau))
    spread = sd**2 * dt / tau
    held = round(refractory / dt)
    neurons, steps = kicks.shape
    for neuron in range(neurons):
        v = reset + (threshold - reset) * uniform(state)
        wait, last = 0, -1
        for step in range(-settle, steps):
            if wait > 0:
                wait -= 1
                continue
            before = v
            v = mean + (v - mean) * decay + half * kicks[neuron, step]
            fired = v >= threshold
            if not fired:
                exponent = 2 * (threshold - before) * (threshold - v) / spread
                fired = exponent < 36 and uniform(state) < math.exp(-exponent)
            if fired:
                v = reset
                wait = held - (1 if uniform(state) < 0.5 and held > 0 else 0)
                if step >= 0:
                    spikes[neuron, step] = 1.0
                    if last >= 0:
                        interval = (step - last) * dt
                        intervals[0] += 1
                        intervals[1] += interval
                        intervals[2] += interval**2
                    last = step


def coloured_state(network, *, neurons=100, intervals=100, rounds=12, dt=0.1, seed=0):
    """Iterate noise and spike trains to self-consistency, from the highest stationary state.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        With excitatory and inhibitory neurons alike (model A).
    neurons : int
        Sample paths a round.
    intervals : float
        Length of each path, in mean interspike intervals.
    rounds : int
        Rounds of the iteration; 5 suffice to converge, the others average.
    dt : float
        Step, ms.
    seed : int
        Seed of everything random.

    Returns
    -------
    ColouredState

    Raises
    ------
    ValueError
        If a parameter is out of range, the network is silent or its populations differ.

    Notes
    -----
    The limit N to infinity at fixed in-degree, with Gaussian noise: no correlations between the
    neurons, no jumps. The rate takes Newton steps with the white-noise loop gain, because plain
    repetition diverges when inhibition is strong.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> network = BrunelNetwork(g=5, external_ratio=2)
    >>> state = coloured_state(network, neurons=20, intervals=40, rounds=6, seed=1)
    >>> bool(state.cvs[0] > 0.6 and state.cv < 0.5)
    True
    """
    neurons = checked("neurons", neurons, integer=True, at_least=1)
    rounds = checked("rounds", rounds, integer=True, at_least=2)
    dt = checked("dt", dt, "ms", above=0, at_most=network.refractory or network.tau)
    white = stationary_states(network)[-1]
    if isinstance(white.rate, np.ndarray) or not white.rate > 1e-3:
        raise ValueError(f"network = {network}: must be alike (model A) and fire above 0.001 Hz")
    steps = fft.next_fast_len(
        round(checked("intervals", intervals, above=1) * 1000 / white.rate / dt)
    )
    frequency = 1000 * fft.rfftfreq(steps, dt)
    generator = np.random.default_rng(seed)
    state = random_state(seed)
    neuron = (network.tau, network.threshold, network.reset, network.refractory)
    external = network.c_e * network.external_rate
    recurrent = network.c_e + network.c_i * network.g**2
    rate, shape = white.rate, np.ones(frequency.size)
    rates, cvs, shapes = [], [], []
    for _round in range(rounds):
        power = network.j**2 * (external + recurrent * rate * shape) / 1000  # mV**2 / ms
        mean = network.j * network.tau / 1000
        mean *= external + (network.c_e - network.c_i * network.g) * rate
        sd = math.sqrt(network.j**2 * (external + recurrent * rate) * network.tau / 1000)
        kicks = generator.standard_normal((2, neurons, frequency.size))
        kicks = fft.irfft((kicks[0] + 1j * kicks[1]) * np.sqrt(power * steps * dt / 2), steps)
        spikes, sums = np.zeros((neurons, steps)), np.zeros(3)
        settle = min(round(10 * network.tau / dt), steps)
        _drive(kicks, mean, sd, dt, *neuron, settle, state, spikes, sums)
        found = 1000 * spikes.sum() / (neurons * steps * dt)
        rates.append(found)
        cvs.append(math.sqrt(max(sums[2] * sums[0] / sums[1] ** 2 - 1, 0)))
        rate += (found - rate) / (1 - white.gain)
        spectrum = (np.abs(fft.rfft(spikes)) ** 2).mean(axis=0) / (steps * dt) * 1000 / found
        spectrum[0] = spectrum[1]
        shape = ndimage.uniform_filter1d(spectrum, max(1, round(4 / frequency[1])), mode="nearest")
        shapes.append(shape)
    tail = slice(rounds // 2, None)
    return ColouredState(
        float(np.mean(rates[tail])),
        float(np.mean(cvs[tail])),
        frequency,
        np.mean(rates[tail]) * np.mean(shapes[tail], axis=0),
        np.array(rates),
        np.array(cvs),
    )
