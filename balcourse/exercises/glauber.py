"""Answers to the exercises of the lesson on Glauber dynamics."""

import math

from balcourse.exercises import exercise
from balcourse.exercises.answers import Choice, Number
from balcourse.theory.glauber import ring_rate


@exercise(
    1,
    "For spins, the course's rule has the exponent 2b/T.",
    "Set b/T = 2b/T' at T = 1 and solve for T'.",
)
def two():
    """Return the temperature, in the course's convention, of a program without the factor 2."""
    wrong_way = "The other way round: the program's exponent is the smaller one."
    return {"temperature": Number(2, mistakes={wrong_way: 0.5, "The conventions differ.": 1})}


@exercise(
    1,
    "For a spin with two neighbours, tanh(J(s₁ + s₂)/T) takes three values: is it linear?",
    "Sum the equation of the mean spin over the ring: each spin is counted twice as a neighbour.",
)
def ring():
    """Return the decay rate of the magnetisation of Glauber's ring."""
    return {
        "rate": Number(
            ring_rate(0.5, 1),
            "1/τ",
            mistakes={
                "The field of two aligned neighbours is 2J, not J.": 1 - math.tanh(0.5),
                "This is the part that the neighbours restore. What is lost per τ?": math.tanh(1),
            },
        )
    }


@exercise(
    3,
    "A current and the force that drives it are both odd in a.",
    "Two units have four states, which lie on a loop. Compare the rates around it both ways.",
)
def asymmetry():
    """Return how entropy production grows with asymmetry, and whether all asymmetry produces it."""
    return {
        "power": Number(
            2,
            tolerance=0.05,
            mistakes={"The entropy produced cannot be negative: can it be odd in a?": 1},
        ),
        "all_produce": Choice(
            "yes", {"no": "Two units already have a loop of four states. Go around it both ways."}
        ),
    }
