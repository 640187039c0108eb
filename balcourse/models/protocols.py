"""Experiments on the cells of `balcourse.models.neuron`, as a physiologist would set them up.

Two volleys through a feedforward circuit (F. Pouille and M. Scanziani, Science 293:1159, 2001); two
neighbours held at two potentials (M. Okun and I. Lampl, Nat. Neurosci. 11:535, 2008); neighbours
that share correlated input; pairs that share noise. Units: ms, mV; conductances over the leak.
"""

import dataclasses

import numpy as np

from balcourse.models.trains import correlated_noise
from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True)
class FeedforwardVolley:
    """A volley of excitation that brings inhibition with it.

    Attributes
    ----------
    ratio : float
        Peak inhibitory over peak excitatory conductance.
    delay : float
        From the excitatory to the inhibitory onset (ms).
    """

    ratio: float = 4.0
    delay: float = 2.0

    def __post_init__(self):
        checked("ratio", self.ratio, at_least=0)
        checked("delay", self.delay, "ms", at_least=0)

    def recorded(self, neuron, onsets, peaks, *, duration=60.0, dt=0.02, spiking=True):
        """Give each row its volleys.

        Parameters
        ----------
        neuron : ConductanceNeuron
        onsets : array_like, shape (rows, volleys)
            (ms)
        peaks : array_like, shape (rows,)
            Peak excitatory conductance of each volley of a row.
        duration, dt : float
            (ms)
        spiking : bool

        Returns
        -------
        balcourse.models.neuron.Recording
        """
        onsets, peaks = np.asarray(onsets, float), np.asarray(peaks, float)
        rows = np.arange(peaks.size)
        input_e = np.zeros((rows.size, round(duration / dt)))
        input_i = np.zeros_like(input_e)
        for onset in onsets.T:
            input_e[rows, np.round(onset / dt).astype(int)] += peaks
            input_i[rows, np.round((onset + self.delay) / dt).astype(int)] += self.ratio * peaks
        return neuron.simulate(input_e, input_i, dt=dt, spiking=spiking, record=not spiking)

    def threshold(self, neuron, *, precision=0.005):
        """Smallest peak excitatory conductance, up to 8, with which one volley fires the neuron.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If no volley fires it.
        """
        peaks = np.arange(precision, 8 + precision / 2, precision)
        fired = self.recorded(neuron, np.zeros((peaks.size, 1)), peaks).senders
        if fired.size == 0:
            raise ValueError(f"ratio = {self.ratio}: no volley up to peak 8 fires the neuron")
        return float(peaks[fired.min()])

    def window(self, neuron, *, part=0.7, precision=0.05):
        """Largest separation, up to 40 ms, at which two volleys fire the neuron together.

        Parameters
        ----------
        neuron : ConductanceNeuron
        part : float
            Strength of each volley, as a part of `threshold`.
        precision : float
            (ms)

        Returns
        -------
        float
            (ms)

        Examples
        --------
        >>> from balcourse.models.neuron import ConductanceNeuron
        >>> volley = FeedforwardVolley(ratio=0, delay=2)
        >>> round(volley.window(ConductanceNeuron(), precision=0.2), 1)
        19.6
        """
        checked("part", part, at_least=0.5, below=1)
        separations = np.arange(0, 40 + precision / 2, precision)
        onsets = np.stack([np.zeros_like(separations), separations], axis=1)
        peaks = np.full(separations.size, part * self.threshold(neuron))
        return float(separations[self.recorded(neuron, onsets, peaks).senders.max()])


def spike_jitter(neuron, volley, *, strength=1.3, spread=0.15, trials=400, seed):
    """Scatter of the first spike's time when the size of the volley varies from trial to trial.

    Parameters
    ----------
    neuron : ConductanceNeuron
    volley : FeedforwardVolley
    strength : float
        Mean size of the volley, over its threshold.
    spread : float
        Standard deviation of the size, over the mean.
    trials : int
    seed : int

    Returns
    -------
    jitter : float
        Standard deviation (ms).
    reliability : float
        Part of the trials with a spike.
    """
    checked("strength", strength, above=0)
    checked("spread", spread, at_least=0)
    trials = checked("trials", trials, integer=True, at_least=2)
    rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
    sizes = strength * volley.threshold(neuron) * (1 + spread * rng.standard_normal(trials))
    run = volley.recorded(neuron, np.zeros((trials, 1)), np.maximum(sizes, 0))
    rows, first = np.unique(run.senders, return_index=True)
    return float(run.times[first].std()), rows.size / trials


