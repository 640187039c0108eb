"""Mean-field theory of the balanced network of binary neurons.

C. van Vreeswijk and H. Sompolinsky, Science 274:1724 (1996); Neural Comput. 10:1321 (1998).
Inputs are Gaussian over neurons and time: mean u_k (threshold subtracted), variance alpha_k, of
which beta_k is quenched. m is the population's rate, q the mean square of its neurons' rates.
Takes the parameters of `balcourse.models.binary`; time in units of tau_E = 1. Arrays that end in
2 are (excitatory, inhibitory).
"""

import dataclasses
import math
import warnings

import numpy as np
from scipy import integrate, linalg, optimize, signal, special

from balcourse.models.binary import BalancedNetwork

_TINY = 1e-300


@dataclasses.dataclass(frozen=True)
class BalanceLimit:
    """The balanced state for K -> infinity.

    Attributes
    ----------
    m_e, m_i : float
        Rates at which the inputs of order sqrt(K) cancel.
    slope_e, slope_i : float
        m_e / m_0 and m_i / m_0.
    conditions : dict
        What each requirement of a balanced state asks, and whether it holds.

    """

    m_e: float
    m_i: float
    slope_e: float
    slope_i: float
    conditions: dict


def balance_limit(network):
    """Solve the balance equations E_k m_0 + sum_l J_kl m_l = 0.

    Parameters
    ----------
    network : BalancedNetwork
        The parameters.

    Returns
    -------
    BalanceLimit

    Warns
    -----
    UserWarning
        If a condition fails: the rates given are then not those of the network.

    Examples
    --------
    >>> limit = balance_limit(BalancedNetwork(m_0=0.1))
    >>> round(limit.m_e, 12), round(limit.m_i, 12)
    (0.1, 0.1)
    >>> all(limit.conditions.values())
    True

    """
    n = network
    difference = n.j_e - n.j_i
    conditions = {
        "external_e / external_i > j_e / j_i": n.external_e * n.j_i > n.external_i * n.j_e,
        "j_e > j_i": difference > 0,
        "j_e > 1 + external_e m_0": n.j_e > 1 + n.external_e * n.m_0,
    }
    slopes = math.nan, math.nan
    if difference:
        slopes = (
            (n.j_i * n.external_e - n.j_e * n.external_i) / difference,
            (n.external_e - n.external_i) / difference,
        )
    if not all(conditions.values()):
        failed = ", ".join(name for name, holds in conditions.items() if not holds)
        warnings.warn(f"no balanced state: {failed} does not hold", stacklevel=2)
    return BalanceLimit(slopes[0] * n.m_0, slopes[1] * n.m_0, *slopes, conditions)


@dataclasses.dataclass(frozen=True)
class MeanField:
    """A stationary state at finite K.

    Attributes
    ----------
    network : BalancedNetwork
        The parameters.
    sparse : bool
        Whether K << N was assumed.
    m_e, m_i : float
        Population rates.
    q_e, q_i : float
        Mean squares of the local rates.
    u : numpy.ndarray
        Shape (2,): mean input less mean threshold.
    alpha, beta : numpy.ndarray
        Shape (2,): variance of the input, and its part that does not change in time.

    """

    network: BalancedNetwork
    sparse: bool
    m_e: float
    m_i: float
    q_e: float
    q_i: float
    u: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray

    @property
    def m(self):
        """Both rates, shape (2,)."""
        return np.array([self.m_e, self.m_i])

    @property
    def q(self):
        """Both order parameters, shape (2,)."""
        return np.array([self.q_e, self.q_i])


