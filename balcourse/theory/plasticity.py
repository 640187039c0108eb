"""Where inhibitory plasticity comes to rest: every cell fires at the target rate.

For the rule of T. P. Vogels et al., Science 334:1569 (2011), spikes of cell and synapse taken as
independent, the mean change of a weight vanishes at the target rate. In the diffusion approximation
that fixes the inhibition of each cell, given its excitation. Units: mV, Hz.
"""

import numpy as np
from scipy import optimize

from balcourse.theory.noisy_lif import lif_rate


def balanced_inhibition(model, excitation, *, thresholds=None):
    """Mean inhibition at which a cell fires at the target rate.

    Parameters
    ----------
    model : PlasticCells
        Its target must be above 0 Hz.
    excitation : array_like, shape (cells,)
        Mean excitatory input of each cell (mV).
    thresholds : array_like, shape (cells,), optional
        Of each cell (mV); else the model's.

    Returns
    -------
    ndarray, shape (cells,)
        (mV); 0 where the cell stays below the target even without inhibition.

    Examples
    --------
    >>> from balcourse.models.plasticity import PlasticCells
    >>> balanced_inhibition(PlasticCells(), [72.0]).round(1)
    array([64.1])
    """
    excitation = np.asarray(excitation, float)
    thresholds = np.broadcast_to(
        model.threshold if thresholds is None else np.asarray(thresholds, float), excitation.shape
    )
    cells = zip(excitation, thresholds, strict=True)
    return np.array([_inhibition(model, mean_e, threshold) for mean_e, threshold in cells])


def _inhibition(model, mean_e, threshold):
    def surplus(inhibition):
        weight_i = inhibition / (model.sources * model.rate_i * model.tau / 1000)
        variance = mean_e * model.weight_e + inhibition * weight_i
        rate = lif_rate(
            mean_e - inhibition, np.sqrt(variance), tau=model.tau, threshold=threshold,
            reset=model.reset, refractory=model.refractory,
        )  # fmt: skip
        return rate - model.target

    if surplus(0.0) <= 0:
        return 0.0
    return optimize.brentq(surplus, 0.0, mean_e + 10 * threshold)
