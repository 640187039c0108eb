"""Exact and approximate theory of Glauber dynamics.

Exact, for up to ten units: the master equation over all 2^n states, dP/dt = G P, as dense linear
algebra. Approximate, for large populations: linear noise around the mean field, after I. Ginzburg
and H. Sompolinsky, Phys. Rev. E 50:3171 (1994). Closed forms of the ring: R. J. Glauber,
J. Math. Phys. 4:294 (1963). Takes the parameters of `balcourse.models.glauber`.
"""

import dataclasses
import itertools

import numpy as np
from scipy import linalg, optimize, sparse, special
from scipy.sparse import linalg as sparse_linalg

from balcourse.models.glauber import without_self
from balcourse.parameters import checked

LARGEST = 10  # units whose states are enumerated


def all_states(n):
    """Return the 2^n states of n units, unit 0 changing slowest.

    Parameters
    ----------
    n : int
        Up to 10.

    Returns
    -------
    numpy.ndarray
        Shape (2^n, n), bool.

    Raises
    ------
    ValueError
        If there are more than 10 units.

    Examples
    --------
    >>> all_states(2).astype(int)
    array([[0, 0],
           [0, 1],
           [1, 0],
           [1, 1]])

    """
    n = checked("n", n, "units", integer=True, at_least=1, at_most=LARGEST)
    return np.array(list(itertools.product([False, True], repeat=n)))


def state_numbers(states):
    """Return the place in `all_states` of states of shape (..., n)."""
    states = np.asarray(states, bool)
    return states @ (1 << np.arange(states.shape[-1])[::-1])


def boltzmann(network):
    """Return the equilibrium law of a network with symmetric couplings.

    For single updates exp(-E/T) / Z, with E = -sum_(i<j) J_ij sigma_i sigma_j + theta . sigma.
    For parallel updates the law of P. Peretto, Biol. Cybern. 50:51 (1984).

    Parameters
    ----------
    network : GlauberNetwork
        At most 10 units, symmetric couplings, T > 0.

    Returns
    -------
    numpy.ndarray
        Shape (2^n,), in the order of `all_states`.

    Raises
    ------
    ValueError
        If there are too many units, couplings are not symmetric, or T = 0.

    Examples
    --------
    >>> from balcourse.models.glauber import GlauberNetwork
    >>> boltzmann(GlauberNetwork([[0.0]], threshold=0.0))
    array([0.5, 0.5])

    """
    return special.softmax(_log_weights(network))


def partition_function(network):
    """Return Z, the sum of the weights that `boltzmann` normalises.

    Examples
    --------
    >>> from balcourse.models.glauber import GlauberNetwork
    >>> round(partition_function(GlauberNetwork(np.zeros((3, 3)))), 9)
    8.0

    """
    return float(np.exp(special.logsumexp(_log_weights(network))))


def energies(network):
    """Return the energy of every state, shape (2^n,), for symmetric couplings.

    Raises
    ------
    ValueError
        If couplings are not symmetric with an empty diagonal, or units are updated together.

    """
    if network.parallel or not network.has_energy:
        raise ValueError("coupling: must be symmetric with an empty diagonal to have an energy")
    states = all_states(network.n).astype(float)
    return (
        states @ network.threshold - np.einsum("si,ij,sj->s", states, network.coupling, states) / 2
    )


def generator(network):
    """Return the matrix G of the master equation dP/dt = G P.

    Column is origin and row is destination. For parallel updates G + 1 is the transition matrix
    of one step.

    Parameters
    ----------
    network : GlauberNetwork
        At most 10 units, T > 0.

    Returns
    -------
    numpy.ndarray
        Shape (2^n, 2^n); columns add up to zero.

    Raises
    ------
    ValueError
        If there are too many units, or T = 0.

    Examples
    --------
    >>> from balcourse.models.glauber import GlauberNetwork
    >>> generator(GlauberNetwork([[0.0]]))
    array([[-0.5,  0.5],
           [ 0.5, -0.5]])

    """
    matrix = np.exp(_log_rates(network))
    np.fill_diagonal(matrix, 0)
    np.fill_diagonal(matrix, -matrix.sum(axis=0))
    return matrix


def stationary(network):
    """Return the stationary law, shape (2^n,), as the null vector of `generator`.

    Raises
    ------
    ValueError
        As `generator`.

    Examples
    --------
    >>> from balcourse.models.glauber import GlauberNetwork
    >>> stationary(GlauberNetwork([[0.0]])).round(12)
    array([0.5, 0.5])

    """
    matrix = generator(network)
    # Adding 1 to every entry lifts the one zero eigenvalue and leaves the null vector, of sum 1.
    law = np.linalg.solve(matrix + 1, np.ones(len(matrix)))
    return np.maximum(law, 0) / np.maximum(law, 0).sum()


