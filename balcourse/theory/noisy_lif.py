"""One leaky integrate-and-fire neuron in white noise: rate, irregularity, response, spectrum.

tau dV/dt = -V + mean + sd sqrt(tau) xi(t); a spike at threshold, then V is held at reset for the
refractory time. `sd` is Brunel's sigma: without a threshold V has variance sd**2 / 2. Sources:
A. Siegert, Phys. Rev. 81:617 (1951); N. Brunel, J. Comput. Neurosci. 8:183 (2000); N. Brunel and
V. Hakim, Neural Comput. 11:1621 (1999); B. Lindner and L. Schimansky-Geier, Phys. Rev. Lett.
86:2934 (2001). Units: ms, mV, Hz. Everything follows from one function, U(y), y = (V - mean) / sd:
the solution of U'' = 2 y U' + 2 s U that stays smallest at minus infinity. Its ratio between reset
and threshold is the Laplace transform, at s / tau, of the time from the one to the other.
"""

import math

import numpy as np
from numpy.polynomial import chebyshev, legendre
from scipy import special

from balcourse.models.kernel import kernel
from balcourse.parameters import checked

_SQRT_PI = math.sqrt(math.pi)
_EDGE = 32.0  # the tables reach |y| = 32 in panels of width 1/2; series take over beyond
_DEGREE = 13


def _tables():
    """Tabulate mean and variance of the passage from reset to threshold, polynomials in panels.

    Put d log U / d y = s w1 - s**2 w2 + ...; then w1 = sqrt(pi) erfcx(-y), w2' = 2 y w2 + w1**2,
    and the passage has mean tau * int(w1) and variance 2 tau**2 * int(w2), both from y_reset to
    y_threshold. Below 0 the tables hold the integral of w1 from -y to 0 and that of w2 from minus
    infinity to -y; above 0, the integrals from 0 to y, times exp(-y**2) and exp(-2 y**2).
    """
    points = np.cos(np.pi * (np.arange(_DEGREE + 1) + 0.5) / (_DEGREE + 1))
    y = 0.5 * np.arange(2 * _EDGE)[:, None] + 0.25 * (points + 1)
    nodes, weights = legendre.leggauss(40)
    nodes, weights = (nodes + 1) / 2, weights / 2

    def polynomials(values):
        series = chebyshev.chebfit(points, values.T, _DEGREE)
        return np.array([chebyshev.cheb2poly(column) for column in series.T])

    def integrals(values):
        series = 0.25 * chebyshev.chebint(chebyshev.chebfit(points, values.T, _DEGREE), lbnd=-1)
        ends = np.cumsum(chebyshev.chebval(1.0, series))
        starts = np.concatenate([[0], ends[:-1]])
        return starts[:, None] + chebyshev.chebval(points, series), ends[-1]

    def slope_below(y):
        reach = np.sqrt(y**2 + 38) - y
        step = reach[..., None] * nodes
        source = np.pi * special.erfcx(y[..., None] + step) ** 2
        return ((np.exp(-step * (2 * y[..., None] + step)) * source) @ weights) * reach

    mean_below, _ = integrals(_SQRT_PI * special.erfcx(y))
    variance_below, total = integrals(slope_below(y))
    total += _variance_tail(_EDGE)

    reach = y - np.sqrt(np.maximum(y**2 - 38, 0))
    step = reach[..., None] * nodes
    fall = np.exp(-step * (2 * y[..., None] - step))
    source = np.pi * special.erfc(step - y[..., None]) ** 2
    slope = slope_below(np.zeros(())) * np.exp(-(y**2)) + ((fall * source) @ weights) * reach
    position = 2 * (y[..., None] - step)
    panel = np.minimum(position.astype(int), int(2 * _EDGE) - 1)
    slope = chebyshev.chebfit(points, slope.T, _DEGREE)[:, panel]
    local = 2 * (position - panel) - 1
    slope = chebyshev.chebval(local, slope, tensor=False)
    variance_above = ((fall**2 * slope) @ weights) * reach
    mean_above = 2 * _SQRT_PI * special.dawsn(y) - np.exp(-(y**2)) * mean_below
    return (
        np.stack([polynomials(mean_below), polynomials(total - variance_below)]),
        np.stack([polynomials(mean_above), polynomials(variance_above)]),
        float(total),
    )


@kernel
def _variance_tail(distance):
    """Integral of w2 from minus infinity to -distance, as an asymptotic series."""
    x = 1 / distance**2
    return x * (0.25 + x * (-0.3125 + x * (2 / 3 - x * 2.03125)))


