"""What is read off spike trains: rates, intervals, counts and their correlations.

Spikes come as two arrays of equal length, `times` (ms) and `senders` (neuron indices 0 to n - 1),
in any order, from a recording of `duration` ms that begins at time 0. Rates are in Hz. A spike on
the edge of two bins belongs to the first, because a simulated spike is stamped with the end of its
step. A neuron with too few spikes for a measure is left out; if none is left, the result is NaN.
"""

import numpy as np
from scipy import signal

from balcourse.parameters import checked


def mean_rate(times, senders, n, duration):
    """Return spikes per neuron and second (Hz).

    Parameters
    ----------
    times, senders : array_like
        Shape (spikes,): times (ms) and neurons.
    n : int
        Neurons recorded, the silent ones included.
    duration : float
        Recorded time (ms).

    Examples
    --------
    >>> mean_rate([10.0, 20.0, 30.0], [0, 1, 0], n=2, duration=1000.0)
    1.5
    """
    times, _ = _spikes(times, senders, n, duration)
    return len(times) * 1000.0 / (n * duration)


def rates(times, senders, n, duration):
    """Return the rate of each neuron (Hz), shape (n,).

    Examples
    --------
    >>> rates([10.0, 20.0, 30.0], [0, 1, 0], n=3, duration=1000.0)
    array([2., 1., 0.])
    """
    _, senders = _spikes(times, senders, n, duration)
    return np.bincount(senders, minlength=n) * 1000.0 / duration


def population_rate(times, n, duration, width=1.0):
    """Return the rate of the population in successive bins.

    Parameters
    ----------
    times : array_like
        Spike times of all neurons (ms).
    n : int
        Neurons recorded.
    duration : float
        Recorded time (ms); a last bin that is not full is dropped.
    width : float
        Bin width (ms).

    Returns
    -------
    numpy.ndarray
        Shape (bins,), Hz.

    Examples
    --------
    >>> population_rate([0.5, 1.2, 1.7], n=2, duration=3.0)
    array([ 500., 1000.,    0.])
    """
    checked("n", n, "neurons", integer=True, at_least=1)
    return _binned(times, duration, width) * 1000.0 / (n * width)


def isi(times, senders):
    """Return all interspike intervals, neuron by neuron.

    Returns
    -------
    intervals : numpy.ndarray
        Shape (intervals,), ms.
    owners : numpy.ndarray
        Shape (intervals,), the neuron of each.

    Examples
    --------
    >>> isi([1.0, 2.0, 4.0, 7.0], [0, 1, 0, 0])
    (array([3., 3.]), array([0, 0]))
    """
    times, senders = _sorted(times, senders)
    same = senders[1:] == senders[:-1]
    return np.diff(times)[same], senders[1:][same]


def cv_isi(times, senders, least=5):
    """Return the coefficient of variation of the intervals, averaged over neurons.

    1 for a Poisson process, 1/sqrt(k) for a gamma process of shape k, 0 for a clock. Intervals
    longer than the recording are missed, so a short recording gives too low a value.

    Parameters
    ----------
    times, senders : array_like
        Shape (spikes,): times (ms) and neurons.
    least : int
        Neurons with fewer intervals than this are left out.

    Examples
    --------
    >>> cv_isi([0.0, 1.0, 4.0, 5.0, 8.0], [0, 0, 0, 0, 0], least=4)
    0.5
    """
    intervals, owners = isi(times, senders)
    number, mean = _by_owner(owners, intervals)
    _, square = _by_owner(owners, (intervals - mean[owners]) ** 2)
    return _mean(np.sqrt(square) / mean, number >= max(least, 2))


def cv2(times, senders, least=5):
    """Return the local variation 2 |b - a| / (b + a) of adjacent intervals a and b.

    Averaged over pairs, then neurons; 1 for a Poisson process, 0 for a clock. Slow changes of the
    rate hardly enter. G. R. Holt et al., J. Neurophysiol. 75:1806 (1996).

    Examples
    --------
    >>> cv2([0.0, 1.0, 4.0, 5.0, 8.0, 9.0, 12.0], [0] * 7)
    1.0
    """
    first, second, owners = _adjacent(times, senders)
    number, mean = _by_owner(owners, 2 * abs(second - first) / (second + first))
    return _mean(mean, number >= least)