def mean_field(network, *, sparse=True):
    """Solve for the rates and order parameters of the asynchronous state at the network's K.

    m_k is the probability that a Gaussian input exceeds the threshold, and q_k that it does so at
    two far times. Both hold to leading order of the Gaussian approximation: from K of about 1,000.

    Parameters
    ----------
    network : BalancedNetwork
        The parameters.
    sparse : bool
        With True, the papers' limit K << N. With False, variances get the factor 1 - K/N of
        connections that are drawn without replacement.

    Returns
    -------
    MeanField

    Raises
    ------
    ValueError
        If no stationary state is found.

    Warns
    -----
    UserWarning
        If the only state is silent.

    Examples
    --------
    >>> state = mean_field(BalancedNetwork(k=1000, m_0=0.1))
    >>> round(state.m_e, 4), round(state.m_i, 4)
    (0.0587, 0.0787)

    """
    inputs = _Inputs(network, sparse)
    m = _rates(inputs)
    if m is None:
        raise ValueError(f"{network}: no stationary state found; its rates may oscillate")
    if not m.any():
        warnings.warn(f"m_0 = {network.m_0:g}: too low, the network is silent", stacklevel=2)
        zero = np.zeros(2)
        return MeanField(network, sparse, 0.0, 0.0, 0.0, 0.0, inputs.mean(m), zero, zero)
    u, alpha = inputs.mean(m), inputs.variance(m, m)
    q = m**2
    for _ in range(10_000):
        last, q = q, inputs.both(u, alpha, inputs.variance(m, q, quenched=True), shared=False)
        if np.abs(q - last).max() < 1e-14:
            break
    beta = inputs.variance(m, q, quenched=True)
    return MeanField(network, sparse, *map(float, (*m, *q)), u, alpha, beta)


def rate_distribution(state, rates):
    """Return density and cumulative distribution of the local rates, excitatory first.

    Parameters
    ----------
    state : MeanField
        Of a network at temperature 0.
    rates : array_like
        Between 0 and 1, ends excluded.

    Returns
    -------
    density, cumulative : numpy.ndarray
        Shape (2, rates).

    Raises
    ------
    ValueError
        If a rate is out of bounds or the temperature is not 0.

    Examples
    --------
    >>> state = mean_field(BalancedNetwork(m_0=0.1))
    >>> density, cumulative = rate_distribution(state, [0.0487])
    >>> round(float(cumulative[0, 0]), 2)
    0.5

    """
    rates = np.asarray(rates, float)
    if not ((rates > 0) & (rates < 1)).all():
        raise ValueError(f"rates = {rates}: must lie between 0 and 1, ends excluded")
    if state.network.temperature:
        raise ValueError(f"temperature = {state.network.temperature:g}: must be 0")
    if not (state.beta > 1e-12).all():
        raise ValueError("all neurons of a population have the same rate: it has no density")
    inputs = _Inputs(state.network, state.sparse)
    y = special.ndtri(rates)
    fast, slow = np.sqrt(state.alpha - state.beta), np.sqrt(state.beta)
    x = (fast[:, None, None] * y + inputs.shift[:, None] - state.u[:, None, None]) / slow[
        :, None, None
    ]
    weight = inputs.shift_weight[:, None]
    density = (weight * np.exp((y**2 - x**2) / 2)).sum(axis=1) * (fast / slow)[:, None]
    return density, (weight * special.ndtr(x)).sum(axis=1)


def autocorrelation(state, lags):
    """Return the mean product of a neuron's states at two times, q_k(lag).

    Solves tau_k dq_k/ds = -q_k + int_0^inf F_k(beta(s + r)) exp(-r / tau_k) dr / tau_k, which is
    exact for random updating and K -> infinity: it falls from m_k to q_k.

    Parameters
    ----------
    state : MeanField
        From `mean_field`.
    lags : array_like
        In tau_E, not negative.

    Returns
    -------
    numpy.ndarray
        Shape (2, lags).

    Examples
    --------
    >>> state = mean_field(BalancedNetwork(m_0=0.1))
    >>> q = autocorrelation(state, [0.0, 100.0])
    >>> bool(np.allclose(q[0], [state.m_e, state.q_e], atol=1e-4))
    True

    """
    lags = np.atleast_1d(np.asarray(lags, float))
    if not (lags >= 0).all():
        raise ValueError(f"lags = {lags} tau_E: must not be negative")
    inputs = _Inputs(state.network, state.sparse)
    step, longest = 0.02, 40.0
    grid = np.arange(0, longest + step / 2, step)
    m, q = state.m[:, None], state.q[:, None]
    decay = np.exp(-step / inputs.tau)
    curve = q + (m - q) * np.exp(-grid)
    for _ in range(200):
        beta = inputs.variance(state.m, curve, quenched=True)
        later = inputs.both(state.u, state.alpha, np.minimum(beta, state.alpha[:, None]), False)
        last, curve = curve, np.empty_like(curve)
        for k in range(2):
            # Averages over the time to the next update, backward from far lags, then forward.
            middle = (later[k, 1:] + later[k, :-1]) / 2
            forced = np.concatenate([[state.q[k]], (1 - decay[k]) * middle[::-1]])
            ahead = signal.lfilter([1.0], [1.0, -decay[k]], forced)[::-1]
            forced = np.concatenate([[state.m[k]], (1 - decay[k]) * (ahead[1:] + ahead[:-1]) / 2])
            curve[k] = signal.lfilter([1.0], [1.0, -decay[k]], forced)
        if np.abs(curve - last).max() < 1e-9:
            break
    return np.array([np.interp(lags, grid, one) for one in curve])