_BELOW, _ABOVE, _VARIANCE_TO_ZERO = _tables()


@kernel
def _from_table(table, distance):
    panel = min(int(2 * distance), table.shape[0] - 1)
    local = 2 * (2 * distance - panel) - 1
    value = table[panel, _DEGREE]
    for power in range(_DEGREE - 1, -1, -1):
        value = value * local + table[panel, power]
    return value


@kernel
def _cumulants_below(distance):
    if distance < _EDGE:
        return _from_table(_BELOW[0], distance), _from_table(_BELOW[1], distance)
    x = 1 / distance**2
    constant = 0.9817550130031061  # log(2) + Euler's gamma / 2
    mean = math.log(distance) + constant + x * (0.25 + x * (-0.1875 + x * 0.3125))
    return mean, _variance_tail(distance)


@kernel
def _cumulants_above(y):
    if y < _EDGE:
        return _from_table(_ABOVE[0], y), _from_table(_ABOVE[1], y)
    x = 0.5 / y**2
    mean = _SQRT_PI / y * (1 + x * (1 + x * (3 + x * (15 + x * (105 + x * 945)))))
    return mean, 0.5 * mean**2


@kernel
def passage_cumulants(y_reset, y_threshold):
    """Return (a, m, v): the passage from reset to threshold has mean tau exp(a) m and variance
    2 tau**2 exp(2 a) v.
    """
    if y_threshold <= 0:
        mean_1, tail_1 = _cumulants_below(-y_threshold)
        mean_0, tail_0 = _cumulants_below(-y_reset)
        return 0.0, mean_0 - mean_1, tail_1 - tail_0
    exponent = y_threshold**2
    mean, variance = _cumulants_above(y_threshold)
    if y_reset <= 0:
        mean_0, tail_0 = _cumulants_below(-y_reset)
        mean += math.exp(-exponent) * mean_0
        variance += math.exp(-2 * exponent) * (_VARIANCE_TO_ZERO - tail_0)
    else:
        mean_0, variance_0 = _cumulants_above(y_reset)
        drop = (y_reset - y_threshold) * (y_reset + y_threshold)
        mean -= math.exp(drop) * mean_0
        variance -= math.exp(2 * drop) * variance_0
    return exponent, mean, variance


@kernel
def log_rate_and_cv(mean, sd, tau, threshold, reset, refractory):
    """Return log(rate in Hz) and the CV of the interspike intervals; (-inf, 1) if never a spike."""
    if sd <= 1e-6 * (threshold - reset):  # no noise, to 1e-12
        if mean <= threshold:
            return -math.inf, 1.0
        passage = tau * math.log((mean - reset) / (mean - threshold))
        return -math.log((refractory + passage) / 1000), 0.0
    exponent, first, second = passage_cumulants((reset - mean) / sd, (threshold - mean) / sd)
    interval = refractory * math.exp(-exponent) + tau * first
    cv = tau * math.sqrt(2 * max(second, 0.0)) / interval
    return math.log(1000.0) - exponent - math.log(interval), cv


@kernel
def _fill_rates(mean, sd, tau, threshold, reset, refractory, log_rate, cv):
    for index in range(mean.size):
        log_rate[index], cv[index] = log_rate_and_cv(
            mean[index], sd[index], tau, threshold, reset, refractory
        )


def _neuron(tau, threshold, reset, refractory):
    threshold = checked("threshold", threshold, "mV")
    return (
        checked("tau", tau, "ms", above=0),
        threshold,
        checked("reset", reset, "mV", below=threshold),
        checked("refractory", refractory, "ms", at_least=0),
    )


def _rates(mean, sd, tau, threshold, reset, refractory):
    neuron = _neuron(tau, threshold, reset, refractory)
    mean, sd = np.broadcast_arrays(np.asarray(mean, float), np.asarray(sd, float))
    if not (np.isfinite(mean).all() and np.isfinite(sd).all() and (sd >= 0).all()):
        raise ValueError(
            f"mean = {mean} mV, sd = {sd} mV: must be finite numbers, sd at least 0 mV"
        )
    log_rate, cv = np.empty(mean.size), np.empty(mean.size)
    _fill_rates(mean.ravel(), sd.ravel(), *neuron, log_rate, cv)
    return log_rate.reshape(mean.shape), cv.reshape(mean.shape)


