"""Logarithm and exponential by plain arithmetic.

The last bit of a library's function differs between machines, and a page has no library; these
give the same number everywhere.
"""

import math

import numpy as np

from balcourse.models.kernel import kernel

_POWERS = 2.0 ** np.arange(-64, 65)


@kernel(inline="always")
def ln(ratio):
    """Return the natural logarithm of a number in [2**-54, 1], at always the same cost.

    Scaled to within [sqrt(1/2), sqrt(2)] by powers of two, where the series of 2 artanh converges
    fast.
    """
    power = 0
    if ratio < 2.3283064365386963e-10:
        ratio *= 4294967296.0
        power -= 32
    if ratio < 1.52587890625e-05:
        ratio *= 65536.0
        power -= 16
    if ratio < 0.00390625:
        ratio *= 256.0
        power -= 8
    if ratio < 0.0625:
        ratio *= 16.0
        power -= 4
    if ratio < 0.25:
        ratio *= 4.0
        power -= 2
    if ratio < 0.5:
        ratio *= 2.0
        power -= 1
    if ratio < 0.7071067811865476:
        ratio *= 2.0
        power -= 1
    part = (ratio - 1.0) / (ratio + 1.0)
    square = part * part
    series = 0.0
    for term in range(19, 0, -2):
        series = series * square + 1.0 / term
    return 2.0 * part * series + power * 0.6931471805599453


@kernel(inline="always")
def logit(chance):
    """Return the number that a logistic random number exceeds with probability 1 - `chance`.

    `chance` is in [0, 1); its lower half is shifted by 2**-54, so that 0 has an answer.
    """
    rarer = chance + 5.551115123125783e-17 if chance < 0.5 else 1.0 - chance
    size = ln(rarer / (1.0 - rarer))
    return size if chance < 0.5 else -size


@kernel(inline="always")
def exp(number):
    """Return e to a number, which is first clipped to [-40, 40]."""
    number = min(max(number, -40.0), 40.0)
    power = math.floor(number * 1.4426950408889634 + 0.5)
    rest = (number - power * 0.693147180369123816490) - power * 1.90821492927058770002e-10
    series = 1.0
    for term in range(13, 0, -1):
        series = series * rest / term + 1.0
    return series * _POWERS[int(power) + 64]
