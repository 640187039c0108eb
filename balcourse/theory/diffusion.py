"""Brunel's network in the diffusion approximation: stationary states and their stability.

Every neuron sees white noise whose mean and variance are linear in the rates, and fires as
`balcourse.theory.noisy_lif` says; a stationary state is a set of rates that reproduces itself. A
small oscillation of the rates comes back, after one delay, multiplied by the loop gain; the state
loses its stability where that gain is 1. Source: N. Brunel, J. Comput. Neurosci. 8:183 (2000),
models A and B; N. Brunel and V. Hakim, Neural Comput. 11:1621 (1999). Units: ms, mV, Hz.
"""

import dataclasses
import math

import joblib
import numpy as np
from scipy import optimize

from balcourse.cache import cache_folder
from balcourse.models.kernel import kernel
from balcourse.parameters import checked
from balcourse.theory.noisy_lif import (
    fill_responses,
    lif_cv,
    lif_rate,
    log_rate_and_cv,
    spike_spectrum,
    static_response,
)

__all__ = [
    "Line",
    "Oscillation",
    "StationaryState",
    "cusp",
    "inputs",
    "lif_cv",
    "lif_rate",
    "loop_gain",
    "oscillation",
    "population_spectrum",
    "saddle_nodes",
    "stability_lines",
    "stationary_grid",
    "stationary_states",
    "uniform_delay",
]

_MOST = 5  # stationary states that a table has room for
_SCAN = 72  # rates at which self-consistency is tried, from 1e-9 Hz to 1 / refractory


def _pair(value):
    return value if isinstance(value, tuple) else (value, value)


def _wiring(network, apart=False):
    """Mean (mV) and variance (mV**2) of the input, by receiving population.

    Model A, where all neurons are alike, is one population (unless `apart`); model B is two, the
    excitatory one first.

    Returns
    -------
    external : numpy.ndarray
        Shape (2, populations): mean and variance from outside.
    recurrent : numpy.ndarray
        Shape (2, populations, populations): per Hz of each sending population.
    neurons : numpy.ndarray
        Shape (populations, 4): tau, threshold, reset, refractory.
    """
    values = (network.g, network.external_ratio, network.j, network.tau)
    alike = not apart and all(len(set(_pair(value))) == 1 for value in values)
    g, ratio, j, tau = (np.array(_pair(value), float)[: 1 if alike else 2] for value in values)
    external = np.array([network.threshold * ratio, network.threshold * ratio * j])
    excitatory = network.c_e * j * tau / 1000
    inhibitory = -network.c_i * g * j * tau / 1000
    recurrent = np.array(
        [[excitatory, inhibitory], [excitatory * j, -inhibitory * g * j]]
    ).transpose(0, 2, 1)
    if alike:
        recurrent = recurrent.sum(axis=2, keepdims=True)
    neuron = (network.threshold, network.reset, network.refractory)
    return external, recurrent, np.array([(own, *neuron) for own in tau])


def inputs(network, rate):
    """Mean and standard deviation of the input to a neuron, at given rates.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
    rate : float or array_like
        Hz, of any shape if all neurons are alike; if the populations differ, one rate for both or
        a pair.

    Returns
    -------
    mean, sd : float or numpy.ndarray
        mV; `sd` is Brunel's sigma. Of the shape of `rate`, or (2,) if the populations differ.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> mean, sd = inputs(BrunelNetwork(g=5, external_ratio=2), 37.95)
    >>> print(f"{mean:.2f} mV, {sd:.2f} mV")
    21.02 mV, 7.68 mV
    """
    external, recurrent, neurons = _wiring(network)
    rate = np.asarray(rate, float)
    if len(neurons) == 1:
        mean, variance = (external.ravel() + recurrent.ravel() * rate[..., None]).T
        return (
            (mean.item(), math.sqrt(variance.item())) if rate.ndim == 0 else (mean, variance**0.5)
        )
    mean, variance = external + recurrent @ np.broadcast_to(rate, 2)
    return mean, variance**0.5


# Stationary states --------------------------------------------------------------------------------


@kernel
def _excess(x, mean, variance, field):
    """Return log(rate out) - x and the CV, of a population that fires at exp(x) Hz.

    `mean` and `variance` come from elsewhere; `field` holds those per Hz of the population's own
    spikes, then tau, threshold, reset and refractory.
    """
    rate = math.exp(x)
    sd = math.sqrt(variance + field[1] * rate)
    log_rate, cv = log_rate_and_cv(
        mean + field[0] * rate, sd, field[2], field[3], field[4], field[5]
    )
    return log_rate - x, cv


