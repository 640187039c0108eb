"""Answers to the exercises of the lesson on NAME."""

import numpy as np

from balcourse.exercises import exercise
from balcourse.exercises.answers import Number

TAU = 20


@exercise(1, "Where is the exponential one half?", "Take the logarithm of both sides.")
def warmup():
    """Return the time to half of the final value."""
    return {"time": Number(TAU * np.log(2), "ms", mistakes={"To one half, not to 1/e.": TAU})}


@exercise(
    1,
    "The first membrane is the second one's input.",
    "Try a constant plus a line times an exponential.",
)
def core():
    """Return the second membrane's potential after one time constant."""
    return {"risen": Number(1 - 2 / np.e, mistakes={"This is the first membrane.": 1 - 1 / np.e})}


@exercise(1, "The threshold is halfway.", "A rate is one over a time, in seconds.")
def challenge():
    """Return the rate of a membrane driven to twice its threshold."""
    return {"rate": Number(1000 / (TAU * np.log(2)), "Hz")}