def lif_rate(mean, sd, *, tau=20.0, threshold=20.0, reset=10.0, refractory=2.0):
    """Firing rate of the neuron, by Siegert's formula with refractoriness.

    Parameters
    ----------
    mean, sd : float or array_like
        Mean and standard deviation of the input, mV. ``sd = 0`` gives the noise-free neuron.
    tau, threshold, reset, refractory : float
        Neuron: ms, mV, mV, ms.

    Returns
    -------
    float or numpy.ndarray
        Rate, Hz, of the broadcast shape. It is 0 where it is below the smallest float.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Notes
    -----
    Brunel (2000): 1 / rate = refractory + tau sqrt(pi) int exp(u**2) (1 + erf u) du, from
    (reset - mean) / sd to (threshold - mean) / sd.

    Examples
    --------
    >>> round(lif_rate(21.0252, 7.6829), 2)
    37.95
    >>> lif_rate([10.0, 30.0], 0.0).round(2)
    array([ 0.  , 63.04])
    """
    log_rate, _ = _rates(mean, sd, tau, threshold, reset, refractory)
    return _plain(np.exp(log_rate))


def lif_cv(mean, sd, *, tau=20.0, threshold=20.0, reset=10.0, refractory=2.0):
    """Coefficient of variation of the interspike intervals, by Brunel's formula.

    Parameters, units and errors as in `lif_rate`. It supposes *white* input: in a network the input
    is as regular as the neurons, see `balcourse.theory.coloured_noise`.

    Returns
    -------
    float or numpy.ndarray
        CV: 0 for a clock, 1 for a Poisson process.

    Examples
    --------
    >>> round(lif_cv(21.0252, 7.6829), 3)
    0.675
    """
    return _plain(_rates(mean, sd, tau, threshold, reset, refractory)[1])


def _plain(values):
    return values.item() if values.ndim == 0 else values


@kernel
def _erfcx(x):
    if x < 25:
        return math.exp(x * x) * math.erfc(x)
    square = 0.5 / (x * x)
    return (1 - square * (1 - square * (3 - 15 * square))) / (x * _SQRT_PI)


@kernel
def static_response(mean, sd, tau, threshold, reset, refractory):
    """Return d log(rate) / d mean (1/mV) and d log(rate) / d sd**2 (1/mV**2)."""
    y_reset, y_threshold = (reset - mean) / sd, (threshold - mean) / sd
    exponent, first, _ = passage_cumulants(y_reset, y_threshold)
    interval = refractory * math.exp(-exponent) + tau * first
    slope_1 = math.erfc(-y_threshold) if y_threshold > 0 else _erfcx(-y_threshold)
    drop = math.exp(-exponent + max(y_reset, 0.0) ** 2)
    slope_0 = drop * (math.erfc(-y_reset) if y_reset > 0 else _erfcx(-y_reset))
    factor = tau * _SQRT_PI / (interval * sd)
    to_mean = factor * (slope_1 - slope_0)
    return to_mean, factor * (y_threshold * slope_1 - y_reset * slope_0) / (2 * sd)


@kernel
def _taylor(y, step, s, slope):
    """Carry U, equal to 1 with this slope at y, over one step; return U and U'/U at its end."""
    before, coefficient = 1.0 + 0.0j, slope
    power, value, derivative = 1.0, 1.0 + 0.0j, 0.0j
    for order in range(80):
        derivative += (order + 1) * coefficient * power
        power *= step
        value += coefficient * power
        after = 2 * (y * (order + 1) * coefficient + (order + s) * before)
        before, coefficient = coefficient, after / ((order + 2) * (order + 1))
        if abs(before) * power + abs(coefficient) * power < 1e-17 * abs(value):
            break
    return value, derivative / value


@kernel
def passage(y_reset, y_threshold, s):
    """Follow U by Taylor series, from far below reset to threshold, at the complex number s.

    Returns
    -------
    ratio, slope_reset, slope_threshold : complex
        U(y_reset) / U(y_threshold), and U'/U at both ends.
    """
    size = math.sqrt(2 * abs(s))
    y = min(y_reset, 0.0)
    # A wrong start dies out as exp(2 int sqrt(y**2 + 2 s)): at least 1e-17 when reset is reached.
    y = min(y_reset, -min(math.sqrt(y**2 + 40), 20 / max(np.sqrt(2 * s).real, 1e-3) - y))
    slope = 2 * s / (np.sqrt(y**2 + 2 * s) - y)
    while y < y_reset:
        step = 1.0 / (1 + abs(y) + size)
        _, slope = _taylor(y, min(step, y_reset - y), s, slope)
        y = y + step if y + step < y_reset else y_reset
    slope_reset = slope
    ratio = 1.0 + 0.0j
    while y < y_threshold:
        step = 1.0 / (1 + abs(y) + size)
        value, slope = _taylor(y, min(step, y_threshold - y), s, slope)
        ratio /= value
        y = y + step if y + step < y_threshold else y_threshold
    return ratio, slope_reset, slope


