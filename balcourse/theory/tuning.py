"""What inhibition does to a tuned cell: its steady potential, and the iceberg above its threshold.

The potential of `balcourse.models.neuron.ConductanceNeuron` under constant conductances, and the
half-width of what a threshold leaves of a Gaussian tuning curve. The iceberg effect is reviewed by
J. S. Isaacson and M. Scanziani, Neuron 72:231 (2011). Units: mV, degrees.
"""

import numpy as np

from balcourse.parameters import checked


def gaussian_tuning(angle, width, *, base=0.1, height=0.5):
    """Return base + height exp(-angle**2 / 2 width**2), a conductance in units of the leak.

    Parameters
    ----------
    angle : array_like
        Distance to the preferred orientation (degrees).
    width : float
        Standard deviation (degrees).
    base, height : float
        Untuned part and height of the tuned part, in units of the leak.
    """
    checked("width", width, "degrees", above=0)
    checked("base", base, at_least=0)
    checked("height", height, at_least=0)
    return base + height * np.exp(-(np.asarray(angle, float) ** 2) / (2 * width**2))


def steady_potential(neuron, conductance_e, conductance_i):
    """Potential at which the synaptic currents and the leak cancel.

    Parameters
    ----------
    neuron : ConductanceNeuron
    conductance_e, conductance_i : array_like
        In units of the leak.

    Returns
    -------
    ndarray
        (leak + g_e reversal_e + g_i reversal_i) / (1 + g_e + g_i), in mV.

    Examples
    --------
    >>> from balcourse.models.neuron import ConductanceNeuron
    >>> float(steady_potential(ConductanceNeuron(), 0.6, 0.0))
    -43.75
    """
    g_e, g_i = np.asarray(conductance_e, float), np.asarray(conductance_i, float)
    if (g_e < 0).any() or (g_i < 0).any():
        raise ValueError("conductance_e, conductance_i: must be at least 0 times the leak")
    return (neuron.leak + g_e * neuron.reversal_e + g_i * neuron.reversal_i) / (1 + g_e + g_i)


def excitation_for(neuron, potential, conductance_i):
    """Excitatory conductance that holds the steady potential at a given value.

    Parameters
    ----------
    neuron : ConductanceNeuron
    potential : float
        Between rest and `reversal_e` (mV).
    conductance_i : array_like
        In units of the leak.

    Returns
    -------
    ndarray
        In units of the leak.
    """
    checked("potential", potential, "mV", at_least=neuron.leak, below=neuron.reversal_e)
    inward = potential - neuron.leak + np.asarray(conductance_i) * (potential - neuron.reversal_i)
    return inward / (neuron.reversal_e - potential)


def iceberg_half_width(width, waterline):
    """Half-width at half height of what a threshold leaves of a Gaussian.

    The rate is max(exp(-angle**2 / 2 width**2) - waterline, 0).

    Parameters
    ----------
    width : float
        Standard deviation of the Gaussian (degrees).
    waterline : float
        Threshold as a part of the Gaussian's height, 0 to 1.

    Returns
    -------
    float
        width sqrt(2 log(2 / (1 + waterline))), in degrees.

    Examples
    --------
    >>> round(iceberg_half_width(30, 0.5), 2)
    22.76
    """
    checked("width", width, "degrees", above=0)
    checked("waterline", waterline, at_least=0, below=1)
    return float(width * np.sqrt(2 * np.log(2 / (1 + waterline))))