def currents(network):
    """Return the net probability currents of the stationary state.

    Returns
    -------
    numpy.ndarray
        Shape (2^n, 2^n), antisymmetric: entry (b, a) is the current from a to b per unit time.

    """
    flow = generator(network) * stationary(network)
    return flow - flow.T


def entropy_production(network):
    """Return the entropy produced per unit time in the stationary state, at least 0.

    (1/2) sum_ab current_ab log(G_ab / G_ba): J. Schnakenberg, Rev. Mod. Phys. 48:571 (1976).
    """
    log_rates = _log_rates(network)
    with np.errstate(invalid="ignore"):
        force = np.where(np.isfinite(log_rates), log_rates - log_rates.T, 0)
    return float((currents(network) * force).sum() / 2)


def spectrum(network):
    """Return the eigenvalues of `generator`, shape (2^n,), the slowest first.

    Examples
    --------
    >>> from balcourse.models.glauber import GlauberNetwork
    >>> spectrum(GlauberNetwork([[0.0]], tau=2.0)).round(12) + 0.0
    array([ 0. , -0.5])

    """
    matrix = generator(network)
    if not network.has_energy:
        values = np.linalg.eigvals(matrix)
        return values[np.lexsort((values.imag, -values.real))]
    # Detailed balance makes it similar to a symmetric matrix, whose entries need no division.
    log_rates = _log_rates(network)
    symmetric = np.exp((log_rates + log_rates.T) / 2)
    np.fill_diagonal(symmetric, np.diagonal(matrix))
    return np.linalg.eigvalsh(symmetric)[::-1]


def expected_states(network, times, start):
    """Return the mean state of each unit at later times.

    Parameters
    ----------
    network : GlauberNetwork
        At most 10 units, T > 0, updated singly.
    times : array_like
        Shape (T,).
    start : array_like of bool
        Shape (n,).

    Returns
    -------
    numpy.ndarray
        Shape (T, n).

    """
    return _evolved(network, times)[:, state_numbers(start)]


def covariance(network, lags=(0.0,)):
    """Return the covariance of states at two times in the stationary state.

    Parameters
    ----------
    network : GlauberNetwork
        At most 10 units, T > 0, updated singly.
    lags : array_like
        Shape (L,), at least 0.

    Returns
    -------
    numpy.ndarray
        Shape (L, n, n): unit i at the later time, unit j at the earlier.

    """
    law, states = stationary(network), all_states(network.n)
    means = law @ states
    later = _evolved(network, lags)
    return np.einsum("lsi,s,sj->lij", later, law, states) - np.outer(means, means)


def correlation_time(network):
    """Return the integral of each unit's autocovariance over its variance, shape (n,).

    A mean over time t is worth t / (2 correlation_time) independent samples.

    Examples
    --------
    >>> from balcourse.models.glauber import GlauberNetwork
    >>> correlation_time(GlauberNetwork([[0.0]], tau=3.0)).round(9)
    array([3.])

    """
    law, states = stationary(network), all_states(network.n)
    deviation = states - law @ states
    integral = -np.linalg.solve(generator(network).T - law, deviation)
    return law @ (integral * deviation) / (law @ deviation**2)


def step_response(network, times):
    """Return how the means respond to a small constant field switched on at time 0.

    Parameters
    ----------
    network : GlauberNetwork
        At most 10 units, T > 0, updated singly.
    times : array_like
        Shape (T,).

    Returns
    -------
    numpy.ndarray
        Shape (T, n, n): the change in the mean of unit i per unit of field on unit j.

    """
    law, states = stationary(network), all_states(network.n)
    means = law @ states
    matrix = generator(network)
    chance = network.chance(network.fields(states))
    push = chance * (1 - chance) / network.temperature / network.tau * law[:, None]
    kick = np.zeros((len(law), network.n))
    for unit in range(network.n):
        other = states.copy()
        other[:, unit] ^= True
        # The field adds to every flow into 1 and takes from every flow into 0.
        flow = np.where(states[:, unit], -1, 1) * push[:, unit]
        np.add.at(kick[:, unit], state_numbers(other), flow)
        kick[:, unit] -= flow
    integral = np.linalg.solve(matrix.T - law, states - means)
    return np.einsum("tsi,sj->tij", _evolved(network, times, integral) - integral, kick)


def ring_rate(coupling, temperature):
    """Return the decay rate of the magnetisation of Glauber's ring of +-1 spins, tau = 1.

    Examples
    --------
    >>> round(ring_rate(0.5, 1.0), 6)
    0.238406

    """
    return float(1 - np.tanh(2 * coupling / temperature))