def gains(state):
    """Return dm_k/dm_l of the rates that the present inputs call for, shape (2, 2)."""
    inputs = _Inputs(state.network, state.sparse)
    slope, widening = inputs.slopes(state.u, state.alpha)
    spread = inputs.squares * inputs.variance_slope(state.m)
    return slope[:, None] * inputs.root_k * inputs.strength + widening[:, None] * spread


def linear_response(state, frequency=0.0):
    """Return the change of both rates per change of m_0.

    Parameters
    ----------
    state : MeanField
        From `mean_field`.
    frequency : float
        Angular, in 1/tau_E.

    Returns
    -------
    numpy.ndarray
        Shape (2,), complex; at frequency 0 the slope of the rates as functions of m_0.

    Examples
    --------
    >>> state = mean_field(BalancedNetwork(m_0=0.1))
    >>> linear_response(state).real.round(3)
    array([0.935, 0.99 ])

    """
    inputs = _Inputs(state.network, state.sparse)
    slope, widening = inputs.slopes(state.u, state.alpha)
    drive = slope * inputs.root_k * inputs.external + widening * inputs.external_variance_slope()
    lag = np.diag(1 + 1j * frequency * inputs.tau)
    return np.linalg.solve(lag - gains(state), drive)


def relaxation(state):
    """Return the eigenvalues, in 1/tau_E, with which small changes of the rates decay."""
    tau = _Inputs(state.network, state.sparse).tau
    return np.linalg.eigvals((gains(state) - np.eye(2)) / tau[:, None])


def critical_tau(state):
    """Return the tau_i above which the balanced state is unstable to small changes of the rates.

    Examples
    --------
    >>> round(critical_tau(mean_field(BalancedNetwork(m_0=0.1))), 3)
    2.8

    """
    gain = gains(state)
    if gain[0, 0] <= 1:
        return math.inf
    return float((1 - gain[1, 1]) / (gain[0, 0] - 1))


def population_rates(network, times, m_0=None, *, start=None, sparse=True):
    """Follow both rates in time: tau_k dm_k/dt = -m_k + (the rate that the inputs call for).

    Parameters
    ----------
    network : BalancedNetwork
        The parameters.
    times : array_like
        In tau_E, increasing.
    m_0 : callable, optional
        External rate as a function of time.
    start : array_like, optional
        Rates at the first time, shape (2,); the stationary ones by default.
    sparse : bool
        As in `mean_field`.

    Returns
    -------
    numpy.ndarray
        Shape (2, times).

    """
    times = np.asarray(times, float)
    inputs = _Inputs(network, sparse)

    def velocity(time, m):
        rate = network.m_0 if m_0 is None else m_0(time)
        m = np.clip(m, 0.0, 1.0)
        u, alpha = inputs.mean(m, rate), inputs.variance(m, m, m_0=rate)
        return (inputs.above(u, alpha) - m) / inputs.tau

    if start is None:
        first = network if m_0 is None else dataclasses.replace(network, m_0=m_0(times[0]))
        start = mean_field(first, sparse=sparse).m
    # No step may jump over a change of the input.
    step = np.diff(times).max() if times.size > 1 else np.inf
    solution = integrate.solve_ivp(
        velocity, times[[0, -1]], start, "LSODA", times, rtol=1e-8, atol=1e-10, max_step=step
    )
    return solution.y


