"""What is read off recorded potentials, currents and conductances.

Moments of a potential, power in a band, the lag between two recordings and what membrane filtering
adds to it, the cycles of a rhythm, the half-width of a tuning curve. Units: ms, mV, Hz, degrees.
"""

import dataclasses
import math

import numpy as np
from scipy import signal, stats

from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True)
class Moments:
    """Moments of a recording and their standard errors, from stretches of it.

    Attributes
    ----------
    mean, sd : float
        In the recording's unit.
    skewness, excess_kurtosis : float
        Both 0 for a Gaussian.
    errors : tuple of float
        Standard errors of the four, in this order.
    """

    mean: float
    sd: float
    skewness: float
    excess_kurtosis: float
    errors: tuple


def moments(recording, stretches=20):
    """Measure mean, standard deviation, skewness and excess kurtosis.

    Parameters
    ----------
    recording : array_like, shape (steps,)
    stretches : int
        The errors come from the scatter over this many equal stretches; each should be much longer
        than the recording's memory.

    Returns
    -------
    Moments

    Examples
    --------
    >>> found = moments(np.random.default_rng(1).exponential(size=100_000))
    >>> bool(abs(found.skewness - 2) < 4 * found.errors[2])
    True
    """
    recording = _recording("recording", recording)
    stretches = checked(
        "stretches", stretches, integer=True, at_least=2, at_most=recording.size // 2
    )
    whole = np.array(_four(recording))
    parts = np.array(
        [_four(part, whole[0], whole[1]) for part in np.array_split(recording, stretches)]
    )
    return Moments(*whole.tolist(), tuple((parts.std(0, ddof=1) / math.sqrt(stretches)).tolist()))


def _four(values, mean=None, sd=None):
    """Return the four moments, of a part around the mean and in units of the sd of the whole."""
    own = values.mean()
    deviation = values - (own if mean is None else mean)
    variance = np.mean(deviation**2)
    scale = math.sqrt(variance) if sd is None else sd
    third, fourth = np.mean(deviation**3), np.mean(deviation**4)
    return own, math.sqrt(variance), third / scale**3, fourth / scale**4 - 3


def band_power(recording, dt, *, low=0.0, high):
    """Variance of a recording that lies in a frequency band (Welch's method, stretches of 1 s).

    Parameters
    ----------
    recording : array_like, shape (steps,)
        At least 1 s long.
    dt : float
        Time step (ms).
    low, high : float
        Band (Hz), at most half the sampling rate.

    Returns
    -------
    float
        In the recording's unit squared.

    Examples
    --------
    >>> time = np.arange(0, 10_000, 1.0)
    >>> wave = np.sin(2 * np.pi * 0.005 * time) + np.sin(2 * np.pi * 0.05 * time)
    >>> round(band_power(wave, 1.0, high=20), 2)
    0.5
    """
    recording = _recording("recording", recording)
    dt = checked("dt", dt, "ms", above=0)
    low = checked("low", low, "Hz", at_least=0)
    high = checked("high", high, "Hz", above=low, at_most=500 / dt)
    second = checked("recording's steps a second", round(1000 / dt), at_most=recording.size)
    frequencies, density = signal.welch(
        recording - recording.mean(), 1000 / dt, nperseg=int(second), detrend=False
    )
    density[0] *= 2  # one-sided densities leave out the mirror image of frequency 0
    band = (frequencies >= low) & (frequencies <= high)
    return float(np.trapezoid(density[band], frequencies[band]))


def unfiltered(potential, tau, dt):
    """Undo the membrane: return V + tau dV/dt, the input that the potential followed.

    Parameters
    ----------
    potential : array_like, shape (steps,)
    tau : float
        Membrane time constant (ms).
    dt : float
        Time step (ms).

    Returns
    -------
    ndarray, shape (steps,)
    """
    checked("tau", tau, "ms", above=0)
    checked("dt", dt, "ms", above=0)
    return np.asarray(potential) + tau * np.gradient(potential, dt)


def cross_correlogram(first, second, dt, *, longest):
    """Correlation coefficient of `first` with `second` read `lag` later.

    Parameters
    ----------
    first, second : array_like, shape (steps,)
    dt : float
        Time step (ms).
    longest : float
        Largest lag (ms), much shorter than the recording.

    Returns
    -------
    lags, correlation : ndarray
        From -longest to longest (ms); positive where `second` trails.

    Examples
    --------
    >>> noise = np.random.default_rng(1).standard_normal(1000)
    >>> lags, correlation = cross_correlogram(noise, np.roll(noise, 3), 0.5, longest=4)
    >>> float(lags[correlation.argmax()])
    1.5
    """
    first, second = _recording("first", first), _recording("second", second)
    if first.size != second.size:
        raise ValueError(f"second of {second.size} steps: must have as many as first, {first.size}")
    most = round(checked("longest", longest, "ms", at_least=dt, below=dt * first.size / 2) / dt)
    first, second = first - first.mean(), second - second.mean()
    product = signal.correlate(second, first, method="fft")
    middle = first.size - 1
    scale = math.sqrt(np.dot(first, first) * np.dot(second, second))
    return dt * np.arange(-most, most + 1), product[middle - most : middle + most + 1] / scale


@dataclasses.dataclass(frozen=True)
class Lag:
    """How much one recording trails another.

    Attributes
    ----------
    lag, error : float
        (ms), with its standard error.
    correlation : float
        At that lag.
    """

    lag: float
    error: float
    correlation: float


