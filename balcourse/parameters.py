"""One way to check a parameter, used by every model and every theory.

A bad value raises `ValueError` with the parameter's name, its value, its unit and what is allowed.
"""

import math
import operator


def checked(
    name, value, unit="", *, above=None, at_least=None, below=None, at_most=None, integer=False
):
    """Return `value` as a finite float (or int) inside the given bounds.

    Parameters
    ----------
    name : str
        The parameter's name, as the caller wrote it.
    value : float or int
        What the caller gave.
    unit : str
        Unit for the message; empty if dimensionless.
    above, at_least, below, at_most : float, optional
        Open and closed bounds, in the same unit.
    integer : bool
        Whether only whole numbers are allowed.

    Raises
    ------
    ValueError
        If the value is not a finite number, not whole where it must be, or out of bounds.

    Examples
    --------
    >>> checked("tau_i", 30, "ms", above=0)
    30.0
    >>> checked("tau_i", -1, "ms", above=0)
    Traceback (most recent call last):
        ...
    ValueError: tau_i = -1 ms: must be a finite number above 0 ms

    """
    bounds = [
        (above, "above", operator.gt),
        (at_least, "at least", operator.ge),
        (below, "below", operator.lt),
        (at_most, "at most", operator.le),
    ]
    bounds = [bound for bound in bounds if bound[0] is not None]
    try:
        number = operator.index(value) if integer else float(value)
        allowed = math.isfinite(number) and all(holds(number, limit) for limit, _, holds in bounds)
    except (TypeError, ValueError, OverflowError):
        allowed = False
    if allowed:
        return number
    suffix = f" {unit}" if unit else ""
    kind = "a whole number" if integer else "a finite number"
    limits = " and ".join(f"{word} {limit:g}{suffix}" for limit, word, _ in bounds)
    raise ValueError(f"{name} = {value!r}{suffix}: must be {kind} {limits}".rstrip())
