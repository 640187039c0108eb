"""What a run of a spiking network shows: rate, irregularity, synchrony and frequency.

One call reads off everything by which N. Brunel, J. Comput. Neurosci. 8:183 (2000), names a state.
Plain arrays in, numbers out. Units: ms, Hz.
"""

import dataclasses

import numpy as np

from balcourse.measure.spikes import cv_isi, mean_rate, population_spectrum, synchrony

_BLOCKS = 5


@dataclasses.dataclass(frozen=True)
class MeasuredState:
    """What one run shows.

    Attributes
    ----------
    rate, rate_error : float
        Spikes per neuron and second (Hz), and its standard error over five blocks of time.
    cv, cv_error : float
        CV of the interspike intervals, and its standard error over five groups of neurons.
    synchrony : float
        Variance over mean of the population's spike count in 1 ms; 1 for independent neurons.
    frequency : float
        Peak of the population's spectrum above 5 Hz (Hz).
    """

    rate: float
    rate_error: float
    cv: float
    cv_error: float
    synchrony: float
    frequency: float


def measured_state(times, senders, n, duration):
    """Measure the state that a recording shows.

    Parameters
    ----------
    times, senders : array_like
        Shape (spikes,): times (ms) and neurons.
    n : int
        Neurons recorded.
    duration : float
        Recorded time (ms), at least 100.

    Returns
    -------
    MeasuredState

    Examples
    --------
    >>> times = np.repeat(np.arange(5.0, 1000.0, 20.0), 10)
    >>> found = measured_state(times, np.tile(np.arange(10), 50), n=10, duration=1000.0)
    >>> found.rate, round(found.cv, 6)
    (50.0, 0.0)
    """
    times, senders = np.asarray(times), np.asarray(senders)
    blocks = np.histogram(times, _BLOCKS, (0, duration))[0] * _BLOCKS * 1000 / (n * duration)
    groups = [senders % _BLOCKS == group for group in range(_BLOCKS)]
    cvs = [cv_isi(times[group], senders[group]) for group in groups]
    frequency, power = population_spectrum(
        times, n, duration, width=0.5, segment=min(duration, 250.0)
    )
    power[frequency < 5] = 0
    return MeasuredState(
        rate=float(mean_rate(times, senders, n, duration)),
        rate_error=float(blocks.std(ddof=1) / _BLOCKS**0.5),
        cv=float(np.mean(cvs)),
        cv_error=float(np.std(cvs, ddof=1) / _BLOCKS**0.5),
        synchrony=float(synchrony(times, duration, 1.0)),
        frequency=float(frequency[np.argmax(power)]),
    )