@kernel
def _own_gain(x, mean, variance, field):
    """Return d log(rate out) / d x: the loop gain at frequency 0."""
    rate = math.exp(x)
    sd = math.sqrt(variance + field[1] * rate)
    to_mean, to_variance = static_response(
        mean + field[0] * rate, sd, field[2], field[3], field[4], field[5]
    )
    return rate * (field[0] * to_mean + field[1] * to_variance)


@kernel
def _solve(low, high, rising, mean, variance, field):
    """Find the zero of `_excess` between low and high: Newton inside a shrinking bracket."""
    x = 0.5 * (low + high)
    for _iteration in range(100):
        value, _ = _excess(x, mean, variance, field)
        if (value < 0) == rising:
            low = x
        else:
            high = x
        slope = _own_gain(x, mean, variance, field) - 1
        step = -value / slope if slope != 0 else high - low
        if abs(step) < 1e-14 * (1 + abs(x)):
            break
        x = x + step if low < x + step < high else 0.5 * (low + high)
    return x


@kernel
def _summit(low, high, sign, mean, variance, field):
    """Find where sign * `_excess` is positive between low and high, or else largest."""
    golden = 0.6180339887498949
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left = sign * _excess(left, mean, variance, field)[0]
    at_right = sign * _excess(right, mean, variance, field)[0]
    while high - low > 1e-9 and at_left < 0 and at_right < 0:
        if at_left > at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = sign * _excess(left, mean, variance, field)[0]
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = sign * _excess(right, mean, variance, field)[0]
    return left if at_left > at_right else right


@kernel
def _find_states(mean, variance, field, scan, log_rates):
    """Write log(rate / Hz) of all self-consistent rates, ascending; return their number."""
    lowest = math.log(1e-9)
    width = (math.log(1000 / max(field[5], 1e-3)) - lowest) / (_SCAN - 1)
    for point in range(_SCAN):
        scan[point] = _excess(lowest + width * point, mean, variance, field)[0]
    count = 0
    if scan[0] < 0:  # so quiet that its own spikes hardly matter
        x, _ = log_rate_and_cv(mean, math.sqrt(variance), field[2], field[3], field[4], field[5])
        for _iteration in range(4):
            x += _excess(x, mean, variance, field)[0] if x > -math.inf else 0.0
        log_rates[0] = x
        count = 1
    for point in range(_SCAN - 1):
        x = lowest + width * point
        here, there = scan[point], scan[point + 1]
        if (here < 0) != (there < 0):
            if count < _MOST:
                log_rates[count] = _solve(x, x + width, here < 0, mean, variance, field)
                count += 1
        elif point > 0 and (scan[point - 1] < 0) == (here < 0):
            sign = -1.0 if here > 0 else 1.0
            if sign * here >= sign * scan[point - 1] and sign * here >= sign * there:
                top = _summit(x - width, x + width, sign, mean, variance, field)
                if sign * _excess(top, mean, variance, field)[0] > 0 and count < _MOST - 1:
                    log_rates[count] = _solve(x - width, top, sign > 0, mean, variance, field)
                    log_rates[count + 1] = _solve(top, x + width, sign < 0, mean, variance, field)
                    count += 2
    return count


@kernel
def _fill_states(means, variances, fields, scan, log_rates, rates, cvs, gains):
    for row in range(rates.shape[0]):
        for column in range(rates.shape[1]):
            mean, variance, field = means[column], variances[column], fields[row]
            for state in range(_find_states(mean, variance, field, scan, log_rates)):
                x = log_rates[state]
                rates[row, column, state] = math.exp(x)
                cvs[row, column, state] = 1.0
                gains[row, column, state] = 0.0
                if x > -700:
                    cvs[row, column, state] = _excess(x, mean, variance, field)[1]
                    gains[row, column, state] = _own_gain(x, mean, variance, field)