def lag(first, second, dt, *, longest=30.0, stretches=10):
    """Measure by how much `second` trails `first`: the peak of their cross-correlogram.

    Parameters
    ----------
    first, second : array_like, shape (steps,)
    dt : float
        Time step (ms); the peak is interpolated.
    longest : float
        Largest lag looked at (ms).
    stretches : int
        The error comes from the scatter over this many equal stretches.

    Returns
    -------
    Lag
    """
    lags, correlation = cross_correlogram(first, second, dt, longest=longest)
    parts = [
        _peak(*cross_correlogram(one, other, dt, longest=longest))
        for one, other in zip(
            np.array_split(first, stretches), np.array_split(second, stretches), strict=True
        )
    ]
    error = float(np.std(parts, ddof=1) / math.sqrt(stretches))
    return Lag(_peak(lags, correlation), error, float(correlation.max()))


def _peak(places, values):
    """Return where the parabola through the three highest neighbouring points has its top."""
    top = int(np.clip(values.argmax(), 1, values.size - 2))
    left, middle, right = values[top - 1 : top + 2]
    bend = left - 2 * middle + right
    shift = 0.0 if bend == 0 else 0.5 * (left - right) / bend
    return float(places[top] + shift * (places[1] - places[0]))


def cycle_peaks(rhythm, dt, *, shortest=10.0):
    """Find the cycles of a rhythm: peaks that stand out by half a standard deviation.

    Parameters
    ----------
    rhythm : array_like, shape (steps,)
    dt : float
        Time step (ms).
    shortest : float
        Least time between two cycles (ms).

    Returns
    -------
    ndarray of int
        Steps of the peaks, in order.
    """
    rhythm = _recording("rhythm", rhythm)
    apart = max(1, round(checked("shortest", shortest, "ms", above=0) / dt))
    return signal.find_peaks(rhythm, distance=apart, prominence=rhythm.std() / 2)[0]


def peaks_before(recording, peaks, dt, *, within=10.0):
    """Find the highest point of a recording shortly before each of the given peaks of another.

    Parameters
    ----------
    recording : array_like, shape (steps,)
    peaks : ndarray of int
        Steps, for example from `cycle_peaks`.
    dt : float
        Time step (ms).
    within : float
        How far to look back (ms).

    Returns
    -------
    ndarray of int
        Steps, one a peak.
    """
    recording = _recording("recording", recording)
    back = round(checked("within", within, "ms", above=0) / dt)
    starts = np.maximum(np.asarray(peaks) - back, 0)
    stretches = zip(starts, peaks, strict=True)
    return np.array([start + recording[start : peak + 1].argmax() for start, peak in stretches])


def half_width(angles, curve):
    """Half-width at half height of a tuning curve, height measured from its least value.

    Parameters
    ----------
    angles : array_like, shape (n,)
        Increasing, from the preferred angle on (degrees).
    curve : array_like, shape (n,)
        Greatest at the first angle.

    Returns
    -------
    float
        (degrees), interpolated linearly; nan where the curve is flat.

    Raises
    ------
    ValueError
        If the curve is not greatest at its first angle.

    Examples
    --------
    >>> half_width([0, 10, 20, 30], [3, 2.5, 1.5, 1])
    15.0
    """
    angles, curve = np.asarray(angles, float), np.asarray(curve, float)
    if curve.argmax() != 0:
        raise ValueError(
            f"curve is greatest at angle {angles[curve.argmax()]:g}: must be greatest at its first"
        )
    middle = (curve[0] + curve.min()) / 2
    if curve[0] == curve.min():
        return math.nan
    past = int(np.argmax(curve <= middle))
    part = (curve[past - 1] - middle) / (curve[past - 1] - curve[past])
    return float(angles[past - 1] + part * (angles[past] - angles[past - 1]))


def count_correlation(times, senders, duration, *, window):
    """Correlation of the spike counts of pairs of rows: 0 with 1, 2 with 3, and so on.

    Parameters
    ----------
    times, senders : ndarray, shape (spikes,)
        (ms) and row.
    duration : float
        (ms)
    window : float
        Width of the counting windows (ms).

    Returns
    -------
    correlation, error : float
        Covariance over all pairs divided by variance, and its standard error over pairs.
    """
    windows = int(duration / checked("window", window, "ms", above=0, at_most=duration) + 1e-9)
    rows = 2 * (int(senders.max()) // 2 + 1) if senders.size else 2
    places = ((times - 1e-9) / window).astype(np.int64)
    inside = places < windows
    flat = senders[inside] * windows + places[inside]
    counts = np.bincount(flat, minlength=rows * windows).reshape(-1, 2, windows)
    deviation = counts - counts.mean(2, keepdims=True)
    covariance = (deviation[:, 0] * deviation[:, 1]).mean(1)
    variance = (deviation**2).mean((1, 2))
    if variance.sum() == 0:
        return math.nan, math.nan
    correlation = covariance.sum() / variance.sum()
    scatter = stats.sem(covariance - correlation * variance) if len(counts) > 1 else math.nan
    return float(correlation), float(scatter / variance.mean())


def _recording(name, values):
    values = np.asarray(values, float)
    if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
        raise ValueError(f"{name} of shape {values.shape}: must be a row of finite numbers")
    return values