def ring_correlation(n, coupling, temperature):
    """Return the mean product of two spins of a ring of n against their distance, shape (n,).

    Examples
    --------
    >>> ring_correlation(8, 0.5, 1.0)[:3].round(6)
    array([1.      , 0.465649, 0.222828])

    """
    eta, distance = np.tanh(coupling / temperature), np.arange(n)
    return (eta**distance + eta ** (n - distance)) / (1 + eta**n)


@dataclasses.dataclass(frozen=True, eq=False)
class LinearNoise:
    """Mean field of large populations and the covariances of order 1/N around it.

    Attributes
    ----------
    populations : Populations
    m : numpy.ndarray
        Shape (p,): mean fraction that is 1.
    slope : numpy.ndarray
        Shape (p,): how it changes with the field.
    drift : numpy.ndarray
        Shape (p, p): matrix of the linear dynamics of a deviation.
    population_covariance : numpy.ndarray
        Shape (p, p): covariance of the population means at one time.
    pair_covariance : numpy.ndarray
        Shape (p, p): covariance of two different units, averaged over pairs.

    """

    populations: object
    m: np.ndarray
    slope: np.ndarray
    drift: np.ndarray
    population_covariance: np.ndarray
    pair_covariance: np.ndarray

    def delayed(self, lags):
        """Return the covariance of population means `lags` apart, (L, p, p), row the later."""
        moved = np.array([linalg.expm(self.drift * lag) for lag in np.asarray(lags, float)])
        return moved @ self.population_covariance

    def delayed_pairs(self, lags):
        """Return the covariance of two different units, averaged over pairs, (L, p, p)."""
        own = self.m * (1 - self.m) * np.exp(-np.asarray(lags)[:, None] / self.populations.tau)
        return without_self(self.delayed(lags), own, self.populations.size)


def linear_noise(populations):
    """Solve the mean field of populations and the Lyapunov equation of its fluctuations.

    L C + C L' + diag(2 m (1 - m) / (N tau)) = 0 with L_ab = (S_a W_ab - delta_ab) / tau_a.

    Parameters
    ----------
    populations : Populations
        The parameters.

    Returns
    -------
    LinearNoise

    Raises
    ------
    ValueError
        If the stationary state that mean-field dynamics reaches is unstable, or is not reached.

    Examples
    --------
    >>> from balcourse.models.glauber import Populations
    >>> pair = Populations([[2, -3], [3, -2]], [0.2, -0.4], 1000, 0.5, tau=[1, 0.7])
    >>> linear_noise(pair).m.round(6)
    array([0.337921, 0.404043])

    """
    p = populations

    def excess(m):
        return special.expit((p.weights @ m + p.drive) / p.temperature) - m

    found = optimize.root(excess, np.full(len(p.size), 0.5), tol=1e-14)
    m = found.x
    slope = m * (1 - m) / p.temperature
    drift = (slope[:, None] * p.weights - np.eye(len(m))) / p.tau[:, None]
    if np.abs(excess(m)).max() > 1e-9 or np.linalg.eigvals(drift).real.max() >= 0:
        raise ValueError(f"{populations}: no stable stationary state was found")
    noise = np.diag(2 * m * (1 - m) / (p.size * p.tau))
    covariances = linalg.solve_continuous_lyapunov(drift, -noise)
    pairs = without_self(covariances, m * (1 - m), p.size)
    return LinearNoise(populations, m, slope, drift, covariances, pairs)


def _positive(network):
    checked("temperature", network.temperature, above=0)
    return all_states(network.n)


def _log_weights(network):
    states = _positive(network)
    if not network.parallel:
        return -energies(network) / network.temperature
    if not network.has_energy:
        raise ValueError("coupling: must be symmetric to have an equilibrium law")
    scaled = network.fields(states) / network.temperature
    return np.logaddexp(0, scaled).sum(axis=1) - states @ network.threshold / network.temperature


def _log_rates(network):
    """Return log G off the diagonal, minus infinity where there is no transition."""
    states = _positive(network)
    scaled = network.fields(states) / network.temperature
    log_one, log_zero = special.log_expit(scaled), special.log_expit(-scaled)
    if network.parallel:
        return states @ log_one.T + ~states @ log_zero.T
    result = np.full((len(states), len(states)), -np.inf)
    here = np.arange(len(states))
    for unit in range(network.n):
        there = here ^ (1 << (network.n - 1 - unit))
        chance = np.where(states[:, unit], log_zero[:, unit], log_one[:, unit])
        result[there, here] = chance - np.log(network.tau[unit])
    return result


def _evolved(network, times, values=None):
    """Return exp(G' t) applied to functions of the state, by default the states themselves."""
    if network.parallel:
        raise ValueError("parallel = True: must be False, time is continuous here")
    values = all_states(network.n).astype(float) if values is None else values
    backward = sparse.csr_array(generator(network).T)
    times = [checked("times", time, at_least=0) for time in times]
    return np.array([sparse_linalg.expm_multiply(backward * time, values) for time in times])
