"""Dynamic mean-field theory of the random network of smooth rate units, for infinite size.

H. Sompolinsky, A. Crisanti and H. J. Sommers, Phys. Rev. Lett. 61:259 (1988). The autocovariance
Delta(tau) moves like a particle, Delta'' = -V'(Delta), from Delta_0 at rest to 0; the largest
exponent follows from the ground state of a Schroedinger operator with potential -V''(Delta(tau)).
Takes the parameters of `balcourse.models.smooth`.
"""

import dataclasses

import numpy as np
from scipy import integrate, interpolate, linalg, optimize


@dataclasses.dataclass(frozen=True, eq=False)
class SmoothMeanField:
    """Stationary chaos of a `SmoothNetwork`, or rest.

    Attributes
    ----------
    network : SmoothNetwork
    variance : float
        Delta_0, the variance of x; 0 at rest.
    lags, covariance : numpy.ndarray
        Shape (L,): Delta at those lags, from 0 on.
    exponent : float
        Largest Lyapunov exponent.

    """

    network: object
    variance: float
    lags: np.ndarray
    covariance: np.ndarray
    exponent: float


def smooth_mean_field(network):
    """Solve the dynamic mean field of a random rate network.

    Parameters
    ----------
    network : SmoothNetwork
        Only its gain is used.

    Returns
    -------
    SmoothMeanField

    Examples
    --------
    >>> from balcourse.models.smooth import SmoothNetwork
    >>> state = smooth_mean_field(SmoothNetwork(gain=2.0))
    >>> round(state.variance, 3), round(state.exponent, 3)
    (1.925, 0.112)

    """
    gain = network.gain
    if gain <= 1:
        return SmoothMeanField(network, 0.0, np.zeros(1), np.zeros(1), gain - 1)

    def height(variance):
        return _potential(gain, variance, np.array([variance]))[0]

    low = 1e-3 * (gain - 1)
    variance = optimize.brentq(height, low, 4 * gain**2, xtol=1e-12)
    # The path starts at rest, so that its square root below the start is a smooth clock.
    clock = np.linspace(0, 1, 301)[1:-1]
    covariance = variance * (1 - clock**2)
    speed = np.sqrt(np.maximum(-2 * _potential(gain, variance, covariance), 1e-300))
    pace = 2 * variance * clock / speed
    lags = integrate.cumulative_trapezoid(pace, clock, initial=0) + pace[0] * clock[0]
    keep = covariance > 1e-3 * variance
    lags = np.append(0, lags[keep])
    covariance = np.append(variance, covariance[keep])
    grid = np.linspace(0, lags[-1], 2000)
    gap = grid[1] - grid[0]
    depth = interpolate.CubicSpline(lags, _product(_slope, variance, covariance))(grid)
    well = 1 - gain**2 * depth
    # Even ground state on the half line: the first row sees its own mirror image.
    diagonal, beside = 2 / gap**2 + well, np.full(grid.size - 1, -1 / gap**2)
    beside[0] *= np.sqrt(2)
    ground = linalg.eigh_tridiagonal(diagonal, beside, select="i", select_range=(0, 0))[0][0]
    return SmoothMeanField(network, variance, lags, covariance, float(np.sqrt(1 - ground) - 1))


def _slope(x):
    return 1 / np.cosh(x) ** 2


def _log_cosh(x):
    return np.logaddexp(x, -x) - np.log(2)


def _product(function, variance, covariance):
    """Average function(x) function(y) over Gaussians of that variance and covariance, (C,)."""
    # The trapezoidal rule beats Gauss and Hermite's here, where functions are narrow in sd.
    nodes = np.linspace(-8, 8, 241)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    own = np.sqrt(np.maximum(variance - covariance, 0))[:, None, None] * nodes
    common = np.sqrt(np.maximum(covariance, 0))[:, None] * nodes
    return (function(common[..., None] + own) @ weights) ** 2 @ weights


def _potential(gain, variance, covariance):
    """Return V, which vanishes at 0."""
    both = _product(_log_cosh, variance, covariance) - _product(_log_cosh, variance, np.zeros(1))
    return -(covariance**2) / 2 + gain**2 * both