def lv(times, senders, least=5):
    """Return the local variation 3 ((b - a) / (b + a))**2 of adjacent intervals a and b.

    Averaged over pairs, then neurons; 1 for a Poisson process, 3 / (2 k + 1) for a gamma process
    of shape k, 0 for a clock. S. Shinomoto et al., Neural Comput. 15:2823 (2003).

    Examples
    --------
    >>> lv([0.0, 1.0, 4.0, 5.0, 8.0, 9.0, 12.0], [0] * 7)
    0.75
    """
    first, second, owners = _adjacent(times, senders)
    number, mean = _by_owner(owners, 3 * ((second - first) / (second + first)) ** 2)
    return _mean(mean, number >= least)


def fano_factor(times, senders, n, duration, window=100.0):
    """Return variance over mean of a neuron's spike count in windows, averaged over neurons.

    1 for a Poisson process; for a long window, the square of the coefficient of variation of a
    renewal process.

    Parameters
    ----------
    times, senders : array_like
        Shape (spikes,): times (ms) and neurons.
    n : int
        Neurons recorded.
    duration : float
        Recorded time (ms).
    window : float
        Length of the windows (ms).

    Examples
    --------
    >>> fano_factor([1.0, 2.0, 3.0, 7.0], [0, 0, 0, 0], n=1, duration=10.0, window=5.0)
    1.0
    """
    counts = spike_counts(times, senders, n, duration, window)
    mean = counts.mean(axis=1)
    with np.errstate(invalid="ignore"):
        return _mean(counts.var(axis=1, ddof=1) / mean, mean > 0)


def synchrony(times, duration, width=1.0):
    """Return variance over mean of the population's spike count in bins.

    1 for independent Poisson neurons of any number and rates, n if n neurons always fire together.

    Examples
    --------
    >>> synchrony([0.5, 0.6, 2.5, 2.6], duration=4.0)
    1.3333333333333333
    """
    counts = _binned(times, duration, width)
    return float(counts.var(ddof=1) / counts.mean()) if counts.any() else float("nan")


def pairwise_correlation(times, senders, n, duration, width=10.0):
    """Return the correlation coefficient of spike counts in bins, averaged over all pairs.

    Neurons that never fire, or fire equally often in every bin, are left out.

    Parameters
    ----------
    times, senders : array_like
        Shape (spikes,): times (ms) and neurons.
    n : int
        Neurons recorded.
    duration : float
        Recorded time (ms).
    width : float
        Bin width (ms).

    Examples
    --------
    >>> round(pairwise_correlation([1.0, 11.0, 12.0], [0, 0, 1], n=2, duration=40.0), 6)
    0.57735
    """
    counts = spike_counts(times, senders, n, duration, width).astype(float)
    counts -= counts.mean(axis=1, keepdims=True)
    length = np.sqrt((counts**2).sum(axis=1, keepdims=True))
    counts = counts[length[:, 0] > 0] / length[length[:, 0] > 0]
    pairs = len(counts) * (len(counts) - 1)
    return float((counts.sum(axis=0) ** 2).sum() - len(counts)) / pairs if pairs else float("nan")


def population_spectrum(times, n, duration, width=0.5, segment=500.0):
    """Return the power spectrum of the population rate.

    One-sided, by Welch's method with Hann windows that overlap by half. For n independent Poisson
    neurons of rate r it is flat at 2 r / n.

    Parameters
    ----------
    times : array_like
        Spike times of all neurons (ms).
    n : int
        Neurons recorded.
    duration : float
        Recorded time (ms).
    width : float
        Bin width (ms): the spectrum ends at 500 / width Hz.
    segment : float
        Length of a window (ms), which is the inverse of the resolution; at most `duration`.

    Returns
    -------
    frequencies : numpy.ndarray
        Hz, without 0.
    power : numpy.ndarray
        Hz^2 / Hz.

    Examples
    --------
    >>> clock = np.arange(0.25, 1000, 10.0)
    >>> frequencies, power = population_spectrum(clock, n=1, duration=1000.0)
    >>> frequencies[power > power.max() / 2][:3]
    array([100., 200., 300.])
    """
    segment = checked("segment", segment, "ms", at_least=4 * width, at_most=duration)
    rate = population_rate(times, n, duration, width)
    frequencies, power = signal.welch(rate, 1000 / width, nperseg=round(segment / width))
    return frequencies[1:], power[1:]