def stationary_grid(network, *, g, external_ratio):
    """All stationary states of model A on a grid of g and external drive.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Everything but g and external_ratio.
    g, external_ratio : array_like
        The two axes.

    Returns
    -------
    rate, cv, gain : numpy.ndarray
        Shape (g, external_ratio, 5), rates (Hz) ascending and padded with NaN; `gain` is the loop
        gain at frequency 0, above 1 if the state is unstable as a fixed point.

    Raises
    ------
    ValueError
        If excitatory and inhibitory neurons of the network differ.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> rate, _, gain = stationary_grid(BrunelNetwork(), g=[3, 5], external_ratio=[0.8])
    >>> (rate > 0).sum(axis=2).ravel()
    array([3, 1])
    >>> gain[0, 0, :3] < 1
    array([ True, False,  True])
    """
    g = [checked("g", value, at_least=0) for value in np.ravel(g)]
    ratio = [checked("external_ratio", value, at_least=0) for value in np.ravel(external_ratio)]
    external, _, neurons = _wiring(dataclasses.replace(network, external_ratio=1.0))
    if len(neurons) == 2:
        raise ValueError(f"network = {network}: all neurons must be alike (model A)")
    fields = np.empty((len(g), 6))
    for row, value in enumerate(g):
        fields[row, :2] = _wiring(dataclasses.replace(network, g=value))[1].ravel()
        fields[row, 2:] = neurons[0]
    tables = np.full((3, len(g), len(ratio), _MOST), np.nan)
    _fill_states(*(external * np.array(ratio)), fields, np.empty(_SCAN), np.empty(_MOST), *tables)
    return tuple(tables)


@dataclasses.dataclass(frozen=True)
class StationaryState:
    """A set of rates that reproduces itself; of two populations, arrays of shape (2,).

    Attributes
    ----------
    rate : float or numpy.ndarray
        Hz.
    mean, sd : float or numpy.ndarray
        Input, mV.
    cv : float or numpy.ndarray
        CV of the interspike intervals that white noise of this mean and sd gives.
    gain : float
        Loop gain at frequency 0.
    stable : bool
        Whether the rates return after a slow shift (``gain < 1``); oscillations are another
        matter, see `oscillation`.
    """

    rate: float
    mean: float
    sd: float
    cv: float
    gain: float
    stable: bool


def stationary_states(network):
    """Find all stationary states of a network, lowest rate first.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork

    Returns
    -------
    list of StationaryState
        One or three, as a rule. A rate below the smallest float is 0.

    Notes
    -----
    Brunel (2000): a rate is scanned over its whole range on a logarithmic scale, every sign change
    and every extremum of the mismatch is followed up.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> [state] = stationary_states(BrunelNetwork(g=5, external_ratio=2))
    >>> print(f"{state.rate:.4f} Hz, CV {state.cv:.3f}")
    37.9497 Hz, CV 0.675
    >>> [state.stable for state in stationary_states(BrunelNetwork(g=3, external_ratio=0.8))]
    [True, False, True]
    """
    return [_state(network, log_rate) for log_rate in _log_rates(network)]


def _log_rates(network):
    """All stationary states as arrays of log(rate / Hz) by population, ascending."""
    external, recurrent, neurons = _wiring(network)
    if len(neurons) == 2:
        return _pairs_of_rates(external, recurrent, neurons)
    log_rates = np.empty(_MOST)
    field = np.array([*recurrent.ravel(), *neurons[0]])
    count = _find_states(*external.ravel(), field, np.empty(_SCAN), log_rates)
    return list(log_rates[:count, None])


def _state(network, log_rate):
    external, recurrent, neurons = _wiring(network)
    mean, variance = external + recurrent @ np.exp(log_rate)
    cv = [log_rate_and_cv(*own)[1] for own in zip(mean, variance**0.5, *neurons.T, strict=True)]
    gain = _gains(network, np.zeros(1, complex), log_rate)[0].real
    values = (np.exp(log_rate), mean, variance**0.5, np.array(cv))
    if len(neurons) == 1:
        values = tuple(value.item() for value in values)
    return StationaryState(*values, gain.item(), bool(gain < 1))


def _mismatch(log_rate, external, recurrent, neurons):
    """Return log(rate out / rate in) by population."""
    mean, variance = external + recurrent @ np.exp(log_rate)
    rate_out = [
        log_rate_and_cv(*own)[0]
        for own in zip(mean, np.sqrt(np.maximum(variance, 0)), *neurons.T, strict=True)
    ]
    return np.array(rate_out) - log_rate


