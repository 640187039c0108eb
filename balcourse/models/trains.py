"""Input whose rate and correlation are known: spike trains of Poisson cells, and Gaussian noise.

Correlated trains come from the multiple interaction process: a hidden Poisson train of rate
rate / correlation, each of whose spikes every visible train copies with probability `correlation`.
Each visible train is Poisson, and the correlation of the spike counts of any two is `correlation`
in any window (A. Kuhn, A. Aertsen and S. Rotter, Neural Comput. 15:67, 2003). Units: ms, Hz.
"""

import dataclasses

import numpy as np

from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True, eq=False)
class Trains:
    """Spike trains.

    Attributes
    ----------
    count : int
        Number of trains, silent ones included.
    duration : float
        (ms)
    times : ndarray, shape (spikes,)
        In order (ms).
    senders : ndarray of int, shape (spikes,)
        The train of each spike.
    """

    count: int
    duration: float
    times: np.ndarray
    senders: np.ndarray

    def counts(self, window):
        """Count the spikes of each train in windows that follow each other.

        Parameters
        ----------
        window : float
            (ms); what remains at the end is left out.

        Returns
        -------
        ndarray of int, shape (count, windows)

        Raises
        ------
        ValueError
            If the window is not above 0, or longer than the trains.
        """
        checked("window", window, "ms", above=0, at_most=self.duration)
        windows = int(self.duration / window + 1e-9)
        places = (self.times / window).astype(np.int64)
        inside = places < windows
        flat = self.senders[inside] * windows + places[inside]
        return np.bincount(flat, minlength=self.count * windows).reshape(self.count, windows)


def correlated_trains(count, rate, correlation, duration, *, seed):
    """Draw Poisson trains whose spike counts have a given pairwise correlation.

    Parameters
    ----------
    count : int
        Number of trains.
    rate : float
        Of each train (Hz).
    correlation : float
        Of the spike counts of any two trains, 0 (independent) to 1 (identical).
    duration : float
        (ms)
    seed : int

    Returns
    -------
    Trains

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> trains = correlated_trains(2, 20, 0.5, 200_000, seed=1)
    >>> round(1000 * trains.times.size / trains.count / trains.duration)
    20
    >>> bool(abs(np.corrcoef(trains.counts(10))[0, 1] - 0.5) < 0.02)
    True
    """
    count = checked("count", count, integer=True, at_least=1)
    rate = checked("rate", rate, "Hz", at_least=0)
    correlation = checked("correlation", correlation, at_least=0, at_most=1)
    duration = checked("duration", duration, "ms", above=0)
    rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
    expected = rate * duration / 1000
    if correlation == 0:
        times = np.sort(rng.uniform(0, duration, rng.poisson(count * expected)))
        return Trains(count, duration, times, rng.integers(count, size=times.size))
    # Only hidden spikes that somebody copies are drawn: the first train that does, then the others.
    none = count * np.log1p(-correlation) if correlation < 1 else -np.inf
    somebody = -np.expm1(none)
    hidden = np.sort(rng.uniform(0, duration, rng.poisson(expected * somebody / correlation)))
    first = np.zeros(hidden.size, np.int64)
    if correlation < 1:
        share = np.log1p(-somebody * rng.random(hidden.size)) / none
        first += np.minimum(count * share, count - 1).astype(np.int64)  # rounding may give count
    later = np.cumsum(count - 1 - first)
    trials = _successes(rng, int(later[-1]) if later.size else 0, correlation)
    event = np.searchsorted(later, trials, side="right")
    senders = np.concatenate([first, count - later[event] + trials])
    events = np.concatenate([np.arange(hidden.size), event])
    order = np.argsort(events, kind="stable")
    return Trains(count, duration, hidden[events[order]], senders[order])


def _successes(rng, trials, probability):
    """Return the numbers of the successful ones among Bernoulli trials, in order."""
    mean = trials * probability
    enough = int(mean + 10 * np.sqrt(mean) + 20)  # ten standard deviations more than needed
    gaps = np.minimum(rng.geometric(probability, enough), trials + 1)
    places = np.cumsum(gaps) - 1
    return places[places < trials]


def correlated_noise(count, correlation, steps, *, seed):
    """Draw rows of standard normal numbers, any two rows with a given correlation.

    Parameters
    ----------
    count : int
        Number of rows.
    correlation : float
        0 to 1: the part of the variance that all rows share.
    steps : int
        Numbers in a row; independent of each other.
    seed : int

    Returns
    -------
    ndarray of float32, shape (count, steps)

    Examples
    --------
    >>> noise = correlated_noise(2, 0.5, 100_000, seed=1)
    >>> bool(abs(np.corrcoef(noise)[0, 1] - 0.5) < 0.01)
    True
    """
    count = checked("count", count, integer=True, at_least=1)
    correlation = checked("correlation", correlation, at_least=0, at_most=1)
    steps = checked("steps", steps, integer=True, at_least=1)
    rng = np.random.default_rng(checked("seed", seed, integer=True, at_least=0))
    shared = rng.standard_normal(steps, np.float32)
    own = rng.standard_normal((count, steps), np.float32)
    return np.sqrt(np.float32(1 - correlation)) * own + np.sqrt(np.float32(correlation)) * shared


@dataclasses.dataclass(frozen=True)
class Pool:
    """A pool of correlated Poisson cells that project to one cell, or to several neighbours.

    Attributes
    ----------
    count : int
        Trains that reach each cell.
    rate : float
        Of each train (Hz).
    correlation : float
        Between any two trains of the pool, 0 to 1.
    jump : float
        What one spike adds to the potential (mV); negative for inhibition.

    Examples
    --------
    >>> excitation = Pool(count=100, rate=6, correlation=0.1, jump=0.5)
    >>> jumps = excitation.jumps(20_000, cells=2, seed=1)
    >>> jumps.shape
    (2, 200000)
    >>> round(float(jumps.sum() / 2 / 20))  # 100 trains x 6 Hz x 0.5 mV = 300 mV a second
    302
    """

    count: int
    rate: float
    correlation: float
    jump: float

    def __post_init__(self):
        checked("count", self.count, integer=True, at_least=1)
        checked("rate", self.rate, "Hz", at_least=0)
        checked("correlation", self.correlation, at_least=0, at_most=1)
        checked("jump", self.jump, "mV")

    def jumps(self, duration, *, cells=1, dt=0.1, seed):
        """Draw what the pool adds to the potentials of cells that all listen to it.

        Each cell has `count` trains of its own; the trains of different cells are as correlated as
        those of one cell.

        Parameters
        ----------
        duration : float
            (ms)
        cells : int
        dt : float
            Time step (ms).
        seed : int

        Returns
        -------
        ndarray, shape (cells, steps)
            (mV)
        """
        cells = checked("cells", cells, integer=True, at_least=1)
        dt = checked("dt", dt, "ms", above=0, at_most=duration)
        trains = correlated_trains(
            cells * self.count, self.rate, self.correlation, duration, seed=seed
        )
        pooled = Trains(cells, duration, trains.times, trains.senders // self.count)
        return self.jump * pooled.counts(dt)