@kernel
def response_at(growth, mean, sd, tau, threshold, reset, refractory):
    """Response of the rate to exp(growth t) in the input, for a complex growth in 1/ms.

    Returns
    -------
    transform, to_mean, to_variance : complex
        Laplace transform of the interspike intervals; relative change of the rate per change of
        the mean (1/mV) and of the squared sd (1/mV**2).
    """
    s = growth * tau
    if s == 0:
        to_mean, to_variance = static_response(mean, sd, tau, threshold, reset, refractory)
        return 1.0 + 0.0j, to_mean + 0.0j, to_variance + 0.0j
    y_reset, y_threshold = (reset - mean) / sd, (threshold - mean) / sd
    ratio, slope_0, slope_1 = passage(y_reset, y_threshold, s)
    transform = ratio * np.exp(-growth * refractory)
    to_mean = (slope_1 - ratio * slope_0) / (sd * (1 + s) * (1 - transform))
    curvature_1 = y_threshold * slope_1 + s
    curvature_0 = y_reset * slope_0 + s
    to_variance = (curvature_1 - ratio * curvature_0) / (sd**2 * (2 + s) * (1 - transform))
    return transform, to_mean, to_variance


@kernel
def fill_responses(growth, mean, sd, tau, threshold, reset, refractory, transform, to_mean, to_var):
    """Fill the three arrays with the response at each growth rate."""
    for index in range(growth.size):
        transform[index], to_mean[index], to_var[index] = response_at(
            growth[index], mean, sd, tau, threshold, reset, refractory
        )


def _responses(mean, sd, frequency, neuron):
    mean, sd = checked("mean", mean, "mV"), checked("sd", sd, "mV", above=0)
    frequency = np.asarray(frequency, float)
    growth = 2e-3j * np.pi * frequency.ravel()
    filled = np.empty((3, growth.size), complex)
    fill_responses(growth, mean, sd, *_neuron(**neuron), *filled)
    return filled.reshape(3, *frequency.shape), lif_rate(mean, sd, **neuron)


def linear_response(mean, sd, frequency, *, tau=20.0, threshold=20.0, reset=10.0, refractory=2.0):
    """Change of the rate when mean or variance of the input oscillate a little.

    Parameters
    ----------
    mean, sd : float
        Stationary input, mV.
    frequency : float or array_like
        Hz.
    tau, threshold, reset, refractory : float
        Neuron: ms, mV, mV, ms.

    Returns
    -------
    to_mean, to_variance : complex or numpy.ndarray
        Hz/mV and Hz/mV**2: the rate changes by to_mean * m exp(2 pi i f t) when the mean does by
        m exp(2 pi i f t), and likewise with sd**2. A negative phase is a lag.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Notes
    -----
    Brunel and Hakim (1999), Brunel (2000), Lindner and Schimansky-Geier (2001).
    At high frequency to_mean falls as f**-0.5 with a lag of 45 degrees, to_variance tends to
    rate / sd**2.

    Examples
    --------
    >>> to_mean, to_variance = linear_response(24.1587, 10.94, 180.0)
    >>> print(f"{to_mean:.3f}")
    1.136-1.001j
    """
    neuron = dict(tau=tau, threshold=threshold, reset=reset, refractory=refractory)
    (_, to_mean, to_variance), rate = _responses(mean, sd, frequency, neuron)
    return _plain(rate * to_mean), _plain(rate * to_variance)


def spike_spectrum(mean, sd, frequency, *, tau=20.0, threshold=20.0, reset=10.0, refractory=2.0):
    """Power spectrum of the neuron's spike train, a renewal process.

    Parameters, units and errors as in `linear_response`.

    Returns
    -------
    float or numpy.ndarray
        Two-sided spectrum, Hz: equal to the rate for a Poisson process, and at high frequency; to
        rate * CV**2 at frequency 0.

    Examples
    --------
    >>> spike_spectrum(21.0252, 7.6829, [1e-3, 1e4]).round(2)
    array([17.31, 37.95])
    """
    neuron = dict(tau=tau, threshold=threshold, reset=reset, refractory=refractory)
    (transform, _, _), rate = _responses(mean, sd, frequency, neuron)
    cv = lif_cv(mean, sd, **neuron)
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = (1 - np.abs(transform) ** 2) / np.abs(1 - transform) ** 2
    return _plain(rate * np.where(np.asarray(frequency) == 0, cv**2, shape))