def _pairs_of_rates(external, recurrent, neurons):
    """All self-consistent (log rate_E, log rate_I): scan rate_E, solve for rate_I, compare."""
    scan, own = np.empty(_SCAN), np.empty(_MOST)
    field = np.array([*recurrent[:, 1, 1], *neurons[1]])
    found = []
    previous = []
    for x in np.linspace(math.log(1e-7), math.log(1000 / max(neurons[0, 3], 1e-3)), 600):
        mean, variance = external[:, 1] + recurrent[:, 1, 0] * math.exp(x)
        count = _find_states(mean, variance, field, scan, own)
        current = []
        for y in own[:count]:
            pair = np.array([x, y])
            current.append((pair, _mismatch(pair, external, recurrent, neurons)[0]))
        if not previous:
            starts = [pair for pair, excess in current if excess < 0]
        else:
            starts = [
                (pair_0 * excess_1 - pair_1 * excess_0) / (excess_1 - excess_0)
                for (pair_0, excess_0), (pair_1, excess_1) in zip(previous, current, strict=False)
                if (excess_0 < 0) != (excess_1 < 0)
            ]
        for start in starts:
            for _iteration in range(3 if not previous else 0):
                start = start + _mismatch(start, external, recurrent, neurons)
            solution = optimize.root(_mismatch, start, (external, recurrent, neurons), tol=1e-13)
            near = [np.allclose(solution.x, other, atol=1e-6) for other in found]
            if np.abs(solution.fun).max() < 1e-8 and not any(near):
                found.append(solution.x)
        previous = current
    return sorted(found, key=lambda pair: pair[0])


# Loop gain and oscillations -----------------------------------------------------------------------


def uniform_delay(shortest, longest):
    """Laplace transform of delays spread evenly between two values (ms), for the functions below.

    Examples
    --------
    >>> transform = uniform_delay(0.0, 3.0)
    >>> print(f"{transform(0.1):.4f}")
    0.8639
    """
    shortest = checked("shortest", shortest, "ms", at_least=0)
    longest = checked("longest", longest, "ms", above=shortest)

    def transform(growth):
        width = np.asarray(growth) * (longest - shortest)
        safe = np.where(width == 0, 1, width)
        return np.exp(-np.asarray(growth) * shortest) * np.where(
            width == 0, 1, -np.expm1(-safe) / safe
        )

    return transform


def _delay_transform(network, delay):
    if callable(delay):
        return delay
    delays = np.atleast_1d(network.delay if delay is None else delay)
    return lambda growth: sum(np.exp(-growth * own) for own in delays) / len(delays)


def _mean_delay(network, delay):
    """From the slope of the Laplace transform at 0, ms."""
    return (1 - _delay_transform(network, delay)(np.array([1e-6]))[0]) / 1e-6


def _couplings(network, growth, log_rate, delay, apart=False):
    """Change of each rate per change of each rate one delay earlier: (growth, to, from)."""
    external, recurrent, neurons = _wiring(network, apart)
    rate = np.broadcast_to(np.exp(log_rate), len(neurons))
    mean, variance = external + recurrent @ rate
    matrix = np.zeros((growth.size, rate.size, rate.size), complex)
    response = np.empty((3, growth.size), complex)
    for own in range(rate.size):
        if rate[own] > 0:
            fill_responses(growth, mean[own], math.sqrt(variance[own]), *neurons[own], *response)
            to_mean, to_variance = response[1:, :, None]
            matrix[:, own] = rate[own] * (
                to_mean * recurrent[0, own] + to_variance * recurrent[1, own]
            )
    return matrix * _delay_transform(network, delay)(growth)[:, None, None]


def _gains(network, growth, log_rate, delay=None):
    """Loop gain for perturbations exp(growth t), an array of complex numbers in 1/ms."""
    matrix = _couplings(network, growth, log_rate, delay)
    return 1 - np.linalg.det(np.eye(matrix.shape[1]) - matrix)


def loop_gain(network, frequency, state=None, *, delay=None):
    """Factor by which a small oscillation of the rates comes back to itself.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
    frequency : float or array_like
        Hz.
    state : StationaryState, optional
        The last of `stationary_states(network)` unless given.
    delay : float, tuple of float or callable, optional
        In place of the network's: a delay (ms), several equally likely ones, or the Laplace
        transform of their distribution, a function of complex numbers in 1/ms.

    Returns
    -------
    complex or numpy.ndarray
        1 marks an instability. For two populations it is 1 - det(1 - M).

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> gain = loop_gain(BrunelNetwork(g=6, external_ratio=3.255), 176.22)
    >>> print(f"{abs(gain - 1):.2f}")
    0.00
    """
    state = stationary_states(network)[-1] if state is None else state
    frequency = np.asarray(frequency, float)
    with np.errstate(divide="ignore"):
        log_rate = np.log(np.atleast_1d(state.rate))
    gains = _gains(network, 2e-3j * np.pi * frequency.ravel(), log_rate, delay)
    return gains.item() if frequency.ndim == 0 else gains.reshape(frequency.shape)