def distance_velocity(state, distance):
    """Return dD_k/dt of two copies at distances D, for K -> infinity.

    tau_k dD_k/dt = -D_k + 2 (m_k - F_k), which rises as sqrt(D) from zero: without bound, per D.

    Parameters
    ----------
    state : MeanField
        From `mean_field`.
    distance : array_like
        Shape (2, ...): the fraction of neurons that differ.

    Returns
    -------
    numpy.ndarray
        Shape (2, ...).

    """
    inputs = _Inputs(state.network, state.sparse)
    distance = np.maximum(np.asarray(distance, float), 0.0)
    gap = inputs.local(distance / 2)
    shape = (2,) + (1,) * (distance.ndim - 1)
    differ = inputs.differing(state.u, state.alpha, gap)
    return (differ - distance) / inputs.tau.reshape(shape)


def distance(state, times, start):
    """Follow the distance of two copies in time, for K -> infinity.

    Parameters
    ----------
    state : MeanField
        From `mean_field`.
    times : array_like
        In tau_E, from 0.
    start : array_like
        Distances at time 0, shape (2,).

    Returns
    -------
    numpy.ndarray
        Shape (2, times).

    """
    return integrate.solve_ivp(
        lambda time, d: distance_velocity(state, d),
        (0, times[-1]), start, "LSODA", times, rtol=1e-8, atol=1e-12,
    ).y  # fmt: skip


def plateau(state):
    """Return the distance at which two copies stay, shape (2,); at temperature 0, 2 (m - q)."""
    if not state.network.temperature:
        return 2 * (state.m - state.q)
    return distance(state, [0.0, 200.0], 2 * state.m * (1 - state.m))[:, -1]


def growth_rate(state):
    """Return the exponent, in 1/tau_E, of the distance of two copies while it is below 1/K.

    A flipped neuron shifts the input of its K targets by J/sqrt(K); each answers with a
    probability of that order, so that the exponent grows as sqrt(K).

    Examples
    --------
    >>> round(growth_rate(mean_field(BalancedNetwork(m_0=0.2), sparse=False)), 2)
    28.37

    """
    matrix = _damage_matrix(_Inputs(state.network, state.sparse), state.u, state.alpha)
    return float(np.linalg.eigvals(matrix).real.max())


def early_damage(state, times, start):
    """Return the mean number of differing neurons, (2, times), in the linear regime.

    Parameters
    ----------
    state : MeanField
        From `mean_field`.
    times : array_like
        In tau_E.
    start : array_like
        Numbers at time 0, shape (2,).

    """
    sizes = np.array([state.network.n_e, state.network.n_i])
    matrix = _damage_matrix(_Inputs(state.network, state.sparse), state.u, state.alpha)
    grown = [linalg.expm(matrix * time) @ (start / sizes) * sizes for time in times]
    return np.array(grown).T


def critical_temperature(network, *, sparse=True):
    """Return the temperature above which copies under the same noise become one again.

    Raises
    ------
    ValueError
        If damage heals at every temperature.

    Examples
    --------
    >>> network = BalancedNetwork(n_e=10**9, n_i=10**9, k=100, m_0=0.2)
    >>> round(critical_temperature(network), 2)
    6.81

    """

    def growth(temperature):
        inputs = _Inputs(dataclasses.replace(network, temperature=temperature), sparse)
        m = _rates(inputs)
        matrix = _damage_matrix(inputs, inputs.mean(m), inputs.variance(m, m))
        return np.linalg.eigvals(matrix).real.max()

    top = 2.0 * math.sqrt(network.k)
    if growth(0.1) <= 0:
        raise ValueError(f"{network}: damage heals at every temperature")
    return float(optimize.brentq(growth, 0.1, top, xtol=1e-6))


