"""Moments of a leaky membrane under correlated Poisson input.

Each hidden event of a pool (`balcourse.models.trains.Pool`) reaches a cell as a binomial number of
simultaneous jumps, so V without a threshold is shot noise, and its cumulants follow from Campbell's
theorem: kappa_n = (rate / correlation) E[B**n] jump**n tau / n (S. O. Rice, Bell Syst. Tech. J.
23:282, 1944; for such pools A. Kuhn, A. Aertsen and S. Rotter, Neural Comput. 15:67, 2003).
Units: ms, mV.
"""

import dataclasses
import math

from balcourse.parameters import checked

# Stirling numbers of the second kind: powers of an integer from its falling factorials.
_STIRLING = {1: (1,), 2: (1, 1), 3: (1, 3, 1), 4: (1, 7, 6, 1)}


@dataclasses.dataclass(frozen=True)
class PotentialMoments:
    """Moments of a membrane potential.

    Attributes
    ----------
    mean, sd : float
        Mean measured from rest, and standard deviation (mV).
    skewness, excess_kurtosis : float
        Third and fourth cumulant over powers of sd; both 0 for a Gaussian.
    """

    mean: float
    sd: float
    skewness: float
    excess_kurtosis: float


def potential_moments(neuron, *pools):
    """Moments of the potential of a cell without a threshold.

    Parameters
    ----------
    neuron : CurrentNeuron
    *pools : Pool
        Independent of each other.

    Returns
    -------
    PotentialMoments

    Examples
    --------
    >>> from balcourse.models.neuron import CurrentNeuron
    >>> from balcourse.models.trains import Pool
    >>> moments = potential_moments(CurrentNeuron(tau=20), Pool(100, 6, 0.1, 0.5))
    >>> round(moments.mean, 3), round(moments.sd, 3), round(moments.skewness, 3)
    (6.0, 4.044, 0.966)
    """
    mean, variance, third, fourth = (
        sum(_cumulant(order, pool, neuron.tau) for pool in pools) for order in (1, 2, 3, 4)
    )
    if variance == 0:
        raise ValueError(
            "pools: at least one must have a rate above 0 Hz and a jump other than 0 mV"
        )
    return PotentialMoments(mean, math.sqrt(variance), third / variance**1.5, fourth / variance**2)


def _cumulant(order, pool, tau):
    events = sum(
        stirling * math.perm(pool.count, k) * pool.correlation ** (k - 1)
        for k, stirling in enumerate(_STIRLING[order], start=1)
    )
    return pool.rate / 1000 * events * pool.jump**order * tau / order


def potential_correlation(*pools):
    """Correlation of the potentials of two cells without thresholds that listen to the same pools.

    Parameters
    ----------
    *pools : Pool
        Each cell has trains of its own in each pool, as in `Pool.jumps`.

    Returns
    -------
    float

    Examples
    --------
    >>> from balcourse.models.trains import Pool
    >>> round(potential_correlation(Pool(100, 6, 0.1, 0.5)), 4)  # 10 / (10 + 0.9)
    0.9174
    """
    shared = sum(p.rate * p.correlation * (p.count * p.jump) ** 2 for p in pools)
    total = sum(_cumulant(2, pool, 2000.0) for pool in pools)
    return checked("correlation", shared / total)