def _resonances(network, log_rate, delay):
    """Frequencies (Hz) at which the loop gain is real and positive, and the gains."""
    highest = 1500 / max(_mean_delay(network, delay), 0.1)
    frequency = np.concatenate(
        [np.geomspace(0.5, 20, 24, endpoint=False), np.arange(20, highest, 4)]
    )
    gain = _gains(network, 2e-3j * np.pi * frequency, log_rate, delay)
    turns = (gain.imag[:-1] > 0) & (gain.imag[1:] <= 0) & (gain.real[:-1] + gain.real[1:] > 0)
    found = []
    for index in np.flatnonzero(turns):
        found.append(
            optimize.brentq(
                lambda f: _gains(network, np.array([2e-3j * np.pi * f]), log_rate, delay)[0].imag,
                *frequency[index : index + 2],
                xtol=1e-9,
            )
        )
    found = np.array(found)
    return found, _gains(network, 2e-3j * np.pi * found, log_rate, delay).real


@dataclasses.dataclass(frozen=True)
class Oscillation:
    """The oscillation closest to growing by itself.

    Attributes
    ----------
    frequency : float
        Hz; 0 if none comes back in phase.
    gain : float
        Loop gain there; above 1 the oscillation grows and the asynchronous state is unstable.
    """

    frequency: float
    gain: float


def oscillation(network, state=None, *, delay=None):
    """Find the frequency at which a state feeds an oscillation of its own back most strongly.

    Parameters as in `loop_gain`.

    Returns
    -------
    Oscillation

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> fast = oscillation(BrunelNetwork(g=6, external_ratio=4))
    >>> print(f"{fast.frequency:.1f} Hz, gain {fast.gain:.3f}")
    187.7 Hz, gain 1.117
    """
    state = stationary_states(network)[-1] if state is None else state
    if not np.all(np.asarray(state.rate) > 0):
        return Oscillation(0.0, 0.0)
    frequency, gain = _resonances(network, np.log(np.atleast_1d(state.rate)), delay)
    if not frequency.size:
        return Oscillation(0.0, 0.0)
    strongest = np.argmax(gain)
    return Oscillation(frequency[strongest].item(), gain[strongest].item())


# Lines in the plane of g and external ratio -------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Line:
    """A border between regions of the phase diagram.

    Attributes
    ----------
    kind : str
        ``"saddle-node"`` (two states merge), or the oscillation that starts here: ``"slow"``,
        ``"fast"`` (a quarter of a period is about a delay), ``"regular"`` (a whole period is).
    g, external_ratio : numpy.ndarray
        Points along the line, shape (points,); the end points may lie just outside the plane.
    rate : numpy.ndarray
        Of the state that changes there, Hz, shape (points,) or (points, 2).
    frequency : numpy.ndarray
        Hz, shape (points,); 0 on a saddle-node line.
    """

    kind: str
    g: np.ndarray
    external_ratio: np.ndarray
    rate: np.ndarray
    frequency: np.ndarray
    _border: object = dataclasses.field(repr=False, compare=False)
    _trace: np.ndarray = dataclasses.field(repr=False, compare=False)

    def at(self, *, g=None, external_ratio=None):
        """Return the points where the line meets one value of g, or of the external ratio.

        Parameters
        ----------
        g, external_ratio : float
            Give exactly one.

        Returns
        -------
        list of Line
            Each of a single point, solved to rounding error, in the order met.

        Examples
        --------
        >>> from balcourse.models.lif import BrunelNetwork
        >>> [fast] = stability_lines(BrunelNetwork(), g=(5.5, 7), external_ratio=(2.0, 4.5))
        >>> [point] = fast.at(g=6)
        >>> print(f"{point.external_ratio[0]:.3f} at {point.frequency[0]:.1f} Hz")
        3.255 at 176.2 Hz
        """
        if (g is None) == (external_ratio is None):
            raise ValueError(f"g = {g}, external_ratio = {external_ratio}: give exactly one")
        axis, target = (0, g) if external_ratio is None else (1, external_ratio)
        row = np.zeros(self._trace.shape[1])
        row[axis] = 1
        here, there = self._trace[:-1], self._trace[1:]
        met = (here[:, axis] < target) != (there[:, axis] < target)
        found = []
        for start, end in zip(here[met], there[met], strict=True):
            share = (target - start[axis]) / (end - start)[axis]
            point, _ = self._border.corrected(start + share * (end - start), row, target)
            if point is not None:
                found.append(_line(self._border, point[None], self.kind))
        return found


_SCALE = {"g": 1.0, "external_ratio": 0.4, "log_rate": 1.0, "log_frequency": 0.5}


