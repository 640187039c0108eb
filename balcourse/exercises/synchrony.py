"""Answers to the exercises of the lesson on irregularity and synchrony."""

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.models.lif import BrunelNetwork
from balcourse.theory.diffusion import stationary_states


@exercise(
    3,
    "A volley excites the next one a delay later. Are all neurons free again by then?",
    "With one cluster, every neuron fires in every volley.",
)
def warmup():
    """Return population frequency, rate and clusters of state A at a delay of 3 ms."""
    shorter = "This holds at the lesson's delay of 1.5 ms."
    return {
        "frequency": Number(1000 / 3, "Hz", 0.02, mistakes={shorter: 1000 / 1.5}),
        "rate": Number(
            1000 / 3,
            "Hz",
            0.02,
            mistakes={"Only the refractory time limits this rate. What else?": 500},
        ),
        "clusters": Number(1, mistakes={shorter: 2}),
    }


@exercise(
    2,
    "At the border the loop gain is 1: its real part is 1, its imaginary part 0.",
    "Give `scipy.optimize.root` a function of drive and frequency that returns both excesses.",
    "Start it at a drive of 3 and a frequency of 170 Hz.",
)
def core():
    """Return drive and frequency of the fast border at g = 7."""
    at_six = "This is at g = 6."
    return {
        "drive": Number(2.7052, mistakes={at_six: 3.2550}),
        "frequency": Number(167.40, "Hz", mistakes={at_six: 176.22}),
    }


@exercise(
    4,
    "`stationary_states` gives the CV of the formula; at g = 8 there is one state.",
    "How large is the recurrent part of the noise when the rate is low? Which part is white?",
)
def challenge():
    """Return the white-noise CV at g = 8, and how the gap to the network changes."""
    [eight], [five] = stationary_states(BrunelNetwork(g=8)), stationary_states(BrunelNetwork(g=5))
    return {
        "cv": Number(eight.cv, mistakes={"This is at g = 5.": five.cv}),
        "gap": Choice(
            "shrinks",
            {"grows": "At larger g the rate is lower. How large is the recurrent, coloured part?"},
        ),
    }
