"""Answers to the exercises of the lesson on tuning."""

import math

import numpy as np

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.measure.voltages import half_width
from balcourse.models.neuron import ConductanceNeuron
from balcourse.theory.tuning import gaussian_tuning, steady_potential


@exercise(
    1,
    "Flat inhibition is the same at every orientation. So E/I follows E.",
    "Flat inhibition has the size of excitation at its peak; at 90 degrees E is nearly its base.",
)
def warmup():
    """Return where E/I is largest and smallest under flat inhibition (degrees), and its least."""
    swapped = "This is the orientation of the other extreme."
    ratio = gaussian_tuning(90, 30) / gaussian_tuning(0, 30)
    return {
        "largest": Number(0, "degrees", mistakes={swapped: 90}),
        "smallest": Number(90, "degrees", mistakes={swapped: 0}),
        "ratio": Number(
            ratio,
            tolerance=0.06,
            mistakes={"This is I/E.": 1 / ratio, "Excitation has a base of 0.1.": 0.01},
        ),
    }


@exercise(
    3,
    "The power of a Gaussian is a Gaussian: of which standard deviation?",
    "The half-width at half height is √(2 ln 2) standard deviations.",
    "A factor on V - V_base comes out of the power as a factor on the rate.",
)
def core():
    """Return the half-width under a power law, and whether a factor on V changes it."""
    width = 30 * math.sqrt(2 * math.log(2) / 3)
    return {
        "half_width": Number(
            width,
            "degrees",
            tolerance=0.01,
            mistakes={
                "This is the standard deviation. Where has the curve fallen to half?": 30
                / math.sqrt(3),
                "This is the half-width without the power.": 30 * math.sqrt(2 * math.log(2)),
                "This is the full width.": 2 * width,
            },
        ),
        "changes": Choice(
            "no", {"yes": "A factor on V changes the peak. Does it change the shape?"}
        ),
    }


@exercise(
    4,
    "Give `gaussian_tuning` a `height` of 0.5 times the contrast, for E and, if co-tuned, for I.",
    "The rate is what exceeds -55 mV; `half_width` takes angles and rate.",
    "Flat inhibition stays at 0.6 when contrast changes.",
)
def challenge():
    """Return the half-widths at contrast 2, co-tuned and flat."""
    neuron, angles = ConductanceNeuron(), np.arange(0, 90.01, 0.1)

    def width(g_i, contrast=2):
        g_e = gaussian_tuning(angles, 30, height=0.5 * contrast)
        potential = steady_potential(neuron, g_e, g_i)
        return half_width(angles, np.maximum(potential - neuron.threshold, 0))

    co_tuned = width(gaussian_tuning(angles, 30, height=1.0))
    flat = width(np.full_like(angles, 0.6))
    other = "This is of the other kind of inhibition."
    return {
        "co_tuned": Number(co_tuned, "degrees", 0.02, mistakes={other: flat}),
        "flat": Number(flat, "degrees", 0.02, mistakes={other: co_tuned}),
        "which": Choice(
            "neither", {"invariant": "Compare the widths at contrast 1, 2 and 4: do they stay?"}
        ),
    }