class _Border:
    """Equations of a border in (g, external ratio, log rates[, log frequency])."""

    def __init__(self, network, delay, oscillates):
        self.network, self.delay, self.oscillates = network, delay, oscillates
        self.populations = len(_wiring(network)[2])

    def at(self, g, ratio):
        own_g, own_ratio = self.network.g, self.network.external_ratio
        if isinstance(own_g, tuple):
            g = (g, g * own_g[1] / own_g[0])
        if isinstance(own_ratio, tuple):
            ratio = (ratio, ratio * own_ratio[1] / own_ratio[0])
        return dataclasses.replace(self.network, g=g, external_ratio=ratio)

    def __call__(self, point):
        g, ratio = point[:2]
        log_rate = point[2 : 2 + self.populations]
        if not (0 <= g < 100 and 0 < ratio < 100 and np.abs(log_rate).max() < 50):
            return np.full(point.size - 1, np.nan)
        network = self.at(g, ratio)
        mismatch = _mismatch(log_rate, *_wiring(network))
        growth = 2e-3j * np.pi * np.exp(point[-1:]) if self.oscillates else np.zeros(1, complex)
        gain = _gains(network, growth, log_rate, self.delay)[0]
        ends = [gain.real - 1, gain.imag] if self.oscillates else [gain.real - 1]
        return np.array([*mismatch, *ends])

    def jacobian(self, point, value):
        columns = []
        for index in range(point.size):
            shifted = point.copy()
            shifted[index] += 1e-6
            columns.append((self(shifted) - value) / 1e-6)
        return np.array(columns).T

    def corrected(self, guess, row, target):
        """Newton's method on the border, with the condition row @ point = target."""
        point = guess
        for iteration in range(8):
            value = self(point)
            if not np.isfinite(value).all():
                return None, iteration
            system = np.vstack([self.jacobian(point, value), row])
            if not np.isfinite(system).all() or np.linalg.cond(system) > 1e14:
                return None, iteration
            step = np.linalg.solve(system, np.append(value, row @ point - target))
            point = point - step * min(1, 0.5 / np.abs(step).max())
            if np.abs(step).max() < 1e-9:
                return point, iteration
        return None, iteration

    def scale(self):
        values = [_SCALE["g"], _SCALE["external_ratio"]] + [_SCALE["log_rate"]] * self.populations
        return np.array(values + [_SCALE["log_frequency"]] * self.oscillates)

    def traced(self, start, inside):
        """Follow the border both ways from a point on it, by pseudo-arclength continuation."""
        scale = self.scale()
        halves = []
        for sign in (1, -1):
            points, tangent, length = [start], None, 0.05
            while len(points) < 600 and length > 1e-4:
                point = points[-1]
                _, _, basis = np.linalg.svd(self.jacobian(point, self(point)) * scale)
                direction = basis[-1]
                if tangent is None:
                    direction = sign * direction * np.sign(direction[np.argmax(np.abs(direction))])
                elif direction @ tangent < 0:
                    direction = -direction
                guess = point + length * direction * scale
                row = direction / scale
                following, effort = self.corrected(guess, row, row @ guess)
                if following is None:
                    length /= 2
                    continue
                moved = (following - point) / scale
                if moved @ direction < 0.8 * np.linalg.norm(moved):
                    length /= 2
                    continue
                tangent = direction
                points.append(following)
                if not inside(following):
                    break
                returned = np.linalg.norm((following - start) / scale) < 0.7 * length
                if len(points) > 8 and returned:
                    return np.array(points)
                length = min(length * (1.4 if effort < 3 else 0.8), 0.15)
            halves.append(points)
        return np.array(halves[1][:0:-1] + halves[0])


def _stable_states(network):
    return [
        np.log(np.atleast_1d(state.rate))
        for state in stationary_states(network)
        if state.stable and np.min(state.rate) > 0.02
    ]


def _oscillation_seeds(border, path):
    """Points near which a resonance passes gain 1 along a path of (g, external ratio)."""
    previous = []
    for g, ratio in path:
        network = border.at(g, ratio)
        current = []
        for log_rate in _stable_states(network):
            frequency, gain = _resonances(network, log_rate, border.delay)
            for own, strength in zip(frequency, gain, strict=True):
                current.append((np.array([g, ratio, *log_rate, math.log(own)]), strength))
        for point, strength in current:
            for other, before in previous:
                close = abs(point[-1] - other[-1]) < 0.3 and np.abs(point - other)[2:].max() < 1.5
                if close and (strength - 1) * (before - 1) < 0:
                    share = (1 - before) / (strength - before)
                    yield other + share * (point - other)
        previous = current