def held_pair(neuron, delay, duration, *, rate=20.0, peak_e=0.08, peak_i=0.12, dt=0.1, seed):
    """Record two neighbours under the same events, one seeing excitation only, one inhibition only.

    Parameters
    ----------
    neuron : ConductanceNeuron
    delay : float
        From excitation to inhibition (ms).
    duration : float
        (ms)
    rate : float
        Shared events per second (Hz), of exponentially distributed size.
    peak_e, peak_i : float
        Mean peak conductances.
    dt : float
        Time step (ms).
    seed : int

    Returns
    -------
    sees_e, sees_i : Recording
        The first cell is held at `reversal_i`, the second at `reversal_e`.
    """
    checked("rate", rate, "Hz", above=0)
    late = round(checked("delay", delay, "ms", at_least=0) / dt)
    rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
    steps = round(checked("duration", duration, "ms", above=0) / dt)
    events = rng.poisson(rate * dt / 1000, steps) * rng.exponential(size=steps)
    input_e = peak_e * events[None]
    input_i = peak_i * np.roll(events, late)[None]
    return [
        dataclasses.replace(neuron, leak=held).simulate(
            input_e, input_i, dt=dt, spiking=False, record=True
        )
        for held in (neuron.reversal_i, neuron.reversal_e)
    ]


def barrage(neuron, mean_e, mean_i, duration, *, peak=0.02, spiking=True, dt=0.1, seed):
    """Record cells under Poisson barrages of small synaptic events with given mean conductances.

    Parameters
    ----------
    neuron : ConductanceNeuron
    mean_e, mean_i : array_like, shape (rows,)
        Mean conductances, in units of the leak.
    duration : float
        (ms)
    peak : float
        Peak conductance of one event.
    spiking : bool
    dt : float
        Time step (ms).
    seed : int

    Returns
    -------
    balcourse.models.neuron.Recording
        With potentials where there is no threshold.
    """
    checked("peak", peak, above=0)
    steps = round(checked("duration", duration, "ms", above=0) / dt)
    rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
    inputs = [
        peak * rng.poisson(np.asarray(mean)[:, None] * dt / (peak * area), (len(mean), steps))
        for mean, area in zip((mean_e, mean_i), neuron.event_areas, strict=True)
    ]
    return neuron.simulate(*inputs, dt=dt, spiking=spiking, record=not spiking)


def neighbours(neuron, pools, duration, *, dt=0.1, seed):
    """Record two cells that listen to the same pools, without and with their thresholds.

    Parameters
    ----------
    neuron : CurrentNeuron
    pools : sequence of Pool
    duration : float
        (ms)
    dt : float
        Time step (ms).
    seed : int

    Returns
    -------
    free, spiking : Recording
        Under the same input.

    Examples
    --------
    >>> from balcourse.models.neuron import CurrentNeuron
    >>> from balcourse.models.trains import Pool
    >>> free, spiking = neighbours(CurrentNeuron(), [Pool(100, 13, 0.1, 0.5)], 1000, seed=1)
    >>> free.potential.shape
    (2, 10000)
    """
    jumps = sum(
        pool.jumps(duration, cells=2, dt=dt, seed=seed + number)
        for number, pool in enumerate(pools)
    )
    return (
        neuron.simulate(jumps, dt=dt, spiking=False, record=True),
        neuron.simulate(jumps, dt=dt, record=True),
    )


def noise_pairs(neuron, mean, sd, correlation, duration, *, pairs=30, dt=0.1, seed):
    """Record the spikes of pairs of cells that share a part of their white noise.

    Parameters
    ----------
    neuron : CurrentNeuron
    mean, sd : float
        As in `CurrentNeuron.drive` (mV).
    correlation : float
        Shared part of the variance, 0 to 1.
    duration : float
        (ms)
    pairs : int
    dt : float
        Time step (ms); the threshold is corrected for it.
    seed : int

    Returns
    -------
    Recording
        Rows 2 k and 2 k + 1 are a pair.
    """
    steps = round(checked("duration", duration, "ms", above=0) / dt)
    normal = np.concatenate(
        [correlated_noise(2, correlation, steps, seed=1000 * seed + pair) for pair in range(pairs)]
    )
    return neuron.watched_every(dt, sd).simulate(neuron.drive(mean, sd, normal, dt=dt), dt=dt)
