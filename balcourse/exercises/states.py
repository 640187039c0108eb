"""Answers to the exercises of the lesson on synchronous and asynchronous states."""

import math

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number


@exercise(
    2,
    "The n-th cumulant of the potential is λ aⁿ τ/n.",
    "Skewness is κ₃/κ₂^(3/2), excess kurtosis κ₄/κ₂². Mind 5 Hz times 20 ms.",
)
def warmup():
    """Return skewness and excess kurtosis of one train of 5 Hz on a membrane of 20 ms."""
    skewness = 2 * math.sqrt(2) / 3 / math.sqrt(0.1)
    raw = "This is the third cumulant of the counts, not the skewness of V."
    return {
        "skewness": Number(
            skewness,
            tolerance=0.01,
            mistakes={
                raw: 1 / math.sqrt(0.1),
                "λτ is 0.1: 5 per second times 0.020 seconds.": 2 * math.sqrt(2) / 3 / 10,
            },
        ),
        "kurtosis": Number(
            10,
            tolerance=0.01,
            mistakes={
                "λτ is 0.1: 5 per second times 0.020 seconds.": 0.01,
                "This includes the 3 of a Gaussian. Excess leaves it out.": 13,
            },
        ),
        "depends": Choice("no", {"yes": "Which powers of a stand above and below the fraction?"}),
    }


@exercise(
    2,
    "Mean and variance of one pool are two equations. How many unknowns are there?",
    "With inhibition there are two more unknowns, and its odd cumulants are negative.",
)
def core():
    """Return whether skewness can vanish at fixed mean and variance."""
    return {
        "alone": Choice("no", {"yes": "κ₁ and κ₂ fix a and Nλ. What is left for κ₃?"}),
        "with_inhibition": Choice("yes", {"no": "Inhibitory jumps add to κ₃ with which sign?"}),
    }


@exercise(
    3,
    "Only pairs of copies feel the delays; a spike with itself does not.",
    "The difference of two delays has a Laplace distribution of scale T.",
    "Convolve it with the autocorrelation exp(-|t|/τ), and read the result at zero.",
)
def challenge():
    """Return the factor on the pair part of the variance for T = 2 τ."""
    return {
        "factor": Number(
            1 / 3,
            tolerance=0.01,
            mistakes={
                "T = 2τ: τ/(τ + T).": 2 / 3,
                "This is at T = τ.": 1 / 2,
                "This is one delay. A pair has two.": 1 / math.sqrt(3),
            },
        ),
        "slow": Choice(
            "larger", {"smaller": "The delays take away fast power first. What is left?"}
        ),
    }
