"""What is read off recorded states of binary units: how often each occurs, and for how long."""

import numpy as np


def state_counts(states):
    """Count how often each of the 2^n states occurs.

    Parameters
    ----------
    states : array_like of bool
        Shape (T, n), n up to 20.

    Returns
    -------
    numpy.ndarray
        Shape (2^n,), in the order of binary numbers, unit 0 the highest digit.

    Raises
    ------
    ValueError
        If there are more than 20 units.

    Examples
    --------
    >>> state_counts([[0, 1], [1, 1], [0, 1]])
    array([0, 2, 0, 1])

    """
    states = np.asarray(states, bool)
    n = states.shape[1]
    if n > 20:
        raise ValueError(f"states has {n} units: must be at most 20, for 2^n counts")
    return np.bincount(states @ (1 << np.arange(n)[::-1]), minlength=1 << n)


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
