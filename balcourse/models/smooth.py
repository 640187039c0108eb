"""A random network of rate units with a smooth transfer function.

H. Sompolinsky, A. Crisanti and H. J. Sommers, Phys. Rev. Lett. 61:259 (1988):
dx/dt = -x + J tanh(x), with independent Gaussian couplings of variance gain^2 / n. Time is in
units of the one time constant; everything is dimensionless.
"""

import dataclasses
import math

import numpy as np

from balcourse.parameters import checked


@dataclasses.dataclass(frozen=True)
class SmoothNetwork:
    """Size and gain of a random rate network.

    Parameters
    ----------
    n : int
        Number of units.
    gain : float
        Standard deviation of a coupling times sqrt(n).

    Raises
    ------
    ValueError
        If a parameter is out of bounds.

    Examples
    --------
    >>> quiet = SmoothNetwork(n=50, gain=0.5).simulate(20, seed=1)
    >>> bool(np.abs(quiet[-1]).max() < 0.01)
    True

    """

    n: int = 300
    gain: float = 1.5

    def __post_init__(self):
        checked("n", self.n, integer=True, at_least=1)
        checked("gain", self.gain, at_least=0)

    def simulate(self, duration, *, dt=0.1, seed=0):
        """Integrate by Runge and Kutta's fourth-order method.

        Parameters
        ----------
        duration : float
        dt : float
            Time step.
        seed : int
            Decides couplings and start.

        Returns
        -------
        numpy.ndarray
            Shape (steps + 1, n): x at every step.

        """
        steps = self._steps(duration, dt)
        coupling, x = self._drawn(seed)
        path = np.empty((steps + 1, self.n))
        path[0] = x[:, 0]
        for step in range(steps):
            path[step + 1] = _stepped(coupling, path[step][:, None], dt)[:, 0]
        return path

    def lyapunov(self, duration, *, warmup=50.0, dt=0.1, every=1.0, seed=0):
        """Measure the largest Lyapunov exponent by Benettin's method.

        G. Benettin, L. Galgani, A. Giorgilli and J.-M. Strelcyn, Meccanica 15:9 (1980).

        Parameters
        ----------
        duration, warmup : float
            Time averaged over, and time run before.
        dt, every : float
            Time step, and time between renormalisations.
        seed : int
            Decides couplings, start and first perturbation.

        Returns
        -------
        numpy.ndarray
            Shape (duration / every,): the growth rate in each interval; the mean is the exponent.

        Examples
        --------
        >>> SmoothNetwork(n=50, gain=0.5).lyapunov(20).mean() < 0
        np.True_

        """
        inner = self._steps(every, dt)
        before = self._steps(warmup, every)
        growth = np.empty(before + self._steps(duration, every))
        coupling, x = self._drawn(seed)
        for interval in range(growth.size):
            for _ in range(inner):
                x = _stepped(coupling, x, dt)
            size = np.linalg.norm(x[:, 1])
            growth[interval] = math.log(size) / every
            x[:, 1] /= size
        return growth[before:]

    def _drawn(self, seed):
        """Return couplings and, as two columns, a state and a unit perturbation of it."""
        checked("seed", seed, integer=True, at_least=0)
        random = np.random.default_rng(seed)
        coupling = random.normal(0, self.gain / math.sqrt(self.n), (self.n, self.n))
        x = random.normal(size=(self.n, 2))
        x[:, 1] /= np.linalg.norm(x[:, 1])
        return coupling, x

    @staticmethod
    def _steps(duration, dt):
        dt = checked("dt", dt, above=0)
        return round(checked("duration", duration, at_least=0) / dt)


def _velocity(coupling, x):
    """Return dx/dt of the state, column 0, and of the perturbation, column 1, if there is one."""
    rate = np.tanh(x[:, :1])
    driven = np.hstack([rate, (1 - rate**2) * x[:, 1:]])
    return -x + coupling @ driven


def _stepped(coupling, x, dt):
    first = _velocity(coupling, x)
    second = _velocity(coupling, x + dt / 2 * first)
    third = _velocity(coupling, x + dt / 2 * second)
    fourth = _velocity(coupling, x + dt * third)
    return x + dt / 6 * (first + 2 * second + 2 * third + fourth)