def _merging_seeds(border, path):
    """Points near which two stationary states merge along a path of (g, external ratio)."""
    previous = []
    for g, ratio in path:
        states = _log_rates(border.at(g, ratio))
        longer, shorter = (states, previous) if len(states) > len(previous) else (previous, states)
        if previous and len(longer) == len(shorter) + 2:
            lost = np.argmin(
                [np.abs(longer[k + 1] - longer[k]).max() for k in range(len(longer) - 1)]
            )
            yield np.array([g, ratio, *(longer[lost] + longer[lost + 1]) / 2])
        previous = states


def stability_lines(network, *, g=(1.0, 8.0), external_ratio=(0.5, 4.5), delay=None):
    """Trace every border of the phase diagram in the plane of g and external ratio.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Everything else. If its populations differ (model B), the two axes are the values of the
        excitatory population and the inhibitory ones follow in proportion.
    g, external_ratio : (float, float)
        Limits of the plane.
    delay : float, tuple of float or callable, optional
        As in `loop_gain`.

    Returns
    -------
    list of Line
        Saddle-node lines, and lines where the state loses stability to an oscillation. Only
        states that are stable as fixed points are followed for the latter.

    Notes
    -----
    Brunel (2000), section 4 and figure 2 show these lines. A few cuts through the plane find where
    a resonance passes gain 1; pseudo-arclength continuation does the rest. Kept on disk, unless
    `delay` is a function.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> lines = stability_lines(BrunelNetwork(), g=(5.5, 7), external_ratio=(2.0, 4.5))
    >>> [line.kind for line in lines]
    ['fast']
    """
    traced = _traced.func if callable(delay) else _traced
    plane = (network, tuple(g), tuple(external_ratio), delay)
    return traced(*plane, oscillates=False) + traced(*plane, oscillates=True)


@joblib.Memory(cache_folder("theory"), verbose=0).cache
def _traced(network, g, external_ratio, delay, oscillates):
    seeds = _oscillation_seeds if oscillates else _merging_seeds
    (low_g, high_g), (low, high) = g, external_ratio
    near = [ratio for ratio in np.linspace(0.5, 1.1, 41) if low <= ratio <= high]
    far = [ratio for ratio in np.geomspace(1.1, 20, 40) if low <= ratio <= high]
    levels = [low + (high - low) * share for share in (0.3, 0.75)]
    paths = [[(own, ratio) for ratio in near + far] for own in np.linspace(low_g, high_g, 8)[1:-1]]
    paths += [[(own, ratio) for own in np.linspace(low_g, high_g, 40)] for ratio in levels]

    def inside(point):
        in_plane = low_g <= point[0] <= high_g and low <= point[1] <= high
        return in_plane and (not oscillates or point[-1] > math.log(0.5))

    border = _Border(network, delay, oscillates)
    scale = border.scale()
    traces = []
    for path in paths:
        for seed in seeds(border, path):
            row = np.zeros(seed.size)
            row[0 if path[0][0] == path[-1][0] else 1] = 1
            start, _ = border.corrected(seed, row, row @ seed)
            if start is None or any(_distance(start, trace, scale) < 0.03 for trace in traces):
                continue
            traces.append(border.traced(start, inside))
    return [_line(border, trace) for trace in traces if len(trace) > 1]


def _distance(point, trace, scale):
    """Distance from a point to a chain of segments."""
    start = (trace[:-1] - point) / scale
    along = (trace[1:] - trace[:-1]) / scale
    share = -(start * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-30)
    return np.linalg.norm(start + np.clip(share, 0, 1)[:, None] * along, axis=1).min()


def _line(border, trace, kind=None):
    rate = np.exp(trace[:, 2 : 2 + border.populations])
    frequency = np.exp(trace[:, -1]) if border.oscillates else np.zeros(len(trace))
    if kind is None:
        cycles = np.median(frequency) * _mean_delay(border.network, border.delay) / 1000
        slow_or_fast = "slow" if cycles < 0.15 else "fast" if cycles < 0.6 else "regular"
        kind = slow_or_fast if border.oscillates else "saddle-node"
    rate = rate[:, 0] if border.populations == 1 else rate
    return Line(kind, trace[:, 0], trace[:, 1], rate, frequency, border, trace)


def saddle_nodes(network):
    """External ratios at which two stationary states of this network merge.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Its own external ratio plays no part.

    Returns
    -------
    numpy.ndarray
        Ascending; between the two of them the network has three states. Empty beyond the cusp.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> saddle_nodes(BrunelNetwork(g=4)).round(4)
    array([0.8319, 0.8413])
    >>> saddle_nodes(BrunelNetwork(g=5)).size
    0
    """
    own_g = _pair(network.g)[0]
    points = [point for line in _merging_lines(network) for point in line.at(g=own_g)]
    return np.sort([point.external_ratio[0] for point in points])