def autocorrelation(times, senders, n, duration, width=1.0, reach=100.0):
    """Return a neuron's rate at a lag after one of its own spikes, averaged over all spikes.

    For a Poisson process it is the rate at every lag; after a spike of a refractory neuron it
    rises from 0.

    Parameters
    ----------
    times, senders : array_like
        Shape (spikes,): times (ms) and neurons.
    n : int
        Neurons recorded.
    duration : float
        Recorded time (ms).
    width, reach : float
        Bin width, and largest lag (ms).

    Returns
    -------
    lags : numpy.ndarray
        Centres of the bins (ms).
    rate : numpy.ndarray
        Hz, corrected for the end of the recording.

    Examples
    --------
    >>> lags, rate = autocorrelation(np.arange(0.5, 100, 5), np.zeros(20, int), 1, 100.0, reach=10)
    >>> lags[rate > 0]
    array([5.5])
    """
    times, senders = _sorted(*_spikes(times, senders, n, duration))
    bins = round(checked("reach", reach, "ms", at_least=width, below=duration) / width)
    pairs = np.zeros(bins)
    for order in range(1, len(times)):
        lag = times[order:] - times[:-order]
        near = (senders[order:] == senders[:-order]) & (lag < bins * width)
        if not near.any():
            break
        pairs += np.bincount((lag[near] / width).astype(int), minlength=bins)[:bins]
    lags = (np.arange(bins) + 0.5) * width
    if len(times) == 0:
        return lags, np.full(bins, np.nan)
    return lags, pairs * 1000 / (len(times) * width) * duration / (duration - lags)


def spike_counts(times, senders, n, duration, width):
    """Return each neuron's number of spikes in successive bins: shape (n, bins).

    A last bin that is not full is dropped.

    Examples
    --------
    >>> spike_counts([1.0, 2.0, 7.0], [0, 1, 0], n=2, duration=10.0, width=5.0)
    array([[1, 1],
           [1, 0]])
    """
    times, senders = _spikes(times, senders, n, duration)
    bins = _bins(duration, width)
    places = _places(times, width)
    kept = places < bins
    flat = np.bincount(senders[kept] * bins + places[kept], minlength=n * bins)
    return flat.reshape(n, bins)


def _spikes(times, senders, n, duration):
    """Return times and senders as arrays, after checking them."""
    checked("n", n, "neurons", integer=True, at_least=1)
    checked("duration", duration, "ms", above=0)
    times = np.asarray(times, float)
    senders = np.asarray(senders).astype(np.int64)
    if times.shape != senders.shape or times.ndim != 1:
        raise ValueError(
            f"times and senders have shapes {times.shape} and {senders.shape}: must be equal"
        )
    if len(times) and not (senders.min() >= 0 and senders.max() < n):
        raise ValueError(f"senders = {senders.min()} to {senders.max()}: must be 0 to {n - 1}")
    return times, senders


def _sorted(times, senders):
    """Sort spikes by neuron, then time."""
    times, senders = np.asarray(times, float), np.asarray(senders).astype(np.int64)
    order = np.lexsort((times, senders))
    return times[order], senders[order]


def _adjacent(times, senders):
    """Return each two adjacent intervals of a neuron, and the neuron."""
    intervals, owners = isi(times, senders)
    same = owners[1:] == owners[:-1]
    return intervals[:-1][same], intervals[1:][same], owners[1:][same]


def _by_owner(owners, values):
    """Return, for each neuron, how many values it has and their mean."""
    number = np.bincount(owners)
    with np.errstate(invalid="ignore"):
        return number, np.bincount(owners, weights=values) / number


def _mean(values, chosen):
    return float(values[chosen].mean()) if chosen.any() else float("nan")


def _bins(duration, width):
    """Return how many full bins there are."""
    width = checked("width", width, "ms", above=0, at_most=duration)
    return int(duration / width + 1e-9)


def _places(times, width):
    """Return the bin of each time; rounding is forgiven on an edge, which ends a bin."""
    places = np.ceil(np.asarray(times, float) / width - 1e-9).astype(np.int64) - 1
    return np.maximum(places, 0)


def _binned(times, duration, width):
    """Count spikes in successive bins."""
    bins = _bins(duration, width)
    places = _places(times, width)
    return np.bincount(places[places < bins], minlength=bins)
