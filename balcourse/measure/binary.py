"""What is read off recorded states of binary units: for how long they last."""

import numpy as np


def delayed_products(states, steps):
    """Average the product of a unit's states at two times, over units and time.

    Parameters
    ----------
    states : array_like of bool
        Shape (T, n).
    steps : sequence of int
        Samples between the two times, from 0 to T - 1.

    Returns
    -------
    numpy.ndarray
        Shape (steps,).

    Raises
    ------
    ValueError
        If a number of steps is negative or not below T.

    Examples
    --------
    >>> delayed_products([[0, 1], [1, 1], [1, 1]], [0, 1]).round(3)
    array([0.833, 0.75 ])

    """
    states = np.asarray(states, bool)
    if min(steps) < 0 or max(steps) >= len(states):
        raise ValueError(f"steps = {steps}: must be from 0 to {len(states) - 1}")
    return np.array([(states[step:] & states[: len(states) - step]).mean() for step in steps])