def cusp(network):
    """Find where the two saddle-node lines meet: the end of the region of three states.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Its own g and external ratio play no part.

    Returns
    -------
    Line or None
        A single point; None if the lines do not meet below g = 12.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> print(f"{cusp(BrunelNetwork()).g[0]:.3f}")
    4.243
    """
    for line in _merging_lines(network):
        top = np.argmax(line.g)
        if 0 < top < len(line.g) - 1:
            row = np.zeros(line._trace.shape[1])
            row[2] = 1

            def point_at(log_rate, line=line, row=row, top=top):
                return line._border.corrected(line._trace[top], row, log_rate)[0]

            best = optimize.minimize_scalar(
                lambda log_rate, point_at=point_at: -point_at(log_rate)[0],
                bounds=np.sort(line._trace[[top - 1, top + 1], 2]),
                method="bounded",
            )
            return _line(line._border, point_at(best.x)[None], line.kind)
    return None


def _merging_lines(network):
    return _traced(network, (0.2, 12.0), (0.005, 2.0), None, oscillates=False)


# Finite size --------------------------------------------------------------------------------------


def population_spectrum(network, frequency, state=None, *, delay=None, single=None):
    """Power spectrum of the population rate of a finite network in its asynchronous state.

    Each population's rate is the sum of its neurons' own irregularity and of the response to
    what all neurons did one delay earlier, to first order.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
    frequency : array_like
        Hz.
    state : StationaryState, optional
        The last of `stationary_states(network)` unless given.
    delay : float, tuple of float or callable, optional
        As in `loop_gain`.
    single : array_like, optional
        Power spectrum of a single neuron's spike train at these frequencies, Hz; that of white
        input (`balcourse.theory.noisy_lif.spike_spectrum`) unless given.

    Returns
    -------
    numpy.ndarray
        Two-sided spectrum of the rate of all neurons (Hz per neuron), in Hz**2 / Hz = Hz. A
        population of independent Poisson neurons would have rate / n.

    Raises
    ------
    ValueError
        If the state is unstable to an oscillation: the first order does not hold there.

    Examples
    --------
    >>> from balcourse.models.lif import BrunelNetwork
    >>> spectrum = population_spectrum(BrunelNetwork(g=5, external_ratio=2), [20.0, 126.0])
    >>> bool(spectrum[1] > 10 * spectrum[0])
    True
    """
    state = stationary_states(network)[-1] if state is None else state
    growing = oscillation(network, state, delay=delay)
    if growing.gain >= 1 or not state.stable:
        raise ValueError(
            f"g = {network.g}, external_ratio = {network.external_ratio}: the state is unstable,"
            f" an oscillation of {growing.frequency:.0f} Hz grows; it must be asynchronous"
        )
    frequency = np.asarray(frequency, float)
    log_rate = np.log(np.atleast_1d(state.rate))
    couplings = _couplings(network, 2e-3j * np.pi * frequency.ravel(), log_rate, delay, apart=True)
    if single is None:
        _, _, neurons = _wiring(network)
        names = ("tau", "threshold", "reset", "refractory")
        single = [
            spike_spectrum(mean, sd, frequency, **dict(zip(names, own, strict=True)))
            for mean, sd, own in zip(
                np.atleast_1d(state.mean), np.atleast_1d(state.sd), neurons, strict=True
            )
        ]
    single = np.broadcast_to(single, (2, *frequency.shape)).reshape(2, -1)
    return amplified_spectrum(network, couplings, single).reshape(frequency.shape)


def amplified_spectrum(network, couplings, single):
    """Spectrum of the rate of all neurons from the neurons' own spectra and the loop between them.

    Parameters
    ----------
    network : balcourse.models.lif.BrunelNetwork
        Gives the sizes of the populations.
    couplings : numpy.ndarray
        Shape (frequencies, to, from): change of each rate per change of each rate, delay included.
    single : numpy.ndarray
        Shape (populations, frequencies) or (frequencies,): spectrum of a spike train, Hz.

    Returns
    -------
    numpy.ndarray
        Shape (frequencies,), Hz, as in `population_spectrum`.
    """
    sizes = np.array([network.n_e, network.n_i])
    weights = (sizes / network.n) @ np.linalg.inv(np.eye(2) - couplings)
    return ((np.abs(weights) ** 2).T * single / sizes[:, None]).sum(axis=0)
