"""Which lag a correlogram shows when inhibition trails excitation.

Under shared events the cross-correlogram of two recordings is that of their responses to one event:
of the synaptic kernels, or of the kernels filtered by the membrane, the events taken as small. The
slower decay of inhibition moves its peak beyond the synaptic delay. Units: ms.
"""

import numpy as np
from scipy import optimize

from balcourse.parameters import checked


def correlogram_peak(neuron, delay, *, membrane):
    """Lag at which excitation and inhibition of one cell correlate most.

    Parameters
    ----------
    neuron : ConductanceNeuron
    delay : float
        Of inhibition (ms).
    membrane : bool
        Whether potentials are correlated; else conductances.

    Returns
    -------
    float
        (ms)

    Examples
    --------
    >>> from balcourse.models.neuron import ConductanceNeuron
    >>> round(correlogram_peak(ConductanceNeuron(), 2.0, membrane=False), 2)
    2.38
    """
    checked("delay", delay, "ms", at_least=0)
    poles_e = [neuron.decay_e, neuron.rise_e] + [neuron.tau] * membrane
    poles_i = [neuron.decay_i, neuron.rise_i] + [neuron.tau] * membrane
    e, i = _exponentials(poles_e), _exponentials(poles_i)

    def overlap(lag):
        # integral over t of e(t) i(t + lag), for lag >= 0
        return sum(
            a * b * one * other / (one + other) * np.exp(-lag / other)
            for one, a in e
            for other, b in i
        )

    best = optimize.minimize_scalar(
        lambda lag: -overlap(lag), bounds=(0, 5 * max(poles_i)), method="bounded"
    )
    return float(delay + best.x)


def _exponentials(taus):
    """Return (tau, weight) of the exponentials that a chain of first-order filters adds up to."""
    if len(set(taus)) < len(taus):
        raise ValueError(f"rise, decay and tau = {taus} ms: must differ from each other")
    return [
        (tau, np.prod([tau / (tau - other) for other in taus if other != tau]) / tau)
        for tau in taus
    ]
