"""How much of a correlation between inputs survives the threshold.

Two leaky integrate-and-fire cells share a part c of their white noise; to first order in c their
long-window spike counts correlate as c times a gain that depends on the cells' state (J. de la
Rocha, B. Doiron, E. Shea-Brown, K. Josic and A. Reyes, Nature 448:802, 2007). Units: ms, mV, Hz.
"""

from balcourse.parameters import checked
from balcourse.theory.noisy_lif import lif_cv, lif_rate, static_response


def correlation_gain(neuron, mean, sd):
    """Spike-count correlation over input correlation, for weak correlation and long windows.

    Parameters
    ----------
    neuron : CurrentNeuron
    mean, sd : float
        Mean input above rest and Brunel's sigma (mV), as in `CurrentNeuron.drive`.

    Returns
    -------
    float
        sd**2 tau (d rate / d mean)**2 / (rate cv**2), between 0 and 1.

    Examples
    --------
    >>> from balcourse.models.neuron import CurrentNeuron
    >>> round(correlation_gain(CurrentNeuron(), 15, 5), 3)
    0.673
    """
    mean, sd = checked("mean", mean, "mV"), checked("sd", sd, "mV", above=0)
    cell = _cell(neuron)
    slope, _ = static_response(mean, sd, *cell.values())
    rate = lif_rate(mean, sd, **cell) / 1000
    return float(sd**2 * neuron.tau * rate * slope**2 / lif_cv(mean, sd, **cell) ** 2)


def input_rate(neuron, mean, sd):
    """Firing rate of the neuron (Hz) under the same input; see `balcourse.theory.noisy_lif`."""
    return lif_rate(mean, sd, **_cell(neuron))


def _cell(neuron):
    return {
        "tau": neuron.tau,
        "threshold": neuron.threshold - neuron.rest,
        "reset": neuron.reset - neuron.rest,
        "refractory": neuron.refractory,
    }