def _damage_matrix(inputs, u, alpha):
    slope, _ = inputs.slopes(u, alpha)
    gain = inputs.root_k * slope[:, None] * np.abs(inputs.strength)
    return (gain - np.eye(2)) / inputs.tau[:, None]


def _rates(inputs):
    """Return the active stationary rates, those of rest where there are none, or None."""
    network = inputs.network
    if network.m_0 == 0 and network.temperature == 0 and min(network.theta_e, network.theta_i) > 0:
        return np.zeros(2)

    def excess(logits, root_k):
        m = np.clip(special.expit(logits), 1e-15, 1 - 1e-15)
        need = inputs.mean_for(m, inputs.variance(m, m))
        return (network.m_0 * inputs.external + inputs.strength @ m) - (
            (inputs.threshold + need) / root_k
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit = balance_limit(network)
        guess = np.array([limit.m_e, limit.m_i])
        if all(limit.conditions.values()) and (guess < 1).all():
            # From infinite K, where the answer is known, down to this one.
            logits = special.logit(np.clip(guess, 1e-9, 1 - 1e-9))
            for root_k in np.geomspace(max(1e4, 2 * inputs.root_k), inputs.root_k, 12):
                found = optimize.root(excess, logits, (root_k,), tol=1e-13)
                logits = found.x
            if np.abs(excess(logits, inputs.root_k)).max() < 1e-11:
                return special.expit(logits)
        times = np.linspace(0, 400 * max(1.0, network.tau_i), 400)
        m = population_rates(network, times, start=np.full(2, network.m_0), sparse=inputs.sparse)
    if np.ptp(m[:, -100:], axis=1).max() > 1e-6:
        return None
    return np.where(m[:, -1] < 1e-9, 0.0, m[:, -1])


class _Inputs:
    """Mean, variance and threshold crossing of the Gaussian inputs of a network."""

    def __init__(self, network, sparse):
        n = self.network = network
        self.sparse = sparse
        self.root_k = math.sqrt(n.k)
        self.strength = np.array([[1.0, -n.j_e], [1.0, -n.j_i]])
        self.external = np.array([n.external_e, n.external_i])
        self.threshold = np.array([n.theta_e, n.theta_i])
        self.tau = np.array([1.0, n.tau_i])
        density = 0.0 if sparse else n.k / np.array([n.n_e, n.n_i])
        self.squares = self.strength**2 * (1 - density)
        drawn = 0.0 if not n.n_0 else 1.0 if sparse else 1 - n.k / n.n_0
        self.external_squares = self.external**2 * drawn
        # Uniform thresholds: nodes of Gauss and Legendre; logistic noise: the trapezoidal rule.
        self.shift, self.shift_weight = np.zeros(1), np.ones(1)
        if n.threshold_spread:
            nodes, weights = special.roots_legendre(24)
            self.shift, self.shift_weight = n.threshold_spread / 2 * nodes, weights / 2
        self.noise, self.noise_weight = np.zeros(1), np.ones(1)
        if n.temperature:
            nodes = np.linspace(-36, 36, 72 * int(4 + 4 * n.temperature) + 1)
            weights = special.expit(nodes) * special.expit(-nodes)
            self.noise, self.noise_weight = n.temperature * nodes, weights / weights.sum()

    def mean(self, m, m_0=None):
        """Return the mean input less the threshold, shape (2,)."""
        m_0 = self.network.m_0 if m_0 is None else m_0
        return self.root_k * (self.external * m_0 + self.strength @ m) - self.threshold

    def variance(self, m, product, quenched=False, m_0=None):
        """Return the covariance of the input at two times with mean products (2, ...) of states."""
        n, shape = self.network, (2,) + (1,) * (np.ndim(product) - 1)
        m_0 = n.m_0 if m_0 is None else m_0
        outside = self.external_squares * (m_0**2 if quenched else m_0)
        total = self.squares @ product + outside.reshape(shape)
        if n.fixed_in_degree:
            total = total - (self.squares @ m**2 + self.external_squares * m_0**2).reshape(shape)
        return total

    def variance_slope(self, m):
        return 1 - 2 * m if self.network.fixed_in_degree else np.ones(2)

    def external_variance_slope(self):
        fixed = self.network.fixed_in_degree
        return self.external_squares * (1 - 2 * self.network.m_0 if fixed else 1.0)

    def local(self, product):
        """Return sum_l J_kl^2 of `product`, which the quenched and external parts do not enter."""
        return np.tensordot(self.squares, product, 1)

    def _heights(self, u, alpha):
        """Return the standardised inputs, shape (2, thresholds, noises)."""
        width = np.sqrt(np.maximum(alpha, _TINY))
        shifted = u[:, None, None] - self.shift[:, None] - self.noise
        return shifted / width[:, None, None]

    def _average(self, values):
        """Average (2, thresholds, noises, ...) over both."""
        return np.einsum("kij...,i,j->k...", values, self.shift_weight, self.noise_weight)

    def above(self, u, alpha):
        """Return the probability of being above threshold, shape (2,)."""
        return self._average(special.ndtr(self._heights(u, alpha)))

    def mean_for(self, m, alpha):
        """Return the mean input at which the probability of being above threshold is m."""
        if self.shift.size == self.noise.size == 1:
            return np.sqrt(alpha) * special.ndtri(m)
        goal = special.ndtri(m)
        width = np.sqrt(alpha + self.shift.var() + 3.3 * self.network.temperature**2)
        mean = width * goal
        for _ in range(50):
            # Newton's method on probits, of which the mean is nearly a linear function.
            probit = special.ndtri(np.clip(self.above(mean, alpha), _TINY, 1 - 1e-16))
            slope, _ = self.slopes(mean, alpha)
            change = (probit - goal) * np.exp(-(probit**2) / 2) / math.sqrt(2 * math.pi) / slope
            mean = mean - np.clip(change, -width, width)
            if np.abs(change).max() < 1e-13 * np.abs(width).max():
                break
        return mean

    def slopes(self, u, alpha):
        """Return the derivatives of `above` by the mean and by the variance, each shape (2,)."""
        height = self._heights(u, alpha)
        bell = np.exp(-(height**2) / 2) / math.sqrt(2 * math.pi)
        first = self._average(bell) / np.sqrt(alpha)
        return first, -self._average(bell * height) / (2 * alpha)

    def differing(self, u, alpha, gap):
        """Return the probability that one of two inputs is above one threshold and one below.

        The inputs, of variance alpha, have covariance alpha - gap; `gap` has shape (2, ...).
        D. B. Owen, Ann. Math. Statist. 27:1075 (1956).
        """
        shape = (2,) + (1,) * (gap.ndim - 1)
        ratio = np.sqrt(gap / np.maximum(2 * alpha.reshape(shape) - gap, _TINY))
        height = self._heights(u, alpha)
        height = height.reshape(height.shape + (1,) * (gap.ndim - 1))
        return 4 * self._average(special.owens_t(height, ratio[:, None, None]))

    def both(self, u, alpha, beta, shared):
        """Return the probability of being above threshold at two times of covariance beta."""
        if self.noise.size == 1 or shared:
            shape = (2,) + (1,) * (beta.ndim - 1)
            above = self.above(u, alpha).reshape(shape)
            return above - self.differing(u, alpha, alpha.reshape(shape) - beta) / 2
        nodes, weights = special.roots_hermitenorm(41)
        flat = beta.reshape(2, -1)
        result = np.empty_like(flat)
        for column in range(flat.shape[1]):
            slow, fast = np.sqrt(flat[:, column]), np.maximum(alpha - flat[:, column], _TINY)
            centre = u[:, None, None] - self.shift[:, None] + slow[:, None, None] * nodes
            height = (centre[..., None] - self.noise) / np.sqrt(fast)[:, None, None, None]
            chance = special.ndtr(height) @ self.noise_weight
            result[:, column] = np.einsum(
                "kin,i,n->k", chance**2, self.shift_weight, weights / weights.sum()
            )
        return result.reshape(beta.shape)
