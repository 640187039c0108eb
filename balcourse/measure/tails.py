"""Read the index of a power-law tail off samples.

Two estimators, for two kinds of data. For sums of many parts, whose law is close to a stable one:
the empirical characteristic function, as I. Koutrouvelis, J. Am. Stat. Assoc. 75:918 (1980), on the
differences of pairs, so that no location and no skewness enters. For the parts themselves, whose
tail is a clean power: B. Hill, Ann. Stat. 3:1163 (1975). Samples carry any unit.
"""

import numpy as np

from balcourse.parameters import checked


def characteristic_index(samples, *, smallest=0.3, largest=1.5, points=13):
    """Stability index from the decay of the characteristic function of paired differences.

    For a stable law ln(-ln|phi(k)|) is a straight line in ln k, with slope alpha. The line is
    fitted for k, in units of one over half the interquartile range, from `smallest` to `largest`.

    Parameters
    ----------
    samples : array_like
        Shape (samples,) or (samples, groups). Rows 0 and 1, 2 and 3, ... are paired within their
        group, so that groups may differ in their mean; then all are pooled.
    smallest, largest : float
        Range of k, above 0.
    points : int
        How many k, at least 2.

    Returns
    -------
    float
        The index; above 2 by chance only.

    Raises
    ------
    ValueError
        If there are fewer than 200 pairs, a number is not finite, or more than half of the
        differences are alike.

    Examples
    --------
    >>> from balcourse.models.stable import stable_samples
    >>> round(characteristic_index(stable_samples(100_000, 1.5, seed=1)), 1)
    1.5

    """
    smallest = checked("smallest", smallest, above=0)
    largest = checked("largest", largest, above=smallest)
    points = checked("points", points, integer=True, at_least=2)
    samples = _finite(samples)
    pairs = len(samples) // 2
    differences = (samples[1 : 2 * pairs : 2] - samples[: 2 * pairs : 2]).ravel()
    if len(differences) < 200:
        raise ValueError(f"samples = {samples.shape}: must hold at least 200 pairs")
    low, high = np.quantile(differences, [0.25, 0.75])
    if low == high:
        raise ValueError("samples: more than half of the paired differences are alike")
    differences = differences * (2 / (high - low))
    places = np.geomspace(smallest, largest, points)
    decay = [-np.log(abs(np.cos(place * differences).mean())) for place in places]
    return float(np.polyfit(np.log(places), np.log(decay), 1)[0])


def hill_index(samples, fraction=0.004):
    """Index of the tail by Hill's estimator: 1 over the mean log excess of the largest samples.

    Right for a pure power law. On sums it depends on `fraction`: the bulk of a stable law hides
    its tail, the more the nearer the index is to 2.

    Parameters
    ----------
    samples : array_like
        Positive where it matters: only the largest share `fraction` is used.
    fraction : float
        Share of the samples, in (0, 1), that counts as tail.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the tail holds fewer than 10 samples or is not positive.

    Examples
    --------
    >>> quantiles = (np.arange(100_000) + 0.5) / 100_000
    >>> round(hill_index(quantiles ** (-1 / 1.5)), 1)
    1.5

    """
    fraction = checked("fraction", fraction, above=0, below=1)
    samples = np.sort(_finite(samples).ravel())
    count = int(fraction * len(samples))
    if count < 10:
        raise ValueError(f"samples = {len(samples)}: the tail must hold at least 10")
    edge = samples[-count - 1]
    if edge <= 0:
        raise ValueError(f"samples: the tail begins at {edge:g}, it must be positive")
    return float(1 / np.log(samples[-count:] / edge).mean())


def _finite(samples):
    samples = np.asarray(samples, float)
    if not np.isfinite(samples).all():
        raise ValueError("samples: must be finite numbers")
    return samples
